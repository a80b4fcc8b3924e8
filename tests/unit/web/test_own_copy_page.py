"""The participant's copy in the browser: all about the person, nothing about anybody else."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from equipoise.conduct import commands as c
from equipoise.conduct import events as e
from equipoise.conduct.decide.permission import rights_of
from equipoise.conduct.values import Address
from equipoise.web.access import PAGES, ROLES
from support.story import INVESTIGATOR, MONITOR, Person, expect
from support.web_home import Stage, client_id, stage

NARRATIVE = "Two hours after the second dose <b>at home</b>."


@pytest.fixture
def played() -> Stage:
    return stage()


@pytest.fixture
def person(played: Stage) -> Person:
    person = played.participant("randomized")
    person.wait(1)
    reported = c.ReportAdverseEvent(
        participant=person.id, term="nausea", grade=2, started_on=person.at.date(),
        causality={}, narrative=NARRATIVE,
    )  # fmt: skip
    expect(person.do(reported))
    return person


def ask(played: Stage, person: Person, **changes: str) -> Any:
    fields = {
        "client_id": client_id(), "given_to": "the participant", "reason": "asked in writing",
        "language": "en", "file_format": "html", "password": played.passwords[INVESTIGATOR.id],
    }  # fmt: skip
    return played.client("investigator").post(
        f"/participants/{person.id}/copy/", {**fields, **changes}
    )


def as_json(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    told: dict[str, Any] = json.loads(answer.content)
    return told


def rows(told: dict[str, Any], part: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = next(one["rows"] for one in told["parts"] if one["id"] == part)
    return found


def test_the_file_tells_every_value_and_every_entry_in_plain_words(
    played: Stage, person: Person
) -> None:
    answer = ask(played, person)
    page = answer.content.decode()
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["Cache-Control"] == "no-store"
    for words in ("Virtual Participant", "Hemoglobin", "132 g/L", "Consent version 1.0", "Nausea"):
        assert words in page, words
    assert "Two hours after the second dose &lt;b&gt;at home" in page
    assert "<script" not in page
    assert "http" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    told = as_json(ask(played, person, file_format="json"))
    hemoglobin = next(r for r in rows(told, "values") if r["data"]["item_id"] == "hemoglobin")
    assert hemoglobin["data"] == {"item_id": "hemoglobin", "value": "132", "unit": "g/L"}
    assert len(rows(told, "history")) == person.state.version - 1, "all up to this copy"
    assert told["entries"] == person.state.version - 1


def test_the_same_in_chinese(played: Stage, person: Person) -> None:
    page = ask(played, person, language="zh-Hans").content.decode()
    assert 'lang="zh-Hans"' in page
    for words in ("您在本试验中的数据", "血红蛋白", "签署知情同意书", "恶心"):
        assert words in page, words
    for english in ("What identifies you", "Nothing is recorded", "Hemoglobin", "Every entry"):
        assert english not in page, english


def test_staff_stand_there_by_role_not_by_name(played: Stage, person: Person) -> None:
    for file_format in ("html", "json"):
        told = ask(played, person, file_format=file_format).content.decode()
        assert "Investigator, Nanning" in told
        assert "coordinator-nanning" not in told
        assert "investigator-nanning" not in told


def test_a_form_entered_here_by_mistake_stands_in_the_copy_of_whom_it_is_about(
    played: Stage, person: Person
) -> None:
    other = played.participant("randomized")
    other.at = person.at
    place = Address("log", "concomitant", "1")
    expect(person.save("log", "concomitant", drug_name="zzyzxamide", drug_indication="sleep"))
    asked = c.RaiseQuery(participant=person.id, address=place, item="", text="Zzyzx-Quux?")
    expect(person.do(asked, MONITOR))
    expect(person.do(c.AnswerQuery(participant=person.id, query=1, text="Zzyzx-Quux indeed.")))
    moved = c.MoveValues(
        participant=person.id, address=place, to_participant=other.id, reason="wrong person"
    )
    expect(person.do(moved))
    told = ask(played, person, file_format="json").content.decode()
    assert "zzyzx" not in told.lower()
    assert other.id not in told
    assert "another participant" in told
    theirs = ask(played, other, file_format="json").content.decode()
    assert "zzyzxamide" in theirs
    assert person.id not in theirs


def test_the_coding_of_a_form_entered_by_mistake_is_left_out_with_it(
    played: Stage,
) -> None:
    from equipoise.web.personal_copy.others import own_events

    place = {"visit": "log", "form": "concomitant", "repeat": "1"}
    names = {"en": "Zzyzxamide"}
    coded = e.TermCoded(
        target="log/concomitant/1/drug_name", sha256="0", code="1", term=names, preferred_code="1",
        preferred=names, group_code="1", group=names, reason="",
    )  # fmt: skip
    told = [
        coded,
        e.ValuesMovedAway(**place, to_participant="01-0099", reason="wrong person"),
        replace(coded, term={"en": "Paracetamol"}),
        replace(coded, target="ae/1"),
    ]
    events = [(SimpleNamespace(seq=n), one) for n, one in enumerate(told)]
    own, _queries = own_events(played.trial.protocol, events, sees_allocation=True)  # type: ignore[arg-type]
    assert [happening for _event, happening in own] == told[1:]


def test_what_was_redacted_or_erased_is_in_no_copy(played: Stage, person: Person) -> None:
    place = next(o.place for o in played.trial.sealed_values(person.id) if o.text == NARRATIVE)
    request = c.RequestRedaction(participant=person.id, value=place, reason="names a place")
    expect(person.do(request))
    expect(person.do(c.ApproveRedaction(participant=person.id, redaction=1), INVESTIGATOR))
    leave = c.Withdraw(participant=person.id, scope="data_use", reason="moves", on=person.at.date())
    expect(person.do(leave))
    expect(person.do(c.EraseIdentity(participant=person.id, reason="asked"), INVESTIGATOR))
    page = ask(played, person).content.decode()
    assert "second dose" not in page
    assert "(redacted)" in page
    assert "Virtual Participant" not in page
    assert "What identified you was erased" in page


def test_giving_is_signed_recorded_and_told_on_page_and_trail(
    played: Stage, person: Person
) -> None:
    assert ask(played, person, password="guessed").status_code == 422
    assert ask(played, person, given_to="").status_code == 422
    assert ask(played, person, file_format="pdf").status_code == 422
    assert not person.state.copies
    once = client_id()
    for _again in range(2):
        assert ask(played, person, given_to="her lawyer", client_id=once).status_code == 200
    assert [one.given_to for one in person.state.copies] == ["her lawyer"], "sent twice is once"
    expect(person.save("log", "concomitant", drug_name="paracetamol", drug_indication="pain"))
    late = ask(played, person, given_to="her lawyer", client_id=once)
    assert late.status_code == 302, "the record has gone on: another copy is another one"
    client = played.client("investigator")
    assert "her lawyer" in client.get(f"/participants/{person.id}/copy/").content.decode()
    trail = client.get(f"/participants/{person.id}/?trail=all").content.decode()
    assert "own data was given to: her lawyer" in trail
    assert "Copy for the participant" in trail
    assert "Copy for the participant" not in (
        played.client("coordinator").get(f"/participants/{person.id}/").content.decode()
    )


def test_the_page_is_for_roles_that_may_hand_a_copy_over(played: Stage) -> None:
    may = {grant.role: rights_of(grant) for grant in played.trial.protocol.roles}
    for role in ROLES:
        if PAGES["own_copy"].rights.get(role):
            assert "GiveCopy" in may[role]
    assert {role for role in ROLES if "GiveCopy" in may[role]} == {"investigator", "administrator"}

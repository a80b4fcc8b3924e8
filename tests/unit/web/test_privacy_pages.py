"""Erasing and redacting in the browser: what is asked, by whom it is approved, and what is read afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.conduct import commands as c
from support.story import Person, central, expect
from support.web_home import client_id, stage

NARRATIVE = "The neighbor Zzyzx-Quux drove the patient to hospital."
NAME = "Virtual Qwertzuiop"


def post(client: Any, address: str, **fields: str) -> Any:
    return client.post(address, {"client_id": client_id(), **fields})


@pytest.fixture
def person() -> Person:
    person = stage().participant("randomized")
    person.wait(1)
    reported = c.ReportAdverseEvent(
        participant=person.id, term="nausea", grade=2, started_on=person.at.date(),
        causality={}, narrative=NARRATIVE,
    )  # fmt: skip
    expect(person.do(reported))
    return person


def told(client: Any, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_one_asks_another_approves_and_no_page_tells_the_text_any_more(person: Person) -> None:
    played = stage()
    coordinator, investigator = played.client("coordinator"), played.client("investigator")
    monitor = played.client("monitor")
    page = f"/participants/{person.id}/"
    assert NARRATIVE in told(coordinator, page + "texts/")
    value = next(
        one.place for one in played.trial.sealed_values(person.id) if one.text == NARRATIVE
    )
    ask = f"{page}texts/{value}/redact/"
    assert NARRATIVE in told(coordinator, ask)
    assert post(coordinator, ask, reason=f"it says {NARRATIVE}").status_code == 422
    assert post(coordinator, ask, reason="names a neighbor").status_code == 302
    assert "redactions to approve: 1" in told(investigator, page)
    answer = page + "redactions/1/"
    assert coordinator.get(answer).status_code == 403
    password = played.passwords["investigator-nanning"]
    assert post(investigator, answer, answer="approve").status_code == 422, "signed by password"
    approved = post(investigator, answer, answer="approve", password=password)
    assert approved.status_code == 302
    for client in (coordinator, investigator, monitor):
        for place in ("", "texts/", "redactions/1/", "adverse-events/1/", "?trail=all"):
            if client is coordinator and place == "redactions/1/":
                continue
            assert "Zzyzx-Quux" not in told(client, page + place), place
    assert "(redacted)" in told(coordinator, page + "texts/")
    assert "the text is unreadable for ever" in told(coordinator, page + "?trail=all")
    chinese = played.client("coordinator")
    chinese.post("/language/", {"language": "zh-hans", "next": "/"})
    assert "（已遮蔽）" in told(chinese, page + "texts/")
    assert "文本永久不可读" in told(chinese, page + "?trail=all")


def test_a_declined_request_leaves_the_text_and_tells_why(person: Person) -> None:
    played = stage()
    coordinator, investigator = played.client("coordinator"), played.client("investigator")
    page = f"/participants/{person.id}/"
    value = next(
        one.place for one in played.trial.sealed_values(person.id) if one.text == NARRATIVE
    )
    assert post(coordinator, f"{page}texts/{value}/redact/", reason="why not").status_code == 302
    password = played.passwords["investigator-nanning"]
    answer = page + "redactions/1/"
    bare = post(investigator, answer, answer="decline", password=password)
    assert bare.status_code == 422
    assert (
        post(
            investigator,
            answer,
            answer="decline",
            reason="needed for the report",
            password=password,
        ).status_code
        == 302
    )
    assert NARRATIVE in told(coordinator, page + "texts/")
    assert "needed for the report" in told(investigator, answer)


def test_erasing_asks_for_the_number_and_the_password_and_the_page_says_it_is_done() -> None:
    played = stage()
    person = Person(played.trial).screen(person_name=NAME).consent()
    on = person.at.date()
    investigator = played.client("investigator")
    page = f"/participants/{person.id}/"
    password = played.passwords["investigator-nanning"]
    erase = {"reason": "asked for", "number": person.id, "password": password}
    early = post(investigator, page + "erase/", **erase)
    assert early.status_code == 422
    assert "still takes part" in early.content.decode()
    leave = c.Withdraw(participant=person.id, scope="data_use", reason="moves", on=on)
    expect(person.do(leave))
    assert "Erase identity" in told(investigator, page)
    assert "Erase identity" not in told(played.client("coordinator"), page)
    assert post(investigator, page + "erase/", **{**erase, "number": "1"}).status_code == 422
    assert post(investigator, page + "erase/", **{**erase, "password": "x"}).status_code == 422
    assert post(investigator, page + "erase/", **erase).status_code == 302
    after = told(investigator, page)
    assert "identity erased" in after
    assert "Erase identity" not in after
    assert not played.trial.participant(person.id).identity


def test_a_text_about_no_participant_is_asked_for_by_one_and_approved_by_another() -> None:
    played = stage()
    secret = "Zzyzx-Quux of the registry office telephoned"
    halt = c.HaltRecruitment(
        site="03", ordered_by="sponsor", ordered_on=played.trial.today("03"), reason=secret
    )
    number = expect(played.trial.do(halt, central("sponsor"))).happenings[0].halt
    lift = c.RestartRecruitment(
        halt=number, authorized_by="sponsor", authorized_on=played.trial.today("03"),
        reference="minutes", reason="answered",
    )  # fmt: skip
    expect(played.trial.do(lift, central("sponsor")))
    monitor, sponsor = played.client("monitor"), played.client("sponsor")
    assert secret in told(monitor, "/texts/")
    assert "/texts/" in told(monitor, "/trail/")
    place = next(one.place for one in played.trial.texts("03") if one.text == secret)
    ask = f"/texts/03/{place}/redact/"
    assert post(monitor, ask, reason=f"it says {secret}").status_code == 422
    assert post(monitor, ask, reason="names somebody").status_code == 302
    asked = next(
        one.number for one in reversed(played.trial.state.redactions.values()) if one.site == "03"
    )
    answer = f"/texts/03/redactions/{asked}/"
    passwords = played.passwords
    own = post(monitor, answer, answer="approve", password=passwords["monitor"])
    assert own.status_code == 422
    approved = post(sponsor, answer, answer="approve", password=passwords["sponsor"])
    assert approved.status_code == 302
    for address in ("/texts/", answer, "/trail/", "/monitoring/recruitment/"):
        assert secret not in told(sponsor, address), address
    assert "(redacted)" in told(sponsor, "/texts/")
    for nowhere in ("/texts/99/1/reason/redact/", "/texts/trial/999999/reason/redact/"):
        assert monitor.get(nowhere).status_code == 404


def test_what_was_redacted_is_a_word_on_the_forms_and_nothing_to_save(person: Person) -> None:
    played = stage()
    coordinator, investigator = played.client("coordinator"), played.client("investigator")
    drops = "drops of the neighbor Zzyzx-Quux"
    expect(person.save("log", "concomitant", drug_name=drops, drug_indication="pain"))
    for text in (drops, NARRATIVE):
        value = next(one.place for one in played.trial.sealed_values(person.id) if one.text == text)
        asked = c.RequestRedaction(participant=person.id, value=value, reason="names a neighbor")
        number = expect(person.do(asked)).answer["redaction"]
        approve = c.ApproveRedaction(participant=person.id, redaction=number)
        expect(person.do(approve, person.investigator))
    form = f"/participants/{person.id}/forms/log/concomitant/1/"
    event = f"/participants/{person.id}/adverse-events/1/"
    reword = f"{event}reword/"
    for address in (form, event):
        for client in (coordinator, investigator, played.client("monitor")):
            page = told(client, address)
            assert "(redacted)" in page, address
            assert "[redacted]" not in page, address
        chinese = coordinator.get(address, headers={"accept-language": "zh-hans"}).content.decode()
        assert "（已遮蔽）" in chinese
    assert "[redacted]" not in told(investigator, reword)
    before = played.trial.ledger.head().seq
    page = told(coordinator, form)
    based_on = page.split('name="based_on" value="')[1].split('"')[0]
    fields = {
        "v.drug_name": "",
        "v.drug_indication": "fever",
        "based_on": based_on,
        "reason": "typo",
    }
    day = str(played.trial.today("01"))
    saved = post(coordinator, form, performed_on=day, **fields)
    assert saved.status_code == 302
    assert played.trial.ledger.head().seq == before + 1
    kept = [one for one in played.trial.sealed_values(person.id) if one.text == "[redacted]"]
    assert kept == []

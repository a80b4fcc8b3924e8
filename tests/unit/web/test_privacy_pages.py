"""Erasing and redacting in the browser: what is asked, by whom it is approved, and what is read afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.conduct import commands as c
from support.story import Person, expect
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

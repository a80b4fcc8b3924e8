"""Whatever is asked, typed or goes wrong: the server's log names no person, value, address or token."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import get_resolver

from equipoise.conduct.reasons import CATALOG
from equipoise.web import log
from equipoise.web.access import PAGES, ROLES
from support.story import Person
from support.web_home import Stage, client_id, data, stage

CANARY = "Zzyzx"
"""Stands in everything that is sent."""
KEYS = {
    "at", "level", "event", "request", "page", "method", "role", "status", "ms", "statements",
    "refused",
}  # fmt: skip


@pytest.fixture(scope="module")
def played() -> Stage:
    return stage()


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Any]:
    """Reads what has been logged since the test began."""
    before = logging.getLogger().handlers
    file = tmp_path / "server.log"
    log.keep_log(str(file))
    yield lambda: [json.loads(one) for one in file.read_text(encoding="utf-8").splitlines()]
    log.drop_log()
    logging.getLogger().handlers = before


def addresses(participant: str) -> list[str]:
    """Every address the server knows, the interface for machines included, with something in every blank."""
    blanks = {
        "participant": participant, "visit": "screening", "form": "laboratory", "repeat": "1",
        "number": "1", "finding": "1", "version": "1", "clock": "none", "diary": "spray_diary", "day": "2026-12-01",
        "intervention": "spray", "site": "01", "token": f"{CANARY}-token", "digest": CANARY,
    }  # fmt: skip

    def filled(route: str) -> str:
        return "/" + re.sub(
            r"<(?:\w+:)?(\w+)>", lambda blank: blanks.get(blank[1], f"{CANARY}-1"), route
        )

    routes = [str(pattern.pattern) for pattern in get_resolver().url_patterns]
    assert len(routes) >= len(PAGES)
    assert any(route.startswith("api/") for route in routes)
    return [filled(route) for route in routes]


@pytest.mark.thorough
def test_no_page_interface_or_refusal_leaves_anything_about_a_person_in_the_log(
    played: Stage, lines: Any
) -> None:
    people = [
        Person(played.trial).screen(person_name=f"{CANARY} Person"),
        played.participant("randomized"),
    ]
    assert people[0].state.identity["person_name"].startswith(CANARY)
    sent = {
        **data({"wbc": f"{CANARY}1", "person_name": CANARY}), "client_id": client_id(),
        "based_on": "0", "username": CANARY, "password": CANARY, "reason": CANARY,
        "text": CANARY, "next": f"/{CANARY}/", "number": CANARY,
    }  # fmt: skip
    asked = 0
    for role in (None, *ROLES):
        client = played.client(role, HTTP_USER_AGENT=CANARY, HTTP_X_FORWARDED_FOR="203.0.113.9")
        client.raise_request_exception = False
        for address in addresses(people[1].id):
            client.get(address, {"q": CANARY, "next": f"/{CANARY}"})
            client.post(address, sent)
            asked += 2
            if role is not None and client.session.get("role") is None:
                client = played.client(role)  # it has signed itself out
                client.raise_request_exception = False
    played.client("coordinator").get(f"/{CANARY}/nothing/here/")
    wrong = played.client("coordinator")
    assert wrong.get("/today/", headers={"host": CANARY.lower()}).status_code == 400
    found = lines()
    requests = [line for line in found if line["event"] == "request"]
    assert len(requests) >= asked
    text = json.dumps(found)
    names = {name for name, _role, _site in played.trial.state.grants} - set(ROLES)
    for told in (CANARY, "Virtual Participant", CANARY.lower(), "203.0.113.9", "/participants/", "csrf", *names,
                 *(person.id for person in people), *played.passwords.values()):  # fmt: skip
        assert told not in text, told
    codes = {code for line in requests for code in line["refused"].split(",") if code}
    assert codes <= set(CATALOG)
    for line in requests:
        assert set(line) == KEYS
        assert line["page"] in {"", *PAGES}
        assert line["role"] in {"", *ROLES}
    assert {line["page"] for line in requests} >= set(PAGES) - {"health"}
    assert {line["role"] for line in requests} == {"", *ROLES}
    assert len({line["request"] for line in requests}) == len(requests)
    opened = [one for one in requests if one["page"] == "today" and one["status"] == 200]
    assert all(line["statements"] > 0 for line in opened)


def test_a_fault_of_ours_is_told_by_type_and_place_and_the_person_gets_its_number(
    played: Stage, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise ValueError(f"{CANARY} stood in the form")

    monkeypatch.setattr("equipoise.web.pages.trust.guessing_probability", broken)
    client = played.client("monitor")
    client.raise_request_exception = False
    page = client.get("/trust/").content.decode()
    fault, request = lines()[-2:]
    assert CANARY not in json.dumps([fault, request])
    assert (fault["level"], fault["exception"], fault["by"]) == (
        "error", "ValueError", "django.request",
    )  # fmt: skip
    assert any(place.startswith("trust.py:") for place in fault["where"])
    assert (request["level"], request["status"], request["page"]) == ("error", 500, "trust")
    assert fault["request"] == request["request"]
    assert request["request"] in page


def test_without_a_log_a_fault_told_on_standard_error_quotes_nobody_either(played: Stage) -> None:
    from django.conf import settings

    (name,) = settings.LOGGING["root"]["handlers"]
    shown = settings.LOGGING["handlers"][name]["formatter"]
    assert settings.LOGGING["formatters"][shown]["()"] == "equipoise.web.log.JsonLines"
    try:
        raise ValueError(CANARY)
    except ValueError:
        record = logging.getLogger("elsewhere").makeRecord(
            "elsewhere", logging.ERROR, "file.py", 7, f"{CANARY} %s", (CANARY,), sys.exc_info()
        )
    line = log.JsonLines().format(record)
    assert CANARY not in line
    assert json.loads(line)["exception"] == "ValueError"


def test_the_codes_of_a_refusal_stand_in_its_line(played: Stage, lines: Any) -> None:
    person: Person = played.participant("consented")
    client = played.client("coordinator")
    answer = client.post(f"/participants/{person.id}/randomize/", {"client_id": client_id()})
    assert answer.status_code in (409, 422)
    line = lines()[-1]
    assert line["refused"]
    assert set(line["refused"].split(",")) <= set(CATALOG)


def test_a_log_that_was_moved_away_goes_on_in_a_new_file(tmp_path: Path) -> None:
    before = logging.getLogger().handlers
    file = tmp_path / "server.log"
    log.keep_log(str(file))
    try:
        log.tell("first")
        file.rename(tmp_path / "server.log.1")
        log.tell("second", seconds=1.5)
    finally:
        log.drop_log()
        logging.getLogger().handlers = before
    assert json.loads(file.read_text())["event"] == "second"
    assert json.loads((tmp_path / "server.log.1").read_text())["event"] == "first"

"""Freezing and locking in the browser: the sheets, what they list, and what a held form shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from support.story import RT_START, Person, expect
from support.web_home import Stage, client_id, data, stage

MOUTH = {
    "who_grade": "1", "rtog_grade": "1", "ctcae_om_grade": "1", "omas_ulceration": "0",
    "omas_erythema": "2", "photo_taken": "yes",
}  # fmt: skip


@pytest.fixture
def person() -> Person:
    person = stage().participant("randomized").wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))
    return person


def form_page(person: Person) -> str:
    return f"/participants/{person.id}/forms/baseline/mucositis_assessment/1/"


def post(client: Any, address: str, **fields: str) -> Any:
    return client.post(address, {"client_id": client_id(), **fields})


def test_a_frozen_form_says_so_and_takes_no_save_until_it_is_unlocked(person: Person) -> None:
    played: Stage = stage()
    monitor, coordinator = played.client("monitor"), played.client("coordinator")
    hold = form_page(person) + "hold/"
    password = played.passwords["monitor"]
    assert post(monitor, hold, act="freeze", reason="clean").status_code == 422
    assert post(monitor, hold, act="freeze", reason="clean", password="wrong").status_code == 422
    freeze = {"act": "freeze", "reason": "clean", "password": password}
    assert post(monitor, hold, **freeze).status_code == 302
    matrix = monitor.get(f"/participants/{person.id}/").content.decode()
    assert "frozen" in matrix.split('class="matrix"')[1].split("</table>")[0]
    assert "This form cannot be saved yet" in coordinator.get(form_page(person)).content.decode()
    change = {**data({**MOUTH, "who_grade": "2"}), "based_on": "1", "reason": "misread"}
    answer = post(coordinator, form_page(person), **change)
    assert answer.status_code == 422
    assert "was frozen by monitor" in answer.content.decode()
    assert post(monitor, hold, act="unlock", reason="chart found").status_code == 422
    unlock = {"act": "unlock", "reason": "chart found", "password": password}
    assert post(monitor, hold, **unlock).status_code == 302
    expect(person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2"))


def test_a_hold_without_a_reason_or_against_open_points_is_refused_with_all_of_them(
    person: Person,
) -> None:
    monitor = stage().client("monitor")
    password = {"password": stage().passwords["monitor"]}
    hold = form_page(person) + "hold/"
    assert post(monitor, hold, act="freeze", **password).status_code == 422
    everything = f"/participants/{person.id}/hold/"
    answer = post(monitor, everything, act="lock", reason="end", **password)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "is still under way" in body
    assert "neither data nor a reason for missing it" in body
    assert stage().trial.participant(person.id).hold is None


def test_the_database_lock_needs_the_password_and_lists_what_is_open(person: Person) -> None:
    played = stage()
    sponsor = played.client("sponsor")
    unsigned = post(sponsor, "/lock/", where="trial", act="lock", reason="end")
    assert unsigned.status_code == 422
    assert "is still under way" not in unsigned.content.decode()
    password = played.passwords["sponsor"]
    signed = post(sponsor, "/lock/", where="trial", act="lock", reason="end", password=password)
    assert signed.status_code == 422
    body = signed.content.decode()
    assert "Recruitment is still open" in body
    assert f"{person.id} is still under way" in body
    assert not played.trial.state.locked
    foreign = post(sponsor, "/lock/", where="01", act="lock", reason="end", password=password)
    assert foreign.status_code == 422

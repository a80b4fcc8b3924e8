"""Source verification in the browser: the monitor's list, the marks, and what voids them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from equipoise.conduct.values import Address
from support.story import RT_START, Person, expect
from support.web_home import Stage, client_id, stage

MOUTH = {
    "who_grade": "1", "rtog_grade": "1", "ctcae_om_grade": "1", "omas_ulceration": "0",
    "omas_erythema": "2", "photo_taken": "yes",
}  # fmt: skip
BASELINE = Address("baseline", "mucositis_assessment")


@pytest.fixture
def played() -> Stage:
    return stage()


@pytest.fixture
def person(played: Stage) -> Person:
    person = played.participant("randomized").wait_until(RT_START - timedelta(days=7))
    expect(person.save("baseline", "mucositis_assessment", **MOUTH))
    return person


def verify_page(person: Person) -> str:
    return f"/participants/{person.id}/forms/baseline/mucositis_assessment/1/verify/"


def post(client: Any, person: Person, items: list[str], based_on: str = "1") -> Any:
    fields = {"client_id": client_id(), "based_on": based_on, "items": items}
    return client.post(verify_page(person), fields)


def test_the_monitor_marks_values_and_the_participants_page_shows_the_form_verified(
    played: Stage, person: Person
) -> None:
    monitor = played.client("monitor")
    offered = monitor.get(verify_page(person)).content.decode()
    assert 'value="who_grade" checked' in offered
    assert 'value="rtog_grade" checked' not in offered
    assert post(monitor, person, ["who_grade"]).status_code == 302
    matrix = monitor.get(f"/participants/{person.id}/").content.decode()
    assert "verified" in matrix.split('class="matrix"')[1].split("</table>")[0]
    form = monitor.get(verify_page(person).removesuffix("verify/")).content.decode()
    assert "verified by monitor" in form


def test_a_mark_voided_by_a_change_is_seen_on_form_matrix_list_and_trail(
    played: Stage, person: Person
) -> None:
    monitor = played.client("monitor")
    assert post(monitor, person, ["who_grade"]).status_code == 302
    expect(person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2"))
    form = monitor.get(verify_page(person).removesuffix("verify/")).content.decode()
    assert "void since the change by coordinator-nanning" in form
    page = monitor.get(f"/participants/{person.id}/").content.decode()
    assert "verification void" in page
    assert "compared with the source and the same" in page
    listed = monitor.get(f"/verification/?site=01&open={person.id}").content.decode()
    assert "verification void" in listed
    chinese = played.client("monitor")
    chinese.post("/language/", {"language": "zh-hans", "next": "/"})
    assert "核查已失效" in chinese.get(f"/participants/{person.id}/").content.decode()


def test_a_page_made_before_another_save_marks_nothing(played: Stage, person: Person) -> None:
    monitor = played.client("monitor")
    expect(person.save("baseline", "mucositis_assessment", reason="misread", who_grade="2"))
    answer = post(monitor, person, ["who_grade"])
    assert answer.status_code == 422
    assert not played.trial.participant(person.id).forms[BASELINE].verified


def test_an_empty_or_foreign_choice_is_not_taken_for_every_value(
    played: Stage, person: Person
) -> None:
    monitor = played.client("monitor")
    for items in ([], ["hemoglobin"]):
        assert post(monitor, person, items).status_code == 422
    assert post(monitor, person, ["who_grade"], based_on="x").status_code == 422
    assert not played.trial.participant(person.id).forms[BASELINE].verified

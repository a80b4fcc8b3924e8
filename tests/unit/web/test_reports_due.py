"""A safety report stands on Today from the hour in which its clock begins to run, and is late to the minute."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from equipoise.conduct import commands as c
from support.story import Person, expect
from support.web_home import Stage, stage


@pytest.fixture(scope="module")
def played() -> Stage:
    return stage()


@pytest.fixture(scope="module")
def ill(played: Stage) -> Person:
    """A participant with a serious event that is related to the treatment: a clock of a day, and one of fifteen."""
    person = played.participant("randomized")
    report = c.ReportAdverseEvent(
        participant=person.id, term="fatigue", grade=3, started_on=person.at.date(),
        seriousness=("hospitalization",), outcome="not_recovered", causality={"exosome_spray": "probable"},
    )  # fmt: skip
    expect(person.do(report))
    return person


def clocks(person: Person) -> dict[str, datetime]:
    """When each clock runs out, by clock."""
    (event,) = person.state.adverse_events.values()
    return {clock.clock: datetime.fromisoformat(clock.due_at) for clock in event.clocks}


def listed(played: Stage, person: Person, now: datetime) -> dict[str, str]:
    """The heading under which each of the person's clocks stands at an instant, by clock."""
    from zoneinfo import ZoneInfo

    from equipoise.web.flows.worklist import worklist

    protocol = played.trial.protocol
    today = now.astimezone(ZoneInfo(protocol.site_by_id[person.site].timezone)).date()
    found = worklist(protocol, [person.site], today, now)
    return {
        task.ref.partition("/")[2]: name
        for name, group in found.items()
        if name != "next"
        for task in group.tasks
        if (task.participant, task.kind) == (person.id, "safety")
    }


def test_a_clock_is_open_from_the_report_due_on_its_last_day_and_late_when_it_has_run_out(
    played: Stage, ill: Person
) -> None:
    runs_out = clocks(ill)
    short = min(runs_out, key=runs_out.__getitem__)
    long = max(runs_out, key=runs_out.__getitem__)
    assert runs_out[short] == ill.at + timedelta(hours=24)
    assert runs_out[long] == ill.at + timedelta(days=15)
    minute = timedelta(minutes=1)
    for now, of_short, of_long in (
        (ill.at + minute, "due", "window"),
        (runs_out[short] - minute, "due", "window"),
        (runs_out[short] + minute, "late", "window"),
        (runs_out[long] - timedelta(days=1, minutes=1), "late", "window"),
        (runs_out[long] - timedelta(days=1) + minute, "late", "due"),
        (runs_out[long] + minute, "late", "late"),
    ):
        found = listed(played, ill, now)
        assert (found[short], found[long]) == (of_short, of_long), now


def test_its_days_are_those_of_the_site(played: Stage, ill: Person) -> None:
    """What is reported in Nanning before eight in the morning is reported on the day before in Greenwich."""
    person = played.participant("randomized")
    person.at = person.at.replace(hour=23, minute=30)
    report = c.ReportAdverseEvent(
        participant=person.id, term="fatigue", grade=3, started_on=person.at.date(),
        seriousness=("hospitalization",), outcome="not_recovered",
    )  # fmt: skip
    expect(person.do(report))
    (row,) = played.trial.ledger.rows("task", where={"participant": person.id, "kind": "safety"})
    there = person.at.date() + timedelta(days=1)
    assert (row["opens"], row["due"]) == (str(there), str(there + timedelta(days=1)))


def test_today_says_until_when_to_the_minute(played: Stage, ill: Person) -> None:
    text = played.client("investigator").get("/today/").content.decode()
    rows = [row for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL) if f"/{ill.id}/" in row]
    due = min(clocks(ill).values())
    assert any(f'data-due="{due.isoformat()}"' in row for row in rows), rows


@pytest.mark.parametrize(
    ("role", "offered"), [("coordinator", False), ("investigator", True), ("sponsor", True)]
)
def test_only_who_may_report_is_led_there(
    played: Stage, ill: Person, role: str, offered: bool
) -> None:
    """The page of an event offers the report to those whose task it is, however they read the event."""
    client: Any = played.client(role)
    text = client.get(f"/participants/{ill.id}/adverse-events/1/").content.decode()
    links = re.findall(rf'href="(/participants/{ill.id}/adverse-events/1/report[^"]*)"', text)
    assert bool(links) is offered
    for link in links:
        assert client.get(link).status_code == 200

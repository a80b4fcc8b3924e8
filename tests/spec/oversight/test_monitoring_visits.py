"""A monitoring visit: its report counts what the ledger holds, is signed, acknowledged, and its actions are followed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import outstanding
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import TrialState
from equipoise.conduct.values import Address
from equipoise.conduct.visiting import report_hash
from support.masked_story import ALLOCATED, actor, live
from support.played import second_protocol, stage
from support.story import (
    COORDINATOR,
    INVESTIGATOR,
    MONITOR,
    RT_START,
    START,
    Person,
    at_site,
    central,
    expect,
    new_trial,
)

TODAY = START.date()
DAY = timedelta(days=1)
SAID = {"attendees": "monitor, coordinator-nanning", "reviewed": "charts", "conclusion": "in order"}


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def plan(trial: Any, site: str = "01", kind: str = "routine", by: Any = MONITOR) -> Any:
    command = c.PlanMonitoringVisit(site=site, kind=kind, planned_on=TODAY)  # type: ignore[arg-type]
    return trial.do(command, by, at=START)


def find(trial: Any, site: str = "01", by: Any = MONITOR, **changes: Any) -> Any:
    said = {
        "visit": 1, "text": "a page missing", "action": "file it", "owner": COORDINATOR.id,
        "due": TODAY + 7 * DAY, **changes,
    }  # fmt: skip
    return trial.do(c.RecordFinding(site=site, **said), by, at=START)


def sign(trial: Any, site: str = "01", by: Any = MONITOR, at: Any = START, **changes: Any) -> Any:
    said = {"visit": 1, "began_on": at.date(), "ended_on": at.date(), **SAID, **changes}
    return trial.do(c.SignMonitoringReport(site=site, **said), by, at=at)


def acknowledge(trial: Any, by: Any = INVESTIGATOR, site: str = "01") -> Any:
    return trial.do(c.AcknowledgeMonitoringReport(site=site, visit=1), by, at=START)


def test_the_report_counts_what_the_ledger_holds_of_the_site_and_of_the_days_of_the_visit() -> None:
    trial = new_trial()
    person = Person(trial).enroll().wait_until(RT_START - 7 * DAY)
    Person(trial).screen()
    Person(trial, "02").enroll()
    mouth = {
        "who_grade": "1", "rtog_grade": "1", "ctcae_om_grade": "1", "omas_ulceration": "0",
        "omas_erythema": "2", "photo_taken": "yes",
    }  # fmt: skip
    expect(person.save("baseline", "mucositis_assessment", **mouth))
    address = Address("baseline", "mucositis_assessment")
    for item in ("who_grade", "rtog_grade"):
        mark = c.VerifySource(participant=person.id, address=address, based_on=1, items=(item,))
        expect(person.do(mark, MONITOR))
        person.wait(3)
    ask = c.RaiseQuery(participant=person.id, address=address, item="who_grade", text="Sure?")
    expect(person.do(ask, MONITOR))
    log = c.LogDeviation(
        participant=person.id, kind="other", severity="minor", text="late call",
        occurred_on=person.at.date(),
    )  # fmt: skip
    expect(person.do(log, MONITOR))
    important = c.AssessDeviation(
        participant=person.id, deviation=1, important=True, reason="bears on safety"
    )
    expect(person.do(important, MONITOR))
    expect(plan(trial))
    today = person.at.date()
    done = expect(
        sign(trial, at=person.at, began_on=today - 3 * DAY, consents_checked=(person.id,))
    )
    facts = done.happenings[0].facts
    assert {name: n for name, n in facts.items() if n} == {
        "screened": 2, "consented": 1, "randomized": 1, "values_verified": 1, "forms_verified": 1,
        "queries_raised": 1, "queries_open": 1, "deviations": 1, "deviations_logged": 1,
        "deviations_important": 1,
    }  # fmt: skip
    assert not [name for name in facts if name.startswith("supply")], "it would tell the group"


def test_units_stand_in_the_report_where_every_arm_gets_the_product() -> None:
    trial, _arrays = stage(second_protocol())
    live(trial)
    at = ALLOCATED
    visit = c.PlanMonitoringVisit(site="11", kind="remote", planned_on=at.date())
    expect(trial.do(visit, actor("monitor"), at=at))
    done = expect(sign(trial, "11", actor("monitor"), at))
    facts = done.happenings[0].facts
    handed_out = sum(
        person.supply["study_tablet"].dispensed
        for person in trial.participants()
        if "study_tablet" in person.supply
    )
    assert handed_out > 0
    assert facts["supply.study_tablet.dispensed"] == handed_out


def test_a_report_is_signed_once_by_the_monitor_and_acknowledged_by_the_investigator() -> None:
    trial = new_trial()
    expect(plan(trial))
    expect(find(trial))
    assert codes(acknowledge(trial)) == ("report-not-signed",)
    assert codes(sign(trial, by=INVESTIGATOR)) == ("not-permitted",)
    done = expect(sign(trial))
    signed = done.happenings[0]
    (visit,) = trial.state.oversight.visits
    said = {
        name: getattr(signed, name)
        for name in (
            "visit", "began_on", "ended_on", "consents_checked", "facts", "attendees", "reviewed",
            "conclusion",
        )
    }  # fmt: skip
    said |= {"site": "01", "kind": "routine"}
    assert signed.content_hash == report_hash(said, visit.findings)
    assert report_hash({**said, "conclusion": "otherwise"}, visit.findings) != signed.content_hash
    assert report_hash(said, ()) != signed.content_hash
    assert codes(sign(trial)) == ("report-signed",)
    assert codes(find(trial)) == ("report-signed",)
    assert codes(acknowledge(trial, MONITOR)) == ("not-permitted",)
    assert codes(acknowledge(trial, at_site("investigator", "02"))) == ("no-such-visit",)
    expect(acknowledge(trial))
    assert codes(acknowledge(trial)) == ("already-signed",)
    assert trial.state.oversight.visits[0].status == "acknowledged"


def test_actions_and_signatures_that_are_missing_stand_in_the_worklist_until_they_are_done() -> (
    None
):
    trial = new_trial()

    def open_(day: Any = TODAY) -> list[tuple[str, str, bool]]:
        found = outstanding(trial.protocol, trial.state, ["01"], day)
        return [(one.kind, one.ref, one.late) for one in found]

    expect(plan(trial))
    assert open_() == [("visit", "1", False)]
    assert open_(TODAY + DAY) == [("visit", "1", True)]
    assert open_(TODAY - 15 * DAY) == []
    expect(find(trial))
    expect(sign(trial))
    assert open_(TODAY + 7 * DAY) == [("action", "1/1", False), ("report", "1", False)]
    assert open_(TODAY + 8 * DAY)[0] == ("action", "1/1", True)
    assert outstanding(trial.protocol, trial.state, ["02"], TODAY) == []
    expect(acknowledge(trial))
    done = c.ResolveFinding(site="01", visit=1, finding=1, text="filed")
    assert codes(trial.do(done, at_site("coordinator", "02"), at=START)) == ("no-such-visit",)
    expect(trial.do(done, COORDINATOR, at=START))
    assert codes(trial.do(done, COORDINATOR, at=START)) == ("finding-not-open",)
    assert open_() == []


def test_a_visit_is_cancelled_only_before_it_has_found_anything() -> None:
    trial = new_trial()
    expect(plan(trial))
    expect(plan(trial))
    expect(find(trial))

    def cancel(visit: int, reason: str = "snow") -> Any:
        command = c.CancelMonitoringVisit(site="01", visit=visit, reason=reason)
        return trial.do(command, MONITOR, at=START)

    assert codes(cancel(1)) == ("visit-has-findings",)
    assert codes(cancel(2, " ")) == ("no-reason",)
    expect(cancel(2))
    assert codes(find(trial, visit=2)) == ("visit-cancelled",)
    assert codes(sign(trial, visit=2)) == ("visit-cancelled",)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"visit": 9}, "no-such-visit"),
        ({"site": "02"}, "no-such-visit"),
        ({"ended_on": TODAY + DAY}, "date-in-future"),
        ({"began_on": TODAY, "ended_on": TODAY - DAY}, "visit-ends-early"),
        ({"attendees": ""}, "nothing-said"),
        ({"conclusion": " "}, "nothing-said"),
        ({"consents_checked": ("02-0001",)}, "no-consent-here"),
    ],
)
def test_a_report_that_does_not_fit_is_refused(changes: dict[str, Any], code: str) -> None:
    trial = new_trial()
    expect(plan(trial))
    before = trial.ledger.head().seq
    assert codes(sign(trial, **changes)) == (code,)
    assert trial.ledger.head().seq == before


def test_a_finding_has_words_an_action_and_an_owner_with_a_role_here() -> None:
    trial = new_trial()
    expect(plan(trial))
    assert codes(plan(trial, kind="surprise")) == ("unknown-visit-kind",)
    assert codes(plan(trial, "77")) == ("unknown-site",)
    wrong = find(trial, text="", action="", owner=at_site("coordinator", "02").id)
    assert codes(wrong) == ("nothing-said", "nothing-said", "person-without-role")


def test_visits_are_read_again_from_the_ledger_as_they_were_folded() -> None:
    trial = new_trial()
    expect(plan(trial))
    expect(find(trial))
    expect(sign(trial))
    expect(acknowledge(trial))
    again = TrialState(trial.protocol.id, trial.protocol)
    for event, happening in trial.events():
        again.apply(happening, event.site, event.server_time, event.actor)
    assert again.oversight == trial.state.oversight


def test_a_deviation_is_assessed_with_a_reason_and_every_assessment_stays() -> None:
    trial = new_trial()
    person = Person(trial).enroll()
    log = c.LogDeviation(
        participant=person.id, kind="other", severity="minor", text="late", occurred_on=TODAY
    )
    expect(person.do(log))

    def assess(important: bool, reason: str = "why", number: int = 1, by: Any = MONITOR) -> Any:
        command = c.AssessDeviation(
            participant=person.id, deviation=number, important=important, reason=reason
        )
        return person.do(command, by)

    def row() -> str:
        (found,) = trial.ledger.rows("deviation", where={"participant": person.id})
        return str(found["important"])

    assert row() == ""
    assert codes(assess(True, number=2)) == ("no-such-deviation",)
    assert codes(assess(True, "")) == ("no-reason",)
    assert codes(assess(True, by=person.coordinator)) == ("not-permitted",)
    expect(assess(True))
    assert row() == "yes"
    assert codes(assess(True)) == ("already-assessed",)
    expect(assess(False, "looked at again", by=central("sponsor")))
    assert row() == "no"
    kept = person.state.deviations[0].assessments
    assert [(important, reason) for important, reason, _stamp in kept] == [
        (True, "why"), (False, "looked at again"),
    ]  # fmt: skip

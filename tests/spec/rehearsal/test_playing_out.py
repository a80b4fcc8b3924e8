"""A rehearsal is a trial: what happens in the ledger is what the protocol asks, less what people miss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.schedule import plan_visits
from equipoise.conduct.state import ParticipantState
from equipoise.conduct.values import Address
from equipoise.rehearsal import PlayError, Replicate, play
from equipoise.rehearsal.generate import NEVER, in_site_unit
from equipoise.trial import Trial
from support.played import (
    assuming,
    faultless_trial,
    person_of,
    rehearsed,
    second_protocol,
    small_protocol,
    small_trial,
    stage,
    whole_trial,
)
from support.story import Person, expect, seed_protocol

WHOLE = pytest.mark.xdist_group("whole-rehearsal")


def randomized_people(trial: Trial) -> list[tuple[ParticipantState, int]]:
    """Everyone randomized, with their index in the arrays."""
    found = []
    for state in trial.participants():
        if state.randomized_on is not None:
            person = person_of(trial, state.id)
            assert person is not None
            found.append((state, person))
    return found


def leaves_on(replicate: Replicate, state: ParticipantState, person: int) -> tuple[int, str]:
    """Day and scope of leaving, from the arrays alone; the day is the next working day."""
    arm = replicate.arms.index(state.arm or "")
    day, scope = int(replicate.attrition.day[arm, person]), str(replicate.attrition.scope[person])
    if scope == "treatment" and not replicate.protocol.arms[arm].interventions:
        scope = "follow_up"
    for event in replicate.events:
        fatal = event.grade[person] == 5 and event.occurs[person]
        if fatal and int(event.started[person]) <= day:
            day, scope = int(event.started[person]), "follow_up"
    while day < NEVER and date.fromordinal(day).weekday() > 4:
        day += 1
    return day, scope


def asked_visits(replicate: Replicate, person: int) -> dict[str, tuple[int, int, int]]:
    """Visits after allocation that the protocol asks of a person: target, first and last day.

    Written from the protocol and the true dates of radiotherapy, without the play's own calendar.
    """
    first, last = int(replicate.course.first[person]), int(replicate.course.last[person])
    anchors = {"rt_first": first, "rt_last": last}
    asked = {}
    for visit in replicate.protocol.schedule.visits:
        if visit.phase == "screening":
            continue
        target = anchors[visit.anchor] + visit.day
        if visit.until and target >= anchors[visit.until]:
            continue
        asked[visit.id] = (target, target - visit.before, target + visit.after)
    return asked


def missed_by_arrays(replicate: Replicate, person: int) -> set[str]:
    """Visits the person misses; those that give an anchor its day are never missed."""
    visits = replicate.protocol.schedule.visits
    return {
        visit.id
        for index, visit in enumerate(visits)
        if replicate.staff.missed[person, index] and visit.id not in ("screening", "w1", "eot")
    }


@WHOLE
def test_two_hundred_are_randomized_and_the_trial_ends() -> None:
    """Recruitment closes at the target; everyone completes, leaves, or failed before."""
    trial, _, played = whole_trial()
    assert played.finished
    assert played.randomized == trial.state.randomized == 200
    assert len(trial.state.sites) == 3
    assert not trial.state.recruitment_open
    assert played.events > 20_000
    ends = Counter(state.status for state in trial.participants())
    assert ends["completed"] + ends["withdrawn"] >= 200
    assert not ends.keys() & {"screening", "consented", "eligible", "randomized"}


@WHOLE
def test_every_kind_of_event_happens() -> None:
    """The rehearsal lives the whole life of a trial: nothing that conduct knows is left out."""
    trial, _, _ = whole_trial()
    happened = {event.type for event in trial.ledger.events()}
    assert happened >= {
        "TrialCreated", "RandomizationCommitted", "RoleGranted", "SiteOpened", "LaboratoryRangeSet",
        "ParticipantScreened", "ConsentRecorded", "ConsentRefused", "EligibilityAssessed",
        "EligibilitySigned", "ScreeningFailed", "ParticipantRandomized", "StratumCorrected",
        "VisitsScheduled", "FormSaved", "FormSigned", "DiaryDayRecorded", "VisitMissed",
        "ValuesMovedAway", "ValuesMovedIn", "SupplyOrdered", "SupplyDispensed", "SupplyReturned",
        "AdverseEventReported", "AdverseEventUpdated", "SafetyClockStarted", "SafetyReportSubmitted",
        "QueryRaised", "QueryAnswered", "QueryClosed", "DeviationLogged", "ParticipantWithdrawn",
        "ParticipantTransferred", "ParticipantCompleted", "RecruitmentClosed",
    }  # fmt: skip


@WHOLE
def test_the_only_refusals_are_of_mistyped_numbers() -> None:
    """Virtual staff know the rules; what is refused is what the form itself finds impossible."""
    _, replicate, played = whole_trial()
    assert replicate.assumptions.staff.typing_error > 0
    assert {codes for _, codes in played.refused} == {("out-of-range",)}


@WHOLE
def test_forms_saved_are_those_of_the_schedule_less_those_missed() -> None:
    """Visit by visit: done where asked and not missed, up to the day of leaving."""
    trial, replicate, _ = whole_trial()
    forms_of = {visit.id: set(visit.forms) for visit in trial.protocol.schedule.visits}
    asked_forms = done_forms = 0
    for state, person in randomized_people(trial):
        day, scope = leaves_on(replicate, state, person)
        done = {address.visit for address in state.forms} - {"log", "screening"}
        missed = missed_by_arrays(replicate, person)
        asked = asked_visits(replicate, person)
        if state.data_use_withdrawn or scope != "treatment":
            surely = {visit for visit, (_, _, closes) in asked.items() if closes + 4 < day}
            perhaps = {visit for visit, (_, opens, _) in asked.items() if opens - 1 <= day}
        else:
            surely = perhaps = set(asked)
        assert surely - missed <= done <= perhaps - missed, state.id
        assert set(state.missed) <= missed & set(asked)
        assert surely & missed <= set(state.missed)
        for visit in done:
            held = {address.form for address in state.forms if address.visit == visit}
            assert held == forms_of[visit], (state.id, visit)
            done_forms += len(held)
        asked_forms += sum(len(forms_of[visit]) for visit in asked)
    assert 0.85 * asked_forms < done_forms < asked_forms
    saves = sum(1 for _ in trial.ledger.events(types=["FormSaved"]))
    # a form that was moved was saved once where it did not belong, and counts as saved where it does
    assert saves == sum(form.saves for s in trial.participants() for form in s.forms.values())


@WHOLE
def test_the_calendar_agrees_that_nothing_is_left() -> None:
    """By the conduct room's own plan, a completed participant has no visit outstanding."""
    trial, _, _ = whole_trial()
    for state, _ in randomized_people(trial):
        statuses = {
            planned.visit.id: planned.status for planned in plan_visits(trial.protocol, state)
        }
        if state.status == "completed":
            assert not set(statuses.values()) & {"due", "pending"}, (state.id, statuses)


@WHOLE
def test_diary_days_are_those_of_the_regimen_less_those_forgotten() -> None:
    """From seven days before radiotherapy to fourteen after it, in the spray arm only."""
    trial, replicate, _ = whole_trial()
    early, late = replicate.assumptions.adherence.diary_missed
    expected = 0
    for state, person in randomized_people(trial):
        if state.arm != "spray":
            assert not state.diary
            continue
        begins = int(replicate.course.first[person]) - 7
        ends = int(replicate.course.last[person]) + 14
        left = min((w.on.toordinal() for w in state.withdrawals), default=NEVER)
        for day in range(begins, min(ends, left - 1) + 1):
            told = ("spray_diary", date.fromordinal(day)) in state.diary
            if left == NEVER:
                through = (day - begins) / (ends - begins)
                draw = float(replicate.staff.diary[person][day - begins])
                assert told == (draw >= early + (late - early) * through), (state.id, day)
            expected += told
        assert len(state.diary) <= ends - begins + 1
    recorded = sum(1 for _ in trial.ledger.events(types=["DiaryDayRecorded"]))
    assert recorded == expected == sum(len(state.diary) for state in trial.participants())


@WHOLE
def test_adverse_events_are_those_of_the_arrays() -> None:
    """Each event a person has in the arm they got, from allocation until they leave."""
    trial, replicate, _ = whole_trial()
    for state, person in randomized_people(trial):
        arm = replicate.arms.index(state.arm or "")
        assert state.randomized_on is not None
        allocated = state.randomized_on.toordinal()
        left, scope = leaves_on(replicate, state, person)
        until = left if scope != "treatment" else NEVER
        if state.completed_on is not None:
            until = state.completed_on.toordinal()
        have = {
            (event.spec.term, date.fromordinal(int(event.started[person])))
            for event in replicate.events
            if event.has(person, arm) and int(event.started[person]) > allocated
        }
        found = {(event.term, event.started_on) for event in state.adverse_events.values()}
        assert found <= have, state.id
        surely = {(term, day) for term, day in have if day.toordinal() + 7 < until}
        assert surely <= found, state.id
        for event in state.adverse_events.values():
            assert all(clock.submitted_at for clock in event.clocks) or state.data_use_withdrawn


@WHOLE
def test_who_leaves_and_who_completes_is_in_the_arrays() -> None:
    """Withdrawals happen on the day drawn, unless the person completed before it."""
    trial, replicate, _ = whole_trial()
    left = 0
    for state, person in randomized_people(trial):
        day, scope = leaves_on(replicate, state, person)
        if state.withdrawals:
            left += 1
            assert state.withdrawals[0].scope == scope
            assert 0 <= day - state.withdrawals[0].on.toordinal() <= 2
        else:
            assert state.completed_on is not None
            assert state.completed_on.toordinal() <= day
        assert (state.status == "completed") == (not state.withdrawals or scope == "treatment")
    assert 10 <= left <= 60


@WHOLE
def test_criteria_decide_those_made_to_fail() -> None:
    """Every person made to violate a criterion is kept out by that criterion, and nobody else is."""
    trial, replicate, _ = whole_trial()
    specs = replicate.assumptions.participants.screening_failures
    failed = 0
    for state in trial.participants():
        if state.status != "screen_failed" or not state.assessments:
            continue
        person = person_of(trial, state.id)
        assert person is not None
        entry = int(replicate.failure[person])
        if state.failed:
            assert entry >= 0, state.id
            assert specs[entry].criterion in state.failed
            failed += 1
    assert failed >= 20


@WHOLE
def test_queries_are_asked_answered_and_closed() -> None:
    """Edit checks and monitors ask; nothing stays open; corrections carry their reason."""
    trial, replicate, _ = whole_trial()
    automatic = manual = corrected = 0
    for state in trial.participants():
        for query in state.queries.values():
            automatic += bool(query.check)
            manual += not query.check
            assert query.status == "closed" or state.data_use_withdrawn, (state.id, query)
    for _, happening in trial.events(types=["FormSaved"]):
        corrected += "typing error" in getattr(happening, "reason", "")
    assert automatic >= 20
    assert manual >= 10
    assert corrected >= 20
    assert replicate.persons > 200


def test_the_same_numbers_give_the_same_root() -> None:
    """Played twice, the two ledgers are equal to the last byte."""
    _, _, first = small_trial()
    trial, _, again = rehearsed(small_protocol())
    assert again == first
    assert trial.ledger.root() == small_trial()[0].ledger.root()
    other, _, _ = rehearsed(small_protocol(), replicate=1, until=date(2027, 2, 1))
    stopped, _, _ = rehearsed(small_protocol(), until=date(2027, 2, 1))
    assert other.ledger.root() != stopped.ledger.root()


def test_a_stopped_rehearsal_goes_on_as_if_it_had_not_stopped() -> None:
    """Stopping every week, with everything forgotten in between, changes nothing."""
    trial, replicate = stage(small_protocol())
    day = replicate.starts
    while not play(trial, replicate, until=day).finished:
        day += timedelta(days=9)
        trial._forget()
    assert trial.ledger.root() == small_trial()[0].ledger.root()


def test_what_is_played_in_memory_happens_as_a_whole_or_not_at_all() -> None:
    """Stopped by an error, nothing has happened: not in the ledger, not in what the trial tells, nor on its clock."""
    trial, replicate = stage(small_protocol())
    before, began = trial.ledger.head(), trial.clock_peek()
    days: list[date] = []

    def interrupted(day: date, randomized: Mapping[str, int]) -> None:
        days.append(day)
        if len(days) == 120:
            assert trial.state.randomized > 0
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        play(trial, replicate, progress=interrupted)
    assert trial.ledger.head() == before
    assert trial.clock_peek() == began
    assert (trial.state.screened, trial.state.randomized, trial.state.seq) == (0, 0, before.seq)
    assert trial.participant_ids() == []
    assert play(trial, replicate).finished
    assert trial.ledger.root() == small_trial()[0].ledger.root()


def test_days_played_in_one_commit_leave_what_a_commit_a_day_leaves() -> None:
    """In memory all days are one batch; a store that lasts commits every day. Ledger and tables are the same."""
    trial, replicate = stage(small_protocol())
    trial.ledger.store.lasting = True
    commits = Mock(wraps=trial.ledger.store.commit)
    trial.ledger.store.commit = commits  # type: ignore[method-assign]
    play(trial, replicate, until=date(2027, 3, 1))
    at_once, _, _ = rehearsed(small_protocol(), until=date(2027, 3, 1))
    assert commits.call_count > 20
    assert trial.ledger.root() == at_once.ledger.root()
    for name in trial.ledger.store.tables:
        daily, once = (
            [row for row in one.ledger.rows(name) if row.get("n") != 0] for one in (trial, at_once)
        )
        assert daily
        assert daily == once, name


def test_virtual_people_live_on_around_those_enrolled_by_hand() -> None:
    """A participant enrolled by hand takes a place, gets no virtual visits, and disturbs nobody."""
    trial, replicate = stage(small_protocol())
    play(trial, replicate, randomized=6)
    by_hand = Person(trial, "01").screen(person_name="Enrolled by hand")
    by_hand.consent()
    by_hand.enter_screening()
    expect(by_hand.assess())
    by_hand.sign()
    by_hand.randomize()
    before = trial.participant(by_hand.id)
    assert before is not None
    assert before.status == "randomized"
    played = play(trial, replicate)
    after = trial.participant(by_hand.id)
    assert played.finished
    assert played.randomized == 16
    assert after is not None
    assert set(after.forms) == set(before.forms)
    assert {codes for _, codes in played.refused} <= {("out-of-range",)}
    assert sum(1 for state in trial.participants() if state.status == "completed") >= 10


def test_what_staff_without_mistakes_capture_equals_the_arrays() -> None:
    """Every value on every form of every visit is the array's, at recorded precision."""
    trial, replicate, played = faultless_trial()
    assert not played.refused
    compared = 0
    for state in trial.participants():
        person = person_of(trial, state.id)
        assert person is not None
        arm = replicate.arms.index(state.arm) if state.arm else None
        for address, form in state.forms.items():
            if address.visit == "log":
                continue
            for name, captured in form.values.items():
                if captured.value.code == "derived":
                    continue
                day = form.performed_on.toordinal()
                text = replicate.typed(name, person, arm, day, cured=state.previous is not None)
                if name in replicate.course.dates:
                    # a plan that changed later was corrected on the form that stated it
                    known = {str(date.fromordinal(int(v)))
                             for v in replicate.course.dates[name].values[person]}  # fmt: skip
                    assert captured.value.value in known
                    continue
                assert text is not None
                assert captured.value.raw == in_site_unit(replicate, state.site, name, text)
                if captured.datum is not None and not isinstance(captured.datum.value, str | bool):
                    assert str(captured.datum.value) == text or float(text) == float(
                        captured.datum.value  # type: ignore[arg-type]
                    )
                compared += 1
    assert compared > 5000


def test_the_second_trial_is_rehearsed_without_code_of_its_own() -> None:
    """Three arms, minimization, two time zones, a continuous endpoint, no radiotherapy."""
    trial, replicate, played = rehearsed(second_protocol())
    assert played.finished
    assert played.randomized == 9
    assert {state.arm for state in trial.participants()} >= {"high", "low", "placebo"}
    assert {codes for _, codes in played.refused} <= {("out-of-range",)}
    measured = [
        state for state in trial.participants()
        if Address("w12", "blood_pressure") in state.forms
    ]  # fmt: skip
    assert measured
    for state in measured:
        baseline = state.forms[Address("baseline", "blood_pressure")]
        person = person_of(trial, state.id)
        assert person is not None
        assert baseline.values["sbp"].value.value == replicate.columns["sbp"].typed(person)
    times = [event.server_time for event in trial.ledger.events()]
    assert times == sorted(times)


def severe_by_arm(trial: Trial) -> dict[str, list[bool]]:
    """Grade 3 or more at any captured assessment, by arm."""
    found: dict[str, list[bool]] = {}
    for state in trial.participants():
        if state.arm is None:
            continue
        values = [captured.value.value or "0" for captured in state.series("who_grade")]
        found.setdefault(state.arm, []).append(max(map(int, values), default=0) >= 3)
    return found


def test_a_biased_assessor_shows_an_effect_where_there_is_none() -> None:
    """The null scenario: the spray does nothing, yet fewer severe cases are written down."""
    counted: dict[float, Any] = {}
    for bias in (0.0, 0.5):
        history = small_protocol().assumptions.natural_history
        assert history is not None
        parameters = {**history.parameters, "effect": {}, "assessor_bias": {"spray": bias}}
        scenario = assuming(
            small_protocol(), natural_history=history.model_copy(update={"parameters": parameters})
        )
        trial, _, _ = rehearsed(scenario, staff="faultless")
        counted[bias] = severe_by_arm(trial)
    assert counted[0.5]["control"] == counted[0.0]["control"]
    assert sum(counted[0.5]["spray"]) < sum(counted[0.0]["spray"])


def test_a_trial_that_cannot_open_says_so() -> None:
    """A protocol that is not activatable is not rehearsed for ever."""
    protocol = small_protocol().model_copy(update={"readiness": "draft"})
    protocol.__dict__.pop("version", None)
    trial, replicate = stage(protocol)
    with pytest.raises(PlayError, match="activatable"):
        play(trial, replicate)


def test_a_closed_recruitment_stays_closed() -> None:
    """Once the sponsor stops, nobody else comes and those in screening are told so."""
    trial, replicate = stage(small_protocol())
    play(trial, replicate, randomized=4)
    sponsor = next(g for g in trial.state.grants if g[1] == "sponsor")
    from equipoise.conduct.values import Actor

    expect(trial.do(c.CloseRecruitment(reason="enough"), Actor(sponsor[0], "sponsor")))
    screened = trial.state.screened
    played = play(trial, replicate)
    assert played.finished
    assert trial.state.screened == screened
    assert {s.status for s in trial.participants()} <= {
        "completed", "withdrawn", "screen_failed", "consent_refused",
    }  # fmt: skip


def test_who_is_screened_again_may_have_a_query_open_under_the_first_number() -> None:
    """The play goes on under the new number; in replicate 18 of the first trial this happens in May 2027."""
    trial, arrays = stage(seed_protocol(), replicate=18, staff="faultless")
    play(trial, arrays, until=date(2027, 5, 18))
    found = {state.id: state for state in trial.participants()}
    again = [state for state in found.values() if state.previous is not None]
    assert [s.previous for s in again if found[s.previous or ""].open_queries] == ["02-0036"]

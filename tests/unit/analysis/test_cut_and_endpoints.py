"""What a data cut holds, and what each kind of endpoint makes of it."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from equipoise.analysis import CutError, analyze_cut
from equipoise.analysis.cut import DataCut, cut_events, with_dummy_arms
from equipoise.analysis.effects import time_grid
from equipoise.analysis.endpoints import Outcome, endpoint_data
from equipoise.analysis.sets import analysis_set
from equipoise.conduct import events as e
from equipoise.ledger.merkle import merkle_root
from support.made_up_trial import Log, Person, made_up_events, protocol

DAY = date(2026, 3, 2)
DAY0 = DAY + timedelta(days=14)
LATE = DAY + timedelta(days=100)


def randomized_person(arm: str = "active", log: Log | None = None) -> tuple[Log, Person]:
    """One participant, allocated, with a planned first day."""
    log = log or Log()
    number = len(log.versions) + 1
    person = Person(log, "01", number, DAY)
    person.consent()
    person.save(
        "entry", "entry", DAY, age=40, sex="male", chemo=True, weight="60.0",
        day0_planned=DAY0.isoformat(),
    )  # fmt: skip
    person.randomize(arm, number, DAY + timedelta(days=3), {"site": "01", "chemo": "true"})
    return log, person


def outcome(log: Log, endpoint: str, on: date = LATE) -> Outcome:
    data = cut_events(protocol(), log.pairs, on=on)
    return endpoint_data(data, protocol().endpoint_by_id[endpoint]).outcomes[0]


def day(offset: int) -> date:
    return DAY0 + timedelta(days=offset)


def test_any_assessment_at_the_threshold_is_an_event() -> None:
    log, person = randomized_person()
    for visit, offset, grade in (("w1", 7, 1), ("w2", 14, 3), ("w3", 21, 2)):
        person.save(visit, "check", day(offset), grade=grade)
    assert outcome(log, "severe").value == 1
    assert (outcome(log, "onset").value, outcome(log, "onset").event) == (14, True)
    assert outcome(log, "worst").value == 3


def test_the_window_includes_both_of_its_days_and_nothing_else() -> None:
    for offset, counts in ((-1, False), (0, True), (28, True), (29, False)):
        log, person = randomized_person()
        person.save("w1", "check", day(offset), grade=4)
        found = outcome(log, "severe")
        assert (found.value == 1) is counts
        assert (found.missing == "no_assessment") is not counts


def test_the_real_first_day_moves_the_window() -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(30), grade=3)
    assert outcome(log, "severe").missing == "no_assessment"
    person.save("w1", "check", day(30), day0_date=day(5).isoformat())
    assert outcome(log, "severe").value == 1
    assert outcome(log, "onset").value == 25


def test_a_participant_without_the_event_is_censored_at_the_last_assessment() -> None:
    log, person = randomized_person()
    for visit, offset in (("w1", 6), ("w2", 15)):
        person.save(visit, "check", day(offset), grade=1)
    found = outcome(log, "onset")
    assert (found.value, found.event) == (15, False)


def test_a_value_stated_missing_is_no_assessment() -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=None)
    assert outcome(log, "severe").missing == "no_assessment"


def test_a_corrected_value_counts_as_it_stands() -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=4)
    person.save("w1", "check", day(7), grade=1)
    assert outcome(log, "severe").value == 0


def test_an_open_window_is_not_yet_an_outcome_but_a_censored_time() -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=3)
    assert outcome(log, "severe", on=day(27)).missing == "window_open"
    assert outcome(log, "onset", on=day(27)).event is True
    assert outcome(log, "severe", on=day(28)).value == 1
    person.withdraw("follow_up", "participant_decision", day(9))
    assert outcome(log, "severe", on=day(10)).value == 1


HANDLINGS = ("missing", "no_event", "event")


def handled(log: Log, never: str, left: str, on: date = LATE) -> Outcome:
    """The outcome where the protocol declares these two rules for the yes-or-no endpoint."""
    data = cut_events(protocol(), log.pairs, on=on)
    endpoint = protocol().endpoint_by_id["severe"]
    variable = endpoint.variable.model_copy(
        update={"never_assessed": never, "left_without_event": left}
    )
    (found,) = endpoint_data(data, endpoint.model_copy(update={"variable": variable})).outcomes
    return found


@pytest.mark.parametrize("left", HANDLINGS)
@pytest.mark.parametrize("never", HANDLINGS)
def test_who_was_never_assessed_counts_as_the_protocol_says(never: str, left: str) -> None:
    log, person = randomized_person()
    assert handled(log, never, left, on=day(20)).missing == "window_open"
    for _ in range(2):
        found = handled(log, never, left)
        if never == "missing":
            assert found.missing == "no_assessment"
        else:
            assert (found.event, found.value) == (never == "event", float(never == "event"))
            assert found.counted == "never_assessed"
        # the same when the participant leaves, even before the window is over
        person.withdraw("follow_up", "participant_decision", day(9))


@pytest.mark.parametrize("left", HANDLINGS)
@pytest.mark.parametrize("never", HANDLINGS)
def test_who_left_without_the_event_counts_as_the_protocol_says(never: str, left: str) -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=2)
    person.withdraw("follow_up", "death", day(9))
    found = handled(log, never, left, on=day(10))
    if left == "missing":
        assert found.missing == "left_early"
    else:
        assert (found.event, found.counted) == (left == "event", "left_without_event")


def test_an_event_that_was_seen_counts_whatever_is_declared() -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=3)
    person.withdraw("follow_up", "death", day(9))
    for rule in HANDLINGS:
        found = handled(log, rule, rule)
        assert (found.value, found.event, found.counted) == (1, True, "")


def test_who_stayed_to_the_end_of_the_window_is_counted_as_seen() -> None:
    log, person = randomized_person()
    person.save("w4", "check", day(28), grade=2)
    person.withdraw("follow_up", "participant_decision", day(28))
    for rule in HANDLINGS:
        found = handled(log, rule, rule)
        assert (found.value, found.event, found.counted) == (0, False, "")


def test_counting_somebody_does_not_make_them_evaluable() -> None:
    log, _ = randomized_person()
    endpoint = protocol().endpoint_by_id["severe"]
    variable = endpoint.variable.model_copy(update={"never_assessed": "no_event"})
    endpoints = [
        one.model_copy(update={"variable": variable}) if one.id == "severe" else one
        for one in protocol().endpoints
    ]
    changed = protocol().model_copy(update={"endpoints": endpoints})
    changed.__dict__.pop("endpoint_by_id", None)
    data = replace(cut_events(protocol(), log.pairs, on=LATE), protocol=changed)
    assert analysis_set(data, "graded") == frozenset()
    results = analyze_cut(data)
    primary = results.analysis("primary")
    assert primary.handling == {"never_assessed": "no_event", "left_without_event": "no_event"}
    (group,) = [one for one in primary.groups if one.population]
    assert (group.analyzed, group.events) == (1, 0)
    assert [(one.id, one.count) for one in group.counted] == [("never_assessed", 1)]
    json.dumps(results.to_json(), allow_nan=False)


def test_without_its_anchor_a_window_cannot_be_placed() -> None:
    log = Log()
    person = Person(log, "01", 1, DAY)
    person.consent()
    person.randomize("plain", 1, DAY, {"site": "01", "chemo": "true"})
    assert outcome(log, "severe").missing == "no_anchor"
    assert outcome(log, "onset").missing == "no_anchor"


def test_days_at_least_span_first_to_last_and_are_zero_where_never() -> None:
    log, person = randomized_person()
    for visit, offset, grade in (("w1", 7, 3), ("w2", 14, 1), ("w3", 21, 4), ("w4", 28, 2)):
        person.save(visit, "check", day(offset), grade=grade)
    assert outcome(log, "days").value == 14
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=2)
    assert outcome(log, "days").value == 0


def test_a_change_needs_both_visits() -> None:
    log, person = randomized_person()
    assert outcome(log, "weight_change").missing == "no_assessment"
    person.save("w4", "check", day(28), weight="57.5")
    change = outcome(log, "weight_change")
    assert (change.value, change.baseline) == (-2.5, 60)
    assert outcome(log, "weight_w4").value == 57.5
    person.save("entry", "entry", DAY, weight=None)
    assert outcome(log, "weight_change").missing == "no_baseline"


def test_values_moved_away_leave_with_their_trail() -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=4)
    person.say(
        e.ValuesMovedAway(visit="w1", form="check", repeat="1", to_participant="01-0009", reason="")
    )
    assert outcome(log, "severe").missing == "no_assessment"


def test_whoever_withdraws_data_use_is_counted_and_nothing_more() -> None:
    log, person = randomized_person()
    randomized_person(log=log)
    person.save("w1", "check", day(7), grade=4)
    person.adverse(1, "nausea", 3, day(7), serious=True)
    person.withdraw("data_use", "participant_decision", day(8))
    data = cut_events(protocol(), log.pairs, on=LATE)
    results = analyze_cut(data)
    assert (data.data_use_withdrawn, data.data_use_withdrawn_randomized) == (1, 1)
    assert (results.flow.randomized, results.flow.arms[0].allocated) == (2, 1)
    assert not results.serious
    assert person.id not in json.dumps(results.to_json())
    for frame in (data.participants_frame(), data.assessments_frame(), data.adverse_events_frame()):
        assert person.id not in frame["participant"].to_list()


def test_the_safety_set_needs_a_dose_only_where_there_is_something_to_take() -> None:
    log, first = randomized_person("active")
    _, second = randomized_person("active", log)
    _, third = randomized_person("plain", log)
    first.dose(day(1), True, False)
    second.dose(day(1), False, False)
    data = cut_events(protocol(), log.pairs, on=LATE)
    assert analysis_set(data, "safety") == {first.id, third.id}
    assert analysis_set(data, "itt") == {first.id, second.id, third.id}
    assert analysis_set(data, "graded") == set()


def test_a_dose_seen_by_staff_stands_for_the_diary_entry() -> None:
    log, person = randomized_person()
    person.dose(day(1), True, False)
    person.say(
        e.DoseRecorded(
            intervention="spray", day=day(1).isoformat(), occasion=2, taken=True, reason=""
        )
    )
    (subject,) = cut_events(protocol(), log.pairs, on=LATE).randomized
    assert (subject.doses["spray"].recorded, subject.doses["spray"].taken) == (2, 2)


def test_free_text_never_enters_a_data_set() -> None:
    log, person = randomized_person()
    person.save("w1", "check", day(7), grade=1, remark="call me at home")
    data = cut_events(protocol(), log.pairs, on=LATE)
    assert {one.item for one in data.observations}.isdisjoint({"remark"})
    assert "call me" not in json.dumps(analyze_cut(data).to_json())


def test_a_cut_is_named_by_the_merkle_root_of_its_events() -> None:
    pairs = made_up_events(1, 20)
    data = cut_events(protocol(), pairs[:40])
    assert data.position.seq == 40
    assert data.position.root == merkle_root((event.seq, event.hash) for event, _ in pairs[:40])
    assert data.position.code.replace(" ", "") == data.position.root[:12]


def test_a_cut_of_nothing_is_refused() -> None:
    with pytest.raises(CutError, match="nothing had been recorded"):
        cut_events(protocol(), [])


@pytest.fixture(scope="module")
def whole() -> DataCut:
    return cut_events(protocol(), made_up_events(5, 120), on=date(2027, 6, 1))


def test_frames_have_their_columns_even_when_empty(whole: DataCut) -> None:
    log = Log()
    Person(log, "01", 1, DAY)
    bare = cut_events(protocol(), log.pairs)
    for name in ("participants", "assessments", "adverse_events", "doses"):
        full, empty = (getattr(cut, f"{name}_frame")() for cut in (whole, bare))
        assert full.schema == empty.schema
    assert whole.assessments_frame()["value"].dtype == pl.Float64
    assert whole.participants_frame().height == len(whole.subjects)


def test_dummy_arms_are_dealt_in_the_ratio_and_the_true_ones_do_not_enter(whole: DataCut) -> None:
    dummy = with_dummy_arms(whole)
    true_arms = {one.id: one.arm for one in whole.randomized}
    dealt = {one.id: one.arm for one in dummy.randomized}
    counts = [list(dealt.values()).count(arm) for arm in whole.arms]
    assert max(counts) - min(counts) <= 1
    first, second = whole.arms
    exchanged = replace(
        whole,
        subjects=tuple(
            replace(one, arm={first: second, second: first}[one.arm]) if one.arm else one
            for one in whole.subjects
        ),
    )
    assert {one.id: one.arm for one in with_dummy_arms(exchanged).randomized} == dealt
    same = sum(dealt[name] == arm for name, arm in true_arms.items()) / len(true_arms)
    assert 0.3 < same < 0.7
    assert with_dummy_arms(whole).subjects == dummy.subjects
    results = analyze_cut(dummy)
    assert results.dummy_arms
    assert results.exposure == ()
    assert all(arm.not_received == 0 for arm in results.flow.arms)
    # Doses would tell who is truly treated: the safety set of dummies is everybody.
    assert sum(results.adverse_events.totals) == len(dummy.randomized)


def test_a_method_that_does_not_fit_its_endpoint_says_so(whole: DataCut) -> None:
    for method, endpoint, needs in (
        ("cmh", "weight_w4", "yes-or-no"), ("log_rank", "severe", "time-to-event"),
        ("wilcoxon", "onset", "numeric"),
    ):  # fmt: skip
        analysis = (
            protocol().analyses[0].model_copy(update={"method": method, "endpoint": endpoint})
        )
        changed = protocol().model_copy(update={"analyses": [analysis]})
        (one,) = analyze_cut(replace(whole, protocol=changed)).analyses
        assert needs in one.comparisons[0].estimate.reason
        assert math.isnan(one.comparisons[0].estimate.estimate)


def test_before_anybody_is_randomized_everything_is_defined_and_empty() -> None:
    log = Log()
    Person(log, "01", 1, DAY)
    results = analyze_cut(cut_events(protocol(), log.pairs))
    assert results.flow.in_screening == 1
    assert all(
        c.estimate.reason or c.measure == "none" for a in results.analyses for c in a.comparisons
    )
    json.dumps(results.to_json(), allow_nan=False)


def test_the_order_of_participants_does_not_matter(whole: DataCut) -> None:
    turned = replace(whole, subjects=whole.subjects[::-1], observations=whole.observations[::-1])
    ours, theirs = (analyze_cut(cut).primary for cut in (whole, turned))
    assert ours is not None
    assert theirs is not None
    assert ours.comparisons == theirs.comparisons


@pytest.mark.parametrize("longest", [0, 1, 6, 28, 61, 400, 9000])
def test_the_grid_of_days_is_round_short_and_reaches_the_end(longest: int) -> None:
    grid = time_grid(longest)
    assert grid[0] == 0
    assert grid[-1] >= longest
    assert len(grid) <= 10
    assert len({b - a for a, b in itertools.pairwise(grid)}) <= 1

"""Intercurrent events are found in the data, and each strategy does to the outcome what it says (ICH E9(R1))."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from equipoise.analysis import analyze_cut
from equipoise.analysis.cut import DataCut, cut_events, with_dummy_arms
from equipoise.analysis.endpoints import Outcome, endpoint_data
from equipoise.analysis.intercurrent import happened
from equipoise.analysis.sets import analysis_set, set_reasons
from equipoise.conduct import events as e
from equipoise.protocol.document import Protocol
from equipoise.reporting import study_tables
from support.made_up_trial import Log, Person, made_up_events, protocol

DAY = date(2026, 3, 2)
DAY0 = DAY + timedelta(days=14)
LATE = DAY + timedelta(days=100)

STOPPED = {"kind": "leaving", "scope": "treatment"}
THIN = {"kind": "condition", "when": "weight < 50 'kg' and grade >= 2"}
NAUSEA = {"kind": "adverse_event", "events": {"terms": ["nausea"], "grade": 2}}


def day(offset: int) -> date:
    return DAY0 + timedelta(days=offset)


def gap(days: int, unrecorded: str = "unknown") -> dict[str, Any]:
    return {"kind": "dose_gap", "intervention": "spray", "days": days, "unrecorded": unrecorded}


def asking(
    *rules: dict[str, Any],
    strategy: str = "treatment_policy",
    counts_as: int | None = None,
    exclusions: list[dict[str, Any]] | None = None,
    arms: list[str] | None = None,
) -> Protocol:
    """The made-up trial looking for one event, `it`, with one strategy for it in every endpoint."""
    content = protocol().model_dump(mode="json", by_alias=True)
    label = {"en": "It"}
    content["intercurrent_events"] = [
        {"id": "it", "label": label, "detect": list(rules), "arms": arms or []}
    ]
    for endpoint in content["endpoints"]:
        handled: dict[str, Any] = {"detected": "it", "strategy": strategy}
        if counts_as is not None:
            handled["counts_as"] = counts_as
        endpoint["intercurrent_events"] = [handled]
    content["analysis_sets"].append(
        {"id": "pp", "label": label, "rule": "treated", "exclusions": exclusions or []}
    )
    return Protocol.model_validate(content)


def one_person(arm: str = "active") -> tuple[Log, Person]:
    log = Log()
    person = Person(log, "01", 1, DAY)
    person.consent()
    person.save("entry", "entry", DAY, age=40, sex="male", chemo=True, weight="60.0",
                day0_planned=DAY0.isoformat())  # fmt: skip
    person.randomize(arm, 1, DAY + timedelta(days=3), {"site": "01", "chemo": "true"})
    return log, person


def data_of(log: Log, declared: Protocol, on: date = LATE) -> DataCut:
    documents = {protocol().version: declared, declared.version: declared}
    return cut_events(declared, log.pairs, documents=documents, on=on)


def found(log: Log, *rules: dict[str, Any], on: date = LATE) -> date | None:
    return happened(data_of(log, asking(*rules), on), "it").get("01-0001")


# -- detecting -----------------------------------------------------------------------------------


def test_leaving_treatment_happens_on_its_day_and_leaving_before_it_too() -> None:
    log, person = one_person()
    assert found(log, STOPPED) is None
    person.withdraw("treatment", "adverse_event", day(9))
    assert found(log, STOPPED) == day(9)
    assert found(log, {"kind": "leaving", "scope": "follow_up"}) is None
    person.withdraw("follow_up", "participant_decision", day(12))
    assert found(log, STOPPED) == day(9)
    assert found(log, {"kind": "leaving", "scope": "follow_up"}) == day(12)
    only = {"kind": "leaving", "scope": "follow_up", "categories": ["lost_to_follow_up"]}
    assert found(log, only) is None


def test_a_death_is_seen_whether_it_ended_follow_up_or_was_an_event() -> None:
    log, person = one_person()
    person.adverse(1, "fatigue", 5, day(20))
    assert found(log, {"kind": "death"}) == day(20)
    person.withdraw("follow_up", "death", day(21))
    assert found(log, {"kind": "death"}) == day(21)


def test_a_gap_begins_on_its_first_day_and_needs_all_of_its_days() -> None:
    log, person = one_person()
    for offset, taken in enumerate((True, False, False, True, False, False, False, True)):
        person.dose(day(offset), taken, False)
    assert found(log, gap(2)) == day(1)
    assert found(log, gap(3)) == day(4)
    assert found(log, gap(4)) is None


def test_a_day_without_a_record_ends_a_gap_unless_it_counts_as_not_taken() -> None:
    log, person = one_person()
    for offset in (0, 2):
        person.dose(day(offset), False, False)
    assert found(log, gap(2), on=day(2)) is None
    assert found(log, gap(3, "not_taken"), on=day(2)) == day(0)
    # days still to come are not missed
    assert found(log, gap(4, "not_taken"), on=day(2)) is None


def test_a_condition_is_asked_of_what_was_known_by_the_day() -> None:
    log, person = one_person()
    person.save("w1", "check", day(7), weight="49.0", grade=1)
    assert found(log, THIN) is None
    person.save("w2", "check", day(14), grade=2)
    assert found(log, THIN) == day(14)
    # a correction moves it
    person.save("w1", "check", day(7), weight="49.0", grade=3)
    assert found(log, THIN) == day(7)


def test_a_value_from_before_randomization_is_known_but_is_not_when_it_happens() -> None:
    log, person = one_person()
    heavy = {"kind": "condition", "when": "weight >= 60 'kg'"}
    assert found(log, heavy) is None
    person.save("w1", "check", day(7), weight="61.0")
    assert found(log, heavy) == day(7)


def test_an_adverse_event_of_the_kind_counts_from_its_start() -> None:
    log, person = one_person()
    person.adverse(1, "nausea", 1, day(3))
    assert found(log, NAUSEA) is None
    person.adverse(2, "nausea", 2, day(5))
    assert found(log, NAUSEA, STOPPED) == day(5)
    person.adverse(3, "nausea", 3, DAY)
    assert found(log, NAUSEA) == day(5), "an event from before randomization is none"


def test_an_event_of_one_arm_is_not_looked_for_in_another() -> None:
    log, person = one_person("plain")
    person.withdraw("treatment", "other", day(1))
    data = data_of(log, asking(STOPPED, arms=["active"]))
    assert happened(data, "it") == {}
    (row,) = analyze_cut(data).intercurrent
    assert [(arm.arm, arm.applies, arm.participants) for arm in row.arms] == [
        ("active", True, 0),
        ("plain", False, 0),
    ]


# -- strategies ----------------------------------------------------------------------------------


def outcome(log: Log, endpoint: str, strategy: str, counts_as: int | None = None) -> Outcome:
    data = data_of(log, asking(STOPPED, strategy=strategy, counts_as=counts_as))
    return endpoint_data(data, data.protocol.endpoint_by_id[endpoint]).outcomes[0]


@pytest.fixture
def stopped_between() -> Log:
    """Grade 1 on day 7, treatment stopped on day 10, grade 3 on day 14, weight 58 in week 3 and 55 in week 4."""
    log, person = one_person()
    person.save("w1", "check", day(7), grade=1, weight="59.0")
    person.withdraw("treatment", "other", day(10))
    person.save("w2", "check", day(14), grade=3, weight="58.0")
    person.save("w4", "check", day(28), grade=1, weight="55.0")
    return log


def test_treatment_policy_looks_on(stopped_between: Log) -> None:
    found_ = outcome(stopped_between, "severe", "treatment_policy")
    assert (found_.value, found_.counted) == (1, "")
    assert outcome(stopped_between, "weight_change", "treatment_policy").value == -5


def test_while_on_treatment_ends_with_the_event(stopped_between: Log) -> None:
    assert outcome(stopped_between, "severe", "while_on_treatment").value == 0
    onset = outcome(stopped_between, "onset", "while_on_treatment")
    assert (onset.value, onset.event) == (7, False)
    assert outcome(stopped_between, "worst", "while_on_treatment").value == 1
    assert outcome(stopped_between, "days", "while_on_treatment").value == 0
    change = outcome(stopped_between, "weight_change", "while_on_treatment")
    assert (change.value, change.baseline) == (-1, 60)
    assert change.counted == "intercurrent_event"


def test_a_value_on_the_day_of_the_event_still_counts() -> None:
    log, person = one_person()
    person.save("w1", "check", day(7), grade=3)
    person.withdraw("treatment", "other", day(7))
    assert outcome(log, "severe", "while_on_treatment").value == 1


def test_composite_counts_the_event(stopped_between: Log) -> None:
    onset = outcome(stopped_between, "onset", "composite")
    assert (onset.value, onset.event, onset.counted) == (10, True, "intercurrent_event")
    # seen as well: it was severe on day 14
    assert outcome(stopped_between, "severe", "composite").counted == ""
    log, person = one_person()
    person.save("w1", "check", day(7), grade=1)
    person.withdraw("treatment", "other", day(10))
    severe = outcome(log, "severe", "composite")
    assert (severe.value, severe.event, severe.counted) == (1, True, "intercurrent_event")
    worst = outcome(log, "worst", "composite", counts_as=4)
    assert (worst.value, worst.counted) == (4, "intercurrent_event")
    assert outcome(log, "weight_change", "composite", counts_as=-9).value == -9


@pytest.mark.parametrize(("offset", "counts"), [(28, True), (29, False)])
def test_composite_ends_with_the_window(offset: int, counts: bool) -> None:
    log, person = one_person()
    person.save("w1", "check", day(7), grade=1)
    person.withdraw("treatment", "other", day(offset))
    assert (outcome(log, "severe", "composite").value == 1) is counts
    assert outcome(log, "onset", "composite").event is counts
    assert (outcome(log, "worst", "composite", 4).value == 4) is counts


def test_an_event_before_the_window_is_one_at_its_origin() -> None:
    log, person = one_person()
    person.withdraw("treatment", "other", day(-5))
    onset = outcome(log, "onset", "composite")
    assert (onset.value, onset.event) == (0, True)


def test_hypothetical_uses_nothing_after_the_event(stopped_between: Log) -> None:
    onset = outcome(stopped_between, "onset", "hypothetical")
    assert (onset.value, onset.event) == (7, False)
    assert outcome(stopped_between, "weight_change", "hypothetical").missing == "set_aside"
    assert outcome(stopped_between, "weight_w4", "hypothetical").missing == "set_aside"


def test_a_visit_missed_before_the_event_stays_missing() -> None:
    log, person = one_person()
    person.save("w1", "check", day(7), weight="59.0")
    person.withdraw("treatment", "other", day(40))
    assert outcome(log, "weight_w4", "while_on_treatment").missing == "no_assessment"
    assert outcome(log, "weight_w4", "composite", 0).missing == "no_assessment"


# -- analysis sets -------------------------------------------------------------------------------


def words(text: str) -> dict[str, str]:
    return {"en": text}


def test_everybody_kept_out_of_a_set_is_told_every_reason() -> None:
    log, person = one_person()
    for offset in range(4):
        person.dose(day(offset), offset == 0, False)
    person.withdraw("treatment", "other", day(6))
    person.say(
        e.DeviationLogged(
            kind="dosing",
            severity="major",
            occurred_on=day(3).isoformat(),
            automatic=False,
            text="",
        ),
        day(3),
    )
    declared = asking(
        STOPPED,
        exclusions=[
            {"kind": "deviation", "which": "major", "reason": words("deviated")},
            {"kind": "deviation", "which": "important", "reason": words("importantly")},
            {"kind": "doses_below", "below": "0.2", "reason": words("took little")},
            {"kind": "doses_below", "below": "0.125", "reason": words("took nothing much")},
            {"kind": "intercurrent", "event": "it", "reason": words("stopped")},
            {"kind": "not_evaluable", "endpoint": "severe", "reason": words("not graded")},
            {"kind": "condition", "when": "age >= 40 'a' and chemo", "reason": words("old")},
            {"kind": "condition", "when": "age > 40 'a'", "reason": words("older")},
        ],
    )
    data = data_of(log, declared)
    reasons = set_reasons(data, "pp")["01-0001"]
    assert [reason.text.in_language("en") for reason in reasons if reason.text] == [
        "deviated", "took little", "stopped", "not graded", "old",
    ]  # fmt: skip
    assert analysis_set(data, "pp") == frozenset()
    assert [one.set for one in analyze_cut(data).kept_out] == ["graded", "pp"]


@pytest.mark.parametrize("seed", range(4))
def test_members_and_those_kept_out_are_all_randomized(seed: int) -> None:
    below = {"kind": "doses_below", "below": "0.8", "reason": words("took little")}
    declared = asking(STOPPED, NAUSEA, gap(2), exclusions=[below])
    data = cut_events(
        declared,
        made_up_events(seed, 60),
        documents={protocol().version: declared},
        on=date(2027, 6, 1),
    )
    results = analyze_cut(data)
    sizes = [arm.randomized for arm in results.arms]
    for counted in results.sets:
        out = [one for one in results.kept_out if one.set == counted.id]
        for at, arm in enumerate(data.arms):
            assert counted.members[at] + sum(one.arm == arm for one in out) == sizes[at]
        for reason in counted.reasons:
            naive = sum(reason.id in {r.id for r in one.reasons} for one in out)
            assert sum(reason.counts) == naive


def test_dummy_arms_tell_nothing_that_rests_on_doses_or_one_arm() -> None:
    below = {"kind": "doses_below", "below": "0.99", "reason": words("took little")}
    events = made_up_events(3, 60)
    seen = []
    for swapped in (False, True):
        declared = asking(STOPPED, gap(1), exclusions=[below])
        arms = {"active": "plain", "plain": "active"} if swapped else {}
        changed = []
        for event, what in events:
            if isinstance(what, e.ParticipantRandomized):
                fields = {name: getattr(what, name) for name in what.__struct_fields__}
                what = type(what)(**{**fields, "arm": arms.get(what.arm, what.arm)})
            changed.append((event, what))
        documents = {protocol().version: declared}
        data = cut_events(declared, changed, documents=documents, on=date(2027, 6, 1))
        results = analyze_cut(with_dummy_arms(data))
        tables = [
            t
            for t in study_tables(results, "en")
            if t.id in ("analysis-sets", "exclusions", "intercurrent")
        ]
        assert len(tables) == 3
        seen.append(tables)
        assert analyze_cut(data).kept_out, "with the true arms some are kept out"
    assert seen[0] == seen[1]
    assert not any(row.shown for row in results.intercurrent)

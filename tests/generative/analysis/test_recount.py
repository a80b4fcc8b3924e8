"""Every table's numbers add up, and equal a naive recount straight from the events."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from equipoise.analysis import Results, analyze_cut
from equipoise.analysis.cut import cut_events
from equipoise.conduct import events as e
from support.made_up_trial import made_up_events, protocol

SEEDS = range(1, 13)
CUT_DAY = date(2027, 6, 1)


@dataclass
class Naive:
    """One participant, counted by hand."""

    screened: bool = False
    refused: bool = False
    consented: bool = False
    failed: tuple[str, ...] | None = None
    arm: str = ""
    randomized_on: date = date.min
    strata: dict[str, str] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    completed: bool = False
    forms: dict[str, tuple[date, dict[str, str | None]]] = field(default_factory=dict)
    taken: dict[tuple[str, str], bool] = field(default_factory=dict)
    events: list[tuple[str, int, date, bool]] = field(default_factory=list)

    @property
    def doses(self) -> list[bool]:
        return list(self.taken.values())

    @property
    def used(self) -> bool:
        return "data_use" not in self.left

    def window(self) -> tuple[date, date]:
        first = self.forms["entry"][1]["day0_planned"]
        for _, values in self.forms.values():
            first = values.get("day0_date") or first
        assert first is not None
        start = date.fromisoformat(first)
        return start, start + timedelta(days=28)

    def grades(self) -> list[tuple[date, int]]:
        start, end = self.window()
        found = [
            (day, int(grade))
            for day, values in self.forms.values()
            if (grade := values.get("grade")) is not None and start <= day <= end
        ]
        return sorted(found)


def recount(seed: int) -> dict[str, Naive]:
    people: dict[str, Naive] = defaultdict(Naive)
    for event, what in made_up_events(seed, 80):
        if not event.stream.startswith("participant/"):
            continue
        one = people[event.stream.removeprefix("participant/")]
        if isinstance(what, e.ParticipantScreened):
            one.screened = True
        elif isinstance(what, e.ConsentRefused):
            one.refused = True
        elif isinstance(what, e.ConsentRecorded):
            one.consented = True
        elif isinstance(what, e.ScreeningFailed):
            one.failed = what.criteria
        elif isinstance(what, e.ParticipantRandomized):
            one.arm, one.strata = what.arm, what.strata
            one.randomized_on = date.fromisoformat(what.randomized_on)
        elif isinstance(what, e.ParticipantWithdrawn):
            one.left.add(what.scope)
        elif isinstance(what, e.ParticipantCompleted):
            one.completed = True
        elif isinstance(what, e.FormSaved):
            known = one.forms.get(what.visit, (date.min, {}))[1]
            values = {**known, **{value.item: value.value for value in what.values}}
            one.forms[what.visit] = (date.fromisoformat(what.performed_on), values)
        elif isinstance(what, e.DiaryDayRecorded):
            # A day written twice is the day as written last.
            one.taken.update({(what.day, v.item): v.value == "true" for v in what.values})
        elif isinstance(what, e.AdverseEventReported):
            start = date.fromisoformat(what.started_on)
            one.events.append((what.term, what.grade, start, bool(what.seriousness)))
    return people


def analyzed(seed: int) -> Results:
    return analyze_cut(cut_events(protocol(), made_up_events(seed, 80), on=CUT_DAY))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_flow_counts_everybody_once(seed: int) -> None:
    people, flow = recount(seed), analyzed(seed).flow
    assert flow.screened == len(people)
    not_randomized = (
        flow.not_eligible + flow.consent_refused + flow.other_reason + flow.withdrawn_before
        + flow.in_screening + flow.data_use_withdrawn_before
    )  # fmt: skip
    assert flow.screened == not_randomized + flow.randomized
    assert flow.randomized == sum(bool(p.arm) for p in people.values())
    assert flow.consent_refused == sum(p.refused for p in people.values())
    assert flow.not_eligible == sum(bool(p.failed) for p in people.values())
    assert flow.other_reason == sum(p.failed == () for p in people.values())
    criteria = Counter(c for p in people.values() for c in p.failed or ())
    assert {one.id: one.count for one in flow.criteria} == dict(criteria)
    withdrawn = sum(not p.used and bool(p.arm) for p in people.values())
    assert flow.randomized == sum(arm.allocated for arm in flow.arms) + withdrawn
    for arm in flow.arms:
        members = [p for p in people.values() if p.arm == arm.arm and p.used]
        assert arm.allocated == len(members)
        left = sum("follow_up" in p.left for p in members)
        assert sum(reason.count for reason in arm.left_follow_up) == left
        assert arm.allocated == arm.completed + left + arm.on_study
        assert arm.allocated == arm.received + arm.not_received
        assert arm.allocated == arm.analyzed + sum(r.count for r in arm.not_analyzed)
        if arm.has_product:
            assert arm.received == sum(any(p.doses) for p in members)


@pytest.mark.parametrize("seed", SEEDS)
def test_primary_counts_equal_a_recount(seed: int) -> None:
    people, results = recount(seed), analyzed(seed)
    for group in results.analysis("primary").groups:
        members = [p for p in people.values() if p.arm == group.arm and p.used]
        open_windows = [
            p for p in members
            if p.window()[1] > CUT_DAY and not (p.completed or "follow_up" in p.left)
        ]  # fmt: skip
        assert not open_windows
        graded = [p for p in members if p.grades()]
        assert group.population == len(members)
        assert group.analyzed == len(graded)
        assert sum(reason.count for reason in group.missing) == len(members) - len(graded)
        assert group.events == sum(max(g for _, g in p.grades()) >= 3 for p in graded)


@pytest.mark.parametrize("seed", SEEDS)
def test_times_to_the_event_equal_a_recount(seed: int) -> None:
    people = recount(seed)
    for curve in analyzed(seed).analysis("curves").curves:
        events: Counter[int] = Counter()
        censored: Counter[int] = Counter()
        for person in people.values():
            if person.arm != curve.arm or not person.used or not person.grades():
                continue
            start = person.window()[0]
            severe = [day for day, grade in person.grades() if grade >= 3]
            if severe:
                events[(severe[0] - start).days] += 1
            else:
                censored[(person.grades()[-1][0] - start).days] += 1
        assert dict(zip(curve.times, curve.events, strict=True)) == {
            day: events[day] for day in sorted(events | censored)
        }
        assert sum(curve.censored) == censored.total()
        assert curve.grid_at_risk[0] == events.total() + censored.total()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_baseline_table_adds_up(seed: int) -> None:
    people, results = recount(seed), analyzed(seed)
    sizes = [arm.randomized for arm in results.arms]
    for row in results.baseline.rows:
        assert [k + m for k, m in zip(row.known, row.missing, strict=True)] == [*sizes, sum(sizes)]
        if len(row.levels) > 1:
            sums = tuple(
                sum(column) for column in zip(*(x.counts for x in row.levels), strict=True)
            )
            assert sums == row.known
    ages = next(row for row in results.baseline.rows if row.id == "age")
    for arm, described in zip(results.arms, ages.distributions, strict=False):
        known = [
            int(p.forms["entry"][1]["age"] or "")
            for p in people.values() if p.arm == arm.id and p.used
        ]  # fmt: skip
        assert described.mean == pytest.approx(sum(known) / len(known))
        assert (described.minimum, described.maximum) == (min(known), max(known))
    site = next(row for row in results.baseline.rows if row.id == "site")
    strata = Counter(p.strata["site"] for p in people.values() if p.arm and p.used)
    assert {level.id: level.counts[-1] for level in site.levels} == dict(strata)


@pytest.mark.parametrize("seed", SEEDS)
def test_adverse_events_count_participants_once_at_the_worst_grade(seed: int) -> None:
    people, results = recount(seed), analyzed(seed)
    table = results.adverse_events
    for index, arm in enumerate(results.arms):
        members = [
            p for p in people.values()
            if p.arm == arm.id and p.used and (arm.id == "plain" or any(p.doses))
        ]  # fmt: skip
        assert table.totals[index] == len(members)
        for row in (table.any_event, *table.terms):
            cell, worst, events, serious = row.arms[index], Counter[int](), 0, 0
            for person in members:
                here = [
                    x for x in person.events
                    if x[2] >= person.randomized_on and row.id in ("", x[0])
                ]  # fmt: skip
                events += len(here)
                if here:
                    worst[max(grade for _, grade, _, _ in here)] += 1
                    serious += any(flag for *_, flag in here)
            assert cell.worst == tuple(worst[grade] for grade in range(1, 6))
            assert (cell.participants, cell.events) == (worst.total(), events)
            assert cell.serious == serious
            assert sum(cell.worst) == cell.participants
    everyone = sum(len([x for x in p.events if x[3]]) for p in people.values() if p.arm and p.used)
    assert len(results.serious) == everyone


@pytest.mark.parametrize("seed", SEEDS)
def test_exposure_counts_every_dose_once(seed: int) -> None:
    people, (row,) = recount(seed), analyzed(seed).exposure
    doses = [p.doses for p in people.values() if p.arm == "active" and p.used and p.doses]
    assert (row.participants, row.recorded, row.taken) == (
        len(doses), sum(map(len, doses)), sum(map(sum, doses)),
    )  # fmt: skip

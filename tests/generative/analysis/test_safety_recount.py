"""Every count of the safety tables equals a naive recount straight from the events of two rehearsed trials."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest

from equipoise.analysis import Results, analyze
from equipoise.conduct import events as e
from equipoise.trial import Trial
from support.played import rehearsed, second_protocol, small_trial

TRIALS = ("spray", "tablets")
RELATED = {"possible", "probable", "definite"}
ORDER = ["", "not_related", "unlikely", "possible", "probable", "definite"]


@dataclass
class Naive:
    """One participant as the events tell it, one after the other."""

    site: str = ""
    arm: str = ""
    sex: str = ""
    since: date = date.max
    left: date | None = None
    completed: date | None = None
    events: dict[int, dict[str, Any]] = field(default_factory=dict)
    forms: dict[tuple[str, str, str], tuple[date, dict[str, str | None]]] = field(
        default_factory=dict
    )
    doses: dict[tuple[str, date, str], bool] = field(default_factory=dict)

    def counted(self) -> list[dict[str, Any]]:
        return [one for one in self.events.values() if one["start"] >= self.since]


@cache
def trial_of(name: str) -> Trial:
    return small_trial()[0] if name == "spray" else rehearsed(second_protocol())[0]


@cache
def results_of(name: str) -> Results:
    return analyze(trial_of(name))


@cache
def people_of(name: str) -> dict[str, Naive]:
    trial = trial_of(name)
    people: dict[str, Naive] = defaultdict(Naive)
    for event, what in trial.events():
        if not event.stream.startswith("participant/"):
            continue
        one = people[event.stream.removeprefix("participant/")]
        if isinstance(what, e.ParticipantScreened):
            one.site = event.site
        elif isinstance(what, e.ParticipantRandomized):
            one.arm, one.since = what.arm, date.fromisoformat(what.randomized_on)
        elif isinstance(what, e.ParticipantWithdrawn) and what.scope != "treatment":
            one.left = min(one.left or date.max, date.fromisoformat(what.on))
        elif isinstance(what, e.ParticipantCompleted):
            one.completed = date.fromisoformat(what.on)
        elif isinstance(what, e.AdverseEventReported | e.AdverseEventUpdated):
            known = one.events.setdefault(what.number, {})
            known |= {
                "grade": what.grade, "serious": bool(what.seriousness), "outcome": what.outcome,
                "causes": dict(what.causality),
                "end": date.fromisoformat(what.ended_on) if what.ended_on else None,
            }  # fmt: skip
            if isinstance(what, e.AdverseEventReported):
                known |= {"term": what.term, "start": date.fromisoformat(what.started_on)}
        elif isinstance(what, e.FormSaved):
            place = (what.visit, what.form, what.repeat)
            values = dict(one.forms.get(place, (date.min, {}))[1])
            values |= {value.item: value.value for value in what.values}
            one.forms[place] = (date.fromisoformat(what.performed_on), values)
            one.sex = values.get("sex") or one.sex
        elif isinstance(what, e.DiaryDayRecorded):
            for value in what.values:
                if value.value is not None:
                    key = (what.diary, date.fromisoformat(what.day), value.item)
                    one.doses[key] = value.value == "true"
    return {number: one for number, one in people.items() if one.arm}


def in_arm(name: str, arm: str) -> dict[str, Naive]:
    """The safety set of an arm: who took a dose, or everybody where there is nothing to take."""
    protocol = trial_of(name).protocol
    products = [
        one
        for one in protocol.arm_by_id[arm].interventions
        if protocol.intervention_by_id[one].regimen is not None
    ]
    return {
        number: one
        for number, one in people_of(name).items()
        if one.arm == arm and (not products or any(one.doses.values()))
    }


@pytest.mark.parametrize("name", TRIALS)
def test_relatedness_counts_each_participant_once(name: str) -> None:
    results = results_of(name)
    seen = 0
    for index, arm in enumerate(results.arms):
        people = in_arm(name, arm.id)
        for row in (results.adverse_events.any_event, *results.adverse_events.terms):
            here = [
                (number, one)
                for number, person in people.items()
                for one in person.counted()
                if row.id in ("", one["term"])
            ]
            related = [(n, one) for n, one in here if RELATED & set(one["causes"].values())]
            cell = row.arms[index]
            assert cell.related == len({n for n, _ in related})
            assert cell.related_severe == len({n for n, one in related if one["grade"] >= 3})
            assert cell.related_serious == len({n for n, one in related if one["serious"]})
            assert cell.other == len({n for n, one in here if not one["serious"]})
            assert cell.serious_events == sum(one["serious"] for _, one in here)
            seen += cell.related
        closest = Counter(
            max((c for one in p.counted() for c in (*one["causes"].values(), "")), key=ORDER.index)
            for p in people.values()
            if p.counted()
        )
        for judged in results.adverse_events.judged:
            assert judged.counts[index] == closest[judged.id]
    assert seen


@pytest.mark.parametrize("name", TRIALS)
def test_rates_count_first_events_and_the_days_until_them(name: str) -> None:
    trial, results = trial_of(name), results_of(name)
    until = trial.protocol.safety.collect_until
    assert until is not None
    for index, arm in enumerate(results.arms):
        people = in_arm(name, arm.id)
        for row in results.rates:
            days = first = 0
            for person in people.values():
                starts = [x["start"] for x in person.counted() if row.id in ("", x["term"])]
                if starts:
                    first += 1
                    days += (min(starts) - person.since).days + 1
                    continue
                anchor = person.since
                if until.anchor == "rt_last":
                    found = [
                        v.get("rt_last_date") or v.get("rt_planned_end")
                        for _, v in person.forms.values()
                    ]
                    actual = [
                        v["rt_last_date"] for _, v in person.forms.values() if v.get("rt_last_date")
                    ]
                    planned = [one for one in found if one]
                    anchor = date.fromisoformat((actual or planned)[-1] or "")
                ends = [results.position.on, anchor + timedelta(days=until.day)]
                ends += [one for one in (person.left, person.completed) if one is not None]
                deaths = [
                    x["end"] or x["start"]
                    for x in person.events.values()
                    if x["outcome"] == "fatal"
                ]
                days += max((min([*ends, *deaths]) - person.since).days + 1, 0)
            assert row.arms[index].participants == first
            assert row.arms[index].weeks == pytest.approx(days / 7)
            if days:
                assert row.arms[index].rate.estimate == pytest.approx(100 * first / (days / 7))


@pytest.mark.parametrize("name", TRIALS)
def test_laboratory_shifts_hold_each_value_against_the_range_of_its_site(name: str) -> None:
    trial, results = trial_of(name), results_of(name)
    ranges: dict[tuple[str, str], list[e.LaboratoryRangeSet]] = defaultdict(list)
    for event, what in trial.events():
        if isinstance(what, e.LaboratoryRangeSet):
            ranges[event.site, what.item].append(what)
    items = trial.protocol.item_by_id

    def level(site: str, sex: str, item: str, value: float) -> str | None:
        fitting = [one for one in ranges[site, item] if one.sex in (None, sex)]
        if not fitting:
            return None
        one = [x for x in fitting if x.sex] or fitting
        assert one[-1].unit == items[item].unit
        if one[-1].lower and value < float(one[-1].lower):
            return "low"
        if one[-1].upper and value > float(one[-1].upper):
            return "high"
        return "normal"

    assert results.shifts
    moved = 0
    for shift in results.shifts:
        for index, arm in enumerate(results.arms):
            counts: Counter[tuple[str, str]] = Counter()
            for person in in_arm(name, arm.id).values():
                found = sorted(
                    (day, float(value))
                    for day, values in person.forms.values()
                    if (value := values.get(shift.item)) is not None
                )
                levels = [(day, level(person.site, person.sex, shift.item, v)) for day, v in found]
                before = [one for day, one in levels if day <= person.since]
                after = {one for day, one in levels if day > person.since and one}
                out = after - {"normal"}
                worst = (
                    "both" if len(out) == 2 else out.pop() if out else "normal" if after else "none"
                )
                counts[(before[-1] if before else None) or "unknown", worst] += 1
            wanted = tuple(
                tuple(counts[b, a] for a in ("low", "normal", "high", "both", "none"))
                for b in ("low", "normal", "high", "unknown")
            )
            assert shift.arms[index] == wanted
            moved += sum(counts["normal", out] for out in ("low", "high", "both"))
    assert moved


def naive_grade(term: str, value: float, limit: float, first: float | None) -> int:
    """The grade of a value by the text of CTCAE v5.0, for the terms of the two trials."""
    falling = {
        "White blood cell decreased": (3.0, 2.0, 1.0), "Neutrophil count decreased": (1.5, 1.0, 0.5),
        "Platelet count decreased": (75, 50, 25), "Anemia": (100, 80, -1),
    }  # fmt: skip
    if term in falling:
        return int(
            max([value < limit, *((at + 2) * (value < x) for at, x in enumerate(falling[term]))])
        )
    if term == "Hyperkalemia":
        return int(
            max([value > limit, *((at + 2) * (value > x) for at, x in enumerate((5.5, 6, 7)))])
        )
    if term == "Creatinine increased":
        ratios = [value > limit, 2 * (value > 1.5 * limit), 3 * (value > 3 * limit), 4 * (value > 6 * limit)]  # fmt: skip
        if first is not None:
            ratios += [2 * (value > 1.5 * first), 3 * (value > 3 * first)]
        return int(max(ratios))
    bilirubin = term == "Blood bilirubin increased"
    steps = (1.5, 3, 10) if bilirubin else (3, 5, 20)
    base = limit if first is None or first <= limit else first
    lowest = value > base if bilirubin or base == limit else value >= 1.5 * base
    return int(max([lowest, *((at + 2) * (value > x * base) for at, x in enumerate(steps))]))


@pytest.mark.parametrize("name", TRIALS)
def test_grades_of_laboratory_values_are_those_of_a_naive_recount(name: str) -> None:
    trial, results = trial_of(name), results_of(name)
    ranges: dict[tuple[str, str], list[e.LaboratoryRangeSet]] = defaultdict(list)
    for event, what in trial.events():
        if isinstance(what, e.LaboratoryRangeSet):
            ranges[event.site, what.item].append(what)
    items = trial.protocol.item_by_id
    wanted = [i.id for i in trial.protocol.items if i.laboratory and i.standards.ctcae]
    assert [one.item for one in results.grades] == wanted
    reached = 0
    for shift in results.grades:
        term = items[shift.item].standards.ctcae or ""
        assert shift.term.en == term
        falls = term.endswith("decreased") or term == "Anemia"
        for index, arm in enumerate(results.arms):
            counts: Counter[tuple[str, str]] = Counter()
            for person in in_arm(name, arm.id).values():
                fitting = [
                    r for r in ranges[person.site, shift.item] if r.sex in (None, person.sex)
                ]
                own = [r for r in fitting if r.sex] or fitting
                limit = float((own[-1].lower if falls else own[-1].upper) or "nan")
                found = sorted(
                    (day, float(value))
                    for day, values in person.forms.values()
                    if (value := values.get(shift.item)) is not None
                )
                before = [value for day, value in found if day <= person.since]
                first = before[-1] if before else None
                then = "unknown" if first is None else str(naive_grade(term, first, limit, None))
                after = [
                    naive_grade(term, v, limit, first) for day, v in found if day > person.since
                ]
                counts[then, str(max(after)) if after else "none"] += 1
            assert shift.arms[index] == tuple(
                tuple(counts[b, a] for a in ("0", "1", "2", "3", "4", "none"))
                for b in ("0", "1", "2", "3", "4", "unknown")
            )
            reached += sum(counts["0", grade] for grade in "234")
    assert reached or name == "tablets"


@pytest.mark.parametrize("name", TRIALS)
def test_time_on_treatment_and_adherence_come_from_the_diary(name: str) -> None:
    results = results_of(name)
    assert results.exposure
    for row in results.exposure:
        people = [p for p in people_of(name).values() if p.arm == row.arm and p.doses]
        taken = [sorted(day for (_, day, _), yes in p.doses.items() if yes) for p in people]
        assert row.recorded == sum(len(p.doses) for p in people)
        assert row.taken == sum(map(len, taken))
        spans = [(days[-1] - days[0]).days + 1 for days in taken if days]
        assert row.days.count == len(spans)
        assert row.days.mean == pytest.approx(sum(spans) / len(spans))
        assert row.planned >= row.recorded
        assert 0 < row.of_planned.mean <= row.per_participant.mean


@pytest.mark.parametrize("name", TRIALS)
def test_deaths_are_those_of_all_randomized(name: str) -> None:
    results = results_of(name)
    for index, arm in enumerate(results.arms):
        people = [p for p in people_of(name).values() if p.arm == arm.id]
        dead = [p for p in people if any(x["outcome"] == "fatal" for x in p.events.values())]
        assert results.deaths.totals[index] == len(people)
        assert results.deaths.counts[index] == len(dead)

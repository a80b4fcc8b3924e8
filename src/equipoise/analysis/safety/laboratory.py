"""Laboratory shifts: from where a value stood at randomization to the worst it came to, by the site's own ranges and by
CTCAE grade."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from equipoise.conduct.environment import range_on
from equipoise.protocol.document import Item
from equipoise.quantity.units import convert

from ..cut import DataCut, Observation, Subject
from ..safety_results import (
    BASELINE_GRADES,
    BASELINE_LEVELS,
    WORST_GRADES,
    WORST_LEVELS,
    GradeShift,
    Shift,
)
from . import ctcae
from .events import safety_set


def laboratory_shifts(data: DataCut) -> tuple[Shift, ...]:
    """A table for each laboratory item that has values and a range, in the protocol's order.

    Baseline is the last value up to the day of randomization. Worst is what later values came to: below the range,
    above it, both, or never out of it. A value on a day for which the site's laboratory has no range is unknown.
    """
    members = safety_set(data)
    shifts = []
    for item in data.protocol.items:
        if not item.laboratory:
            continue
        arms = []
        seen = False
        for arm in data.arms:
            counts: Counter[tuple[str, str]] = Counter()
            for one in members:
                if one.arm == arm:
                    place = _shift(data, item, one)
                    seen = seen or place != ("unknown", "none")
                    counts[place] += 1
            arms.append(
                tuple(
                    tuple(counts[before, after] for after in WORST_LEVELS)
                    for before in BASELINE_LEVELS
                )
            )
        if seen:
            shifts.append(Shift(item.id, item.label, item.unit, tuple(arms)))
    return tuple(shifts)


def _shift(data: DataCut, item: Item, subject: Subject) -> tuple[str, str]:
    before = "unknown"
    after: set[str] = set()
    for one in data.series(item.id, subject.id):
        where = _against_range(data, item, subject, one)
        if subject.randomized_on is None or one.on <= subject.randomized_on:
            before = where or "unknown"
        elif where is not None:
            after.add(where)
    return before, _worst(after)


def _worst(levels: Iterable[str]) -> str:
    out = {one for one in levels if one != "normal"}
    if len(out) == 2:
        return "both"
    if out:
        return out.pop()
    return "normal" if set(levels) else "none"


def _against_range(data: DataCut, item: Item, subject: Subject, one: Observation) -> str | None:
    """Below, within or above the range of the site's laboratory on that day; None where it has none."""
    found = _normal_range(data, item, subject, one)
    if one.value is None or found is None:
        return None
    lower, upper = found
    if lower is not None and one.value < float(lower):
        return "low"
    if upper is not None and one.value > float(upper):
        return "high"
    return "normal"


def _normal_range(
    data: DataCut, item: Item, subject: Subject, one: Observation
) -> tuple[Decimal | None, Decimal | None] | None:
    """The lower and upper limit of normal of the site's laboratory on that day, in the item's unit."""
    found = range_on(
        data.around.ranges.get(subject.site, ()), item.id, one.on, subject.baseline.get("sex")
    )
    if found is None:
        return None
    unit = found.unit

    def limit(bound: Decimal | None) -> Decimal | None:
        if bound is None or not item.unit or unit == item.unit:
            return bound
        return convert(bound, unit, item.unit)

    return limit(found.lower), limit(found.upper)


def grade_shifts(data: DataCut) -> tuple[GradeShift, ...]:
    """A table by CTCAE v5.0 grade for each laboratory item whose term has limits (`ctcae`), in the protocol's order.

    None where the protocol grades by another scale. Baseline is graded by absolute limits and by the range;
    later values by the term's multiples of baseline as well. A value that no limit decides has no grade.
    """
    if data.protocol.safety.grading != ctcae.SCALE:
        return ()
    members = safety_set(data)
    shifts = []
    for item in data.protocol.items:
        named = ctcae.term_named(item.standards.ctcae)
        term = ctcae.in_unit(named, item.unit) if named is not None and item.laboratory else None
        if term is None:
            continue
        counts = {arm: Counter[tuple[str, str]]() for arm in data.arms}
        for one in members:
            if one.arm is not None:
                counts[one.arm][_grades(data, item, term, one)] += 1
        if any(place != ("unknown", "none") for found in counts.values() for place in found):
            arms = tuple(
                tuple(tuple(counts[arm][b, a] for a in WORST_GRADES) for b in BASELINE_GRADES)
                for arm in data.arms
            )
            shifts.append(GradeShift(item.id, item.label, term.name, arms))
    return tuple(shifts)


def _grades(data: DataCut, item: Item, term: ctcae.Term, subject: Subject) -> tuple[str, str]:
    """The grade at baseline and the worst after it."""
    before: int | None = None
    baseline: Decimal | None = None
    abnormal = False
    after: list[int] = []
    for one in data.series(item.id, subject.id):
        if one.value is None:
            continue
        lower, upper = _normal_range(data, item, subject, one) or (None, None)
        limit = upper if term.high else lower
        if subject.randomized_on is None or one.on <= subject.randomized_on:
            before = ctcae.grade(term, one.value, limit, None, False)
            baseline = Decimal(repr(one.value))
            abnormal = limit is not None and (baseline > limit if term.high else baseline < limit)
        else:
            found = ctcae.grade(term, one.value, limit, baseline, abnormal)
            after += [] if found is None else [found]
    return "unknown" if before is None else str(before), str(max(after)) if after else "none"

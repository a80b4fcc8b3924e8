"""Whether screening is certain: who is not made to fail is randomized on the day planned, and whoever is fails."""

from __future__ import annotations

from collections.abc import Mapping

from equipoise.protocol.expression import compile_expression

from ..certain import Days, Facts, UncertainError, certainly_eligible, certainly_fail, holds
from .errors import BeyondError
from .known import Known, working_span


def check_screening(known: Known) -> None:
    """Raise `BeyondError` unless that is certain of every candidate there can be."""
    given, plan, p = known.given, known.screening, known.parameters
    low, high = given.accrual.days_to_randomization
    if plan.decided_twice:
        raise BeyondError("criteria that are decided anew on the day of randomization")
    soonest, latest = given.accrual.rescreening_after_days
    if not (1 <= low <= high and 6 <= soonest <= latest):
        raise BeyondError("randomization, or a second screening, within a day or a week")
    spans = [working_span(weekday, count) for count in range(low, high + 1) for weekday in range(5)]
    start, shift = p.radiotherapy.start_after_randomization, p.radiotherapy.shift
    if min(spans) + start - shift.known_before[1] <= 0 and shift.probability:
        raise BeyondError("a course whose start may have moved by the day of screening")
    assert p.items.planned_start is not None
    days = {p.items.planned_start: Days(min(spans) + start, max(spans) + start + 6)}
    numbers: dict[str, Mapping[tuple[str, str], float]] = {}
    if p.items.planned_dose is not None:
        numbers[p.items.planned_dose] = _planned_doses(known)
    facts = Facts(
        known.protocol, given, plan.collected, plan.ranges, days, numbers, {},
    )  # fmt: skip
    later = given.accrual.rescreening_after_days[1] + 2 if given.accrual.rescreening else 0
    forced = Facts(
        known.protocol, given, plan.collected, plan.ranges, days, numbers, {}, later,
    )  # fmt: skip
    try:
        if not certainly_eligible(facts):
            raise BeyondError("criteria that not everybody meets who is not made to fail")
        for index, one in enumerate(given.participants.screening_failures):
            if one.probability and not certainly_fail(forced, index):
                raise BeyondError(f"a violation of {one.criterion} that is not certain")
        _check_moment(known, facts, start)
    except UncertainError as error:
        raise BeyondError(f"criteria that depend on {error}") from error


def _planned_doses(known: Known) -> dict[tuple[str, str], float]:
    """The planned dose by the item that decides it."""
    plan, found = known.parameters.radiotherapy, {}
    items = {one.item for one in (plan.dose, plan.fractions) if one.item is not None}
    if len(items) > 1:
        raise BeyondError("a planned dose that several items decide")
    item = next(iter(items), None)
    levels = known.categories[item][0] if item else ("",)
    for level in levels:
        dose = plan.dose.levels.get(level, plan.dose.otherwise)
        fractions = int(plan.fractions.levels.get(level, plan.fractions.otherwise))
        # rounding moves it by less than this
        found[item or "", level] = round(dose * fractions, 6)
    return found


def _check_moment(known: Known, facts: Facts, start: int) -> None:
    """The conditions of the day of randomization hold for everybody."""
    randomization = known.randomization
    if randomization.latest is not None:
        anchors = {one.id: one for one in known.protocol.schedule.anchors}
        anchor = anchors[randomization.latest.anchor]
        if anchor.planned != known.parameters.items.planned_start:
            raise BeyondError("a latest day of randomization that is not before the course")
        if start + randomization.latest.day < 0:
            raise BeyondError("a day of randomization that may come too late")
    for condition in randomization.requires:
        tree = compile_expression(condition, known.protocol).tree
        if holds(facts, tree) != frozenset({True}):
            raise BeyondError(f"the condition {condition}, which may not hold")

"""Radiotherapy and what it does: the kernel's table of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...columns import kind_of
from ...histories import cells
from ...histories.latent_mucosal_injury import FLOOR
from ...histories.latent_mucosal_injury import tables_of as course_tables
from ...lean import normal_levels
from ..outcomes import numbers_of
from .arrays import reals, whole_numbers
from .errors import BeyondError
from .known import Known, working_span

MOST_WEEKS = 15
"""Weeks of a course for which the kernel has room."""


def course(known: Known) -> dict[str, Any]:
    """The fields of `kernels.trial.Course`."""
    p, given = known.parameters, known.given
    plan, radiotherapy = given.adherence, p.radiotherapy
    occasions = max((len(diary.dose_items) for diary in known.protocol.schedule.diaries), default=1)
    drawn = course_tables(p, plan.alpha, plan.beta, max(occasions, 1))
    strength = known.by_category(radiotherapy.dose) * known.by_category(p.susceptibility)
    if p.chemotherapy is not None:
        item, kappa = p.chemotherapy.item, p.chemotherapy.kappa
        treated = np.array([levels[item] == "true" for levels in known.joint])
        strength = strength * (1 + kappa * treated)
    fractions = known.by_category(radiotherapy.fractions).astype(np.int64)
    if fractions.min() < 2:
        raise BeyondError("a course of less than two fractions")
    for days in (radiotherapy.shift.days, radiotherapy.interruption.days):
        # the kernel counts days without a sign
        if not 0 <= days[0] <= days[1]:
            raise BeyondError("a course moved to an earlier day, or a break of less than no days")
    effect = [p.effect.get(arm, 0.0) for arm in known.arms]
    noise = drawn.noise.astype(np.float64)
    reach = max(
        fresh / (1 - keep) if keep < 1 else math.inf
        for keep, fresh in ((noise[1], noise[2]), (noise[3], noise[4]))
    )
    bars = sorted(p.thresholds)
    if list(p.thresholds) != bars:
        raise BeyondError("thresholds that do not rise")
    above, leaving = plan.while_above, given.attrition.while_above
    if leaving is not None:
        known.exact_grade(leaving.item)
    chosen = [
        _bar(bars, _least_grade(known, known.variable.item, float(known.variable.at_least))),
        _bar(bars, None if leaving is None else math.ceil(leaving.at_least)),
        _bar(bars, None if above is None else math.ceil(above.at_least)),
    ]
    return {
        "start_after": radiotherapy.start_after_randomization,
        "shift": reals((radiotherapy.shift.probability, *radiotherapy.shift.days)),
        "stopped_early": float(radiotherapy.stopped_early),
        "interruption": reals(
            (radiotherapy.interruption.probability, *radiotherapy.interruption.days)
        ),
        "fractions": fractions,
        "susceptibility": strength.astype(np.float32),
        "insensitive": (float(p.insensitive.fraction), np.float32(p.insensitive.shift)),
        "slow": float(p.slow_healing.fraction),
        "frailty": drawn.frailty,
        "transit": drawn.transit,
        "healing": drawn.healing,
        "healing_slowly": drawn.healing_slowly,
        "floor": np.float32(FLOOR),
        "normal": normal_levels(),
        "noise": drawn.noise,
        "adherence": drawn.adherence,
        "declines": cells.declines(plan, range(MOST_WEEKS)),
        "doses": drawn.doses.reshape(-1).astype(np.uint8),
        "left": np.stack([drawn.remaining(share) for share in effect]),
        "acts": whole_numbers([share != 0 for share in effect]),
        "bias": np.array([p.assessor_bias.get(arm, 0.0) for arm in known.arms], dtype=np.float32),
        "bars": np.array(chosen, dtype=np.float32),
        "severe_factor": np.float32(1.0 if above is None else above.factor),
        "widest": np.float32(reach * float(normal_levels()[-1]) * 1.001),
    }


def _bar(bars: Sequence[float], grade: int | None) -> float:
    if grade is None or grade > len(bars):
        return math.inf
    if grade < 1:
        raise BeyondError("a grade that everybody has")
    return bars[grade - 1]


def _least_grade(known: Known, item: str, at_least: float) -> int:
    """The least grade whose code counts."""
    definition = known.protocol.item_by_id[item]
    codes = tuple(str(grade) for grade in range(5))
    if kind_of(definition) == "code":
        listed = known.protocol.codelist_by_id[definition.codelist or ""].codes
        named = tuple(code.code for code in listed)
        codes = (named + (named[-1],) * 5)[:5]
    counts = (numbers_of(codes) >= at_least).tolist()
    if counts != sorted(counts):
        raise BeyondError(f"codes of {item} that do not rise with the grade")
    return counts.index(True) if True in counts else 5


def longest_course(known: Known) -> int:
    """The last day of the longest course there can be, counted from its first."""
    radiotherapy = known.parameters.radiotherapy
    fractions = int(known.by_category(radiotherapy.fractions).max())
    gap = radiotherapy.interruption.days[1]
    return max(working_span(weekday, fractions - 1 + gap) for weekday in range(5))

"""Looks and analyses: the kernel's table of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from equipoise.analysis.methods.estimate import critical_value
from equipoise.design.interim import futile_p

from ..operating import compared
from .arrays import reals, whole_numbers
from .known import Known

_NEVER_LOOKED = -1.0


def analyses(known: Known, strata: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The fields of `kernels.trial.Analyses`, for strata with these levels of their factors."""
    simulator = known.simulator
    plan, comparisons = simulator.plan, compared(simulator.analyses)
    of = {one.id: one for one in simulator.analyses}
    tables, bounds = [], []
    for one in comparisons:
        analysis = of[one.analysis]
        names = [
            tuple(levels.get(factor, "") for factor in analysis.stratified_by) for levels in strata
        ]
        order = sorted(set(names))
        tables.append([order.index(name) for name in names])
        looked = analysis.endpoint == plan.endpoint
        at_looks = [_level(look.critical) if looked else _NEVER_LOOKED for look in plan.looks]
        bounds.append([*at_looks, _level(plan.critical_at_the_end(analysis.endpoint))])
    confidences = [of[one.analysis].confidence for one in comparisons]
    return {
        "looks": whole_numbers([look.participants for look in plan.looks]),
        "comparisons": whole_numbers(
            [
                (known.arms.index(one.treatment), known.arms.index(one.control))
                for one in comparisons
            ]
        ),
        "methods": whole_numbers([int(of[one.analysis].method == "cmh") for one in comparisons]),
        "tables": whole_numbers(tables),
        "bounds": np.array(bounds, dtype=np.float64),
        "one_sided": plan.favorable if plan.sided == 1 else 0,
        "futile": reals(
            [
                *(0.0 if one.futility is None else futile_p(one.futility) for one in plan.looks),
                0.0,
            ]
        ),
        "favorable": plan.favorable,
        "quantiles": reals(
            [critical_value(0.95 if one is None else float(one)) for one in confidences]
        ),
        "first": 0,
    }


def _level(critical: float) -> float:
    """The two-sided p of a critical value."""
    return math.erfc(critical / math.sqrt(2))

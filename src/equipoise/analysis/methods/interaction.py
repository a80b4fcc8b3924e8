"""Whether an effect differs between the levels of a factor: one test of interaction for each kind of outcome.

Each compares the model with the treatment's effect at every level against the one with a single effect. A level in
which an arm has nobody says nothing and is left out of both.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc, fdtrc, xlogy

from .hazards import proportional_hazards
from .means import linear_model
from .regression import logistic_regression

Floats = NDArray[np.float64]

_TOO_FEW = "fewer than two levels have participants in both arms"


@dataclass(frozen=True, slots=True)
class Interaction:
    """A test that the effect is the same at all levels: χ² on `df` by likelihood ratio, or F on `df` and `residual_df`."""

    statistic: float
    df: float
    p: float
    residual_df: float = math.inf
    reason: str = ""

    @classmethod
    def undefined(cls, reason: str) -> Interaction:
        """The test where the data do not allow it."""
        return cls(math.nan, math.nan, math.nan, math.nan, reason)


def _usable(
    treated: Floats, levels: Sequence[Hashable]
) -> tuple[NDArray[np.bool_], list[Hashable]]:
    """Who is at a level at which both arms have somebody, and these levels in order."""
    known = sorted(set(levels), key=str)
    both = [
        one
        for one in known
        if {float(arm) for arm, level in zip(treated, levels, strict=True) if level == one}
        == {0.0, 1.0}
    ]
    return np.array([level in both for level in levels], dtype=np.bool_), both


def _indicators(levels: Sequence[Hashable], known: Sequence[Hashable]) -> list[list[float]]:
    return [[float(level == one) for level in levels] for one in known[1:]]


def _checked(treated: ArrayLike, levels: Sequence[Hashable], size: int) -> Floats:
    arm = np.asarray(treated, dtype=np.float64).ravel()
    if arm.size != size or len(levels) != size:
        raise ValueError(
            f"{arm.size} arms and {len(levels)} levels for {size} outcomes: give one for each"
        )
    if not np.isin(arm, (0.0, 1.0)).all():
        raise ValueError("arms are 0 or 1")
    return arm


def interaction_of_odds(
    outcome: ArrayLike, treated: ArrayLike, levels: Sequence[Hashable]
) -> Interaction:
    """Likelihood ratio of the logistic models with and without treatment by level.

    As R's `anova(glm(y ~ t + g), glm(y ~ t * g), test = "Chisq")`. A level in which everybody had the same outcome
    says nothing about odds, and is left out as well.
    """
    y = np.asarray(outcome, dtype=np.float64).ravel()
    arm = _checked(treated, levels, y.size)
    inside, known = _usable(arm, levels)
    mixed = [
        one
        for one in known
        if len({float(v) for v, level in zip(y, levels, strict=True) if level == one}) > 1
    ]
    inside &= np.array([level in mixed for level in levels], dtype=np.bool_)
    if len(mixed) < 2:
        return Interaction.undefined(
            _TOO_FEW if len(known) < 2 else "fewer than two levels have both outcomes"
        )
    y, arm = y[inside], arm[inside]
    at = [level for level, keep in zip(levels, inside, strict=True) if keep]
    whole = 0.0
    for one in mixed:
        own = np.array([level == one for level in at])
        for side in (0.0, 1.0):
            cell = y[own & (arm == side)]
            share = cell.mean()
            whole += cell.size * float(xlogy(share, share) + xlogy(1 - share, 1 - share))
    names = ["treated", *(f"level {place}" for place in range(1, len(mixed)))]
    reduced = logistic_regression(y, [arm.tolist(), *_indicators(at, mixed)], names)
    if reduced.reason:
        return Interaction.undefined(reduced.reason)
    return _ratio(whole - reduced.log_likelihood, len(mixed) - 1)


def interaction_of_hazards(
    times: ArrayLike, events: ArrayLike, treated: ArrayLike, levels: Sequence[Hashable]
) -> Interaction:
    """Likelihood ratio of proportional-hazards models with and without treatment by level (ties: Efron).

    As R's `anova(coxph(S ~ t + g), coxph(S ~ t * g))`.
    """
    clock, happened = np.asarray(times, dtype=np.float64).ravel(), np.asarray(events).ravel()
    arm = _checked(treated, levels, clock.size)
    inside, known = _usable(arm, levels)
    if len(known) < 2:
        return Interaction.undefined(_TOO_FEW)
    at = [level for level, keep in zip(levels, inside, strict=True) if keep]
    arm, clock, happened = arm[inside], clock[inside], happened[inside]
    rest = _indicators(at, known)
    both = [[a * b for a, b in zip(arm, column, strict=True)] for column in rest]
    names = ["treated", *(f"level {place}" for place in range(1, len(known)))]
    more = [f"treated, level {place}" for place in range(1, len(known))]
    reduced = proportional_hazards(clock, happened, [arm.tolist(), *rest], names)
    full = proportional_hazards(clock, happened, [arm.tolist(), *rest, *both], [*names, *more])
    if reduced.reason or full.reason:
        return Interaction.undefined(reduced.reason or full.reason)
    return _ratio(full.log_likelihood - reduced.log_likelihood, len(known) - 1)


def interaction_of_means(
    values: ArrayLike,
    treated: ArrayLike,
    levels: Sequence[Hashable],
    covariates: Sequence[Sequence[float]] = (),
) -> Interaction:
    """F test of linear models with and without treatment by level, over the same covariates.

    As R's `anova(lm(y ~ t + g), lm(y ~ t * g))`.
    """
    y = np.asarray(values, dtype=np.float64).ravel()
    arm = _checked(treated, levels, y.size)
    inside, known = _usable(arm, levels)
    if len(known) < 2:
        return Interaction.undefined(_TOO_FEW)
    at = [level for level, keep in zip(levels, inside, strict=True) if keep]
    y, arm = y[inside], arm[inside]
    rest = _indicators(at, known)
    both = [[a * b for a, b in zip(arm, column, strict=True)] for column in rest]
    given = [np.asarray(column, dtype=np.float64)[inside].tolist() for column in covariates]
    base = [[1.0] * y.size, arm.tolist(), *rest, *given]
    fits = []
    for columns in (base, [*base, *both]):
        names = [str(place) for place in range(len(columns))]
        fits.append(linear_model(y, np.column_stack(columns), names))
    reduced, full = fits
    gained = reduced.residual_df - full.residual_df
    if gained < 1 or full.residual_df < 1:
        return Interaction.undefined("no residual degrees of freedom")
    left = full.residual_standard_error**2 * full.residual_df
    if not left > 0:
        return Interaction.undefined("the values do not vary")
    before = reduced.residual_standard_error**2 * reduced.residual_df
    f = max(before - left, 0.0) / gained / (left / full.residual_df)
    return Interaction(f, gained, float(fdtrc(gained, full.residual_df, f)), full.residual_df)


def _ratio(gain: float, df: int) -> Interaction:
    statistic = max(2 * gain, 0.0)
    return Interaction(statistic, df, float(chdtrc(df, statistic)))

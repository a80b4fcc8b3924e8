"""Lower boundaries: when an interim look finds too little to go on for.

Bounds are of Z oriented so that larger is better. A bound is *binding* where the upper boundary counts on its being
kept: overruling it then spends more than the level. A non-binding one is advice; the upper boundary is that of a design
without it, and the level holds whether it is heeded or not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from scipy.optimize import brentq
from scipy.special import ndtri

from .errors import DesignError, probability, sides
from .sequential import SEARCH, Boundaries, Paths, crossing, spending_boundaries
from .spending import Spending

_STEP = 0.125
"""By how much drift is added until there is power enough: far beyond that a binding bound leaves no level to spend."""

PowerBound = Callable[[float, float], float]
"""(information fraction, critical value at the end) → the Z below which too little power is left."""


def conditional_power_bound(
    fraction: float, critical: float, below: float, drift: float | None = None
) -> float:
    """The Z at which `conditional_power` is `below`: with less, the trial stops.

    `drift` is the expected Z at full information; None goes on with the trend seen.
    """
    gain = _needed(fraction, critical, below, math.sqrt(1 - fraction))
    if drift is None:
        return math.sqrt(fraction) * gain
    return (gain - drift * (1 - fraction)) / math.sqrt(fraction)


def predictive_power_bound(fraction: float, critical: float, below: float) -> float:
    """The Z at which `predictive_power` with a flat prior is `below`."""
    spread = math.sqrt((1 - fraction) / fraction)
    return math.sqrt(fraction) * _needed(fraction, critical, below, spread)


def _needed(fraction: float, critical: float, below: float, spread: float) -> float:
    if not 0 < fraction < 1:
        raise DesignError("fraction", fraction, "an information fraction between 0 and 1")
    return critical + float(ndtri(probability("below", below, open_interval=True))) * spread


def power_boundaries(
    fractions: Sequence[float],
    alpha: float,
    spending: Spending,
    rules: Sequence[PowerBound | None],
    *,
    sided: int = 1,
    binding: bool = False,
) -> Boundaries:
    """Efficacy boundaries by spending, and at each look but the last a bound on the power left (None: none there).

    A binding bound lowers the critical value at the end, on which it rests itself: both are found together.
    """
    _one_sided_if_binding(sided, binding)
    if len(rules) != len(fractions) - 1:
        raise DesignError("rules", len(rules), "a rule, or None, for every look but the last")

    def bounds(critical: float) -> list[float]:
        return [
            -math.inf if rule is None else rule(t, critical)
            for rule, t in zip(rules, fractions, strict=False)
        ]

    plain = spending_boundaries(fractions, alpha, spending, sided=sided)
    if not binding:
        return with_lower(plain, bounds(plain.upper[-1]))

    def heeded(critical: float) -> Boundaries:
        kept = [min(a, SEARCH[1]) for a in bounds(critical)]
        return spending_boundaries(fractions, alpha, spending, futility=kept, binding=True)

    # heeding bounds makes the last critical value smaller, and a smaller one lowers the bounds: one meeting point
    end = float(
        brentq(lambda c: heeded(c).upper[-1] - c, SEARCH[0], plain.upper[-1] + 1e-9, xtol=1e-12)
    )
    found = heeded(end)
    return with_lower(found, found.lower[:-1])


def beta_spending_boundaries(
    fractions: Sequence[float],
    alpha: float,
    spending: Spending,
    *,
    beta: float,
    beta_spending: Spending,
    sided: int = 1,
    binding: bool = False,
    looks: Sequence[bool] | None = None,
) -> Boundaries:
    """Lower bounds that spend the type II error as a function says (Pampallona, Tsiatis and Kim, Drug Inf J 2001;35:1113).

    Under the drift at which the design has power 1 − `beta`, all bounds kept, the lower one has been crossed by t
    with probability `beta_spending(beta, t)`, and meets the upper one at the end. `looks` says at which looks but the
    last there is one (default: at all); what is not spent is kept for later.
    """
    _one_sided_if_binding(sided, binding)
    probability("beta", beta, open_interval=True)
    plain = spending_boundaries(fractions, alpha, spending, sided=sided)
    times = plain.fractions
    asked = [True] * (len(times) - 1) if looks is None else list(looks)
    if len(asked) != len(times) - 1:
        raise DesignError("looks", asked, "yes or no for every look but the last")

    def design(drift: float) -> Boundaries:
        paths, spent = Paths(drift), 0.0
        lower: list[float] = []
        found = plain
        for at, (t, following) in enumerate(itertools.pairwise(times)):
            if binding:
                rest = [-math.inf] * (len(times) - 1 - at)
                found = spending_boundaries(
                    times, alpha, spending, futility=[*lower, *rest], binding=True
                )
            high = found.upper[at]
            now = beta_spending(beta, t)
            bound = -math.inf
            if asked[at] and now - spent > paths.below(t, SEARCH[0]):
                bound = _below(paths, t, now - spent, min(high, SEARCH[1]))
                spent = now
            lower.append(bound)
            paths.go_on(t, max(bound, -high) if sided == 2 else bound, high, following)
        if binding:
            found = spending_boundaries(times, alpha, spending, futility=lower, binding=True)
        return _lowered(found, lower)

    def missed(drift: float) -> float:
        return 1 - crossing(design(drift), drift).reject - beta

    # no test has more power than the fixed one of all the data, so that less drift than its own cannot be enough
    fixed = float(ndtri(1 - alpha / sided) + ndtri(1 - beta))
    if not fixed > 0:
        raise DesignError("beta", beta, f"a type II error below {1 - alpha / sided:.4g}")
    enough = fixed + _STEP
    while missed(enough) > 0:
        enough += _STEP
    drift = float(brentq(missed, max(enough - _STEP, fixed) - 1e-6, enough, xtol=1e-11))
    found = design(drift)
    return with_lower(found, futility_bounds(found)[:-1])


def with_lower(boundaries: Boundaries, lower: Sequence[float]) -> Boundaries:
    """The design with a bound for futility at each look but the last. Raises `DesignError` where one leaves nothing
    between itself and the upper boundary."""
    for at, (low, high) in enumerate(zip(lower, boundaries.upper, strict=False), 1):
        if low >= high:
            raise DesignError(
                "futility", round(low, 4), f"a bound below the one for efficacy ({high:.4f}) at look {at}"
            )  # fmt: skip
    return _lowered(boundaries, lower)


def _lowered(boundaries: Boundaries, lower: Sequence[float]) -> Boundaries:
    if boundaries.sided == 1:
        return replace(boundaries, lower=(*lower, -math.inf))
    harm = [-high for high in boundaries.upper]
    return replace(
        boundaries, lower=(*(max(a, b) for a, b in zip(lower, harm, strict=False)), harm[-1])
    )


def without_futility(boundaries: Boundaries) -> Boundaries:
    """The same upper boundary where nobody heeds the bound for futility."""
    mirrored = boundaries.sided == 2
    return replace(
        boundaries, lower=tuple(-high if mirrored else -math.inf for high in boundaries.upper)
    )


def futility_bounds(boundaries: Boundaries) -> tuple[float, ...]:
    """By look: the bound for futility; −inf where there is none, or where efficacy in the other direction comes first."""
    return tuple(
        -math.inf if boundaries.sided == 2 and low <= -high else low
        for low, high in zip(boundaries.lower, boundaries.upper, strict=True)
    )


def futility_crossing(boundaries: Boundaries, drift: float = 0.0) -> tuple[float, ...]:
    """The probability of stopping for futility at each look when E Z = drift · √t."""
    paths, found = Paths(drift), []
    bounds = futility_bounds(boundaries)
    for at, t in enumerate(boundaries.fractions):
        high, low = boundaries.upper[at], boundaries.lower[at]
        harm = paths.below(t, -high) if boundaries.sided == 2 else 0.0
        found.append(paths.below(t, bounds[at]) - harm if math.isfinite(bounds[at]) else 0.0)
        following = boundaries.fractions[at + 1] if at + 1 < len(boundaries.fractions) else None
        paths.go_on(t, low, high, following)
    return tuple(found)


def _below(paths: Paths, t: float, share: float, high: float) -> float:
    """The bound below which the paths stop with this probability, at most `high`."""
    if paths.below(t, high) <= share:
        return high
    return float(brentq(lambda a: paths.below(t, a) - share, SEARCH[0], high, xtol=1e-12))


def _one_sided_if_binding(sided: int, binding: bool) -> None:
    if sides(sided) == 2 and binding:
        raise DesignError(
            "binding", binding, "a bound that is not binding: in a two-sided design no critical value counts on one"
        )  # fmt: skip

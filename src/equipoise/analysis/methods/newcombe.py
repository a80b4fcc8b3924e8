"""Newcombe's hybrid score interval for a risk difference, of two groups and over strata."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .estimate import Estimate, check_counts, critical_value
from .proportions import wilson, wilson_limits
from .score import EMPTY_ARM


def newcombe_difference(
    events_1: int, total_1: int, events_2: int, total_2: int, confidence: float = 0.95
) -> Estimate:
    """The risk difference with Newcombe's hybrid score interval (Stat Med 1998;17:873, method 10).

    The interval combines the Wilson intervals of both groups; it brings no test.
    """
    first, second = wilson(events_1, total_1, confidence), wilson(events_2, total_2, confidence)
    if total_1 == 0 or total_2 == 0:
        return Estimate.undefined(confidence, EMPTY_ARM)
    estimate = first.estimate - second.estimate
    down = math.hypot(first.estimate - first.lower, second.upper - second.estimate)
    up = math.hypot(first.upper - first.estimate, second.estimate - second.lower)
    return Estimate(estimate, estimate - down, estimate + up, confidence)


def stratified_newcombe_difference(
    strata: Sequence[tuple[int, int, int, int]], confidence: float = 0.95
) -> Estimate:
    """The risk difference over strata with Mantel–Haenszel weights and the stratified Newcombe interval (Yan and Su,
    Stat Biopharm Res 2010;2:329).

    `strata` holds (events 1, total 1, events 2, total 2). Each arm's limits are weighted means of Wilson's of its
    strata, taken at a quantile that makes them a 95 % interval of the weighted proportion. A stratum in which an arm
    is empty carries no weight. The interval brings no test.
    """
    kept = []
    for stratum in strata:
        check_counts(stratum[0], stratum[1], "group 1")
        check_counts(stratum[2], stratum[3], "group 2")
        if stratum[1] and stratum[3]:
            kept.append(stratum)
    z = critical_value(confidence)
    if not kept:
        return Estimate.undefined(confidence, "no stratum has participants in both arms")
    raw = [n1 * n2 / (n1 + n2) for _, n1, _, n2 in kept]
    weights = [one / math.fsum(raw) for one in raw]
    first = _arm([(x, n) for x, n, _, _ in kept], weights, z)
    second = _arm([(x, n) for _, _, x, n in kept], weights, z)
    estimate = first[0] - second[0]

    def reach(near: tuple[float, float], far: tuple[float, float]) -> float:
        return z * math.sqrt(sum(factor * limit * (1 - limit) for limit, factor in (near, far)))

    down = reach((first[1], first[3]), (second[2], second[3]))
    up = reach((first[2], first[3]), (second[1], second[3]))
    return Estimate(estimate, estimate - down, estimate + up, confidence)


def _arm(
    counts: Sequence[tuple[int, int]], weights: Sequence[float], z: float
) -> tuple[float, float, float, float]:
    """An arm's weighted proportion, its stratified Wilson limits, and Σ w²/n."""
    shares = [x / n for x, n in counts]
    variances = [p * (1 - p) / n for p, (_, n) in zip(shares, counts, strict=True)]
    if not any(variances):
        # the limit as all proportions go to 0 or 1 alike
        variances = [1 / n for _, n in counts]
    whole = math.sqrt(math.fsum(w * w * v for w, v in zip(weights, variances, strict=True)))
    own = z * whole / math.fsum(w * math.sqrt(v) for w, v in zip(weights, variances, strict=True))
    limits = [wilson_limits(x, n, own) for x, n in counts]
    return (
        math.fsum(w * p for w, p in zip(weights, shares, strict=True)),
        math.fsum(w * low for w, (low, _) in zip(weights, limits, strict=True)),
        math.fsum(w * high for w, (_, high) in zip(weights, limits, strict=True)),
        math.fsum(w * w / n for w, (_, n) in zip(weights, counts, strict=True)),
    )

"""Confidence intervals for one proportion."""

from __future__ import annotations

import math

from scipy.special import betaincinv

from .estimate import Estimate, check_counts, critical_value

_EMPTY = "no participants"


def wilson(events: int, total: int, confidence: float = 0.95) -> Estimate:
    """Wilson's score interval (J Am Stat Assoc 1927;22:209), without continuity correction.

    The limits lie in [0, 1]; 0 of n has the lower limit 0 and n of n the upper limit 1 exactly.
    """
    check_counts(events, total, "wilson")
    z = critical_value(confidence)
    if total == 0:
        return Estimate.undefined(confidence, _EMPTY)
    return Estimate(events / total, *wilson_limits(events, total, z), confidence)


def wilson_limits(events: int, total: int, z: float) -> tuple[float, float]:
    """Where the score statistic of a proportion reaches a normal quantile, on both sides."""
    share = events / total
    center = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    lower = 0.0 if events == 0 else (center - spread) / scale
    upper = 1.0 if events == total else (center + spread) / scale
    return lower, upper


def clopper_pearson(events: int, total: int, confidence: float = 0.95) -> Estimate:
    """The exact interval of Clopper and Pearson (Biometrika 1934;26:404), by beta quantiles."""
    check_counts(events, total, "clopper_pearson")
    critical_value(confidence)
    if total == 0:
        return Estimate.undefined(confidence, _EMPTY)
    tail = (1 - confidence) / 2
    lower = 0.0 if events == 0 else float(betaincinv(events, total - events + 1, tail))
    upper = 1.0 if events == total else float(betaincinv(events + 1, total - events, 1 - tail))
    return Estimate(events / total, lower, upper, confidence)

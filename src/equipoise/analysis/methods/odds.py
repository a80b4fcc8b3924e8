"""Two proportions by score: the odds ratio, and whether a difference stays within a margin."""

from __future__ import annotations

import math

from scipy.special import ndtr

from .estimate import Estimate, check_counts, critical_value, two_sided_p
from .score import (
    EMPTY_ARM,
    LOG_RANGE,
    crossing,
    difference_variance,
    mee_difference,
    standardized,
)


def restricted_control_share_by_odds(
    events_1: float, total_1: float, events_2: float, total_2: float, odds_ratio: float
) -> float:
    """The control's maximum-likelihood proportion given the odds ratio: the root of a quadratic in [0, 1]."""
    cases = events_1 + events_2
    square = total_2 * (odds_ratio - 1)
    linear = total_1 * odds_ratio + total_2 - cases * (odds_ratio - 1)
    # square·p² + linear·p − cases = 0, each sign in the form that does not cancel
    root = math.sqrt(linear * linear + 4 * square * cases)
    share = (root - linear) / (2 * square) if linear < 0 else 2 * cases / (linear + root)
    return min(share, 1.0)


def miettinen_nurminen_odds_ratio(
    events_1: int, total_1: int, events_2: int, total_2: int, confidence: float = 0.95
) -> Estimate:
    """The odds ratio with Miettinen and Nurminen's score interval (Stat Med 1985;4:213), variance times N/(N − 1).

    One empty cell gives an estimate of 0 or infinity with one finite limit; no events at all, or only events, an
    undefined estimate with the limits 0 and infinity.
    """
    check_counts(events_1, total_1, "group 1")
    check_counts(events_2, total_2, "group 2")
    critical = critical_value(confidence)
    if total_1 == 0 or total_2 == 0:
        return Estimate.undefined(confidence, EMPTY_ARM)
    cases, total = events_1 + events_2, total_1 + total_2
    if cases in (0, total):
        reason = "no events in either arm" if cases == 0 else "everybody had the same outcome"
        return Estimate(math.nan, 0.0, math.inf, confidence, statistic=0.0, p=1.0, reason=reason)
    factor = total / (total - 1)

    def statistic(log_odds_ratio: float) -> float:
        ratio = math.exp(log_odds_ratio)
        control = restricted_control_share_by_odds(events_1, total_1, events_2, total_2, ratio)
        treatment = control * ratio / (1 + control * (ratio - 1))
        first, second = treatment * (1 - treatment), control * (1 - control)
        if not first * second > 0:
            return math.copysign(math.inf, -log_odds_ratio)
        # both scores carry the same numerator n₁(x₁/n₁ − p₁) = −n₂(x₂/n₂ − p₂)
        excess = events_1 - total_1 * treatment
        return excess * math.sqrt((1 / (total_1 * first) + 1 / (total_2 * second)) / factor)

    good = events_1 * (total_2 - events_2)
    bad = events_2 * (total_1 - events_1)
    estimate = good / bad if bad else math.inf
    center = math.log(estimate) if good and bad else 0.0
    lower, upper = 0.0, math.inf
    if good:
        lower = math.exp(
            crossing(statistic, critical, center - LOG_RANGE, center if bad else LOG_RANGE)
        )
    if bad:
        upper = math.exp(
            crossing(statistic, -critical, center if good else -LOG_RANGE, center + LOG_RANGE)
        )
    z = statistic(0.0)
    return Estimate(estimate, lower, upper, confidence, statistic=z, p=two_sided_p(z))


def farrington_manning(
    events_1: int,
    total_1: int,
    events_2: int,
    total_2: int,
    margin: float,
    confidence: float = 0.95,
    *,
    events_are_good: bool = False,
) -> Estimate:
    """Non-inferiority of the treatment's proportion (Farrington and Manning, Stat Med 1990;9:1447).

    The hypothesis tested is that the treatment is worse by `margin` or more: a difference of at least `margin` in an
    unwanted event, or at most −`margin` where `events_are_good`. `statistic` is positive in favor of the treatment, and
    `p` one-sided; the interval is the two-sided one of the same statistic without a small-sample factor (Mee's), so
    that p is below (1 − confidence)/2 exactly where the interval leaves the margin out.
    """
    if not (0 < margin < 1):
        raise ValueError(f"margin {margin} must lie between 0 and 1, for instance 0.1")
    interval = mee_difference(events_1, total_1, events_2, total_2, confidence)
    if interval.reason:
        return interval
    bound = -margin if events_are_good else margin
    variance = difference_variance(events_1, total_1, events_2, total_2, bound)
    z = standardized(interval.estimate - bound, variance)
    z = z if events_are_good else -z
    return Estimate(
        interval.estimate, interval.lower, interval.upper, confidence, z, float(ndtr(-z))
    )

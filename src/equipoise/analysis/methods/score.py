"""Score intervals for comparing two proportions.

Group 1 is the treatment, group 2 the control; differences are treatment less control. The limits
are where the score statistic, with the variance at the maximum-likelihood proportions restricted to
the tested value, reaches the normal quantile (Miettinen and Nurminen, Stat Med 1985;4:213–226).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from .estimate import Estimate, check_counts, critical_value, two_sided_p

EMPTY_ARM = "an arm has nobody with an outcome yet"
_HALVINGS = 200
LOG_RANGE = 60.0
"""How far from the estimate, on the log scale, a limit of a ratio is looked for."""


def restricted_proportions(
    events_1: float, total_1: float, events_2: float, total_2: float, difference: float
) -> tuple[float, float]:
    """Maximum-likelihood proportions of both groups given that they differ by `difference`.

    The closed solution of the cubic likelihood equation (Miettinen and Nurminen 1985, appendix I),
    brought back into the range that the difference leaves open.
    """
    total = total_1 + total_2
    cases = events_1 + events_2
    cubic_2 = (total_1 + 2 * total_2) * difference - total - cases
    cubic_1 = (total_2 * difference - total - 2 * events_2) * difference + cases
    cubic_0 = events_2 * difference * (1 - difference)
    shift = cubic_2 / (3 * total)
    q = shift**3 - cubic_1 * cubic_2 / (6 * total * total) + cubic_0 / (2 * total)
    p = math.copysign(math.sqrt(max(shift * shift - cubic_1 / (3 * total), 0.0)), q)
    cosine = 1.0 if p == 0 else min(1.0, max(-1.0, q / p**3))
    angle = (math.pi + math.acos(cosine)) / 3
    share_2 = 2 * p * math.cos(angle) - shift
    share_2 = min(max(share_2, 0.0, -difference), 1.0, 1.0 - difference)
    return min(max(share_2 + difference, 0.0), 1.0), share_2


def difference_variance(
    events_1: float, total_1: float, events_2: float, total_2: float, difference: float
) -> float:
    """The variance of the difference at the restricted proportions, without a small-sample factor."""
    share_1, share_2 = restricted_proportions(events_1, total_1, events_2, total_2, difference)
    return share_1 * (1 - share_1) / total_1 + share_2 * (1 - share_2) / total_2


def standardized(distance: float, variance: float) -> float:
    """A distance in standard errors; infinite where it is not 0 and does not vary."""
    if variance > 0:
        return distance / math.sqrt(variance)
    return 0.0 if distance == 0 else math.copysign(math.inf, distance)


def score_statistic(events_1: int, total_1: int, events_2: int, total_2: int) -> float:
    """The score statistic for no difference in risk, variance times N/(N − 1); its square is the Pearson χ² by (N − 1)/N.

    Both groups must have participants.
    """
    variance = difference_variance(events_1, total_1, events_2, total_2, 0.0)
    total = total_1 + total_2
    return standardized(events_1 / total_1 - events_2 / total_2, variance * total / (total - 1))


def crossing(statistic: Callable[[float], float], level: float, low: float, high: float) -> float:
    """Where the falling `statistic` passes `level` in [low, high], to the last bit that halving gives."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        if statistic(middle) > level:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _difference_by_score(
    groups: Sequence[tuple[float, float, float, float, float]],
    estimate: float,
    confidence: float,
    *,
    small_sample_factor: bool,
) -> Estimate:
    """Estimate, limits and test from strata of (weight, events 1, total 1, events 2, total 2)."""
    critical = critical_value(confidence)

    def statistic(difference: float) -> float:
        variance = 0.0
        for weight, events_1, total_1, events_2, total_2 in groups:
            part = difference_variance(events_1, total_1, events_2, total_2, difference)
            total = total_1 + total_2
            factor = total / (total - 1) if small_sample_factor and total > 1 else 1.0
            variance += weight * weight * part * factor
        return standardized(estimate - difference, variance)

    lower = -1.0 if estimate <= -1 else crossing(statistic, critical, -1.0, estimate)
    upper = 1.0 if estimate >= 1 else crossing(statistic, -critical, estimate, 1.0)
    z = statistic(0.0)
    return Estimate(estimate, lower, upper, confidence, statistic=z, p=two_sided_p(z))


def _single_difference(
    events_1: int, total_1: int, events_2: int, total_2: int, confidence: float, factor: bool
) -> Estimate:
    check_counts(events_1, total_1, "group 1")
    check_counts(events_2, total_2, "group 2")
    if total_1 == 0 or total_2 == 0:
        critical_value(confidence)
        return Estimate.undefined(confidence, EMPTY_ARM)
    estimate = events_1 / total_1 - events_2 / total_2
    group = (1.0, float(events_1), float(total_1), float(events_2), float(total_2))
    return _difference_by_score([group], estimate, confidence, small_sample_factor=factor)


def miettinen_nurminen_difference(
    events_1: int, total_1: int, events_2: int, total_2: int, confidence: float = 0.95
) -> Estimate:
    """The risk difference with Miettinen and Nurminen's score interval, variance times N/(N − 1).

    `statistic` is the score z for no difference, `p` its two-sided p-value (no events at all: z = 0).
    An empty arm gives an undefined result with its reason.
    """
    return _single_difference(events_1, total_1, events_2, total_2, confidence, True)


def mee_difference(
    events_1: int, total_1: int, events_2: int, total_2: int, confidence: float = 0.95
) -> Estimate:
    """The risk difference with Mee's score interval (Biometrics 1984;40:1175): no N/(N − 1)."""
    return _single_difference(events_1, total_1, events_2, total_2, confidence, False)


def stratified_miettinen_nurminen_difference(
    strata: Sequence[tuple[int, int, int, int]], confidence: float = 0.95
) -> Estimate:
    """The risk difference over strata with Mantel–Haenszel weights and one score interval.

    `strata` holds (events 1, total 1, events 2, total 2). Weights are n₁n₂/(n₁ + n₂); each
    stratum's variance has its own factor N/(N − 1). A stratum in which an arm is empty says nothing
    about the difference and carries no weight.
    """
    groups: list[tuple[float, float, float, float, float]] = []
    for events_1, total_1, events_2, total_2 in strata:
        check_counts(events_1, total_1, "group 1")
        check_counts(events_2, total_2, "group 2")
        if total_1 and total_2:
            weight = total_1 * total_2 / (total_1 + total_2)
            groups.append(
                (weight, float(events_1), float(total_1), float(events_2), float(total_2))
            )
    if not groups:
        critical_value(confidence)
        return Estimate.undefined(confidence, "no stratum has participants in both arms")
    whole = math.fsum(group[0] for group in groups)
    groups = [(group[0] / whole, *group[1:]) for group in groups]
    estimate = math.fsum(w * (e1 / n1 - e2 / n2) for w, e1, n1, e2, n2 in groups)
    return _difference_by_score(groups, estimate, confidence, small_sample_factor=True)


def _restricted_control_share(
    events_1: float, total_1: float, events_2: float, total_2: float, ratio: float
) -> float:
    """The control's maximum-likelihood proportion given the ratio of proportions.

    The smaller root of the quadratic likelihood equation, in the form that does not cancel.
    """
    total, cases = total_1 + total_2, events_1 + events_2
    linear = (total_1 + events_2) * ratio + events_1 + total_2
    root = math.sqrt(max(linear * linear - 4 * total * ratio * cases, 0.0))
    return 2 * cases / (linear + root)


def miettinen_nurminen_ratio(
    events_1: int,
    total_1: int,
    events_2: int,
    total_2: int,
    confidence: float = 0.95,
    *,
    small_sample_factor: bool = True,
) -> Estimate:
    """The risk ratio with Miettinen and Nurminen's score interval.

    Without `small_sample_factor` it is the interval of Koopman (Biometrics 1984;40:513). No events in
    the control give an infinite upper limit (and estimate), none in the treatment the lower limit
    0, none at all an undefined estimate with the limits 0 and infinity.
    """
    check_counts(events_1, total_1, "group 1")
    check_counts(events_2, total_2, "group 2")
    critical = critical_value(confidence)
    if total_1 == 0 or total_2 == 0:
        return Estimate.undefined(confidence, EMPTY_ARM)
    if events_1 == 0 and events_2 == 0:
        return Estimate(
            math.nan,
            0.0,
            math.inf,
            confidence,
            statistic=0.0,
            p=1.0,
            reason="no events in either arm",
        )
    total = total_1 + total_2
    factor = total / (total - 1) if small_sample_factor else 1.0
    share_1, share_2 = events_1 / total_1, events_2 / total_2

    def statistic(log_ratio: float) -> float:
        ratio = math.exp(log_ratio)
        control = _restricted_control_share(events_1, total_1, events_2, total_2, ratio)
        treatment = min(ratio * control, 1.0)
        variance = (
            treatment * (1 - treatment) / total_1
            + ratio * ratio * control * (1 - control) / total_2
        )
        return standardized(share_1 - ratio * share_2, factor * variance)

    estimate = share_1 / share_2 if share_2 else math.inf
    finite = 0 < estimate < math.inf
    center = math.log(estimate) if finite else 0.0
    lower, upper = 0.0, math.inf
    if events_1:
        end = center if finite else center + LOG_RANGE
        lower = math.exp(crossing(statistic, critical, center - LOG_RANGE, end))
    if events_2:
        start = center if finite else center - LOG_RANGE
        upper = math.exp(crossing(statistic, -critical, start, center + LOG_RANGE))
    z = statistic(0.0)
    return Estimate(estimate, lower, upper, confidence, statistic=z, p=two_sided_p(z))

"""Two-by-two tables over strata: the Cochran–Mantel–Haenszel test and common effects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from .estimate import Estimate, check_counts, critical_value, two_sided_p

_NOTHING = "no stratum has participants in both arms"


@dataclass(frozen=True, slots=True)
class MantelHaenszel:
    """The CMH test and the common effects over strata (treatment against control).

    `statistic` is chi-squared with one degree of freedom. `odds_ratio` has the interval of Robins,
    Breslow and Greenland (Biometrics 1986;42:311), `risk_difference` the standard error of Sato
    (Biometrics 1989;45:1323), `risk_ratio` that of Greenland and Robins (Biometrics 1985;41:55).
    `strata_used` counts strata with participants in both arms.
    """

    statistic: float
    p: float
    continuity_correction: bool
    odds_ratio: Estimate
    risk_difference: Estimate
    risk_difference_se: float
    risk_ratio: Estimate
    log_risk_ratio_se: float
    strata_used: int
    strata_empty: int
    reason: str = ""


def cochran_mantel_haenszel(
    strata: Sequence[tuple[int, int, int, int]],
    confidence: float = 0.95,
    *,
    continuity_correction: bool = False,
) -> MantelHaenszel:
    """Cochran–Mantel–Haenszel over strata of (events 1, total 1, events 2, total 2).

    The continuity correction is R's: half an event, where the deviation is at least that. Strata in
    which an arm is empty say nothing and are left out; without variation the test is undefined.
    """
    critical = critical_value(confidence)
    for events_1, total_1, events_2, total_2 in strata:
        check_counts(events_1, total_1, "group 1")
        check_counts(events_2, total_2, "group 2")
    kept = [stratum for stratum in strata if stratum[1] and stratum[3]]
    empty = len(strata) - len(kept)
    if not kept:
        nothing = Estimate.undefined(confidence, _NOTHING)
        return MantelHaenszel(
            math.nan, math.nan, continuity_correction, nothing, nothing, math.nan, nothing, math.nan,
            0, empty, _NOTHING,
        )  # fmt: skip
    a, n1, c, n0 = np.array(kept, dtype=np.float64).T
    total, cases = n1 + n0, a + c

    deviation = abs(float(np.sum(a - n1 * cases / total)))
    variance = float(np.sum(n1 * n0 * cases * (total - cases) / (total**2 * (total - 1))))
    correction = 0.5 if continuity_correction and deviation >= 0.5 else 0.0
    if variance > 0:
        statistic = (deviation - correction) ** 2 / variance
        p, reason = float(chdtrc(1, statistic)), ""
    else:
        statistic = p = math.nan
        reason = "every stratum has events in all of its participants or in none"

    difference, difference_se = _common_risk_difference(a, n1, c, n0)
    ratio, ratio_se = _common_risk_ratio(a, n1, c, n0)
    return MantelHaenszel(
        statistic,
        p,
        continuity_correction,
        _common_odds_ratio(a, n1, c, n0, confidence),
        _wald(difference, difference_se, critical, confidence),
        difference_se,
        _log_wald(ratio, ratio_se, critical, confidence),
        ratio_se,
        len(kept),
        empty,
        reason,
    )


def _common_odds_ratio(
    a: np.ndarray, n1: np.ndarray, c: np.ndarray, n0: np.ndarray, confidence: float
) -> Estimate:
    total = n1 + n0
    b, d = n1 - a, n0 - c
    upward, downward = a * d / total, b * c / total
    r, s = float(upward.sum()), float(downward.sum())
    if r == 0 and s == 0:
        return Estimate.undefined(confidence, "the common odds ratio is 0/0")
    if r == 0 or s == 0:
        value = 0.0 if r == 0 else math.inf
        return Estimate(
            value, math.nan, math.nan, confidence, reason="an arm has no events, or only events"
        )
    concordant, discordant = (a + d) / total, (b + c) / total
    log_variance = (
        float(np.sum(concordant * upward)) / (2 * r * r)
        + float(np.sum(concordant * downward + discordant * upward)) / (2 * r * s)
        + float(np.sum(discordant * downward)) / (2 * s * s)
    )
    return _log_wald(r / s, math.sqrt(log_variance), critical_value(confidence), confidence)


def _common_risk_difference(
    a: np.ndarray, n1: np.ndarray, c: np.ndarray, n0: np.ndarray
) -> tuple[float, float]:
    total = n1 + n0
    weight = float(np.sum(n1 * n0 / total))
    value = float(np.sum((a * n0 - c * n1) / total)) / weight
    p = (n1**2 * c - n0**2 * a + n1 * n0 * (n0 - n1) / 2) / total**2
    q = (a * (n0 - c) + c * (n1 - a)) / (2 * total)
    variance = (value * float(p.sum()) + float(q.sum())) / weight**2
    return value, math.sqrt(max(variance, 0.0))


def _common_risk_ratio(
    a: np.ndarray, n1: np.ndarray, c: np.ndarray, n0: np.ndarray
) -> tuple[float, float]:
    total = n1 + n0
    upward, downward = float(np.sum(a * n0 / total)), float(np.sum(c * n1 / total))
    if upward == 0 and downward == 0:
        return math.nan, math.nan
    if upward == 0 or downward == 0:
        return (0.0 if upward == 0 else math.inf), math.nan
    spread = float(np.sum(n1 * n0 * (a + c) / total**2 - a * c / total))
    return upward / downward, math.sqrt(max(spread, 0.0) / (upward * downward))


def _wald(value: float, se: float, critical: float, confidence: float) -> Estimate:
    z = value / se if se > 0 else math.nan
    return Estimate(
        value, value - critical * se, value + critical * se, confidence, z, two_sided_p(z)
    )


def _log_wald(value: float, se: float, critical: float, confidence: float) -> Estimate:
    if not (0 < value < math.inf) or math.isnan(se):
        return Estimate(value, math.nan, math.nan, confidence, reason="an arm has no events")
    log_value = math.log(value)
    z = log_value / se if se > 0 else math.nan
    lower, upper = math.exp(log_value - critical * se), math.exp(log_value + critical * se)
    return Estimate(value, lower, upper, confidence, z, two_sided_p(z))

"""Sample sizes and power of fixed designs. Sizes are exact real numbers; `whole_groups` rounds them up.

Group 1 is the treatment, group 2 the control; `ratio` is n1/n2. `alpha` is the level of the test as
stated: two-sided where `sided` is 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri
from scipy.stats import nct
from scipy.stats import t as student

from equipoise.analysis.methods.score import restricted_proportions

from .errors import DesignError, number, positive, probability, sides

_LARGEST = 1e7


@dataclass(frozen=True, slots=True)
class GroupSizes:
    """Participants in treatment and control, as real numbers."""

    treatment: float
    control: float

    @property
    def total(self) -> float:
        """Both groups together."""
        return self.treatment + self.control

    def whole_groups(self) -> tuple[int, int]:
        """Rounded up, group by group (within 1e-9, which is rounding and no participant)."""
        return math.ceil(self.treatment - 1e-9), math.ceil(self.control - 1e-9)


def _quantiles(alpha: float, power: float, sided: int) -> tuple[float, float]:
    probability("alpha", alpha, open_interval=True)
    probability("power", power, open_interval=True)
    level = alpha / sides(sided)
    if power <= level:
        raise DesignError("power", power, f"a power above the level {level:.4g}")
    return float(-ndtri(level)), float(ndtri(power))


def _groups(control: float, ratio: float) -> GroupSizes:
    return GroupSizes(ratio * control, control)


def two_proportions(
    p1: float,
    p2: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    sided: int = 2,
    continuity: bool = False,
) -> GroupSizes:
    """Superiority of proportions, normal test with the pooled variance under the null hypothesis.

    `continuity` applies the correction of Fleiss, Tytun and Ury (Biometrics 1980;36:343).
    """
    probability("p1", p1)
    probability("p2", p2)
    positive("ratio", ratio)
    if p1 == p2:
        raise DesignError("p1", p1, "a proportion other than p2: no size finds no difference")
    za, zb = _quantiles(alpha, power, sided)
    pooled = (ratio * p1 + p2) / (1 + ratio)
    under_null = math.sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    under_alternative = math.sqrt(p1 * (1 - p1) / ratio + p2 * (1 - p2))
    control = ((za * under_null + zb * under_alternative) / (p1 - p2)) ** 2
    if continuity:
        correction = 2 * (ratio + 1) / (control * ratio * abs(p1 - p2))
        control = control / 4 * (1 + math.sqrt(1 + correction)) ** 2
    return _groups(control, ratio)


def power_two_proportions(
    p1: float,
    p2: float,
    n1: float,
    n2: float,
    *,
    alpha: float = 0.05,
    sided: int = 2,
) -> float:
    """Power of the pooled normal test, the far side of a two-sided test left out (as sizes do)."""
    probability("p1", p1)
    probability("p2", p2)
    positive("n1", n1)
    positive("n2", n2)
    za = float(-ndtri(probability("alpha", alpha, open_interval=True) / sides(sided)))
    pooled = (n1 * p1 + n2 * p2) / (n1 + n2)
    null = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    alternative = math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    if alternative == 0:
        return 1.0 if abs(p1 - p2) > za * null else 0.0
    return float(ndtr((abs(p1 - p2) - za * null) / alternative))


def non_inferiority_proportions(
    p1: float,
    p2: float,
    margin: float,
    *,
    alpha: float = 0.025,
    power: float = 0.8,
    ratio: float = 1.0,
) -> GroupSizes:
    """One-sided non-inferiority: the null hypothesis is p1 − p2 ≤ −margin, higher being better.

    The null variance is at the restricted maximum likelihood estimate (Farrington and Manning, Stat Med
    1990;9:1447).
    """
    probability("p1", p1)
    probability("p2", p2)
    probability("margin", margin, open_interval=True)
    positive("ratio", ratio)
    distance = p1 - p2 + margin
    if distance <= 0:
        raise DesignError("margin", margin, "one that the true difference keeps: p1 − p2 > −margin")
    za, zb = _quantiles(alpha, power, 1)
    q1, q2 = restricted_proportions(ratio * p1, ratio, p2, 1.0, -margin)
    under_null = math.sqrt(q1 * (1 - q1) / ratio + q2 * (1 - q2))
    under_alternative = math.sqrt(p1 * (1 - p1) / ratio + p2 * (1 - p2))
    return _groups(((za * under_null + zb * under_alternative) / distance) ** 2, ratio)


def two_means(
    difference: float,
    standard_deviation: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    sided: int = 2,
) -> GroupSizes:
    """Difference of means by the t test with equal variances (noncentral t; as R's power.t.test)."""
    positive("standard_deviation", standard_deviation)
    positive("ratio", ratio)
    if difference == 0 or not math.isfinite(difference):
        raise DesignError("difference", difference, "a difference other than 0")
    _quantiles(alpha, power, sided)

    def lacking(control: float) -> float:
        found = power_two_means(
            difference, standard_deviation, ratio * control, control, alpha=alpha, sided=sided
        )
        return found - power

    # two degrees of freedom at least, or there is nothing to estimate the variance from
    least = 4 / (1 + ratio)
    if lacking(least) >= 0:
        return _groups(least, ratio)
    if lacking(_LARGEST) < 0:
        raise DesignError("difference", difference, "a difference that ten million can find")
    return _groups(float(brentq(lacking, least, _LARGEST, xtol=1e-9)), ratio)


def power_two_means(
    difference: float,
    standard_deviation: float,
    n1: float,
    n2: float,
    *,
    alpha: float = 0.05,
    sided: int = 2,
) -> float:
    """Power of the two-sample t test; the far side of a two-sided test is left out."""
    number("difference", difference)
    positive("standard_deviation", standard_deviation)
    positive("n1", n1)
    positive("n2", n2)
    probability("alpha", alpha, open_interval=True)
    freedom = n1 + n2 - 2
    if freedom <= 0:
        raise DesignError("n1", n1, "more than two participants in all")
    shift = abs(difference) / (standard_deviation * math.sqrt(1 / n1 + 1 / n2))
    critical = float(student.isf(alpha / sides(sided), freedom))
    return float(nct.sf(critical, freedom, shift))


def schoenfeld_events(
    hazard_ratio: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    sided: int = 2,
) -> float:
    """Events needed by the log-rank test (Schoenfeld, Biometrics 1983;39:499)."""
    positive("hazard_ratio", hazard_ratio)
    positive("ratio", ratio)
    if hazard_ratio == 1:
        raise DesignError("hazard_ratio", hazard_ratio, "a ratio other than 1")
    za, zb = _quantiles(alpha, power, sided)
    return (za + zb) ** 2 * (1 + ratio) ** 2 / (ratio * math.log(hazard_ratio) ** 2)


def event_probability(
    hazard: float, *, accrual: float, follow_up: float, dropout_hazard: float = 0.0
) -> float:
    """The chance that a participant has the event by the end of the trial.

    Entry is uniform over `accrual`, exponential event and dropout times compete, and everybody is followed
    until `accrual` + `follow_up` (same units as the hazards' time).
    """
    positive("hazard", hazard)
    positive("accrual", accrual)
    for name, value in (("follow_up", follow_up), ("dropout_hazard", dropout_hazard)):
        if not 0 <= value < math.inf:
            raise DesignError(name, value, "a finite number from 0 on")
    total = hazard + dropout_hazard
    gone = math.exp(-total * follow_up) * -math.expm1(-total * accrual) / (total * accrual)
    return hazard / total * (1 - gone)


def two_survival_curves(
    hazard_ratio: float,
    control_hazard: float,
    *,
    accrual: float,
    follow_up: float,
    dropout_hazard: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    sided: int = 2,
) -> GroupSizes:
    """Participants for a log-rank test of proportional exponential hazards: events over their chance."""
    events = schoenfeld_events(hazard_ratio, alpha=alpha, power=power, ratio=ratio, sided=sided)
    timing = {"accrual": accrual, "follow_up": follow_up, "dropout_hazard": dropout_hazard}
    control = event_probability(control_hazard, **timing)
    treated = event_probability(control_hazard * hazard_ratio, **timing)
    return _groups(events / (ratio * treated + control), ratio)


def proportional_odds(
    marginal: Sequence[float],
    odds_ratio: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    sided: int = 2,
) -> GroupSizes:
    """An ordered outcome compared by the proportional odds model (Whitehead, Stat Med 1993;12:2257).

    `marginal` are the probabilities of the categories, averaged over the groups.
    """
    shares = [probability("marginal", share) for share in marginal]
    if len(shares) < 2 or abs(math.fsum(shares) - 1) > 1e-6:
        raise DesignError("marginal", list(marginal), "two or more probabilities that add up to 1")
    positive("odds_ratio", odds_ratio)
    positive("ratio", ratio)
    if odds_ratio == 1:
        raise DesignError("odds_ratio", odds_ratio, "a ratio other than 1")
    spread = 1 - math.fsum(share**3 for share in shares)
    if spread <= 0:
        raise DesignError("marginal", list(marginal), "categories of which more than one occurs")
    za, zb = _quantiles(alpha, power, sided)
    total = 3 * (ratio + 1) ** 2 * (za + zb) ** 2 / (ratio * math.log(odds_ratio) ** 2 * spread)
    return _groups(total / (1 + ratio), ratio)

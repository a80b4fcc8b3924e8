"""What a group-sequential trial may say when it looks: at an interim analysis and after it has stopped.

Repeated intervals hold at every look, whatever was decided; the stage-wise ordering of outcomes gives a p-value,
a median-unbiased estimate and an interval that agree with the decision to stop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr

from equipoise.analysis.methods import Estimate, mee_difference

from .errors import DesignError, number, positive, probability, root, whole
from .sequential import Boundaries, Paths

_NARROWEST = 1e-100
"""A prior this narrow is a point; the square of a smaller deviation is no float."""

_WIDEST = 40.0
"""Drifts beyond which no look leaves a doubt."""


@dataclass(frozen=True, slots=True)
class FinalInference:
    """After the last look: `p` is one-sided against a drift of 0; estimate and limits are drifts (the expected Z
    at full information), to be multiplied by the standard error at full information."""

    p: float
    median_unbiased: float
    lower: float
    upper: float
    confidence: float

    def scaled(self, standard_error: float) -> FinalInference:
        """The same on the scale of the effect."""
        by = positive("standard_error", standard_error)
        return FinalInference(
            self.p, self.median_unbiased * by, self.lower * by, self.upper * by, self.confidence
        )


def repeated_difference(
    boundaries: Boundaries, look: int, x1: int, n1: int, x2: int, n2: int
) -> Estimate:
    """The repeated interval for a difference of proportions at a look counted from 1.

    The score interval (Mee 1984) at the look's own critical value (Jennison and Turnbull, JRSS B
    1989;51:305): all looks' intervals cover together with the design's confidence.
    """
    bound = _bound(boundaries, look)
    if not math.isfinite(bound):
        raise DesignError("look", look, "a look that may stop the trial: this one has no boundary")
    return mee_difference(x1, n1, x2, n2, float(1 - 2 * ndtr(-bound)))


def stagewise_p(boundaries: Boundaries, look: int, z: float, drift: float = 0.0) -> float:
    """The chance of an outcome at least as extreme, in the stage-wise ordering, under a drift.

    More extreme is: to cross the upper boundary at an earlier look, or at this one with a larger Z (Tsiatis,
    Rosner and Mehta, Biometrics 1984;40:797). The lower boundary is not counted on.
    """
    bound = _bound(boundaries, look)
    number("z", z)
    if look < len(boundaries.fractions) and z < bound:
        raise DesignError("z", z, f"a Z that stopped the trial at look {look}: {bound:.4g} or more")
    paths, crossed = Paths(drift), 0.0
    for at in range(look - 1):
        t, upper = boundaries.fractions[at], boundaries.upper[at]
        crossed += paths.above(t, upper)
        paths.go_on(t, -math.inf, upper, boundaries.fractions[at + 1])
    return crossed + paths.above(boundaries.fractions[look - 1], z)


def final_inference(
    boundaries: Boundaries, look: int, z: float, confidence: float = 0.95
) -> FinalInference:
    """P-value, median-unbiased estimate and interval after stopping at a look with Z = z.

    Stage-wise ordering; the interval is equal-tailed. A trial that ended at its last look may have any z.
    """
    probability("confidence", confidence, open_interval=True)
    _bound(boundaries, look)
    tail = (1 - confidence) / 2
    around = number("z", z) / math.sqrt(boundaries.fractions[look - 1])

    def drift(at: float) -> float:
        return root(
            "z",
            z,
            "an outcome that some drift makes as likely as not",
            lambda d: stagewise_p(boundaries, look, z, d) - at,
            around - _WIDEST,
            around + _WIDEST,
        )

    return FinalInference(
        stagewise_p(boundaries, look, z), drift(0.5), drift(tail), drift(1 - tail), confidence
    )


def conditional_power_proportions(
    critical: float,
    first: tuple[int, int],
    second: tuple[int, int],
    more: tuple[int, int],
    rates: tuple[float, float] | None = None,
) -> float:
    """The chance that the pooled Z of all data exceeds `critical` at the end.

    `first` and `second` are events and participants of both groups so far, `more` the participants still to come;
    `rates` are the true proportions assumed for these (None: those observed). Stages are weighed by their
    sizes; the statistic of the second stage has the pooled variance, its distribution the true one.
    """
    (x1, n1), (x2, n2) = first, second
    number("critical", critical, infinite=True)
    m1, m2 = whole("more", more[0], 1), whole("more", more[1], 1)
    for x, n in (first, second):
        if not 0 <= x <= whole("n", n, 1):
            raise DesignError("events", x, f"a count from 0 to {n}")
    p1, p2 = rates if rates is not None else (x1 / n1, x2 / n2)
    probability("rates", p1)
    probability("rates", p2)
    z = _pooled_z(x1 / n1, n1, x2 / n2, n2)
    before, after = n1 + n2, m1 + m2
    needed = (critical * math.sqrt(before + after) - z * math.sqrt(before)) / math.sqrt(after)
    pooled = (m1 * p1 + m2 * p2) / after
    null = math.sqrt(pooled * (1 - pooled) * (1 / m1 + 1 / m2))
    true = math.sqrt(p1 * (1 - p1) / m1 + p2 * (1 - p2) / m2)
    if true == 0:
        return 1.0 if p1 - p2 > needed * null else 0.0
    return float(ndtr((p1 - p2 - needed * null) / true))


def predictive_power(
    z: float,
    fraction: float,
    critical: float,
    *,
    prior_drift: float = 0.0,
    prior_sd: float = math.inf,
) -> float:
    """Conditional power averaged over what is known of the drift (Spiegelhalter, Freedman and Blackburn,
    Control Clin Trials 1986;7:8).

    The prior of the drift is normal; the default is flat, and then only the data speak.
    """
    if not 0 < fraction < 1:
        raise DesignError("fraction", fraction, "an information fraction between 0 and 1")
    if not prior_sd > 0:
        raise DesignError("prior_sd", prior_sd, "a number above 0, or infinity for a flat prior")
    number("critical", critical)
    number("prior_drift", prior_drift)
    b = number("z", z) * math.sqrt(fraction)
    known = 1 / max(prior_sd, _NARROWEST) ** 2
    precision = fraction + known
    mean = (b + prior_drift * known) / precision
    rest = 1 - fraction
    return float(ndtr((b + mean * rest - critical) / math.sqrt(rest + rest * rest / precision)))


def _pooled_z(p1: float, n1: int, p2: float, n2: int) -> float:
    pooled = (n1 * p1 + n2 * p2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    return (p1 - p2) / math.sqrt(variance) if variance > 0 else 0.0


def _bound(boundaries: Boundaries, look: int) -> float:
    if isinstance(look, bool) or look != int(look) or not 1 <= look <= len(boundaries.fractions):
        raise DesignError("look", look, f"a look from 1 to {len(boundaries.fractions)}")
    return boundaries.upper[look - 1]

"""A rate of events over a time at risk."""

from __future__ import annotations

import math

from scipy.stats import gamma

from .estimate import Estimate


def poisson_rate(events: int, time: float, confidence: float = 0.95) -> Estimate:
    """Events per unit of `time`, with the exact interval for a Poisson count (Garwood, Biometrika 1936;28:437).

    As `poisson.test` of R. Without events the lower limit is 0; without time at risk the rate is undefined.
    ValueError for a negative count or time.
    """
    if events < 0 or not time >= 0 or not math.isfinite(time):
        raise ValueError(f"{events} events in a time of {time} is no count over a time at risk")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} must lie between 0 and 1, for instance 0.95")
    if time == 0:
        return Estimate.undefined(confidence, "no time at risk")
    tail = (1 - confidence) / 2
    lower = float(gamma.ppf(tail, events)) if events else 0.0
    upper = float(gamma.ppf(1 - tail, events + 1))
    return Estimate(events / time, lower / time, upper / time, confidence)

"""Competing risks: the share who have had one kind of event by a time, where another kind can come first.

One minus Kaplan–Meier, with the other kind censored, would say how many had it in a world without the other kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimate import critical_value
from .survival import checked_times

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CumulativeIncidence:
    """The cumulative incidence of one cause at the distinct times of events of any.

    `incidence` is the share with an event of the cause up to and including each time. Limits are `nan` while the
    incidence is 0 or where it is 1.
    """

    times: Floats
    at_risk: Floats
    events: Floats
    """Events of the cause."""
    others: Floats
    """Events of other causes."""
    incidence: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    confidence: float

    def at(self, time: float) -> float:
        """The incidence at a time (0 before the first event)."""
        index = int(np.searchsorted(self.times, time, side="right")) - 1
        return 0.0 if index < 0 else float(self.incidence[index])


def cumulative_incidence(
    times: ArrayLike, causes: ArrayLike, cause: int = 1, confidence: float = 0.95
) -> CumulativeIncidence:
    """The estimator of Aalen and Johansen (Scand J Stat 1978;5:141) for one cause.

    `causes` are whole numbers: 0 where the participant was censored, and the kind of event otherwise. The variance is
    Aalen's (Ann Stat 1978;6:534) with hypergeometric variances of tied events, pointwise limits stand on the log(−log)
    scale. Events come before censorings at equal times. Nobody observed gives empty arrays.
    """
    critical = critical_value(confidence)
    kinds = np.asarray(causes).ravel()
    if kinds.size and not (np.equal(kinds, np.floor(kinds)).all() and kinds.min() >= 0):
        raise ValueError("causes are whole numbers from 0 (censored) on")
    if cause < 1:
        raise ValueError("the cause asked for is a whole number from 1 on")
    clock, any_event = checked_times(times, kinds > 0)
    distinct = np.unique(clock[any_event])
    gone = np.searchsorted(np.sort(clock), distinct, side="left")
    at_risk = np.asarray(clock.size - gone, dtype=np.float64)
    own = _counts(distinct, clock[kinds == cause])
    others = _counts(distinct, clock[any_event & (kinds != cause)])
    left = 1 - (own + others) / at_risk
    free: Floats = np.asarray(np.cumprod(left), dtype=np.float64)
    before = np.concatenate((np.ones(1), free))[: distinct.size]
    incidence = np.cumsum(before * own / at_risk)
    variance = _variance(before, free, incidence, own, others, at_risk)
    standard_error = np.sqrt(np.maximum(variance, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        logarithm = np.log(incidence)
        spread = critical * standard_error / (incidence * np.abs(logarithm))
        lower = np.exp(logarithm * np.exp(spread))
        upper = np.exp(logarithm * np.exp(-spread))
    bare = (incidence <= 0) | (incidence >= 1)
    lower[bare], upper[bare] = math.nan, math.nan
    return CumulativeIncidence(
        distinct, at_risk, own, others, incidence, standard_error, lower, upper, confidence
    )


def _counts(distinct: Floats, clock: Floats) -> Floats:
    return np.bincount(np.searchsorted(distinct, clock), minlength=distinct.size).astype(np.float64)


def _variance(
    before: Floats, free: Floats, incidence: Floats, own: Floats, others: Floats, at_risk: Floats
) -> Floats:
    """Each event moves the incidence at a later time t: one of the cause by 1 − (F(t) − F)/S, another by (F(t) − F)/S,
    with F and S as they stand after the event. The squares, weighted, add up; F(t) is taken out of the sums."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # nobody is left to be moved when S is 0
        per_survivor = np.where(free > 0, 1 / free, 0.0)

        def weight(events: Floats) -> Floats:
            spare = np.where(events > 1, (events - 1) / (at_risk - 1), 0.0)
            return np.asarray(before**2 * events / at_risk**2 * (1 - spare))

        of_own, of_others = weight(own), np.where(free > 0, weight(others), 0.0)
    fixed_own, fixed_others = 1 + incidence * per_survivor, incidence * per_survivor
    squares = np.cumsum(of_own * fixed_own**2 + of_others * fixed_others**2)
    crossed = np.cumsum((of_own * fixed_own + of_others * fixed_others) * per_survivor)
    moving = np.cumsum((of_own + of_others) * per_survivor**2)
    return np.asarray(squares + incidence**2 * moving - 2 * incidence * crossed)

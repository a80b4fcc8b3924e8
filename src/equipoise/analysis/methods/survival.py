"""Time to an event: Kaplan–Meier curves and the log-rank test.

Groups and strata may have any labels; a time is the day of the event or of censoring, counted
from the origin. At equal times events come before censorings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtrc

from .estimate import Estimate, critical_value

Floats = NDArray[np.float64]
_SAME = 1e-9
"""Survival this close to one half counts as one half when the median is read off."""


@dataclass(frozen=True, slots=True, eq=False)
class KaplanMeier:
    """A survival curve at its distinct times, with Greenwood's standard error and log-log limits.

    All arrays run over the distinct times in rising order. `survival` is the share without the
    event after that time. Limits are `nan` where survival is 0 (no variance there) and 1 before the
    first event. A median that is not reached is `nan`, as is a limit of it.
    """

    times: Floats
    at_risk: Floats
    events: Floats
    censored: Floats
    survival: Floats
    standard_error: Floats
    lower: Floats
    upper: Floats
    median: float
    median_lower: float
    median_upper: float
    confidence: float

    @property
    def total(self) -> int:
        """Participants under observation at the origin."""
        return int(self.events.sum() + self.censored.sum())

    @property
    def total_events(self) -> int:
        """Participants with the event."""
        return int(self.events.sum())

    def at(self, time: float) -> float:
        """The share without the event at `time` (1 before the first event)."""
        index = int(np.searchsorted(self.times, time, side="right")) - 1
        return 1.0 if index < 0 else float(self.survival[index])

    def at_risk_at(self, time: float) -> int:
        """Participants still under observation just before `time`."""
        leaving = self.events + self.censored
        return int(leaving[np.searchsorted(self.times, time, side="left") :].sum())


def checked_times(times: ArrayLike, events: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Times and event marks (1 or 0) as arrays; ValueError for what is no time or mark, or not one mark for each.

    Other codes are refused: a status of 1 and 2, as many data sets have it, would read as events alone.
    """
    clock = np.asarray(times, dtype=np.float64).ravel()
    marks = np.asarray(events).ravel()
    if marks.size and not np.isin(marks, (0, 1)).all():
        raise ValueError("event marks must be 1 (the event) or 0 (censored): recode others")
    happened = marks.astype(bool)
    if clock.shape != happened.shape:
        raise ValueError(f"{clock.size} times and {happened.size} event marks: give one for each")
    if clock.size and not (np.isfinite(clock).all() and clock.min() >= 0):
        raise ValueError("times must be finite and not negative")
    return clock, happened


def kaplan_meier(times: ArrayLike, events: ArrayLike, confidence: float = 0.95) -> KaplanMeier:
    """The product-limit curve of Kaplan and Meier (J Am Stat Assoc 1958;53:457).

    `times` are days (≥ 0), `events` true where the event happened then, false where the
    participant was censored. Variance by Greenwood, pointwise limits on the log(−log) scale, the
    median's limits by inverting them (Brookmeyer and Crowley, Biometrics 1982;38:29).
    An empty group gives empty arrays and a `nan` median.
    """
    critical = critical_value(confidence)
    clock, happened = checked_times(times, events)
    distinct, position = np.unique(clock, return_inverse=True)
    died = np.bincount(position, weights=happened, minlength=distinct.size).astype(np.float64)
    left = np.bincount(position, minlength=distinct.size).astype(np.float64)
    at_risk = clock.size - np.concatenate(([0.0], np.cumsum(left)))[:-1]
    survival = np.cumprod(1 - died / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(died / (at_risk * (at_risk - died)))
        standard_error = survival * np.sqrt(greenwood)
        logarithm = np.log(survival)
        spread = critical * np.sqrt(greenwood) / np.abs(logarithm)
        lower = np.exp(logarithm * np.exp(spread))
        upper = np.exp(logarithm * np.exp(-spread))
    untouched, gone = survival >= 1, survival <= 0
    lower[untouched], upper[untouched], standard_error[untouched] = 1.0, 1.0, 0.0
    lower[gone], upper[gone], standard_error[gone] = math.nan, math.nan, math.nan
    return KaplanMeier(
        distinct,
        at_risk,
        died,
        left - died,
        survival,
        standard_error,
        lower,
        upper,
        _half(distinct, survival),
        _half(distinct, lower),
        _half(distinct, upper),
        confidence,
    )


def _half(times: Floats, curve: Floats) -> float:
    """The first time at which the curve is at or below one half.

    Where it lies exactly at one half over a stretch, the middle of that stretch, as R does.
    """
    defined = ~np.isnan(curve)
    times, curve = times[defined], curve[defined]
    reached = np.flatnonzero(curve <= 0.5 + _SAME)
    if not reached.size:
        return math.nan
    first = int(reached[0])
    if abs(curve[first] - 0.5) <= _SAME:
        below = np.flatnonzero(curve < 0.5 - _SAME)
        if below.size:
            return float(0.5 * (times[first] + times[int(below[0])]))
    return float(times[first])


@dataclass(frozen=True, slots=True)
class LogRank:
    """The log-rank test: observed and expected events by group, chi-squared, and its p-value."""

    groups: tuple[str, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    statistic: float
    df: int
    p: float
    variance: float = math.nan
    """Of the first group's observed events, where there are two groups."""
    reason: str = ""

    def one_step_hazard_ratio(self, confidence: float = 0.95) -> Estimate:
        """The first group's hazard over the second's: exp((O − E)/V) with limits on the log scale.

        Peto's one-step estimate (Yusuf et al., Prog Cardiovasc Dis 1985;27:335); it is close to the
        proportional-hazards estimate for ratios not far from 1. Undefined for other than two groups.
        """
        critical = critical_value(confidence)
        if not self.variance > 0:
            return Estimate.undefined(confidence, self.reason or "needs two groups")
        log_ratio = (self.observed[0] - self.expected[0]) / self.variance
        spread = critical / math.sqrt(self.variance)
        low, high = math.exp(log_ratio - spread), math.exp(log_ratio + spread)
        return Estimate(math.exp(log_ratio), low, high, confidence, self.statistic, self.p, self.df)


def log_rank(
    times: ArrayLike,
    events: ArrayLike,
    groups: Sequence[str],
    strata: Sequence[str] | None = None,
) -> LogRank:
    """The log-rank test of two or more groups (Mantel 1966; Peto and Peto 1972), over strata if given.

    Observed less expected events and their hypergeometric covariance are summed over strata. Groups
    without expected events are left out of the degrees of freedom. Without events, or with fewer
    than two groups at risk, the test is undefined and `reason` says so.
    """
    clock, happened = checked_times(times, events)
    labels, group = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    layer = np.zeros(clock.size, dtype=np.intp)
    if strata is not None:
        layer = np.unique(np.asarray(strata, dtype=str), return_inverse=True)[1]
    if group.size != clock.size or layer.size != clock.size:
        raise ValueError("give one group (and one stratum) for each time")
    count = labels.size
    observed, expected = np.zeros(count), np.zeros(count)
    covariance = np.zeros((count, count))
    for number in np.unique(layer):
        here = layer == number
        member = group[here][:, None] == np.arange(count)
        event_times = np.unique(clock[here][happened[here]])
        alive = clock[here][:, None] >= event_times
        dying = (clock[here][:, None] == event_times) & happened[here][:, None]
        risk = alive.T.astype(np.float64) @ member.astype(np.float64)
        deaths = dying.sum(axis=0, dtype=np.float64)
        everyone = risk.sum(axis=1)
        share = risk / everyone[:, None]
        observed += happened[here].astype(np.float64) @ member
        expected += deaths @ share
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(everyone > 1, deaths * (everyone - deaths) / (everyone - 1), 0.0)
        covariance += np.diag(scale @ share) - (share * scale[:, None]).T @ share
    informative = np.flatnonzero(expected > 0)
    names = tuple(str(label) for label in labels)
    result = (names, tuple(map(float, observed)), tuple(map(float, expected)))
    if informative.size < 2:
        reason = "no events" if not happened.any() else "fewer than two groups were at risk"
        return LogRank(*result, math.nan, 0, math.nan, reason=reason)
    kept = informative[1:]
    part = covariance[np.ix_(kept, kept)]
    deviation = (observed - expected)[kept]
    if np.linalg.matrix_rank(part) < kept.size:
        reason = "the groups were never at risk together"
        return LogRank(*result, math.nan, 0, math.nan, reason=reason)
    statistic = float(deviation @ np.linalg.solve(part, deviation))
    variance = float(part[0, 0]) if count == 2 else math.nan
    p = float(chdtrc(kept.size, statistic))
    return LogRank(*result, statistic, int(kept.size), p, variance)

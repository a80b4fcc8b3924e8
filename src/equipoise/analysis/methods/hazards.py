"""Proportional hazards (Cox), with strata and three ways with ties; and the restricted mean time."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimate import Estimate, critical_value, two_sided_p
from .newton import Maximum, maximize
from .regression import Regression, design_matrix, regression_of, spread
from .survival import checked_times, kaplan_meier

Floats = NDArray[np.float64]
Ties = Literal["efron", "breslow", "exact"]


def proportional_hazards(
    times: ArrayLike,
    events: ArrayLike,
    columns: ArrayLike,
    names: Sequence[str],
    *,
    strata: Sequence[Hashable] | None = None,
    ties: Ties = "efron",
    confidence: float = 0.95,
) -> Regression:
    """Log hazard ratios (Cox, JRSS B 1972;34:187), as R's `survival::coxph`.

    `ties`: Efron (JASA 1977;72:557), Breslow (1974), or `exact`, the discrete logistic likelihood of Cox's paper.
    Strata have baselines of their own; one without events says nothing.
    """
    clock, happened = checked_times(times, events)
    x = design_matrix(columns, names, clock.size)
    if ties not in ("efron", "breslow", "exact"):
        raise ValueError(f"ties {ties!r}: give efron, breslow or exact")
    if strata is not None and len(strata) != clock.size:
        raise ValueError(f"{len(strata)} strata for {clock.size} times: give one for each")
    labels = [0] * clock.size if strata is None else [str(one) for one in strata]
    groups = [np.array([one == label for one in labels]) for label in sorted(set(labels), key=str)]
    risks = [_risk_sets(clock[g], happened[g], x[g]) for g in groups]
    width = len(names)
    if not happened.any():
        empty = np.full(width, np.nan)
        reason = "no participants" if not clock.size else "nobody had the event"
        return regression_of(
            names, Maximum(empty, math.nan, np.full((width, width), np.nan), reason), confidence
        )
    step = {"efron": _efron, "breslow": _breslow, "exact": _exact}[ties]

    def likelihood(beta: Floats) -> tuple[float, Floats, Floats]:
        value, gradient, information = 0.0, np.zeros(width), np.zeros((width, width))
        for sets in risks:
            for at_risk, dying in sets:
                v, g, h = step(at_risk, dying, beta)
                value, gradient, information = value + v, gradient + g, information + h
        return value, gradient, information

    return regression_of(names, maximize(likelihood, np.zeros(width), spread(x)), confidence)


def _risk_sets(
    clock: Floats, happened: NDArray[np.bool_], x: Floats
) -> list[tuple[Floats, Floats]]:
    """At each time of an event: the columns of those at risk, and of those who have it."""
    return [
        (x[clock >= time], x[(clock == time) & happened]) for time in np.unique(clock[happened])
    ]


def _moments(weights: Floats, x: Floats) -> tuple[float, Floats, Floats]:
    return float(weights.sum()), weights @ x, (x * weights[:, None]).T @ x


def _breslow(x: Floats, dying: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
    s0, s1, s2 = _moments(np.exp(x @ beta), x)
    deaths = len(dying)
    mean = s1 / s0
    value = float((dying @ beta).sum()) - deaths * math.log(s0)
    return value, dying.sum(axis=0) - deaths * mean, deaths * (s2 / s0 - np.outer(mean, mean))


def _efron(x: Floats, dying: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
    s0, s1, s2 = _moments(np.exp(x @ beta), x)
    d0, d1, d2 = _moments(np.exp(dying @ beta), dying)
    value, gradient = float((dying @ beta).sum()), dying.sum(axis=0)
    information = np.zeros((beta.size, beta.size))
    for turn in range(len(dying)):
        part = turn / len(dying)
        total, mean = s0 - part * d0, (s1 - part * d1) / (s0 - part * d0)
        value -= math.log(total)
        gradient = gradient - mean
        information += (s2 - part * d2) / total - np.outer(mean, mean)
    return value, gradient, information


def _exact(x: Floats, dying: Floats, beta: Floats) -> tuple[float, Floats, Floats]:
    """Over all sets of as many as had the event: elementary symmetric functions of the hazards, by recursion
    over those at risk (Gail, Lubin and Rubinstein, Biometrika 1981;68:703)."""
    deaths, width = len(dying), beta.size
    linear = x @ beta
    middle = float(linear.mean())
    hazards = np.exp(linear - middle)
    sums = np.zeros(deaths + 1)
    sums[0] = 1.0
    slopes, bends = np.zeros((deaths + 1, width)), np.zeros((deaths + 1, width, width))
    for hazard, row in zip(hazards, x, strict=True):
        before, before1, before2 = sums[:-1], slopes[:-1], bends[:-1]
        cross = before1[:, :, None] * row[None, None, :]
        more2 = hazard * (
            before2
            + cross
            + cross.transpose(0, 2, 1)
            + before[:, None, None] * np.outer(row, row)[None]
        )
        more1 = hazard * (before1 + before[:, None] * row[None])
        sums[1:] = sums[1:] + hazard * before
        slopes[1:] = slopes[1:] + more1
        bends[1:] = bends[1:] + more2
    mean = slopes[-1] / sums[-1]
    value = float((dying @ beta).sum()) - math.log(sums[-1]) - deaths * middle
    return value, dying.sum(axis=0) - mean, bends[-1] / sums[-1] - np.outer(mean, mean)


def restricted_mean(
    times: ArrayLike, events: ArrayLike, horizon: float, confidence: float = 0.95
) -> Estimate:
    """The mean time without the event up to `horizon`: the area under the Kaplan–Meier curve.

    Variance by Greenwood's formula. Undefined where the curve ends, undecided, before the horizon.
    """
    if not (math.isfinite(horizon) and horizon > 0):
        raise ValueError(f"horizon {horizon}: give a time above 0")
    curve = kaplan_meier(times, events, confidence)
    if not curve.times.size:
        return Estimate.undefined(confidence, "no participants")
    if curve.times[-1] < horizon and curve.survival[-1] > 0:
        return Estimate.undefined(confidence, "nobody is observed as long as the horizon")
    inside = curve.times < horizon
    edges = np.concatenate([[0.0], curve.times[inside], [horizon]])
    heights = np.concatenate([[1.0], curve.survival[inside]])
    areas = np.diff(edges) * heights
    left = areas[::-1].cumsum()[::-1][1:]
    n, d = curve.at_risk[inside], curve.events[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where((d > 0) & (n > d), d / (n * (n - d)), 0.0)
    error = math.sqrt(float((left**2 * share).sum()))
    value, reach = float(areas.sum()), critical_value(confidence) * error
    return Estimate(value, value - reach, value + reach, confidence)


def restricted_mean_difference(
    times: ArrayLike,
    events: ArrayLike,
    treated: ArrayLike,
    horizon: float,
    confidence: float = 0.95,
) -> Estimate:
    """Treatment less control in restricted mean time (Royston and Parmar, Stat Med 2011;30:2409)."""
    clock, happened = checked_times(times, events)
    given = np.asarray(treated).ravel()
    if given.size != clock.size:
        raise ValueError(f"{given.size} arms for {clock.size} times: give one for each")
    if given.size and not np.isin(given, (0, 1)).all():
        raise ValueError("arms are 1 (treatment) or 0 (control)")
    arm = given.astype(bool)
    one = restricted_mean(clock[arm], happened[arm], horizon, confidence)
    other = restricted_mean(clock[~arm], happened[~arm], horizon, confidence)
    if one.reason or other.reason:
        return Estimate.undefined(confidence, one.reason or other.reason)
    critical = critical_value(confidence)
    error = math.hypot(one.upper - one.estimate, other.upper - other.estimate) / critical
    value = one.estimate - other.estimate
    z = value / error if error else math.nan
    reach = critical * error
    return Estimate(value, value - reach, value + reach, confidence, z, two_sided_p(z))

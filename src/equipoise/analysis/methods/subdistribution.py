"""The subdistribution hazard of one of several competing events (Fine and Gray, J Am Stat Assoc 1999;94:496)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .newton import Maximum, maximize
from .regression import Regression, design_matrix, regression_of, spread

Floats = NDArray[np.float64]


def fine_gray(
    times: ArrayLike,
    causes: ArrayLike,
    columns: ArrayLike,
    names: Sequence[str],
    confidence: float = 0.95,
) -> Regression:
    """Log subdistribution hazard ratios of cause 1; cause 0 is censored, any other competes. As R's `cmprsk::crr`.

    Whoever had a competing event stays at risk with the chance of still being uncensored, from the Kaplan–Meier curve
    of all censorings. Ties as Breslow's; standard errors are robust and account for the estimated weights.
    """
    clock = np.asarray(times, dtype=np.float64).ravel()
    cause = np.asarray(causes, dtype=np.float64).ravel()
    x = design_matrix(columns, names, clock.size)
    if cause.size != clock.size:
        raise ValueError(f"{cause.size} causes for {clock.size} times: give one for each")
    if not np.isfinite(clock).all() or (clock < 0).any():
        raise ValueError("times must be finite and not negative")
    if (cause < 0).any() or (cause != np.floor(cause)).any():
        raise ValueError("causes must be whole numbers, 0 for censored")
    happened = cause == 1
    width = len(names)
    if not happened.any():
        gone = np.full((width, width), np.nan)
        reason = "nobody had the event" if clock.size else "no participants"
        return regression_of(names, Maximum(gone[0], math.nan, gone, reason), confidence)
    when, deaths = np.unique(clock[happened], return_counts=True)
    weights = _weights(clock, cause, when)
    own = np.searchsorted(when, clock[happened])

    def moments(beta: Floats) -> tuple[Floats, Floats, Floats]:
        """At each time of an event: the weighted hazards of everyone, their sum, and the mean columns."""
        hazards = weights * np.exp(x @ beta)[:, None]
        whole = hazards.sum(axis=0)
        return hazards, whole, (hazards.T @ x) / whole[:, None]

    def likelihood(beta: Floats) -> tuple[float, Floats, Floats]:
        hazards, whole, mean = moments(beta)
        value = float((x[happened] @ beta).sum() - (deaths * np.log(whole)).sum())
        gradient = x[happened].sum(axis=0) - deaths @ mean
        second = np.einsum("ik,ia,ib,k->ab", hazards, x, x, deaths / whole, optimize=True)
        return value, gradient, second - (mean * deaths[:, None]).T @ mean

    found = maximize(likelihood, np.zeros(width), spread(x))
    if found.reason:
        return regression_of(names, found, confidence)
    hazards, whole, mean = moments(found.parameters)
    steps = hazards * (deaths / whole)  # the compensator of each at each time
    influence = -(steps.sum(axis=1)[:, None] * x - steps @ mean)
    influence[happened] += x[happened] - mean[own]
    influence += _of_the_weights(clock, cause, when, x, steps, mean)
    covariance = found.covariance @ (influence.T @ influence) @ found.covariance
    return regression_of(
        names, Maximum(found.parameters, found.log_likelihood, covariance), confidence
    )


def _uncensored_before(clock: Floats, cause: Floats, at: Floats) -> Floats:
    """The Kaplan–Meier chance of being uncensored just before each time; events stand before censorings."""
    when, censored = np.unique(clock[cause == 0], return_counts=True)
    ordered = np.sort(clock)
    at_risk = clock.size - np.searchsorted(ordered, when, side="left")
    share = np.concatenate([[1.0], np.cumprod(1 - censored / at_risk)])
    return np.asarray(share[np.searchsorted(when, at, side="left")], dtype=np.float64)


def _weights(clock: Floats, cause: Floats, when: Floats) -> Floats:
    """How far each is at risk at each time: wholly up to one's own, and then, after a competing event, in part."""
    before = _uncensored_before(clock, cause, when)
    own = _uncensored_before(clock, cause, clock)
    later = (cause > 1)[:, None] * before[None, :] / own[:, None]
    at_risk = np.where(clock[:, None] >= when[None, :], 1.0, later)
    return np.asarray(at_risk, dtype=np.float64)


def _of_the_weights(
    clock: Floats, cause: Floats, when: Floats, x: Floats, steps: Floats, mean: Floats
) -> Floats:
    """What each contributes by the estimated chance of being uncensored: q(u)/π(u) against the censoring martingale."""
    moments, censored = np.unique(clock[cause == 0], return_counts=True)
    out = np.zeros_like(x)
    if not moments.size:
        return out
    competing = cause > 1
    # Σ over times t ≥ u of −(x − mean) dΛ, of those whose competing event came before u
    distance = x[competing][:, None, :] - mean[None, :, :]
    parts = -distance * steps[competing][:, :, None]
    tails = np.cumsum(parts[:, ::-1], axis=1)[:, ::-1]
    tails = np.concatenate([tails, np.zeros((tails.shape[0], 1, x.shape[1]))], axis=1)
    from_here = np.searchsorted(when, moments, side="left")
    before = clock[competing][:, None] < moments[None, :]
    q = -np.einsum("iu,iua->ua", before.astype(np.float64), tails[:, from_here])
    at_risk = (clock[:, None] >= moments[None, :]).astype(np.float64)
    people = at_risk.sum(axis=0)
    ratio = q / people[:, None]
    place = np.searchsorted(moments, clock[cause == 0])
    out[cause == 0] += ratio[place]
    return np.asarray(out - at_risk @ (ratio * (censored / people)[:, None]), dtype=np.float64)

"""Maximum likelihood by Newton's method with step halving, and what it says where there is no maximum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Likelihood = Callable[[Floats], tuple[float, Floats, Floats]]
"""Parameters → log-likelihood, its gradient, and the observed information (minus its Hessian)."""

_STEPS = 60
_HALVINGS = 40
_CLOSE = 1e-11
_FAR = 12.0
"""A linear predictor that moves this far for one standard deviation of its column has no maximum in sight."""


@dataclass(frozen=True, slots=True, eq=False)
class Maximum:
    """Where the likelihood is largest; `reason` says why there is no such place."""

    parameters: Floats
    log_likelihood: float
    covariance: Floats
    reason: str = ""


def maximize(likelihood: Likelihood, start: Floats, scale: Floats) -> Maximum:
    """Climb from `start`. `scale` is the standard deviation of each parameter's column.

    A parameter that keeps growing while the likelihood hardly rises is reported: the data separate the outcomes
    (Albert and Anderson, Biometrika 1984;71:1).
    """
    at = start.astype(np.float64)
    value, gradient, information = likelihood(at)
    for _ in range(_STEPS):
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            return _nowhere(at, value, "the columns are not independent of each other")
        if not np.isfinite(step).all():
            return _nowhere(at, value, "the columns are not independent of each other")
        for _ in range(_HALVINGS):
            tried = likelihood(at + step)
            if np.isfinite(tried[0]) and tried[0] >= value - 1e-12 * (abs(value) + 1):
                break
            step = step / 2
        gained = tried[0] - value
        at = at + step
        value, gradient, information = tried
        if np.abs(at * scale).max(initial=0.0) > _FAR:
            return _nowhere(at, value, "a column separates the outcomes: no finite estimate")
        if gained <= _CLOSE * (abs(value) + 1) and np.abs(step * scale).max(initial=0.0) < 1e-8:
            break
    else:
        return _nowhere(at, value, "the likelihood has no maximum that could be found")
    try:
        covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    except np.linalg.LinAlgError:
        return _nowhere(at, value, "the columns are not independent of each other")
    if (np.diag(covariance) <= 0).any():
        return _nowhere(at, value, "the columns are not independent of each other")
    return Maximum(at, value, covariance)


def _nowhere(at: Floats, value: float, reason: str) -> Maximum:
    return Maximum(np.full_like(at, np.nan), value, np.full((at.size, at.size), np.nan), reason)

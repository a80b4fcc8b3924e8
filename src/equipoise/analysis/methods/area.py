"""The area under a course of values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def average_over_time(times: ArrayLike, values: ArrayLike) -> float:
    """The area under the values, by trapezoids from the first to the last time, divided by the time between.

    Values at the same time are averaged first. `nan` where all values stand at one time, or there is none: a point
    has no area. ValueError for values or times that are not finite, or not as many.
    """
    at = np.asarray(times, dtype=np.float64).ravel()
    of = np.asarray(values, dtype=np.float64).ravel()
    if at.size != of.size:
        raise ValueError(f"{of.size} values at {at.size} times: give one for each")
    if not (np.isfinite(at).all() and np.isfinite(of).all()):
        raise ValueError("times and values must be finite: leave missing ones out")
    when, place = np.unique(at, return_inverse=True)
    if when.size < 2:
        return float("nan")
    mean = np.bincount(place, of) / np.bincount(place)
    return float(np.trapezoid(mean, when) / (when[-1] - when[0]))

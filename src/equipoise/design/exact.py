"""Exact operating characteristics of tests of two proportions, by enumeration.

Every pair of counts that can occur is weighed with its binomial probability, look by look, so that what a
normal approximation promises can be held against what the test does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from .errors import DesignError, probability, whole

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExactCharacteristics:
    """What a design does at true proportions p1 and p2.

    `upper` and `lower` are the probabilities of stopping at each look above the upper and below the lower
    boundary; `expected_size` counts both groups.
    """

    p1: float
    p2: float
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    expected_size: float

    @property
    def reject(self) -> float:
        """The probability of crossing the upper boundary at any look."""
        return math.fsum(self.upper)


def pooled_z(x1: Floats, n1: int, x2: Floats, n2: int) -> Floats:
    """The pooled normal statistic of p1 − p2; 0 where nobody or everybody responds."""
    pooled = (x1 + x2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    difference = x1 / n1 - x2 / n2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(variance > 0, difference / np.sqrt(variance), 0.0)


def exact_two_proportions(
    p1: float,
    p2: float,
    sizes: Sequence[tuple[int, int]],
    upper: Sequence[float],
    lower: Sequence[float] | None = None,
) -> ExactCharacteristics:
    """Stop at the look where the pooled z reaches `upper`, or falls to `lower` or below.

    `sizes` are the cumulative group sizes (n1, n2) at each look; a fixed design has one.
    """
    probability("p1", p1)
    probability("p2", p2)
    lows = [-math.inf] * len(sizes) if lower is None else list(lower)
    if not sizes or len(upper) != len(sizes) or len(lows) != len(sizes):
        raise DesignError("sizes", list(sizes), "one size, upper and lower bound for each look")
    if any(math.isnan(bound) for bound in (*upper, *lows)):
        raise DesignError("upper", list(upper), "numbers; infinity where a look does not stop")
    joint = np.ones((1, 1))
    before = (0, 0)
    crossed: list[float] = []
    fallen: list[float] = []
    expected = 0.0
    for (n1, n2), high, low in zip(sizes, upper, lows, strict=True):
        more1, more2 = whole("n1", n1 - before[0]), whole("n2", n2 - before[1])
        if n1 < 1 or n2 < 1:
            raise DesignError("sizes", list(sizes), "at least one participant a group at each look")
        reached = joint.sum()
        expected += float(reached) * (more1 + more2)
        joint = _steps(p1, before[0], more1).T @ joint @ _steps(p2, before[1], more2)
        z = pooled_z(np.arange(n1 + 1.0)[:, None], n1, np.arange(n2 + 1.0)[None, :], n2)
        over, under = z >= high, (z <= low) & (z < high)
        crossed.append(float(joint[over].sum()))
        fallen.append(float(joint[under].sum()))
        joint = np.where(over | under, 0.0, joint)
        before = (n1, n2)
    return ExactCharacteristics(p1, p2, tuple(crossed), tuple(fallen), expected)


def _steps(p: float, before: int, more: int) -> Floats:
    """Row x, column y: the chance that x responders of `before` become y of `before + more`."""
    steps = np.zeros((before + 1, before + more + 1))
    weights = binom.pmf(np.arange(more + 1), more, p)
    for x in range(before + 1):
        steps[x, x : x + more + 1] = weights
    return steps


def worst_level(
    sizes: Sequence[tuple[int, int]],
    upper: Sequence[float],
    lower: Sequence[float] | None = None,
    *,
    points: int = 199,
) -> ExactCharacteristics:
    """The null hypothesis p1 = p2 = p under which the design rejects most often, over a grid of p.

    The grid has `points` equal steps inside (0, 1), refined once around its maximum.
    """
    whole("points", points, 3)
    grid = np.linspace(0, 1, points + 2)[1:-1]
    found = [exact_two_proportions(p, p, sizes, upper, lower) for p in grid]
    best = int(np.argmax([one.reject for one in found]))
    step = float(grid[1] - grid[0])
    around = np.linspace(max(grid[best] - step, 1e-9), min(grid[best] + step, 1 - 1e-9), 21)
    found += [exact_two_proportions(float(p), float(p), sizes, upper, lower) for p in around]
    return max(found, key=lambda one: one.reject)

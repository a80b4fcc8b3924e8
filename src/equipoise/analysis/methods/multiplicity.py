"""Several hypotheses at one level: fixed order, Holm's steps, and graphs that pass the level on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Adjusted:
    """A hypothesis with its p-value, the adjusted one, and whether it is rejected at the level."""

    name: str
    p: float
    adjusted: float
    rejected: bool


def hierarchical(p: Mapping[str, float], alpha: float = 0.05) -> tuple[Adjusted, ...]:
    """In the order given, each at the whole level, until one is not rejected (Maurer, Hothorn and Lehmacher 1995)."""
    adjusted, found = 0.0, []
    for name, value in _checked(p, alpha).items():
        adjusted = max(adjusted, value)
        found.append(Adjusted(name, value, adjusted, adjusted <= alpha))
    return tuple(found)


def holm(p: Mapping[str, float], alpha: float = 0.05) -> tuple[Adjusted, ...]:
    """The smallest first, at alpha/m, alpha/(m − 1), … (Holm, Scand J Stat 1979;6:65), as R's `p.adjust`."""
    given = _checked(p, alpha)
    adjusted: dict[str, float] = {}
    highest = 0.0
    for turn, name in enumerate(sorted(given, key=lambda one: given[one])):
        highest = max(highest, min(1.0, (len(given) - turn) * given[name]))
        adjusted[name] = highest
    return tuple(Adjusted(n, v, adjusted[n], adjusted[n] <= alpha) for n, v in given.items())


def graphical(
    p: Mapping[str, float],
    weights: Sequence[float],
    transitions: ArrayLike,
    alpha: float = 0.05,
) -> tuple[Adjusted, ...]:
    """A sequentially rejective graph (Bretz, Maurer, Brannath and Posch, Stat Med 2009;28:586).

    `weights` share the level (sum at most 1); row i of `transitions` says to whom hypothesis i passes its share on
    once it is rejected (0 to 1, sum at most 1, none to itself).
    """
    given = _checked(p, alpha)
    w = np.asarray(weights, dtype=np.float64).ravel()
    g = np.array(transitions, dtype=np.float64)
    m = len(given)
    if w.size != m or g.shape != (m, m):
        raise ValueError(f"{m} hypotheses, {w.size} weights, transitions of shape {g.shape}")
    if (w < 0).any() or w.sum() > 1 + 1e-9:
        raise ValueError("weights must not be negative nor add up to more than 1")
    if (g < 0).any() or (g.sum(axis=1) > 1 + 1e-9).any() or np.diag(g).any():
        raise ValueError(
            "each row of transitions holds shares from 0 to 1, none for itself, at most 1 in all"
        )
    values = np.array(list(given.values()))
    left = list(range(m))
    adjusted = np.ones(m)
    highest = 0.0
    while left:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.array([values[i] / w[i] if w[i] > 0 else np.inf for i in left])
        best = left[int(np.argmin(ratios))]
        if not np.isfinite(ratios.min()):
            break
        highest = max(highest, min(1.0, float(ratios.min())))
        adjusted[best] = highest
        left.remove(best)
        w, g = _passed_on(best, left, w, g)
    return tuple(
        Adjusted(name, float(values[i]), float(adjusted[i]), bool(adjusted[i] <= alpha))
        for i, name in enumerate(given)
    )


def _passed_on(gone: int, left: Sequence[int], w: Floats, g: Floats) -> tuple[Floats, Floats]:
    """The graph without a rejected hypothesis."""
    weights, paths = w.copy(), np.zeros_like(g)
    for j in left:
        weights[j] += w[gone] * g[gone, j]
        for k in left:
            loop = g[j, gone] * g[gone, j]
            if j != k and loop < 1:
                paths[j, k] = (g[j, k] + g[j, gone] * g[gone, k]) / (1 - loop)
    weights[gone] = 0.0
    return weights, paths


def _checked(p: Mapping[str, float], alpha: float) -> dict[str, float]:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha} must lie between 0 and 1, for instance 0.05")
    for name, value in p.items():
        if not 0 <= value <= 1:
            raise ValueError(f"p of {name}: {value} is no probability")
    return dict(p)

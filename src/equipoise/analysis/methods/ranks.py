"""Wilcoxon's rank-sum test and the Hodges–Lehmann shift."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .estimate import Estimate, critical_value, two_sided_p

_EXACT_BELOW = 50
"""Both groups smaller than this and no ties: the exact distribution, as in R's `wilcox.test`."""


def _exact_counts(first: int, second: int) -> NDArray[np.float64]:
    """How many of all orders give each value 0 … first·second of the Mann–Whitney statistic.

    The Gaussian binomial coefficient, by multiplying (1 − q^(second+i)) and dividing by (1 − q^i).
    """
    size = first * second + 1
    counts = np.zeros(size)
    counts[0] = 1.0
    for i in range(1, first + 1):
        step = second + i
        if step < size:
            counts[step:] -= counts[:-step].copy()
        for start in range(min(i, size)):
            counts[start::i] = np.cumsum(counts[start::i])
    return counts


def wilcoxon(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Estimate:
    """Wilcoxon's rank-sum test of two groups, with the Hodges–Lehmann shift and its interval.

    `estimate` is the median of all differences first − second. `statistic` is the Mann–Whitney count
    of pairs with first > second (ties half), R's W. Without ties and with both groups below 50 the
    test and Moses' limits (ordered differences) are exact; otherwise the normal approximation with
    the tie-corrected variance serves both, the test with continuity correction.
    """
    critical = critical_value(confidence)
    x = np.asarray(first, dtype=np.float64).ravel()
    y = np.asarray(second, dtype=np.float64).ravel()
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("values must be finite: leave missing ones out")
    if x.size == 0 or y.size == 0:
        return Estimate.undefined(confidence, "an arm has nobody with an outcome yet")
    differences = np.sort((x[:, None] - y[None, :]).ravel())
    pairs = differences.size
    statistic = float((differences > 0).sum() + 0.5 * (differences == 0).sum())
    shift = float(np.median(differences))

    every, total = np.concatenate((x, y)), x.size + y.size
    ties = np.unique(every, return_counts=True)[1].astype(np.float64)
    variance = pairs / 12 * (total + 1 - float((ties**3 - ties).sum()) / (total * (total - 1)))
    if x.size < _EXACT_BELOW and y.size < _EXACT_BELOW and ties.max() == 1:
        distribution = np.cumsum(_exact_counts(x.size, y.size))
        distribution /= distribution[-1]
        extreme = min(statistic, pairs - statistic)
        p = min(1.0, 2 * float(distribution[round(extreme)]))
        # R's qwilcox: the smallest count whose distribution reaches the tail.
        rank = int(np.searchsorted(distribution, (1 - confidence) / 2 * (1 - 1e-15))) or 1
    elif variance > 0:
        deviation = statistic - pairs / 2
        z = (deviation - math.copysign(min(0.5, abs(deviation)), deviation)) / math.sqrt(variance)
        p = two_sided_p(z)
        rank = max(1, math.floor(pairs / 2 - critical * math.sqrt(variance)))
    else:
        return Estimate(
            shift, shift, shift, confidence, statistic, 1.0, reason="all values are equal"
        )
    rank = min(rank, (pairs + 1) // 2)
    return Estimate(
        shift,
        float(differences[rank - 1]),
        float(differences[pairs - rank]),
        confidence,
        statistic,
        p,
    )

"""Exact tests for a two-by-two table."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln
from scipy.stats import boschloo_exact

from .estimate import Estimate, check_counts

_GRID = 64
"""Points of the common rate at which Boschloo's supremum is sought first."""

_TIE = 1 + 1e-7
"""Tables this close in probability count as equally likely, as in R's `fisher.test`."""


def fisher(events_1: int, total_1: int, events_2: int, total_2: int) -> Estimate:
    """Fisher's exact test, two-sided: the probability of all tables no likelier than the one seen.

    `estimate` is the sample odds ratio (`nan` where it is 0/0, infinite where a zero divides); no
    interval. An empty arm, or a margin of zero, leaves one table only: p = 1.
    """
    check_counts(events_1, total_1, "group 1")
    check_counts(events_2, total_2, "group 2")
    cases = events_1 + events_2
    possible = np.arange(max(0, cases - total_2), min(total_1, cases) + 1, dtype=np.float64)

    def log_choose(n: float, k: np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    log_probability = log_choose(total_1, possible) + log_choose(total_2, cases - possible)
    probability = np.exp(log_probability - log_probability.max())
    probability /= probability.sum()
    seen = probability[events_1 - int(possible[0])]
    p = float(min(1.0, probability[probability <= seen * _TIE].sum()))
    return _tested(events_1, total_1, events_2, total_2, p)


def boschloo(events_1: int, total_1: int, events_2: int, total_2: int) -> Estimate:
    """Boschloo's unconditional exact test (Stat Neerl 1970;24:1), two-sided: twice the smaller one-sided value.

    Fisher's one-sided p is its statistic, so that it never has less power than Fisher's test. The supremum over
    the common rate is searched on SciPy's grid. An empty arm, or a margin of zero, gives p = 1.
    """
    check_counts(events_1, total_1, "group 1")
    check_counts(events_2, total_2, "group 2")
    cases, total = events_1 + events_2, total_1 + total_2
    p = 1.0
    if total_1 and total_2 and 0 < cases < total:
        table = [[events_1, events_2], [total_1 - events_1, total_2 - events_2]]
        p = float(boschloo_exact(table, n=_GRID).pvalue)
    return _tested(events_1, total_1, events_2, total_2, p)


def _tested(events_1: int, total_1: int, events_2: int, total_2: int, p: float) -> Estimate:
    """The sample odds ratio with the test's p-value, and no interval."""
    cross, other = events_1 * (total_2 - events_2), events_2 * (total_1 - events_1)
    ratio = cross / other if other else (float("inf") if cross else float("nan"))
    return Estimate(
        ratio,
        float("nan"),
        float("nan"),
        float("nan"),
        p=p,
        reason="" if total_1 + total_2 else "no participants",
    )

"""Bayesian monitoring of a rate in one arm: stop when the data make it too probable that the rate is too high,
or too improbable that it will prove high enough.

Beta priors, binomial data; a rule is a table of counts, so that its operating characteristics are enumerated.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, gammaln, xlog1py, xlogy
from scipy.stats import betabinom

from .errors import DesignError, positive, probability, whole


@dataclass(frozen=True, slots=True)
class BetaPrior:
    """Beta(a, b): worth a + b participants, of whom a had the event."""

    a: float = 1.0
    b: float = 1.0

    def __post_init__(self) -> None:
        positive("a", self.a)
        positive("b", self.b)

    def above(self, rate: float, events: int, total: int) -> float:
        """The posterior probability that the true rate exceeds `rate`."""
        probability("rate", rate)
        _check(events, total)
        return float(betaincc(self.a + events, self.b + total - events, rate))

    def below(self, rate: float, events: int, total: int) -> float:
        """The posterior probability that the true rate is at most `rate`."""
        probability("rate", rate)
        _check(events, total)
        return float(betainc(self.a + events, self.b + total - events, rate))

    def predictive(self, events: int, total: int, more: int, needed: int) -> float:
        """The probability of at least `needed` events among all once `more` have been observed."""
        _check(events, total)
        whole("more", more)
        left = betabinom(more, self.a + events, self.b + total - events)
        return float(left.sf(needed - events - 1))


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """After `totals[k]` participants, stop at `stops[k]` events or more; None: no count stops."""

    totals: tuple[int, ...]
    stops: tuple[int | None, ...]

    def characteristics(self, rate: float) -> RuleCharacteristics:
        """What the rule does where the true rate is `rate`, enumerated."""
        probability("rate", rate)
        going = np.ones(1)
        before, expected, stopped = 0, 0.0, []
        for total, stop in zip(self.totals, self.stops, strict=True):
            expected += float(going.sum()) * (total - before)
            steps = _binomial(total - before, rate)
            going = np.convolve(going, steps)
            cut = len(going) if stop is None else stop
            stopped.append(float(going[cut:].sum()))
            going = going[:cut] if cut else np.zeros(1)
            before = total
        return RuleCharacteristics(rate, tuple(stopped), expected)


@dataclass(frozen=True, slots=True)
class RuleCharacteristics:
    """Probability of stopping at each look, and participants expected, at a true rate."""

    rate: float
    stopped: tuple[float, ...]
    expected_size: float

    @property
    def stop(self) -> float:
        """The probability of ever stopping."""
        return float(sum(self.stopped))


def toxicity_rule(
    totals: Sequence[int], limit: float, threshold: float, prior: BetaPrior | None = None
) -> StoppingRule:
    """Stop when the posterior probability that the rate exceeds `limit` is above `threshold` (Thall and Simon,
    Biometrics 1994;50:337, with a fixed limit)."""
    beliefs = prior or BetaPrior()
    probability("limit", limit, open_interval=True)
    probability("threshold", threshold, open_interval=True)
    return StoppingRule(
        _rising(totals),
        tuple(
            next((x for x in range(n + 1) if beliefs.above(limit, x, n) > threshold), None)
            for n in _rising(totals)
        ),
    )


def _binomial(n: int, rate: float) -> NDArray[np.float64]:
    """The chance of each count of n; SciPy's own overflows at rates next to nothing."""
    x = np.arange(n + 1.0)
    ways = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return np.asarray(np.exp(ways + xlogy(x, rate) + xlog1py(n - x, -rate)))


def _rising(totals: Sequence[int]) -> tuple[int, ...]:
    looks = tuple(whole("totals", n, 1) for n in totals)
    if not looks or any(a >= b for a, b in itertools.pairwise(looks)):
        raise DesignError("totals", list(totals), "rising numbers of participants")
    return looks


def _check(events: int, total: int) -> None:
    if not 0 <= events <= whole("total", total):
        raise DesignError("events", events, f"a count from 0 to {total}")

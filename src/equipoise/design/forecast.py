"""When will the last participant be randomized, and when will the last one finish?

Each site recruits as a Poisson process from the day it opens: its rate rises linearly to the full one over the
start-up days. What is not known of the full rate is a gamma distribution, so that months of recruitment update it
in closed form (Anisimov and Fedorov, Stat Med 2007;26:4958). The forecast is a sample of futures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from .errors import DesignError, positive, probability, whole

Floats = NDArray[np.float64]

DAYS_A_MONTH = 365.25 / 12
_YEAR = 366


@dataclass(frozen=True, slots=True)
class SiteAccrual:
    """A site's recruitment: `per_month` is the mean of the full rate, `shape` its gamma shape (a coefficient of
    variation of 1/√shape; infinite: known). `closes` is the last day it recruits, None for no end."""

    site: str
    opens: date
    per_month: float
    start_up_days: int = 0
    closes: date | None = None
    shape: float = 4.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.per_month) and self.per_month >= 0):
            raise DesignError(
                f"site {self.site}: per_month", self.per_month, "a finite number from 0 on"
            )
        whole(f"site {self.site}: start_up_days", self.start_up_days)
        if not self.shape > 0:
            raise DesignError(f"site {self.site}: shape", self.shape, "a number above 0")
        if self.closes is not None and self.closes < self.opens:
            raise DesignError(
                f"site {self.site}: closes", self.closes.isoformat(), "a day from its opening on"
            )

    def exposure(self, first: date, last: date) -> float:
        """Months of recruitment at the full rate that the days from `first` to `last`, both included, are worth."""
        return (self._worth(last) - self._worth(first - timedelta(days=1))) / DAYS_A_MONTH

    def _worth(self, day: date) -> float:
        """Full days up to the end of a day."""
        end = day if self.closes is None else min(day, self.closes)
        days = (end - self.opens).days + 1
        if days <= 0:
            return 0.0
        rising = min(days, self.start_up_days)
        risen = rising * rising / (2 * self.start_up_days) if self.start_up_days else 0.0
        return risen + (days - rising)

    def updated(self, randomized: int, until: date) -> SiteAccrual:
        """The same site after so many were randomized there up to the end of a day."""
        whole(f"site {self.site}: randomized", randomized)
        if math.isinf(self.shape) or self.per_month == 0:
            return self
        months = self.exposure(self.opens, until)
        shape = self.shape + randomized
        rate = shape / (self.shape / self.per_month + months)
        return replace(self, per_month=rate, shape=shape)


@dataclass(frozen=True, slots=True)
class Interval:
    """Median and limits of a day; None where it lies beyond the horizon of the forecast."""

    median: date | None
    lower: date | None
    upper: date | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """`reached` is the day the target is randomized, `finished` the day the last one has been followed up.

    `expected` is, at each of `days`, the median and the limits of the number randomized; `chance` is the
    probability of reaching the target by `deadline`.
    """

    target: int
    confidence: float
    reached: Interval
    finished: Interval
    days: tuple[date, ...]
    expected: tuple[tuple[float, float, float], ...]
    deadline: date | None
    chance: float | None


def forecast(
    sites: Sequence[SiteAccrual],
    target: int,
    *,
    randomized: Mapping[str, int] | None = None,
    today: date | None = None,
    follow_up_days: int = 0,
    deadline: date | None = None,
    confidence: float = 0.9,
    futures: int = 4000,
    seed: int = 20261201,
    horizon_days: int = 3650,
) -> Forecast:
    """Forecast from the day after `today`, with `randomized` so far by site (default: before the first opening).

    Equal arguments give equal answers. Raises `DesignError` for what no trial can have.
    """
    whole("target", target, 1)
    whole("futures", futures, 1)
    probability("confidence", confidence, open_interval=True)
    positive("horizon_days", horizon_days)
    if not sites:
        raise DesignError("sites", [], "one site at least")
    so_far = dict(randomized or {})
    unknown = so_far.keys() - {site.site for site in sites}
    if unknown:
        raise DesignError("randomized", sorted(unknown), "sites of the trial")
    start = today or min(site.opens for site in sites) - timedelta(days=1)
    known = [site.updated(so_far.get(site.site, 0), start) for site in sites]
    done = sum(so_far.values())
    counts = _futures(known, start, target - done, futures, seed, int(horizon_days)) + done
    tail = (1 - confidence) / 2
    days = tuple(start + timedelta(days=n) for n in range(counts.shape[1]))
    when = _first_day(counts, target)
    reached = _interval(when, start, tail)
    finished = _interval(when + follow_up_days, start, tail)
    end = _last_shown(when, counts.shape[1])
    quantiles = np.quantile(counts[:, :end], [0.5, tail, 1 - tail], axis=0).T
    chance = None
    if deadline is not None:
        chance = float(np.mean(when <= (deadline - start).days))
    expected = tuple((float(m), float(low), float(high)) for m, low, high in quantiles)
    return Forecast(target, confidence, reached, finished, days[:end], expected, deadline, chance)


def _futures(
    sites: Sequence[SiteAccrual], start: date, wanted: int, futures: int, seed: int, horizon: int
) -> Floats:
    """Row: a future; column n: how many more are randomized by the end of day `start` + n.

    A year is drawn after the other, until every future has as many as are wanted or the horizon is reached.
    """
    streams = [
        np.random.Generator(np.random.Philox(key=[seed, place])) for place in range(len(sites))
    ]
    rates = [
        np.full(futures, site.per_month)
        if math.isinf(site.shape)
        else stream.gamma(site.shape, site.per_month / site.shape, size=futures)
        for site, stream in zip(sites, streams, strict=True)
    ]
    years = [np.zeros((futures, 1))]
    for first in range(0, horizon, _YEAR):
        days = range(first, min(first + _YEAR, horizon) + 1)
        came = np.zeros((futures, len(days) - 1))
        for site, stream, rate in zip(sites, streams, rates, strict=True):
            worth = np.array([site._worth(start + timedelta(days=n)) for n in days])
            daily = np.diff(worth) / DAYS_A_MONTH
            came += stream.poisson(rate[:, None] * daily[None, :])
        years.append(years[-1][:, -1:] + came.cumsum(axis=1))
        if years[-1][:, -1].min() >= wanted:
            break
    return np.concatenate(years, axis=1)


def _first_day(counts: Floats, target: int) -> Floats:
    """Days from the start until the target is reached; infinite beyond the horizon."""
    reached = counts >= target
    return np.where(reached.any(axis=1), reached.argmax(axis=1).astype(float), np.inf)


def _interval(when: Floats, start: date, tail: float) -> Interval:
    def day(share: float) -> date | None:
        at = float(np.quantile(when, share, method="higher"))
        return start + timedelta(days=int(at)) if math.isfinite(at) else None

    return Interval(day(0.5), day(tail), day(1 - tail))


def _last_shown(when: Floats, columns: int) -> int:
    late = float(np.quantile(when, 0.99, method="higher"))
    return columns if not math.isfinite(late) else min(columns, int(late) + 15)

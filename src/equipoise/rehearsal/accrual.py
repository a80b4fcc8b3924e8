"""Who comes, where and when: a stream of candidates by site, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from equipoise.protocol.document import Protocol

from .assumptions import Accrual, AssumptionError, RehearsalAssumptions, SiteAccrual
from .columns import Days
from .lean import LeanStreams, Whole, reached_on, waiting_levels
from .streams import Floats, Streams

YEARS = 12
"""Candidates are drawn over this many years at most."""
_MOST_A_DAY = 12
GAP = 5
"""The place in stream `candidate` of the gap before a candidate, where numbers are lean."""
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The candidates in order of (day, site, ordinal at the site)."""

    starts: date
    sites: tuple[str, ...]
    site_opens: Days
    site: npt.NDArray[np.int64]
    screened: Days
    subjects: npt.NDArray[np.uint64]


def arrivals(
    protocol: Protocol,
    assumptions: RehearsalAssumptions,
    streams: Streams,
    candidates: int | None = None,
) -> Arrivals:
    """Candidates on working days; each site's count of a day is Poisson, drawn on stream `accrual`, or as gaps between candidates.

    The subject number of a candidate is its site's index and its ordinal there, so that a site's
    people stay who they are when another site's rate is changed.
    """
    plan = assumptions.accrual
    starts = plan.starts or registered_start(protocol)
    sites = tuple(site.id for site in protocol.identity.sites)
    if not sites:
        raise AssumptionError(["identity.sites: a rehearsal needs at least one site"])
    wanted = candidates or candidates_wanted(protocol, assumptions)
    days = YEARS * 366
    ordinals = starts.toordinal() + np.arange(days)
    working = (ordinals - 1) % 7 < 5
    opens, found = [], []
    for index, site in enumerate(sites):
        rate = rate_of(protocol, plan, site)
        opens.append(opening_day(starts, rate))
        if isinstance(streams, LeanStreams):
            screened = starts.toordinal() + _days_by_gaps(rate, streams, index, working, wanted)
        else:
            counts = _daily_counts(rate, streams.uniforms("accrual", [index], days)[0], working)
            screened = np.repeat(ordinals, counts)[:wanted]
        ordinal = np.arange(screened.size)
        found.append(np.stack([screened, np.full(screened.size, index), ordinal], axis=1))
    everyone = np.concatenate(found)
    order = np.lexsort((everyone[:, 2], everyone[:, 1], everyone[:, 0]))[:wanted]
    chosen = everyone[order].astype(np.int64)
    subjects = (chosen[:, 1].astype(np.uint64) << np.uint64(32)) | chosen[:, 2].astype(np.uint64)
    return Arrivals(
        starts=starts,
        sites=sites,
        site_opens=np.array(opens, dtype=np.int64),
        site=chosen[:, 1],
        screened=chosen[:, 0],
        subjects=subjects,
    )


def registered_start(protocol: Protocol) -> date:
    """The protocol's start, the latest day its precision allows. Raises `AssumptionError` where there is none."""
    registered = protocol.identity.dates.start
    if registered is None:
        raise AssumptionError(
            ["assumptions.accrual.starts: give the first day, or identity.dates.start"]
        )
    return registered.date.latest


def opening_day(starts: date, rate: SiteAccrual) -> int:
    """The working day (ordinal) on which a site opens."""
    day = starts.toordinal() + rate.opens_after_days
    weekday = (day - 1) % 7
    return day if weekday < 5 else day + 7 - weekday


def rate_of(protocol: Protocol, plan: Accrual, site: str) -> SiteAccrual:
    """A site's rate as assumed; by default the target in a year, shared evenly."""
    return plan.sites.get(site) or _default_rate(protocol, len(protocol.identity.sites))


def candidates_wanted(protocol: Protocol, assumptions: RehearsalAssumptions) -> int:
    """Candidates enough to fill the target in expectation of refusals and failures, and some more."""
    size = protocol.design.sample_size
    if size is None:
        raise AssumptionError(["design.sample_size: a rehearsal needs a target"])
    fails = sum(spec.probability for spec in assumptions.participants.screening_failures)
    stays = (1 - assumptions.accrual.consent_refusal) * (1 - min(fails, 0.95))
    return int(np.ceil(size.target / max(stays, 0.05) * 1.15 + 40))


def _default_rate(protocol: Protocol, sites: int) -> SiteAccrual:
    size = protocol.design.sample_size
    return SiteAccrual(per_month=max((size.target if size else 1) / 12 / sites, 0.1))


def expected_by_day(rate: SiteAccrual, working: npt.NDArray[np.bool_]) -> Floats:
    """How many candidates a site expects on each day."""
    since = np.arange(working.size) - rate.opens_after_days
    stride = np.clip((since + 1) / max(rate.start_up_days, 1), 0.0, 1.0)
    return np.asarray(
        rate.per_month / DAYS_A_MONTH * 7 / 5 * stride * (since >= 0) * working, dtype=np.float64
    )


def _days_by_gaps(
    rate: SiteAccrual,
    streams: LeanStreams,
    site: int,
    working: npt.NDArray[np.bool_],
    wanted: int,
) -> Whole:
    """The days on which a site's candidates come, from exponential gaps on the scale of those expected."""
    subjects = (np.uint64(site) << np.uint64(32)) + np.arange(wanted, dtype=np.uint64)
    levels = streams.levels("candidate", subjects, GAP + 1)[:, GAP]
    days = reached_on(expected_by_day(rate, working), np.cumsum(waiting_levels()[levels]))
    return days[days < working.size]


def _daily_counts(
    rate: SiteAccrual, u: Floats, working: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Poisson counts by inversion of the distribution function, zero on weekends."""
    expected = expected_by_day(rate, working)
    term = np.exp(-expected)
    below = term.copy()
    counts = np.zeros(working.size, dtype=np.int64)
    for count in range(1, _MOST_A_DAY + 1):
        counts += u >= below
        term = term * expected / count
        below = below + term
    return np.where(expected > 0, counts, 0)

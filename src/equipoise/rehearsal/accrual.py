"""Who comes, where and when: a stream of candidates by site, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from equipoise.protocol.document import Protocol

from .assumptions import AssumptionError, RehearsalAssumptions, SiteAccrual
from .columns import Days
from .streams import Floats, Streams

_YEARS = 12
"""Candidates are drawn over this many years at most."""
_MOST_A_DAY = 12
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
    """Candidates on working days; each site's count of a day is Poisson, drawn on stream `accrual`.

    The subject number of a candidate is its site's index and its ordinal there, so that a site's
    people stay who they are when another site's rate is changed.
    """
    plan = assumptions.accrual
    starts = plan.starts or _registered_start(protocol)
    sites = tuple(site.id for site in protocol.identity.sites)
    if not sites:
        raise AssumptionError(["identity.sites: a rehearsal needs at least one site"])
    wanted = candidates or _enough(protocol, assumptions)
    days = _YEARS * 366
    ordinals = starts.toordinal() + np.arange(days)
    working = (ordinals - 1) % 7 < 5
    opens, found = [], []
    for index, site in enumerate(sites):
        rate = plan.sites.get(site) or _default_rate(protocol, len(sites))
        opens.append(_working_day(starts.toordinal() + rate.opens_after_days))
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


def _registered_start(protocol: Protocol) -> date:
    registered = protocol.identity.dates.start
    if registered is None:
        raise AssumptionError(
            ["assumptions.accrual.starts: give the first day, or identity.dates.start"]
        )
    return registered.date.latest


def _working_day(day: int) -> int:
    weekday = (day - 1) % 7
    return day if weekday < 5 else day + 7 - weekday


def _enough(protocol: Protocol, assumptions: RehearsalAssumptions) -> int:
    size = protocol.design.sample_size
    if size is None:
        raise AssumptionError(["design.sample_size: a rehearsal needs a target"])
    fails = sum(spec.probability for spec in assumptions.participants.screening_failures)
    stays = (1 - assumptions.accrual.consent_refusal) * (1 - min(fails, 0.95))
    return int(np.ceil(size.target / max(stays, 0.05) * 1.15 + 40))


def _default_rate(protocol: Protocol, sites: int) -> SiteAccrual:
    """The target in a year, shared evenly."""
    size = protocol.design.sample_size
    return SiteAccrual(per_month=max((size.target if size else 1) / 12 / sites, 0.1))


def _daily_counts(
    rate: SiteAccrual, u: Floats, working: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Poisson counts by inversion of the distribution function, zero on weekends."""
    since = np.arange(working.size) - rate.opens_after_days
    stride = np.clip((since + 1) / max(rate.start_up_days, 1), 0.0, 1.0)
    expected = rate.per_month / DAYS_A_MONTH * 7 / 5 * stride * (since >= 0) * working
    term = np.exp(-expected)
    below = term.copy()
    counts = np.zeros(working.size, dtype=np.int64)
    for count in range(1, _MOST_A_DAY + 1):
        counts += u >= below
        term = term * expected / count
        below = below + term
    return np.where(expected > 0, counts, 0)

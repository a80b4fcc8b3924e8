"""When a protocol's trial will be full and over: the accrual it assumes, brought up to date by its ledger.

Recruitment is forecast as in `equipoise.design.forecast` (Anisimov and Fedorov, Stat Med 2007;26:4958). How long a
participant stays after allocation is taken from the virtual participants of one replicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from equipoise.conduct.state import TrialState
from equipoise.design import DesignError, Forecast, SiteAccrual, forecast
from equipoise.protocol.document import Protocol
from equipoise.protocol.once import once_for_each_protocol

from .accrual import opening_day, rate_of, registered_start
from .assumptions import RehearsalAssumptions, read_assumptions
from .bulk.cutting import Virtual
from .generate import generate

_STAY = 0.95
"""The share of participants who have finished by the follow-up that is reckoned with."""
_SEED = 20261201


@dataclass(frozen=True, slots=True)
class Outlook:
    """A forecast with what it rests on. `extra` is the same with one more site, where that was asked."""

    sites: tuple[SiteAccrual, ...]
    """What is known of each site now; rates are of participants randomized a month."""
    randomized: Mapping[str, int]
    as_of: date | None
    """The last day that has been seen; None before the trial."""
    follow_up_days: int
    """Days from allocation to completion that 19 of 20 participants keep within."""
    completion: date | None
    """The day by which the last participant is to have finished, as registered or as asked."""
    forecast: Forecast
    extra_site: SiteAccrual | None = None
    extra: Forecast | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain values, days in ISO 8601."""

        def plain(value: Any) -> Any:
            if isinstance(value, date):
                return value.isoformat()
            if isinstance(value, Mapping):
                return {key: plain(one) for key, one in value.items()}
            if isinstance(value, list | tuple):
                return [plain(one) for one in value]
            return value

        given: dict[str, Any] = plain(asdict(self))
        return given


def outlook(
    protocol: Protocol,
    state: TrialState | None = None,
    today: date | None = None,
    *,
    completion: date | None = None,
    extra_per_month: float | None = None,
    extra_opens: date | None = None,
    confidence: float = 0.9,
) -> Outlook:
    """Forecast the trial of a protocol: before it begins, or from what `state` tells at the end of `today`.

    `completion` (default: the registered one) is the day for which the chance is given that the last participant has
    finished. `extra_per_month` adds one site with so many randomized a month, open from `extra_opens` (default: the
    day after `today`, or the first opening). A site that is closed or halted is taken to recruit no more, one that
    has not opened by its planned day to open tomorrow. Raises `DesignError` and `AssumptionError`.
    """
    size = protocol.design.sample_size
    if size is None:
        raise DesignError("design.sample_size", None, "a target, for a forecast")
    assumed = read_assumptions(protocol)
    planned = planned_sites(protocol, assumed)
    randomized: dict[str, int] = {}
    if state is not None and today is not None:
        planned = tuple(_as_it_stands(site, state, today) for site in planned)
        randomized = {site.site: state.site(site.site).randomized for site in planned}
    stay = follow_up_days(protocol)
    end = completion or _registered_completion(protocol)
    deadline = None if end is None else end - timedelta(days=stay)

    def look_ahead(sites: tuple[SiteAccrual, ...]) -> Forecast:
        return forecast(
            sites,
            size.target,
            randomized=randomized,
            today=today,
            follow_up_days=stay,
            deadline=deadline,
            confidence=confidence,
        )

    extra_site, extra = None, None
    if extra_per_month is not None:
        opens = extra_opens or (
            today + timedelta(days=1) if today else min(site.opens for site in planned)
        )
        slowest = max(site.start_up_days for site in planned)
        extra_site = SiteAccrual("one more", opens, extra_per_month, start_up_days=slowest)
        extra = look_ahead((*planned, extra_site))
    known = planned
    if today is not None:
        known = tuple(site.updated(randomized.get(site.site, 0), today) for site in planned)
    ahead = look_ahead(planned)
    return Outlook(known, randomized, today, stay, end, ahead, extra_site, extra)


def planned_sites(
    protocol: Protocol, assumed: RehearsalAssumptions | None = None
) -> tuple[SiteAccrual, ...]:
    """Each site as the protocol assumes it, with the rate of those who will be randomized of all who come."""
    given = assumed or read_assumptions(protocol)
    plan = given.accrual
    starts = plan.starts or registered_start(protocol)
    failing = sum(one.probability for one in given.participants.screening_failures)
    stays = (1 - plan.consent_refusal) * (1 - failing * (1 - plan.rescreening))
    return tuple(
        SiteAccrual(
            site.id,
            date.fromordinal(opening_day(starts, rate)),
            rate.per_month * stays,
            start_up_days=rate.start_up_days,
        )
        for site in protocol.identity.sites
        for rate in (rate_of(protocol, plan, site.id),)
    )


@once_for_each_protocol
def follow_up_days(protocol: Protocol) -> int:
    """Days from allocation to completion within which 19 of 20 virtual participants keep."""
    virtual = Virtual(generate(protocol, _SEED), (), doses=False)
    stays = [
        one.completed - one.enrolled.randomized
        for one in virtual.participations
        if one.completed is not None
    ]
    return int(np.quantile(stays, _STAY, method="higher")) if stays else 0


def _as_it_stands(site: SiteAccrual, state: TrialState, today: date) -> SiteAccrual:
    here = state.site(site.site)
    ended = not state.recruitment_open or bool(state.oversight.standing_halts(site.site))
    if here.opened_on is None:
        opens = max(site.opens, today + timedelta(days=1))
        return replace(site, opens=opens, per_month=0.0 if ended else site.per_month)
    closes = today if ended or not here.open else None
    return replace(site, opens=min(here.opened_on, today), closes=closes)


def _registered_completion(protocol: Protocol) -> date | None:
    dates = protocol.identity.dates
    registered = dates.completion or dates.primary_completion
    return None if registered is None else registered.date.latest

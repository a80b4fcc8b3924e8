"""Interim looks as the protocol plans them: when one is due, what it sees, and whether it stops the trial.

A look at fraction f of a trial of n participants is taken at the end of the day on which, for ⌈f·n⌉ of those
randomized, nothing more is awaited for the look's endpoint: the window is over (the visit has taken place), or
they have left. It sees the data as they stood then. The boundaries are those planned (`design_protocol`); a
participant who is late or missing makes the look a little richer or poorer in information than planned.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from scipy.special import ndtri

from equipoise.analysis.cut import DataCut, Source, cut, event_day, states_at
from equipoise.analysis.effects import run_analysis
from equipoise.analysis.endpoints import EndpointData, endpoint_data
from equipoise.analysis.methods import Estimate
from equipoise.analysis.results import RATIOS, AnalysisResult, Comparison
from equipoise.conduct.schedule import participant_anchors
from equipoise.conduct.state import ParticipantState
from equipoise.protocol.document import Analysis, ChangeAt, Endpoint, Protocol, Repeated, ValueAt

from .errors import DesignError
from .futility import futility_bounds
from .plan import favorable, planned_boundaries

"""Measures of which 1 says that there is no effect, not 0."""


@dataclass(frozen=True, slots=True)
class PlannedLook:
    """An interim look: after how many participants, and the critical value of |Z|.

    `futility` is the Z, positive in the direction hoped for, down to which it stops for futility; None where it does
    not.
    """

    id: str
    fraction: float
    participants: int
    critical: float
    futility: float | None = None


@dataclass(frozen=True, slots=True)
class Monitoring:
    """How the protocol decides: its looks, the critical value at the end, the level, and the direction hoped for.

    `critical` is that of the endpoint with the looks; `critical_alone` that of every other endpoint (one analysis,
    at the whole level). `favorable` is +1 where larger is better, −1 where smaller is, 0 where the protocol does
    not say. `binding`: the critical values count on bounds for futility being kept.
    """

    endpoint: str
    looks: tuple[PlannedLook, ...]
    critical: float
    critical_alone: float
    alpha: float
    sided: int
    favorable: int
    binding: bool = False

    @property
    def stops_for_futility(self) -> bool:
        """Whether any look does."""
        return any(look.futility is not None for look in self.looks)

    def critical_at_the_end(self, endpoint: str) -> float:
        """The critical value of |Z| in the final analysis of an endpoint."""
        return self.critical if endpoint == self.endpoint else self.critical_alone

    def crosses(self, comparison: Comparison, critical: float) -> int:
        """+1 or −1 where the boundary is crossed by a larger or smaller treatment, 0 where it is not.

        Two-sided designs stop in either direction; one-sided ones only in the favorable direction.
        """
        return crossed(comparison.measure, comparison.estimate, critical, self)

    def futile(self, comparison: Comparison, look: PlannedLook) -> bool:
        """Whether a comparison falls short of the look's bound for futility, and crosses no boundary."""
        if look.futility is None or self.crosses(comparison, look.critical):
            return False
        return short_of(comparison.measure, comparison.estimate, look.futility, self)


def direction(measure: str, estimate: Estimate) -> int:
    """+1 where the treatment gives more than the control, −1 where less, 0 where neither or undefined."""
    none = 1.0 if measure in RATIOS else 0.0
    if math.isnan(estimate.estimate) or estimate.estimate == none:
        return 0
    return 1 if estimate.estimate > none else -1


def crossed(measure: str, estimate: Estimate, critical: float, plan: Monitoring) -> int:
    """See `Monitoring.crosses`: from the analysis' own two-sided p, against that of the critical value."""
    way = direction(measure, estimate)
    if way == 0 or math.isnan(estimate.p):
        return 0
    if estimate.p > math.erfc(critical / math.sqrt(2)):
        return 0
    if plan.sided == 1 and plan.favorable and way != plan.favorable:
        return 0
    return way


def short_of(measure: str, estimate: Estimate, bound: float, plan: Monitoring) -> bool:
    """Whether the analysis' Z, positive in the favorable direction, is at most `bound`: see `futile_p`."""
    if math.isnan(estimate.p) or math.isnan(estimate.estimate):
        return False
    way, p = direction(measure, estimate) * plan.favorable, futile_p(bound)
    if p >= 0:
        return way <= 0 or estimate.p >= p
    return way < 0 and estimate.p <= -p


def futile_p(bound: float) -> float:
    """A bound for futility as a two-sided p, negative where the bound is.

    From 0 up, a result falls short that is unfavorable or has at least this p; below 0, one that is unfavorable and
    has at most its absolute value.
    """
    return math.copysign(math.erfc(abs(bound) / math.sqrt(2)), bound)


def monitoring(protocol: Protocol) -> Monitoring:
    """The protocol's looks and critical values; `DesignError` names what the protocol does not say."""
    size = protocol.design.sample_size
    if size is None or size.endpoint is None or size.alpha is None:
        raise DesignError("design.sample_size", None, "a target with endpoint and alpha")
    boundaries = planned_boundaries(protocol, size)
    declared = sorted(
        (look for look in protocol.design.interim_looks if look.endpoint == size.endpoint),
        key=lambda look: look.fraction,
    )
    looks = tuple(
        PlannedLook(
            look.id,
            float(look.fraction),
            math.ceil(float(look.fraction) * size.target),
            critical,
            bound if math.isfinite(bound) else None,
        )
        for look, critical, bound in zip(
            declared, boundaries.upper, futility_bounds(boundaries), strict=False
        )
    )
    return Monitoring(
        endpoint=size.endpoint,
        looks=looks,
        critical=boundaries.upper[-1],
        critical_alone=float(-ndtri(float(size.alpha) / size.sided)),
        alpha=float(size.alpha),
        sided=size.sided,
        favorable=favorable(size),
        binding=boundaries.binding,
    )


def awaited_until(
    endpoint: Endpoint,
    anchors: Mapping[str, date],
    visits: Mapping[str, date],
    left: date | None,
    completed: date | None,
) -> date | None:
    """The day from which nothing more is awaited of a participant for an endpoint; None while something is.

    `visits` gives the day of each visit at which the endpoint's item was recorded.
    """
    variable = endpoint.variable
    if isinstance(variable, ValueAt | ChangeAt):
        seen = visits.get(variable.visit)
    elif isinstance(variable, Repeated):
        seen = visits.get(variable.visits[-1])
    else:
        anchor = anchors.get(variable.window.end.anchor)
        seen = (
            None
            if anchor is None
            else date.fromordinal(anchor.toordinal() + variable.window.end.day)
        )
    return min((day for day in (seen, left, completed) if day is not None), default=None)


def look_day(look: PlannedLook, days: Iterable[date | None]) -> date | None:
    """The day of a look, from the days after which nothing is awaited; None where too few have come."""
    known = sorted(day for day in days if day is not None)
    return known[look.participants - 1] if len(known) >= look.participants else None


def operating_analyses(protocol: Protocol) -> tuple[Analysis, ...]:
    """The analyses marked `operating`: those whose operating characteristics are asked for."""
    return tuple(one for one in protocol.analyses if one.operating)


@dataclass(frozen=True, slots=True)
class LookTaken:
    """An interim look of a trial: its day, how many had been randomized, the analyses, and the decision.

    `stops` is +1 or −1 where the first operating analysis of the look's endpoint crosses the boundary; `futile` says
    that it falls short of the bound for futility.
    """

    look: PlannedLook
    day: date
    randomized: int
    analyses: tuple[AnalysisResult, ...]
    stops: int
    futile: bool = False


def take_look(
    look: PlannedLook, data: DataCut, plan: Monitoring, outcomes: EndpointData | None = None
) -> LookTaken:
    """The look's analyses on the data of its day, and its decision. `outcomes` of its endpoint may be known already."""
    protocol = data.protocol
    if outcomes is None:
        outcomes = endpoint_data(data, protocol.endpoint_by_id[plan.endpoint])
    results = tuple(
        run_analysis(data, analysis, outcomes)
        for analysis in operating_analyses(protocol)
        if analysis.endpoint == plan.endpoint
    )
    stops, futile = 0, False
    if results:
        first = results[0].comparisons[0]
        stops, futile = plan.crosses(first, look.critical), plan.futile(first, look)
    return LookTaken(look, data.position.on, len(data.randomized), results, stops, futile)


def looks_taken(trial: Source) -> tuple[LookTaken, ...]:
    """Every interim look the trial has reached, each on the data of its day."""
    protocol = trial.protocol
    plan = monitoring(protocol)
    endpoint = protocol.endpoint_by_id[plan.endpoint]
    states, _, _ = states_at(trial)
    days = [
        awaited_until(
            endpoint,
            {name: anchor.day for name, anchor in participant_anchors(protocol, state).items()},
            _recorded(state, endpoint),
            state.off_study_on,
            state.completed_on,
        )
        for state in states.values()
        if state.randomized_on is not None
    ]
    taken = []
    for look in plan.looks:
        day = look_day(look, days)
        if day is not None:
            taken.append(take_look(look, cut_at_end_of(trial, day), plan))
    return tuple(taken)


def _recorded(state: ParticipantState, endpoint: Endpoint) -> dict[str, date]:
    """By visit: the day on which the endpoint's item was recorded."""
    return {
        address.visit: form.performed_on
        for address, form in state.forms.items()
        if endpoint.variable.item in form.values
    }


def cut_at_end_of(trial: Source, day: date) -> DataCut:
    """The data recorded by the end of a day, at each site in its own time zone."""
    zones = {site.id: ZoneInfo(site.timezone) for site in trial.protocol.identity.sites}
    last = 0
    for event in trial.ledger.events():
        zone = zones.get(event.site)
        on = (
            event_day(trial.protocol, event)
            if zone is None
            else datetime.fromisoformat(event.server_time).astimezone(zone).date()
        )
        if on <= day:
            last = event.seq
    data = cut(trial, last)
    return replace(data, position=replace(data.position, on=day))

"""Which lanes a participant's timeline has: chosen from the protocol, filled from the state.

Coded scales and numbers asked at three visits or more get a lane, two from a form at most; what is
asked only during treatment (a delivered dose) comes first, as exposure; then the primary
endpoint's item. Laboratory values, and what finds no room, stand in a second timeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal

from equipoise.conduct.schedule import (
    PlannedVisit,
    diary_window,
    participant_anchors,
)
from equipoise.conduct.state import Captured, ParticipantState, Stamp
from equipoise.protocol.document import Item, Protocol
from equipoise.quantity.readable import beside, measured, readable_unit

from ..vocabulary import text_said
from .svg import Say, noop
from .timeline import (
    CountLane,
    Lane,
    LineLane,
    Point,
    Span,
    SpanLane,
    StepLane,
    Tick,
    TickLane,
    Timeline,
    VisitLane,
    VisitMark,
)

MOST_LANES = 6
LANES_OF_A_FORM = 2
"""Item lanes in the first timeline, in all and from one form; more would push the visits off a
laptop's screen, and a second scale of the same thing is not worth the lane of another thing."""


@dataclass(frozen=True, slots=True)
class LaneItem:
    """An item that gets a lane: `kind` is `steps` or `line`; `exposure` lanes are filled."""

    item: str
    kind: str
    exposure: bool


@dataclass(frozen=True, slots=True)
class LanePlan:
    """The item lanes of a protocol: those shown at once, and the rest."""

    first: tuple[LaneItem, ...]
    rest: tuple[LaneItem, ...]


_plans: dict[str, LanePlan] = {}


def lane_plan(protocol: Protocol) -> LanePlan:
    """The item lanes of this version of the protocol."""
    plan = _plans.get(protocol.version)
    if plan is None:
        plan = _plans[protocol.version] = _choose(protocol)
    return plan


def _choose(protocol: Protocol) -> LanePlan:
    visits = Counter(form for visit in protocol.schedule.visits for form in visit.forms)
    outside = {
        form
        for visit in protocol.schedule.visits
        if visit.phase != "treatment"
        for form in visit.forms
    }
    primary = {
        endpoint.variable.item for endpoint in protocol.endpoints if endpoint.role == "primary"
    }
    ranked: list[tuple[int, LaneItem]] = []
    rest: list[LaneItem] = []
    seen: set[str] = set()
    for form in protocol.forms:
        if visits[form.id] < 3:
            continue
        exposure = form.id not in outside
        taken = 0
        items = [protocol.item_by_id[entry.item] for entry in form.items]
        for item in sorted(items, key=lambda item: item.id not in primary):
            kind = _kind(item, protocol)
            if kind is None or item.id in seen:
                continue
            seen.add(item.id)
            lane = LaneItem(item.id, kind, exposure and kind == "line")
            if item.laboratory or taken == LANES_OF_A_FORM:
                rest.append(lane)
                continue
            taken += 1
            rank = 0 if lane.exposure else 1 if item.id in primary else 2 if kind == "steps" else 3
            ranked.append((rank, lane))
    ordered = [lane for _, lane in sorted(ranked, key=lambda pair: pair[0])]
    return LanePlan(tuple(ordered[:MOST_LANES]), (*ordered[MOST_LANES:], *rest))


def _kind(item: Item, protocol: Protocol) -> str | None:
    if item.type == "code" and item.codelist and protocol.codelist_by_id[item.codelist].scale:
        return "steps"
    return "line" if item.type in ("integer", "decimal") else None


@dataclass(frozen=True, slots=True)
class Teller:
    """What the timeline needs to speak: language, translation, and how terms are named."""

    language: str
    say: Say
    weekdays: Sequence[str]
    adverse_event: Callable[[int], str]
    zone: tzinfo
    sees_allocation: bool


def participant_timelines(
    state: ParticipantState, plan: Sequence[PlannedVisit], today: date, teller: Teller
) -> tuple[Timeline, Timeline | None]:
    """The timeline, and a second one for laboratory values where any were measured."""
    protocol = state.protocol
    applicable = [
        visit for visit in plan if visit.status != "not_applicable" and visit.target is not None
    ]
    start = state.screened_on or today
    early = [visit.opens for visit in applicable if visit.opens and visit.status != "done"]
    start = min([start, *(day for day in early if (start - day).days < 15)])
    end = max([start + timedelta(days=27), *(v.closes for v in applicable if v.closes)])
    lanes = lane_plan(protocol)
    wanted = {lane.item for lane in (*lanes.first, *lanes.rest)}
    series = _series(state, wanted)
    until = min(today, end, state.off_study_on or end)
    drawn = [
        _item_lane(lane, series.get(lane.item, []), protocol, until, teller) for lane in lanes.first
    ]
    exposures = sum(1 for lane in lanes.first if lane.exposure)
    drawn[exposures:exposures] = _dose_lanes(state, today, teller)
    drawn.append(VisitLane(teller.say("Visits"), _visit_marks(applicable, teller)))
    drawn.append(SpanLane(teller.say("Adverse events"), _spans(state, teller)))
    drawn.append(TickLane(teller.say("Decisions"), _decisions(state, teller)))
    anchors = _anchors(state, teller)
    main = Timeline(
        start, end, today, tuple(drawn), anchors,
        title=f"{teller.say('Timeline')} {state.id}", weekdays=tuple(teller.weekdays),
    )  # fmt: skip
    measured = tuple(
        _item_lane(lane, series[lane.item], protocol, until, teller)
        for lane in lanes.rest
        if series.get(lane.item)
    )
    more = (
        Timeline(
            start, end, today, measured, anchors,
            title=f"{teller.say('Laboratory and further scores')} {state.id}",
            weekdays=tuple(teller.weekdays),
        )
        if measured
        else None
    )  # fmt: skip
    return main, more


def _series(state: ParticipantState, wanted: set[str]) -> dict[str, list[Captured]]:
    found: dict[str, list[Captured]] = {}
    recorded = [form.values for form in state.forms.values()]
    recorded += [day.values for day in state.diary.values()]
    for values in recorded:
        for item in wanted.intersection(values):
            captured = values[item]
            if captured.datum is not None:
                found.setdefault(item, []).append(captured)
    return found


def _item_lane(
    lane: LaneItem, captured: Sequence[Captured], protocol: Protocol, until: date, teller: Teller
) -> Lane:
    item = protocol.item_by_id[lane.item]
    label = item.label.in_language(teller.language)
    if lane.kind == "steps" and item.codelist:
        codelist = protocol.codelist_by_id[item.codelist]
        scale = " ".join(part for part in (codelist.scale, codelist.version) if part)
        ranks = {code.code: rank for rank, code in enumerate(codelist.codes)}
        points = [
            Point(one.on, ranks[one.value.value], f"{scale}: {one.value.value}")
            for one in captured
            if one.value.value in ranks
        ]
        return StepLane(label, scale, points, len(codelist.codes) - 1, until)
    unit = beside(readable_unit(item.unit, teller.language))
    points = [
        Point(one.on, float(one.datum.value), measured(one.value.value, item.unit, teller.language))
        for one in captured
        if one.datum is not None and isinstance(one.datum.value, Decimal)
    ]
    zero = item.minimum is not None and item.minimum == 0 and item.maximum is not None
    bounded = zero and item.maximum is not None and item.maximum <= 10
    note = unit or (f"{item.minimum}–{item.maximum}" if bounded else "")
    return LineLane(label, note, points, filled=lane.exposure, from_zero=bounded)


def _dose_lanes(state: ParticipantState, today: date, teller: Teller) -> list[Lane]:
    protocol = state.protocol
    lanes: list[Lane] = []
    for diary in protocol.schedule.diaries:
        if not diary.dose_items or (diary.arms and not teller.sees_allocation):
            continue
        occasions = len(diary.dose_items)
        days: dict[date, tuple[bool | None, ...]] = {}
        window = diary_window(protocol, diary, state)
        if window is not None:
            last = min(window[1], today - timedelta(days=1))
            for n in range((last - window[0]).days + 1):
                days[window[0] + timedelta(days=n)] = (None,) * occasions
        for (name, day), record in state.diary.items():
            if name == diary.id:
                days[day] = tuple(
                    record.values[item].value.value == "true"
                    if item in record.values and record.values[item].value.value is not None
                    else None
                    for item in diary.dose_items
                )
        if days:
            lanes.append(CountLane(diary.label.in_language(teller.language), occasions, days))
    by_intervention: dict[str, dict[date, dict[int, bool]]] = {}
    for (intervention, day, occasion), taken in state.doses.items():
        by_intervention.setdefault(intervention, {}).setdefault(day, {})[occasion] = taken
    for intervention, given in by_intervention.items():
        if not teller.sees_allocation:
            continue
        product = protocol.intervention_by_id[intervention]
        times = product.regimen.times_a_day if product.regimen else 1
        lanes.append(
            CountLane(
                product.name.in_language(teller.language),
                times,
                {
                    day: tuple(taken.get(occasion) for occasion in range(1, times + 1))
                    for day, taken in given.items()
                },
            )
        )
    return lanes


def _visit_marks(applicable: Sequence[PlannedVisit], teller: Teller) -> list[VisitMark]:
    return [
        VisitMark(
            planned.visit.label.in_language(teller.language),
            planned.target,
            planned.opens or planned.target,
            planned.closes or planned.target,
            planned.status,
            planned.performed_on,
            planned.provisional,
        )
        for planned in applicable
        if planned.target is not None
    ]


def _spans(state: ParticipantState, teller: Teller) -> list[Span]:
    return [
        Span(
            event.started_on,
            event.ended_on,
            event.grade,
            f"{teller.adverse_event(event.number)}, {event.grade}",
            event.serious,
        )
        for event in state.adverse_events.values()
    ]


_SCOPES = {
    "treatment": noop("from treatment"),
    "follow_up": noop("from follow-up"),
    "data_use": noop("the use of data as well"),
}


def _decisions(state: ParticipantState, teller: Teller) -> list[Tick]:
    say = teller.say

    def day(stamp: Stamp | str) -> date:
        at = stamp if isinstance(stamp, str) else stamp.at
        return datetime.fromisoformat(at).astimezone(teller.zone).date()

    ticks = []
    for consent in state.consents:
        ticks.append(
            Tick(consent.signed_on, f"{say('consent signed, version')} {consent.version}", True)
        )
    if state.refused_on:
        ticks.append(Tick(state.refused_on, say("consent declined")))
    for assessment in state.assessments:
        outcome = {True: say("eligible"), False: say("not eligible"), None: say("not decided")}
        ticks.append(
            Tick(day(assessment.stamp), f"{say('assessed')}: {outcome[assessment.eligible]}")
        )
        if assessment.signed_at and assessment.signed_by:
            words = f"{say('eligibility signed')}, {assessment.signed_by}"
            ticks.append(Tick(day(assessment.signed_at), words, True))
    if state.randomized_on:
        ticks.append(
            Tick(
                state.randomized_on,
                f"{say('randomized')}, {say('number')} {state.randomization_number}",
                True,
            )
        )
    if state.failed_at:
        ticks.append(Tick(day(state.failed_at), say("screening failed")))
    for deviation in state.deviations:
        ticks.append(
            Tick(deviation.occurred_on, f"{say('deviation')}: {text_said(deviation.text)}")
        )
    for withdrawal in state.withdrawals:
        ticks.append(
            Tick(withdrawal.on, f"{say('withdrawn')}: {say(_SCOPES[withdrawal.scope])}", True)
        )
    if state.completed_on:
        ticks.append(Tick(state.completed_on, say("completed"), True))
    return ticks


def _anchors(state: ParticipantState, teller: Teller) -> tuple[tuple[date, str], ...]:
    labels = {
        anchor.id: anchor.label.in_language(teller.language)
        for anchor in state.protocol.schedule.anchors
    }
    found = participant_anchors(state.protocol, state)
    return tuple(
        (anchor.day, labels[name] + (" ~" if anchor.provisional else ""))
        for name, anchor in found.items()
    )

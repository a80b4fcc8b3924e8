"""When things are due: anchors, visits with their windows, diary days.

The same calendar serves a participant's page, the worklist and the virtual participants: it works
on plain dates and knows no store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from equipoise.protocol.document import Anchor, Diary, Offset, Protocol, Visit
from equipoise.protocol.expression import compile_expression

from .environment import ParticipantEnvironment
from .state import FormInstance, ParticipantState
from .values import Address


@dataclass(frozen=True, slots=True)
class AnchorDay:
    """The day an anchor stands on; provisional while only its planned date is known."""

    day: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A visit as this participant stands to it.

    `status` is `pending` (its anchor is unknown), `due` (open, or still to come), `part` (begun),
    `done`, `missed`, or `not_applicable`. `opens` to `closes` is the window, both included.
    """

    visit: Visit
    target: date | None
    opens: date | None
    closes: date | None
    provisional: bool
    status: str
    performed_on: date | None
    forms_done: int = 0


def anchor_days(
    protocol: Protocol, events: Mapping[str, date | None], items: Callable[[str], date | None]
) -> dict[str, AnchorDay]:
    """Every anchor whose day is known.

    `events` maps `screening`, `consent`, `randomization` to their dates; `items` answers the latest
    value of a date item. An anchor's actual item wins over its planned one.
    """
    days = {}
    for anchor in protocol.schedule.anchors:
        found = _anchor_day(anchor, events, items)
        if found is not None:
            days[anchor.id] = found
    return days


def _anchor_day(
    anchor: Anchor, events: Mapping[str, date | None], items: Callable[[str], date | None]
) -> AnchorDay | None:
    if anchor.event is not None:
        day = events.get(anchor.event)
        return AnchorDay(day, False) if day else None
    day = items(anchor.item) if anchor.item else None
    if day is not None:
        return AnchorDay(day, False)
    planned = items(anchor.planned) if anchor.planned else None
    return AnchorDay(planned, True) if planned else None


def visit_window(visit: Visit, anchor: date) -> tuple[date, date, date]:
    """Target, first and last day of a visit counted from its anchor's day."""
    target = anchor + timedelta(days=visit.day)
    return target, target - timedelta(days=visit.before), target + timedelta(days=visit.after)


def offset_day(offset: Offset, anchors: Mapping[str, AnchorDay]) -> date | None:
    """The day an offset names, or None while its anchor is unknown."""
    anchor = anchors.get(offset.anchor)
    return anchor.day + timedelta(days=offset.day) if anchor else None


def participant_anchors(protocol: Protocol, participant: ParticipantState) -> dict[str, AnchorDay]:
    """The anchors of one participant."""

    def item_day(item: str) -> date | None:
        captured = participant.latest.get(item)
        value = captured.datum.value if captured and captured.datum else None
        return value if isinstance(value, date) else None

    consent = participant.consents[0].signed_on if participant.consents else None
    events = {
        "screening": participant.screened_on,
        "consent": consent,
        "randomization": participant.randomized_on,
    }
    return anchor_days(protocol, events, item_day)


def applies_to_arm(protocol: Protocol, visit: Visit, participant: ParticipantState) -> bool:
    """Whether the visit is meant for this participant; an undecided condition does not exclude."""
    if visit.only_when is None:
        return True
    compiled = compile_expression(visit.only_when, protocol)
    return compiled.evaluate(ParticipantEnvironment(participant)).value is not False


def plan_visits(protocol: Protocol, participant: ParticipantState) -> list[PlannedVisit]:
    """Every visit of the schedule, in the protocol's order, as this participant stands to it."""
    anchors = participant_anchors(protocol, participant)
    by_visit: dict[str, list[FormInstance]] = {}
    for address, form in participant.forms.items():
        by_visit.setdefault(address.visit, []).append(form)
    off_study = participant.off_study_on
    ended = participant.status in ("screen_failed", "consent_refused", "withdrawn", "completed")
    plan = []
    for visit in protocol.schedule.visits:
        anchor = anchors.get(visit.anchor)
        target = opens = closes = None
        provisional = False
        if anchor is not None:
            target, opens, closes = visit_window(visit, anchor.day)
            provisional = anchor.provisional
        forms = by_visit.get(visit.id, [])
        complete = sum(1 for form in forms if form.complete)
        performed = min((form.performed_on for form in forms), default=None)
        if forms and complete >= len(visit.forms):
            status = "done"
        elif visit.id in participant.missed:
            status = "missed"
        elif forms:
            status = "part"
        elif not _wanted(protocol, visit, target, anchors, participant):
            status = "not_applicable"
        elif off_study is not None and (opens is None or opens >= off_study):
            status = "not_applicable"
        elif ended and (target is None or participant.randomized is None):
            status = "not_applicable"
        elif target is None or (_after_allocation(visit) and not participant.randomized):
            status = "pending"
        else:
            status = "due"
        plan.append(
            PlannedVisit(
                visit, target, opens, closes, provisional, status, performed, complete
            )
        )
    return plan


def _after_allocation(visit: Visit) -> bool:
    return visit.phase in ("treatment", "follow_up")


def _wanted(
    protocol: Protocol,
    visit: Visit,
    target: date | None,
    anchors: Mapping[str, AnchorDay],
    participant: ParticipantState,
) -> bool:
    if visit.until is not None and target is not None:
        end = anchors.get(visit.until)
        if end is not None and target >= end.day:
            return False
    return applies_to_arm(protocol, visit, participant)


def visit_targets(plan: list[PlannedVisit]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Target days by visit id (ISO), and which of them are provisional, for `VisitsScheduled`."""
    due = [planned for planned in plan if planned.target and planned.status != "not_applicable"]
    targets = {planned.visit.id: str(planned.target) for planned in due}
    return targets, tuple(planned.visit.id for planned in due if planned.provisional)


def diary_window(
    protocol: Protocol, diary: Diary, participant: ParticipantState
) -> tuple[date, date] | None:
    """First and last day the diary is kept by this participant, or None where it is not (yet).

    The days are the diary's own, or those of its intervention's regimen; they start no earlier than
    the day of randomization and end when treatment is left.
    """
    if participant.randomized_on is None:
        return None
    if diary.arms and participant.arm not in diary.arms:
        return None
    start, stop = diary.start, diary.stop
    if diary.intervention is not None:
        regimen = protocol.intervention_by_id[diary.intervention].regimen
        if regimen is not None:
            start, stop = start or regimen.start, stop or regimen.stop
    if start is None or stop is None:
        return None
    anchors = participant_anchors(protocol, participant)
    first, last = offset_day(start, anchors), offset_day(stop, anchors)
    if first is None or last is None:
        return None
    first = max(first, participant.randomized_on)
    ends = participant.off_treatment_on if diary.intervention else participant.off_study_on
    if ends is not None:
        last = min(last, ends - timedelta(days=1))
    return (first, last) if first <= last else None


def diary_days_missing(
    protocol: Protocol, diary: Diary, participant: ParticipantState, today: date
) -> list[date]:
    """Days of the diary up to yesterday that have no entry."""
    window = diary_window(protocol, diary, participant)
    if window is None:
        return []
    first, last = window
    last = min(last, today - timedelta(days=1))
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if (diary.id, day) not in participant.diary]


def form_status(participant: ParticipantState, address: Address) -> str:
    """`empty`, `part`, `done`, `queried` or `signed`: what the visit-by-form matrix shows."""
    form = participant.forms.get(address)
    if form is None:
        return "empty"
    if any(
        query.address == address and query.status != "closed"
        for query in participant.queries.values()
    ):
        return "queried"
    if form.signed:
        return "signed"
    return "done" if form.complete else "part"

"""When things are due: anchors, visits with their windows, diary days.

The same calendar serves a participant's page, the worklist and the virtual participants: it works
on plain dates and knows no store.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from equipoise.protocol.document import Anchor, Diary, Offset, Protocol, Visit
from equipoise.protocol.expression import compile_expression

from .environment import ParticipantEnvironment
from .state import FormInstance, ParticipantState

_ONE_DAY = timedelta(days=1)


class AnchorDay(Struct, frozen=True):
    """The day an anchor stands on; provisional while only its planned date is known."""

    day: date
    provisional: bool


class PlannedVisit(Struct, frozen=True):
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
    protocol: Protocol,
    events: Mapping[str, date | None],
    items: Callable[[str], date | None],
    wanted: Container[str] = (),
) -> dict[str, AnchorDay]:
    """Every anchor whose day is known, or of those wanted only.

    `events` maps `screening`, `consent`, `randomization` to their dates; `items` answers the latest
    value of a date item. An anchor's actual item wins over its planned one.
    """
    days = {}
    for anchor in protocol.schedule.anchors:
        if wanted and anchor.id not in wanted:
            continue
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


def participant_anchors(
    protocol: Protocol, participant: ParticipantState, *wanted: str
) -> dict[str, AnchorDay]:
    """The anchors of one participant whose day is known: all, or those wanted."""

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
    return anchor_days(protocol, events, item_day, wanted)


def applies_to_arm(protocol: Protocol, visit: Visit, participant: ParticipantState) -> bool:
    """Whether the visit is meant for this participant; an undecided condition does not exclude."""
    if visit.only_when is None:
        return True
    compiled = compile_expression(visit.only_when, protocol)
    return compiled.evaluate(ParticipantEnvironment(participant)).value is not False


class VisitPlanner:
    """Plans the visits of one participant, all of them or one at a time."""

    def __init__(self, protocol: Protocol, participant: ParticipantState) -> None:
        self._protocol = protocol
        self._participant = participant
        self._anchors = participant_anchors(protocol, participant)
        self._off_study = participant.off_study_on
        self._ended = participant.status in _ENDED

    def plan(self, visit: Visit) -> PlannedVisit:
        """How the participant stands to one visit."""
        held = self._participant.forms.items()
        return self._plan(visit, [form for address, form in held if address.visit == visit.id])

    def plan_all(self) -> list[PlannedVisit]:
        """How the participant stands to every visit, in the protocol's order."""
        forms: dict[str, list[FormInstance]] = {}
        for address, form in self._participant.forms.items():
            forms.setdefault(address.visit, []).append(form)
        visits = self._protocol.schedule.visits
        return [self._plan(visit, forms.get(visit.id, ())) for visit in visits]

    def _plan(self, visit: Visit, forms: Sequence[FormInstance]) -> PlannedVisit:
        anchor = self._anchors.get(visit.anchor)
        target = opens = closes = None
        provisional = False
        if anchor is not None:
            target, opens, closes = visit_window(visit, anchor.day)
            provisional = anchor.provisional
        complete = 0
        performed: date | None = None
        for form in forms:
            complete += form.complete
            if performed is None or form.performed_on < performed:
                performed = form.performed_on
        status = self._status(visit, target, opens, len(forms), complete)
        return PlannedVisit(visit, target, opens, closes, provisional, status, performed, complete)

    def _status(
        self, visit: Visit, target: date | None, opens: date | None, begun: int, complete: int
    ) -> str:
        participant = self._participant
        if begun and complete >= len(visit.forms):
            return "done"
        if visit.id in participant.missed:
            return "missed"
        if begun:
            return "part"
        if not self._wanted(visit, target):
            return "not_applicable"
        if self._off_study is not None and (opens is None or opens >= self._off_study):
            return "not_applicable"
        if self._ended and (target is None or participant.randomized is None):
            return "not_applicable"
        after_allocation = visit.phase in ("treatment", "follow_up")
        if target is None or (after_allocation and not participant.randomized):
            return "pending"
        return "due"

    def _wanted(self, visit: Visit, target: date | None) -> bool:
        if visit.until is not None and target is not None:
            end = self._anchors.get(visit.until)
            if end is not None and target >= end.day:
                return False
        return applies_to_arm(self._protocol, visit, self._participant)


_ENDED = ("screen_failed", "consent_refused", "withdrawn", "completed")


def plan_visits(protocol: Protocol, participant: ParticipantState) -> list[PlannedVisit]:
    """Every visit of the schedule, in the protocol's order, as this participant stands to it."""
    return VisitPlanner(protocol, participant).plan_all()


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
    ends = participant.off_treatment_on if diary.intervention else participant.off_study_on
    return _stretch(protocol, participant, start, stop, ends)


def dosing_window(
    protocol: Protocol, intervention: str, participant: ParticipantState
) -> tuple[date, date] | None:
    """First and last day on which the participant takes the intervention, or None where never (yet)."""
    if participant.arm is None:
        return None
    if intervention not in protocol.arm_by_id[participant.arm].interventions:
        return None
    regimen = protocol.intervention_by_id[intervention].regimen
    if regimen is None:
        return None
    ends = participant.off_treatment_on
    return _stretch(protocol, participant, regimen.start, regimen.stop, ends)


def _stretch(
    protocol: Protocol,
    participant: ParticipantState,
    start: Offset | None,
    stop: Offset | None,
    ends: date | None,
) -> tuple[date, date] | None:
    """From one offset to another, not before randomization and not from the day `ends` on."""
    if start is None or stop is None or participant.randomized_on is None:
        return None
    anchors = participant_anchors(protocol, participant, start.anchor, stop.anchor)
    first, last = offset_day(start, anchors), offset_day(stop, anchors)
    if first is None or last is None:
        return None
    first = max(first, participant.randomized_on)
    if ends is not None:
        last = min(last, ends - _ONE_DAY)
    return (first, last) if first <= last else None


def diary_days_missing(
    protocol: Protocol, diary: Diary, participant: ParticipantState, today: date
) -> list[date]:
    """Days of the diary up to yesterday that have no entry."""
    window = diary_window(protocol, diary, participant)
    if window is None:
        return []
    last = min(window[1], today - timedelta(days=1))
    return list(_days_without_entry(diary, participant, window[0], last))


def next_diary_day(protocol: Protocol, diary: Diary, participant: ParticipantState) -> date | None:
    """The first day of the diary, past or to come, that has no entry."""
    window = diary_window(protocol, diary, participant)
    return next(_days_without_entry(diary, participant, *window), None) if window else None


def _days_without_entry(
    diary: Diary, participant: ParticipantState, first: date, last: date
) -> Iterator[date]:
    day = first
    while day <= last:
        if (diary.id, day) not in participant.diary:
            yield day
        day += _ONE_DAY

"""When a virtual person really comes: the protocol's schedule on the days that truly happen.

The conduct room plans from what has been typed; virtual staff know beforehand what will be typed,
since the true dates of the course are in the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from equipoise.conduct.schedule import applies_to_arm
from equipoise.conduct.state import ParticipantState
from equipoise.protocol.document import Diary, Offset, Protocol, Visit

from ..generate import Replicate

DAY_BEFORE_WEEKEND = 4
MORNING = timedelta(hours=8, minutes=30)
"""When work begins at a site; commands go on until about half past five."""
_SLOTS = 480
"""Appointments of a day, a minute apart."""


class TrueVisit(Struct, frozen=True):
    """A visit as it will take place: `day` is when the person comes, within or after the window."""

    index: int
    visit: Visit
    target: int
    opens: int
    closes: int
    day: int
    missed: bool


@lru_cache(maxsize=8192)
def morning(zone: str, day: int) -> datetime:
    """The instant at which work begins on a day (ordinal) in a time zone."""
    midnight = datetime.combine(date.fromordinal(day), datetime.min.time(), ZoneInfo(zone))
    return (midnight + MORNING).astimezone(UTC)


def appointment(begins: datetime, day: int, person: int) -> datetime:
    """When a person has their turn on a day, counted from the site's morning: those of a day come in this order."""
    return begins + timedelta(minutes=(person * 7919 + day * 104729) % _SLOTS)


def weekday(day: int) -> int:
    """0 for Monday to 6 for Sunday."""
    return (day - 1) % 7


def working_day(day: int) -> int:
    """The day itself, or the Monday after a weekend day."""
    over = weekday(day) - DAY_BEFORE_WEEKEND
    return day if over <= 0 else day + 3 - over


def true_anchors(replicate: Replicate, person: int, state: ParticipantState) -> dict[str, int]:
    """Every anchor's day: of events from the trial, of date items from the arrays."""
    events = {
        "screening": state.screened_on,
        "consent": state.consents[0].signed_on if state.consents else None,
        "randomization": state.randomized_on,
    }
    days: dict[str, int] = {}
    for anchor in replicate.protocol.schedule.anchors:
        if anchor.event is not None:
            happened = events[anchor.event]
            if happened is not None:
                days[anchor.id] = happened.toordinal()
            continue
        found = None
        for item in (anchor.item, anchor.planned):
            if item is None or found is not None:
                continue
            history = replicate.course.dates.get(item)
            if history is not None:
                found = int(history.values[person][-1])
            else:
                found = _typed_day(state, item)
        if found is not None:
            days[anchor.id] = found
    return days


def _typed_day(state: ParticipantState, item: str) -> int | None:
    captured = state.latest.get(item)
    value = captured.datum.value if captured and captured.datum else None
    to_ordinal = getattr(value, "toordinal", None)
    return int(to_ordinal()) if to_ordinal else None


def watched_items(replicate: Replicate) -> tuple[str, ...]:
    """Items whose latest value decides what is due: they tell an anchor's day, a planned date or a stratum."""
    protocol = replicate.protocol
    told = [item for one in protocol.schedule.anchors for item in (one.item, one.planned)]
    strata = protocol.randomization.strata if protocol.randomization else []
    names = (*replicate.course.dates, *told, *(factor.item for factor in strata))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def never_missed(protocol: Protocol) -> frozenset[str]:
    """Visits without which an anchor would stay unknown, and those before allocation."""
    anchor_items = {anchor.item for anchor in protocol.schedule.anchors if anchor.item}
    kept = set()
    for visit in protocol.schedule.visits:
        items = {entry.item for form in visit.forms for entry in protocol.form_by_id[form].items}
        if visit.phase in ("screening", "baseline") or items & anchor_items:
            kept.add(visit.id)
    return frozenset(kept)


def true_visits(
    replicate: Replicate,
    person: int,
    state: ParticipantState,
    anchors: Mapping[str, int],
    unmissable: frozenset[str],
) -> list[TrueVisit]:
    """The visits after allocation that this person will be asked to, in order of their days."""
    protocol = replicate.protocol
    staff = replicate.staff
    found = []
    for index, visit in enumerate(protocol.schedule.visits):
        anchor = anchors.get(visit.anchor)
        if visit.phase in ("screening", "baseline") or anchor is None:
            continue
        target = anchor + visit.day
        until = anchors.get(visit.until) if visit.until else None
        if until is not None and target >= until:
            continue
        if not applies_to_arm(protocol, visit, state):
            continue
        opens, closes = target - visit.before, target + visit.after
        late = int(staff.late[person, index])
        missed = bool(staff.missed[person, index]) and visit.id not in unmissable
        day = target + late if late else _nearest_working_day(target, opens)
        found.append(TrueVisit(index, visit, target, opens, closes, working_day(day), missed))
    found.sort(key=lambda entry: (entry.target, entry.index))
    return _apart(found)


def _nearest_working_day(target: int, opens: int) -> int:
    over = weekday(target) - DAY_BEFORE_WEEKEND
    if over <= 0:
        return target
    # Saturday goes to Friday where the window allows, Sunday and the rest to Monday
    return target - over if over == 1 and target - over >= opens else working_day(target)


def _apart(visits: list[TrueVisit]) -> list[TrueVisit]:
    """A late visit never reaches the day of the next one."""
    held: list[TrueVisit] = []
    for position, entry in enumerate(visits):
        following = visits[position + 1] if position + 1 < len(visits) else None
        day = entry.day
        if following is not None and day >= following.day:
            day = max(min(day, following.day - 1), entry.opens)
            while weekday(day) > DAY_BEFORE_WEEKEND:
                day -= 1
        held.append(
            TrueVisit(
                entry.index, entry.visit, entry.target, entry.opens, entry.closes, day, entry.missed
            )
        )
    return held


def true_diary_window(
    protocol: Protocol, diary: Diary, state: ParticipantState, anchors: Mapping[str, int]
) -> tuple[int, int] | None:
    """First and last day on which this person keeps the diary, or None."""
    if state.randomized_on is None or (diary.arms and state.arm not in diary.arms):
        return None
    start, stop = diary.start, diary.stop
    regimen = None
    if diary.intervention is not None:
        regimen = protocol.intervention_by_id[diary.intervention].regimen
    if regimen is not None:
        start, stop = start or regimen.start, stop or regimen.stop
    first, last = _offset(start, anchors), _offset(stop, anchors)
    if first is None or last is None:
        return None
    first = max(first, state.randomized_on.toordinal())
    ends = state.off_treatment_on if diary.intervention else state.off_study_on
    if ends is not None:
        last = min(last, ends.toordinal() - 1)
    return (first, last) if first <= last else None


def _offset(offset: Offset | None, anchors: Mapping[str, int]) -> int | None:
    if offset is None or offset.anchor not in anchors:
        return None
    return anchors[offset.anchor] + offset.day

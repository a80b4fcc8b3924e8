"""Adverse events as they are noticed, followed and reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from equipoise.conduct import commands as c
from equipoise.conduct.decide import local_day_of
from equipoise.conduct.state import AdverseEvent, Clock, ParticipantState

from ..generate import NEVER, EventArrays
from .calendar import working_day

if TYPE_CHECKING:
    from .person import VirtualPerson

NOTICED_WITHIN_DAYS = 5
"""Days within which an event that is not serious comes up in conversation."""
PROMPT = timedelta(hours=30)
"""A clock that runs out within this time is served on the day of the first report."""


@dataclass(frozen=True, slots=True)
class PersonalEvent:
    """An adverse event one person has: the days it begins, is spoken of, and is over (ordinals)."""

    arrays: EventArrays
    started: int
    noticed: int
    ended: int
    lasting: bool
    grade: int
    key: tuple[str, date]
    """Term and first day: how it is found again among the participant's events."""


def personal_events(arrays: Iterable[EventArrays], person: int, arm: int) -> list[PersonalEvent]:
    """The events this person has when allocated to this arm."""
    found = []
    for one in arrays:
        if not one.has(person, arm):
            continue
        started = int(one.started[person])
        ended = started + int(one.duration[person])
        found.append(
            PersonalEvent(
                arrays=one,
                started=started,
                noticed=working_day(started + _noticed_after(one, person)),
                ended=ended,
                lasting=bool(one.lasting[person]),
                grade=int(one.grade[person]),
                key=(one.spec.term, date.fromordinal(started)),
            )
        )
    return found


def local_day(person: VirtualPerson, instant: str, site: str) -> int:
    """The site's calendar day (ordinal) of an instant of the ledger."""
    return local_day_of(person.stage.protocol, site, instant).toordinal()


def report_events(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """Report events that have begun, and their end once they are over."""
    arm = person.arm_index(state)
    if arm is None or state.randomized_on is None:
        return NEVER
    wanted = NEVER
    randomized = state.randomized_on.toordinal()
    known = {(event.term, event.started_on): event for event in state.adverse_events.values()}
    for mine in person.events(arm):
        if mine.started <= randomized:
            continue
        event = known.get(mine.key)
        if event is None:
            if today >= mine.noticed:
                _report(person, mine, state, today)
            else:
                wanted = min(wanted, mine.noticed)
        elif event.ended_on is None and mine.grade < 5 and not mine.lasting:
            over = working_day(mine.ended)
            if today >= over:
                _resolve(person, event, mine.ended, today)
            else:
                wanted = min(wanted, over)
    return wanted


def _noticed_after(arrays: EventArrays, person: int) -> int:
    if arrays.grade[person] == 5:
        return 0
    spread = int(arrays.started[person]) * 31 + int(arrays.duration[person]) * 7
    return spread % (2 if arrays.serious[person] else NOTICED_WITHIN_DAYS)


def _report(
    person: VirtualPerson, mine: PersonalEvent, state: ParticipantState, today: int
) -> None:
    arrays, index = mine.arrays, person.index
    spec = arrays.spec
    protocol = person.stage.protocol
    cause = list(spec.causality)[int(arrays.causality[index])]
    products = protocol.arm_by_id[state.arm].interventions if state.arm else []
    grade = mine.grade
    serious = bool(arrays.serious[index])
    name = next((t.term.en for t in protocol.safety.terms if t.id == spec.term), spec.term)
    command = c.ReportAdverseEvent(
        participant=person.pid or "",
        term=spec.term,
        grade=grade,
        started_on=mine.key[1],
        ended_on=mine.key[1] if grade == 5 else None,
        seriousness=(spec.seriousness,) if serious else (),
        causality=dict.fromkeys(products, cause),
        outcome="fatal" if grade == 5 else "not_recovered",
        narrative=f"Virtual event: {name}, grade {grade}." if serious else "",
    )
    person.do(command, f"event/{spec.term}/{mine.started}", today)


def _resolve(person: VirtualPerson, event: AdverseEvent, ended: int, today: int) -> None:
    command = c.UpdateAdverseEvent(
        participant=person.pid or "",
        number=event.number,
        ended_on=date.fromordinal(ended),
        outcome="recovered",
        reason="the event has ended",
    )
    person.do(command, f"resolve/{event.number}", today)


def report(person: VirtualPerson, state: ParticipantState, today: int) -> int:
    """Serve the clocks of serious events: in time, or late where staff are late."""
    wanted = NEVER
    for event in state.adverse_events.values():
        if not event.clocks:
            continue
        reported = local_day(person, event.reported.at, state.site)
        for clock in event.clocks:
            if clock.submitted_at is not None:
                continue
            day = _served_on(person, event, clock, reported, state.site)
            if today >= day:
                command = c.SubmitSafetyReport(
                    participant=person.pid or "",
                    number=event.number,
                    clock=clock.clock,
                    sent_to=clock.to,
                )
                person.do(command, f"safety-report/{event.number}/{clock.clock}", today)
            else:
                wanted = min(wanted, day)
    return wanted


def _served_on(
    person: VirtualPerson, event: AdverseEvent, clock: Clock, reported: int, site: str
) -> int:
    replicate = person.stage.replicate
    draws = replicate.staff.query[person.index]
    due = datetime.fromisoformat(clock.due_at)
    if draws[-1 - event.number % 16] < replicate.assumptions.staff.report_late:
        return working_day(local_day(person, clock.due_at, site) + 1)
    if due - datetime.fromisoformat(event.reported.at) <= PROMPT:
        return reported
    return working_day(reported + 2)


def close_events(person: VirtualPerson, state: ParticipantState, today: int) -> None:
    """At the end of follow-up, say how each event that is still open stands."""
    for event in state.adverse_events.values():
        if event.ended_on is not None or event.outcome in ("fatal", "recovering", "sequelae"):
            continue
        command = c.UpdateAdverseEvent(
            participant=person.pid or "",
            number=event.number,
            outcome="recovering" if event.grade < 3 else "sequelae",
            reason="end of follow-up",
        )
        person.do(command, f"end-of-follow-up/{event.number}", today)

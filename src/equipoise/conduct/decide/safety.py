"""Adverse events, seriousness, and the clocks that run from the first report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from equipoise.protocol.document import ReportingClock
from equipoise.quantity.text import Text

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..state import AdverseEvent, ParticipantState
from .context import Context, Decided, on_record

RELATED = ("possible", "probable", "definite")
_KNOWLEDGE = {
    "grade": Text({"en": "grade", "zh-Hans": "分级"}),
    "ended_on": Text({"en": "end date", "zh-Hans": "结束日期"}),
    "seriousness": Text({"en": "seriousness", "zh-Hans": "严重性"}),
    "causality": Text({"en": "causality", "zh-Hans": "因果关系"}),
    "outcome": Text({"en": "outcome", "zh-Hans": "转归"}),
    "action": Text({"en": "action taken", "zh-Hans": "采取的措施"}),
    "narrative": Text({"en": "narrative", "zh-Hans": "经过描述"}),
}
"""What may be learned of an event later, in words."""


def _event_reasons(
    context: Context,
    participant: ParticipantState,
    grade: int,
    started_on: date,
    ended_on: date | None,
    seriousness: tuple[str, ...],
    causality: Mapping[str, str],
    outcome: str,
) -> list[Reason]:
    reasons = on_record(participant)
    if participant.consent is None:
        reasons.append(reason("no-consent", participant=participant.id))
    if not 1 <= grade <= 5:
        reasons.append(
            reason("no-such-grade", "grade", grade=grade, grading=context.protocol.safety.grading)
        )
    today = context.today(participant.site)
    for name, day in (("started_on", started_on), ("ended_on", ended_on)):
        if day is not None and day > today:
            reasons.append(reason("date-in-future", name, day=day))
    if ended_on is not None and ended_on < started_on:
        reasons.append(
            reason("ends-before-start", "ended_on", ended_on=ended_on, started_on=started_on)
        )
    if (grade == 5) != ("death" in seriousness):
        reasons.append(reason("death-and-grade", "grade"))
    if (outcome == "fatal") != (grade == 5):
        reasons.append(reason("death-and-outcome", "outcome"))
    for intervention in causality:
        if intervention not in context.protocol.intervention_by_id:
            reasons.append(reason("unknown-intervention", "causality", intervention=intervention))
    return reasons


def _clocks_for(
    context: Context, participant: ParticipantState, seriousness: tuple[str, ...],
    causality: Mapping[str, str],
) -> list[ReportingClock]:  # fmt: skip
    """The reporting clocks in force today that this event starts."""
    if not seriousness:
        return []
    today = context.today(participant.site)
    grave = "death" in seriousness or "life_threatening" in seriousness
    related = any(answer in RELATED for answer in causality.values())
    starts = {
        "serious": True,
        "fatal_or_life_threatening": grave,
        "susar": related,
    }
    return [
        clock
        for clock in context.protocol.safety.clocks
        if starts[clock.applies_when] and clock.in_force(today)
    ]


def _start_clocks(
    decided: Decided, context: Context, participant: ParticipantState, number: int,
    clocks: list[ReportingClock],
) -> None:  # fmt: skip
    for clock in clocks:
        due = context.at + timedelta(hours=clock.hours)
        decided.on_participant(
            participant,
            e.SafetyClockStarted(
                number=number, clock=clock.id, due_at=due.isoformat(), to=clock.to.en
            ),
        )


def report_adverse_event(command: c.ReportAdverseEvent, context: Context) -> Decided:
    """Record an event; a serious one starts its clocks now."""
    participant = context.known(command.participant)
    reasons = _event_reasons(
        context, participant, command.grade, command.started_on, command.ended_on,
        command.seriousness, command.causality, command.outcome,
    )  # fmt: skip
    if not command.term.strip():
        reasons.append(reason("no-term", "term"))
    # of events reported already the day stands, whatever it is: what is learned of them has to find its place
    signed_on = participant.consents[0].signed_on if participant.consents else None
    if signed_on is not None and command.started_on < signed_on:
        reasons.append(
            reason(
                "event-before-consent", "started_on",
                started_on=command.started_on, signed_on=signed_on,
            )
        )  # fmt: skip
    if reasons:
        raise RefusedError(reasons)
    known = any(term.id == command.term for term in context.protocol.safety.terms)
    number = max(participant.adverse_events, default=0) + 1
    decided = Decided(answer={"number": number}).on_participant(
        participant,
        e.AdverseEventReported(
            number=number,
            term=command.term if known else "other",
            verbatim="" if known else command.term.strip(),
            grade=command.grade,
            scale=context.protocol.safety.grading,
            started_on=str(command.started_on),
            ended_on=str(command.ended_on) if command.ended_on else None,
            seriousness=command.seriousness,
            causality=dict(command.causality),
            outcome=command.outcome,
            action=command.action,
            narrative=command.narrative,
        ),
    )
    clocks = _clocks_for(context, participant, command.seriousness, command.causality)
    _start_clocks(decided, context, participant, number, clocks)
    decided.answer["clocks"] = [clock.id for clock in clocks]
    return decided


def known_event(participant: ParticipantState, number: int) -> AdverseEvent:
    """The participant's adverse event with this number, or a refusal."""
    event = participant.adverse_events.get(number)
    if event is None:
        raise RefusedError(
            [reason("unknown-adverse-event", "number", participant=participant.id, number=number)]
        )
    return event


def update_adverse_event(command: c.UpdateAdverseEvent, context: Context) -> Decided:
    """Follow-up information; an event that becomes serious starts its clocks now."""
    participant = context.known(command.participant)
    event = known_event(participant, command.number)
    grade = event.grade if command.grade is None else command.grade
    ended_on = command.ended_on or event.ended_on
    seriousness = event.seriousness if command.seriousness is None else command.seriousness
    causality = event.causality if command.causality is None else command.causality
    outcome = command.outcome or event.outcome
    action = command.action or event.action
    after = {
        "grade": grade, "ended_on": ended_on, "seriousness": seriousness,
        "causality": dict(causality), "outcome": outcome, "action": action,
        "narrative": command.narrative or event.narrative,
    }  # fmt: skip
    before = {
        "grade": event.grade, "ended_on": event.ended_on, "seriousness": event.seriousness,
        "causality": dict(event.causality), "outcome": event.outcome, "action": event.action,
        "narrative": event.narrative,
    }  # fmt: skip
    changed = tuple(name for name in after if after[name] != before[name])
    reasons = _event_reasons(
        context, participant, grade, event.started_on, ended_on, seriousness, causality, outcome
    )
    if not changed:
        reasons.append(reason("nothing-to-save"))
    elif not command.reason.strip():
        names = Text.listing(_KNOWLEDGE[name] for name in changed)
        reasons.append(reason("reason-needed", "reason", names=names))
    if reasons:
        raise RefusedError(reasons)
    decided = Decided(answer={"number": event.number}).on_participant(
        participant,
        e.AdverseEventUpdated(
            number=event.number,
            changed=changed,
            grade=grade,
            ended_on=str(ended_on) if ended_on else None,
            seriousness=seriousness,
            causality=dict(causality),
            outcome=outcome,
            action=action,
            narrative=command.narrative or event.narrative,
            reason=command.reason,
        ),
    )
    running = {clock.clock for clock in event.clocks}
    new = [
        clock
        for clock in _clocks_for(context, participant, seriousness, causality)
        if clock.id not in running
    ]
    _start_clocks(decided, context, participant, event.number, new)
    decided.answer["clocks"] = [clock.id for clock in new]
    return decided


def submit_safety_report(command: c.SubmitSafetyReport, context: Context) -> Decided:
    """Stop a running clock."""
    participant = context.known(command.participant)
    event = known_event(participant, command.number)
    clock = next((clock for clock in event.clocks if clock.clock == command.clock), None)
    if clock is None or clock.submitted_at is not None:
        raise RefusedError([reason("clock-not-running", "clock", clock=command.clock)])
    on_time = context.at.isoformat() <= clock.due_at
    decided = Decided().on_participant(
        participant,
        e.SafetyReportSubmitted(
            number=event.number, clock=clock.clock, sent_to=command.sent_to, on_time=on_time
        ),
    )
    if not on_time:
        decided.on_participant(
            participant,
            e.DeviationLogged(
                kind="late_safety_report",
                severity="major",
                occurred_on=str(context.today(participant.site)),
                automatic=True,
                text=f"{clock.clock} was due {clock.due_at}",
            ),
        )
    return decided

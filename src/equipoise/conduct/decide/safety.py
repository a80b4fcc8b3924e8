"""Adverse events, seriousness, and the clocks that run from the first report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from equipoise.protocol.document import ReportingClock

from .. import commands as c
from .. import events as e
from ..refusal import Reason, Refused, refuse
from ..state import AdverseEvent, ParticipantState
from .context import Context, Decided, on_record

RELATED = ("possible", "probable", "definite")


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
        reasons.append(
            refuse(
                "no-consent",
                "adverse events are collected from consent on",
                "不良事件自知情同意起收集",
                "safety.collect_from",
                "record the consent first",
                "请先登记知情同意",
            )  # fmt: skip
        )
    if not 1 <= grade <= 5:
        reasons.append(
            refuse(
                "no-such-grade",
                f"grade {grade} does not exist in {context.protocol.safety.grading}",
                f"{context.protocol.safety.grading} 没有 {grade} 级",
                "safety.grading",
                "use 1 to 5",
                "请使用 1 至 5",
                "grade",
            )
        )
    today = context.today(participant.site)
    for name, day in (("started_on", started_on), ("ended_on", ended_on)):
        if day is not None and day > today:
            reasons.append(
                refuse(
                    "date-in-future",
                    f"{day} is still to come",
                    f"{day} 尚未到来",
                    "conduct.dates",
                    "give a day up to today",
                    "请填写不晚于今天的日期",
                    name,
                )  # fmt: skip
            )
    if ended_on is not None and ended_on < started_on:
        reasons.append(
            refuse(
                "ends-before-start",
                f"it ends {ended_on}, before {started_on}",
                f"结束日期 {ended_on} 早于开始日期 {started_on}",
                "conduct.dates",
                "correct one of the dates",
                "请更正日期",
                "ended_on",
            )  # fmt: skip
        )
    if (grade == 5) != ("death" in seriousness):
        reasons.append(
            refuse(
                "death-and-grade",
                "grade 5 and death go together",
                "5 级与死亡须一致",
                "CTCAE v5.0",
                "make grade and seriousness agree",
                "请使分级与严重性一致",
                "grade",
            )  # fmt: skip
        )
    if (outcome == "fatal") != (grade == 5):
        reasons.append(
            refuse(
                "death-and-outcome",
                "grade 5 and a fatal outcome go together",
                "5 级与致死结局须一致",
                "CTCAE v5.0",
                "make grade and outcome agree",
                "请使分级与结局一致",
                "outcome",
            )  # fmt: skip
        )
    for intervention in causality:
        if intervention not in context.protocol.intervention_by_id:
            reasons.append(
                refuse(
                    "unknown-intervention",
                    f"the protocol has no intervention {intervention!r}",
                    f"方案中没有干预 {intervention!r}",
                    "interventions",
                    "use an intervention of the protocol",
                    "请使用方案中的干预",
                    "causality",
                )
            )
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
        if starts[clock.applies_when]
        and clock.in_force_from.earliest <= today
        and (clock.in_force_until is None or today <= clock.in_force_until.latest)
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
        reasons.append(
            refuse(
                "no-term",
                "the event is not named",
                "未填写事件名称",
                "safety.terms",
                "choose a term or describe the event",
                "请选择术语或描述事件",
                "term",
            )  # fmt: skip
        )
    if reasons:
        raise Refused(reasons)
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


def _known_event(participant: ParticipantState, number: int) -> AdverseEvent:
    event = participant.adverse_events.get(number)
    if event is None:
        raise Refused(
            [
                refuse(
                    "unknown-adverse-event",
                    f"{participant.id} has no adverse event {number}",
                    f"{participant.id} 没有第 {number} 号不良事件",
                    "conduct.safety",
                    "check the number",
                    "请核对编号",
                    "number",
                )
            ]
        )
    return event


def update_adverse_event(command: c.UpdateAdverseEvent, context: Context) -> Decided:
    """Follow-up information; an event that becomes serious starts its clocks now."""
    participant = context.known(command.participant)
    event = _known_event(participant, command.number)
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
        reasons.append(
            refuse(
                "nothing-to-save",
                "nothing changed",
                "没有更改",
                "conduct.safety",
                "change at least one field",
                "请至少更改一项",
            )  # fmt: skip
        )
    if not command.reason.strip():
        reasons.append(
            refuse(
                "reason-needed",
                "a change needs a reason",
                "更改须说明原因",
                "21 CFR 11.10(e); ICH E6(R3) 4.2.2",
                "say why it is changed",
                "请说明更改原因",
                "reason",
            )  # fmt: skip
        )
    if reasons:
        raise Refused(reasons)
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
    event = _known_event(participant, command.number)
    clock = next((clock for clock in event.clocks if clock.clock == command.clock), None)
    if clock is None or clock.submitted_at is not None:
        raise Refused(
            [
                refuse(
                    "clock-not-running",
                    f"no clock {command.clock!r} is running for this event",
                    f"该事件没有正在计时的 {command.clock!r}",
                    "safety.clocks",
                    "see the safety page",
                    "请查看安全性页面",
                    "clock",
                )
            ]
        )
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

"""Forms, diaries, doses, missed visits, moved values, signatures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from .. import commands as c
from .. import events as e
from ..capture import FormReading, read_form
from ..eligibility import strata_of
from ..refusal import Reason, Refused, refuse
from ..schedule import (
    diary_window,
    offset_day,
    participant_anchors,
    plan_visits,
    visit_targets,
    visit_window,
)
from ..state import DiaryDay, FormInstance, ParticipantState, Stamp
from ..values import Address
from .context import Context, Decided, in_trial, on_record

UNSCHEDULED = "unscheduled"
LOG = "log"


def form_reasons(
    context: Context, participant: ParticipantState, address: Address, performed_on: date
) -> list[Reason]:
    """Why this form cannot be saved at this address on this day; empty when it can."""
    protocol = context.protocol
    reasons = on_record(participant)
    form = protocol.form_by_id.get(address.form)
    if form is None:
        return [_no_form(address)]
    if participant.consent is None:
        reasons.append(
            refuse(
                "no-consent",
                f"{participant.id} has not given consent",
                f"{participant.id} 未签署知情同意书",
                "ICH E6(R3) 2.8",
                "record the signed consent first",
                "请先登记已签署的知情同意书",
            )
        )
    visit = protocol.visit_by_id.get(address.visit)
    known = (
        (visit is not None and address.form in visit.forms)
        or (address.visit == LOG and address.form in protocol.schedule.log_forms)
        or (address.visit == UNSCHEDULED and not form.log)
    )
    if not known:
        reasons.append(_not_at_visit(address))
    after_allocation = visit is not None and visit.phase in ("treatment", "follow_up")
    if (after_allocation or address.visit == UNSCHEDULED) and participant.randomized is None:
        reasons += [r for r in in_trial(participant) if r.code == "not-randomized"]
    if address.visit in participant.missed:
        reasons.append(
            refuse(
                "visit-missed",
                f"the visit {address.visit} is recorded as missed",
                f"访视 {address.visit} 已登记为缺失",
                "conduct.visits",
                "record what was done as an unscheduled visit",
                "请作为计划外访视登记",
            )
        )
    today = context.today(participant.site)
    if performed_on > today:
        reasons.append(
            refuse(
                "date-in-future",
                f"{performed_on} is still to come",
                f"{performed_on} 尚未到来",
                "conduct.dates",
                "give the day on which it was done",
                "请填写实际完成日期",
                "performed_on",
            )
        )
    off_study = participant.off_study_on
    if off_study is not None and performed_on > off_study:
        reasons.append(
            refuse(
                "off-study",
                f"{participant.id} left the study on {off_study}",
                f"{participant.id} 已于 {off_study} 退出研究",
                "conduct.withdrawal",
                "only what was done up to that day may be recorded",
                "只能登记该日及之前的内容",
                "performed_on",
            )
        )
    return reasons


def _no_form(address: Address) -> Reason:
    return refuse(
        "unknown-form",
        f"the protocol has no form {address.form!r}",
        f"方案中没有表单 {address.form!r}",
        "forms",
        "use a form of the protocol",
        "请使用方案中的表单",
        "form",
    )


def _not_at_visit(address: Address) -> Reason:
    return refuse(
        "form-not-at-visit",
        f"the form {address.form!r} does not belong to the visit {address.visit!r}",
        f"表单 {address.form!r} 不属于访视 {address.visit!r}",
        "schedule.visits",
        "see the schedule of activities",
        "请查看研究流程表",
        "visit",
    )


def preview(
    context: Context,
    participant: ParticipantState,
    address: Address,
    typed: Mapping[str, str],
    performed_on: date,
) -> FormReading | None:
    """What saving would do, without saving; None for an unknown form."""
    form = context.protocol.form_by_id.get(address.form)
    if form is None:
        return None
    return read_form(
        form,
        typed,
        participant,
        participant.forms.get(address),
        performed_on,
        context.site_state(participant.site).ranges,
        context.today(participant.site),
    )


def save_form(command: c.SaveForm, context: Context) -> Decided:
    """Save what changed; open and close automatic queries; follow moved anchors and strata."""
    participant = context.known(command.participant)
    address = command.address
    before = participant.forms.get(address)
    performed_on = command.performed_on
    if performed_on is None:
        performed_on = before.performed_on if before else context.today(participant.site)
    reasons = form_reasons(context, participant, address, performed_on)
    reading = preview(context, participant, address, command.values, performed_on)
    if reading is None:
        raise Refused(reasons)
    saves = before.saves if before else 0
    if command.based_on is not None and command.based_on != saves:
        reasons.append(_stale(before))
    reasons += reading.faults
    re_dated = before is not None and before.performed_on != performed_on
    if (reading.overwrites or re_dated) and not command.reason.strip():
        reasons.append(_reason_needed(reading))
    if not reasons and not reading.changed and not re_dated:
        reasons.append(
            refuse(
                "nothing-to-save",
                "nothing was entered or changed",
                "没有填写或更改任何内容",
                "conduct.capture",
                "fill in at least one field",
                "请至少填写一项",
            )
        )
    if reasons:
        raise Refused(reasons)
    saved = e.FormSaved(
        visit=address.visit,
        form=address.form,
        repeat=address.repeat,
        performed_on=str(performed_on),
        save=saves + 1,
        complete=reading.complete,
        values=reading.changed,
        reason=command.reason,
    )
    decided = Decided().on_participant(participant, saved)
    _automatic_queries(decided, participant, address, reading, context)
    if before is None:
        _window_deviation(decided, participant, address, performed_on, context)
    _follow_anchors(decided, participant, saved, reading, context)
    decided.answer = {
        "save": saves + 1,
        "complete": reading.complete,
        "missing": list(reading.missing),
    }
    return decided


def _after(
    participant: ParticipantState, happening: e.Happening, context: Context
) -> ParticipantState:
    stamp = Stamp(participant.seq + 1, context.actor.id, context.actor.role, context.at.isoformat())
    return participant.applied(happening, stamp, participant.site)


def _stale(before: FormInstance | None) -> Reason:
    who = before.last if before else None
    values = (
        ", ".join(
            f"{item} = {captured.value.raw or '—'}"
            for item, captured in sorted(before.values.items())
            if captured.stamp.seq == before.last.seq
        )
        if before
        else ""
    )
    return refuse(
        "stale",
        f"{who.actor if who else '?'} saved this form at {who.at if who else '?'}: {values}",
        f"{who.actor if who else '?'} 已于 {who.at if who else '?'} 保存本表：{values}",
        "conduct.versions",
        "look at the other person's change, then save again",
        "请先查看他人的更改，再重新保存",
    )


def _reason_needed(reading: FormReading) -> Reason:
    names = ", ".join(reading.overwrites) or "performed_on"
    return refuse(
        "reason-needed",
        f"changing what was saved needs a reason: {names}",
        f"更改已保存的内容须说明原因：{names}",
        "21 CFR 11.10(e); ICH E6(R3) 4.2.2",
        "say why it is changed",
        "请说明更改原因",
        "reason",
    )


def _automatic_queries(
    decided: Decided,
    participant: ParticipantState,
    address: Address,
    reading: FormReading,
    context: Context,
) -> None:
    open_checks = {
        query.check: query
        for query in participant.queries.values()
        if query.check and query.status != "closed" and query.address == address
    }
    number = max(participant.queries, default=0)
    touched = {value.item for value in reading.changed}
    raised = []
    for doubt in reading.doubts:
        if doubt.check in open_checks:
            continue
        if doubt.item and doubt.item not in touched and participant.forms.get(address):
            continue
        number += 1
        raised.append(number)
        decided.on_participant(
            participant,
            e.QueryRaised(
                query=number,
                visit=address.visit,
                form=address.form,
                repeat=address.repeat,
                item=doubt.item,
                check=doubt.check,
                text=doubt.message.in_language("en"),
            ),
        )
    for check in reading.passed:
        query = open_checks.get(check)
        if query is not None:
            decided.on_participant(
                participant,
                e.QueryClosed(query=query.number, automatic=True, text="the check now passes"),
            )


def _window_deviation(
    decided: Decided,
    participant: ParticipantState,
    address: Address,
    performed_on: date,
    context: Context,
) -> None:
    """A visit outside its window is a deviation, logged once for the visit."""
    visit = context.protocol.visit_by_id.get(address.visit)
    if visit is None or any(held.visit == address.visit for held in participant.forms):
        return
    anchor = participant_anchors(context.protocol, participant).get(visit.anchor)
    if anchor is None or anchor.provisional:
        return
    _, opens, closes = visit_window(visit, anchor.day)
    if opens <= performed_on <= closes:
        return
    decided.on_participant(
        participant,
        e.DeviationLogged(
            kind="visit_out_of_window",
            severity="minor",
            occurred_on=str(performed_on),
            automatic=True,
            text=f"{visit.id}: performed {performed_on}, window {opens} to {closes}",
        ),
    )


def _follow_anchors(
    decided: Decided,
    before: ParticipantState,
    saved: e.FormSaved,
    reading: FormReading,
    context: Context,
) -> None:
    """Re-anchor the schedule and correct the true strata when their items changed."""
    if before.randomized is None:
        return
    protocol = context.protocol
    touched = {value.item for value in reading.changed}
    factors = protocol.randomization.strata if protocol.randomization else []
    moves_anchor = not touched.isdisjoint(protocol.anchor_items)
    moves_stratum = any(factor.item in touched for factor in factors)
    if not moves_anchor and not moves_stratum:
        return
    after = _after(before, saved, context)
    if moves_anchor:
        targets, provisional = visit_targets(plan_visits(protocol, after))
        if {visit: str(day) for visit, day in before.targets.items()} != targets:
            decided.on_participant(
                before, e.VisitsScheduled(targets=targets, provisional=provisional)
            )
    if moves_stratum:
        levels, unknown = strata_of(protocol, after)
        for factor in factors:
            if factor.source == "site":
                levels[factor.id] = before.strata_used[factor.id]
        if not unknown and levels != dict(before.strata_true):
            decided.on_participant(before, e.StratumCorrected(strata=levels))


def record_diary_day(command: c.RecordDiaryDay, context: Context) -> Decided:
    """A day of a diary, within the days on which it is kept, up to today."""
    participant = context.known(command.participant)
    reasons = in_trial(participant)
    diary = next((d for d in context.protocol.schedule.diaries if d.id == command.diary), None)
    if diary is None:
        reasons.append(
            refuse(
                "unknown-diary",
                f"the protocol has no diary {command.diary!r}",
                f"方案中没有日记 {command.diary!r}",
                "schedule.diaries",
                "use a diary of the protocol",
                "请使用方案中的日记",
                "diary",
            )
        )
        raise Refused(reasons)
    form = context.protocol.form_by_id[diary.form]
    window = diary_window(context.protocol, diary, participant)
    if window is None or not window[0] <= command.day <= window[1]:
        span = "—" if window is None else f"{window[0]} … {window[1]}"
        reasons.append(
            refuse(
                "not-a-diary-day",
                f"{command.day} is no day of this diary ({span})",
                f"{command.day} 不在日记日期范围内（{span}）",
                f"schedule.diaries.{diary.id}",
                "give a day on which the diary is kept",
                "请填写日记范围内的日期",
                "day",
            )
        )
    if command.day > context.today(participant.site):
        reasons.append(
            refuse(
                "date-in-future",
                f"{command.day} is still to come",
                f"{command.day} 尚未到来",
                "conduct.dates",
                "give a day up to today",
                "请填写不晚于今天的日期",
                "day",
            )
        )
    before = participant.diary.get((diary.id, command.day))
    reading = read_form(form, command.values, participant, _as_form(before), command.day)
    reasons += reading.faults
    if reading.overwrites and not command.reason.strip():
        reasons.append(_reason_needed(reading))
    if not reasons and not reading.changed:
        reasons.append(
            refuse(
                "nothing-to-save",
                "nothing was entered or changed",
                "没有填写或更改任何内容",
                "conduct.capture",
                "fill in at least one field",
                "请至少填写一项",
            )  # fmt: skip
        )
    if reasons:
        raise Refused(reasons)
    return Decided().on_participant(
        participant,
        e.DiaryDayRecorded(
            diary=diary.id,
            day=str(command.day),
            save=before.saves + 1 if before else 1,
            assisted=command.assisted,
            values=reading.changed,
            reason=command.reason,
        ),
    )


def _as_form(day: DiaryDay | None) -> FormInstance | None:
    if day is None:
        return None
    address = Address("diary", day.diary, str(day.day))
    return FormInstance(address, day.values, day.day, day.saves, True, day.last, (day.last.seq,))


def record_dose(command: c.RecordDose, context: Context) -> Decided:
    """One administration seen by staff, on a day of the regimen."""
    participant = context.known(command.participant)
    protocol = context.protocol
    reasons = in_trial(participant)
    assigned = protocol.arm_by_id[participant.arm].interventions if participant.arm else []
    intervention = protocol.intervention_by_id.get(command.intervention)
    regimen = intervention.regimen if intervention else None
    if regimen is None or command.intervention not in assigned:
        reasons.append(_not_assigned(command.intervention))
        raise Refused(reasons)
    if not 1 <= command.occasion <= regimen.times_a_day:
        reasons.append(
            refuse(
                "no-such-occasion",
                f"occasion {command.occasion} of {regimen.times_a_day} a day",
                f"每日 {regimen.times_a_day} 次，没有第 {command.occasion} 次",
                f"interventions.{command.intervention}.regimen",
                f"use 1 to {regimen.times_a_day}",
                f"请使用 1 至 {regimen.times_a_day}",
                "occasion",
            )
        )
    anchors = participant_anchors(protocol, participant)
    first, last = offset_day(regimen.start, anchors), offset_day(regimen.stop, anchors)
    outside = (first and command.day < first) or (last and command.day > last)
    if outside or command.day > context.today(participant.site):
        reasons.append(
            refuse(
                "not-a-dosing-day",
                f"{command.day} is no dosing day ({first} … {last})",
                f"{command.day} 不是给药日（{first} … {last}）",
                f"interventions.{command.intervention}.regimen",
                "give a day of the regimen up to today",
                "请填写疗程内且不晚于今天的日期",
                "day",
            )
        )
    if reasons:
        raise Refused(reasons)
    return Decided().on_participant(
        participant,
        e.DoseRecorded(
            intervention=command.intervention,
            day=str(command.day),
            occasion=command.occasion,
            taken=command.taken,
            reason=command.reason,
        ),
    )


def _not_assigned(intervention: str) -> Reason:
    return refuse(
        "not-assigned",
        f"{intervention!r} is not given to this participant",
        f"该受试者不使用 {intervention!r}",
        "arms.interventions",
        "check the participant and the product",
        "请核对受试者和产品",
        "intervention",
    )


def miss_visit(command: c.MissVisit, context: Context) -> Decided:
    """State that a due visit did not take place."""
    participant = context.known(command.participant)
    reasons = in_trial(participant)
    planned = next(
        (p for p in plan_visits(context.protocol, participant) if p.visit.id == command.visit), None
    )
    if planned is None or planned.status != "due":
        reasons.append(
            refuse(
                "visit-not-due",
                f"the visit {command.visit!r} is not outstanding",
                f"访视 {command.visit!r} 不是待完成访视",
                "schedule.visits",
                "see the participant's visits",
                "请查看该受试者的访视",
                "visit",
            )
        )
    elif planned.opens and planned.opens > context.today(participant.site):
        reasons.append(
            refuse(
                "visit-not-yet-open",
                f"the visit's window opens on {planned.opens}",
                f"访视窗于 {planned.opens} 开始",
                "schedule.visits",
                "wait until the window has opened",
                "请等待访视窗开始",
                "visit",
            )
        )
    if not command.reason.strip():
        reasons.append(
            refuse(
                "no-reason",
                "a reason is needed",
                "须填写原因",
                "conduct.visits",
                "say why the visit was missed",
                "请说明访视缺失的原因",
                "reason",
            )  # fmt: skip
        )
    if reasons:
        raise Refused(reasons)
    return Decided().on_participant(
        participant,
        e.VisitMissed(visit=command.visit, reason=command.reason),
        e.DeviationLogged(
            kind="visit_missed",
            severity="minor",
            occurred_on=str(context.today(participant.site)),
            automatic=True,
            text=f"{command.visit}: {command.reason}",
        ),
    )


def move_values(command: c.MoveValues, context: Context) -> Decided:
    """Take a form from the wrong participant to the right one; both trails stay."""
    source = context.known(command.participant)
    target = context.known(command.to_participant)
    address = command.address
    to_address = command.to_address or address
    reasons: list[Reason] = []
    form = source.forms.get(address)
    if form is None:
        raise Refused(
            [
                refuse(
                    "nothing-to-move",
                    f"{source.id} has no form at {address}",
                    f"{source.id} 在 {address} 没有表单",
                    "conduct.moving",
                    "check the visit and the form",
                    "请核对访视和表单",
                    "address",
                )
            ]
        )
    if source.id == target.id and address == to_address:
        reasons.append(
            refuse(
                "same-place",
                "it is there already",
                "已在该处",
                "conduct.moving",
                "name another participant or visit",
                "请指定其他受试者或访视",
            )  # fmt: skip
        )
    if to_address.form != address.form:
        reasons.append(_not_at_visit(to_address))
    if to_address in target.forms:
        reasons.append(
            refuse(
                "place-taken",
                f"{target.id} already has that form",
                f"{target.id} 已有该表单",
                "conduct.moving",
                "correct it there instead",
                "请在该处直接更正",
            )
        )
    if not command.reason.strip():
        reasons.append(
            refuse(
                "no-reason",
                "a reason is needed",
                "须填写原因",
                "conduct.moving",
                "say how the mistake came about",
                "请说明差错原因",
                "reason",
            )  # fmt: skip
        )
    reasons += form_reasons(context, target, to_address, form.performed_on)
    if reasons:
        raise Refused(reasons)
    decided = Decided().on_participant(
        source,
        e.ValuesMovedAway(
            visit=address.visit,
            form=address.form,
            repeat=address.repeat,
            to_participant=target.id,
            reason=command.reason,
        ),
    )
    for query in source.queries.values():
        if query.address == address and query.status != "closed":
            decided.on_participant(
                source,
                e.QueryClosed(query=query.number, automatic=True, text=f"moved to {target.id}"),
            )
    return decided.on_participant(
        target,
        e.ValuesMovedIn(
            visit=to_address.visit,
            form=to_address.form,
            repeat=to_address.repeat,
            from_participant=source.id,
            performed_on=str(form.performed_on),
            save=1,
            complete=form.complete,
            values=tuple(captured.value for _, captured in sorted(form.values.items())),
            origin_seqs=form.seqs,
            reason=command.reason,
        ),
    )


def content_hash(form: FormInstance) -> str:
    """SHA-256 over what a form says: the object of a signature."""
    content = {
        "address": str(form.address),
        "performed_on": str(form.performed_on),
        "values": {
            name: [captured.value.raw, captured.value.value, captured.value.unit]
            for name, captured in form.values.items()
        },
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sign_form(command: c.SignForm, context: Context) -> Decided:
    """Sign what a complete form says now."""
    participant = context.known(command.participant)
    form = participant.forms.get(command.address)
    reasons = on_record(participant)
    if form is None or not form.complete:
        reasons.append(
            refuse(
                "form-not-complete",
                f"the form {command.address} is not complete",
                f"表单 {command.address} 未完成",
                "conduct.signature",
                "complete it first",
                "请先完成该表单",
            )
        )
    elif form.signed:
        reasons.append(
            refuse(
                "already-signed",
                f"signed by {form.signed_by}",
                f"已由 {form.signed_by} 签名",
                "conduct.signature",
                "nothing to do",
                "无需操作",
            )
        )
    if reasons or form is None:
        raise Refused(reasons)
    return Decided().on_participant(
        participant,
        e.FormSigned(
            visit=command.address.visit,
            form=command.address.form,
            repeat=command.address.repeat,
            save=form.saves,
            content_hash=content_hash(form),
            meaning=command.meaning,
        ),
    )

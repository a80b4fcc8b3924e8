"""Forms, diaries, doses, missed visits, moved values, signatures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from equipoise.protocol.document import Protocol
from equipoise.quantity.text import Text

from .. import commands as c
from .. import events as e
from ..capture import FormReading, read_form
from ..eligibility import strata_of
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..schedule import (
    diary_window,
    offset_day,
    participant_anchors,
    plan_visits,
    visit_targets,
    visit_window,
)
from ..state import DiaryDay, FormInstance, ParticipantState, Stamp, folded
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
        reasons.append(reason("no-consent", participant=participant.id))
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
        reasons.append(reason("visit-missed", visit=address.visit))
    today = context.today(participant.site)
    if performed_on > today:
        reasons.append(reason("date-in-future", "performed_on", day=performed_on))
    off_study = participant.off_study_on
    if off_study is not None and performed_on > off_study:
        reasons.append(
            reason("off-study", "performed_on", participant=participant.id, day=off_study)
        )
    return reasons


def _no_form(address: Address) -> Reason:
    return reason("unknown-form", "form", form=address.form)


def _not_at_visit(address: Address) -> Reason:
    return reason("form-not-at-visit", "visit", form=address.form, visit=address.visit)


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
        raise RefusedError(reasons)
    saves = before.saves if before else 0
    if command.based_on is not None and command.based_on != saves:
        reasons.append(stale(before))
    reasons += reading.faults
    re_dated = before is not None and before.performed_on != performed_on
    if (reading.overwrites or re_dated) and not command.reason.strip():
        reasons.append(_reason_needed(reading, participant.protocol))
    if not reasons and not reading.changed and not re_dated:
        reasons.append(reason("nothing-to-save"))
    if reasons:
        raise RefusedError(reasons)
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
    _window_deviation(decided, participant, saved, performed_on, context)
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
    return folded(participant, happening, stamp, participant.site)


def stale(before: FormInstance | None) -> Reason:
    """Another person saved the form meanwhile: who, when and what."""
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
    return reason("stale", who=who.actor if who else "?", at=who.at if who else "?", values=values)


_PERFORMED_ON = Text({"en": "the date", "zh-Hans": "日期"})


def _reason_needed(reading: FormReading, protocol: Protocol) -> Reason:
    labels = [protocol.item_by_id[name].label for name in reading.overwrites] or [_PERFORMED_ON]
    return reason("reason-needed", "reason", names=Text.listing(labels))


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
    saved: e.FormSaved,
    performed_on: date,
    context: Context,
) -> None:
    """A visit outside its window is a deviation, logged once for the visit.

    It is judged with its first form, or with the one that tells its anchor's actual day: the visit
    that states when radiotherapy began hangs on that day itself.
    """
    protocol = context.protocol
    visit = protocol.visit_by_id.get(saved.visit)
    if visit is None:
        return
    begun = visit.id in {held.visit for held in participant.forms}
    tells = not protocol.anchor_items.isdisjoint([value.item for value in saved.values])
    if begun and not tells:
        return
    anchor = participant_anchors(protocol, participant, visit.anchor).get(visit.anchor)
    if anchor is not None and not anchor.provisional:
        if begun:
            return
    elif tells:
        after = _after(participant, saved, context)
        anchor = participant_anchors(protocol, after, visit.anchor).get(visit.anchor)
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
        reasons.append(reason("unknown-diary", "diary", diary=command.diary))
        raise RefusedError(reasons)
    form = context.protocol.form_by_id[diary.form]
    window = diary_window(context.protocol, diary, participant)
    if window is None or not window[0] <= command.day <= window[1]:
        span = "—" if window is None else f"{window[0]} … {window[1]}"
        reasons.append(reason("not-a-diary-day", "day", day=command.day, span=span, diary=diary.id))
    if command.day > context.today(participant.site):
        reasons.append(reason("date-in-future", "day", day=command.day))
    before = participant.diary.get((diary.id, command.day))
    reading = read_form(form, command.values, participant, _as_form(before), command.day)
    reasons += reading.faults
    if reading.overwrites and not command.reason.strip():
        reasons.append(_reason_needed(reading, participant.protocol))
    if not reasons and not reading.changed:
        reasons.append(reason("nothing-to-save"))
    if reasons:
        raise RefusedError(reasons)
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
        raise RefusedError(reasons)
    if not 1 <= command.occasion <= regimen.times_a_day:
        reasons.append(
            reason(
                "no-such-occasion",
                "occasion",
                occasion=command.occasion,
                times=regimen.times_a_day,
                intervention=command.intervention,
            )
        )
    anchors = participant_anchors(protocol, participant)
    first, last = offset_day(regimen.start, anchors), offset_day(regimen.stop, anchors)
    outside = (first and command.day < first) or (last and command.day > last)
    if outside or command.day > context.today(participant.site):
        reasons.append(
            reason(
                "not-a-dosing-day",
                "day",
                day=command.day,
                first=first,
                last=last,
                intervention=command.intervention,
            )
        )
    if reasons:
        raise RefusedError(reasons)
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
    return reason("not-assigned", "intervention", intervention=intervention)


def miss_visit(command: c.MissVisit, context: Context) -> Decided:
    """State that a due visit did not take place."""
    participant = context.known(command.participant)
    reasons = in_trial(participant)
    planned = next(
        (p for p in plan_visits(context.protocol, participant) if p.visit.id == command.visit), None
    )
    if planned is None or planned.status != "due":
        reasons.append(reason("visit-not-due", "visit", visit=command.visit))
    elif planned.opens and planned.opens > context.today(participant.site):
        reasons.append(reason("visit-not-yet-open", "visit", opens=planned.opens))
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
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
        raise RefusedError(
            [reason("nothing-to-move", "address", participant=source.id, address=address)]
        )
    if source.id == target.id and address == to_address:
        reasons.append(reason("same-place"))
    if to_address.form != address.form:
        reasons.append(_not_at_visit(to_address))
    if to_address in target.forms:
        reasons.append(reason("place-taken", participant=target.id))
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    reasons += form_reasons(context, target, to_address, form.performed_on)
    if reasons:
        raise RefusedError(reasons)
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
        reasons.append(reason("form-not-complete", address=command.address))
    elif form.signed:
        reasons.append(reason("already-signed", who=form.signed_by))
    if reasons or form is None:
        raise RefusedError(reasons)
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

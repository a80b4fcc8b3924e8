"""How each event of a participant changes the state: one function an event.

Every fold puts a new container in place of the one it changes; a state that was handed out is never
changed under its reader.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from equipoise.ledger.envelope import Event
from equipoise.protocol.document import Protocol
from equipoise.protocol.expression import Datum

from .. import events as e
from ..values import Address, Value
from .coding import Coding
from .participant import ParticipantState
from .records import (
    AdverseEvent,
    AssessmentRecord,
    Captured,
    Clock,
    ConsentRecord,
    Deviation,
    DiaryDay,
    FormInstance,
    GivenCopy,
    Hold,
    Query,
    Redaction,
    Stamp,
    SupplyBalance,
    Unblinding,
    VerificationMark,
    Withdrawal,
)

Documents = Mapping[str, Protocol]
"""Protocol documents by version."""

_Fold = Callable[[ParticipantState, Any, Stamp, str], None]


def folded(
    state: ParticipantState, happening: e.Happening, stamp: Stamp, site: str
) -> ParticipantState:
    """The state after one more event of this participant's stream; the given one stays as it is."""
    new = copy(state)
    fold_in(new, happening, stamp, site)
    return new


def fold_in(state: ParticipantState, happening: e.Happening, stamp: Stamp, site: str) -> None:
    """Fold one event into a state that nobody else has seen yet. TypeError for another stream's event."""
    handler = _FOLDS.get(type(happening))
    if handler is None:
        raise TypeError(f"{type(happening).__name__} is no event of a participant")
    handler(state, happening, stamp, site)
    state.version += 1
    state.seq = stamp.seq


def stamp_of(event: Event) -> Stamp:
    """Who brought an event, when, and where it stands."""
    return Stamp(event.seq, event.actor, event.role, event.server_time)


def fold_participants(
    documents: Documents, events: Iterable[tuple[Event, e.Happening]]
) -> dict[str, ParticipantState]:
    """Every participant's state by number, from decoded events in order of the ledger.

    Each event is read under the protocol version it cites; afterwards a state stands under the version in force
    at its site, as far as these events tell.
    """
    in_force: dict[str, str] = {}
    states: dict[str, ParticipantState] = {}
    for event, happening in events:
        kind, _, name = event.stream.partition("/")
        if isinstance(happening, e.SiteOpened):
            in_force[event.site] = event.protocol
        elif isinstance(happening, e.ProtocolAdopted):
            in_force[event.site] = happening.version
        if kind != "participant":
            continue
        state = states.get(name)
        if state is None:
            state = states[name] = ParticipantState(name, documents[event.protocol])
        state.protocol = documents[event.protocol]
        fold_in(state, happening, stamp_of(event), event.site)
    for state in states.values():
        state.protocol = documents.get(in_force.get(state.site, ""), state.protocol)
    return states


def _datum(value: Value, kind: str, unit: str | None, on: date, source: str) -> Datum | None:
    if value.value is None:
        return None
    content: Any = value.value
    if kind in ("decimal", "integer"):
        content = Decimal(value.value)
    elif kind == "boolean":
        content = value.value == "true"
    elif kind == "date":
        content = date.fromisoformat(value.value)
    return Datum(content, unit, on, source)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _capture(
    s: ParticipantState, values: tuple[Value, ...], on: date, address: Address, stamp: Stamp
) -> dict[str, Captured]:
    items = s.protocol.item_by_id
    source = str(address)
    captured = {}
    for value in values:
        item = items.get(value.item)
        kind, unit = (item.type, item.unit) if item else ("text", None)
        datum = _datum(value, kind, unit, on, source)
        captured[value.item] = Captured(value, datum, on, address, stamp)
    return captured


def _remember(s: ParticipantState, captured: Mapping[str, Captured]) -> None:
    """Keep the latest value of each item right after these have been stored."""
    latest = dict(s.latest)
    for item, one in captured.items():
        before = latest.get(item)
        if one.datum is not None and (before is None or before.on <= one.on):
            latest[item] = one
        elif before is not None and before.address == one.address:
            # what stood at this address was the latest value, and is no longer what it was
            series = s.series(item)
            if series:
                latest[item] = series[-1]
            else:
                del latest[item]
    s.latest = latest


def _save_form(
    s: ParticipantState,
    address: Address,
    performed_on: date,
    values: tuple[Value, ...],
    complete: bool,
    stamp: Stamp,
) -> None:
    before = s.forms.get(address)
    changed: Mapping[str, Captured] = _capture(s, values, performed_on, address, stamp)
    if before is not None:
        kept = dict(before.values)
        if before.performed_on != performed_on:
            kept = {name: replace(one, on=performed_on) for name, one in kept.items()}
            changed = kept
        kept.update(_capture(s, values, performed_on, address, stamp))
        # a mark says what a value was and the day it holds for: a change of either voids it
        verified = {
            name: replace(mark, void=stamp) if mark.void is None and name in changed else mark
            for name, mark in before.verified.items()
        }
        form = replace(
            before,
            values=kept,
            performed_on=performed_on,
            saves=before.saves + 1,
            complete=complete,
            last=stamp,
            seqs=(*before.seqs, stamp.seq),
            verified=verified,
        )
    else:
        form = FormInstance(address, changed, performed_on, 1, complete, stamp, (stamp.seq,))
    s.forms = {**s.forms, address: form}
    if s.codings:
        _void(s, [f"{address}/{value.item}" for value in values], stamp)
    _remember(s, changed)


def _void(s: ParticipantState, keys: Iterable[str], stamp: Stamp) -> None:
    """The words have changed: what was coded for them holds no more."""
    hit = {
        key: replace(s.codings[key], void=stamp)
        for key in keys
        if key in s.codings and s.codings[key].void is None
    }
    if hit:
        s.codings = {**s.codings, **hit}


def _screened(s: ParticipantState, h: e.ParticipantScreened, stamp: Stamp, site: str) -> None:
    s.site = site
    s.number = h.number
    s.identity = json.loads(h.identity) if h.identity else {}
    s.previous = h.previous
    s.screened_on = date.fromisoformat(h.screened_on)


def _consented(s: ParticipantState, h: e.ConsentRecorded, stamp: Stamp, site: str) -> None:
    s.consents = (*s.consents, ConsentRecord(h.version, date.fromisoformat(h.signed_on), stamp))


def _refused(s: ParticipantState, h: e.ConsentRefused, stamp: Stamp, site: str) -> None:
    s.refused_on = date.fromisoformat(h.on)


def _assessed(s: ParticipantState, h: e.EligibilityAssessed, stamp: Stamp, site: str) -> None:
    record = AssessmentRecord(h.assessment, h.eligible, tuple(h.criteria), stamp)
    s.assessments = (*s.assessments, record)


def _eligibility_signed(
    s: ParticipantState, h: e.EligibilitySigned, stamp: Stamp, site: str
) -> None:
    s.assessments = tuple(
        replace(record, signed_by=stamp.actor, signed_at=stamp.at)
        if record.number == h.assessment
        else record
        for record in s.assessments
    )


def _failed(s: ParticipantState, h: e.ScreeningFailed, stamp: Stamp, site: str) -> None:
    s.failed = tuple(h.criteria)
    s.failed_reason = h.reason
    s.failed_at = stamp


def _randomized(s: ParticipantState, h: e.ParticipantRandomized, stamp: Stamp, site: str) -> None:
    s.randomized = stamp
    s.randomized_on = date.fromisoformat(h.randomized_on)
    s.randomization_number = h.number
    s.arm = h.arm
    s.strata_used = dict(h.strata)
    s.strata_true = dict(h.strata)


def _stratum_corrected(s: ParticipantState, h: e.StratumCorrected, stamp: Stamp, site: str) -> None:
    s.strata_true = dict(h.strata)


def _scheduled(s: ParticipantState, h: e.VisitsScheduled, stamp: Stamp, site: str) -> None:
    s.targets = {visit: date.fromisoformat(day) for visit, day in h.targets.items()}


def _form_saved(s: ParticipantState, h: e.FormSaved, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    _save_form(s, address, date.fromisoformat(h.performed_on), h.values, h.complete, stamp)


def _moved_in(s: ParticipantState, h: e.ValuesMovedIn, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    _save_form(s, address, date.fromisoformat(h.performed_on), h.values, h.complete, stamp)


def _moved_away(s: ParticipantState, h: e.ValuesMovedAway, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    gone = s.forms[address]
    s.forms = {key: form for key, form in s.forms.items() if key != address}
    _void(s, [f"{address}/{item}" for item in gone.values], stamp)
    _remember(s, {name: replace(one, datum=None) for name, one in gone.values.items()})


def _diary_recorded(s: ParticipantState, h: e.DiaryDayRecorded, stamp: Stamp, site: str) -> None:
    day = date.fromisoformat(h.day)
    before = s.diary.get((h.diary, day))
    captured = _capture(s, h.values, day, Address("diary", h.diary, h.day), stamp)
    values = {**before.values, **captured} if before else captured
    recorded = DiaryDay(h.diary, day, values, h.save, h.assisted, stamp)
    s.diary = {**s.diary, (h.diary, day): recorded}
    _remember(s, captured)


def _dose_recorded(s: ParticipantState, h: e.DoseRecorded, stamp: Stamp, site: str) -> None:
    s.doses = {**s.doses, (h.intervention, date.fromisoformat(h.day), h.occasion): h.taken}


def _visit_missed(s: ParticipantState, h: e.VisitMissed, stamp: Stamp, site: str) -> None:
    s.missed = {**s.missed, h.visit: h.reason}


def _form_signed(s: ParticipantState, h: e.FormSigned, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    signed = replace(
        s.forms[address],
        signed_save=h.save,
        signed_by=stamp.actor,
        signed_meaning=h.meaning,
        signed_at=stamp.at,
        signed_hash=h.content_hash,
    )
    s.forms = {**s.forms, address: signed}


def _verified(s: ParticipantState, h: e.SourceVerified, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    form = s.forms[address]
    marks = dict.fromkeys(h.items, VerificationMark(h.save, stamp))
    s.forms = {**s.forms, address: replace(form, verified={**form.verified, **marks})}


def _hold(kind: str, stamp: Stamp) -> Hold | None:
    return None if kind == "open" else Hold(kind, stamp)


def _form_held(s: ParticipantState, h: e.FormHeld, stamp: Stamp, site: str) -> None:
    address = Address(h.visit, h.form, h.repeat)
    s.forms = {**s.forms, address: replace(s.forms[address], hold=_hold(h.hold, stamp))}


def _participant_held(s: ParticipantState, h: e.ParticipantHeld, stamp: Stamp, site: str) -> None:
    s.hold = _hold(h.hold, stamp)


def _supply(
    s: ParticipantState, intervention: str, change: Callable[[SupplyBalance], SupplyBalance]
) -> None:
    balance = s.supply.get(intervention, SupplyBalance())
    s.supply = {**s.supply, intervention: change(balance)}


def _ordered(s: ParticipantState, h: e.SupplyOrdered, stamp: Stamp, site: str) -> None:
    _supply(s, h.intervention, lambda b: replace(b, ordered=b.ordered + h.units))


def _dispensed(s: ParticipantState, h: e.SupplyDispensed, stamp: Stamp, site: str) -> None:
    _supply(s, h.intervention, lambda b: replace(b, dispensed=b.dispensed + h.units))


def _returned(s: ParticipantState, h: e.SupplyReturned, stamp: Stamp, site: str) -> None:
    _supply(
        s,
        h.intervention,
        lambda b: replace(
            b,
            returned_unused=b.returned_unused + h.unused,
            returned_used=b.returned_used + h.used,
        ),
    )


def _ae_reported(s: ParticipantState, h: e.AdverseEventReported, stamp: Stamp, site: str) -> None:
    event = AdverseEvent(
        number=h.number,
        term=h.term,
        verbatim=h.verbatim,
        grade=h.grade,
        scale=h.scale,
        started_on=date.fromisoformat(h.started_on),
        ended_on=_day(h.ended_on),
        seriousness=tuple(h.seriousness),
        causality=dict(h.causality),
        outcome=h.outcome,
        action=h.action,
        narrative=h.narrative,
        reported=stamp,
    )
    s.adverse_events = {**s.adverse_events, h.number: event}


def _ae_updated(s: ParticipantState, h: e.AdverseEventUpdated, stamp: Stamp, site: str) -> None:
    event = replace(
        s.adverse_events[h.number],
        grade=h.grade,
        ended_on=_day(h.ended_on),
        seriousness=tuple(h.seriousness),
        causality=dict(h.causality),
        outcome=h.outcome,
        action=h.action,
        narrative=h.narrative,
    )
    s.adverse_events = {**s.adverse_events, h.number: event}


def _ae_reworded(s: ParticipantState, h: e.AdverseEventReworded, stamp: Stamp, site: str) -> None:
    event = replace(s.adverse_events[h.number], term=h.term, verbatim=h.verbatim)
    s.adverse_events = {**s.adverse_events, h.number: event}
    _void(s, [f"ae/{h.number}"], stamp)


def _coded(s: ParticipantState, h: e.TermCoded, stamp: Stamp, site: str) -> None:
    coding = Coding(
        h.target, h.sha256, h.code, h.term, h.preferred_code, h.preferred, h.group_code, h.group, stamp
    )  # fmt: skip
    s.codings = {**s.codings, h.target: coding}


def _clock_started(s: ParticipantState, h: e.SafetyClockStarted, stamp: Stamp, site: str) -> None:
    event = s.adverse_events[h.number]
    clocks = (*event.clocks, Clock(h.clock, h.due_at, h.to))
    s.adverse_events = {**s.adverse_events, h.number: replace(event, clocks=clocks)}


def _report_submitted(
    s: ParticipantState, h: e.SafetyReportSubmitted, stamp: Stamp, site: str
) -> None:
    event = s.adverse_events[h.number]
    clocks = tuple(
        replace(clock, submitted_at=stamp.at, on_time=h.on_time)
        if clock.clock == h.clock
        else clock
        for clock in event.clocks
    )
    s.adverse_events = {**s.adverse_events, h.number: replace(event, clocks=clocks)}


def _query_raised(s: ParticipantState, h: e.QueryRaised, stamp: Stamp, site: str) -> None:
    query = Query(
        h.query, Address(h.visit, h.form, h.repeat), h.item, h.check, h.text, "open", stamp
    )
    s.queries = {**s.queries, h.query: query}


def _query_answered(s: ParticipantState, h: e.QueryAnswered, stamp: Stamp, site: str) -> None:
    query = replace(s.queries[h.query], status="answered", answer=h.text, answered=stamp)
    s.queries = {**s.queries, h.query: query}


def _query_closed(s: ParticipantState, h: e.QueryClosed, stamp: Stamp, site: str) -> None:
    s.queries = {**s.queries, h.query: replace(s.queries[h.query], status="closed", closed=stamp)}


def _query_reopened(s: ParticipantState, h: e.QueryReopened, stamp: Stamp, site: str) -> None:
    query = s.queries[h.query]
    again = (*query.again, (h.text, stamp))
    s.queries = {**s.queries, h.query: replace(query, status="open", closed=None, again=again)}


def _deviation(s: ParticipantState, h: e.DeviationLogged, stamp: Stamp, site: str) -> None:
    deviation = Deviation(
        h.kind, h.severity, date.fromisoformat(h.occurred_on), h.text, h.automatic, stamp
    )
    s.deviations = (*s.deviations, deviation)


def _deviation_assessed(
    s: ParticipantState, h: e.DeviationAssessed, stamp: Stamp, site: str
) -> None:
    s.deviations = tuple(
        replace(
            one,
            important=h.important,
            assessments=(*one.assessments, (h.important, h.reason, stamp)),
        )
        if number == h.deviation
        else one
        for number, one in enumerate(s.deviations, 1)
    )


def _withdrawn(s: ParticipantState, h: e.ParticipantWithdrawn, stamp: Stamp, site: str) -> None:
    withdrawal = Withdrawal(h.scope, h.category, date.fromisoformat(h.on), h.reason, stamp)
    s.withdrawals = (*s.withdrawals, withdrawal)


def _unblinded(s: ParticipantState, h: e.ParticipantUnblinded, stamp: Stamp, site: str) -> None:
    s.unblindings = (*s.unblindings, Unblinding(h.kind, h.reason, stamp))


def _erased(s: ParticipantState, h: e.IdentityErased, stamp: Stamp, site: str) -> None:
    s.identity = {}
    s.erased = stamp


def _redaction_requested(
    s: ParticipantState, h: e.RedactionRequested, stamp: Stamp, site: str
) -> None:
    asked = Redaction(h.redaction, h.value, h.reason, stamp)
    s.redactions = {**s.redactions, h.redaction: asked}


def _redacted(s: ParticipantState, h: e.ValueRedacted, stamp: Stamp, site: str) -> None:
    done = replace(s.redactions[h.redaction], status="done", decided=stamp)
    s.redactions = {**s.redactions, h.redaction: done}


def _redaction_declined(
    s: ParticipantState, h: e.RedactionDeclined, stamp: Stamp, site: str
) -> None:
    one = replace(s.redactions[h.redaction], status="declined", decided=stamp, answer=h.reason)
    s.redactions = {**s.redactions, h.redaction: one}


def _copy_given(s: ParticipantState, h: e.CopyGiven, stamp: Stamp, site: str) -> None:
    given = GivenCopy(h.given_to, h.reason, h.language, h.file_format, h.upto, stamp)
    s.copies = (*s.copies, given)


def _transferred(s: ParticipantState, h: e.ParticipantTransferred, stamp: Stamp, site: str) -> None:
    s.site = h.to_site


def _completed(s: ParticipantState, h: e.ParticipantCompleted, stamp: Stamp, site: str) -> None:
    s.completed_on = date.fromisoformat(h.on)


_FOLDS: dict[type[e.Happening], _Fold] = {
    e.ParticipantScreened: _screened,
    e.ConsentRecorded: _consented,
    e.ConsentRefused: _refused,
    e.EligibilityAssessed: _assessed,
    e.EligibilitySigned: _eligibility_signed,
    e.ScreeningFailed: _failed,
    e.ParticipantRandomized: _randomized,
    e.StratumCorrected: _stratum_corrected,
    e.VisitsScheduled: _scheduled,
    e.FormSaved: _form_saved,
    e.ValuesMovedIn: _moved_in,
    e.ValuesMovedAway: _moved_away,
    e.DiaryDayRecorded: _diary_recorded,
    e.DoseRecorded: _dose_recorded,
    e.VisitMissed: _visit_missed,
    e.FormSigned: _form_signed,
    e.SourceVerified: _verified,
    e.FormHeld: _form_held,
    e.ParticipantHeld: _participant_held,
    e.SupplyOrdered: _ordered,
    e.SupplyDispensed: _dispensed,
    e.SupplyReturned: _returned,
    e.AdverseEventReported: _ae_reported,
    e.AdverseEventUpdated: _ae_updated,
    e.AdverseEventReworded: _ae_reworded,
    e.TermCoded: _coded,
    e.SafetyClockStarted: _clock_started,
    e.SafetyReportSubmitted: _report_submitted,
    e.QueryRaised: _query_raised,
    e.QueryAnswered: _query_answered,
    e.QueryClosed: _query_closed,
    e.QueryReopened: _query_reopened,
    e.DeviationLogged: _deviation,
    e.DeviationAssessed: _deviation_assessed,
    e.ParticipantWithdrawn: _withdrawn,
    e.IdentityErased: _erased,
    e.RedactionRequested: _redaction_requested,
    e.ValueRedacted: _redacted,
    e.RedactionDeclined: _redaction_declined,
    e.CopyGiven: _copy_given,
    e.ParticipantTransferred: _transferred,
    e.ParticipantUnblinded: _unblinded,
    e.ParticipantCompleted: _completed,
}

"""Freezing and locking data: what stands against it, and what a hold stops.

A hold stands at one of four levels: a form, a participant, a site, the trial (the database lock, which is
always a lock). The nearest one is told; each is opened at the level at which it was set.
"""

from __future__ import annotations

from collections.abc import Iterator

from equipoise.quantity.text import Text

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..schedule import plan_visits
from ..state import FormInstance, ParticipantState
from ..values import Address
from ..verification import form_verification
from .context import Context, Decided, no_such_participant

STOPPED_WHEN_FROZEN: tuple[type[c.Command], ...] = (
    c.ScreenParticipant,
    c.RecordConsent,
    c.AssessEligibility,
    c.SignEligibility,
    c.FailScreening,
    c.Randomize,
    c.SaveForm,
    c.RecordDiaryDay,
    c.RecordDose,
    c.MissVisit,
    c.MoveValues,
    c.DispenseSupply,
    c.ReturnSupply,
    c.ReportAdverseEvent,
    c.UpdateAdverseEvent,
    c.RewordAdverseEvent,
    c.LogDeviation,
    c.Withdraw,
    c.TransferParticipant,
    c.CompleteParticipant,
)
"""Commands that change data: neither frozen nor locked data take them."""
STOPPED_WHEN_LOCKED: tuple[type[c.Command], ...] = (
    c.SignForm,
    c.VerifySource,
    c.RaiseQuery,
    c.AnswerQuery,
    c.CloseQuery,
    c.ReopenQuery,
    c.AssessDeviation,
    c.CodeTerm,
)
"""Commands about data that change none: only a lock stops them."""
NEVER_STOPPED: tuple[type[c.Command], ...] = (
    c.SubmitSafetyReport,
    c.UnblindParticipant,
    c.FreezeForm,
    c.LockForm,
    c.UnlockForm,
    c.EraseIdentity,
    c.RequestRedaction,
    c.ApproveRedaction,
    c.DeclineRedaction,
    c.GiveCopy,
)
"""What a person's safety or rights over their data, the analysis or the hold itself needs."""

_WORDS = {
    "frozen": Text({"en": "frozen", "zh-Hans": "冻结"}),
    "locked": Text({"en": "locked", "zh-Hans": "锁定"}),
}
_THROUGH = ("screen_failed", "consent_refused", "withdrawn", "completed")
"""Statuses in which nothing more is awaited of a participant."""


_ABOUT_A_QUERY = (c.AnswerQuery, c.CloseQuery, c.ReopenQuery)


def hold_reasons(command: c.Command, context: Context) -> list[Reason]:
    """Why a hold on the data keeps this command from being decided; empty where none does."""
    kind = type(command)
    if kind in STOPPED_WHEN_FROZEN:
        stopping: tuple[str, ...] = ("frozen", "locked")
    elif kind in STOPPED_WHEN_LOCKED:
        stopping = ("locked",)
    else:
        return []
    if isinstance(command, c.ScreenParticipant):
        return _above(context, command.site, stopping)
    participant = context.known(getattr(command, "participant", ""))
    reasons = _held(context, participant, _address(command, participant), stopping)
    if isinstance(command, c.MoveValues) and command.to_participant != participant.id:
        target = context.known(command.to_participant)
        reasons += _held(context, target, command.to_address or command.address, stopping)
    if isinstance(command, c.TransferParticipant):
        reasons += _above(context, command.to_site, stopping) if not reasons else []
    return reasons


def _address(command: c.Command, participant: ParticipantState) -> Address | None:
    if isinstance(command, _ABOUT_A_QUERY):
        query = participant.queries.get(command.query)
        return query.address if query else None
    address: Address | None = getattr(command, "address", None)
    return address


def _held(
    context: Context,
    participant: ParticipantState,
    address: Address | None,
    stopping: tuple[str, ...],
) -> list[Reason]:
    form = participant.forms.get(address) if address else None
    if form is not None and form.hold is not None and form.hold.kind in stopping:
        hold = form.hold
        return [
            reason(
                "form-held",
                address=form.address,
                participant=participant.id,
                hold=_WORDS[hold.kind],
                who=hold.stamp.actor,
                at=hold.stamp.at[:10],
            )
        ]
    if participant.hold is not None and participant.hold.kind in stopping:
        hold = participant.hold
        return [
            reason(
                "participant-held",
                participant=participant.id,
                hold=_WORDS[hold.kind],
                who=hold.stamp.actor,
                at=hold.stamp.at[:10],
            )
        ]
    return _above(context, participant.site, stopping)


def _above(context: Context, site: str, stopping: tuple[str, ...]) -> list[Reason]:
    if context.trial.locked:
        return [reason("trial-locked")]
    hold = context.site_state(site).hold
    return [reason("site-held", site=site, hold=_WORDS[hold])] if hold in stopping else []


# -- what stands against it ------------------------------------------------------------------------


def _form_open(
    context: Context, participant: ParticipantState, form: FormInstance, locking: bool
) -> Iterator[Reason]:
    """What a saved form still lacks. Whoever was never randomized may have left forms part-filled."""
    if not form.complete and (participant.randomized or participant.status not in _THROUGH):
        yield reason("form-incomplete", participant=participant.id, address=form.address)
    needs = context.protocol.monitoring.lock_needs if locking else []
    if "signed" in needs and not form.signed:
        yield reason("signature-missing", participant=participant.id, address=form.address)
    if "verified" in needs and form.address.form in participant.protocol.form_by_id:
        found = form_verification(participant.protocol, participant, form)
        if found.outstanding or found.void:
            yield reason("verification-missing", participant=participant.id, address=form.address)


def _queries_open(
    participant: ParticipantState, address: Address | None = None
) -> Iterator[Reason]:
    for query in participant.queries.values():
        if query.status != "closed" and address in (None, query.address):
            yield reason("query-not-closed", participant=participant.id, number=query.number)


def _participant_open(
    context: Context, participant: ParticipantState, locking: bool
) -> Iterator[Reason]:
    """Everything that stands between a participant's data and their hold."""
    if participant.status not in _THROUGH:
        yield reason("participant-under-way", participant=participant.id)
    yield from _queries_open(participant)
    for form in participant.forms.values():
        yield from _form_open(context, participant, form, locking)
    if participant.randomized is not None:
        for planned in plan_visits(participant.protocol, participant):
            if planned.status == "due":
                yield reason("visit-unsettled", participant=participant.id, visit=planned.visit.id)
            elif planned.status == "part":
                for one in planned.visit.forms:
                    place = Address(planned.visit.id, one)
                    if place not in participant.forms:
                        yield reason("form-incomplete", participant=participant.id, address=place)
    for event in participant.adverse_events.values():
        if any(clock.submitted_at is None for clock in event.clocks):
            yield reason("safety-report-due", participant=participant.id, number=event.number)


def _everybody_open(context: Context, site: str, locking: bool) -> Iterator[Reason]:
    for participant in context.people(site):
        yield from _participant_open(context, participant, locking)


# -- the decisions ---------------------------------------------------------------------------------

HoldCommand = c.FreezeForm | c.LockForm | c.UnlockForm


def freeze(command: c.FreezeForm, context: Context) -> Decided:
    """Freeze data that are complete and without an open query."""
    return _hold(command, context, "frozen")


def lock(command: c.LockForm, context: Context) -> Decided:
    """Lock data that are complete, without an open query, and as the protocol wants them to be locked."""
    return _hold(command, context, "locked")


def unlock(command: c.UnlockForm, context: Context) -> Decided:
    """Open what is held at this level."""
    return _hold(command, context, "open")


def _hold(command: HoldCommand, context: Context, kind: str) -> Decided:
    reasons = [] if command.reason.strip() else [reason("no-reason", "reason")]
    locking = kind == "locked"
    if context.trial.locked:
        reasons.append(reason("trial-locked"))
    if command.participant is None:
        return _hold_site(command, context, kind, reasons)
    participant = context.known(command.participant)
    if command.address is None:
        held = participant.hold.kind if participant.hold else "open"
        if kind != "open":
            reasons += _participant_open(context, participant, locking)
        _finish(reasons, held, kind)
        return Decided().on_participant(
            participant, e.ParticipantHeld(hold=kind, reason=command.reason)
        )
    address = command.address
    form = participant.forms.get(address)
    if form is None:
        raise RefusedError(
            [*reasons, reason("form-incomplete", participant=participant.id, address=address)]
        )
    held = form.hold.kind if form.hold else "open"
    if kind != "open":
        reasons += _queries_open(participant, address)
        reasons += _form_open(context, participant, form, locking)
    _finish(reasons, held, kind)
    return Decided().on_participant(
        participant,
        e.FormHeld(
            visit=address.visit,
            form=address.form,
            repeat=address.repeat,
            hold=kind,
            reason=command.reason,
        ),
    )


def _hold_site(command: HoldCommand, context: Context, kind: str, reasons: list[Reason]) -> Decided:
    site = command.site
    if site not in context.protocol.site_by_id:
        if not site:
            raise RefusedError([*reasons, no_such_participant("")])
        raise RefusedError(
            [
                *reasons,
                reason(
                    "unknown-site", "site", site=site, sites=", ".join(context.protocol.site_by_id)
                ),
            ]
        )
    if context.actor.site and context.actor.site != site:
        reasons.append(
            reason(
                "other-site",
                "site",
                actor=context.actor.id,
                own_site=context.actor.site,
                site=site,
            )
        )
        raise RefusedError(reasons)
    state = context.site_state(site)
    if kind != "open":
        if state.open and context.trial.recruitment_open:
            reasons.append(reason("site-recruits", site=site))
        reasons += _everybody_open(context, site, kind == "locked")
    _finish(reasons, state.hold or "open", kind)
    return Decided().on_site(site, e.SiteHeld(hold=kind, reason=command.reason))


def _finish(reasons: list[Reason], held: str, kind: str) -> None:
    """Refuse with every reason; a hold is set once, and only what is held can be opened."""
    if held == kind or (held == "locked" and kind == "frozen"):
        if kind == "open":
            reasons.append(reason("not-held"))
        else:
            reasons.append(reason("already-held", hold=_WORDS[held]))
    if reasons:
        raise RefusedError(reasons)


def lock_trial(command: c.LockTrial, context: Context) -> Decided:
    """The database lock, once recruitment has ended and nothing is open anywhere."""
    reasons = [] if command.reason.strip() else [reason("no-reason", "reason")]
    if context.trial.locked:
        raise RefusedError([*reasons, reason("already-held", hold=_WORDS["locked"])])
    if context.trial.recruitment_open:
        reasons.append(reason("recruitment-still-open"))
    reasons += _everybody_open(context, "", locking=True)
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(e.TrialLocked(reason=command.reason))


def unlock_trial(command: c.UnlockTrial, context: Context) -> Decided:
    """Open the database again; holds of sites, participants and forms stay."""
    reasons = [] if command.reason.strip() else [reason("no-reason", "reason")]
    if not context.trial.locked:
        reasons.append(reason("not-held"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(e.TrialUnlocked(reason=command.reason))

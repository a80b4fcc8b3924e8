"""Queries, deviations, supply, and leaving the trial."""

from __future__ import annotations

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..state import ParticipantState, SupplyBalance
from .context import Context, Decided, in_trial, on_record


def _text_needed(text: str, field: str, rule: str) -> list[Reason]:
    if text.strip():
        return []
    return [reason("no-text", field)]


# -- queries --------------------------------------------------------------------------------------


def raise_query(command: c.RaiseQuery, context: Context) -> Decided:
    """Ask about a value on a form that has been saved."""
    participant = context.known(command.participant)
    reasons = _text_needed(command.text, "text", "conduct.queries")
    form = participant.forms.get(command.address)
    on_form = context.protocol.form_by_id.get(command.address.form)
    items = {entry.item for entry in on_form.items} if on_form else set()
    if form is None or (command.item and command.item not in items):
        reasons.append(
            reason("nothing-to-query", "address", address=command.address, item=command.item)
        )
    if reasons:
        raise RefusedError(reasons)
    number = max(participant.queries, default=0) + 1
    return Decided(answer={"query": number}).on_participant(
        participant,
        e.QueryRaised(
            query=number,
            visit=command.address.visit,
            form=command.address.form,
            repeat=command.address.repeat,
            item=command.item,
            check="",
            text=command.text,
        ),
    )


def _query_reasons(
    participant: ParticipantState, number: int, states: tuple[str, ...]
) -> list[Reason]:
    query = participant.queries.get(number)
    if query is not None and query.status in states:
        return []
    return [reason("query-not-open", "query", number=number, participant=participant.id)]


def answer_query(command: c.AnswerQuery, context: Context) -> Decided:
    """The site's answer to an open query."""
    participant = context.known(command.participant)
    reasons = _query_reasons(participant, command.query, ("open", "answered"))
    reasons += _text_needed(command.text, "text", "conduct.queries")
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant, e.QueryAnswered(query=command.query, text=command.text)
    )


def close_query(command: c.CloseQuery, context: Context) -> Decided:
    """Settle a query."""
    participant = context.known(command.participant)
    reasons = _query_reasons(participant, command.query, ("open", "answered"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant, e.QueryClosed(query=command.query, automatic=False, text=command.text)
    )


def reopen_query(command: c.ReopenQuery, context: Context) -> Decided:
    """Ask again about what was answered or closed."""
    participant = context.known(command.participant)
    reasons = on_record(participant) + _text_needed(command.text, "text", "conduct.queries")
    query = participant.queries.get(command.query)
    if query is None or query.status == "open":
        reasons.append(
            reason("query-not-settled", "query", number=command.query, participant=participant.id)
        )
    elif query.address.visit != "diary" and query.address not in participant.forms:
        reasons.append(reason("nothing-to-query", "query", address=query.address, item=query.item))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant, e.QueryReopened(query=command.query, text=command.text)
    )


def log_deviation(command: c.LogDeviation, context: Context) -> Decided:
    """Log a departure from the protocol."""
    participant = context.known(command.participant)
    reasons = on_record(participant) + _text_needed(command.text, "text", "conduct.deviations")
    if command.occurred_on > context.today(participant.site):
        reasons.append(_future("occurred_on", str(command.occurred_on)))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.DeviationLogged(
            kind=command.kind,
            severity=command.severity,
            occurred_on=str(command.occurred_on),
            automatic=False,
            text=command.text,
        ),
    )


def _future(field: str, day: str) -> Reason:
    return reason("date-in-future", field, day=day)


# -- supply ---------------------------------------------------------------------------------------


def _supply_reasons(
    context: Context, participant: ParticipantState, intervention: str
) -> list[Reason]:
    reasons = in_trial(participant)
    arm = context.protocol.arm_by_id.get(participant.arm or "")
    supplied = {supply.intervention for supply in context.protocol.supply}
    if arm is None or intervention not in arm.interventions or intervention not in supplied:
        reasons.append(reason("not-assigned", "intervention", intervention=intervention))
    return reasons


def _count_reason(field: str, count: int) -> Reason:
    return reason("impossible-count", field, count=count)


def dispense_supply(command: c.DispenseSupply, context: Context) -> Decided:
    """Hand out units to a participant under treatment."""
    participant = context.known(command.participant)
    reasons = _supply_reasons(context, participant, command.intervention)
    if not 1 <= command.units <= 1000:
        reasons.append(_count_reason("units", command.units))
    off = participant.off_treatment_on
    if off is not None and context.today(participant.site) >= off:
        reasons.append(reason("off-treatment", day=off))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant, e.SupplyDispensed(intervention=command.intervention, units=command.units)
    )


def return_supply(command: c.ReturnSupply, context: Context) -> Decided:
    """Take back units, no more than are out."""
    participant = context.known(command.participant)
    reasons = _supply_reasons(context, participant, command.intervention)
    balance = participant.supply.get(command.intervention, SupplyBalance())
    out = balance.dispensed - balance.returned_unused - balance.returned_used
    if min(command.unused, command.used) < 0 or not 1 <= command.unused + command.used <= out:
        reasons.append(_count_reason("unused", command.unused + command.used))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.SupplyReturned(
            intervention=command.intervention, unused=command.unused, used=command.used
        ),
    )


# -- leaving --------------------------------------------------------------------------------------

_ORDER = ("treatment", "follow_up", "data_use")


def withdraw(command: c.Withdraw, context: Context) -> Decided:
    """Leave treatment, follow-up, or the use of data; each further step only goes further."""
    participant = context.known(command.participant)
    if command.scope == "data_use":
        reasons = on_record(participant)
        if participant.consent is None:
            reasons += [reason("no-consent", participant=participant.id)]
    else:
        reasons = in_trial(participant)
    reached = max((_ORDER.index(w.scope) for w in participant.withdrawals), default=-1)
    if _ORDER.index(command.scope) <= reached:
        reasons.append(
            reason("already-withdrawn", "scope", participant=participant.id, left=_ORDER[reached])
        )
    if participant.completed_on is not None and command.scope != "data_use":
        reasons.append(_completed(participant))
    if command.on > context.today(participant.site):
        reasons.append(_future("on", str(command.on)))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.ParticipantWithdrawn(
            scope=command.scope,
            category=command.category,
            on=str(command.on),
            reason=command.reason,
        ),
    )


def _completed(participant: ParticipantState) -> Reason:
    return reason("already-completed", participant=participant.id, day=participant.completed_on)


def transfer(command: c.TransferParticipant, context: Context) -> Decided:
    """Another site takes over; number and strata stay as they are."""
    participant = context.known(command.participant)
    reasons = on_record(participant) + _text_needed(command.reason, "reason", "conduct.transfer")
    if command.to_site not in context.protocol.site_by_id:
        reasons.append(
            reason(
                "unknown-site",
                "to_site",
                site=command.to_site,
                sites=", ".join(context.protocol.site_by_id),
            )
        )
    elif command.to_site == participant.site:
        reasons.append(reason("same-site", "to_site", participant=participant.id))
    elif context.site_state(command.to_site).opened_on is None:
        reasons.append(reason("site-never-opened", "to_site", site=command.to_site))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.ParticipantTransferred(
            from_site=participant.site, to_site=command.to_site, reason=command.reason
        ),
    )


def complete(command: c.CompleteParticipant, context: Context) -> Decided:
    """The end of the study for one participant."""
    participant = context.known(command.participant)
    reasons = in_trial(participant)
    if participant.off_study_on is not None:
        reasons.append(reason("left-study", day=participant.off_study_on))
    if participant.completed_on is not None:
        reasons.append(_completed(participant))
    if command.on > context.today(participant.site):
        reasons.append(_future("on", str(command.on)))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(participant, e.ParticipantCompleted(on=str(command.on)))

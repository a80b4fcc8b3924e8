"""Queries, deviations, supply, and leaving the trial."""

from __future__ import annotations

from .. import commands as c
from .. import events as e
from ..refusal import Reason, Refused, refuse
from ..state import ParticipantState, SupplyBalance
from .context import Context, Decided, in_trial, on_record


def _text_needed(text: str, field: str, rule: str) -> list[Reason]:
    if text.strip():
        return []
    return [
        refuse(
            "no-text",
            "the text is empty",
            "文字为空",
            rule,
            "write it",
            "请填写",
            field,
        )  # fmt: skip
    ]


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
            refuse(
                "nothing-to-query",
                f"nothing stands at {command.address} {command.item}",
                f"{command.address} {command.item} 没有内容",
                "conduct.queries",
                "ask about a saved form and one of its items",
                "请针对已保存的表单及其项目提出",
                "address",
            )
        )
    if reasons:
        raise Refused(reasons)
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
    return [
        refuse(
            "query-not-open",
            f"query {number} of {participant.id} is not open",
            f"{participant.id} 的第 {number} 号质疑未处于打开状态",
            "conduct.queries",
            "see the list of queries",
            "请查看质疑列表",
            "query",
        )
    ]


def answer_query(command: c.AnswerQuery, context: Context) -> Decided:
    """The site's answer to an open query."""
    participant = context.known(command.participant)
    reasons = _query_reasons(participant, command.query, ("open", "answered"))
    reasons += _text_needed(command.text, "text", "conduct.queries")
    if reasons:
        raise Refused(reasons)
    return Decided().on_participant(
        participant, e.QueryAnswered(query=command.query, text=command.text)
    )


def close_query(command: c.CloseQuery, context: Context) -> Decided:
    """Settle a query."""
    participant = context.known(command.participant)
    reasons = _query_reasons(participant, command.query, ("open", "answered"))
    if reasons:
        raise Refused(reasons)
    return Decided().on_participant(
        participant, e.QueryClosed(query=command.query, automatic=False, text=command.text)
    )


def log_deviation(command: c.LogDeviation, context: Context) -> Decided:
    """Log a departure from the protocol."""
    participant = context.known(command.participant)
    reasons = on_record(participant) + _text_needed(command.text, "text", "conduct.deviations")
    if command.occurred_on > context.today(participant.site):
        reasons.append(_future("occurred_on", str(command.occurred_on)))
    if reasons:
        raise Refused(reasons)
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
    return refuse(
        "date-in-future", f"{day} is still to come", f"{day} 尚未到来",
        "conduct.dates", "give a day up to today", "请填写不晚于今天的日期", field,
    )  # fmt: skip


# -- supply ---------------------------------------------------------------------------------------


def _supply_reasons(
    context: Context, participant: ParticipantState, intervention: str
) -> list[Reason]:
    reasons = in_trial(participant)
    arm = context.protocol.arm_by_id.get(participant.arm or "")
    supplied = {supply.intervention for supply in context.protocol.supply}
    if arm is None or intervention not in arm.interventions or intervention not in supplied:
        reasons.append(
            refuse(
                "not-assigned",
                f"{intervention!r} is not supplied to this participant",
                f"该受试者不发放 {intervention!r}",
                "supply",
                "check the participant and the product",
                "请核对受试者和产品",
                "intervention",
            )
        )
    return reasons


def _count_reason(field: str, count: int) -> Reason:
    return refuse(
        "impossible-count", f"{count} units", f"{count} 支", "supply",
        "give a whole number of units that were there", "请填写实际存在的整数数量", field,
    )  # fmt: skip


def dispense_supply(command: c.DispenseSupply, context: Context) -> Decided:
    """Hand out units to a participant under treatment."""
    participant = context.known(command.participant)
    reasons = _supply_reasons(context, participant, command.intervention)
    if not 1 <= command.units <= 1000:
        reasons.append(_count_reason("units", command.units))
    off = participant.off_treatment_on
    if off is not None and context.today(participant.site) >= off:
        reasons.append(
            refuse(
                "off-treatment",
                f"treatment was left on {off}",
                f"已于 {off} 停止治疗",
                "conduct.withdrawal",
                "nothing more is dispensed",
                "不再发放",
            )  # fmt: skip
        )
    if reasons:
        raise Refused(reasons)
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
        raise Refused(reasons)
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
            reasons += [
                refuse(
                    "no-consent",
                    "no consent was given",
                    "未曾签署知情同意",
                    "conduct.consent",
                    "there are no data to withdraw",
                    "没有可撤回的数据",
                )  # fmt: skip
            ]
    else:
        reasons = in_trial(participant)
    reached = max((_ORDER.index(w.scope) for w in participant.withdrawals), default=-1)
    if _ORDER.index(command.scope) <= reached:
        reasons.append(
            refuse(
                "already-withdrawn",
                f"{participant.id} has already left {_ORDER[reached]}",
                f"{participant.id} 已退出（{_ORDER[reached]}）",
                "conduct.withdrawal",
                "nothing to do",
                "无需操作",
                "scope",
            )
        )
    if participant.completed_on is not None and command.scope != "data_use":
        reasons.append(_completed(participant))
    if command.on > context.today(participant.site):
        reasons.append(_future("on", str(command.on)))
    if reasons:
        raise Refused(reasons)
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
    return refuse(
        "already-completed",
        f"{participant.id} completed the study on {participant.completed_on}",
        f"{participant.id} 已于 {participant.completed_on} 完成研究",
        "conduct.completion",
        "nothing to do",
        "无需操作",
    )


def transfer(command: c.TransferParticipant, context: Context) -> Decided:
    """Another site takes over; number and strata stay as they are."""
    participant = context.known(command.participant)
    reasons = on_record(participant) + _text_needed(command.reason, "reason", "conduct.transfer")
    if command.to_site not in context.protocol.site_by_id:
        reasons.append(
            refuse(
                "unknown-site",
                f"the protocol has no site {command.to_site!r}",
                f"方案中没有中心 {command.to_site!r}",
                "identity.sites",
                "name a site of the protocol",
                "请填写方案中的中心",
                "to_site",
            )  # fmt: skip
        )
    elif command.to_site == participant.site:
        reasons.append(
            refuse(
                "same-site",
                f"{participant.id} is at that site",
                f"{participant.id} 已在该中心",
                "conduct.transfer",
                "nothing to do",
                "无需操作",
                "to_site",
            )  # fmt: skip
        )
    elif context.site_state(command.to_site).opened_on is None:
        reasons.append(
            refuse(
                "site-not-open",
                f"site {command.to_site} was never opened",
                f"中心 {command.to_site} 从未开放",
                "conduct.sites",
                "open the site first",
                "请先开放该中心",
                "to_site",
            )  # fmt: skip
        )
    if reasons:
        raise Refused(reasons)
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
        reasons.append(
            refuse(
                "off-study",
                f"left the study on {participant.off_study_on}",
                f"已于 {participant.off_study_on} 退出研究",
                "conduct.completion",
                "a withdrawn participant does not complete",
                "已退出者不能登记为完成",
            )  # fmt: skip
        )
    if participant.completed_on is not None:
        reasons.append(_completed(participant))
    if command.on > context.today(participant.site):
        reasons.append(_future("on", str(command.on)))
    if reasons:
        raise Refused(reasons)
    return Decided().on_participant(participant, e.ParticipantCompleted(on=str(command.on)))

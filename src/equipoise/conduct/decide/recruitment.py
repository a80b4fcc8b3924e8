"""Halting recruitment and starting it again, and what stops recruitment at a site meanwhile."""

from __future__ import annotations

from datetime import date

from equipoise.quantity.text import Text

from .. import commands as c
from .. import events as e
from ..oversight import approval_until
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..state import Halt
from .administration import known_site, own_site, recruitment_closed
from .context import Context, Decided

AUTHORITIES = {
    "sponsor": Text({"en": "the sponsor", "zh-Hans": "申办方"}),
    "dsmb": Text({"en": "the monitoring board (DSMB)", "zh-Hans": "数据与安全监查委员会（DSMB）"}),
    "ethics_committee": Text({"en": "the ethics committee", "zh-Hans": "伦理委员会"}),
    "regulator": Text({"en": "the regulator", "zh-Hans": "监管机构"}),
    "investigator": Text({"en": "the investigator", "zh-Hans": "研究者"}),
}
"""Who may order a halt and authorize the restart, by code."""


def place_of(site: str) -> Text:
    """Where a halt holds, for a message."""
    if site:
        return Text({"en": f"at site {site}", "zh-Hans": f"中心 {site} 的"})
    return Text({"en": "in the whole trial", "zh-Hans": "整个试验的"})


def recruitment_stopped(context: Context, site: str) -> list[Reason]:
    """Why nobody may be taken into the trial at a site for the time being; who is enrolled goes on."""
    reasons = [halted(one) for one in context.trial.oversight.standing_halts(site)]
    return reasons + _lapsed(context, site, context.today(site))


def _lapsed(context: Context, site: str, day: date) -> list[Reason]:
    """The end of the ethics committee's approval, where it lies before a day."""
    until = approval_until(context.protocol, context.trial, site)
    if until is None or day <= until:
        return []
    return [reason("ethics-approval-lapsed", site=site, day=until)]


def halted(halt: Halt) -> Reason:
    """A halt as a reason for refusal."""
    return reason(
        "recruitment-halted",
        place=place_of(halt.site),
        day=halt.ordered_on,
        who=AUTHORITIES[halt.ordered_by],
        number=halt.number,
    )


def consent_stopped(context: Context, site: str, signed_on: date) -> list[Reason]:
    """Why consent signed on a day is not taken: a signature from before is a fact, and recorded."""
    halts = context.trial.oversight.standing_halts(site)
    reasons = [halted(one) for one in halts if signed_on >= one.ordered_on]
    return reasons + _lapsed(context, site, signed_on)


def halt_recruitment(command: c.HaltRecruitment, context: Context) -> Decided:
    """Recruitment stops at a site or everywhere, until every halt of it is lifted."""
    site = command.site
    reasons = known_site(site, context) if site else []
    reasons = reasons or own_site(site, context)
    if reasons:
        raise RefusedError(reasons)
    if not context.trial.recruitment_open:
        reasons.append(recruitment_closed())
    elif site and not context.site_state(site).open:
        reasons.append(reason("not-open", site=site))
    if command.ordered_by not in AUTHORITIES:
        reasons.append(_unknown_authority("ordered_by", command.ordered_by))
    elif any(
        one.restart is None and (one.site, one.ordered_by) == (site, command.ordered_by)
        for one in context.trial.oversight.halts
    ):
        who = AUTHORITIES[command.ordered_by]
        reasons.append(reason("already-halted", "ordered_by", place=place_of(site), who=who))
    if command.ordered_on > context.today(site):
        reasons.append(reason("date-in-future", "ordered_on", day=command.ordered_on))
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    happening = e.RecruitmentHalted(
        halt=len(context.trial.oversight.halts) + 1,
        ordered_by=command.ordered_by,
        ordered_on=str(command.ordered_on),
        reason=command.reason,
    )
    return Decided().at(site, happening)


def restart_recruitment(command: c.RestartRecruitment, context: Context) -> Decided:
    """One halt is lifted, by the authority that had ordered it."""
    halt = next(
        (
            one
            for one in context.trial.oversight.halts
            if one.number == command.halt and one.restart is None
        ),
        None,
    )
    if halt is None or own_site(halt.site, context):
        raise RefusedError([reason("no-such-halt", "halt", number=command.halt)])
    reasons = []
    if command.authorized_by not in AUTHORITIES:
        reasons.append(_unknown_authority("authorized_by", command.authorized_by))
    elif command.authorized_by != halt.ordered_by:
        who = AUTHORITIES[halt.ordered_by]
        reasons.append(reason("restart-not-authorized", "authorized_by", who=who))
    if not command.reference.strip():
        reasons.append(reason("no-authorization", "reference"))
    if command.authorized_on > context.today(halt.site):
        reasons.append(reason("date-in-future", "authorized_on", day=command.authorized_on))
    elif command.authorized_on < halt.ordered_on:
        reasons.append(
            reason(
                "authorized-before-halt",
                "authorized_on",
                day=command.authorized_on,
                since=halt.ordered_on,
            )
        )
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    happening = e.RecruitmentRestarted(
        halt=halt.number,
        authorized_by=command.authorized_by,
        authorized_on=str(command.authorized_on),
        reference=command.reference.strip(),
        reason=command.reason,
    )
    return Decided().at(halt.site, happening)


def _unknown_authority(field: str, given: str) -> Reason:
    return reason("unknown-authority", field, given=given, known=", ".join(AUTHORITIES))

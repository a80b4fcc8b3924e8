"""Decisions about monitoring visits, their reports and actions, and about deviations."""

from __future__ import annotations

from typing import get_args

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import Reason, RefusedError
from ..state import MonitoringVisit
from ..visiting import report_hash, visit_facts
from .administration import known_site, own_site
from .context import Context, Decided, on_record, zone_of

SIGNING = "I made this visit, and this report says what I found"
ACKNOWLEDGING = "I have read this report and see to the actions of my site"


def plan_monitoring_visit(command: c.PlanMonitoringVisit, context: Context) -> Decided:
    """A visit is planned; one that took place already is logged the same way, and then reported."""
    reasons = known_site(command.site, context) or own_site(command.site, context)
    if command.kind not in get_args(e.VisitKind):
        kinds = ", ".join(get_args(e.VisitKind))
        reasons.append(reason("unknown-visit-kind", "kind", given=command.kind, known=kinds))
    if reasons:
        raise RefusedError(reasons)
    planned = e.MonitoringVisitPlanned(
        visit=len(context.trial.oversight.visits) + 1,
        kind=command.kind,
        planned_on=str(command.planned_on),
    )
    return Decided(answer={"visit": planned.visit}).on_site(command.site, planned)


def _visit(site: str, number: int, context: Context) -> MonitoringVisit:
    """The visit of that number to the site, or a refusal in the same words wherever it is not to be seen."""
    visits = context.trial.oversight.visits
    found = next((one for one in visits if (one.number, one.site) == (number, site)), None)
    if found is None or own_site(site, context):
        raise RefusedError([reason("no-such-visit", "visit", number=number)])
    return found


def _in_preparation(visit: MonitoringVisit) -> list[Reason]:
    if visit.cancelled:
        return [reason("visit-cancelled", number=visit.number)]
    if visit.report is not None:
        return [
            reason(
                "report-signed",
                number=visit.number,
                who=visit.report.signed_by,
                day=visit.report.signed_at[:10],
            )
        ]
    return []


def _said(text: str, field: str) -> list[Reason]:
    return [] if text.strip() else [reason("nothing-said", field)]


def cancel_monitoring_visit(command: c.CancelMonitoringVisit, context: Context) -> Decided:
    """A planned visit will not take place."""
    visit = _visit(command.site, command.visit, context)
    reasons = _in_preparation(visit)
    if visit.findings and not reasons:
        reasons.append(reason("visit-has-findings", number=visit.number))
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(
        visit.site, e.MonitoringVisitCancelled(visit=visit.number, reason=command.reason)
    )


def record_finding(command: c.RecordFinding, context: Context) -> Decided:
    """A finding with an action for somebody who has a role at the site, or for everywhere."""
    visit = _visit(command.site, command.visit, context)
    reasons = _in_preparation(visit)
    reasons += _said(command.text, "text") + _said(command.action, "action")
    if not any(
        person == command.owner and at in ("", visit.site)
        for person, _role, at in context.trial.grants
    ):
        reasons.append(reason("person-without-role", "owner", person=command.owner))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(
        visit.site,
        e.FindingRecorded(
            visit=visit.number,
            finding=len(visit.findings) + 1,
            owner=command.owner,
            due=str(command.due),
            important=command.important,
            text=command.text,
            action=command.action,
        ),
    )


def resolve_finding(command: c.ResolveFinding, context: Context) -> Decided:
    """The action is done, and what was done is said."""
    visit = _visit(command.site, command.visit, context)
    if all(one.number != command.finding for one in visit.open_findings):
        raise RefusedError([reason("finding-not-open", "finding", number=command.finding)])
    reasons = _said(command.text, "text")
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_site(
        visit.site,
        e.FindingResolved(visit=visit.number, finding=command.finding, text=command.text),
    )


def sign_monitoring_report(command: c.SignMonitoringReport, context: Context) -> Decided:
    """The report with what the ledger holds, in one signature; nothing of the report changes afterwards."""
    visit = _visit(command.site, command.visit, context)
    reasons = _in_preparation(visit)
    if command.ended_on > context.today(visit.site):
        reasons.append(reason("date-in-future", "ended_on", day=command.ended_on))
    if command.ended_on < command.began_on:
        reasons.append(
            reason("visit-ends-early", "ended_on", day=command.ended_on, since=command.began_on)
        )
    for field in ("attendees", "reviewed", "conclusion"):
        reasons += _said(getattr(command, field), field)
    for number in command.consents_checked:
        person = context.participant(number)
        if person is None or person.site != visit.site or person.consent is None:
            reasons.append(reason("no-consent-here", "consents_checked", participant=number))
    if reasons:
        raise RefusedError(reasons)
    role = next((one for one in context.protocol.roles if one.role == context.actor.role), None)
    facts = visit_facts(
        context.protocol,
        context.people(visit.site),
        command.began_on,
        command.ended_on,
        zone_of(context.protocol, visit.site),
        role,
    )
    said = {
        "visit": visit.number,
        "began_on": str(command.began_on),
        "ended_on": str(command.ended_on),
        "consents_checked": tuple(sorted(set(command.consents_checked))),
        "facts": facts,
        "attendees": command.attendees,
        "reviewed": command.reviewed,
        "conclusion": command.conclusion,
    }
    digest = report_hash({**said, "site": visit.site, "kind": visit.kind}, visit.findings)
    return Decided().on_site(
        visit.site,
        e.MonitoringReportSigned(**said, content_hash=digest, meaning=SIGNING),  # type: ignore[arg-type]
    )


def acknowledge_monitoring_report(
    command: c.AcknowledgeMonitoringReport, context: Context
) -> Decided:
    """The investigator of the site has read it."""
    visit = _visit(command.site, command.visit, context)
    if visit.report is None:
        raise RefusedError([reason("report-not-signed", number=visit.number)])
    if visit.report.acknowledged_at:
        raise RefusedError([reason("already-signed", who=visit.report.acknowledged_by)])
    return Decided().on_site(
        visit.site,
        e.MonitoringReportAcknowledged(
            visit=visit.number,
            content_hash=visit.report.content_hash,
            meaning=ACKNOWLEDGING,
            comment=command.comment,
        ),
    )


def assess_deviation(command: c.AssessDeviation, context: Context) -> Decided:
    """A deviation is important or not, and why; a later assessment replaces an earlier one, which stays on record."""
    participant = context.known(command.participant)
    reasons = on_record(participant)
    if not 1 <= command.deviation <= len(participant.deviations):
        reasons.append(
            reason(
                "no-such-deviation",
                "deviation",
                number=command.deviation,
                participant=participant.id,
            )
        )
    elif participant.deviations[command.deviation - 1].important is command.important:
        reasons.append(reason("already-assessed", "important"))
    if not command.reason.strip():
        reasons.append(reason("no-reason", "reason"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_participant(
        participant,
        e.DeviationAssessed(
            deviation=command.deviation, important=command.important, reason=command.reason
        ),
    )

"""Monitoring visits: planning them, what they found, the signed report, and the actions."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct import commands as c
from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.decide.monitoring import ACKNOWLEDGING, SIGNING
from equipoise.conduct.state import MonitoringVisit
from equipoise.conduct.visiting import visit_facts
from equipoise.web.access import may_open
from equipoise.web.flows.sheet import Field, Sheet, Typed, serve_sheet
from equipoise.web.labels import (
    MONITORING_VISIT_LABELS,
    VISIT_STATUS_LABELS,
    choices_of,
    said,
    site_label,
)
from equipoise.web.models import ParticipantRow
from equipoise.web.pages.monitoring import covered_sites
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment

FACT_LABELS = {
    "screened": noop("Screened"),
    "consented": noop("Consented"),
    "randomized": noop("Randomized"),
    "consents_outdated": noop("Consented to an older version than the one in force"),
    "values_verified": noop("Values verified against the source during the visit"),
    "forms_verified": noop("Forms with values verified during the visit"),
    "queries_raised": noop("Queries raised during the visit"),
    "queries_open": noop("Queries not closed"),
    "deviations": noop("Deviations"),
    "deviations_logged": noop("Deviations logged during the visit"),
    "deviations_important": noop("Deviations assessed as important"),
    "deviations_unassessed": noop("Deviations not assessed"),
    "serious_events": noop("Serious adverse events"),
}
_UNIT_LABELS = {
    "dispensed": noop("%(product)s: units handed out"),
    "returned_unused": noop("%(product)s: unused units brought back"),
    "returned_used": noop("%(product)s: used units brought back"),
}
_TONES = {"planned": "plain", "cancelled": "plain", "signed": "warn", "acknowledged": "good"}
MAX_CONSENTS = 200
"""Participants offered at most as those whose consent forms were seen."""


def _visit_of(request: TrialRequest, number: int) -> MonitoringVisit:
    visits = request.trial.state.oversight.visits
    found = next((one for one in visits if one.number == number), None)
    if found is None or found.site not in covered_sites(request):
        raise Http404
    return found


def _title(request: TrialRequest, visit: MonitoringVisit) -> str:
    return _("Visit %(n)s: %(kind)s, %(place)s") % {
        "n": visit.number,
        "kind": said(MONITORING_VISIT_LABELS, visit.kind),
        "place": site_label(request.protocol, visit.site, request.language),
    }


def _here(visit: MonitoringVisit) -> str:
    return reverse("monitoring_visit", args=[visit.number])


def fact_words(request: TrialRequest, name: str) -> str:
    """A count of a report in words."""
    if name in FACT_LABELS:
        return _(FACT_LABELS[name])
    _supply, intervention, what = name.split(".")
    known = request.protocol.intervention_by_id.get(intervention)
    product = known.name.in_language(request.language) if known else intervention
    return _(_UNIT_LABELS[what]) % {"product": product}


def monitoring_visits(request: TrialRequest) -> HttpResponseBase:
    """All visits, the newest first, and the actions that are open."""
    sites, today = covered_sites(request), request.today()
    visits = [one for one in request.trial.state.oversight.visits if one.site in sites]
    status = request.GET.get("status", "")
    if status not in VISIT_STATUS_LABELS:
        status = ""
    rows = [
        {
            "visit": one,
            "title": _title(request, one),
            "words": said(VISIT_STATUS_LABELS, one.status),
            "tone": _TONES[one.status],
            "open": len(one.open_findings),
        }
        for one in reversed(visits)
        if status in ("", one.status)
    ]
    actions = sorted(
        (
            (one.due, visit.number, one, one.due < today)
            for visit in visits
            for one in visit.open_findings
        ),
        key=lambda each: (each[0], each[1], each[2].number),
    )
    context = {
        "rows": rows,
        "actions": actions,
        "late": sum(each[3] for each in actions),
        "statuses": choices_of(VISIT_STATUS_LABELS),
        "status": status,
        "may_plan": may_open("plan_visit", request.someone.role, "POST"),
    }
    return render(request, "monitoring_visits.html", context)


def plan_visit(request: TrialRequest) -> HttpResponseBase:
    """A visit to come, or one that took place and is to be reported."""
    return serve_sheet(
        request,
        Sheet(
            title=_("Plan a monitoring visit"),
            fields=[
                Field(
                    "site", _("Site"), "code",
                    choices=[
                        (one, site_label(request.protocol, one, request.language))
                        for one in covered_sites(request)
                    ],
                ),
                Field("kind", _("Kind"), "code", choices=choices_of(MONITORING_VISIT_LABELS)),
                Field("planned_on", _("Planned for"), "date"),
            ],
            submit=_("Plan it"),
            command=lambda typed: c.PlanMonitoringVisit(
                site=typed["site"], kind=typed["kind"], planned_on=typed["planned_on"]
            ),
            then=lambda done: (
                reverse("monitoring_visit", args=[done.happenings[0].visit]),
                _("The visit is planned."),
            ),
            back=reverse("monitoring_visits"),
        ),
    )  # fmt: skip


def monitoring_visit(request: TrialRequest, number: int) -> HttpResponseBase:
    """One visit with everything that is known of it."""
    visit, role = _visit_of(request, number), request.someone.role
    report, today = visit.report, request.today()
    context = {
        "visit": visit,
        "title": _title(request, visit),
        "words": said(VISIT_STATUS_LABELS, visit.status),
        "tone": _TONES[visit.status],
        "findings": [
            (one, moment(one.resolved_at), not one.resolved_at and one.due < today)
            for one in visit.findings
        ],
        "report": report,
        "facts": [(fact_words(request, name), n) for name, n in report.facts.items()]
        if report
        else [],
        "signed_at": moment(report.signed_at) if report else "",
        "acknowledged_at": moment(report.acknowledged_at) if report else "",
        "prepares": visit.status == "planned" and may_open("sign_visit", role, "POST"),
        "acknowledges": visit.status == "signed" and may_open("acknowledge_visit", role, "POST"),
        "resolves": may_open("resolve_finding", role, "POST"),
    }
    return render(request, "monitoring_visit.html", context)


def record_finding(request: TrialRequest, number: int) -> HttpResponseBase:
    """What was found, and who does what about it until when."""
    visit = _visit_of(request, number)
    persons = sorted(
        {person for person, _role, at in request.trial.state.grants if at in ("", visit.site)}
    )
    open_ = visit.status == "planned"
    return serve_sheet(
        request,
        Sheet(
            title=_("Record a finding"),
            lead="" if open_ else _("The report of this visit takes no more findings."),
            facts=[(_("Visit"), _title(request, visit))],
            fields=[
                Field("text", _("What was found"), "longtext"),
                Field(
                    "important", _("How much does it matter?"), "code",
                    choices=[("yes", _("Important")), ("no", _("Minor"))],
                ),
                Field("action", _("What is to be done"), "longtext"),
                Field(
                    "owner", _("By whom?"), "code", choices=[(one, one) for one in persons], long=True
                ),
                Field("due", _("Until"), "date"),
            ]
            if open_
            else [],
            submit=_("Record") if open_ else "",
            command=lambda typed: c.RecordFinding(
                site=visit.site,
                visit=number,
                text=typed["text"],
                action=typed["action"],
                owner=typed["owner"],
                due=typed["due"],
                important=typed["important"] == "yes",
            ),
            then=lambda done: (_here(visit), _("The finding is recorded.")),
            back=_here(visit),
        ),
    )  # fmt: skip


def sign_visit(request: TrialRequest, number: int) -> HttpResponseBase:
    """The report, with what the ledger holds of the site already counted."""
    visit = _visit_of(request, number)
    open_ = visit.status == "planned"
    facts = [(_("Findings"), str(len(visit.findings))), (_("You sign"), SIGNING)]
    if open_:
        rows = list(ParticipantRow.objects.filter(site=visit.site).order_by("id"))
        numbers = [row.id for row in rows if row.consented_on][:MAX_CONSENTS]
        facts += _counted(request, visit, [row.id for row in rows])
    else:
        numbers = []
    today = str(request.today())

    def command(typed: Typed) -> c.SignMonitoringReport:
        return c.SignMonitoringReport(
            site=visit.site,
            visit=number,
            began_on=typed["began_on"],
            ended_on=typed["ended_on"],
            attendees=typed["attendees"],
            reviewed=typed["reviewed"],
            conclusion=typed["conclusion"],
            consents_checked=tuple(typed["consents_checked"]),
        )

    fields = [
        Field("began_on", _("First day of the visit"), "date", value=str(visit.planned_on)),
        Field("ended_on", _("Last day of the visit"), "date", value=today),
        Field("attendees", _("Who took part"), "longtext"),
        Field("reviewed", _("What was reviewed"), "longtext"),
        Field(
            "consents_checked", _("Whose signed consent forms were seen"), "many", value=(),
            choices=[(one, one) for one in numbers], required=False,
        ),
        Field("conclusion", _("Conclusion"), "longtext"),
    ]  # fmt: skip
    return serve_sheet(
        request,
        Sheet(
            title=_("Sign the monitoring report"),
            lead=_(
                "The counts are taken from the ledger again when you sign, for the days you give."
            )
            if open_
            else _("This visit's report is signed, or the visit was cancelled."),
            facts=[(_("Visit"), _title(request, visit)), *facts],
            fields=fields if open_ else [],
            submit=_("Sign the report") if open_ else "",
            command=command,
            then=lambda done: (_here(visit), _("The report is signed.")),
            back=_here(visit),
            signed=open_,
        ),
    )


def _counted(
    request: TrialRequest, visit: MonitoringVisit, numbers: Sequence[str]
) -> list[tuple[str, str]]:
    """What the report would count now, from the planned day to today."""
    trial = request.trial
    role = next((one for one in request.protocol.roles if one.role == request.someone.role), None)
    people = (state for number in numbers if (state := trial.participant(number)) is not None)
    today = trial.today(visit.site)
    facts = visit_facts(
        request.protocol,
        people,
        min(visit.planned_on, today),
        today,
        zone_of(request.protocol, visit.site),
        role,
    )
    return [(fact_words(request, name), str(n)) for name, n in facts.items()]


def acknowledge_visit(request: TrialRequest, number: int) -> HttpResponseBase:
    """The investigator has read the report."""
    visit = _visit_of(request, number)
    open_ = visit.status == "signed"
    report = visit.report
    return serve_sheet(
        request,
        Sheet(
            title=_("Acknowledge the monitoring report"),
            lead="" if open_ else _("There is no signed report that waits for this."),
            facts=[
                (_("Visit"), _title(request, visit)),
                *([(_("Conclusion"), report.conclusion)] if report else []),
                (_("Findings"), str(len(visit.findings))),
                (_("You sign"), ACKNOWLEDGING),
            ],
            fields=[Field("comment", _("Comment"), "longtext", required=False)] if open_ else [],
            submit=_("Acknowledge") if open_ else "",
            command=lambda typed: c.AcknowledgeMonitoringReport(
                site=visit.site, visit=number, comment=typed["comment"] or ""
            ),
            then=lambda done: (_here(visit), _("The report is acknowledged.")),
            back=_here(visit),
            signed=open_,
        ),
    )


def resolve_finding(request: TrialRequest, number: int, finding: int) -> HttpResponseBase:
    """What was done about a finding."""
    visit = _visit_of(request, number)
    found = next((one for one in visit.findings if one.number == finding), None)
    if found is None:
        raise Http404
    open_ = found in visit.open_findings
    return serve_sheet(
        request,
        Sheet(
            title=_("Finding %(n)s") % {"n": f"{number}/{finding}"},
            facts=[
                (_("Visit"), _title(request, visit)),
                (_("What was found"), found.text),
                (_("What is to be done"), found.action),
                (_("By whom?"), f"{found.owner}, {found.due}"),
                *([(_("What was done"), found.resolved)] if found.resolved else []),
            ],
            fields=[Field("text", _("What was done"), "longtext")] if open_ else [],
            submit=_("It is done") if open_ else "",
            command=lambda typed: c.ResolveFinding(
                site=visit.site, visit=number, finding=finding, text=typed["text"]
            ),
            then=lambda done: (_here(visit), _("The action is done.")),
            back=_here(visit),
        ),
    )


def cancel_visit(request: TrialRequest, number: int) -> HttpResponseBase:
    """A planned visit will not take place."""
    visit = _visit_of(request, number)
    open_ = visit.status == "planned"
    return serve_sheet(
        request,
        Sheet(
            title=_("Cancel the visit"),
            facts=[(_("Visit"), _title(request, visit))],
            fields=[Field("reason", _("Reason"), "longtext")] if open_ else [],
            submit=_("Cancel the visit") if open_ else "",
            command=lambda typed: c.CancelMonitoringVisit(
                site=visit.site, visit=number, reason=typed["reason"]
            ),
            then=lambda done: (_here(visit), _("The visit is cancelled.")),
            back=_here(visit),
        ),
    )


__all__ = [
    "acknowledge_visit", "cancel_visit", "monitoring_visit", "monitoring_visits", "plan_visit",
    "record_finding", "resolve_finding", "sign_visit",
]  # fmt: skip

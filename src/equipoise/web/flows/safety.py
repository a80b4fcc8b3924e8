"""Adverse events: the first report, what is learned later, and reports sent in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.coding import event_key
from equipoise.conduct.sealed import GONE
from equipoise.conduct.state import AdverseEvent
from equipoise.web.access import may_open
from equipoise.web.labels import (
    ACTION_LABELS,
    CAUSALITY_LABELS,
    OUTCOME_LABELS,
    SERIOUSNESS_LABELS,
    choices_of,
    said,
)
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment, text_said

from .coded import coded_fact
from .fields import kept_gone
from .sheet import Field, Sheet, Typed, serve_sheet

OTHER = "other"
CAUSALITY = "causality-"


def term_words(request: TrialRequest, event: AdverseEvent) -> str:
    """The event's term in the page's language, or the words it was described with."""
    for term in request.protocol.safety.terms:
        if term.id == event.term:
            return term.term.in_language(request.language)
    return text_said(event.verbatim) or event.term


def _given_interventions(request: TrialRequest) -> list[tuple[str, str]]:
    protocol = request.protocol
    return [
        (one.id, one.name.in_language(request.language))
        for one in protocol.interventions
        if one.regimen is not None
    ] or [(one.id, one.name.in_language(request.language)) for one in protocol.interventions]


def _grades() -> list[tuple[str, str]]:
    return [
        ("1", _("1 mild")),
        ("2", _("2 moderate")),
        ("3", _("3 severe")),
        ("4", _("4 life-threatening")),
        ("5", _("5 death")),
    ]


def _knowledge_fields(
    request: TrialRequest, event: AdverseEvent | None, serious_hint: str
) -> list[Field]:
    """Fields that both the first report and an update have; prefilled from what is known."""
    safety = request.protocol.safety
    narrative = event.narrative if event else ""
    gone = narrative in GONE
    causality = [
        Field(
            CAUSALITY + intervention,
            _("Is it caused by %(product)s?") % {"product": name},
            "code",
            value=event.causality.get(intervention, "") if event else "",
            choices=choices_of(CAUSALITY_LABELS),
            required=False,
        )
        for intervention, name in _given_interventions(request)
    ]
    return [
        Field(
            "grade",
            _("Grade, %(scale)s") % {"scale": safety.grading},
            "code",
            value=str(event.grade) if event else "",
            choices=_grades(),
            long=True,
        ),
        Field(
            "seriousness",
            _("Serious, because of"),
            "many",
            value=event.seriousness if event else (),
            choices=choices_of(SERIOUSNESS_LABELS),
            required=False,
            hint=serious_hint,
        ),
        *causality,
        Field(
            "outcome",
            _("Outcome"),
            "code",
            value=event.outcome if event else "unknown",
            choices=choices_of(OUTCOME_LABELS),
            long=True,
        ),
        Field(
            "action",
            _("Action taken with the study treatment"),
            "code",
            value=event.action if event else "none",
            choices=choices_of(ACTION_LABELS),
            long=True,
        ),
        Field(
            "ended_on",
            _("Ended on"),
            "date",
            value=str(event.ended_on or "") if event else "",
            required=False,
            hint=_("Leave it empty while it lasts."),
        ),
        Field(
            "narrative",
            _("What happened"),
            "longtext",
            value="" if gone else narrative,
            hint=kept_gone(narrative) if gone else "",
            required=False,
        ),
    ]


def _causality(typed: Typed) -> dict[str, Any]:
    return {
        name.removeprefix(CAUSALITY): answer
        for name, answer in typed.items()
        if name.startswith(CAUSALITY) and answer
    }


def _clock_hint(request: TrialRequest) -> str:
    clocks = [
        f"{clock.label.in_language(request.language)} ({clock.hours} h)"
        for clock in request.protocol.safety.clocks
        if clock.applies_when == "serious" and clock.in_force(request.today())
    ]
    if not clocks:
        return _("Leave it empty if the event is not serious.")
    return _("Leave it empty if the event is not serious. Clocks that start now: %(clocks)s.") % {
        "clocks": "; ".join(clocks)
    }


def report_adverse_event(request: TrialRequest, participant: str) -> HttpResponseBase:
    """The first report. With a criterion of seriousness it is an SAE and its clocks start."""
    terms = [
        (term.id, term.term.in_language(request.language)) for term in request.protocol.safety.terms
    ]

    def command(typed: Typed) -> c.ReportAdverseEvent:
        term = typed["term"] or OTHER
        return c.ReportAdverseEvent(
            participant=participant,
            term=typed["verbatim"] or "" if term == OTHER else term,
            grade=int(typed["grade"]),
            started_on=typed["started_on"],
            ended_on=typed["ended_on"],
            seriousness=typed["seriousness"],
            causality=_causality(typed),
            outcome=typed["outcome"],
            action=typed["action"],
            narrative=typed["narrative"] or "",
        )

    def then(done: Any) -> tuple[str, str]:
        address = reverse("adverse_event", args=[participant, done.answer["number"]])
        if done.answer.get("clocks"):
            return address, _("The event is recorded. Its reporting clocks are running.")
        return address, _("The event is recorded.")

    fields: Sequence[Field] = [
        Field(
            "term",
            _("Event"),
            "code",
            choices=[*terms, (OTHER, _("Another event"))],
            required=False,
            long=True,
        ),
        Field(
            "verbatim",
            _("The other event, in words"),
            required=False,
            max_length=200,
            hint=_("One diagnosis, not a list of symptoms."),
        ),
        Field("started_on", _("Started on"), "date", value=str(request.today())),
        *_knowledge_fields(request, None, _clock_hint(request)),
    ]
    return serve_sheet(
        request,
        Sheet(
            title=_("Report an adverse event"),
            fields=fields,
            submit=_("Report"),
            command=command,
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )


def adverse_event(request: TrialRequest, participant: str, number: int) -> HttpResponseBase:
    """What is known, the clocks, and a form prefilled with it for what was learned since."""
    event = request.someone_studied.adverse_events.get(number)
    if event is None:
        raise Http404
    title = _("%(id)s, event %(number)s: %(term)s") % {
        "id": participant,
        "number": number,
        "term": term_words(request, event),
    }
    extra = {
        "event": event,
        "clocks": _clocks(request, event),
        "now": request.trial.clock_peek(),
        "may_report": may_open("safety_report", request.someone.role, "POST"),
        "participant": request.someone_studied,
    }
    if not may_open("adverse_event", request.someone.role, "POST"):
        return render(
            request,
            "adverse_event_read.html",
            {"title": title, "facts": _facts(request, event), **extra},
        )

    def command(typed: Typed) -> c.UpdateAdverseEvent:
        return c.UpdateAdverseEvent(
            participant=participant,
            number=number,
            grade=int(typed["grade"]),
            ended_on=typed["ended_on"],
            seriousness=typed["seriousness"],
            causality=_causality(typed),
            outcome=typed["outcome"],
            action=typed["action"],
            narrative=typed["narrative"] or "",
            reason=typed["reason"] or "",
        )

    def then(done: Any) -> tuple[str, str]:
        address = reverse("adverse_event", args=[participant, number])
        if done.answer.get("clocks"):
            return address, _("Saved. Reporting clocks have started.")
        return address, _("Saved.")

    return serve_sheet(
        request,
        Sheet(
            title=title,
            facts=_facts(request, event),
            fields=[
                *_knowledge_fields(request, event, _clock_hint(request)),
                Field(
                    "reason", _("Why it is changed"), hint=_("For instance: follow-up, lab result.")
                ),
            ],
            submit=_("Save what was learned"),
            command=command,
            then=then,
            back=reverse("participant", args=[participant]),
            template="adverse_event.html",
            extra=extra,
        ),
    )


def _facts(request: TrialRequest, event: AdverseEvent) -> list[tuple[str, str]]:
    reasons = ", ".join(said(SERIOUSNESS_LABELS, reason) for reason in event.seriousness)
    ended = str(event.ended_on) if event.ended_on else _("lasting")
    coded = coded_fact(request, request.someone_studied, event_key(event.number))
    return [
        *coded,
        (_("Grade"), f"{event.grade} ({event.scale})"),
        (_("Serious"), reasons or _("no")),
        (_("From – to"), f"{event.started_on} – {ended}"),
        (_("Outcome"), said(OUTCOME_LABELS, event.outcome)),
        (_("Reported"), f"{moment(event.reported.at)}, {event.reported.actor}"),
    ]


def _clocks(request: TrialRequest, event: AdverseEvent) -> list[dict[str, Any]]:
    rules = {clock.id: clock for clock in request.protocol.safety.clocks}
    shown = []
    for clock in event.clocks:
        rule = rules.get(clock.clock)
        shown.append(
            {
                "id": clock.clock,
                "label": rule.label.in_language(request.language) if rule else clock.clock,
                "to": rule.to.in_language(request.language) if rule else clock.to,
                "rule": rule.source.in_language(request.language) if rule and rule.source else "",
                "due_at": clock.due_at,
                "submitted_at": clock.submitted_at,
                "on_time": clock.on_time,
            }
        )
    return shown


def safety_report(
    request: TrialRequest, participant: str, number: int, clock: str
) -> HttpResponseBase:
    """A report on a serious event was sent; its clock stops."""
    event = request.someone_studied.adverse_events.get(number)
    running = next((one for one in event.clocks if one.clock == clock), None) if event else None
    if event is None or running is None:
        raise Http404
    address = reverse("adverse_event", args=[participant, number])
    return serve_sheet(
        request,
        Sheet(
            title=_("Safety report sent"),
            facts=[
                (_("Event"), term_words(request, event)),
                (_("Due"), moment(running.due_at)),
            ],
            fields=[Field("sent_to", _("Sent to"), value=running.to, max_length=300)],
            submit=_("Record that it was sent"),
            command=lambda typed: c.SubmitSafetyReport(
                participant=participant, number=number, clock=clock, sent_to=typed["sent_to"]
            ),
            then=lambda done: (address, _("The report is recorded; its clock has stopped.")),
            back=address,
        ),
    )

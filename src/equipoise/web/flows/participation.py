"""Missed visits, deviations, and leaving: withdrawal, transfer, completion."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.schedule import plan_visits
from equipoise.web.labels import CATEGORY_LABELS, SCOPE_LABELS, SEVERITY_LABELS, choices_of
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import LOGGED_DEVIATION

from .sheet import Field, Sheet, Typed, serve_sheet


def _participant_page(participant: str, words: str) -> tuple[str, str]:
    return reverse("participant", args=[participant]), words


def miss_visit(request: TrialRequest, participant: str, visit: str) -> HttpResponseBase:
    """A visit did not take place, and why."""
    planned = next(
        (
            one
            for one in plan_visits(request.protocol, request.someone_studied)
            if one.visit.id == visit
        ),
        None,
    )
    if planned is None:
        raise Http404

    def then(done: Any) -> tuple[str, str]:
        return _participant_page(participant, _("The visit is recorded as missed."))

    window = f"{planned.opens} – {planned.closes}" if planned.opens else _("not known yet")
    return serve_sheet(
        request,
        Sheet(
            title=_("Visit missed"),
            facts=[
                (_("Visit"), planned.visit.label.in_language(request.language)),
                (_("Window"), window),
            ],
            fields=[Field("reason", _("Why did the visit not take place?"), "longtext")],
            submit=_("Record as missed"),
            command=lambda typed: c.MissVisit(
                participant=participant, visit=visit, reason=typed["reason"]
            ),
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )


def deviation(request: TrialRequest, participant: str) -> HttpResponseBase:
    """A departure from the protocol that the system could not see by itself."""

    def command(typed: Typed) -> c.LogDeviation:
        return c.LogDeviation(
            participant=participant,
            kind=typed["kind"],
            severity=typed["severity"],
            text=typed["text"],
            occurred_on=typed["occurred_on"],
        )

    def then(done: Any) -> tuple[str, str]:
        return _participant_page(participant, _("The deviation is logged."))

    kinds = choices_of(LOGGED_DEVIATION)
    return serve_sheet(
        request,
        Sheet(
            title=_("Protocol deviation"),
            fields=[
                Field("kind", _("What it concerns"), "code", choices=kinds, long=True),
                Field("severity", _("Severity"), "code", choices=choices_of(SEVERITY_LABELS)),
                Field("occurred_on", _("Day"), "date", value=str(request.today())),
                Field("text", _("What happened"), "longtext"),
            ],
            submit=_("Log"),
            command=command,
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )


def withdraw(request: TrialRequest, participant: str) -> HttpResponseBase:
    """Leaving treatment (visits go on), follow-up, or the use of data."""

    def command(typed: Typed) -> c.Withdraw:
        return c.Withdraw(
            participant=participant,
            scope=typed["scope"],
            category=typed["category"],
            reason=typed["reason"] or "",
            on=typed["on"],
        )

    def then(done: Any) -> tuple[str, str]:
        return _participant_page(participant, _("The withdrawal is recorded."))

    return serve_sheet(
        request,
        Sheet(
            title=_("Withdrawal"),
            lead=_(
                "Leaving treatment is not leaving the study: visits go on unless the person says "
                "otherwise."
            ),
            fields=[
                Field(
                    "scope", _("What is left"), "code", choices=choices_of(SCOPE_LABELS), long=True
                ),
                Field(
                    "category",
                    _("Main reason"),
                    "code",
                    choices=choices_of(CATEGORY_LABELS),
                    long=True,
                ),
                Field("on", _("From which day"), "date", value=str(request.today())),
                Field("reason", _("In words"), "longtext", required=False),
            ],
            submit=_("Record the withdrawal"),
            command=command,
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )


def transfer(request: TrialRequest, participant: str) -> HttpResponseBase:
    """Another site takes over the care; the number stays."""
    here = request.someone_studied.site
    sites = [
        (site.id, site.city.in_language(request.language))
        for site in request.protocol.identity.sites
        if site.id != here
    ]

    def then(done: Any) -> tuple[str, str]:
        person = request.someone
        to_site = request.POST.get("to_site", "")
        words = _("%(id)s is now under the care of the other site.") % {"id": participant}
        # afterwards this site may not see the participant any more
        if person.covers(to_site):
            return _participant_page(participant, words)
        return reverse("participants"), words

    return serve_sheet(
        request,
        Sheet(
            title=_("Transfer to another site"),
            lead=_(
                "The number and the strata stay as they are. Afterwards only the other site sees "
                "and documents the participant."
            ),
            fields=[
                Field("to_site", _("Site that takes over"), "code", choices=sites, long=True),
                Field("reason", _("Reason"), "longtext"),
            ],
            submit=_("Transfer"),
            command=lambda typed: c.TransferParticipant(
                participant=participant, to_site=typed["to_site"], reason=typed["reason"]
            ),
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )


def complete(request: TrialRequest, participant: str) -> HttpResponseBase:
    """The end of the study for one participant."""

    def then(done: Any) -> tuple[str, str]:
        return _participant_page(participant, _("The study is completed for this participant."))

    return serve_sheet(
        request,
        Sheet(
            title=_("Study completed"),
            fields=[Field("on", _("Last day in the study"), "date", value=str(request.today()))],
            submit=_("Record completion"),
            command=lambda typed: c.CompleteParticipant(participant=participant, on=typed["on"]),
            then=then,
            back=reverse("participant", args=[participant]),
        ),
    )

"""The documented review of the audit trail: those signed so far, and signing one."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import last_trail_review
from equipoise.web.access import may_open
from equipoise.web.labels import choices_of, said, site_label
from equipoise.web.pages.audit import asked_for
from equipoise.web.pages.monitoring import covered_sites
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment, text_said

from .sheet import Field, Sheet, Typed, serve_sheet

CONCLUSIONS = {"in_order": noop("All is in order"), "findings": noop("There are findings")}
_WHOLE = "trial"


def _place(request: TrialRequest, site: str) -> str:
    return site_label(request.protocol, site, request.language) if site else _("the whole trial")


def trail_reviews(request: TrialRequest) -> HttpResponse:
    """Every review signed, the newest first."""
    sites = covered_sites(request)
    lines = [
        {
            "one": one,
            "place": _place(request, one.site),
            "conclusion": said(CONCLUSIONS, one.conclusion),
            "tone": "good" if one.conclusion == "in_order" else "warn",
            "looked_at": text_said(one.looked_at),
            "findings": text_said(one.findings),
            "at": moment(one.signed_at),
        }
        for one in reversed(request.trial.state.trail_reviews)
        if not one.site or one.site in sites
    ]
    context = {"lines": lines, "may_review": may_open("review_trail", request.someone.role, "POST")}
    return render(request, "trail_reviews.html", context)


def review_trail(request: TrialRequest) -> HttpResponseBase:
    """Say what was looked at and what was found, and sign it."""
    asked = asked_for(request)
    site = asked.said.get("site", "") or request.someone.site
    state = request.trial.state
    last = last_trail_review(state, site) if site else None
    opened = [one.opened_on for one in state.sites.values() if one.opened_on]
    begun = last.until if last else min(opened, default=request.today())
    places = [(one, _place(request, one)) for one in covered_sites(request)]
    if not request.someone.site:
        places.insert(0, (_WHOLE, _("the whole trial")))
    filtered = ", ".join(f"{name}={value}" for name, value in asked.said.items())

    def command(typed: Typed) -> c.ReviewTrail:
        return c.ReviewTrail(
            site="" if typed["site"] == _WHOLE else typed["site"],
            since=typed["since"],
            until=typed["until"],
            upto=typed["upto"],
            looked_at=typed["looked_at"],
            conclusion=typed["conclusion"],
            findings=typed["findings"] or "",
        )

    return serve_sheet(
        request,
        Sheet(
            title=_("Review of the audit trail"),
            lead=_("Your signature says that you looked at the entries named below, up to the last one there was."),
            facts=[
                (_("Last review"), f"{last.until}, {last.signed_by}" if last else _("none yet")),
                (_("Up to entry"), str(state.seq)),
            ],
            fields=[
                Field("upto", _("Up to entry"), "hidden", value=str(state.seq), low=1, high=999_999_999),
                Field("site", _("Of which site?"), "code", choices=places, value=site or _WHOLE),
                Field("since", _("From"), "date", value=str(begun)),
                Field("until", _("Until"), "date", value=str(request.today())),
                Field(
                    "looked_at", _("What was looked at"), "longtext", value=filtered,
                    hint=_("Which entries, and how they were chosen: kinds, forms, a sample of participants …"),
                ),
                Field(
                    "conclusion", _("Conclusion"), "code", choices=choices_of(CONCLUSIONS),
                ),
                Field("findings", _("Findings, and what follows from them"), "longtext", required=False),
            ],
            submit=_("Sign the review"),
            command=command,
            then=lambda done: (reverse("trail_reviews"), _("The review is signed.")),
            back=f"{reverse('trail')}?{urlencode(asked.said)}",
            signed=True,
        ),
    )  # fmt: skip

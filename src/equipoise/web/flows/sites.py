"""The sites: opening one, ending its recruitment, and ending recruitment everywhere."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import lacking_to_open
from equipoise.web.access import may_open
from equipoise.web.labels import site_label
from equipoise.web.pages.monitoring import covered_sites, recruitment_words
from equipoise.web.request import TrialRequest

from .sheet import Field, Sheet, serve_sheet

SHOWN = 12
"""Digits of a version's hash that are shown."""


def _name(request: TrialRequest, site: str) -> str:
    return f"{site} {site_label(request.protocol, site, request.language)}"


def _lacking(request: TrialRequest, site: str) -> list[str]:
    """What has to be on file before the site can open. Only a live trial asks for it."""
    state = request.trial.state
    if not state.live:
        return []
    lines = lacking_to_open(request.trial.protocol, state, site, request.trial.today(site))
    return [line.required.label.in_language(request.language) for line in lines]


def sites(request: TrialRequest) -> HttpResponseBase:
    """Each site in a line."""
    state, role = request.trial.state, request.someone.role
    rows: list[dict[str, Any]] = []
    for site in covered_sites(request):
        words, tone = recruitment_words(request, site)
        here = state.site(site)
        rows.append(
            {
                "site": site,
                "name": _name(request, site),
                "words": words,
                "tone": tone,
                "here": here,
                "version": here.version[:SHOWN],
                "lacking": [] if here.open else _lacking(request, site),
                "may_open": not here.open
                and state.recruitment_open
                and may_open("open_site", role, "POST"),
                "may_close": here.open
                and state.recruitment_open
                and may_open("close_site", role, "POST"),
            }
        )
    context = {
        "rows": rows,
        "open": sum(row["here"].open for row in rows),
        "closed": not state.recruitment_open,
        "may_end": state.recruitment_open and may_open("close_recruitment", role, "POST"),
    }
    return render(request, "sites.html", context)


def _known(request: TrialRequest, site: str) -> None:
    if site not in request.protocol.site_by_id:
        raise Http404


def open_site(request: TrialRequest, site: str) -> HttpResponseBase:
    """Let a site recruit, with its ethics approval; one that was closed may open again."""
    _known(request, site)
    here = request.trial.state.site(site)
    facts = [(_("Site"), _name(request, site))]
    lacking = _lacking(request, site)
    if lacking:
        facts.append((_("Missing on file"), ", ".join(lacking)))
    return serve_sheet(
        request,
        Sheet(
            title=_("Open a site"),
            lead=_("The site is open already.")
            if here.open
            else _(
                "From then on people can be screened there, under the newest version of the protocol where the "
                "site was never open, and under the version it followed where it was."
            ),
            facts=facts,
            fields=[]
            if here.open
            else [
                Field(
                    "ethics_approval", _("Number of the ethics approval"),
                    value=here.ethics_approval, max_length=200, hint=_("Of this site's committee."),
                ),
                Field(
                    "approved_on", _("Day of the approval"), "date",
                    value=str(here.approved_on or ""),
                ),
            ],
            submit="" if here.open else _("Open the site"),
            command=lambda typed: c.OpenSite(
                site=site,
                ethics_approval=typed["ethics_approval"],
                approved_on=typed["approved_on"],
            ),
            then=lambda done: (reverse("sites"), _("The site is open.")),
            back=reverse("sites"),
            signed=not here.open,
        ),
    )  # fmt: skip


def close_site(request: TrialRequest, site: str) -> HttpResponseBase:
    """End recruitment at a site."""
    _known(request, site)
    here = request.trial.state.site(site)
    return serve_sheet(
        request,
        Sheet(
            title=_("Close a site to recruitment"),
            lead=_(
                "Nobody can be screened or randomized there any more; who is enrolled goes on. For a stop that is "
                "meant to end, halt recruitment instead. A closed site can be opened again."
            )
            if here.open
            else _("The site is not open."),
            facts=[
                (_("Site"), _name(request, site)),
                (_("Screened"), str(here.screened)),
                (_("Randomized"), str(here.randomized)),
            ],
            fields=[Field("reason", _("Reason"), "longtext")] if here.open else [],
            submit=_("Close the site") if here.open else "",
            command=lambda typed: c.CloseSite(site=site, reason=typed["reason"]),
            then=lambda done: (reverse("sites"), _("The site is closed to recruitment.")),
            back=reverse("sites"),
            signed=here.open,
        ),
    )


def close_recruitment(request: TrialRequest) -> HttpResponseBase:
    """End recruitment everywhere."""
    state, size = request.trial.state, request.trial.protocol.design.sample_size
    going = state.recruitment_open
    return serve_sheet(
        request,
        Sheet(
            title=_("Close recruitment"),
            lead=_(
                "Nobody can be screened or randomized anywhere any more, and it cannot be taken back. Participants "
                "already enrolled go on."
            )
            if going
            else _("Recruitment is closed."),
            facts=[
                (
                    _("Randomized"),
                    f"{state.randomized} / {size.target}" if size else str(state.randomized),
                )
            ],
            fields=[Field("reason", _("Reason"), "longtext")] if going else [],
            submit=_("Close recruitment") if going else "",
            command=lambda typed: c.CloseRecruitment(reason=typed["reason"]),
            then=lambda done: (reverse("sites"), _("Recruitment is closed.")),
            back=reverse("sites"),
            signed=going,
            grave=going,
        ),
    )


__all__ = ["close_recruitment", "close_site", "open_site", "sites"]

"""The essential-document log: what is asked for and on file, filing, taking back a wrong line."""

from __future__ import annotations

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.oversight import DocumentLine, document_lines, versions_in_force
from equipoise.web.access import may_open
from equipoise.web.flows.sheet import Field, Sheet, Typed, serve_sheet
from equipoise.web.labels import DOCUMENT_STATE_LABELS, choices_of, said, site_label
from equipoise.web.pages.monitoring import covered_sites
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment

_TONES = {"missing": "warn", "expired": "bad", "expiring": "warn", "in_force": "good"}


def documents(request: TrialRequest) -> HttpResponseBase:
    """What the protocol asks for with its state, and every line of the log."""
    trial, language, role = request.trial, request.language, request.someone.role
    sites = covered_sites(request)
    asked_site, asked_state = request.GET.get("site", ""), request.GET.get("state", "")
    site = asked_site if asked_site in sites else ""
    state = asked_state if asked_state in DOCUMENT_STATE_LABELS else ""
    writes = may_open("file_document", role, "POST")
    everything = [
        line
        for line in document_lines(request.protocol, trial.state, sites, request.today())
        if not site or line.site == site
    ]
    current = set(versions_in_force(trial.state.oversight).values())
    labels = _labels(request)
    log = [
        {
            "filed": one,
            "label": labels.get(one.document, one.document),
            "place": _place(request, one.site),
            "at": moment(one.at),
            "current": one in current,
            "may_withdraw": writes and (not one.site or request.someone.covers(one.site))
            and (one.site or not request.someone.site),
        }
        for one in reversed(trial.state.oversight.documents)
        if (one.site in sites or not one.site) and (not site or one.site == site)
    ]  # fmt: skip
    context = {
        "lines": [_line(request, one) for one in everything if state in ("", one.state)],
        "open": sum(1 for one in everything if one.state != "in_force"),
        "log": log,
        "sites": [(one, site_label(request.protocol, one, language)) for one in sites],
        "states": choices_of(DOCUMENT_STATE_LABELS),
        "site": site,
        "state": state,
        "writes": writes,
        "planned": bool(request.protocol.monitoring.essential_documents),
    }
    return render(request, "documents.html", context)


def _labels(request: TrialRequest) -> dict[str, str]:
    return {
        one.id: one.label.in_language(request.language)
        for one in request.protocol.monitoring.essential_documents
    }


def _place(request: TrialRequest, site: str) -> str:
    return site_label(request.protocol, site, request.language) if site else _("the trial")


def _line(request: TrialRequest, line: DocumentLine) -> dict[str, object]:
    return {
        "label": line.required.label.in_language(request.language),
        "place": _place(request, line.site),
        "about": line.about,
        "words": said(DOCUMENT_STATE_LABELS, line.state),
        "tone": _TONES[line.state],
        "filed": line.filed,
        "before_opening": line.required.before_opening,
    }


def file_document(request: TrialRequest) -> HttpResponseBase:
    """Log that a record is on file, as a new version of what was filed before."""
    here = request.someone.site
    wanted = request.protocol.monitoring.essential_documents
    places = [(one, _place(request, one)) for one in covered_sites(request)]
    if not here:
        places.append(("trial", _("the trial")))
    persons = sorted(
        {person for person, _role, at in request.trial.state.grants if not here or at in ("", here)}
    )

    def command(typed: Typed) -> c.FileDocument:
        return c.FileDocument(
            document=typed["document"],
            site="" if typed["site"] == "trial" else typed["site"],
            about=typed["about"] or "",
            version=typed["version"] or "",
            dated=typed["dated"],
            expires_on=typed["expires_on"],
            location=typed["location"],
            sha256=typed["sha256"] or "",
        )

    return serve_sheet(
        request,
        Sheet(
            title=_("File a document"),
            lead=_("The file itself may lie elsewhere; its SHA-256 tells later whether it is the same."),
            fields=[
                Field(
                    "document", _("Document"), "code", long=True,
                    choices=[
                        (one.id, one.label.in_language(request.language))
                        for one in wanted
                        if one.level == "site" or not here
                    ],
                ),
                Field("site", _("Of which site?"), "code", choices=places, value=here),
                Field(
                    "about", _("Of which person?"), "code", choices=[(one, one) for one in persons],
                    required=False, long=True,
                    hint=_("For records of one person, such as a curriculum vitae"),
                ),
                Field("version", _("Version"), required=False, max_length=60),
                Field("dated", _("Date of the document"), "date"),
                Field("expires_on", _("Last day on which it holds"), "date", required=False),
                Field("location", _("Where it is filed"), max_length=300),
                Field(
                    "sha256", _("SHA-256 of the file"), required=False, max_length=64,
                    hint=_("64 hexadecimal digits, as `sha256sum` prints them"),
                ),
            ],
            submit=_("File"),
            command=command,
            then=lambda done: (reverse("documents"), _("The document is on file.")),
            back=reverse("documents"),
        ),
    )  # fmt: skip


def withdraw_document(request: TrialRequest, number: int) -> HttpResponseBase:
    """Take back a line that was wrong; it stays in sight."""
    filed = next(
        (one for one in request.trial.state.oversight.documents if one.number == number), None
    )
    person = request.someone
    if filed is None or (person.site and filed.site != person.site):
        raise Http404
    standing = not filed.withdrawn
    return serve_sheet(
        request,
        Sheet(
            title=_("Take back a line of the document log"),
            lead="" if standing else _("This line has been taken back."),
            facts=[
                (_("Document"), _labels(request).get(filed.document, filed.document)),
                (_("Site"), _place(request, filed.site)),
                (_("Version"), filed.version or "–"),
                (_("Date of the document"), str(filed.dated)),
                (_("Where it is filed"), filed.location),
            ],
            fields=[Field("reason", _("What is wrong with it?"), "longtext")] if standing else [],
            submit=_("Take it back") if standing else "",
            command=lambda typed: c.WithdrawDocument(number=number, reason=typed["reason"]),
            then=lambda done: (reverse("documents"), _("The line is taken back.")),
            back=reverse("documents"),
        ),
    )


__all__ = ["documents", "file_document", "withdraw_document"]

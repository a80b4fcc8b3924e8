"""Monitoring: where the trial stands, with a door to each part of its oversight."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from equipoise.conduct.oversight import Outstanding, outstanding, recruitment_stands_still

from ..access import may_open, right_of
from ..labels import site_label
from ..request import TrialRequest


def covered_sites(request: TrialRequest) -> list[str]:
    """The sites about which the person may read on this page."""
    person = request.someone
    right = right_of(request.page, person.role) or ""
    everywhere = right.startswith("any:") or not person.site
    return [one for one in request.protocol.site_by_id if everywhere or one == person.site]


def recruitment_words(request: TrialRequest, site: str) -> tuple[str, str]:
    """Whether a site recruits, in words, with their tone."""
    state = request.trial.state
    here = state.site(site)
    if here.opened_on is None:
        return _("not opened yet"), "plain"
    if not state.recruitment_open or not here.open:
        return _("closed"), "plain"
    if state.oversight.standing_halts(site):
        return _("halted"), "warn"
    if recruitment_stands_still(request.protocol, state, site, request.trial.today(site)):
        return _("ethics approval ended"), "warn"
    return _("recruiting"), "good"


def _open_words(tasks: Sequence[Outstanding], *kinds: str) -> str:
    found = [one for one in tasks if one.kind in kinds]
    if not found:
        return ""
    late = sum(one.late for one in found)
    words = ngettext("%(n)s open", "%(n)s open", len(found)) % {"n": len(found)}
    return words + (", " + _("%(n)s late") % {"n": late} if late else "")


def monitoring(request: TrialRequest) -> HttpResponse:
    """Each site in a line, and the parts of oversight with what is open in each."""
    state, language = request.trial.state, request.language
    rows = []
    for site in covered_sites(request):
        words, tone = recruitment_words(request, site)
        here = state.site(site)
        rows.append((f"{site} {site_label(request.protocol, site, language)}", words, tone, here))
    tasks = outstanding(request.protocol, state, covered_sites(request), request.today())
    halted = sum(1 for one in rows if one[2] == "warn")
    parts = [
        (reverse(name), title, about, count)
        for name, title, about, count in (
            (
                "recruitment", _("Recruitment"), _("Sites, halts and restarts"),
                ngettext("%(n)s site stands still", "%(n)s sites stand still", halted) % {"n": halted}
                if halted else "",
            ),
            (
                "ethics", _("Ethics committees"), _("Approvals, until when they hold, reviews"),
                _open_words(tasks, "ethics"),
            ),
            (
                "documents", _("Essential documents"), _("What is on file, missing, or expires"),
                _open_words(tasks, "document"),
            ),
            (
                "monitoring_visits", _("Monitoring visits"), _("Plans, reports, findings and actions"),
                _open_words(tasks, "visit", "report", "action"),
            ),
            (
                "central_monitoring", _("Central monitoring"), _("Sites that differ, and signals opened"),
                _open_words(tasks, "signal"),
            ),
            (
                "deviations", _("Protocol deviations"), _("What departed from the protocol, and how much it matters"),
                "",
            ),
        )
        if may_open(name, request.someone.role)
    ]  # fmt: skip
    return render(request, "monitoring.html", {"rows": rows, "parts": parts, "halted": halted})

"""The deviation log of the trial, and the assessment of one deviation."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Q
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct import commands as c
from equipoise.web.access import may_open
from equipoise.web.flows.sheet import Field, Sheet, serve_sheet
from equipoise.web.labels import SEVERITY_LABELS, choices_of, said, site_label
from equipoise.web.models import DeviationRow
from equipoise.web.pages.monitoring import covered_sites
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import DEVIATION, LOGGED_DEVIATION, deviation_words, moment

PAGE_SIZE = 50
ASSESSED_LABELS = {
    "": noop("not assessed"),
    "yes": noop("important"),
    "no": noop("not important"),
}
_ASKED = {"open": "", "yes": "yes", "no": "no"}
KINDS = {**DEVIATION, **LOGGED_DEVIATION}


def deviations(request: TrialRequest) -> HttpResponseBase:
    """Deviations by site, kind, severity and assessment, the latest first."""
    sites = covered_sites(request)
    asked = {name: request.GET.get(name, "") for name in ("site", "kind", "severity", "important")}
    rows = DeviationRow.objects.filter(site__in=sites)
    if asked["site"] in sites:
        rows = rows.filter(site=asked["site"])
    if asked["kind"] in KINDS:
        rows = rows.filter(kind=asked["kind"])
    if asked["severity"] in SEVERITY_LABELS:
        rows = rows.filter(severity=asked["severity"])
    if asked["important"] in _ASKED:
        rows = rows.filter(important=_ASKED[asked["important"]])
    on, participant, number = (*request.GET.get("after", "")[:60].split("~"), "", "")[:3]
    if number.isascii() and number.isdigit() and len(number) < 7:
        rows = rows.filter(occurred_on__lte=on).filter(
            Q(occurred_on__lt=on)
            | Q(participant__gt=participant)
            | Q(participant=participant, number__gt=int(number))
        )
    found = list(rows.order_by("-occurred_on", "participant", "number")[: PAGE_SIZE + 1])
    more, found = found[PAGE_SIZE:], found[:PAGE_SIZE]
    last = found[-1] if more else None
    context = {
        "rows": [
            {
                "row": row,
                "kind": said(KINDS, row.kind),
                "severity": said(SEVERITY_LABELS, row.severity),
                "assessed": said(ASSESSED_LABELS, row.important),
                "place": site_label(request.protocol, row.site, request.language),
            }
            for row in found
        ],
        "asked": asked,
        "sites": [(one, site_label(request.protocol, one, request.language)) for one in sites],
        "kinds": choices_of(KINDS),
        "severities": choices_of(SEVERITY_LABELS),
        "assessed": [
            ("open", _("not assessed")), ("yes", _("important")), ("no", _("not important")),
        ],
        "opens": may_open("assess_deviation", request.someone.role),
        "next_url": "?"
        + urlencode({**asked, "after": f"{last.occurred_on}~{last.participant}~{last.number}"})
        if last
        else "",
    }  # fmt: skip
    return render(request, "deviations.html", context)


def assess_deviation(request: TrialRequest, participant: str, number: int) -> HttpResponseBase:
    """One deviation with its assessments; assessing it."""
    state = request.someone_studied
    if not 1 <= number <= len(state.deviations):
        raise Http404
    one = state.deviations[number - 1]
    protocol, language = state.protocol, request.language
    writes = may_open("assess_deviation", request.someone.role, "POST")
    words = deviation_words(protocol, one.text, language) if one.automatic else one.text
    facts = [
        (_("What happened"), words),
        (_("Kind"), said(KINDS, one.kind)),
        (_("Severity"), said(SEVERITY_LABELS, one.severity)),
        (_("Day"), str(one.occurred_on)),
        (
            _("Logged"),
            f"{moment(one.stamp.at)}, {_('by the trial itself') if one.automatic else one.stamp.actor}",
        ),
    ]
    for important, reason, stamp in one.assessments:
        verdict = said(ASSESSED_LABELS, "yes" if important else "no")
        facts.append((_("Assessed"), f"{verdict}: {reason} ({stamp.actor}, {moment(stamp.at)})"))
    return serve_sheet(
        request,
        Sheet(
            title=_("Deviation %(n)s") % {"n": number},
            lead=_(
                "Important is what may bear on a participant's rights, safety or well-being, or on the "
                "reliability of the results."
            ),
            facts=facts,
            fields=[
                Field(
                    "important", _("Is it important?"), "code",
                    choices=[("yes", _("important")), ("no", _("not important"))],
                ),
                Field("reason", _("Why?"), "longtext"),
            ]
            if writes
            else [],
            submit=_("Record the assessment") if writes else "",
            command=lambda typed: c.AssessDeviation(
                participant=participant,
                deviation=number,
                important=typed["important"] == "yes",
                reason=typed["reason"],
            ),
            then=lambda done: (reverse("deviations"), _("The assessment is recorded.")),
            back=reverse("deviations"),
        ),
    )  # fmt: skip


__all__ = ["assess_deviation", "deviations"]

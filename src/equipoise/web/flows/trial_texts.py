"""Texts about no participant: of a site or of the trial, redacted as those about participants are."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.sealed import SealedValue
from equipoise.conduct.state import TrialRedaction
from equipoise.web.access import may_open, site_seen
from equipoise.web.labels import said, site_label
from equipoise.web.pages.trial_words import KINDS, kind_of
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import FIELD_LABELS, moment

from .privacy import REDACTION_MARKS, STATUS_LABELS, serve_asking, serve_decision
from .sheet import Typed

PAGE_SIZE = 50
OF_TRIAL = "trial"
"""Stands in addresses for the trial itself, where a site's number stands for a site."""


@dataclass(frozen=True, slots=True)
class Line:
    """A text as a row of the list."""

    seq: int
    where: str
    about: str
    words: str
    gone: bool
    address: str


def _in_address(site: str) -> str:
    return site or OF_TRIAL


def _sites(request: TrialRequest) -> list[str]:
    """Whose texts the person reads: of the site of the grant, or the trial's and every site's."""
    only = site_seen("trial_texts", request.someone)
    return [only] if only else ["", *request.protocol.site_by_id]


def _site(request: TrialRequest, given: str) -> str:
    site = "" if given == OF_TRIAL else given
    if site not in _sites(request):
        raise Http404
    return site


def _where(request: TrialRequest, site: str) -> str:
    return site_label(request.protocol, site, request.language) if site else _("the trial")


def _about(one: SealedValue) -> str:
    label = _("Text") if one.name == "text" else said(FIELD_LABELS, one.name)
    return f"{said(KINDS, kind_of(one.event))}: {label}"


def trial_texts(request: TrialRequest) -> HttpResponse:
    """Every such text, the newest first, and the redactions asked for."""
    before = request.GET.get("before", "")
    upto = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    may_ask = may_open("redact_trial_text", request.someone.role, "POST")
    sites = _sites(request)
    found = [(site, one) for site in sites for one in request.trial.texts(site)]
    seqs = {(site, one.place): one.seq for site, one in found}
    found = sorted(
        ((site, one) for site, one in found if upto is None or one.seq < upto),
        key=lambda pair: -pair[1].seq,
    )
    shown, rest = found[:PAGE_SIZE], found[PAGE_SIZE:]
    if rest:
        # the texts of one event stay together: the next page begins before it
        last = shown[-1][1].seq
        shown += [pair for pair in rest if pair[1].seq == last]
        rest = [pair for pair in rest if pair[1].seq != last]
    lines = [
        Line(
            one.seq,
            _where(request, site),
            _about(one),
            _("(redacted)") if one.text is None else one.text,
            one.text is None,
            reverse("redact_trial_text", args=[_in_address(site), one.version, one.name])
            if may_ask and one.text is not None
            else "",
        )
        for site, one in shown
    ]
    asked = [
        one for one in reversed(list(request.trial.state.redactions.values())) if one.site in sites
    ]
    decides = may_open("trial_redaction", request.someone.role, "POST")
    redactions = [
        {
            "one": one,
            "address": reverse("trial_redaction", args=[_in_address(one.site), one.number]),
            "where": _where(request, one.site),
            "seq": seqs.get((one.site, one.value), ""),
            "status": said(STATUS_LABELS, one.status),
            "mark": REDACTION_MARKS[one.status],
            "at": moment(one.requested_at),
            "open": one.status == "open" and decides,
        }
        for one in asked
    ]
    context = {"lines": lines, "asked": redactions, "next": shown[-1][1].seq if rest else ""}
    return render(request, "trial_texts.html", context)


def _chosen(request: TrialRequest, site: str, place: str) -> SealedValue:
    for one in request.trial.texts(site):
        if one.place == place:
            return one
    raise Http404


def _facts(request: TrialRequest, site: str, one: SealedValue) -> list[tuple[str, str]]:
    words = _("(redacted)") if one.text is None else one.text
    return [(_("Where"), _where(request, site)), (_("What"), _about(one)), (_("Text"), words)]


def redact_trial_text(
    request: TrialRequest, site: str, version: int, name: str
) -> HttpResponseBase:
    """Ask for the redaction of one text."""
    of, place = _site(request, site), f"{version}/{name}"
    chosen = _chosen(request, of, place)
    back = reverse("trial_texts")
    return serve_asking(
        request,
        _facts(request, of, chosen),
        lambda typed: c.RequestTrialRedaction(site=of, value=place, reason=typed["reason"]),
        back,
    )


def _asked(request: TrialRequest, site: str, number: int) -> TrialRedaction:
    asked = request.trial.state.redactions.get((site, number))
    if asked is None:
        raise Http404
    return asked


def trial_redaction(request: TrialRequest, site: str, number: int) -> HttpResponseBase:
    """One request: approve it, or decline it."""
    of = _site(request, site)
    asked = _asked(request, of, number)
    back = reverse("trial_texts")

    def command(typed: Typed) -> c.Command:
        if typed["answer"] == "approve":
            return c.ApproveTrialRedaction(site=of, redaction=number)
        return c.DeclineTrialRedaction(site=of, redaction=number, reason=typed["reason"] or "")

    facts = _facts(request, of, _chosen(request, of, asked.value))
    requested = (asked.requested_by, asked.requested_at)
    return serve_decision(request, asked, facts, requested, command, back)

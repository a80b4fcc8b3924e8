"""Central monitoring: the statistics of all sites, and signals from being opened to being closed."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from equipoise.analysis.central import LEVEL, CentralReview, Statistic, review_sites
from equipoise.conduct import commands as c
from equipoise.conduct.state import Signal
from equipoise.reporting.central import (
    funnel_figure,
    shown_p,
    shown_value,
    statistic_words,
    value_kind_words,
)
from equipoise.trial import Trial
from equipoise.web.access import may_open
from equipoise.web.flows.sheet import Field, Sheet, Typed, serve_sheet
from equipoise.web.labels import CONCLUSION_LABELS, choices_of, said, site_label
from equipoise.web.pages.monitoring import covered_sites
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment

_lock = threading.Lock()
_made: WeakKeyDictionary[Trial, CentralReview] = WeakKeyDictionary()


def current_review(trial: Trial) -> CentralReview:
    """The review as of the ledger's head; made once for each head, whoever asks."""
    with _lock:
        review = _made.get(trial)
        if review is None or review.position.seq != trial.ledger.head().seq:
            review = _made[trial] = review_sites(trial)
        return review


def _words(request: TrialRequest, statistic: str) -> str:
    kind, _dot, subject = statistic.partition(".")
    return statistic_words(kind, subject, request.protocol, request.language)


def _table(request: TrialRequest, one: Statistic) -> dict[str, object]:
    return {
        "title": _words(request, one.id),
        "kind": value_kind_words(one.kind, request.language),
        "p": shown_p(one.p),
        "q": shown_p(one.q),
        "signal": one.signal,
        "rows": [
            {
                "site": value.site,
                "place": site_label(request.protocol, value.site, request.language),
                "n": value.n,
                "value": shown_value(one, value.value),
                "others": shown_value(one, value.others),
                "p": shown_p(value.p),
                "named": value.site in one.named,
                "address": reverse("open_signal", args=[value.site, one.id]),
            }
            for value in one.sites
        ],
    }


def central_monitoring(request: TrialRequest) -> HttpResponseBase:
    """Which sites differ in what, with a funnel for each rate and every statistic in a table."""
    trial, sites = request.trial, covered_sites(request)
    review = current_review(trial) if trial.state.randomized else None
    statistics = review.statistics if review else ()
    listed = [
        (
            one,
            _words(request, one.statistic),
            site_label(request.protocol, one.site, request.language),
        )
        for one in reversed(trial.state.oversight.signals)
        if one.site in sites
    ]
    context = {
        "review": review,
        "level": f"{100 * LEVEL:.0f}",
        "signals": [_table(request, one) for one in statistics if one.signal],
        "rates": [
            (
                _table(request, one),
                # the figure escapes what it is given
                mark_safe(funnel_figure(one, request.protocol, request.language)),
            )
            for one in statistics
            if one.kind == "rate"
        ],
        "rest": [
            _table(request, one) for one in statistics if one.kind != "rate" and not one.signal
        ],
        "count": len(statistics),
        "opened": [each for each in listed if not each[0].closed_at],
        "closed": [
            (*each, said(CONCLUSION_LABELS, each[0].conclusion or ""), moment(each[0].closed_at))
            for each in listed
            if each[0].closed_at
        ],
        "may_open": may_open("open_signal", request.someone.role, "POST"),
    }  # fmt: skip
    return render(request, "central_monitoring.html", context)


def open_signal(request: TrialRequest, site: str, statistic: str) -> HttpResponseBase:
    """Look into a site's signal: it becomes an issue that is assessed and closed."""
    trial = request.trial
    review = current_review(trial) if trial.state.randomized else None
    found = (
        next((one for one in review.statistics if one.id == statistic), None) if review else None
    )
    value = next((one for one in found.sites if one.site == site), None) if found else None
    if site not in covered_sites(request):
        raise Http404
    facts = [
        (_("Statistic"), _words(request, statistic)),
        (_("Site"), f"{site} {site_label(request.protocol, site, request.language)}"),
    ]
    if review is not None and found is not None and value is not None:
        kind = value_kind_words(found.kind, request.language)
        facts += [
            (_("This site"), f"{shown_value(found, value.value)} ({kind})"),
            (_("All other sites"), shown_value(found, value.others)),
            (_("p of this comparison"), shown_p(value.p)),
            (_("Adjusted for all statistics"), shown_p(found.q)),
            (_("Ledger position"), str(review.position.seq)),
        ]
    position = review.position.seq if review else 0
    return serve_sheet(
        request,
        Sheet(
            title=_("Open a signal"),
            lead="" if value else _("With the data of today this cannot be compared."),
            facts=facts,
            fields=[Field("text", _("What is to be looked into?"), "longtext")] if value else [],
            submit=_("Open it") if value else "",
            command=lambda typed: c.OpenSignal(
                site=site, statistic=statistic, cut=position, text=typed["text"]
            ),
            then=lambda done: (
                reverse("signal", args=[done.happenings[0].signal]), _("The signal is opened."),
            ),
            back=reverse("central_monitoring"),
        ),
    )  # fmt: skip


def _signal_of(request: TrialRequest, number: int) -> Signal:
    found = next(
        (one for one in request.trial.state.oversight.signals if one.number == number), None
    )
    if found is None or found.site not in covered_sites(request):
        raise Http404
    return found


def signal(request: TrialRequest, number: int) -> HttpResponseBase:
    """One signal: what was found, what was looked at, and how it was settled."""
    one = _signal_of(request, number)
    facts = [
        (_("Statistic"), _words(request, one.statistic)),
        (_("Site"), f"{one.site} {site_label(request.protocol, one.site, request.language)}"),
        (_("Opened"), f"{one.text} ({one.actor}, {moment(one.at)}, {_('ledger')} {one.cut})"),
        *((_("Assessed"), f"{text} ({actor}, {moment(at)})") for text, at, actor in one.assessments),
    ]  # fmt: skip
    if one.closed_at:
        verdict = said(CONCLUSION_LABELS, one.conclusion or "")
        facts.append(
            (_("Closed"), f"{verdict}: {one.reason} ({one.closed_by}, {moment(one.closed_at)})")
        )
    acts = [("assess", _("Say what was looked at and what it says"))]
    if one.assessments:
        acts += [
            (code, _("Close it. %(why)s") % {"why": words})
            for code, words in choices_of(CONCLUSION_LABELS)
        ]

    def command(typed: Typed) -> c.Command:
        if typed["act"] == "assess":
            return c.AssessSignal(site=one.site, signal=number, text=typed["text"])
        return c.CloseSignal(
            site=one.site, signal=number, conclusion=typed["act"], reason=typed["text"]
        )

    open_ = not one.closed_at
    return serve_sheet(
        request,
        Sheet(
            title=_("Signal %(n)s") % {"n": number},
            facts=facts,
            fields=[
                Field("act", _("What do you do?"), "code", choices=acts, long=True),
                Field("text", _("In words"), "longtext"),
            ]
            if open_
            else [],
            submit=_("Record") if open_ else "",
            command=command,
            then=lambda done: (reverse("signal", args=[number]), _("Recorded.")),
            back=reverse("central_monitoring"),
        ),
    )


__all__ = ["central_monitoring", "open_signal", "signal"]

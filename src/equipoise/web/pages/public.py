"""The public record of this trial, in the public shell: `equipoise.registry` says it, the trial fills it.

The registry sees a projection made here and nothing else of the trial: which sites recruit, how many
were randomized in all, the randomization's commitment, and the results section once results are released.
"""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

from equipoise.conduct.oversight import overall_status, site_status
from equipoise.exchange.posting import results_section
from equipoise.quantity.text import LANGUAGES, Text
from equipoise.registry import LiveProjection, record_page, render_sections
from equipoise.reporting import primary_sentence
from equipoise.reporting.tables.study import cut_line

from ..request import TrialRequest
from .results import released_results


def public(request: TrialRequest) -> HttpResponse:
    """The record for anyone."""
    protocol = request.trial.protocol
    language: Literal["en", "zh-Hans"] = "zh-Hans" if request.language == "zh-Hans" else "en"
    page = record_page(protocol, language, public_projection(request, language))
    context = {
        "page": page,
        "recruiting": overall_status(
            protocol, request.trial.state, request.trial.today(protocol.identity.sites[0].id)
        )
        == "recruiting",
        # the registry escapes every word of a record
        "sections": mark_safe(render_sections(page)),
        "listed": [*page.sections, *((page.further,) if page.further else ())],
    }
    return render(request, "public.html", context)


def public_projection(request: TrialRequest, language: str) -> LiveProjection:
    """What the public may see of the running trial; results are in `language`."""
    trial = request.trial
    protocol, state = trial.protocol, trial.state
    today = trial.today(protocol.identity.sites[0].id)
    headline: Text | None = None
    cut: Text | None = None
    results: dict[str, Any] = {}
    found = released_results(trial) if state.randomized else None
    if found is not None:
        headline = Text({code: primary_sentence(found, code) for code in LANGUAGES})
        cut = Text({code: cut_line(found, code) for code in LANGUAGES})
        results = results_section(found, protocol, language)
    return LiveProjection(
        as_of=today,
        status=overall_status(protocol, state, today),
        sites={
            site.id: site_status(protocol, state, site.id, today)
            for site in protocol.identity.sites
        },
        randomized=state.randomized,
        headline=headline,
        cut=cut,
        results=results,
        commitment=state.commitment,
        seed_revealed=state.revealed.seed if state.revealed else None,
        mode=state.mode,
    )

"""The public record of this trial, in the public shell: `equipoise.registry` says it, the trial fills it.

The registry sees a projection made here and nothing else of the trial: which sites recruit, how many
were randomized in all, the randomization's commitment, and tables once results are released.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

from equipoise.conduct.oversight import recruitment_stands_still
from equipoise.conduct.state import TrialState
from equipoise.protocol.document import Protocol
from equipoise.quantity.text import LANGUAGES, Text
from equipoise.registry import (
    LiveProjection,
    PublicRow,
    PublicTable,
    record_page,
    render_sections,
)
from equipoise.reporting import Table, primary_sentence, study_tables

from ..request import TrialRequest
from .results import current_results

FLOW, OUTCOMES, SAFETY = ("flow",), ("analyses",), ("adverse-events",)
"""Tables of the report that become public with a release: none of them tells of one participant."""


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


def site_status(protocol: Protocol, state: TrialState, site: str, today: date) -> str:
    """A site's recruitment status as it is now, in the registry's codes."""
    if state.site(site).open and state.recruitment_open:
        still = recruitment_stands_still(protocol, state, site, today)
        return "suspended" if still else "recruiting"
    if state.site(site).opened_on is not None:
        return "active_not_recruiting"
    return protocol.site_by_id[site].recruitment_status


def overall_status(protocol: Protocol, state: TrialState, today: date) -> str:
    """The trial's recruitment status: recruiting as soon as one site is, suspended while all that were are."""
    sites = [site_status(protocol, state, site.id, today) for site in protocol.identity.sites]
    for status in ("recruiting", "suspended", "active_not_recruiting"):
        if status in sites:
            return status
    return protocol.identity.registry_status or "not_yet_recruiting"


def public_projection(request: TrialRequest, language: str) -> LiveProjection:
    """What the public may see of the running trial; cells of tables are in `language`."""
    trial = request.trial
    protocol, state = trial.protocol, trial.state
    today = trial.today(protocol.identity.sites[0].id)
    headline: Text | None = None
    flow: tuple[PublicTable, ...] = ()
    outcomes: tuple[PublicTable, ...] = ()
    safety: tuple[PublicTable, ...] = ()
    if state.results_released and state.randomized:
        found = current_results(trial, dummy_arms=False)
        headline = Text({code: primary_sentence(found, code) for code in LANGUAGES})
        tables = {code: {one.id: one for one in study_tables(found, code)} for code in LANGUAGES}
        flow, outcomes, safety = (
            tuple(
                _released([tables[code][name] for code in LANGUAGES], tables[language][name])
                for name in names
                if name in tables[language]
            )
            for names in (FLOW, OUTCOMES, SAFETY)
        )
    return LiveProjection(
        as_of=today,
        status=overall_status(protocol, state, today),
        sites={
            site.id: site_status(protocol, state, site.id, today)
            for site in protocol.identity.sites
        },
        randomized=state.randomized,
        headline=headline,
        participant_flow=flow,
        outcomes=outcomes,
        safety=safety,
        commitment=state.commitment,
        seed_revealed=state.revealed.seed if state.revealed else None,
        mode=state.mode,
    )


def _both(texts: Sequence[str]) -> Text:
    """A text of the report in every language; a heading left blank there is a dash."""
    return Text({code: words or "–" for code, words in zip(LANGUAGES, texts, strict=True)})


def _released(by_language: Sequence[Table], shown: Table) -> PublicTable:
    """A table of the report as the public record takes it: texts in every language, cells in one."""
    rows = tuple(
        PublicRow(_both([table.rows[at].cells[0] for table in by_language]), row.cells[1:])
        for at, row in enumerate(shown.rows)
    )
    columns = tuple(
        _both([table.columns[at].text for table in by_language])
        for at in range(1, len(shown.columns))
    )
    notes = [[*table.notes, table.foot] for table in by_language]
    return PublicTable(
        _both([table.caption for table in by_language]),
        columns,
        rows,
        tuple(_both(texts) for texts in zip(*notes, strict=True) if any(texts)),
    )

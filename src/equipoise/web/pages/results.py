"""Results of the declared analyses: the report's sections, with dummy arms until they are released."""

from __future__ import annotations

import threading
from dataclasses import replace
from weakref import WeakKeyDictionary

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from equipoise.analysis import Results, analyze
from equipoise.reporting import KEPT_OUT, PRIMARY, SERIOUS, primary_sentence, study_sections
from equipoise.trial import Trial

from ..access import may_open, site_seen
from ..request import TrialRequest
from ..sight import sees_groups_compared

_lock = threading.Lock()
_made: WeakKeyDictionary[Trial, dict[bool, Results]] = WeakKeyDictionary()
_released: WeakKeyDictionary[Trial, Results] = WeakKeyDictionary()


def current_results(trial: Trial, *, dummy_arms: bool) -> Results:
    """The results as of the ledger's head; made once for each head, whoever asks."""
    with _lock:
        kept = _made.setdefault(trial, {})
        results = kept.get(dummy_arms)
        if results is None or results.position.seq != trial.ledger.head().seq:
            results = kept[dummy_arms] = analyze(trial, dummy_arms=dummy_arms)
        return results


def released_at(trial: Trial) -> int | None:
    """The ledger position of the last release of results; None where nothing is released."""
    if not trial.state.results_released:
        return None
    last = next(trial.ledger.events(types=["ResultsReleased"], descending=True, limit=1), None)
    return last.seq if last is not None else None


def released_results(trial: Trial) -> Results | None:
    """The results as they were released: later data change nothing in them until they are released again."""
    seq = released_at(trial)
    if seq is None:
        return None
    with _lock:
        kept = _released.get(trial)
        if kept is None or kept.position.seq != seq:
            kept = _released[trial] = analyze(trial, seq)
        return kept


def _at_site(trial: Trial, found: Results, site: str) -> Results:
    """The same results with the people of one site only: numbers are pooled, people are not."""
    rows = trial.ledger.rows("adverse_event", where={"site": site, "serious": 1})
    here = {(row["participant"], row["number"]) for row in rows}
    listed = tuple(one for one in found.serious if (one.participant, one.number) in here)
    people = {row["id"] for row in trial.ledger.rows("participant", where={"site": site})}
    kept_out = tuple(one for one in found.kept_out if one.participant in people)
    return replace(found, serious=listed, kept_out=kept_out)


def results(request: TrialRequest) -> HttpResponse:
    """The page of results: counts of all sites, and serious events one by one of the person's own."""
    trial, language = request.trial, request.language
    released = trial.state.results_released
    sees_arms = released or sees_groups_compared(request)
    may_release = not trial.permission("ReleaseResults", request.someone.actor) and may_open(
        "release_results", request.someone.role, "POST"
    )
    documents = [
        (label, reverse(page))
        for page, label in (("analysis_plan", _("Analysis plan")), ("board", _("Board's pack")))
        if may_open(page, request.someone.role)
    ]
    if trial.state.randomized == 0:
        return render(request, "results.html", {"released": released, "documents": documents})
    found = current_results(trial, dummy_arms=not sees_arms)
    only = site_seen("results", request.someone)
    if only:
        found = _at_site(trial, found, only)
    # the page answers its question first; the report keeps the order of a report
    sections = sorted(study_sections(found, language), key=lambda part: part.id != PRIMARY)
    context = {
        "released": released,
        "may_release": may_release,
        "dummy": found.dummy_arms,
        "documents": documents,
        "only": trial.protocol.site_by_id[only].city.in_language(language) if only else "",
        "listed": (SERIOUS, KEPT_OUT),
        "answer": primary_sentence(found, language),
        # the report escapes what it is given
        "sections": [(part.id, part.title, mark_safe(part.html)) for part in sections],
        "position": found.position,
        "protocol_version": found.protocol_version,
    }
    return render(request, "results.html", context)

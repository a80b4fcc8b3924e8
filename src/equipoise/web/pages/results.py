"""Results of the declared analyses: the report's sections, with dummy arms until they are released."""

from __future__ import annotations

import threading
from weakref import WeakKeyDictionary

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe

from equipoise.analysis import Results, analyze
from equipoise.reporting import PRIMARY, primary_sentence, study_sections
from equipoise.trial import Trial

from ..request import TrialRequest

SEES_ARMS_BEFORE_RELEASE = frozenset({"dsmb"})
"""Who may compare the arms while the trial runs. Site staff of an open trial know their own
participants' arms; the comparison is the monitoring board's until results are released."""

_lock = threading.Lock()
_made: WeakKeyDictionary[Trial, dict[bool, Results]] = WeakKeyDictionary()


def current_results(trial: Trial, *, dummy_arms: bool) -> Results:
    """The results as of the ledger's head; made once for each head, whoever asks."""
    with _lock:
        kept = _made.setdefault(trial, {})
        results = kept.get(dummy_arms)
        if results is None or results.position.seq != trial.ledger.head().seq:
            results = kept[dummy_arms] = analyze(trial, dummy_arms=dummy_arms)
        return results


def results(request: TrialRequest) -> HttpResponse:
    """The page of results."""
    trial, language = request.trial, request.language
    released = trial.state.results_released
    sees_arms = released or request.someone.role in SEES_ARMS_BEFORE_RELEASE
    if trial.state.randomized == 0:
        return render(request, "results.html", {"released": released})
    found = current_results(trial, dummy_arms=not sees_arms)
    # the page answers its question first; the report keeps the order of a report
    sections = sorted(study_sections(found, language), key=lambda part: part.id != PRIMARY)
    context = {
        "released": released,
        "dummy": found.dummy_arms,
        "answer": primary_sentence(found, language),
        # the report escapes what it is given
        "sections": [(part.id, part.title, mark_safe(part.html)) for part in sections],
        "position": found.position,
        "protocol_version": found.protocol_version,
    }
    return render(request, "results.html", context)

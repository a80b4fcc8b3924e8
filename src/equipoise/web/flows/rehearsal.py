"""The rehearsal's clock: the virtual participants live on around those enrolled by hand."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from equipoise.home import Home
from equipoise.rehearsal import play, replicate_of
from equipoise.web.accounts import safe_next
from equipoise.web.figures.recruitment import Recruitment, recruitment_chart
from equipoise.web.labels import site_label
from equipoise.web.models import ParticipantRow
from equipoise.web.request import TrialRequest

STEPS: Mapping[str, int | None] = {"day": 1, "week": 7, "end": None}
"""What may be asked for, in days; None plays until nobody has anything left to do."""
PATIENCE = 20.0
"""Seconds a day or a week is waited for before the page of progress is shown."""

log = logging.getLogger(__name__)


@dataclass
class Run:
    """An advance of the clock, played in a thread of its own."""

    home: Home
    start: date
    until: date | None
    day: date
    randomized: Mapping[str, int] = field(default_factory=dict)
    finished: bool = False
    failed: bool = False
    thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether it is still being played."""
        return self.thread is not None and self.thread.is_alive()

    def told(self, day: date, randomized: Mapping[str, int]) -> None:
        """A virtual day is over."""
        self.day, self.randomized = day, dict(randomized)


_lock = threading.Lock()
_runs: dict[str, Run] = {}
"""The last run of each home this process has served."""


def last_run(home: Home) -> Run | None:
    """The last advance of this home's clock, if any since the process began."""
    return _runs.get(str(home.path))


def has_ended(home: Home) -> bool:
    """Whether a run has come to the end of the trial."""
    run = last_run(home)
    return run is not None and run.finished


def _start(home: Home, today: date, days: int | None) -> tuple[Run, bool]:
    """The run, and whether it is a new one: while one is played, no other begins."""
    with _lock:
        known = last_run(home)
        if known is not None and known.running:
            return known, False
        until = today + timedelta(days=days) if days is not None else None
        run = Run(home, today, until, today)
        run.thread = threading.Thread(target=_play, args=(run,), name="rehearsal", daemon=True)
        _runs[str(home.path)] = run
        run.thread.start()
        return run, True


def _play(run: Run) -> None:
    home, settings = run.home, run.home.rehearsal
    assert settings is not None
    try:
        replicate = replicate_of(home.protocol, settings.seed, settings.replicate, settings.options)
        played = play(home.trial(), replicate, until=run.until, progress=run.told)
        run.day, run.finished = played.day, played.finished
    except Exception:
        # nobody waits for this thread: whatever stops it is logged here and told by the page
        run.failed = True
        log.exception("the rehearsal could not be played on")


def rehearsal(request: TrialRequest) -> HttpResponseBase:
    """Advance a day, a week, or to the end; while it is played, show how far it is."""
    if request.home.rehearsal is None:
        raise Http404
    if request.method != "POST":
        return _show(request)
    step = request.POST.get("by", "")
    if step not in STEPS:
        return _show(request, wrong=True)
    run, is_new = _start(request.home, request.today(), STEPS[step])
    here = reverse("rehearsal")
    if not is_new or run.until is None:
        return HttpResponseRedirect(here)
    assert run.thread is not None
    run.thread.join(PATIENCE)
    if run.running or run.failed:
        return HttpResponseRedirect(here)
    words = _("It is now %(day)s.") % {"day": request.today()}
    messages.success(request, words, extra_tags="good")
    return HttpResponseRedirect(safe_next(request, request.POST.get("next")) or here)


def _show(request: TrialRequest, *, wrong: bool = False) -> HttpResponseBase:
    run = last_run(request.home)
    sites = request.trial.state.sites
    protocol = request.protocol
    context = {
        "run": run,
        "running": run is not None and run.running,
        "wrong": wrong,
        "day": request.today(),
        "sites": [
            (
                site_label(protocol, site.id, request.language),
                sites[site.id].screened if site.id in sites else 0,
                sites[site.id].randomized if site.id in sites else 0,
            )
            for site in protocol.identity.sites
        ],
        "randomized": request.trial.state.randomized,
        "chart": _chart(request),
        "target": protocol.design.sample_size.target if protocol.design.sample_size else None,
    }
    return render(request, "rehearsal.html", context, status=422 if wrong else 200)


def _chart(request: TrialRequest) -> SafeString | str:
    """Recruitment so far; empty before anybody could be randomized."""
    opened = [site.opened_on for site in request.trial.state.sites.values() if site.opened_on]
    size = request.protocol.design.sample_size
    if not opened or size is None or request.today() <= min(opened):
        return ""
    days = ParticipantRow.objects.exclude(randomized_on="").values_list("randomized_on", flat=True)
    recruitment = Recruitment(
        [date.fromisoformat(day) for day in days if day], size.target, min(opened), request.today()
    )
    # the figure escapes what it is given
    return mark_safe(recruitment_chart(recruitment, _))

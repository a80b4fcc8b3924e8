"""Documents to be saved: the monitoring board's pack in its two parts, and the statistical analysis plan."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.analysis.planning import PlanStanding, signed_plan
from equipoise.protocol.analysis_plan import plan_hash
from equipoise.reporting import CLOSED, FORMATS, OPEN, PACKS, board, paper_files, plan_paper
from equipoise.reporting.documents.board import Board
from equipoise.reporting.paper import Paper
from equipoise.reporting.words import say
from equipoise.trial import Trial

from ..access import may_open
from ..request import TrialRequest
from ..server import THREADS
from ..sight import sees_groups_compared
from ..vocabulary import moment

CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@dataclass
class _Made:
    """What was made as of a head of the ledger: both parts of the pack, and files by document, language and form."""

    head: int
    boards: dict[bool, Board] = field(default_factory=dict)
    files: dict[tuple[str, str, str], tuple[str, bytes]] = field(default_factory=dict)


_places = threading.BoundedSemaphore(THREADS // 2)
"""Requests that make a document or wait for one. The other threads are left for everybody else's pages."""
WAIT_SECONDS = 0.5
"""How long a further request waits for its place."""
_lock = threading.Lock()
_made: WeakKeyDictionary[Trial, _Made] = WeakKeyDictionary()


def _board(trial: Trial, made: _Made, *, closed: bool) -> Board:
    if closed not in made.boards:
        made.boards[closed] = board(trial, closed=closed)
    return made.boards[closed]


def _saved(
    request: TrialRequest, document: str, file: str, paper: Callable[[_Made], Paper], *, back: str
) -> HttpResponseBase:
    """The document in a form, to be saved and not shown; made once for each head, whoever asks.

    Setting type takes seconds: a request that finds no place is sent back to the page named `back`, with word of it.
    """
    if file not in FORMATS:
        raise Http404
    head, key = request.trial.ledger.head().seq, (document, request.language, file)
    made = _made.get(request.trial)
    if made is None or made.head != head or key not in made.files:
        if not _places.acquire(timeout=WAIT_SECONDS):
            words = _("Other documents are being made just now. Try again in a moment.")
            messages.error(request, words, extra_tags="bad")
            return HttpResponseRedirect(reverse(back))
        try:
            made = _making(request.trial, head, key, file, paper)
        finally:
            _places.release()
    name, content = made.files[key]
    response = HttpResponse(content, content_type=CONTENT_TYPES[file])
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _making(
    trial: Trial, head: int, key: tuple[str, str, str], file: str, paper: Callable[[_Made], Paper]
) -> _Made:
    with _lock:
        made = _made.get(trial)
        if made is None or made.head != head:
            made = _made[trial] = _Made(head)
        if key not in made.files:
            (made.files[key],) = paper_files([paper(made)], [file])
        return made


def _links(page: str) -> list[tuple[str, str]]:
    return [(form.upper(), reverse(page, args=[form])) for form in ("pdf", "docx", "html")]


def board_pack(request: TrialRequest) -> HttpResponse:
    """What there is for the board, and who may have which part."""
    context = {
        "open": _links("board_open"),
        "closed": _links("board_closed") if sees_groups_compared(request) else [],
    }
    return render(request, "board_pack.html", context)


def board_open(request: TrialRequest, file: str) -> HttpResponseBase:
    """The open part: all participants together."""
    found = request.trial
    return _saved(
        request,
        OPEN,
        file,
        lambda made: PACKS[OPEN](_board(found, made, closed=False), request.language),
        back="board",
    )


def board_closed(request: TrialRequest, file: str) -> HttpResponseBase:
    """The closed part: by group, for the board alone, released or not."""
    if not sees_groups_compared(request):
        raise PermissionDenied
    found = request.trial
    return _saved(
        request,
        CLOSED,
        file,
        lambda made: PACKS[CLOSED](_board(found, made, closed=True), request.language),
        back="board",
    )


def standing_plan(trial: Trial) -> PlanStanding | None:
    """The signature that holds for the plan of the protocol in force; None where none does."""
    if not trial.state.analysis_plans:
        return None
    signed = signed_plan(trial)
    return signed if signed and signed.plan_hash == plan_hash(trial.protocol) else None


def analysis_plan(request: TrialRequest) -> HttpResponse:
    """The plan of the protocol in force: whether it is signed, and its documents."""
    trial = request.trial
    holds = standing_plan(trial)
    context = {
        "files": _links("analysis_plan_file"),
        "hash": plan_hash(trial.protocol),
        "signed": [(one, moment(one.signed_at)) for one in reversed(trial.state.analysis_plans)],
        "holds": holds,
        "may_sign": holds is None and may_open("sign_analysis_plan", request.someone.role, "POST"),
    }
    return render(request, "analysis_plan.html", context)


def analysis_plan_file(request: TrialRequest, file: str) -> HttpResponseBase:
    """The plan in a form."""
    trial, language = request.trial, request.language
    mode = trial.state.mode
    bands = [] if mode == "live" else [say(mode, language)]
    return _saved(
        request,
        "plan",
        file,
        lambda made: plan_paper(trial.protocol, language, standing_plan(trial), bands),
        back="analysis_plan",
    )

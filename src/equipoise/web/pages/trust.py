"""Whether the ledger is whole, where its head stands, who holds the seed, who may do what."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.allocation.guessing import guessing_probability
from equipoise.allocation.scheme import scheme_of
from equipoise.conduct.decide.context import zone_of
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.merkle import short_code
from equipoise.ledger.verification import Verification
from equipoise.trial import Trial

from ..access import PAGES, ROLES, Page
from ..labels import CHECKPOINT_LABELS, role_label, said, site_label
from ..request import TrialRequest
from ..vocabulary import local_time, text_said

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Verified:
    """A verification made by this process, and when (the trial's own time)."""

    verification: Verification
    at: str


_verified: WeakKeyDictionary[Ledger, Verified] = WeakKeyDictionary()
_verifying = threading.Lock()


def trust(request: TrialRequest) -> HttpResponse:
    """What is known now; a verification is made only when asked for."""
    trial, language = request.trial, request.language
    protocol, state = trial.protocol, trial.state
    zone = zone_of(protocol, protocol.identity.sites[0].id)
    head = trial.ledger.head()
    verified = _verified.get(trial.ledger)
    home = request.home
    rehearsal = home.rehearsal is not None
    answer, tone = _answer(verified, head.seq)
    checkpoint = trial.ledger.last_checkpoint()
    context = {
        "checkpoint": checkpoint,
        "checkpoint_at": local_time(checkpoint.time, zone) if checkpoint else "",
        "checkpoint_reason": said(CHECKPOINT_LABELS, checkpoint.reason) if checkpoint else "",
        "checkpoint_problem": trial.checkpoint_problem,
        "erasure_problem": trial.erasure_problem,
        "restorations": [
            (one, local_time(one.at, zone), local_time(one.taken_at, zone), text_said(one.reason))
            for one in reversed(state.restorations)
        ],
        "clock_steps": verified.verification.clock_steps[:SHOWN_PROBLEMS] if verified else (),
        "answer": answer,
        "tone": tone,
        "verified": verified,
        "verified_at": local_time(verified.at, zone) if verified else "",
        "root_code": short_code(verified.verification.root) if verified else "",
        "problems": [str(problem) for problem in verified.verification.problems[:SHOWN_PROBLEMS]]
        if verified
        else [],
        "problem_count": len(verified.verification.problems) if verified else 0,
        "behind": verified is not None and verified.verification.events < head.seq,
        "seq": head.seq,
        "hash": head.hash,
        "code": short_code(head.hash),
        "public_key": trial.ledger.public_key,
        "protocol_version": protocol.version,
        "commitment": state.commitment,
        "source": state.source,
        "revealed": state.revealed,
        "revealed_at": local_time(state.revealed.at, zone) if state.revealed else "",
        "rehearsal": rehearsal,
        "keeper": trial.keeper.place,
        "allocated": state.randomized,
        "guessing": _guessing(trial),
        "grants": [
            (person, role_label(role), site_label(protocol, site, language))
            for person, role, site in sorted(state.grants, key=lambda grant: (grant[2], grant[1]))
        ],
        "rights": [
            (
                role_label(grant.role),
                _("sees the allocation") if grant.sees_allocation else "",
                _("sees names") if grant.sees_identity else "",
                ", ".join(grant.may),
            )
            for grant in protocol.roles
        ],
        "pages": _pages(),
        "roles": [role_label(role) for role in ROLES],
        "commands": _commands(trial),
    }
    return render(request, "trust.html", context)


def trust_verify(request: TrialRequest) -> HttpResponseRedirect:
    """Recompute every hash and signature now, and go back to what that showed."""
    trial = request.trial
    with _verifying:
        ours = None if request.home.rehearsal else trial.clock_peek()
        verification = trial.ledger.verify(
            now=ours.isoformat(timespec="microseconds") if ours else None
        )
        _verified[trial.ledger] = Verified(verification, trial.clock_peek().isoformat())
    return HttpResponseRedirect(reverse("trust") + "#verified")


def _answer(verified: Verified | None, head: int) -> tuple[str, str]:
    if verified is None:
        return _("Not verified since this server was started; %(n)s events are in the ledger.") % {
            "n": head
        }, "warn"
    if not verified.verification.ok:
        return _("The ledger is not whole: see what was found."), "bad"
    return _("The ledger is whole: %(n)s events, every hash and signature recomputed.") % {
        "n": verified.verification.events
    }, "good"


def _guessing(trial: Trial) -> str:
    """How well the next allocation can be guessed by someone who knows all earlier ones, in percent."""
    randomization = trial.protocol.randomization
    if randomization is None:
        return ""
    size = trial.protocol.design.sample_size
    guessing = guessing_probability(scheme_of(randomization), size.target if size else 100)
    percent = f"{float(guessing.proportion):.1%}"
    return _("at most %(percent)s") % {"percent": percent} if guessing.bound else percent


def _pages() -> list[tuple[str, list[str]]]:
    """Every page with what each role may do there, from the permission table."""
    return [
        (page.about, [_right(page, role) for role in ROLES])
        for page in PAGES.values()
        if not page.everyone
    ]


def _right(page: Page, role: str) -> str:
    right = page.rights.get(role)
    if right is None:
        return ""
    return _("write") if right.endswith(":write") else _("read")


def _commands(trial: Trial) -> list[tuple[str, str]]:
    return [
        (
            _(
                "With Python alone: one file of its standard library recomputes every hash and signature."
            ),
            f"python3 verify.py HOME --key {trial.ledger.public_key}",
        ),
        (
            _(
                "With Equipoise: the same by other code, and the Merkle root to compare with a report."
            ),
            "equipoise verify HOME",
        ),
        (
            _(
                "Against a checkpoint that was kept away from this machine: what nothing on it can show."
            ),
            "equipoise verify HOME --checkpoint checkpoints.jsonl",
        ),
        (
            _(
                "After the trial, when the seed is revealed: every allocation again, against the commitment."
            ),
            "equipoise verify HOME"
            if trial.state.revealed
            else "equipoise verify HOME --reveal reveal.json",
        ),
    ]

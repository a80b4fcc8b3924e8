"""Decisions that end the masking: of one participant, or of the whole trial.

The allocation is told to the person who asked, and to nobody else: the event does not name it.
"""

from __future__ import annotations

import json

from equipoise.allocation.commitment import commitment_hash

from .. import commands as c
from .. import events as e
from ..reasons import reason
from ..refusal import Reason, RefusedError
from .context import Context, Decided

SHOWN = 5
"""How many participants still on study a refusal names."""


def _masking_reasons(context: Context, why: str) -> list[Reason]:
    masking = context.protocol.design.masking
    reasons = []
    if masking is None or masking.level == "none":
        reasons.append(reason("trial-not-masked"))
    if context.trial.unblinded:
        reasons.append(reason("already-unblinded"))
    if not why.strip():
        reasons.append(reason("no-reason", "reason"))
    return reasons


def unblind_participant(command: c.UnblindParticipant, context: Context) -> Decided:
    """Tell one person the allocation of one participant, also of one who has left the trial."""
    participant = context.known(command.participant)
    reasons = _masking_reasons(context, command.reason)
    if participant.randomized is None:
        reasons.append(reason("not-randomized", participant=participant.id))
    if reasons:
        raise RefusedError(reasons)
    decided = Decided().on_participant(
        participant, e.ParticipantUnblinded(kind=command.kind, reason=command.reason)
    )
    decided.answer = {"arm": participant.arm}
    return decided


def unblind_trial(command: c.UnblindTrial, context: Context) -> Decided:
    """Let every role see every allocation, once recruitment is closed and nobody is on study."""
    reasons = _masking_reasons(context, command.reason) + _unfinished(context)
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(e.TrialUnblinded(reason=command.reason))


def reveal_seed(command: c.RevealSeed, context: Context) -> Decided:
    """The end of concealment: only what was committed to, and only when nobody can be harmed by it.

    From the seed everybody can compute every arm. So a masked trial is unblinded first, and in any trial
    recruitment is closed and nobody is on study.
    """
    trial, masking = context.trial, context.protocol.design.masking
    if trial.commitment is None:
        raise RefusedError([reason("nothing-committed")])
    reasons = [reason("already-revealed")] if trial.revealed is not None else []
    if masking is not None and masking.level != "none" and not trial.unblinded:
        reasons.append(reason("not-yet-unblinded"))
    reasons += _unfinished(context)
    if not _committed_to(command, trial.commitment, trial.source):
        reasons.append(reason("another-seed", "seed"))
    if reasons:
        raise RefusedError(reasons)
    return Decided().on_trial(
        e.SeedRevealed(seed=command.seed, source=command.source, scheme=command.scheme)
    )


def _committed_to(command: c.RevealSeed, commitment: str, source: str | None) -> bool:
    """Whether seed, source and scheme give the commitment."""
    try:
        scheme = json.loads(command.scheme)
    except (ValueError, RecursionError):
        return False
    if not isinstance(scheme, dict) or command.source != source:
        return False
    return commitment_hash(command.seed, command.source, scheme) == commitment


def _unfinished(context: Context) -> list[Reason]:
    """What speaks for the trial not being over: recruitment, or somebody still on study."""
    reasons = [reason("recruitment-still-open")] if context.trial.recruitment_open else []
    on_study = [
        number
        for site in context.trial.sites.values()
        for number in (f"{site.id}-{n:04d}" for n in range(1, site.screened + 1))
        if (state := context.participant(number)) is not None and state.status == "randomized"
    ]
    if on_study:
        named = ", ".join(on_study[:SHOWN]) + (" …" if len(on_study) > SHOWN else "")
        reasons.append(reason("participants-on-study", n=len(on_study), named=named))
    return reasons

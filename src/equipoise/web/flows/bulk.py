"""Doing the same to many: each a command of its own, what is refused is listed, the rest is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib import messages
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from equipoise.conduct.commands import Command
from equipoise.conduct.refusal import Refusal
from equipoise.web.request import TrialRequest

from .acting import act

MOST = 100
"""Commands of one request."""


@dataclass(slots=True)
class Tally:
    """What became of many: how many were done, and (label, why) of each refused."""

    done: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)


def act_on_each(request: TrialRequest, commands: Iterable[tuple[str, Command]]) -> Tally:
    """Give each command to the trial; `commands` are labels, told apart by them, and what to do."""
    tally = Tally()
    for label, command in commands:
        outcome = act(request, command, part=label)
        if isinstance(outcome, Refusal):
            why = "; ".join(one.message.in_language(request.language) for one in outcome.reasons)
            tally.refused.append((label, why))
        else:
            tally.done += 1
    return tally


def tell(request: TrialRequest, tally: Tally) -> None:
    """Say on the next page how many were done, and name each that was refused with its reason."""
    if tally.done:
        words = ngettext("%(n)s was done.", "%(n)s were done.", tally.done) % {"n": tally.done}
        messages.success(request, words, extra_tags="good")
    for label, why in tally.refused:
        words = _("%(what)s was refused: %(why)s.") % {"what": label, "why": why}
        messages.error(request, words, extra_tags="bad")

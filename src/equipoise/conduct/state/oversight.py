"""What is known of the trial's oversight: halts of recruitment.

A state is replaced, never changed: each fold answers a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .. import events as e


@dataclass(frozen=True, slots=True)
class Restart:
    """How a halt was lifted: on whose authorization, by which document."""

    authorized_by: str
    authorized_on: date
    reference: str
    reason: str
    at: str
    actor: str


@dataclass(frozen=True, slots=True)
class Halt:
    """A halt of recruitment at a site, or (empty) in the whole trial."""

    number: int
    site: str
    ordered_by: str
    ordered_on: date
    reason: str
    at: str
    actor: str
    restart: Restart | None = None


@dataclass(frozen=True, slots=True)
class Oversight:
    """Everything about the trial's oversight, in the order in which it happened."""

    halts: tuple[Halt, ...] = ()

    def standing_halts(self, site: str) -> tuple[Halt, ...]:
        """The halts that stop recruitment at a site now, the trial's own included."""
        return tuple(
            one for one in self.halts if one.restart is None and one.site in ("", site)
        )  # fmt: skip


def _halted(
    state: Oversight, h: e.RecruitmentHalted, site: str, at: str, actor: str
) -> Oversight:  # fmt: skip
    day = date.fromisoformat(h.ordered_on)
    halt = Halt(h.halt, site, h.ordered_by, day, h.reason, at, actor)
    return replace(state, halts=(*state.halts, halt))


def _restarted(
    state: Oversight, h: e.RecruitmentRestarted, site: str, at: str, actor: str
) -> Oversight:
    day = date.fromisoformat(h.authorized_on)
    restart = Restart(h.authorized_by, day, h.reference, h.reason, at, actor)
    halts = tuple(
        replace(one, restart=restart) if one.number == h.halt else one for one in state.halts
    )
    return replace(state, halts=halts)


OVERSIGHT_FOLDS: dict[type[e.Happening], Callable[[Oversight, Any, str, str, str], Oversight]] = {
    e.RecruitmentHalted: _halted,
    e.RecruitmentRestarted: _restarted,
}
"""How each of these events changes the state: (state, event, site, server time, actor)."""

"""Freezing, locking and unlocking."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class FormHeld(Happening):
    """`hold` is `frozen`, `locked`, or `open` again."""

    visit: str
    form: str
    repeat: str
    hold: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantHeld(Happening):
    """All data of the participant; `hold` as in `FormHeld`."""

    hold: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteHeld(Happening):
    """All data of the event's site; `hold` as in `FormHeld`."""

    hold: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLocked(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialUnlocked(Happening):
    reason: str = field(metadata=SEALED_TEXT)

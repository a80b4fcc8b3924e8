"""Freezing, locking and unlocking."""

from __future__ import annotations

from .base import Happening, SealedText


class FormHeld(Happening, frozen=True, kw_only=True):
    """`hold` is `frozen`, `locked`, or `open` again."""

    visit: str
    form: str
    repeat: str
    hold: str
    reason: SealedText


class ParticipantHeld(Happening, frozen=True, kw_only=True):
    """All data of the participant; `hold` as in `FormHeld`."""

    hold: str
    reason: SealedText


class SiteHeld(Happening, frozen=True, kw_only=True):
    """All data of the event's site; `hold` as in `FormHeld`."""

    hold: str
    reason: SealedText


class TrialLocked(Happening, frozen=True, kw_only=True):
    reason: SealedText


class TrialUnlocked(Happening, frozen=True, kw_only=True):
    reason: SealedText

"""Breaking the blind, of one participant or of the whole trial."""

from __future__ import annotations

from .base import Happening, SealedText


class TrialUnblinded(Happening, frozen=True, kw_only=True):
    reason: SealedText


class SeedRevealed(Happening, frozen=True, kw_only=True):
    """What was committed to, in the clear: `scheme` is canonical JSON."""

    seed: str
    source: str
    scheme: str


class ParticipantUnblinded(Happening, frozen=True, kw_only=True):
    """The event's actor was told the allocation; it is not repeated here."""

    kind: str
    reason: SealedText

"""Breaking the blind, of one participant or of the whole trial."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialUnblinded(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRevealed(Happening):
    """What was committed to, in the clear: `scheme` is canonical JSON."""

    seed: str
    source: str
    scheme: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantUnblinded(Happening):
    """The event's actor was told the allocation; it is not repeated here."""

    kind: str
    reason: str = field(metadata=SEALED_TEXT)

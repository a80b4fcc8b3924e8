"""Ends of a participation."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantWithdrawn(Happening):
    scope: str
    category: str
    on: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantTransferred(Happening):
    from_site: str
    to_site: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParticipantCompleted(Happening):
    on: str

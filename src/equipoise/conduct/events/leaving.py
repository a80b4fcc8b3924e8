"""Ends of a participation."""

from __future__ import annotations

from .base import Happening, SealedText


class ParticipantWithdrawn(Happening, frozen=True, kw_only=True):
    scope: str
    category: str
    on: str
    reason: SealedText


class ParticipantTransferred(Happening, frozen=True, kw_only=True):
    from_site: str
    to_site: str
    reason: SealedText


class ParticipantCompleted(Happening, frozen=True, kw_only=True):
    on: str

"""The documented review of the audit trail."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailReviewed(Happening):
    """Signed by the event's actor, for the event's site or (without one) the trial.

    `content_hash` is the SHA-256 of what was signed; `upto` the ledger position up to which it was seen.
    """

    number: int
    since: str
    until: str
    upto: int
    conclusion: str
    content_hash: str
    meaning: str
    looked_at: str = field(metadata=SEALED_TEXT)
    findings: str = field(metadata=SEALED_TEXT)

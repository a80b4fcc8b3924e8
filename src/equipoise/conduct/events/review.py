"""The documented review of the audit trail."""

from __future__ import annotations

from .base import Happening, SealedText


class TrailReviewed(Happening, frozen=True, kw_only=True):
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
    looked_at: SealedText
    findings: SealedText

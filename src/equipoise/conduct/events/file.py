"""The essential-document log and the ethics committees' continuing review."""

from __future__ import annotations

from typing import Literal

from .base import Happening, SealedText

EthicsDecision = Literal["submitted", "approved", "approved_with_conditions", "not_approved"]
"""A report was sent to the committee, or what the committee decided."""


class DocumentFiled(Happening, frozen=True, kw_only=True):
    """For the event's site, or (without one) for the trial. `expires_on` is empty where it holds without end."""

    number: int
    document: str
    about: str
    version: str
    dated: str
    expires_on: str
    sha256: str
    location: SealedText


class DocumentWithdrawn(Happening, frozen=True, kw_only=True):
    number: int
    reason: SealedText


class EthicsReviewRecorded(Happening, frozen=True, kw_only=True):
    """At the event's site. `valid_until` is empty where the committee named no day."""

    decision: EthicsDecision
    on: str
    reference: str
    valid_until: str

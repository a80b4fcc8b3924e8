"""The essential-document log and the ethics committees' continuing review."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .base import SEALED_TEXT, Happening

EthicsDecision = Literal["submitted", "approved", "approved_with_conditions", "not_approved"]
"""A report was sent to the committee, or what the committee decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFiled(Happening):
    """For the event's site, or (without one) for the trial. `expires_on` is empty where it holds without end."""

    number: int
    document: str
    about: str
    version: str
    dated: str
    expires_on: str
    sha256: str
    location: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentWithdrawn(Happening):
    number: int
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EthicsReviewRecorded(Happening):
    """At the event's site. `valid_until` is empty where the committee named no day."""

    decision: EthicsDecision
    on: str
    reference: str
    valid_until: str

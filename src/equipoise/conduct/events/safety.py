"""Adverse events and the reports they call for."""

from __future__ import annotations

from .base import Happening, SealedText


class AdverseEventReported(Happening, frozen=True, kw_only=True):
    """`term` is a protocol term's id, or `other` with the words in `verbatim`."""

    number: int
    term: str
    verbatim: SealedText
    grade: int
    scale: str
    started_on: str
    ended_on: str | None
    seriousness: tuple[str, ...]
    causality: dict[str, str]
    outcome: str
    action: str
    narrative: SealedText


class AdverseEventUpdated(Happening, frozen=True, kw_only=True):
    """The whole event after the change, and which fields changed."""

    number: int
    changed: tuple[str, ...]
    grade: int
    ended_on: str | None
    seriousness: tuple[str, ...]
    causality: dict[str, str]
    outcome: str
    action: str
    narrative: SealedText
    reason: SealedText


class SafetyClockStarted(Happening, frozen=True, kw_only=True):
    number: int
    clock: str
    due_at: str
    to: str


class SafetyReportSubmitted(Happening, frozen=True, kw_only=True):
    number: int
    clock: str
    sent_to: str
    on_time: bool

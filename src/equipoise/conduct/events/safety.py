"""Adverse events and the reports they call for."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventReported(Happening):
    """`term` is a protocol term's id, or `other` with the words in `verbatim`."""

    number: int
    term: str
    verbatim: str = field(metadata=SEALED_TEXT)
    grade: int
    scale: str
    started_on: str
    ended_on: str | None
    seriousness: tuple[str, ...]
    causality: dict[str, str]
    outcome: str
    action: str
    narrative: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdverseEventUpdated(Happening):
    """The whole event after the change, and which fields changed."""

    number: int
    changed: tuple[str, ...]
    grade: int
    ended_on: str | None
    seriousness: tuple[str, ...]
    causality: dict[str, str]
    outcome: str
    action: str
    narrative: str = field(metadata=SEALED_TEXT)
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyClockStarted(Happening):
    number: int
    clock: str
    due_at: str
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyReportSubmitted(Happening):
    number: int
    clock: str
    sent_to: str
    on_time: bool

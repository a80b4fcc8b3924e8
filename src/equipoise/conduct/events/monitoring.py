"""Monitoring visits with their reports and actions, and the assessment of deviations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .base import SEALED_TEXT, Happening

VisitKind = Literal["initiation", "routine", "close_out", "remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringVisitPlanned(Happening):
    visit: int
    kind: VisitKind
    planned_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringVisitCancelled(Happening):
    visit: int
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRecorded(Happening):
    visit: int
    finding: int
    owner: str
    due: str
    important: bool
    text: str = field(metadata=SEALED_TEXT)
    action: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingResolved(Happening):
    visit: int
    finding: int
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringReportSigned(Happening):
    """`facts` are counts the ledger held when it was signed, by name (`equipoise.conduct.visiting`)."""

    visit: int
    began_on: str
    ended_on: str
    consents_checked: tuple[str, ...]
    facts: Mapping[str, int]
    content_hash: str
    meaning: str
    attendees: str = field(metadata=SEALED_TEXT)
    reviewed: str = field(metadata=SEALED_TEXT)
    conclusion: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringReportAcknowledged(Happening):
    """The signature stands on the report with this hash."""

    visit: int
    content_hash: str
    meaning: str
    comment: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationAssessed(Happening):
    deviation: int
    important: bool
    reason: str = field(metadata=SEALED_TEXT)

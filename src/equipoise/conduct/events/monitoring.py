"""Monitoring visits with their reports and actions, and the assessment of deviations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from .base import Happening, SealedText

VisitKind = Literal["initiation", "routine", "close_out", "remote"]


class MonitoringVisitPlanned(Happening, frozen=True, kw_only=True):
    visit: int
    kind: VisitKind
    planned_on: str


class MonitoringVisitCancelled(Happening, frozen=True, kw_only=True):
    visit: int
    reason: SealedText


class FindingRecorded(Happening, frozen=True, kw_only=True):
    visit: int
    finding: int
    owner: str
    due: str
    important: bool
    text: SealedText
    action: SealedText


class FindingResolved(Happening, frozen=True, kw_only=True):
    visit: int
    finding: int
    text: SealedText


class MonitoringReportSigned(Happening, frozen=True, kw_only=True):
    """`facts` are counts the ledger held when it was signed, by name (`equipoise.conduct.visiting`)."""

    visit: int
    began_on: str
    ended_on: str
    consents_checked: tuple[str, ...]
    facts: Mapping[str, int]
    content_hash: str
    meaning: str
    attendees: SealedText
    reviewed: SealedText
    conclusion: SealedText


class MonitoringReportAcknowledged(Happening, frozen=True, kw_only=True):
    """The signature stands on the report with this hash."""

    visit: int
    content_hash: str
    meaning: str
    comment: SealedText


class DeviationAssessed(Happening, frozen=True, kw_only=True):
    deviation: int
    important: bool
    reason: SealedText

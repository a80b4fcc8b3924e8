"""Monitoring visits with their reports and actions, and the assessment of deviations."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from ..events import VisitKind
from .base import Command


class PlanMonitoringVisit(Command, frozen=True, kw_only=True):
    """A monitor will visit a site, or look at it from afar."""

    site: str
    kind: VisitKind
    planned_on: date


class CancelMonitoringVisit(Command, frozen=True, kw_only=True):
    """A planned visit will not take place."""

    site: str
    visit: int
    reason: str


class RecordFinding(Command, frozen=True, kw_only=True):
    """What a visit found, what is to be done about it, by whom (an account), and until when."""

    site: str
    visit: int
    text: str
    action: str
    owner: str
    due: date
    important: bool = False


class ResolveFinding(Command, frozen=True, kw_only=True):
    """The action of a finding is done."""

    site: str
    visit: int
    finding: int
    text: str


class SignMonitoringReport(Command, frozen=True, kw_only=True):
    """The monitor signs the report of a visit: what the ledger holds of it is filled in and signed along.

    `consents_checked` are participants whose signed consent forms were seen.
    """

    binds: ClassVar[bool] = True
    site: str
    visit: int
    began_on: date
    ended_on: date
    attendees: str
    reviewed: str
    conclusion: str
    consents_checked: tuple[str, ...] = ()


class AcknowledgeMonitoringReport(Command, frozen=True, kw_only=True):
    """The investigator has read the signed report."""

    binds: ClassVar[bool] = True
    site: str
    visit: int
    comment: str = ""


class AssessDeviation(Command, frozen=True, kw_only=True):
    """Whether a deviation is important: may it bear on rights, safety, well-being, or the reliability of results?"""

    participant: str
    deviation: int
    important: bool
    reason: str

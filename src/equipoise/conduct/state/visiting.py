"""Monitoring visits as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from .. import events as e

VisitStatus = Literal["planned", "cancelled", "signed", "acknowledged"]


class Finding(Struct, frozen=True):
    """A finding of a visit and its action. `resolved` says what was done."""

    number: int
    text: str
    action: str
    owner: str
    due: date
    important: bool
    at: str
    actor: str
    resolved: str = ""
    resolved_at: str = ""
    resolved_by: str = ""


class Report(Struct, frozen=True):
    """A signed report."""

    began_on: date
    ended_on: date
    attendees: str
    reviewed: str
    conclusion: str
    consents_checked: tuple[str, ...]
    facts: Mapping[str, int]
    content_hash: str
    meaning: str
    signed_at: str
    signed_by: str
    comment: str = ""
    acknowledged_meaning: str = ""
    acknowledged_at: str = ""
    acknowledged_by: str = ""


class MonitoringVisit(Struct, frozen=True):
    """A visit to a site, numbered within the trial."""

    number: int
    site: str
    kind: e.VisitKind
    planned_on: date
    at: str
    actor: str
    findings: tuple[Finding, ...] = ()
    report: Report | None = None
    cancelled: str = ""

    @property
    def status(self) -> VisitStatus:
        """Where the visit stands."""
        if self.cancelled:
            return "cancelled"
        if self.report is None:
            return "planned"
        return "acknowledged" if self.report.acknowledged_at else "signed"

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        """Findings whose action is still to be done."""
        return () if self.cancelled else tuple(one for one in self.findings if not one.resolved_at)


VISIT_EVENTS = (
    e.MonitoringVisitCancelled,
    e.FindingRecorded,
    e.FindingResolved,
    e.MonitoringReportSigned,
    e.MonitoringReportAcknowledged,
)
"""What happens to a visit once it is planned."""


def visit_after(
    visit: MonitoringVisit, happening: e.Happening, at: str, actor: str
) -> MonitoringVisit:
    """The visit after one more of `VISIT_EVENTS`."""
    match happening:
        case e.MonitoringVisitCancelled():
            return replace(visit, cancelled=happening.reason)
        case e.FindingRecorded():
            found = Finding(
                happening.finding,
                happening.text,
                happening.action,
                happening.owner,
                date.fromisoformat(happening.due),
                happening.important,
                at,
                actor,
            )
            return replace(visit, findings=(*visit.findings, found))
        case e.FindingResolved():
            findings = tuple(
                replace(one, resolved=happening.text, resolved_at=at, resolved_by=actor)
                if one.number == happening.finding
                else one
                for one in visit.findings
            )
            return replace(visit, findings=findings)
        case e.MonitoringReportSigned():
            report = Report(
                date.fromisoformat(happening.began_on),
                date.fromisoformat(happening.ended_on),
                happening.attendees,
                happening.reviewed,
                happening.conclusion,
                happening.consents_checked,
                dict(happening.facts),
                happening.content_hash,
                happening.meaning,
                at,
                actor,
            )
            return replace(visit, report=report)
        case e.MonitoringReportAcknowledged() if visit.report is not None:
            report = replace(
                visit.report,
                comment=happening.comment,
                acknowledged_meaning=happening.meaning,
                acknowledged_at=at,
                acknowledged_by=actor,
            )
            return replace(visit, report=report)
    raise TypeError(f"{type(happening).__name__} does not follow on a planned visit")


__all__ = ["VISIT_EVENTS", "Finding", "MonitoringVisit", "Report", "VisitStatus", "visit_after"]

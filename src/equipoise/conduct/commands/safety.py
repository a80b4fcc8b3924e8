"""Adverse events and the reports they call for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from msgspec import field

from .base import Command

Seriousness = Literal[
    "death", "life_threatening", "hospitalization", "disability", "congenital_anomaly", "important_medical_event"
]  # fmt: skip
Causality = Literal["not_related", "unlikely", "possible", "probable", "definite"]
Outcome = Literal["recovered", "recovering", "not_recovered", "sequelae", "fatal", "unknown"]


class ReportAdverseEvent(Command, frozen=True, kw_only=True):
    """An adverse event. With `seriousness` it is an SAE and its clocks start at the first report."""

    participant: str
    term: str
    """Id of a protocol term, or free text (sealed)."""
    grade: int
    started_on: date
    ended_on: date | None = None
    seriousness: tuple[Seriousness, ...] = ()
    causality: Mapping[str, Causality] = field(default_factory=dict)
    outcome: Outcome = "unknown"
    action: str = "none"
    narrative: str = ""


class UpdateAdverseEvent(Command, frozen=True, kw_only=True):
    """Change what is known of an adverse event; only the fields given change."""

    participant: str
    number: int
    grade: int | None = None
    ended_on: date | None = None
    seriousness: tuple[Seriousness, ...] | None = None
    causality: Mapping[str, Causality] | None = None
    outcome: Outcome | None = None
    action: str | None = None
    narrative: str = ""
    reason: str = ""


class SubmitSafetyReport(Command, frozen=True, kw_only=True):
    """A report on an SAE was sent; stops the named clock."""

    participant: str
    number: int
    clock: str
    sent_to: str

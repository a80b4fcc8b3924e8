"""Opening and closing a trial and its sites, and what a site brings to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCreated(Happening):
    title: str
    public_key: str
    rehearsal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingDeclared(Happening):
    """The trial serves training. It follows `TrialCreated` at once, and is written at no other time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomizationCommitted(Happening):
    commitment: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOpened(Happening):
    ethics_approval: str
    approved_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteClosed(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecruitmentClosed(Happening):
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryRangeSet(Happening):
    item: str
    lower: str | None
    upper: str | None
    unit: str
    valid_from: str
    sex: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsReleased(Happening):
    pass

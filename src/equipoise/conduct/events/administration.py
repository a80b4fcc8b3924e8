"""Opening and closing a trial and its sites, and what a site brings to it."""

from __future__ import annotations

from .base import Happening, SealedText


class TrialCreated(Happening, frozen=True, kw_only=True):
    title: str
    public_key: str
    rehearsal: bool


class TrainingDeclared(Happening, frozen=True, kw_only=True):
    """The trial serves training. It follows `TrialCreated` at once, and is written at no other time."""


class RandomizationCommitted(Happening, frozen=True, kw_only=True):
    commitment: str
    source: str


class SiteOpened(Happening, frozen=True, kw_only=True):
    ethics_approval: str
    approved_on: str


class SiteClosed(Happening, frozen=True, kw_only=True):
    reason: SealedText


class RecruitmentClosed(Happening, frozen=True, kw_only=True):
    reason: SealedText


class LaboratoryRangeSet(Happening, frozen=True, kw_only=True):
    item: str
    lower: str | None
    upper: str | None
    unit: str
    valid_from: str
    sex: str | None


class ResultsReleased(Happening, frozen=True, kw_only=True):
    pass

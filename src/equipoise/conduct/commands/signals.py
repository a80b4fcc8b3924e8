"""Signals of central monitoring: opened as an issue, assessed, closed."""

from __future__ import annotations

from dataclasses import dataclass

from ..events import SignalConclusion
from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSignal(Command):
    """A site differs in a statistic (`kind.subject`) of the data cut at a ledger position: look into it."""

    site: str
    statistic: str
    cut: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessSignal(Command):
    """What was looked at and what it says."""

    site: str
    signal: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSignal(Command):
    """The signal is settled, and why."""

    site: str
    signal: int
    conclusion: SignalConclusion
    reason: str

"""Signals of central monitoring: opened as an issue, assessed, closed."""

from __future__ import annotations

from ..events import SignalConclusion
from .base import Command


class OpenSignal(Command, frozen=True, kw_only=True):
    """A site differs in a statistic (`kind.subject`) of the data cut at a ledger position: look into it."""

    site: str
    statistic: str
    cut: int
    text: str


class AssessSignal(Command, frozen=True, kw_only=True):
    """What was looked at and what it says."""

    site: str
    signal: int
    text: str


class CloseSignal(Command, frozen=True, kw_only=True):
    """The signal is settled, and why."""

    site: str
    signal: int
    conclusion: SignalConclusion
    reason: str

"""Signals of central monitoring: opened as an issue, assessed, closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .base import SEALED_TEXT, Happening

SignalConclusion = Literal["explained", "corrected", "confirmed"]
"""There is a good reason; something was wrong and has been mended; or it is confirmed and followed up as an issue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalOpened(Happening):
    signal: int
    statistic: str
    cut: int
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAssessed(Happening):
    signal: int
    text: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalClosed(Happening):
    signal: int
    conclusion: SignalConclusion
    reason: str = field(metadata=SEALED_TEXT)

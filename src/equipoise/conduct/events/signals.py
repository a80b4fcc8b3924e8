"""Signals of central monitoring: opened as an issue, assessed, closed."""

from __future__ import annotations

from typing import Literal

from .base import Happening, SealedText

SignalConclusion = Literal["explained", "corrected", "confirmed"]
"""There is a good reason; something was wrong and has been mended; or it is confirmed and followed up as an issue."""


class SignalOpened(Happening, frozen=True, kw_only=True):
    signal: int
    statistic: str
    cut: int
    text: SealedText


class SignalAssessed(Happening, frozen=True, kw_only=True):
    signal: int
    text: SealedText


class SignalClosed(Happening, frozen=True, kw_only=True):
    signal: int
    conclusion: SignalConclusion
    reason: SealedText

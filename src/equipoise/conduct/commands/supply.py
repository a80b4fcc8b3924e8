"""Investigational product handed out and brought back."""

from __future__ import annotations

from .base import Command


class DispenseSupply(Command, frozen=True, kw_only=True):
    """Units handed out."""

    participant: str
    intervention: str
    units: int


class ReturnSupply(Command, frozen=True, kw_only=True):
    """Units brought back: unused, and used (empty)."""

    participant: str
    intervention: str
    unused: int
    used: int

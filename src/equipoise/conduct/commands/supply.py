"""Investigational product handed out and brought back."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class DispenseSupply(Command):
    """Units handed out."""

    participant: str
    intervention: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSupply(Command):
    """Units brought back: unused, and used (empty)."""

    participant: str
    intervention: str
    unused: int
    used: int

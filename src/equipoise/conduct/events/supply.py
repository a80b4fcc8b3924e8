"""Investigational product handed out and brought back."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyOrdered(Happening):
    intervention: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyDispensed(Happening):
    intervention: str
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyReturned(Happening):
    intervention: str
    unused: int
    used: int

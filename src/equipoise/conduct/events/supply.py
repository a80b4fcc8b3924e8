"""Investigational product handed out and brought back."""

from __future__ import annotations

from .base import Happening


class SupplyOrdered(Happening, frozen=True, kw_only=True):
    intervention: str
    units: int


class SupplyDispensed(Happening, frozen=True, kw_only=True):
    intervention: str
    units: int


class SupplyReturned(Happening, frozen=True, kw_only=True):
    intervention: str
    unused: int
    used: int

"""Halting recruitment and starting it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .base import SEALED_TEXT, Happening

Authority = Literal["sponsor", "dsmb", "ethics_committee", "regulator", "investigator"]
"""Who may order that recruitment is halted: everybody whom ICH E6(R3) lets suspend a trial or a part of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecruitmentHalted(Happening):
    """At the event's site, or (without one) in the whole trial."""

    halt: int
    ordered_by: str
    ordered_on: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecruitmentRestarted(Happening):
    """The halt with this number is lifted."""

    halt: int
    authorized_by: str
    authorized_on: str
    reference: str
    reason: str = field(metadata=SEALED_TEXT)

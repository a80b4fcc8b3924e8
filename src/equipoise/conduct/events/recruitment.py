"""Halting recruitment and starting it again."""

from __future__ import annotations

from typing import Literal

from .base import Happening, SealedText

Authority = Literal["sponsor", "dsmb", "ethics_committee", "regulator", "investigator"]
"""Who may order that recruitment is halted: everybody whom ICH E6(R3) lets suspend a trial or a part of it."""


class RecruitmentHalted(Happening, frozen=True, kw_only=True):
    """At the event's site, or (without one) in the whole trial."""

    halt: int
    ordered_by: str
    ordered_on: str
    reason: SealedText


class RecruitmentRestarted(Happening, frozen=True, kw_only=True):
    """The halt with this number is lifted."""

    halt: int
    authorized_by: str
    authorized_on: str
    reference: str
    reason: SealedText

"""Halting recruitment and starting it again."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from ..events import Authority
from .base import Command


class HaltRecruitment(Command, frozen=True, kw_only=True):
    """Stop recruitment for the time being, at one site or (empty) everywhere; who is enrolled goes on.

    `ordered_on` is the day on which the authority's order took effect.
    """

    binds: ClassVar[bool] = True
    site: str = ""
    ordered_by: Authority
    ordered_on: date
    reason: str


class RestartRecruitment(Command, frozen=True, kw_only=True):
    """Lift one halt, by its number, with the authorization of the authority that had ordered it.

    `reference` names the document that authorizes it. Other halts of the same place stand on.
    """

    binds: ClassVar[bool] = True
    halt: int
    authorized_by: Authority
    authorized_on: date
    reference: str
    reason: str

"""The documented review of the audit trail."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from .base import Command


class ReviewTrail(Command, frozen=True, kw_only=True):
    """Sign that the audit trail of a site, or (no site) of the trial, was reviewed.

    `since` to `until` is the period looked at, `upto` the ledger position the reviewer saw it up to.
    """

    binds: ClassVar[bool] = True
    site: str = ""
    since: date
    until: date
    upto: int
    looked_at: str
    conclusion: Literal["in_order", "findings"]
    findings: str = ""
    meaning: str = "reviewed the audit trail"

"""The essential-document log and the ethics committees' continuing review."""

from __future__ import annotations

from datetime import date

from ..events import EthicsDecision
from .base import Command


class FileDocument(Command, frozen=True, kw_only=True):
    """A record of the trial, or of a site, is on file; the file itself may lie elsewhere.

    `document` is one of the protocol's `monitoring.essential_documents`, `about` the person whose record it is (a
    curriculum vitae), `location` where it is filed, `sha256` the hash of the file (hex), where there is one.
    """

    document: str
    site: str = ""
    about: str = ""
    version: str = ""
    dated: date
    expires_on: date | None = None
    location: str
    sha256: str = ""


class WithdrawDocument(Command, frozen=True, kw_only=True):
    """A line of the log was wrong; it stays in sight, with the reason."""

    number: int
    reason: str


class RecordEthicsReview(Command, frozen=True, kw_only=True):
    """A step of the continuing review at a site: what was sent in, or what the committee decided.

    `valid_until` is the last day of the approval where the committee names one.
    """

    site: str
    decision: EthicsDecision
    on: date
    reference: str
    valid_until: date | None = None

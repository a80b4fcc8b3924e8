"""Opening and closing a trial and its sites, and what a site brings to it."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from ..events import Mode
from .base import Command


class CreateTrial(Command, frozen=True, kw_only=True):
    """Begin a ledger: names the trial, the protocol version and the ledger's public key (hex)."""

    public_key: str
    mode: Mode = "live"


class CommitRandomization(Command, frozen=True, kw_only=True):
    """Write the keeper's commitment to its seed and scheme; before it nobody can be randomized."""

    commitment: str
    source: str
    """`hmac-sha256` for a real trial, `philox` for a rehearsal."""


class OpenSite(Command, frozen=True, kw_only=True):
    """Let a site recruit under the protocol version in force, with its ethics approval."""

    binds: ClassVar[bool] = True
    site: str
    ethics_approval: str
    approved_on: date


class CloseSite(Command, frozen=True, kw_only=True):
    """Stop a site's recruitment; follow-up goes on."""

    binds: ClassVar[bool] = True
    site: str
    reason: str


class CloseRecruitment(Command, frozen=True, kw_only=True):
    """Stop recruitment everywhere (the target is reached, or a decision was taken)."""

    binds: ClassVar[bool] = True
    reason: str


class SetLaboratoryRange(Command, frozen=True, kw_only=True):
    """A site laboratory's reference range for an item, valid from a day on. Bounds in `unit`."""

    site: str
    item: str
    lower: str | None
    upper: str | None
    unit: str
    valid_from: date
    sex: str | None = None


class ReleaseResults(Command, frozen=True, kw_only=True):
    """Let the public record show participant flow, outcomes and safety, as the data are now."""

    binds: ClassVar[bool] = True

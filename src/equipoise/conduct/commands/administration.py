"""Opening and closing a trial and its sites, and what a site brings to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ..events import Mode
from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrial(Command):
    """Begin a ledger: names the trial, the protocol version and the ledger's public key (hex)."""

    public_key: str
    mode: Mode = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitRandomization(Command):
    """Write the keeper's commitment to its seed and scheme; before it nobody can be randomized."""

    commitment: str
    source: str
    """`hmac-sha256` for a real trial, `philox` for a rehearsal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSite(Command):
    """Let a site recruit under the protocol version in force, with its ethics approval."""

    binds: ClassVar[bool] = True
    site: str
    ethics_approval: str
    approved_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSite(Command):
    """Stop a site's recruitment; follow-up goes on."""

    binds: ClassVar[bool] = True
    site: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseRecruitment(Command):
    """Stop recruitment everywhere (the target is reached, or a decision was taken)."""

    binds: ClassVar[bool] = True
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLaboratoryRange(Command):
    """A site laboratory's reference range for an item, valid from a day on. Bounds in `unit`."""

    site: str
    item: str
    lower: str | None
    upper: str | None
    unit: str
    valid_from: date
    sex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseResults(Command):
    """Let the public record show participant flow, outcomes and safety, as the data are now."""

    binds: ClassVar[bool] = True

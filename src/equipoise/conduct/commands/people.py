"""Who may act: roles, delegated tasks, training, the review of access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRole(Command):
    """Give a person a role, at one site or (empty) at all."""

    person: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRole(Command):
    """Take a role back."""

    person: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateTasks(Command):
    """The investigator delegates a role's tasks at a site to a person (ICH E6(R3) 2.3).

    `since` is today at the site where it is left out, and never earlier; `until` is the last day.
    """

    site: str
    person: str
    role: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDelegation(Command):
    """The investigator ends a delegation, by its number at the site, from now on."""

    site: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordTraining(Command):
    """A person was trained in `subject`: `gcp`, or a protocol version by its hash."""

    person: str
    subject: str
    trained_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAccess(Command):
    """Sign that the list of accounts and grants with this hash (SHA-256, hex) was gone through."""

    list_hash: str
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetSecondFactor(Command):
    """A person's second factor is taken back, for instance because the device is lost."""

    person: str
    reason: str

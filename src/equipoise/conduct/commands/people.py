"""Who may act: roles, delegated tasks, training, the review of access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ..events import FactorChange
from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRole(Command):
    """Give a person a role, at one site or (empty) at all."""

    binds: ClassVar[bool] = True
    person: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRole(Command):
    """Take a role back."""

    binds: ClassVar[bool] = True
    person: str
    role: str
    site: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateTasks(Command):
    """The investigator delegates a role's tasks at a site to a person (ICH E6(R3) 2.3).

    `since` is today at the site where it is left out, and never earlier; `until` is the last day.
    """

    binds: ClassVar[bool] = True
    site: str
    person: str
    role: str
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDelegation(Command):
    """The investigator ends a delegation, by its number at the site, from now on."""

    binds: ClassVar[bool] = True
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

    binds: ClassVar[bool] = True
    list_hash: str
    accounts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetSecondFactor(Command):
    """A person's second factor is taken back, for instance because the device is lost."""

    binds: ClassVar[bool] = True
    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkIdentity(Command):
    """Whoever brings it may sign in from now on with an identity at an outside issuer (OpenID Connect).

    `identity` is the SHA-256 (hex) of issuer and subject, so that the subject itself is kept nowhere. It
    replaces the identity linked before.
    """

    issuer: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlinkIdentity(Command):
    """The identity linked with a person opens the account no more. Anybody may end their own; another's,
    who grants roles."""

    person: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSecondFactor(Command):
    """Whoever brings it has changed their own second factor; the credentials themselves stay with the installation."""

    change: FactorChange

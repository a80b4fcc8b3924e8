"""Who may act: roles, delegated tasks, training, the review of access."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from ..events import FactorChange
from .base import Command


class GrantRole(Command, frozen=True, kw_only=True):
    """Give a person a role, at one site or (empty) at all."""

    binds: ClassVar[bool] = True
    person: str
    role: str
    site: str = ""


class RevokeRole(Command, frozen=True, kw_only=True):
    """Take a role back."""

    binds: ClassVar[bool] = True
    person: str
    role: str
    site: str = ""


class DelegateTasks(Command, frozen=True, kw_only=True):
    """The investigator delegates a role's tasks at a site to a person (ICH E6(R3) 2.3).

    `since` is today at the site where it is left out, and never earlier; `until` is the last day.
    """

    binds: ClassVar[bool] = True
    site: str
    person: str
    role: str
    since: date | None = None
    until: date | None = None


class EndDelegation(Command, frozen=True, kw_only=True):
    """The investigator ends a delegation, by its number at the site, from now on."""

    binds: ClassVar[bool] = True
    site: str
    number: int
    reason: str


class RecordTraining(Command, frozen=True, kw_only=True):
    """A person was trained in `subject`: `gcp`, or a protocol version by its hash."""

    person: str
    subject: str
    trained_on: date


class ReviewAccess(Command, frozen=True, kw_only=True):
    """Sign that the list of accounts and grants with this hash (SHA-256, hex) was gone through."""

    binds: ClassVar[bool] = True
    list_hash: str
    accounts: int


class ResetSecondFactor(Command, frozen=True, kw_only=True):
    """A person's second factor is taken back, for instance because the device is lost."""

    binds: ClassVar[bool] = True
    person: str
    reason: str


class LinkIdentity(Command, frozen=True, kw_only=True):
    """Whoever brings it may sign in from now on with an identity at an outside issuer (OpenID Connect).

    `identity` is the SHA-256 (hex) of issuer and subject, so that the subject itself is kept nowhere. It
    replaces the identity linked before.
    """

    issuer: str
    identity: str


class UnlinkIdentity(Command, frozen=True, kw_only=True):
    """The identity linked with a person opens the account no more. Anybody may end their own; another's,
    who grants roles."""

    person: str
    reason: str


class ChangeSecondFactor(Command, frozen=True, kw_only=True):
    """Whoever brings it has changed their own second factor; the credentials themselves stay with the installation."""

    change: FactorChange

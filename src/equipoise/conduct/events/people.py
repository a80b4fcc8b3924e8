"""Who may act: roles, delegated tasks, training, the review of access."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .base import SEALED_TEXT, Happening

FactorChange = Literal[
    "app_set_up", "app_removed", "passkey_set_up", "passkey_removed", "codes_renewed"
]
"""What can be done about one's own second factor: authenticator app, passkeys, recovery codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGranted(Happening):
    person: str
    granted_role: str
    at_site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRevoked(Happening):
    person: str
    granted_role: str
    at_site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TasksDelegated(Happening):
    """Signed by the event's actor; `content_hash` is the SHA-256 of what was signed.

    `number` counts the delegations of the event's site from 1; an empty `until` is the trial's end.
    """

    number: int
    person: str
    delegated_role: str
    since: str
    until: str
    content_hash: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationEnded(Happening):
    number: int
    person: str
    delegated_role: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRecorded(Happening):
    """`subject` is `gcp` or a protocol version."""

    person: str
    subject: str
    trained_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessReviewed(Happening):
    """The event's actor signed a review of who has access. The list itself is not in the ledger."""

    list_hash: str
    accounts: int
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorReset(Happening):
    """The event's actor took a person's second factor back. Credentials themselves are not in the ledger."""

    person: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityLinked(Happening):
    """The event's actor linked an identity at `issuer` with the account of `person`, their own.

    `identity` is the SHA-256 (hex) of issuer and subject; the subject itself is kept nowhere.
    """

    person: str
    issuer: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUnlinked(Happening):
    """The identity opens the person's account no more."""

    person: str
    issuer: str
    identity: str
    reason: str = field(metadata=SEALED_TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactorChanged(Happening):
    """The event's actor changed their own second factor. Credentials themselves are not in the ledger."""

    person: str
    change: FactorChange

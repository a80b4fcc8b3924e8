"""Who may act: roles, delegated tasks, training, the review of access."""

from __future__ import annotations

from typing import Literal

from .base import Happening, SealedText

FactorChange = Literal[
    "app_set_up", "app_removed", "passkey_set_up", "passkey_removed", "codes_renewed"
]
"""What can be done about one's own second factor: authenticator app, passkeys, recovery codes."""


class RoleGranted(Happening, frozen=True, kw_only=True):
    person: str
    granted_role: str
    at_site: str


class RoleRevoked(Happening, frozen=True, kw_only=True):
    person: str
    granted_role: str
    at_site: str


class TasksDelegated(Happening, frozen=True, kw_only=True):
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


class DelegationEnded(Happening, frozen=True, kw_only=True):
    number: int
    person: str
    delegated_role: str
    reason: SealedText


class TrainingRecorded(Happening, frozen=True, kw_only=True):
    """`subject` is `gcp` or a protocol version."""

    person: str
    subject: str
    trained_on: str


class AccessReviewed(Happening, frozen=True, kw_only=True):
    """The event's actor signed a review of who has access. The list itself is not in the ledger."""

    list_hash: str
    accounts: int
    meaning: str


class SecondFactorReset(Happening, frozen=True, kw_only=True):
    """The event's actor took a person's second factor back. Credentials themselves are not in the ledger."""

    person: str
    reason: SealedText


class IdentityLinked(Happening, frozen=True, kw_only=True):
    """The event's actor linked an identity at `issuer` with the account of `person`, their own.

    `identity` is the SHA-256 (hex) of issuer and subject; the subject itself is kept nowhere.
    """

    person: str
    issuer: str
    identity: str


class IdentityUnlinked(Happening, frozen=True, kw_only=True):
    """The identity opens the person's account no more."""

    person: str
    issuer: str
    identity: str
    reason: SealedText


class SecondFactorChanged(Happening, frozen=True, kw_only=True):
    """The event's actor changed their own second factor. Credentials themselves are not in the ledger."""

    person: str
    change: FactorChange

"""Freezing, locking and unlocking."""

from __future__ import annotations

from typing import ClassVar

from ..values import Address
from .base import Command


class FreezeForm(Command, frozen=True, kw_only=True):
    """Stop changes of data that are taken for clean; they can still be queried, verified and signed.

    What is held is one form (`address`) of a participant, all data of a participant, or those of a site.
    """

    binds: ClassVar[bool] = True
    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


class LockForm(Command, frozen=True, kw_only=True):
    """Stop every change of data, queries, marks and signatures included; of the same things as freezing."""

    binds: ClassVar[bool] = True
    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


class UnlockForm(Command, frozen=True, kw_only=True):
    """Open again what was frozen or locked, at the level at which it was."""

    binds: ClassVar[bool] = True
    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


class LockTrial(Command, frozen=True, kw_only=True):
    """The database lock: no data of any participant change from now on."""

    binds: ClassVar[bool] = True
    reason: str


class UnlockTrial(Command, frozen=True, kw_only=True):
    """Open the database again, for a reason that stays on record."""

    binds: ClassVar[bool] = True
    reason: str

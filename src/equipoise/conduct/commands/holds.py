"""Freezing, locking and unlocking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..values import Address
from .base import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeForm(Command):
    """Stop changes of data that are taken for clean; they can still be queried, verified and signed.

    What is held is one form (`address`) of a participant, all data of a participant, or those of a site.
    """

    binds: ClassVar[bool] = True
    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockForm(Command):
    """Stop every change of data, queries, marks and signatures included; of the same things as freezing."""

    binds: ClassVar[bool] = True
    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockForm(Command):
    """Open again what was frozen or locked, at the level at which it was."""

    binds: ClassVar[bool] = True
    participant: str | None = None
    address: Address | None = None
    site: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LockTrial(Command):
    """The database lock: no data of any participant change from now on."""

    binds: ClassVar[bool] = True
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlockTrial(Command):
    """Open the database again, for a reason that stays on record."""

    binds: ClassVar[bool] = True
    reason: str

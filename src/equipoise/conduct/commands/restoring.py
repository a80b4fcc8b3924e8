"""The ledger was brought back from a backup."""

from __future__ import annotations

from .base import Command


class RecordRestoration(Command, frozen=True, kw_only=True):
    """State that the ledger goes on from a backup: from which, by whose hand, and what is lost by it.

    `lost` counts the events that stood after the backup and are no more (None: nobody knows how many), the
    last of them with number `last_seq` and hash `last_hash`.
    """

    backup_seq: int
    backup_root: str
    taken_at: str
    person: str
    reason: str
    lost: int | None
    last_seq: int = 0
    last_hash: str = ""

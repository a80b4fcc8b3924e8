"""The ledger was brought back from a backup."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import SEALED_TEXT, Happening


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRestored(Happening):
    """The events up to `backup_seq` are those of the backup whose Merkle root is named; of the `lost` ones after it the last had
    `last_seq` and `last_hash`. `person` restored it on the machine, which knows no accounts."""

    backup_seq: int
    backup_root: str
    taken_at: str
    person: str
    lost: int | None
    last_seq: int
    last_hash: str
    reason: str = field(metadata=SEALED_TEXT)

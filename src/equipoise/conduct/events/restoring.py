"""The ledger was brought back from a backup."""

from __future__ import annotations

from .base import Happening, SealedText


class LedgerRestored(Happening, frozen=True, kw_only=True):
    """The events up to `backup_seq` are those of the backup whose Merkle root is named; of the `lost` ones after it the last had
    `last_seq` and `last_hash`. `person` restored it on the machine, which knows no accounts."""

    backup_seq: int
    backup_root: str
    taken_at: str
    person: str
    lost: int | None
    last_seq: int
    last_hash: str
    reason: SealedText

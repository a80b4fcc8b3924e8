"""The holder of the randomization seed. It answers one question: which arm comes next?

A keeper commits to seed and scheme before the first participant; the commitment goes into the
ledger and onto the public record. When the trial closes, the seed is revealed and anyone can
recompute every allocation (`equipoise.keeper.reveal`).
"""

from __future__ import annotations

from .file import FileKeeper
from .port import AllocationAnswer, AllocationRequest, Commitment, Keeper, KeeperError
from .rehearsal import RehearsalKeeper
from .reveal import Reveal

__all__ = [
    "AllocationAnswer",
    "AllocationRequest",
    "Commitment",
    "FileKeeper",
    "Keeper",
    "KeeperError",
    "RehearsalKeeper",
    "Reveal",
]

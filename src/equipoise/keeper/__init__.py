"""The holder of the randomization seed. It answers one question: which arm comes next?

A keeper commits to seed and scheme before the first participant; the commitment goes into the
ledger and onto the public record. When the trial closes, the seed is revealed and anyone can
recompute every allocation (`equipoise.keeper.reveal`). It lives in the home's process
(`FileKeeper`), in a process of its own (`serve_keeper`, asked through `RemoteKeeper`), or, in a
rehearsal, nowhere at all (`RehearsalKeeper`).
"""

from __future__ import annotations

from .book import Question
from .eligibility import SignedEligibility
from .errors import KeeperError, KeeperUnavailableError
from .file import FILE, FileKeeper, KeeperStatus
from .port import AbsentKeeper, AllocationAnswer, AllocationRequest, Commitment, Keeper
from .process import RemoteKeeper, serve_keeper
from .rehearsal import RehearsalKeeper
from .reveal import Reveal

__all__ = [
    "FILE",
    "AbsentKeeper",
    "AllocationAnswer",
    "AllocationRequest",
    "Commitment",
    "FileKeeper",
    "Keeper",
    "KeeperError",
    "KeeperStatus",
    "KeeperUnavailableError",
    "Question",
    "RehearsalKeeper",
    "RemoteKeeper",
    "Reveal",
    "SignedEligibility",
    "serve_keeper",
]

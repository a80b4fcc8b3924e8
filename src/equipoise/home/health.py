"""How an installation is doing: what a proxy asks every few seconds, and what an administrator reads.

Nothing here is about a participant: no number, no count by arm or site, no name.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import metadata
from typing import Literal

from equipoise.keeper import KeeperError, KeeperUnavailableError
from equipoise.ledger.checkpoint import Checkpoint
from equipoise.ledger.errors import LedgerError
from equipoise.trial import clock_synchronized
from equipoise.trial.clock import Step

from .home import Home

ROOM_BYTES = 200 * 1024 * 1024
"""Less free disk than this, and the home is failing: a ledger that cannot grow takes no more entries."""
WARN_BYTES = 2 * 1024**3
"""Less free disk than this is told to the administrator."""
LATE = timedelta(hours=2)
"""A checkpoint is due an hour after the last; one that is later than this is told."""

Trouble = Literal["database", "damaged", "disk", "checkpoint", "keeper", "clock"]
KeeperState = Literal["answers", "silent", "other", "none", "early"]


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes on the disk that holds the home."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Health:
    """An installation as it was found. `failing` says why it should take no more requests; `troubles` what else
    wants an administrator."""

    version: str
    mode: str
    database: str
    """`SQLite` or `PostgreSQL`."""
    answered_ms: float | None
    """How long the database took to say where the ledger ends; None where it did not answer."""
    database_problem: str
    events: int
    damage: str
    disk: Disk
    checkpoint: Checkpoint | None
    checkpoint_age: timedelta | None
    """By the trial's clock; None where none was taken."""
    checkpoint_problem: str
    backlog: int
    """Events that no checkpoint covers yet."""
    keeper: KeeperState
    keeper_problem: str
    steps: tuple[Step, ...]
    synchronized: bool | None

    @property
    def failing(self) -> tuple[Trouble, ...]:
        """Why nothing can be recorded here now."""
        found: list[Trouble] = []
        if self.answered_ms is None:
            found.append("database")
        if self.damage:
            found.append("damaged")
        if self.disk.free < ROOM_BYTES:
            found.append("disk")
        return tuple(found)

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """Everything that wants an administrator, the failures first."""
        found = list(self.failing)
        if "disk" not in found and self.disk.free < WARN_BYTES:
            found.append("disk")
        late = self.checkpoint_age is not None and self.checkpoint_age > LATE and self.backlog > 0
        if late or self.checkpoint_problem:
            found.append("checkpoint")
        if self.keeper in ("silent", "other"):
            found.append("keeper")
        if self.steps or (self.synchronized is False and self.mode != "rehearsal"):
            found.append("clock")
        return tuple(found)


def disk_of(home: Home) -> Disk:
    """The disk that holds the home."""
    usage = shutil.disk_usage(home.path)
    return Disk(usage.free, usage.total)


def failing(home: Home) -> tuple[Trouble, ...]:
    """Why the home should take no more requests; empty where it can. Asks the database once."""
    found: list[Trouble] = []
    try:
        trial = home.trial()
        trial.ledger.head()
        if trial.ledger.damage is not None:
            found.append("damaged")
    except LedgerError:
        found.append("database")
    if disk_of(home).free < ROOM_BYTES:
        found.append("disk")
    return tuple(found)


def examine(home: Home) -> Health:
    """Look at everything; asks the keeper too, which may take seconds where it does not answer."""
    trial = home.trial()
    answered: float | None = None
    problem, events = "", 0
    began = time.perf_counter()
    try:
        events = trial.ledger.head().seq
        answered = round((time.perf_counter() - began) * 1e3, 1)
    except LedgerError as error:
        problem = str(error)
    last = trial.ledger.last_checkpoint()
    age = None
    if last is not None:
        age = max(trial.clock_peek() - datetime.fromisoformat(last.time), timedelta())
    keeper, keeper_problem = _keeper(home)
    home.clock_watch.look()
    return Health(
        version=metadata.version("equipoise"),
        mode=trial.state.mode,
        database="SQLite" if home.database is None else "PostgreSQL",
        answered_ms=answered,
        database_problem=problem,
        events=events,
        damage=trial.ledger.damage or "",
        disk=disk_of(home),
        checkpoint=last,
        checkpoint_age=age,
        checkpoint_problem=trial.checkpoint_problem or "",
        backlog=max(events - (last.seq if last else 0), 0),
        keeper=keeper,
        keeper_problem=keeper_problem,
        steps=home.clock_watch.steps,
        synchronized=clock_synchronized(),
    )


def _keeper(home: Home) -> tuple[KeeperState, str]:
    """Whether the holder of the seed answers, and is the one that was committed to."""
    trial = home.trial()
    if trial.protocol.randomization is None:
        return "none", ""
    if not trial.state.commitment:
        return "early", ""
    try:
        same = trial.keeper.commitment().hash == trial.state.commitment
    except KeeperUnavailableError as error:
        return "silent", str(error)
    except KeeperError as error:
        return "other", str(error)
    return ("answers", "") if same else ("other", "")

"""Where a trial's ledger can live and die: in memory, in a file, in PostgreSQL. For tests that end it abruptly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from equipoise.home import Home, RehearsalSettings
from equipoise.home.backup import Backup, back_up
from equipoise.home.home import _open_rehearsal, begin
from equipoise.home.restore import restore
from equipoise.ledger.checkpoint import CheckpointFile
from equipoise.ledger.copying import copy_events, copy_to_file
from equipoise.ledger.erasures import ErasureList
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.keys import DerivedKeys
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.ledger.postgres import drop_schema
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.trial import TABLES, Trial
from support.postgres import new_schema
from support.story import SEED_PROTOCOL, START, seed_protocol

REHEARSAL = RehearsalSettings(seed=5, replicate=0, start=START.isoformat(), options={})


class CrashError(Exception):
    """The process is gone at this point."""


class Place:
    """A trial that can be opened, copied, brought back, and ended in the middle of a commit."""

    kind = ""
    restores_with_a_trace = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trial: Trial

    def open(self) -> None:
        """Open the trial anew."""
        raise NotImplementedError

    def close(self) -> None:
        """End in good order."""
        raise NotImplementedError

    def back_up(self) -> tuple[int, Any]:
        """A backup: how many events it holds, and what `restore` takes."""
        raise NotImplementedError

    def restore(self, backup: Any) -> None:
        """Bring a backup back, in place of a ledger that went further."""
        raise NotImplementedError

    def abandon(self) -> None:
        """Leave everything as a process does that is killed."""
        raise NotImplementedError

    def crash(self, command: Callable[[], object], *, after_commit: bool) -> None:
        """Bring a command and die at its commit, before or after it took effect; open again."""
        store = self.trial.ledger.store
        commit = store.commit

        def dying(signed_head: str | None) -> None:
            if after_commit:
                commit(signed_head)
            raise CrashError

        store.commit = dying  # type: ignore[method-assign]
        rollback = store.rollback
        store.rollback = lambda: None  # type: ignore[method-assign]
        try:
            command()
        except CrashError:
            pass
        finally:
            store.commit = commit  # type: ignore[method-assign]
            store.rollback = rollback  # type: ignore[method-assign]
        self.abandon()
        self.open()

    def take_down(self) -> None:
        """Leave nothing behind."""
        self.close()


class InMemory(Place):
    """The store outlives the process that used it: what a database server is for the others."""

    kind = "memory"
    restores_with_a_trace = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.store = MemoryStore(TABLES)
        self._backups = 0
        self.open()
        begin(self.trial, REHEARSAL)

    def open(self) -> None:
        erasures = ErasureList(self.folder / "erasures.jsonl")
        keys = DerivedKeys(REHEARSAL.secret, erasures.keys(seed_protocol().id))
        ledger = Ledger(
            self.store,
            trial=seed_protocol().id,
            signer=Signer(keys.signing_key()),
            head_file=HeadFile(self.folder / "head"),
            keys=keys,
            checkpoints=CheckpointFile(self.folder / "checkpoints.jsonl"),
        )
        self.trial = _open_rehearsal(ledger, seed_protocol(), REHEARSAL, keys, (), erasures)

    def close(self) -> None:
        self.trial.ledger.close()

    def abandon(self) -> None:
        self.store.rollback()
        self.trial.ledger.close()

    def back_up(self) -> tuple[int, Any]:
        self._backups += 1
        path = self.folder / f"backup-{self._backups}.sqlite"
        copy_to_file(self.store, path, TABLES)
        with closing(SqliteStore(path, read_only=True)) as copy:
            return copy.head().seq, path

    def restore(self, backup: Path) -> None:
        self.close()
        for name in ("head", "checkpoints.jsonl"):
            (self.folder / name).unlink(missing_ok=True)
        self.store = MemoryStore(TABLES)
        with closing(SqliteStore(backup, read_only=True)) as source:
            copy_events(source, self.store)
            end, stated = source.head(), source.signed_head()
        assert stated is not None
        head = SignedHead.parse(stated)
        assert head is not None
        assert head.seq == end.seq
        with closing(HeadFile(self.folder / "head")) as file:
            file.write(head)
        self.open()


class InAFile(Place):
    """A home with a SQLite ledger. A killed process leaves its files as they are at that moment."""

    kind = "sqlite"

    def __init__(self, folder: Path, **stored: str) -> None:
        super().__init__(folder)
        self._lives = 0
        self.path = folder / "home-0"
        self.home = Home.create(self.path, SEED_PROTOCOL, training=True, **stored)
        self.trial = self.home.trial()

    def open(self) -> None:
        self.home = Home.open(self.path)
        self.trial = self.home.trial()

    def close(self) -> None:
        self.home.close()

    def abandon(self) -> None:
        # the files as they lie, the log not yet emptied into the database; what the old process does
        # to its own afterwards is not seen
        self._lives += 1
        left = self.folder / f"home-{self._lives}"
        shutil.copytree(self.path, left)
        self.trial.ledger.store.rollback()
        self.home.close()
        shutil.rmtree(self.path)
        self.path = left

    def back_up(self) -> tuple[int, Any]:
        made = back_up(self.home, self.folder / "backups")
        return made.seq, made

    def restore(self, backup: Backup) -> None:
        self.close()
        restore(backup, self.path, replace_newer=True, reason="the machine drew it")
        self.open()


class InPostgres(InAFile):
    """A home whose ledger stands in a database: the server undoes what a lost connection left open."""

    kind = "postgresql"

    def __init__(self, folder: Path) -> None:
        self._held = ExitStack()
        url, schema = self._held.enter_context(new_schema())
        super().__init__(folder, database=url, schema=schema)

    def abandon(self) -> None:
        writer = self.trial.ledger.store._writer  # type: ignore[attr-defined]
        if writer is not None:
            writer.close()
        try:
            self.home.close()
        except LedgerError:
            raise AssertionError("a lost connection is no fault of the ledger") from None

    def take_down(self) -> None:
        database = self.home.database
        super().take_down()
        if database is not None:
            drop_schema(database.url, database.schema)
        self._held.close()


PLACES: dict[str, type[Place]] = {one.kind: one for one in (InMemory, InAFile, InPostgres)}

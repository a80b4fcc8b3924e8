"""Where a home's ledger stands: in a file of the home, or in a PostgreSQL database it names.

psycopg is imported only where a database is named, so that all other commands start without it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from equipoise.ledger.envelope import EMPTY_HEAD
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.store import Store
from equipoise.ledger.tables import Table

from .errors import HomeError

LEDGER_FILE = "ledger.sqlite"
CHECKPOINTS = "checkpoints.jsonl"
_IN_USE = "home.lock"


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """A PostgreSQL database that holds the ledger: a libpq URL, and the schema's name.

    A password is better kept out of the URL: libpq finds it in its password file.
    """

    url: str
    schema: str

    @classmethod
    def for_new_ledger(
        cls, url: str | None, schema: str | None, trial: str
    ) -> DatabaseSettings | None:
        """The settings of a home to be made, after a look whether the name is free there.

        The name is by default the trial's. `None` without a URL; `HomeError` where the database
        cannot be reached, or holds events under this name.
        """
        if url is None:
            if schema is not None:
                raise HomeError("a schema belongs to a database: name that too (--database URL)")
            return None
        if not url.startswith(("postgresql://", "postgres://")):
            raise HomeError("--database: write postgresql://USER@HOST/DATABASE")
        name = schema or f"equipoise_{re.sub(r'[^a-z0-9]+', '_', trial.lower())}"[:48]
        found = cls(url, name)
        try:
            if not found.is_free():
                raise HomeError(
                    f"the database holds a ledger under the name {name} already; "
                    "choose another one with --schema"
                )
        except LedgerError as error:
            raise HomeError(str(error)) from error
        return found

    def is_free(self) -> bool:
        """Whether nothing stands there yet, or the empty tables that an owner has prepared."""
        from equipoise.ledger.postgres import PostgresStore, schema_in_use

        if not schema_in_use(self.url, self.schema):
            return True
        store = PostgresStore(self.url, self.schema, read_only=True)
        try:
            return store.head() == EMPTY_HEAD
        finally:
            store.close()

    def take_back(self) -> None:
        """Remove the schema of a home that could not be made; what another role owns stays."""
        from equipoise.ledger.postgres import drop_schema

        with contextlib.suppress(LedgerError):
            drop_schema(self.url, self.schema)


def open_store(
    path: Path,
    database: DatabaseSettings | None,
    tables: Sequence[Table] = (),
    *,
    read_only: bool = False,
) -> Store:
    """The store of the home at `path`. Raises `HomeError` where there is no ledger to be read."""
    if database is None:
        file = path / LEDGER_FILE
        if read_only and not file.is_file():
            raise HomeError(f"{path}: holds no ledger; restore {LEDGER_FILE} from a backup")
        return SqliteStore(file, tables, read_only=read_only)
    from equipoise.ledger.postgres import PostgresStore

    return PostgresStore(database.url, database.schema, tables, read_only=read_only)


def open_ledger(path: Path) -> Store:
    """The store of a home's ledger, or of a SQLite file, to be verified: for reading only.

    Nothing else of the home needs to be whole. Raises `HomeError` or `LedgerError`.
    """
    if not path.is_dir():
        if not path.is_file():
            raise HomeError(f"{path}: there is no ledger; name a home or a ledger's SQLite file")
        return SqliteStore(path, read_only=True)
    database = None
    try:
        stored = json.loads((path / "settings.json").read_text(encoding="utf-8")).get("database")
        database = DatabaseSettings(**stored) if stored else None
    except FileNotFoundError:
        # no home, but perhaps a folder with a copy of a ledger
        if not (path / LEDGER_FILE).is_file():
            raise HomeError(f"{path}: there is no ledger; name a home or a SQLite file") from None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise HomeError(f"{path}/settings.json: cannot be read: {error}") from error
    return open_store(path, database, read_only=True)


def hold_shared(path: Path, held: ExitStack) -> None:
    """Say that this process has the home's trial open; `hold_still` waits for nobody who has.

    Raises `HomeError` where the home is being restored.
    """
    descriptor = os.open(path / _IN_USE, os.O_CREAT | os.O_RDWR, 0o600)
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        raise HomeError(f"{path}: is being restored; wait until it is done") from None


def hold_still(path: Path, held: ExitStack) -> None:
    """Keep every process from opening the home's trial. Raises `HomeError` where one has it open."""
    descriptor = os.open(path / _IN_USE, os.O_CREAT | os.O_RDWR, 0o600)
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise HomeError(
            f"{path}: a process has this home open (`equipoise serve`?); stop it first"
        ) from None


def hold_alone(path: Path, held: ExitStack) -> None:
    """Keep other processes out of a rehearsal: its clock and its draws live in memory.

    A store with one writer does so itself. Raises `HomeError` where another process was first.
    """
    descriptor = os.open(path / "rehearsal.lock", os.O_CREAT | os.O_RDWR, 0o600)
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise HomeError(f"{path}: another process has this rehearsal open; stop it first") from None

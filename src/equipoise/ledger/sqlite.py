"""A store in one SQLite file: one process, several threads, every commit on the disk."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any
from weakref import WeakSet

from .envelope import EMPTY_HEAD, Event, EventRow, Head
from .errors import LedgerBusyError, LedgerError, RepeatedClientIdError
from .store import LINKS, Selection, paged
from .tables import Cell, Changes, Key, Row, RowChange, Table

_EVENTS_SQL = """
CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY,
    trial TEXT NOT NULL,
    stream TEXT NOT NULL,
    version INTEGER NOT NULL,
    type TEXT NOT NULL,
    schema INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    payload TEXT NOT NULL,
    actor TEXT NOT NULL,
    role TEXT NOT NULL,
    site TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_index INTEGER NOT NULL,
    device_time TEXT,
    server_time TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS events_by_stream ON events (stream, version);
CREATE UNIQUE INDEX IF NOT EXISTS events_by_client ON events (client_id, client_index)
    WHERE client_id <> '';
CREATE INDEX IF NOT EXISTS events_by_type ON events (type);
CREATE TRIGGER IF NOT EXISTS events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
CREATE TRIGGER IF NOT EXISTS events_never_go BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'an event is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS events_follow_each_other BEFORE INSERT ON events
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
    BEGIN SELECT RAISE(ABORT, 'an event is only appended at the end'); END;
CREATE TABLE IF NOT EXISTS signed_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    statement TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS ledger (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""

_PAGES_AT_ONCE = 2000
_COLUMNS = ", ".join(Event._fields)
_INSERT_EVENT = f"INSERT INTO events ({_COLUMNS}) VALUES ({', '.join('?' * len(Event._fields))})"
_SELECT_EVENT = f"SELECT {_COLUMNS} FROM events"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _table_sql(table: Table) -> Iterator[str]:
    columns = ", ".join(f"{_quoted(name)} {kind.upper()}" for name, kind in table.columns.items())
    key = ", ".join(map(_quoted, table.key))
    yield (
        f"CREATE TABLE IF NOT EXISTS {_quoted(table.name)} ({columns}, PRIMARY KEY ({key}))"
        " STRICT, WITHOUT ROWID"
    )
    for index in table.indexes:
        name = f"{table.name}_by_{'_'.join(index)}"
        yield (
            f"CREATE INDEX IF NOT EXISTS {_quoted(name)} ON {_quoted(table.name)}"
            f" ({', '.join(map(_quoted, index))})"
        )


def _signed_head(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT statement FROM signed_head").fetchone()
    return str(row[0]) if row else None


def _with_escapes(stored: bytes) -> str:
    return stored.decode("utf-8", "surrogateescape")


def _rows_of(
    connection: sqlite3.Connection, rows: sqlite3.Cursor, again: str
) -> Iterator[tuple[Any, ...]]:
    """Every row, then the connection closed. `again` is the query whose rows these are: a row that cannot be
    read as UTF-8 makes it be asked anew, with escapes, which would cost every row of a sound ledger a sixth of
    its time."""
    given = 0
    try:
        try:
            for row in rows:
                yield row
                given += 1
        except sqlite3.Error:
            connection.text_factory = _with_escapes
            yield from islice(connection.execute(again), given, None)
    except sqlite3.Error as error:
        raise LedgerError(f"cannot be read as a ledger: {error}") from error
    finally:
        connection.close()


class _Reader(sqlite3.Connection):
    """A reading connection; a class of our own can be referred to weakly, so that the connection
    of a thread that has ended is closed with it."""

    def __del__(self) -> None:
        self.close()


class SqliteStore:
    """The ledger's default store. Opening it for writing takes a lock file beside the database.

    One connection writes, under the ledger's lock; every reading thread has a connection of its
    own. WAL with `synchronous=FULL`: a commit that returned is on the disk.
    """

    sole_writer = True
    lasting = True

    def __init__(
        self, path: Path | str, tables: Sequence[Table] = (), *, read_only: bool = False
    ) -> None:
        self.path = Path(path)
        self.tables: Mapping[str, Table] = {table.name: table for table in tables}
        self.read_only = read_only
        self._lock_file: int | None = None
        self._local = threading.local()
        self._readers: WeakSet[_Reader] = WeakSet()
        self._readers_lock = threading.Lock()
        self._upserts: dict[tuple[str, tuple[str, ...], tuple[str, ...]], str] = {}
        self._writer: sqlite3.Connection | None = None
        if read_only:
            if not self.path.is_file():
                raise LedgerError(f"{self.path}: there is no ledger")
        else:
            self._take_lock()
            try:
                self._writer = self._open_writer()
            except BaseException:
                self._drop_lock()
                raise

    def _take_lock(self) -> None:
        path = self.path.with_name(self.path.name + ".lock")
        file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(file)
            raise LedgerBusyError(
                f"{self.path}: process {holder} has this ledger open for writing;"
                " stop it first, or open another home"
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._lock_file = file

    def _drop_lock(self) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    def _open_writer(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, timeout=30
            )
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "recursive_triggers=ON",
            ):
                connection.execute(f"PRAGMA {pragma}")
            connection.executescript(_EVENTS_SQL)
            connection.execute("BEGIN IMMEDIATE")
            for table in self.tables.values():
                # A table of another version's shape: dropped, and rebuilt by whoever keeps it.
                found = connection.execute("SELECT name FROM pragma_table_info(?)", (table.name,))
                columns = [name for (name,) in found]
                if columns and columns != list(table.columns):
                    connection.execute(f"DROP TABLE {_quoted(table.name)}")
                for statement in _table_sql(table):
                    connection.execute(statement)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise LedgerError(f"{self.path}: this is no usable ledger: {error}") from error
        return connection

    @property
    def _writing(self) -> sqlite3.Connection:
        if self._writer is None:
            raise LedgerError(f"{self.path}: the ledger is not open for writing")
        return self._writer

    def _reading(self, inside: bool) -> sqlite3.Connection:
        if inside:
            return self._writing
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._open_reader()
            self._local.connection = connection
        return connection

    def _open_reader(self) -> _Reader:
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(
            uri,
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=30,
            factory=_Reader,
        )
        connection.execute("PRAGMA query_only=ON")
        with self._readers_lock:
            self._readers.add(connection)
        return connection

    # Writing

    @contextmanager
    def _explained(self, outcome: str = "nothing was written") -> Iterator[None]:
        """Turn a full disk or a failing one into one line that says what became of the write."""
        try:
            yield
        except sqlite3.Error as error:
            raise LedgerError(
                f"{self.path}: {outcome}: {error};"
                " look after the disk, then do it again (the ledger recovers by itself)"
            ) from error

    def begin(self) -> None:
        """BEGIN IMMEDIATE."""
        with self._explained():
            if self._writer is None and self._lock_file is not None:
                self._writer = self._open_writer()
            self._writing.execute("BEGIN IMMEDIATE")

    def apply(self, events: Sequence[EventRow], changes: Changes) -> None:
        """Insert events and change projections with one statement per shape of change."""
        connection = self._writing
        if events:
            try:
                connection.executemany(_INSERT_EVENT, events)
            except sqlite3.IntegrityError as error:
                if "client_id" in str(error):
                    named = ", ".join(sorted({row[11] for row in events if row[11]}))
                    raise RepeatedClientIdError(
                        f"the client id {named} has been appended before"
                    ) from None
                raise LedgerError(f"{self.path}: {error}") from error
            except sqlite3.Error as error:
                raise LedgerError(f"{self.path}: nothing was written: {error}") from error
        with self._explained():
            self._change_tables(connection, changes)

    def _change_tables(self, connection: sqlite3.Connection, changes: Changes) -> None:
        if changes.version is not None:
            for name in self.tables:
                connection.execute(f"DELETE FROM {_quoted(name)}")
            connection.execute(
                "INSERT INTO ledger VALUES ('tables_version', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (changes.version,),
            )
        for name, rows in changes.by_table.items():
            self._change(connection, self.tables[name], rows)

    def _change(
        self,
        connection: sqlite3.Connection,
        table: Table,
        rows: Mapping[Key, RowChange],
    ) -> None:
        removed = [key for key, change in rows.items() if change.removed]
        if removed:
            named = " AND ".join(f"{_quoted(column)} IS ?" for column in table.key)
            connection.executemany(f"DELETE FROM {_quoted(table.name)} WHERE {named}", removed)
        shapes: dict[tuple[tuple[str, ...], tuple[str, ...]], list[list[Cell]]] = {}
        for key, change in rows.items():
            if change.exists:
                sets = {c: v for c, v in change.sets.items() if c not in table.key}
                cells: list[Cell] = [*key, *sets.values(), *change.deltas.values()]
                shapes.setdefault((tuple(sets), tuple(change.deltas)), []).append(cells)
        for (set_columns, delta_columns), cells_of in shapes.items():
            sql = self._upsert(table, set_columns, delta_columns)
            connection.executemany(sql, cells_of)

    def _upsert(self, table: Table, sets: tuple[str, ...], deltas: tuple[str, ...]) -> str:
        shape = (table.name, sets, deltas)
        sql = self._upserts.get(shape)
        if sql is None:
            name = _quoted(table.name)
            columns = [*table.key, *sets, *deltas]
            updates = [f"{_quoted(c)} = excluded.{_quoted(c)}" for c in sets] + [
                f"{_quoted(c)} = coalesce({name}.{_quoted(c)}, 0) + excluded.{_quoted(c)}"
                for c in deltas
            ]
            sql = (
                f"INSERT INTO {name} ({', '.join(map(_quoted, columns))})"
                f" VALUES ({', '.join('?' * len(columns))})"
                f" ON CONFLICT ({', '.join(map(_quoted, table.key))}) DO "
                + (f"UPDATE SET {', '.join(updates)}" if updates else "NOTHING")
            )
            self._upserts[shape] = sql
        return sql

    def commit(self, signed_head: str | None) -> None:
        """Store the signed head and commit; returns when it is on the disk."""
        # Where only the flush failed, the write-ahead log may hold the whole transaction: it counts
        # if this process ends before its next write, and is overwritten by that write otherwise.
        with self._explained("what was written is not confirmed to be on the disk"):
            if signed_head is not None:
                self._writing.execute(
                    "INSERT INTO signed_head VALUES (1, ?)"
                    " ON CONFLICT (one) DO UPDATE SET statement = excluded.statement",
                    (signed_head,),
                )
            self._writing.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the open transaction; a connection that cannot is given up, which undoes it too."""
        if self._writer is not None and self._writer.in_transaction:
            try:
                self._writer.execute("ROLLBACK")
            except sqlite3.Error:
                self._writer.close()
                self._writer = None

    # Reading

    def head(self, *, inside: bool = False) -> Head:
        """The last event's seq and hash."""
        sql = "SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1"
        row = self._reading(inside).execute(sql).fetchone()
        return Head(*row) if row else EMPTY_HEAD

    def signed_head(self) -> str | None:
        """The signed head committed last; `None` too where an old or altered file has no such table."""
        try:
            return _signed_head(self._reading(False))
        except sqlite3.Error as error:
            raise LedgerError(f"the signed head cannot be read: {error}") from error

    def tables_version(self, *, inside: bool = False) -> str:
        """The version that filled the projections last."""
        sql = "SELECT value FROM ledger WHERE name = 'tables_version'"
        row = self._reading(inside).execute(sql).fetchone()
        return str(row[0]) if row else ""

    def stream_version(self, stream: str, *, inside: bool = False) -> int:
        """The last version in the stream."""
        sql = "SELECT max(version) FROM events WHERE stream = ?"
        return self._reading(inside).execute(sql, (stream,)).fetchone()[0] or 0

    def events(self, selection: Selection, *, inside: bool = False) -> Iterator[EventRow]:
        """Selected events, read in pages so that no read stays open while the caller works."""
        connection = self._reading(inside)
        tests, fixed = "", list[Cell]()
        if selection.stream is not None:
            tests += " AND stream = ?"
            fixed.append(selection.stream)
        if selection.types is not None:
            tests += f" AND type IN ({', '.join('?' * len(selection.types))})"
            fixed.extend(selection.types)
        direction = "DESC" if selection.descending else "ASC"
        # Within a stream the order of versions is the order of seq, and it has an index.
        order = "version" if selection.stream is not None else "seq"
        sql = f"{_SELECT_EVENT} WHERE seq > ? AND seq <= ?{tests} ORDER BY {order} {direction} LIMIT ?"

        def fetch(low: int, high: int, count: int) -> list[EventRow]:
            return connection.execute(sql, (low, high, *fixed, count)).fetchall()

        yield from paged(selection, self.head(inside=inside).seq, fetch)

    def links(self, after: int, upto: int) -> Iterator[tuple[int, str]]:
        """Seq and hash of committed events."""
        sql = "SELECT seq, hash FROM events WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?"
        connection = self._reading(False)
        while after < upto:
            found = connection.execute(sql, (after, upto, LINKS)).fetchall()
            yield from found
            after = found[-1][0] if found else upto

    def by_client(self, client_id: str, *, inside: bool = False) -> list[EventRow]:
        """Events of one client id."""
        if not client_id:
            return []
        sql = f"{_SELECT_EVENT} WHERE client_id = ? AND client_id <> '' ORDER BY client_index"
        return self._reading(inside).execute(sql, (client_id,)).fetchall()

    def rows(
        self,
        table: Table,
        where: Mapping[str, Cell | Sequence[Cell]],
        order: Sequence[str],
        limit: int | None,
        *,
        inside: bool = False,
    ) -> list[Row]:
        """Rows of a projection."""
        tests: list[str] = []
        values: list[Cell] = []
        for column, value in where.items():
            if value is None or isinstance(value, str | int):
                tests.append(f"{_quoted(column)} IS ?")
                values.append(value)
            else:
                tests.append(f"{_quoted(column)} IN ({', '.join('?' * len(value))})")
                values.extend(value)
        ordering = ", ".join(
            _quoted(c.removeprefix("-")) + (" DESC" if c.startswith("-") else "")
            for c in (*order, *table.key)
        )
        sql = f"SELECT {', '.join(map(_quoted, table.columns))} FROM {_quoted(table.name)}"
        if tests:
            sql += f" WHERE {' AND '.join(tests)}"
        sql += f" ORDER BY {ordering}"
        if limit is not None:
            sql += " LIMIT ?"
            values.append(limit)
        names = tuple(table.columns)
        cursor = self._reading(inside).execute(sql, values)
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def stored(self) -> tuple[str | None, Iterator[tuple[Any, ...]]]:
        """All rows as they lie in the file; text that is no UTF-8 keeps its bytes as surrogates."""
        connection = self._open_reader()
        try:
            connection.execute("BEGIN")
            connection.text_factory = _with_escapes
            signed = _signed_head(connection)
            connection.text_factory = str
            query = f"{_SELECT_EVENT} ORDER BY seq"
            rows = connection.execute(query)
        except sqlite3.Error as error:
            connection.close()
            raise LedgerError(f"cannot be read as a ledger: {error}") from error
        return signed, _rows_of(connection, rows, query)

    def backup_to(self, path: Path, advance: Callable[[int, int], None] | None = None) -> None:
        """Copy the whole file, as it is now, over another one; writing goes on meanwhile.

        `advance` is told how many pages are done, and of how many. Raises `LedgerError`.
        """
        source = self._open_reader()
        try:
            # A transaction that has read keeps its snapshot, so that no write makes the copy begin again.
            source.execute("BEGIN")
            _signed_head(source)
            with closing(sqlite3.connect(path, isolation_level=None)) as copy:
                source.backup(
                    copy,
                    pages=_PAGES_AT_ONCE,
                    progress=None
                    if advance is None
                    else lambda _state, left, total: advance(total - left, total),
                )
                copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            raise LedgerError(f"{path}: the ledger could not be copied: {error}") from error
        finally:
            source.close()

    def close(self) -> None:
        """Close all connections and give the lock file up."""
        with self._readers_lock:
            for connection in list(self._readers):
                connection.close()
        if self._writer is not None:
            # Others may read still, and keep the write-ahead log in place. Emptied into the database it
            # holds nothing that a copy of the one file would miss; where it cannot be, nothing is lost.
            self._writer.execute("PRAGMA busy_timeout = 500")
            with suppress(sqlite3.Error):
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._writer.close()
            self._writer = None
        self._drop_lock()

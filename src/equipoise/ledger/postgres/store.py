"""The store: connections and transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from ..envelope import EMPTY_HEAD, EventRow, Head
from ..errors import LedgerError, RepeatedClientIdError
from ..store import LINKS, Selection, paged
from ..tables import Cell, Changes, Key, Row, RowChange, Table
from .failures import LOCK_SECONDS, explained, in_words
from .schema import check_schema_name, lock_key, prepare_schema, schema_in_use
from .statements import Statements

_READERS = 8
"""Connections that read, at most; a read holds one for the time of one statement."""
_IDLE_MINUTES = 10
"""A process that stands still within a transaction for so long loses it, and the lock with it."""

_Connection = psycopg.Connection[tuple[Any, ...]]


class PostgresStore:
    """A ledger in one schema of a PostgreSQL database.

    One connection writes, under the ledger's lock and an advisory transaction lock that all
    processes share, so that the order of seq is the order of commits; a pool reads. A connection
    that was lost is made anew at the next transaction.
    """

    sole_writer = False
    lasting = True

    def __init__(
        self,
        url: str,
        schema: str,
        tables: Sequence[Table] = (),
        *,
        read_only: bool = False,
    ) -> None:
        check_schema_name(schema)
        self.url = url
        self.schema = schema
        self.tables: Mapping[str, Table] = {table.name: table for table in tables}
        self.read_only = read_only
        self._key = lock_key(schema)
        self._statements = Statements(schema)
        self._writer: _Connection | None = None
        self._begun: Head | None = None
        if not read_only and not schema_in_use(url, schema):
            prepare_schema(url, schema)
        self._pool: ConnectionPool[_Connection] = ConnectionPool(
            url,
            min_size=0,
            max_size=_READERS,
            timeout=10,
            max_idle=300,
            open=True,
            kwargs={"autocommit": True, "connect_timeout": 10, "application_name": "equipoise"},
            configure=_for_reading,
        )
        try:
            if read_only:
                if not schema_in_use(url, schema):
                    raise LedgerError(f"the database holds no ledger under the name {schema}")
            else:
                self._make_tables()
        except BaseException:
            self.close()
            raise

    def _make_tables(self) -> None:
        """Create the projections that are missing. One of another version's shape is dropped, and
        rebuilt by whoever keeps it."""
        self.begin()
        try:
            with explained("creating projections"):
                for table in self.tables.values():
                    found = self._writing.execute(
                        "SELECT column_name FROM information_schema.columns"
                        " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                        (self.schema, table.name),
                    )
                    columns = [name for (name,) in found]
                    if columns and columns != list(table.columns):
                        self._writing.execute(self._statements.drop(table))
                    for statement in self._statements.create(table):
                        self._writing.execute(statement)
                self._writing.execute("COMMIT")
        finally:
            self.rollback()

    # Writing

    @property
    def _writing(self) -> _Connection:
        if self._writer is None:
            raise LedgerError("the ledger is not open for writing")
        return self._writer

    def _connect_writer(self) -> _Connection:
        connection = psycopg.connect(
            self.url, autocommit=True, connect_timeout=10, application_name="equipoise writer"
        )
        connection.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_MINUTES}min'")
        # Whatever the server's default is: a commit that returned is on its disk.
        connection.execute("SET synchronous_commit = on")
        return connection

    def begin(self) -> None:
        """Open a transaction and wait for the ledger's advisory lock, for 30 seconds at most."""
        if self.read_only:
            raise LedgerError("the ledger is not open for writing")
        with explained("waiting for the right to write"):
            try:
                self._begin()
            except psycopg.OperationalError as error:
                if isinstance(error, psycopg.errors.LockNotAvailable):
                    self.rollback()
                    raise
                # The server was restarted since the last write: nothing is open, connect again.
                self._drop_writer()
                self._begin()

    def _begin(self) -> None:
        if self._writer is None or self._writer.closed:
            self._writer = self._connect_writer()
        connection = self._writer
        # Each statement of the pipeline has a snapshot of its own, so the head is read after
        # the lock is held; sent together they cost one journey to the server.
        with connection.pipeline():
            connection.execute("BEGIN")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (self._key,))
            head = connection.execute(self._statements.head)
        row = head.fetchone()
        self._begun = Head(*row) if row else EMPTY_HEAD

    def apply(self, events: Sequence[EventRow], changes: Changes) -> None:
        """Insert events and change projections, all statements in one journey to the server."""
        connection = self._writing
        self._begun = None
        try:
            with connection.pipeline(), connection.cursor() as cursor:
                if events:
                    cursor.executemany(self._statements.insert_event, events)
                if changes.version is not None:
                    for table in self.tables.values():
                        cursor.execute(self._statements.empty(table))
                    cursor.execute(self._statements.set_tables_version, (changes.version,))
                for name, rows in changes.by_table.items():
                    self._change(cursor, self.tables[name], rows)
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name == "events_by_client":
                named = ", ".join(sorted({row[11] for row in events if row[11]}))
                raise RepeatedClientIdError(
                    f"the client id {named} has been appended before"
                ) from None
            raise LedgerError(f"the database refused: {in_words(error)}") from error
        except psycopg.Error as error:
            raise LedgerError(
                f"the database failed while writing, nothing was kept: {in_words(error)}"
            ) from error

    def _change(
        self, cursor: psycopg.Cursor[Any], table: Table, rows: Mapping[Key, RowChange]
    ) -> None:
        removed = [key for key, change in rows.items() if change.removed]
        if removed:
            cursor.executemany(self._statements.remove(table), removed)
        shapes: dict[tuple[tuple[str, ...], tuple[str, ...]], list[list[Cell]]] = {}
        for key, change in rows.items():
            if change.exists:
                sets = {c: v for c, v in change.sets.items() if c not in table.key}
                cells: list[Cell] = [*key, *sets.values(), *change.deltas.values()]
                shapes.setdefault((tuple(sets), tuple(change.deltas)), []).append(cells)
        for (set_columns, delta_columns), cells_of in shapes.items():
            statement = self._statements.upsert(table, set_columns, delta_columns)
            cursor.executemany(statement, cells_of)

    def commit(self, signed_head: str | None) -> None:
        """Store the signed head and commit; returns when it is on the server's disk."""
        connection = self._writing
        self._begun = None
        with explained("committing; whether it was kept is seen by asking again"):
            with connection.pipeline():
                if signed_head is not None:
                    connection.execute(self._statements.set_signed_head, (signed_head,))
                committed = connection.execute("COMMIT")
            if committed.statusmessage != "COMMIT":
                raise LedgerError("the database rolled back instead of committing")

    def rollback(self) -> None:
        """Undo the open transaction; a connection that cannot is given up, which undoes it too."""
        self._begun = None
        connection = self._writer
        if connection is None or connection.closed:
            self._writer = None
            return
        if connection.info.transaction_status == TransactionStatus.IDLE:
            return
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self._drop_writer()

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    # Reading

    def _fetch(
        self, inside: bool, statement: bytes, values: Sequence[Any] = ()
    ) -> list[tuple[Any, ...]]:
        with explained("reading"):
            if inside:
                return self._writing.execute(statement, values).fetchall()
            try:
                with self._pool.connection() as connection:
                    return connection.execute(statement, values).fetchall()
            except psycopg.OperationalError:
                # A connection that the server closed while it lay in the pool: once more, anew.
                self._pool.check()
                with self._pool.connection() as connection:
                    return connection.execute(statement, values).fetchall()

    def head(self, *, inside: bool = False) -> Head:
        """The last event's seq and hash."""
        if inside and self._begun is not None:
            return self._begun
        rows = self._fetch(inside, self._statements.head)
        return Head(*rows[0]) if rows else EMPTY_HEAD

    def signed_head(self) -> str | None:
        """The signed head committed last."""
        rows = self._fetch(False, self._statements.signed_head)
        return str(rows[0][0]) if rows else None

    def tables_version(self, *, inside: bool = False) -> str:
        """The version that filled the projections last."""
        rows = self._fetch(inside, self._statements.tables_version)
        return str(rows[0][0]) if rows else ""

    def stream_version(self, stream: str, *, inside: bool = False) -> int:
        """The last version in the stream."""
        return self._fetch(inside, self._statements.stream_version, (stream,))[0][0] or 0

    def events(self, selection: Selection, *, inside: bool = False) -> Iterator[EventRow]:
        """Selected events, read in pages so that no connection is held while the caller works."""
        statement, fixed = self._statements.events(selection)

        def fetch(low: int, high: int, count: int) -> list[EventRow]:
            found: list[Any] = self._fetch(inside, statement, (low, high, *fixed, count))
            return found

        yield from paged(selection, self.head(inside=inside).seq, fetch)

    def links(self, after: int, upto: int) -> Iterator[tuple[int, str]]:
        """Seq and hash of committed events."""
        while after < upto:
            found: list[Any] = self._fetch(False, self._statements.links, (after, upto, LINKS))
            yield from found
            after = found[-1][0] if found else upto

    def by_client(self, client_id: str, *, inside: bool = False) -> list[EventRow]:
        """Events of one client id."""
        if not client_id:
            return []
        found: list[Any] = self._fetch(inside, self._statements.by_client, (client_id,))
        return found

    def rows(
        self,
        table: Table,
        where: Mapping[str, Cell | Sequence[Cell]],
        order: Sequence[str],
        limit: int | None,
        *,
        inside: bool = False,
    ) -> list[Row]:
        """Rows of a projection; text is ordered by code point, and unknown values come first."""
        statement, values = self._statements.rows(table, where, order, limit)
        names = tuple(table.columns)
        found = self._fetch(inside, statement, values)
        return [dict(zip(names, row, strict=True)) for row in found]

    def stored(self) -> tuple[str | None, Iterator[tuple[Any, ...]]]:
        """All rows as stored, and the signed head, in one repeatable-read transaction."""
        with explained("reading the ledger"):
            connection = psycopg.connect(self.url, connect_timeout=10)
        try:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            head = connection.execute(self._statements.signed_head).fetchone()
        except psycopg.Error as error:
            connection.close()
            raise LedgerError(f"cannot be read as a ledger: {in_words(error)}") from error
        return (str(head[0]) if head else None), self._stored_rows(connection)

    def _stored_rows(self, connection: _Connection) -> Iterator[tuple[Any, ...]]:
        try:
            with connection, connection.cursor(name="verification") as cursor:
                cursor.itersize = 5000
                yield from cursor.execute(self._statements.all_events)
        except psycopg.Error as error:
            raise LedgerError(f"cannot be read as a ledger: {in_words(error)}") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections; an open transaction is undone."""
        self._drop_writer()
        self._pool.close()


def _for_reading(connection: _Connection) -> None:
    connection.execute("SET default_transaction_read_only = on")

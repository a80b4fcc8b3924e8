"""A store in a PostgreSQL database: several processes, every commit on the server's disk.

One schema holds one ledger. Its name, and those of tables and columns, enter SQL as identifiers
composed by psycopg, never as text.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolTimeout

from .envelope import EMPTY_HEAD, Event, EventRow, Head
from .errors import LedgerBusyError, LedgerError, RepeatedClientIdError
from .store import LINKS, Selection, paged
from .tables import Cell, Changes, Key, Row, RowChange, Table

_SCHEMA_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_READERS = 8
"""Connections that read, at most; a read holds one for the time of one statement."""
_LOCK_SECONDS = 30
_IDLE_MINUTES = 10
"""A process that stands still within a transaction for so long loses it, and the lock with it."""

_CREATE = """
CREATE TABLE {events} (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    trial text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    schema bigint NOT NULL,
    protocol text COLLATE "C" NOT NULL,
    payload text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    site text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    client_index bigint NOT NULL,
    device_time text COLLATE "C",
    server_time text COLLATE "C" NOT NULL,
    previous text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX events_by_stream ON {events} (stream, version);
CREATE UNIQUE INDEX events_by_client ON {events} (client_id, client_index) WHERE client_id <> '';
CREATE INDEX events_by_type ON {events} (type, seq);
CREATE TABLE {signed_head} (
    one integer PRIMARY KEY CHECK (one = 1),
    statement text COLLATE "C" NOT NULL
);
CREATE TABLE {ledger} (
    name text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL
);
CREATE FUNCTION {never}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an event is never changed or deleted (% on events)', TG_OP;
END $$;
CREATE FUNCTION {follow}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM {events}) THEN
        RAISE EXCEPTION 'an event is only appended at the end';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON {events}
    FOR EACH ROW EXECUTE FUNCTION {never}();
CREATE TRIGGER events_never_go BEFORE TRUNCATE ON {events}
    FOR EACH STATEMENT EXECUTE FUNCTION {never}();
CREATE TRIGGER events_follow_each_other BEFORE INSERT ON {events}
    FOR EACH ROW EXECUTE FUNCTION {follow}();
"""

_GRANTS = """
GRANT USAGE, CREATE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT ON {events} TO {role};
GRANT SELECT, INSERT, UPDATE ON {signed_head}, {ledger} TO {role};
"""

_Connection = psycopg.Connection[tuple[Any, ...]]


def _composed(text: str, schema: str, **more: str) -> sql.Composed:
    """A template with the ledger's own names in it, each quoted as an identifier."""
    names = {
        "schema": sql.Identifier(schema),
        "events": sql.Identifier(schema, "events"),
        "signed_head": sql.Identifier(schema, "signed_head"),
        "ledger": sql.Identifier(schema, "ledger"),
        "never": sql.Identifier(schema, "events_never_change"),
        "follow": sql.Identifier(schema, "events_follow_each_other"),
    }
    return sql.SQL(text).format(**names, **{key: sql.Identifier(one) for key, one in more.items()})


def check_schema_name(schema: str) -> None:
    """Raise `LedgerError` for a name that is not lower-case ASCII of at most 48 characters."""
    if not _SCHEMA_NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise LedgerError(
            f"{schema!r} is no name for a ledger's schema: lower-case letters, digits and _, "
            "at most 48, not beginning with pg_"
        )


def _lock_key(schema: str) -> int:
    digest = hashlib.sha256(f"equipoise-ledger|{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _in_words(error: BaseException) -> str:
    """The first line of what the server or the driver says, without the connection's secrets."""
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(error) or type(error).__name__
    return str(said).strip().splitlines()[0]


@contextmanager
def _explained(doing: str) -> Iterator[None]:
    """Turn the driver's errors into the ledger's, with what was being done."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise LedgerBusyError(
            f"the database's ledger has been locked by another process for {_LOCK_SECONDS} s;"
            " nothing was written: try again, or look for a process that stands still"
        ) from error
    except PoolTimeout as error:
        raise LedgerError(f"the database did not answer while {doing}; try again") from error
    except psycopg.Error as error:
        raise LedgerError(f"the database failed while {doing}: {_in_words(error)}") from error


def prepare_schema(url: str, schema: str, *, writers: Sequence[str] = ()) -> None:
    """Create the schema and the ledger's own tables with their triggers, as the connected role.

    `writers` are roles that then may append and keep projections, but neither change nor delete an
    event, nor drop what stops it. Raises `LedgerError`; then nothing has been created.
    """
    check_schema_name(schema)
    with (
        _explained("preparing the ledger's schema"),
        psycopg.connect(url, connect_timeout=10) as connection,
    ):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_lock_key(schema),))
        if not _has_events(connection, schema):
            connection.execute(_composed("CREATE SCHEMA IF NOT EXISTS {schema}", schema))
            connection.execute(_composed(_CREATE, schema))
        for role in writers:
            connection.execute(_composed(_GRANTS, schema, role=role))


def drop_schema(url: str, schema: str) -> None:
    """Take the whole schema away: only for one whose creation failed, and in tests."""
    check_schema_name(schema)
    with (
        _explained("removing the ledger's schema"),
        psycopg.connect(url, connect_timeout=10) as connection,
    ):
        connection.execute(_composed("DROP SCHEMA IF EXISTS {schema} CASCADE", schema))


def schema_in_use(url: str, schema: str) -> bool:
    """Whether a ledger's events stand under this name."""
    check_schema_name(schema)
    with (
        _explained("looking for the ledger's schema"),
        psycopg.connect(url, connect_timeout=10, autocommit=True) as connection,
    ):
        return _has_events(connection, schema)


def _has_events(connection: _Connection, schema: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'events'",
        (schema,),
    )
    return found.fetchone() is not None


class PostgresStore:
    """A ledger in one schema of a PostgreSQL database.

    One connection writes, under the ledger's lock and an advisory transaction lock that all
    processes share, so that the order of seq is the order of commits; a pool reads. A connection
    that was lost is made anew at the next transaction.
    """

    sole_writer = False

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
        self._key = _lock_key(schema)
        self._texts: dict[tuple[Any, ...], bytes] = {}
        """Statements composed once: the driver takes a text it has seen before much faster."""
        self._writer: _Connection | None = None
        self._begun: Head | None = None
        columns = sql.SQL(", ").join(map(sql.Identifier, Event._fields))
        marks = sql.SQL(", ").join(sql.Placeholder() * len(Event._fields))
        events = sql.Identifier(schema, "events")
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(events, columns, marks)
        self._insert = insert.as_bytes()
        self._select = sql.SQL("SELECT {} FROM {}").format(columns, events)
        self._head_sql = self._sql("SELECT seq, hash FROM {events} ORDER BY seq DESC LIMIT 1")
        self._client_sql = (
            sql.SQL("{} WHERE client_id = %s AND client_id <> '' ORDER BY client_index")
            .format(self._select)
            .as_bytes()
        )
        self._version_sql = self._sql("SELECT max(version) FROM {events} WHERE stream = %s")
        self._sign_sql = self._sql(
            "INSERT INTO {signed_head} VALUES (1, %s)"
            " ON CONFLICT (one) DO UPDATE SET statement = excluded.statement"
        )
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

    def _sql(self, text: str) -> bytes:
        return _composed(text, self.schema).as_bytes()

    def _table(self, table: Table) -> sql.Identifier:
        return sql.Identifier(self.schema, table.name)

    def _make_tables(self) -> None:
        """Create the projections that are missing. One of another version's shape is dropped, and
        rebuilt by whoever keeps it."""
        self.begin()
        try:
            with _explained("creating projections"):
                for table in self.tables.values():
                    found = self._writing.execute(
                        "SELECT column_name FROM information_schema.columns"
                        " WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position",
                        (self.schema, table.name),
                    )
                    columns = [name for (name,) in found]
                    if columns and columns != list(table.columns):
                        self._writing.execute(sql.SQL("DROP TABLE {}").format(self._table(table)))
                    for statement in self._table_sql(table):
                        self._writing.execute(statement)
                self._writing.execute("COMMIT")
        finally:
            self.rollback()

    def _table_sql(self, table: Table) -> Iterator[sql.Composed]:
        kinds = {"text": sql.SQL('text COLLATE "C"'), "integer": sql.SQL("bigint")}
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(name), kinds[kind])
            for name, kind in table.columns.items()
        ]
        key = sql.SQL(", ").join(map(sql.Identifier, table.key))
        yield sql.SQL("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({}))").format(
            self._table(table), sql.SQL(", ").join(columns), key
        )
        for index in table.indexes:
            yield sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} ({})").format(
                sql.Identifier(_index_name(table, index)),
                self._table(table),
                sql.SQL(", ").join(map(sql.Identifier, index)),
            )

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
        connection.execute(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
        connection.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_MINUTES}min'")
        # Whatever the server's default is: a commit that returned is on its disk.
        connection.execute("SET synchronous_commit = on")
        return connection

    def begin(self) -> None:
        """Open a transaction and wait for the ledger's advisory lock, for 30 seconds at most."""
        if self.read_only:
            raise LedgerError("the ledger is not open for writing")
        with _explained("waiting for the right to write"):
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
            head = connection.execute(self._head_sql)
        row = head.fetchone()
        self._begun = Head(*row) if row else EMPTY_HEAD

    def apply(self, events: Sequence[EventRow], changes: Changes) -> None:
        """Insert events and change projections, all statements in one journey to the server."""
        connection = self._writing
        self._begun = None
        try:
            with connection.pipeline(), connection.cursor() as cursor:
                if events:
                    cursor.executemany(self._insert, events)
                if changes.version is not None:
                    for table in self.tables.values():
                        cursor.execute(sql.SQL("DELETE FROM {}").format(self._table(table)))
                    cursor.execute(
                        self._sql(
                            "INSERT INTO {ledger} VALUES ('tables_version', %s)"
                            " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
                        ),
                        (changes.version,),
                    )
                for name, rows in changes.by_table.items():
                    self._change(cursor, self.tables[name], rows)
        except psycopg.errors.UniqueViolation as error:
            if error.diag.constraint_name == "events_by_client":
                named = ", ".join(sorted({row[11] for row in events if row[11]}))
                raise RepeatedClientIdError(
                    f"the client id {named} has been appended before"
                ) from None
            raise LedgerError(f"the database refused: {_in_words(error)}") from error
        except psycopg.Error as error:
            raise LedgerError(
                f"the database failed while writing, nothing was kept: {_in_words(error)}"
            ) from error

    def _change(
        self, cursor: psycopg.Cursor[Any], table: Table, rows: Mapping[Key, RowChange]
    ) -> None:
        removed = [key for key, change in rows.items() if change.removed]
        if removed:
            named = sql.SQL(" AND ").join(
                sql.SQL("{} = %s").format(sql.Identifier(column)) for column in table.key
            )
            cursor.executemany(
                sql.SQL("DELETE FROM {} WHERE {}").format(self._table(table), named), removed
            )
        shapes: dict[tuple[tuple[str, ...], tuple[str, ...]], list[list[Cell]]] = {}
        for key, change in rows.items():
            if change.exists:
                sets = {c: v for c, v in change.sets.items() if c not in table.key}
                cells: list[Cell] = [*key, *sets.values(), *change.deltas.values()]
                shapes.setdefault((tuple(sets), tuple(change.deltas)), []).append(cells)
        for (set_columns, delta_columns), cells_of in shapes.items():
            cursor.executemany(self._upsert(table, set_columns, delta_columns), cells_of)

    def _upsert(self, table: Table, sets: tuple[str, ...], deltas: tuple[str, ...]) -> bytes:
        shape = ("upsert", table.name, sets, deltas)
        text = self._texts.get(shape)
        if text is None:
            columns = [*table.key, *sets, *deltas]
            updates = [
                sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in sets
            ] + [
                sql.SQL("{0} = coalesce({1}.{0}, 0) + excluded.{0}").format(
                    sql.Identifier(column), self._table(table)
                )
                for column in deltas
            ]
            composed = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {}").format(
                self._table(table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(sql.Placeholder() * len(columns)),
                sql.SQL(", ").join(map(sql.Identifier, table.key)),
                sql.SQL("UPDATE SET {}").format(sql.SQL(", ").join(updates))
                if updates
                else sql.SQL("NOTHING"),
            )
            text = self._texts[shape] = composed.as_bytes()
        return text

    def commit(self, signed_head: str | None) -> None:
        """Store the signed head and commit; returns when it is on the server's disk."""
        connection = self._writing
        self._begun = None
        with _explained("committing; whether it was kept is seen by asking again"):
            with connection.pipeline():
                if signed_head is not None:
                    connection.execute(self._sign_sql, (signed_head,))
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
        with _explained("reading"):
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
        rows = self._fetch(inside, self._head_sql)
        return Head(*rows[0]) if rows else EMPTY_HEAD

    def signed_head(self) -> str | None:
        """The signed head committed last."""
        rows = self._fetch(False, self._sql("SELECT statement FROM {signed_head}"))
        return str(rows[0][0]) if rows else None

    def tables_version(self, *, inside: bool = False) -> str:
        """The version that filled the projections last."""
        statement = self._sql("SELECT value FROM {ledger} WHERE name = 'tables_version'")
        rows = self._fetch(inside, statement)
        return str(rows[0][0]) if rows else ""

    def stream_version(self, stream: str, *, inside: bool = False) -> int:
        """The last version in the stream."""
        return self._fetch(inside, self._version_sql, (stream,))[0][0] or 0

    def events(self, selection: Selection, *, inside: bool = False) -> Iterator[EventRow]:
        """Selected events, read in pages so that no connection is held while the caller works."""
        fixed: list[Any] = []
        if selection.stream is not None:
            fixed.append(selection.stream)
        if selection.types is not None:
            fixed.append(list(selection.types))
        statement = self._selecting(selection)

        def fetch(low: int, high: int, count: int) -> list[EventRow]:
            found: list[Any] = self._fetch(inside, statement, (low, high, *fixed, count))
            return found

        yield from paged(selection, self.head(inside=inside).seq, fetch)

    def _selecting(self, selection: Selection) -> bytes:
        stream, types = selection.stream is not None, selection.types is not None
        shape = ("events", stream, types, selection.descending)
        text = self._texts.get(shape)
        if text is None:
            tests = [sql.SQL("seq > %s AND seq <= %s")]
            if stream:
                tests.append(sql.SQL("stream = %s"))
            if types:
                tests.append(sql.SQL("type = ANY(%s::text[])"))
            composed = sql.SQL("{} WHERE {} ORDER BY {} {} LIMIT %s").format(
                self._select,
                sql.SQL(" AND ").join(tests),
                sql.Identifier("version" if stream else "seq"),
                sql.SQL("DESC" if selection.descending else "ASC"),
            )
            text = self._texts[shape] = composed.as_bytes()
        return text

    def links(self, after: int, upto: int) -> Iterator[tuple[int, str]]:
        """Seq and hash of committed events."""
        statement = self._sql(
            "SELECT seq, hash FROM {events} WHERE seq > %s AND seq <= %s ORDER BY seq LIMIT %s"
        )
        while after < upto:
            found: list[Any] = self._fetch(False, statement, (after, upto, LINKS))
            yield from found
            after = found[-1][0] if found else upto

    def by_client(self, client_id: str, *, inside: bool = False) -> list[EventRow]:
        """Events of one client id."""
        if not client_id:
            return []
        found: list[Any] = self._fetch(inside, self._client_sql, (client_id,))
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
        values: list[Any] = []
        kinds: list[tuple[str, str]] = []
        for column, value in where.items():
            if value is None:
                kinds.append((column, "null"))
            elif isinstance(value, str | int):
                kinds.append((column, "equal"))
                values.append(value)
            else:
                kinds.append((column, "any"))
                values.append(list(value))
        if limit is not None:
            values.append(limit)
        shape = ("rows", table.name, tuple(kinds), tuple(order), limit is not None)
        text = self._texts.get(shape)
        if text is None:
            text = self._texts[shape] = self._selecting_rows(table, kinds, order, limit is not None)
        names = tuple(table.columns)
        return [dict(zip(names, row, strict=True)) for row in self._fetch(inside, text, values)]

    def _selecting_rows(
        self, table: Table, kinds: Sequence[tuple[str, str]], order: Sequence[str], limited: bool
    ) -> bytes:
        tests: list[sql.Composed] = []
        for column, kind in kinds:
            name = sql.Identifier(column)
            if kind == "null":
                tests.append(sql.SQL("{} IS NULL").format(name))
            elif kind == "equal":
                tests.append(sql.SQL("{} = %s").format(name))
            else:
                element = sql.SQL("text" if table.columns[column] == "text" else "bigint")
                tests.append(sql.SQL("{} = ANY(%s::{}[])").format(name, element))
        ordering = [
            sql.SQL("{}{}{}").format(
                sql.Identifier(column.removeprefix("-")),
                sql.SQL(" DESC" if column.startswith("-") else ""),
                # Key columns are never null, and naming an order of nulls would pass the key's index by.
                sql.SQL("")
                if column.removeprefix("-") in table.key
                else sql.SQL(" NULLS LAST" if column.startswith("-") else " NULLS FIRST"),
            )
            for column in (*order, *table.key)
        ]
        statement = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, table.columns)), self._table(table)
        )
        if tests:
            statement += sql.SQL(" WHERE ") + sql.SQL(" AND ").join(tests)
        statement += sql.SQL(" ORDER BY ") + sql.SQL(", ").join(ordering)
        if limited:
            statement += sql.SQL(" LIMIT %s")
        return statement.as_bytes()

    def stored(self) -> tuple[str | None, Iterator[tuple[Any, ...]]]:
        """All rows as stored, and the signed head, in one repeatable-read transaction."""
        with _explained("reading the ledger"):
            connection = psycopg.connect(self.url, connect_timeout=10)
        try:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            head = connection.execute(self._sql("SELECT statement FROM {signed_head}")).fetchone()
        except psycopg.Error as error:
            connection.close()
            raise LedgerError(f"cannot be read as a ledger: {_in_words(error)}") from error
        return (str(head[0]) if head else None), self._stored_rows(connection)

    def _stored_rows(self, connection: _Connection) -> Iterator[tuple[Any, ...]]:
        try:
            with connection, connection.cursor(name="verification") as cursor:
                cursor.itersize = 5000
                yield from cursor.execute(sql.SQL("{} ORDER BY seq").format(self._select))
        except psycopg.Error as error:
            raise LedgerError(f"cannot be read as a ledger: {_in_words(error)}") from error
        finally:
            connection.close()

    def close(self) -> None:
        """Close all connections; an open transaction is undone."""
        self._drop_writer()
        self._pool.close()


def _for_reading(connection: _Connection) -> None:
    connection.execute("SET default_transaction_read_only = on")


def _index_name(table: Table, index: tuple[str, ...]) -> str:
    """Names in PostgreSQL hold 63 bytes: a longer one ends in a digest, so that it stays distinct."""
    name = f"{table.name}_by_{'_'.join(index)}"
    if len(name) <= 63:
        return name
    return f"{name[:54]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"

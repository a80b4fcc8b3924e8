"""The store's SQL, composed for the ledger of one schema."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg import sql

from ..envelope import Event
from ..store import Selection
from ..tables import Cell, Table


def composed(text: str, schema: str, **more: str) -> sql.Composed:
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


class Statements:
    """What the store has the database do.

    The driver takes a text it has seen before much faster: what recurs is composed once, and once
    for each shape of a selection or a change.
    """

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._texts: dict[tuple[Any, ...], bytes] = {}
        columns = sql.SQL(", ").join(map(sql.Identifier, Event._fields))
        marks = sql.SQL(", ").join(sql.Placeholder() * len(Event._fields))
        events = sql.Identifier(schema, "events")
        self.insert_event = (
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(events, columns, marks).as_bytes()
        )
        self._select = sql.SQL("SELECT {} FROM {}").format(columns, events)
        self.head = self._sql("SELECT seq, hash FROM {events} ORDER BY seq DESC LIMIT 1")
        self.by_client = (
            sql.SQL("{} WHERE client_id = %s AND client_id <> '' ORDER BY client_index")
            .format(self._select)
            .as_bytes()
        )
        self.stream_version = self._sql("SELECT max(version) FROM {events} WHERE stream = %s")
        self.links = self._sql(
            "SELECT seq, hash FROM {events} WHERE seq > %s AND seq <= %s ORDER BY seq LIMIT %s"
        )
        self.all_events = sql.SQL("{} ORDER BY seq").format(self._select).as_bytes()
        self.signed_head = self._sql("SELECT statement FROM {signed_head}")
        self.set_signed_head = self._sql(
            "INSERT INTO {signed_head} VALUES (1, %s)"
            " ON CONFLICT (one) DO UPDATE SET statement = excluded.statement"
        )
        self.tables_version = self._sql("SELECT value FROM {ledger} WHERE name = 'tables_version'")
        self.set_tables_version = self._sql(
            "INSERT INTO {ledger} VALUES ('tables_version', %s)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )

    def _sql(self, text: str) -> bytes:
        return composed(text, self._schema).as_bytes()

    def _table(self, table: Table) -> sql.Identifier:
        return sql.Identifier(self._schema, table.name)

    # Projections

    def create(self, table: Table) -> Iterator[bytes]:
        """Create a projection and its indexes, where there are none."""
        kinds = {"text": sql.SQL('text COLLATE "C"'), "integer": sql.SQL("bigint")}
        columns = [
            sql.SQL("{} {}").format(sql.Identifier(name), kinds[kind])
            for name, kind in table.columns.items()
        ]
        key = sql.SQL(", ").join(map(sql.Identifier, table.key))
        yield (
            sql.SQL("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({}))")
            .format(self._table(table), sql.SQL(", ").join(columns), key)
            .as_bytes()
        )
        for index in table.indexes:
            yield (
                sql.SQL("CREATE INDEX IF NOT EXISTS {} ON {} ({})")
                .format(
                    sql.Identifier(_index_name(table, index)),
                    self._table(table),
                    sql.SQL(", ").join(map(sql.Identifier, index)),
                )
                .as_bytes()
            )

    def drop(self, table: Table) -> bytes:
        """Drop a projection."""
        return sql.SQL("DROP TABLE {}").format(self._table(table)).as_bytes()

    def empty(self, table: Table) -> bytes:
        """Delete all rows of a projection."""
        return sql.SQL("DELETE FROM {}").format(self._table(table)).as_bytes()

    def remove(self, table: Table) -> bytes:
        """Delete the row of a key."""
        named = sql.SQL(" AND ").join(
            sql.SQL("{} = %s").format(sql.Identifier(column)) for column in table.key
        )
        return sql.SQL("DELETE FROM {} WHERE {}").format(self._table(table), named).as_bytes()

    def upsert(self, table: Table, sets: tuple[str, ...], deltas: tuple[str, ...]) -> bytes:
        """Set some columns of the row of a key, and add to others, whether it is there or not."""
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
            statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO {}").format(
                self._table(table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(sql.Placeholder() * len(columns)),
                sql.SQL(", ").join(map(sql.Identifier, table.key)),
                sql.SQL("UPDATE SET {}").format(sql.SQL(", ").join(updates))
                if updates
                else sql.SQL("NOTHING"),
            )
            text = self._texts[shape] = statement.as_bytes()
        return text

    # Selections

    def events(self, selection: Selection) -> tuple[bytes, list[Any]]:
        """A page of the events selected, and its values between the bounds of seq and the count."""
        stream, types = selection.stream is not None, selection.types is not None
        values: list[Any] = []
        if selection.stream is not None:
            values.append(selection.stream)
        if selection.types is not None:
            values.append(list(selection.types))
        shape = ("events", stream, types, selection.descending)
        text = self._texts.get(shape)
        if text is None:
            tests = [sql.SQL("seq > %s AND seq <= %s")]
            if stream:
                tests.append(sql.SQL("stream = %s"))
            if types:
                tests.append(sql.SQL("type = ANY(%s::text[])"))
            statement = sql.SQL("{} WHERE {} ORDER BY {} {} LIMIT %s").format(
                self._select,
                sql.SQL(" AND ").join(tests),
                sql.Identifier("version" if stream else "seq"),
                sql.SQL("DESC" if selection.descending else "ASC"),
            )
            text = self._texts[shape] = statement.as_bytes()
        return text, values

    def rows(
        self,
        table: Table,
        where: Mapping[str, Cell | Sequence[Cell]],
        order: Sequence[str],
        limit: int | None,
    ) -> tuple[bytes, list[Any]]:
        """Rows of a projection, and the values of the statement."""
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
            text = self._texts[shape] = self._rows(table, kinds, order, limit is not None)
        return text, values

    def _rows(
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


def _index_name(table: Table, index: tuple[str, ...]) -> str:
    """Names in PostgreSQL hold 63 bytes: a longer one ends in a digest, so that it stays distinct."""
    name = f"{table.name}_by_{'_'.join(index)}"
    if len(name) <= 63:
        return name
    return f"{name[:54]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"

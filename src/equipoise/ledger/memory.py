"""A store in memory: for rehearsals that need no file, and for tests."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .envelope import EMPTY_HEAD, EventRow, Head
from .errors import RepeatedClientIdError
from .store import Selection
from .tables import Cell, Changes, Key, Row, Table


class MemoryStore:
    """Keeps the same rows a database would, and answers the same questions."""

    sole_writer = True
    lasting = False

    def __init__(self, tables: Sequence[Table] = ()) -> None:
        self.tables: Mapping[str, Table] = {table.name: table for table in tables}
        self._events: list[EventRow] = []
        self._streams: dict[str, list[int]] = {}
        self._clients: dict[str, list[int]] = {}
        self._rows: dict[str, dict[Key, Row]] = {table.name: {} for table in tables}
        self._places: dict[str, dict[str, dict[Cell, dict[Key, None]]]] = {
            table.name: {column: {} for column in _led_by(table)} for table in tables
        }
        """Keys of rows by what they hold in a column that leads an index, as a database finds them."""
        self._signed: str | None = None
        self._version = ""
        self._undo_version: list[str] = []
        self._undo: list[tuple[str, Key, Row | None]] = []
        self._committed = 0

    def begin(self) -> None:
        """Remember where the transaction began."""
        self._undo.clear()

    def apply(self, events: Sequence[EventRow], changes: Changes) -> None:
        """Append the rows and change the projections."""
        for row in events:
            client = row[11]
            if client:
                known = self._clients.setdefault(client, [])
                if len(known) != row[12]:
                    raise RepeatedClientIdError(f"the client id {client} has been appended before")
                known.append(row[0] - 1)
            self._streams.setdefault(row[2], []).append(row[0] - 1)
            self._events.append(row)
        if changes.version is not None:
            self._undo_version.append(self._version)
            self._version = changes.version
            for name, rows in self._rows.items():
                self._undo.extend((name, key, row) for key, row in rows.items())
                rows.clear()
                for held in self._places[name].values():
                    held.clear()
        for name, changed in changes.by_table.items():
            table, rows = self.tables[name], self._rows[name]
            for key, change in changed.items():
                old = rows.get(key)
                self._undo.append((name, key, old))
                if not change.exists:
                    self._set(name, key, None)
                    continue
                row_now: Row = (
                    dict.fromkeys(table.columns) if old is None or change.removed else dict(old)
                )
                row_now.update(zip(table.key, key, strict=True))
                row_now.update(change.sets)
                for column, delta in change.deltas.items():
                    current = row_now[column]
                    row_now[column] = delta + (current if isinstance(current, int) else 0)
                self._set(name, key, row_now)

    def _set(self, name: str, key: Key, row: Row | None) -> None:
        """Put a row in the place of the one with its key, or (None) take that one away."""
        rows = self._rows[name]
        old = rows.get(key)
        if row is None:
            rows.pop(key, None)
        else:
            rows[key] = row
        for column, held in self._places[name].items():
            if old is not None and (row is None or row[column] != old[column]):
                del held[old[column]][key]
            if row is not None and (old is None or row[column] != old[column]):
                held.setdefault(row[column], {})[key] = None

    def commit(self, signed_head: str | None) -> None:
        """Let everybody see what was applied."""
        self._committed = len(self._events)
        if signed_head is not None:
            self._signed = signed_head
        self._undo.clear()
        self._undo_version.clear()

    def rollback(self) -> None:
        """Take back what was applied since `begin`."""
        for name, key, old in reversed(self._undo):
            self._set(name, key, old)
        self._undo.clear()
        if self._undo_version:
            self._version = self._undo_version[0]
            self._undo_version.clear()
        for row in reversed(self._events[self._committed :]):
            self._streams[row[2]].pop()
            if row[11]:
                self._clients[row[11]].pop()
        del self._events[self._committed :]

    def _end(self, inside: bool) -> int:
        return len(self._events) if inside else self._committed

    def head(self, *, inside: bool = False) -> Head:
        """The last event's seq and hash."""
        end = self._end(inside)
        return Head(end, self._events[end - 1][16]) if end else EMPTY_HEAD

    def signed_head(self) -> str | None:
        """The signed head committed last."""
        return self._signed

    def tables_version(self, *, inside: bool = False) -> str:
        """The version that filled the projections last."""
        return self._version

    def stream_version(self, stream: str, *, inside: bool = False) -> int:
        """The number of events in the stream."""
        return bisect_left(self._streams.get(stream, ()), self._end(inside))

    def events(self, selection: Selection, *, inside: bool = False) -> Iterator[EventRow]:
        """Selected events in order."""
        end = self._end(inside)
        if selection.upto is not None:
            end = min(end, selection.upto)
        at: Sequence[int] = range(selection.after, end)
        if selection.stream is not None:
            mine = self._streams.get(selection.stream, ())
            at = mine[bisect_left(mine, selection.after) : bisect_left(mine, end)]
        if selection.types is not None:
            at = [i for i in at if self._events[i][4] in selection.types]
        if selection.descending:
            at = at[::-1]
        if selection.limit is not None:
            at = at[: selection.limit]
        return (self._events[i] for i in at)

    def links(self, after: int, upto: int) -> Iterator[tuple[int, str]]:
        """Seq and hash of committed events."""
        for row in self._events[after : min(upto, self._committed)]:
            yield row[0], row[16]

    def by_client(self, client_id: str, *, inside: bool = False) -> list[EventRow]:
        """Events of one client id."""
        end = self._end(inside)
        return [self._events[i] for i in self._clients.get(client_id, ()) if i < end]

    def rows(
        self,
        table: Table,
        where: Mapping[str, Cell | Sequence[Cell]],
        order: Sequence[str],
        limit: int | None,
        *,
        inside: bool = False,
    ) -> list[Row]:
        """Rows of a projection, copied. Within a transaction all readers see it as it stands."""
        tests = [
            (
                column,
                (value,) if value is None or isinstance(value, str | int) else tuple(value),
            )
            for column, value in where.items()
        ]
        found = [
            dict(row)
            for row in self._candidates(table.name, dict(tests))
            if all(row[column] in allowed for column, allowed in tests)
        ]
        # A stable sort, least significant column first, gives the order of several columns.
        for column in reversed((*order, *table.key)):
            name = column.removeprefix("-")
            found.sort(
                key=lambda row: (row[name] is not None, row[name]),
                reverse=column.startswith("-"),
            )
        return found if limit is None else found[:limit]

    def _candidates(self, name: str, tests: Mapping[str, tuple[Cell, ...]]) -> list[Row]:
        """Rows among which all are that pass the tests: by the index that leaves the fewest."""
        rows = self._rows[name]
        fewest: list[Key] | None = None
        for column, held in self._places[name].items():
            if column in tests:
                keys = [key for cell in tests[column] for key in list(held.get(cell, ()))]
                if fewest is None or len(keys) < len(fewest):
                    fewest = keys
        if fewest is None:
            return list(rows.values())
        # another thread may have taken a row away meanwhile
        return [row for key in dict.fromkeys(fewest) if (row := rows.get(key)) is not None]

    def stored(self) -> tuple[str | None, Iterator[tuple[Any, ...]]]:
        """The signed head and the committed rows."""
        return self._signed, iter(self._events[: self._committed])

    def close(self) -> None:
        """Nothing is held."""


def _led_by(table: Table) -> list[str]:
    """The columns that lead the key, or an index."""
    leading = (table.key[0], *(index[0] for index in table.indexes))
    return [column for column in dict.fromkeys(leading) if table.key != (column,)]

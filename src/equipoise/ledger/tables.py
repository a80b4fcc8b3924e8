"""Projections: small tables beside the events, changed in the same transaction, rebuilt from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct, field

from .errors import LedgerError

ColumnType = Literal["text", "integer"]
Cell = str | int | None
Row = dict[str, Cell]
Key = tuple[Cell, ...]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED = frozenset({"events", "ledger", "signed_head"})
"""Table names the ledger keeps for itself."""


@dataclass(frozen=True)
class Table:
    """A projection: its columns in order, the key that names a row, and indexes for its readers."""

    name: str
    columns: Mapping[str, ColumnType]
    key: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        for name in (self.name, *self.columns):
            if not _NAME.fullmatch(name):
                raise LedgerError(f"table {self.name}: {name!r} is no name for a table or column")
        if self.name in RESERVED:
            raise LedgerError(f"table {self.name}: the ledger keeps this name for itself")
        if not self.key:
            raise LedgerError(f"table {self.name}: a key is needed")
        for column in (
            *self.key,
            *(column for index in self.indexes for column in index),
        ):
            self.check_column(column)

    def check_column(self, column: str) -> None:
        """Raise `LedgerError` unless the table has the column."""
        if column not in self.columns:
            raise LedgerError(
                f"table {self.name} has no column {column!r}: it has {', '.join(self.columns)}"
            )

    def key_of(self, row: Mapping[str, Any]) -> Key:
        """The row's key; `LedgerError` where a key column is missing."""
        try:
            return tuple([row[column] for column in self.key])
        except KeyError as missing:
            raise LedgerError(f"table {self.name}: the key column {missing} is missing") from None


class RowChange(Struct):
    """What happens to one row: removed first or not, then columns set, then integers added to."""

    removed: bool = False
    sets: dict[str, Cell] = field(default_factory=dict)
    deltas: dict[str, int] = field(default_factory=dict)
    exists: bool = False
    """Whether the row stands after the change (a put or an add came last)."""

    def follow(self, later: RowChange) -> None:
        """Fold in what came after: columns set and added to; a removal takes this one's place instead."""
        self.sets.update(later.sets)
        if self.deltas and later.sets:
            self.deltas = {c: d for c, d in self.deltas.items() if c not in later.sets}
        for column, delta in later.deltas.items():
            self.add(column, delta)
        self.exists = True

    def add(self, column: str, delta: int) -> None:
        """Add to an integer column: to the value set here, or to whatever the row holds."""
        if column in self.sets:
            current = self.sets[column]
            self.sets[column] = delta + (current if isinstance(current, int) else 0)
        else:
            self.deltas[column] = self.deltas.get(column, 0) + delta


class Changes:
    """Changes of projections, folded per row so that a row is written once however often it changed."""

    __slots__ = ("by_table", "tables", "version")

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables = tables
        self.by_table: dict[str, dict[Key, RowChange]] = {}
        self.version: str | None = None
        """Where it is set, every table is emptied first, and what follows is what code of this
        version makes of the events."""

    def __bool__(self) -> bool:
        return self.version is not None or bool(self.by_table)

    def rebuild(self, version: str) -> None:
        """Empty every table, to be filled anew by code of this version."""
        self.by_table.clear()
        self.version = version

    def _change(self, name: str, row: Mapping[str, Any]) -> tuple[Table, RowChange]:
        table = self.tables.get(name)
        if table is None:
            raise LedgerError(f"there is no table {name!r}: {', '.join(self.tables) or 'none'}")
        rows = self.by_table.setdefault(name, {})
        key = table.key_of(row)
        change = rows.get(key)
        if change is None:
            change = rows[key] = RowChange()
        return table, change

    def put(self, name: str, row: Mapping[str, Cell]) -> None:
        """Insert the row, or set the given columns of the row with its key."""
        table, change = self._change(name, row)
        for column, value in row.items():
            kind = table.columns.get(column)
            if kind is None:
                table.check_column(column)
            elif value is not None and type(value) is not (str if kind == "text" else int):
                raise LedgerError(f"table {name}, column {column}: {value!r} is no {kind}")
            elif isinstance(value, str) and "\0" in value:
                # PostgreSQL's text cannot hold it; the event keeps it, escaped.
                row = {**row, column: value.replace("\0", "\ufffd")}
        change.sets.update(row)
        change.exists = True
        if change.deltas:
            change.deltas = {c: d for c, d in change.deltas.items() if c not in row}

    def remove(self, name: str, key: Mapping[str, Cell]) -> None:
        """Delete the row with this key, where there is one."""
        _, change = self._change(name, key)
        change.removed, change.sets, change.deltas, change.exists = True, {}, {}, False

    def add(self, name: str, key: Mapping[str, Cell], deltas: Mapping[str, int]) -> None:
        """Add to integer columns of the row with this key; a missing row or value counts as 0."""
        table, change = self._change(name, key)
        for column, delta in deltas.items():
            if table.columns.get(column) != "integer" or column in table.key:
                table.check_column(column)
                raise LedgerError(f"table {name}, column {column}: only integers can be added to")
            if type(delta) is not int:
                raise LedgerError(f"table {name}, column {column}: {delta!r} is no integer")
            change.add(column, delta)
        change.exists = True

    def merge(self, later: Changes) -> None:
        """Fold changes that come after these into them."""
        if later.version is not None:
            self.rebuild(later.version)
        for name, rows in later.by_table.items():
            mine = self.by_table.setdefault(name, {})
            for key, change in rows.items():
                earlier = mine.get(key)
                if earlier is None or change.removed:
                    mine[key] = change
                    continue
                earlier.follow(change)


class Rows:
    """What collects changes of the projections."""

    __slots__ = ("changes",)

    def __init__(self, changes: Changes) -> None:
        self.changes = changes

    def put(self, table: str, row: Mapping[str, Cell]) -> None:
        """Insert a row, or set the given columns of the row with its key; others stay as they are."""
        self.changes.put(table, row)

    def remove(self, table: str, key: Mapping[str, Cell]) -> None:
        """Delete the row with this key, where there is one."""
        self.changes.remove(table, key)

    def add(self, table: str, key: Mapping[str, Cell], **deltas: int) -> None:
        """Add to integer columns; a missing row, or value, counts as 0."""
        self.changes.add(table, key, deltas)

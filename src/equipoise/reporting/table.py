"""A table as such: cells, rows, columns, caption, notes. What is in it and how it is drawn live elsewhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading; `numeric` columns are set flush right.

    Neighbors with the same `group` stand under one common heading.
    """

    text: str
    numeric: bool = False
    group: str = ""

    @property
    def whole(self) -> str:
        """The heading with its group, for forms that have one line of headings only."""
        return f"{self.group}: {self.text}" if self.group else self.text


@dataclass(frozen=True, slots=True)
class Row:
    """A row; its first cell is its heading. `level` indents it.

    `section` makes it a heading row: of all columns where its other cells are empty, else with a heading of their own
    for the columns under it, so that rows of another kind do not stand under headings that are not theirs.
    """

    cells: tuple[str, ...]
    level: int = 0
    section: bool = False

    @property
    def spans(self) -> bool:
        """Whether it is one heading over all columns."""
        return self.section and not any(self.cells[1:])


@dataclass(frozen=True, slots=True)
class Table:
    """A table in one language. Every row has as many cells as there are columns."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    foot: str = ""
    """Names the data cut; stands under every table."""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(
                    f"table {self.id}: row {row.cells[:1]} has {len(row.cells)} cells, "
                    f"not {len(self.columns)}"
                )

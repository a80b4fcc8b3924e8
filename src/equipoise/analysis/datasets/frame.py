"""A derived data set: rows with what each variable means, and which events each value rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from equipoise.quantity.text import Text

if TYPE_CHECKING:
    import polars

Type = Literal["text", "integer", "float", "date", "boolean"]
Value = str | int | float | date | bool | None
Seqs = tuple[int, ...]
"""Positions in the ledger, rising."""
Of = TypeVar("Of")


@dataclass(frozen=True, slots=True)
class Variable:
    """What a column says. `derivation` tells how it is made of the `source`: an event, an item, another variable."""

    name: str
    label: Text
    type: Type
    derivation: Text
    source: str
    unit: str | None = None
    codelist: str | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set. `keys` name the variables that tell its rows apart; they stand first.

    `rests_on` holds for each row, by variable, the events a value rests on; a variable absent there rests on those of
    the row, under the empty name.
    """

    id: str
    label: Text
    structure: Text
    keys: tuple[str, ...]
    variables: tuple[Variable, ...]
    rows: tuple[tuple[Value, ...], ...]
    rests_on: tuple[Mapping[str, Seqs], ...]

    def events_of(self, row: int, variable: str) -> Seqs:
        """The positions of the events that a value rests on, by the number of its row from 0."""
        found = self.rests_on[row]
        return found.get(variable, found.get("", ()))

    def frame(self) -> polars.DataFrame:
        """As a Polars frame, with the types of the variables."""
        import polars as pl

        kinds = {
            "text": pl.String, "integer": pl.Int64, "float": pl.Float64, "date": pl.Date,
            "boolean": pl.Boolean,
        }  # fmt: skip
        schema = {one.name: kinds[one.type] for one in self.variables}
        return pl.DataFrame(self.rows, schema=schema, orient="row")

    def to_json(self) -> dict[str, Any]:
        """The metadata as JSON values."""
        return {
            "id": self.id,
            "label": self.label.as_mapping(),
            "structure": self.structure.as_mapping(),
            "keys": list(self.keys),
            "rows": len(self.rows),
            "variables": [
                {
                    "name": one.name,
                    "label": one.label.as_mapping(),
                    "type": one.type,
                    "unit": one.unit,
                    "codelist": one.codelist,
                    "derivation": one.derivation.as_mapping(),
                    "source": one.source,
                }
                for one in self.variables
            ],
        }


@dataclass(frozen=True, slots=True)
class Column(Generic[Of]):
    """A variable with how its value, and the events it rests on, are had from a thing."""

    variable: Variable
    value: Callable[[Of], Value]
    seqs: Callable[[Of], Seqs] | None = None


def dataset(
    name: str,
    label: Text,
    structure: Text,
    keys: tuple[str, ...],
    columns: Iterable[Column[Of]],
    things: Iterable[Of],
    seqs: Callable[[Of], Seqs],
) -> Dataset:
    """A row for each thing. `seqs` are what a row rests on where a column does not say it better."""
    made = tuple(columns)
    rows, rests_on = [], []
    for thing in things:
        rows.append(tuple(column.value(thing) for column in made))
        found = {c.variable.name: c.seqs(thing) for c in made if c.seqs is not None}
        found[""] = seqs(thing)
        rests_on.append(found)
    variables = tuple(column.variable for column in made)
    return Dataset(name, label, structure, keys, variables, tuple(rows), tuple(rests_on))

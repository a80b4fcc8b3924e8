"""What an expression is evaluated on, and what it answers."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol

from msgspec import Struct, field

from equipoise.quantity.dates import PartialDate

Bound = Literal["upper", "lower"]


class Datum(Struct, frozen=True):
    """A value with its unit, the day it holds for, and where it stands (`screening/laboratory/1`)."""

    value: Decimal | date | datetime | PartialDate | bool | str | int
    unit: str | None = None
    on: date | None = None
    source: str = ""


class Environment(Protocol):
    """Where an expression finds its values. None stands for unknown."""

    def value(self, name: str) -> Datum | None:
        """The value of an item, the date of an anchor, the arm or the site."""
        ...

    def reference(self, item: str, bound: Bound) -> Datum | None:
        """The upper or lower limit of the site's laboratory for the item, at the item's date."""
        ...


class Answer(Struct, frozen=True):
    """The value (None: unknown) and every name looked at with what was found there.

    Laboratory limits stand under `uln(alt)` and `lln(alt)`; a name without a value maps to None.
    """

    value: Decimal | date | bool | str | None
    used: dict[str, Datum | None] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names that had no value."""
        return tuple(name for name, datum in self.used.items() if datum is None)


class Span(Struct, frozen=True):
    """A value known only to lie between two bounds, both included: what a partial date leaves."""

    low: Decimal | date
    high: Decimal | date

"""What every part of the protocol document shares: strictness, numbers, identifiers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from equipoise.quantity.dates import PartialDate
from equipoise.quantity.text import Text

__all__ = ["Chance", "Expression", "Id", "Number", "Offset", "Part", "PartialDate", "Text"]


class Part(BaseModel):
    """A part of the protocol: strictly typed, frozen, and closed to unknown keys."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", arbitrary_types_allowed=True
    )


def _as_decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("a number is expected")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a number") from error
    if not number.is_finite():
        raise ValueError("a finite number is expected")
    return number


Number = Annotated[Decimal, BeforeValidator(_as_decimal)]
"""A decimal number, kept exactly as written (never a binary float)."""


def _as_chance(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError("a number is expected")
    try:
        chance = Fraction(str(value))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"{value!r} is not a number") from error
    if not 0 <= chance <= 1:
        raise ValueError("a probability from 0 to 1 is expected")
    return str(value)


Chance = Annotated[
    str,
    BeforeValidator(_as_chance, json_schema_input_type=Annotated[float, Field(ge=0, le=1)] | str),
]
"""A probability as written: a decimal (`0.8`) or a fraction of whole numbers (`2/3`)."""

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A stable ASCII name: lower case, digits and underscores, starting with a letter."""

Expression = Annotated[str, Field(min_length=1, max_length=2000)]
"""Text in the expression language (see `equipoise.protocol.expression`)."""


class Offset(Part):
    """A day counted from an anchor: `{anchor: rt_first, day: -7}` is seven days before it."""

    anchor: Id
    day: int = 0

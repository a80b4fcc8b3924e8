"""Quantities that stand beside each other: whether their units go together, and how one becomes the other."""

from __future__ import annotations

from typing import Literal

from equipoise.quantity.units import Conversion, UnitError, conversion_between

from . import closures
from .closures import Run, constant
from .errors import Faults
from .tree import Node
from .typed import Typed


def in_unit_of(faults: Faults, node: Node, first: Typed, second: Typed) -> Run | None:
    """The closure of `second` in the unit of `first`; None after a fault."""
    if second is first:
        return second.run
    conversion = conversion_of(faults, node, first, second)
    if conversion is None:
        return None
    if conversion == "same":
        return second.run
    if second.constant is not None:
        return constant(conversion(second.constant))
    return closures.mapped(second.run, conversion)


def conversion_of(
    faults: Faults, node: Node, left: Typed, right: Typed
) -> Conversion | Literal["same"] | None:
    """How the right side's values become the left's unit: `same`, a conversion, None after a fault."""
    if left.unit is None or right.unit is None:
        return None
    if left.bare or right.bare:
        if left.bare and right.bare:
            return "same"
        measured = right.unit if left.bare else left.unit
        if measured.countable:
            return "same"
        number = next(side.constant for side in (left, right) if side.bare)
        shown = "2.5" if number is None else format(number, "f")
        faults.note(
            "unit",
            node,
            f"a bare number stands beside a quantity in {measured.code!r}",
            f"write its unit: {shown} '{measured.code}'",
        )
        return None
    if (left.calendar or right.calendar) and left.unit.code != right.unit.code:
        counted = left if left.calendar else right
        name = "months" if counted.unit is not None and counted.unit.code == "mo" else "years"
        faults.note(
            "unit",
            node,
            f"completed calendar {name} do not convert to other units of time",
            f"write the number of {name}, or use days_between",
        )
        return None
    if left.unit == right.unit or left.unit.code == right.unit.code:
        return "same"
    try:
        return conversion_between(right.unit, left.unit)
    except UnitError as error:
        faults.note("unit", node, error.message, error.remedy)
        return None

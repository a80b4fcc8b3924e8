"""A part of an expression that has been checked, and what it is called in a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from equipoise.quantity.units import PURE, Unit

from .closures import Run, constant
from .scope import Codes, Kind


@dataclass(frozen=True, slots=True)
class Typed:
    """A part of an expression with its kind and the closure that computes it.

    `unit` is None for a number whose unit another fault leaves open. A `bare` number is a literal
    that takes the other side's unit. `calendar` marks counts of calendar months or years.
    """

    kind: Kind
    run: Run
    unit: Unit | None = None
    codes: Codes | None = None
    bare: bool = False
    calendar: bool = False
    constant: Any = None


NOTHING = Typed("unknown", constant(None))
"""A part at fault, about which nothing more is said."""


def shown(typed: Typed) -> str:
    """The kind in words, with the unit where there is one."""
    names = {"boolean": "truth value", "code": "code", "identity": "identity", "text": "text"}
    if typed.kind == "number" and typed.unit is not None and typed.unit is not PURE:
        return f"number in {typed.unit.code!r}"
    return names.get(typed.kind, typed.kind)

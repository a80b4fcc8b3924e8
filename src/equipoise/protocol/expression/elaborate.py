"""From tree to function: types and units are checked once, and what is left is a fast closure.

Every fault is collected; a part at fault has the kind `unknown`, about which nothing more is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from equipoise.quantity.closest import closest
from equipoise.quantity.units import ARITHMETIC, PURE, UnitError, unit

from . import closures
from .closures import Run, constant
from .comparisons import comparison, membership
from .conversions import in_unit_of
from .errors import Faults
from .errors import Kind as FaultKind
from .functions import DATE_FUNCTIONS, between
from .scope import Known, Scope
from .tree import (
    And,
    Arithmetic,
    ArithmeticSign,
    Call,
    Comparison,
    Day,
    Membership,
    Name,
    Negative,
    Node,
    Not,
    Number,
    Or,
    String,
    Truth,
    unparse,
)
from .typed import NOTHING, Typed, shown
from .values import Bound, Datum

FUNCTIONS = ("uln", "lln", "known", "min", "max", "abs", "date", *DATE_FUNCTIONS)
"""The functions of the language."""

_ARITHMETIC: Mapping[ArithmeticSign, Callable[[Decimal, Decimal], Decimal]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "/": ARITHMETIC.divide,
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One look-up: a name's value, or a limit of its laboratory range."""

    key: str
    name: str
    bound: Bound | None
    read: Callable[[Datum], Any]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that is true, false or unknown by itself: a comparison, a membership, a boolean name."""

    node: Node
    run: Run
    sides: tuple[Typed, ...]


class Elaborator:
    """Checks one tree against a scope and builds its closure."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.faults = Faults()
        self.slots: list[Slot] = []
        self.leaves: list[Leaf] = []
        self._slot_by_key: dict[str, int] = {}

    def fault(self, kind: FaultKind, node: Node, message: str, remedy: str = "") -> Typed:
        """Note a fault and go on with a part nothing more is said about."""
        self.faults.note(kind, node, message, remedy)
        return NOTHING

    def elaborate(self, node: Node) -> Typed:
        """The node with its kind, unit and closure."""
        match node:
            case Number():
                return self._number(node)
            case Truth(value=truth):
                return Typed("boolean", constant(truth), constant=truth)
            case String(value=text):
                return Typed("text", constant(text), constant=text)
            case Day(value=day):
                return Typed("date", constant(day), constant=day)
            case Name():
                return self._name(node)
            case Call():
                return self._call(node)
            case Negative(operand=operand):
                return self._negative(node, operand)
            case Not(operand=operand):
                run = self.boolean(operand, "not").run
                return Typed("boolean", closures.negation(run))
            case Arithmetic():
                return self._arithmetic(node)
            case Comparison():
                return self._comparison(node)
            case Membership():
                return self._membership(node)
            case And(parts=parts):
                runs = [self.boolean(part, "and").run for part in parts]
                return Typed("boolean", closures.conjunction(runs))
            case Or(parts=parts):
                runs = [self.boolean(part, "or").run for part in parts]
                return Typed("boolean", closures.disjunction(runs))

    def boolean(self, node: Node, joint: str) -> Typed:
        """A part that must be true or false, with a remedy where it is something else."""
        typed = self.elaborate(node)
        if typed.kind in ("boolean", "unknown"):
            if isinstance(node, Name):
                self.leaves.append(Leaf(node, typed.run, (typed,)))
            return typed
        where = f"{joint!r} joins" if joint in ("and", "or", "not") else f"{joint} needs"
        return self.fault(
            "type",
            node,
            f"{where} conditions, and {unparse(node)!r} is a {shown(typed)}",
            "compare it with something",
        )

    # Values

    def _number(self, node: Number) -> Typed:
        if node.unit is None:
            return Typed("number", constant(node.value), PURE, bare=True, constant=node.value)
        try:
            measured = unit(node.unit)
        except UnitError as error:
            self.fault("unit", node, error.message, error.remedy)
            return Typed("number", constant(None))
        return Typed("number", constant(node.value), measured, constant=node.value)

    def _slot(self, key: str, name: str, bound: Bound | None, read: Callable[[Datum], Any]) -> Run:
        index = self._slot_by_key.get(key)
        if index is None:
            index = self._slot_by_key[key] = len(self.slots)
            self.slots.append(Slot(key, name, bound, read))
        return closures.lookup(index)

    def _known(self, node: Name) -> Known | None:
        known = self.scope.names.get(node.name)
        if known is None:
            guess = closest(node.name, self.scope.names)
            self.fault(
                "unknown-name",
                node,
                f"{node.name!r} is no item and no anchor of this protocol",
                f"did you mean {guess!r}?"
                if guess
                else f"declare it under items, or write a code in quotes: '{node.name}'",
            )
        return known

    def _name(self, node: Name) -> Typed:
        known = self._known(node)
        if known is None:
            return NOTHING
        run = self._slot(known.name, known.name, None, closures.reader(known))
        return Typed(known.kind, run, known.unit, known.codes)

    def _negative(self, node: Node, operand: Node) -> Typed:
        typed = self.elaborate(operand)
        if typed.kind == "unknown":
            return typed
        if typed.kind != "number" or (typed.unit is not None and typed.unit.affine):
            if typed.kind == "number" and typed.constant is not None:
                return replace(
                    typed, run=constant(-typed.constant), constant=typed.constant.copy_negate()
                )
            return self.fault("type", node, f"a {shown(typed)} has no negative")
        if typed.constant is not None:
            negative = typed.constant.copy_negate()
            return replace(typed, run=constant(negative), constant=negative)
        return replace(typed, run=closures.mapped(typed.run, Decimal.copy_negate, falling=True))

    # Functions

    def _call(self, node: Call) -> Typed:
        function, arguments = node.function, node.arguments
        if function in ("uln", "lln"):
            return self._reference(node, "upper" if function == "uln" else "lower")
        if function == "known":
            return self._is_known(node)
        if function in DATE_FUNCTIONS:
            return self._between(node)
        if function in ("min", "max"):
            return self._extreme(node)
        if function == "abs":
            if not self._counted(node, 1):
                return NOTHING
            typed = self.elaborate(arguments[0])
            if typed.kind == "unknown":
                return typed
            if typed.kind != "number" or (typed.unit is not None and typed.unit.affine):
                return self.fault("type", node, f"'abs' takes a number, not a {shown(typed)}")
            return replace(typed, run=closures.absolute(typed.run), constant=None)
        guess = closest(function, FUNCTIONS)
        for argument in arguments:
            self.elaborate(argument)
        return self.fault(
            "unknown-name",
            node,
            f"there is no function {function!r}",
            f"did you mean {guess!r}?" if guess else f"the functions are {', '.join(FUNCTIONS)}",
        )

    def _counted(self, node: Call, count: int) -> bool:
        if len(node.arguments) == count:
            return True
        self.fault(
            "type",
            node,
            f"{node.function!r} takes {count} argument{'s' if count > 1 else ''}, "
            f"and {len(node.arguments)} stand here",
        )
        return False

    def _reference(self, node: Call, bound: Bound) -> Typed:
        if not self._counted(node, 1):
            return NOTHING
        argument = node.arguments[0]
        if not isinstance(argument, Name):
            return self.fault(
                "type", node, f"{node.function!r} takes the name of a laboratory item"
            )
        known = self._known(argument)
        if known is None:
            return NOTHING
        if not known.laboratory or known.kind != "number":
            return self.fault(
                "type",
                node,
                f"{known.name!r} has no laboratory range",
                f"give the item {known.name!r} `laboratory: true`, or write the limit as a number",
            )
        key = f"{node.function}({known.name})"
        run = self._slot(key, known.name, bound, closures.reader(known))
        return Typed("number", run, known.unit)

    def _is_known(self, node: Call) -> Typed:
        if not self._counted(node, 1):
            return NOTHING
        argument = node.arguments[0]
        asks_limit = isinstance(argument, Call) and argument.function in ("uln", "lln")
        if not isinstance(argument, Name) and not asks_limit:
            return self.fault("type", node, "'known' takes a name, or uln(…) or lln(…)")
        run = closures.knownness(self.elaborate(argument).run)
        self.leaves.append(Leaf(node, run, ()))
        return Typed("boolean", run)

    def _between(self, node: Call) -> Typed:
        if not self._counted(node, 2):
            return NOTHING
        sides = [self.elaborate(argument) for argument in node.arguments]
        at_fault = False
        for argument, side in zip(node.arguments, sides, strict=True):
            if side.kind == "unknown":
                at_fault = True
            elif side.kind != "date":
                remedy = "write date('YYYY-MM-DD')" if side.kind == "text" else ""
                self.fault(
                    "type",
                    argument,
                    f"{node.function!r} takes dates, and {unparse(argument)!r} is a {shown(side)}",
                    remedy,
                )
                at_fault = True
        count, code = DATE_FUNCTIONS[node.function]
        earlier, later = (side.run for side in sides)
        if at_fault:
            return Typed("number", constant(None), unit(code), calendar=code in ("mo", "a"))
        return Typed(
            "number",
            lambda values: between(count, earlier(values), later(values)),
            unit(code),
            calendar=code in ("mo", "a"),
        )

    def _extreme(self, node: Call) -> Typed:
        if len(node.arguments) < 2:
            return self.fault("type", node, f"{node.function!r} takes two or more arguments")
        sides = [self.elaborate(argument) for argument in node.arguments]
        if any(side.kind == "unknown" for side in sides):
            return NOTHING
        choose = min if node.function == "min" else max
        if all(side.kind == "date" for side in sides):
            return Typed("date", closures.chosen([side.run for side in sides], choose))
        if any(side.kind != "number" for side in sides):
            return self.fault("type", node, f"{node.function!r} takes numbers, or dates")
        first = next((side for side in sides if not side.bare), sides[0])
        runs: list[Run] = []
        for argument, side in zip(node.arguments, sides, strict=True):
            joined = in_unit_of(self.faults, argument, first, side)
            if joined is None:
                return Typed("number", constant(None))
            runs.append(joined)
        return Typed(
            "number",
            closures.chosen(runs, choose),
            first.unit,
            bare=first.bare,
            calendar=first.calendar,
        )

    # Operations

    def _arithmetic(self, node: Arithmetic) -> Typed:
        left, right = self.elaborate(node.left), self.elaborate(node.right)
        if "unknown" in (left.kind, right.kind):
            return NOTHING
        for side, part in ((left, node.left), (right, node.right)):
            if side.kind != "number":
                remedy = (
                    "use days_between(earlier, later)"
                    if side.kind == "date"
                    else "compare codes with == or in"
                    if side.kind == "code"
                    else ""
                )
                return self.fault(
                    "type",
                    node,
                    f"{node.sign!r} takes numbers, and {unparse(part)!r} is a {shown(side)}",
                    remedy,
                )
        if left.unit is None or right.unit is None:
            return Typed("number", constant(None))
        operation = _ARITHMETIC[node.sign]
        if node.sign in "+-":
            if left.unit.affine or right.unit.affine:
                return self.fault(
                    "unit",
                    node,
                    "temperatures in degrees are not added",
                    "use 'K', or compare them",
                )
            first = right if left.bare and not right.bare else left
            runs = [in_unit_of(self.faults, node, first, side) for side in (left, right)]
            if runs[0] is None or runs[1] is None:
                return Typed("number", constant(None))
            return Typed(
                "number",
                closures.operated(operation, runs[0], runs[1]),
                first.unit,
                bare=left.bare and right.bare,
                calendar=left.calendar or right.calendar,
            )
        if node.sign == "/" and right.constant is not None and right.constant == 0:
            return self.fault("type", node, "a division by zero")
        try:
            joint = left.unit.times(right.unit, 1 if node.sign == "*" else -1)
        except UnitError as error:
            return self.fault("unit", node, error.message, error.remedy)
        run = (
            closures.divided(left.run, right.run)
            if node.sign == "/"
            else closures.operated(operation, left.run, right.run)
        )
        both_bare = left.bare and right.bare
        scaled = (left.calendar and right.bare) or (right.calendar and left.bare)
        return Typed("number", run, joint, bare=both_bare, calendar=scaled)

    def _comparison(self, node: Comparison) -> Typed:
        left, right = self.elaborate(node.left), self.elaborate(node.right)
        run = comparison(self.faults, node, left, right)
        if run is None:
            return Typed("boolean", constant(None))
        self.leaves.append(Leaf(node, run, (left, right)))
        return Typed("boolean", run)

    def _membership(self, node: Membership) -> Typed:
        operand = self.elaborate(node.operand)
        choices = [self.elaborate(choice) for choice in node.choices]
        run = membership(self.faults, node, operand, choices)
        if run is None:
            return Typed("boolean", constant(None))
        self.leaves.append(Leaf(node, run, (operand,)))
        return Typed("boolean", run)

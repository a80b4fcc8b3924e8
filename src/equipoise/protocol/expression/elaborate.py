"""From tree to function: types and units are checked once, and what is left is a fast closure.

Every fault is collected; a part at fault has the kind `unknown`, about which nothing more is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Literal

from equipoise.quantity.closest import closest
from equipoise.quantity.units import (
    ARITHMETIC,
    PURE,
    Conversion,
    Unit,
    UnitError,
    conversion_between,
    unit,
)

from . import closures
from .closures import Run, constant
from .errors import ExpressionError
from .errors import Kind as FaultKind
from .functions import DATE_FUNCTIONS, between
from .scope import Codes, Known, Scope
from .scope import Kind as ValueKind
from .tree import (
    And,
    Arithmetic,
    ArithmeticSign,
    Call,
    Comparison,
    ComparisonSign,
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
from .values import Bound, Datum

FUNCTIONS = ("uln", "lln", "known", "min", "max", "abs", "date", *DATE_FUNCTIONS)
"""The functions of the language."""

_COMPARE: Mapping[ComparisonSign, Callable[[Any, Any], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
}

_ARITHMETIC: Mapping[ArithmeticSign, Callable[[Decimal, Decimal], Decimal]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "/": ARITHMETIC.divide,
}

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Typed:
    """A part of an expression with its kind and the closure that computes it.

    `unit` is None for a number whose unit another fault leaves open. A `bare` number is a literal
    that takes the other side's unit. `calendar` marks counts of calendar months or years.
    """

    kind: ValueKind
    run: Run
    unit: Unit | None = None
    codes: Codes | None = None
    bare: bool = False
    calendar: bool = False
    constant: Any = None


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


_NOTHING = Typed("unknown", constant(None))


class Elaborator:
    """Checks one tree against a scope and builds its closure."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.faults: list[ExpressionError] = []
        self.slots: list[Slot] = []
        self.leaves: list[Leaf] = []
        self._slot_by_key: dict[str, int] = {}

    def fault(self, kind: FaultKind, node: Node, message: str, remedy: str = "") -> Typed:
        """Note a fault and go on with a part nothing more is said about."""
        self.faults.append(ExpressionError(message, node.column, kind=kind, remedy=remedy))
        return _NOTHING

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
            f"{where} conditions, and {unparse(node)!r} is a {_shown(typed)}",
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
            return _NOTHING
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
            return self.fault("type", node, f"a {_shown(typed)} has no negative")
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
                return _NOTHING
            typed = self.elaborate(arguments[0])
            if typed.kind == "unknown":
                return typed
            if typed.kind != "number" or (typed.unit is not None and typed.unit.affine):
                return self.fault("type", node, f"'abs' takes a number, not a {_shown(typed)}")
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
            return _NOTHING
        argument = node.arguments[0]
        if not isinstance(argument, Name):
            return self.fault(
                "type", node, f"{node.function!r} takes the name of a laboratory item"
            )
        known = self._known(argument)
        if known is None:
            return _NOTHING
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
            return _NOTHING
        argument = node.arguments[0]
        asks_limit = isinstance(argument, Call) and argument.function in ("uln", "lln")
        if not isinstance(argument, Name) and not asks_limit:
            return self.fault("type", node, "'known' takes a name, or uln(…) or lln(…)")
        run = closures.knownness(self.elaborate(argument).run)
        self.leaves.append(Leaf(node, run, ()))
        return Typed("boolean", run)

    def _between(self, node: Call) -> Typed:
        if not self._counted(node, 2):
            return _NOTHING
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
                    f"{node.function!r} takes dates, and {unparse(argument)!r} is a {_shown(side)}",
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
            return _NOTHING
        choose = min if node.function == "min" else max
        if all(side.kind == "date" for side in sides):
            return Typed("date", closures.chosen([side.run for side in sides], choose))
        if any(side.kind != "number" for side in sides):
            return self.fault("type", node, f"{node.function!r} takes numbers, or dates")
        first = next((side for side in sides if not side.bare), sides[0])
        runs: list[Run] = []
        for argument, side in zip(node.arguments, sides, strict=True):
            joined = self._joined(argument, first, side)
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

    # Units

    def _joined(self, node: Node, first: Typed, second: Typed) -> Run | None:
        """The closure of `second` in the unit of `first`; None after a fault."""
        if second is first:
            return second.run
        conversion = self._conversion(node, first, second)
        if conversion is None:
            return None
        if conversion == "same":
            return second.run
        if second.constant is not None:
            return constant(conversion(second.constant))
        return closures.mapped(second.run, conversion)

    def _conversion(
        self, node: Node, left: Typed, right: Typed
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
            self.fault(
                "unit",
                node,
                f"a bare number stands beside a quantity in {measured.code!r}",
                f"write its unit: {shown} '{measured.code}'",
            )
            return None
        if (left.calendar or right.calendar) and left.unit.code != right.unit.code:
            counted = left if left.calendar else right
            name = "months" if counted.unit is not None and counted.unit.code == "mo" else "years"
            self.fault(
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
            self.fault("unit", node, error.message, error.remedy)
            return None

    # Operations

    def _arithmetic(self, node: Arithmetic) -> Typed:
        left, right = self.elaborate(node.left), self.elaborate(node.right)
        if "unknown" in (left.kind, right.kind):
            return _NOTHING
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
                    f"{node.sign!r} takes numbers, and {unparse(part)!r} is a {_shown(side)}",
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
            runs = [self._joined(node, first, side) for side in (left, right)]
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
        run = self._compared(node, node.sign, left, right, node.left, node.right)
        if run is None:
            return Typed("boolean", constant(None))
        self.leaves.append(Leaf(node, run, (left, right)))
        return Typed("boolean", run)

    def _compared(
        self,
        node: Node,
        sign: ComparisonSign,
        left: Typed,
        right: Typed,
        left_node: Node,
        right_node: Node,
    ) -> Run | None:
        kinds = (left.kind, right.kind)
        if "unknown" in kinds:
            return None
        for side, part in ((left, left_node), (right, right_node)):
            if side.kind == "identity":
                self.fault(
                    "type",
                    node,
                    f"{unparse(part)!r} identifies a person and is never compared",
                    "use known(…)",
                )
                return None
        compare = _COMPARE[sign]
        equality = sign in ("==", "!=")
        if kinds == ("number", "number"):
            return self._compared_numbers(node, sign, left, right)
        if kinds == ("date", "date") or (kinds == ("time", "time")):
            return closures.plain_comparison(sign, compare, left.run, right.run)
        if kinds == ("boolean", "boolean") and equality:
            return closures.plain_comparison(sign, compare, left.run, right.run)
        if "code" in kinds:
            return self._compared_codes(node, sign, left, right)
        if "time" in kinds and "text" in kinds:
            words = left.constant if left.kind == "text" else right.constant
            if words is None or _TIME.fullmatch(words) is None:
                self.fault("type", node, "a time is compared with a time", "write it as '08:30'")
                return None
            return closures.plain_comparison(sign, compare, left.run, right.run)
        if kinds == ("text", "text") and equality:
            return closures.plain_comparison(sign, compare, left.run, right.run)
        remedy = ""
        if "date" in kinds and "text" in kinds:
            remedy = "write date('YYYY-MM-DD')"
        elif "number" in kinds and "text" in kinds:
            remedy = "write the number without quotes"
        elif "date" in kinds and "number" in kinds:
            remedy = "use days_between(earlier, later)"
        elif "boolean" in kinds:
            remedy = "a yes/no item is compared with true or false, or stands alone"
        elif not equality:
            remedy = "texts are compared with == and != only"
        self.fault("type", node, f"a {_shown(left)} is not compared with a {_shown(right)}", remedy)
        return None

    def _compared_numbers(
        self, node: Node, sign: ComparisonSign, left: Typed, right: Typed
    ) -> Run | None:
        conversion = self._conversion(node, left, right)
        if conversion is None:
            return None
        compare = _COMPARE[sign]
        if isinstance(conversion, str):
            return closures.plain_comparison(sign, compare, left.run, right.run, right.constant)
        if conversion.multiplier is not None:
            if right.constant is not None:
                value = conversion(right.constant)
                return closures.plain_comparison(sign, compare, left.run, constant(value), value)
            return closures.plain_comparison(
                sign, compare, left.run, closures.mapped(right.run, conversion)
            )
        # The factor has no finite decimals: both sides are compared as fractions, without rounding.
        return closures.fraction_comparison(sign, compare, left.run, right.run, conversion)

    def _compared_codes(
        self, node: Node, sign: ComparisonSign, left: Typed, right: Typed
    ) -> Run | None:
        coded, other = (left, right) if left.kind == "code" else (right, left)
        codes = coded.codes
        compare = _COMPARE[sign]
        equality = sign in ("==", "!=")
        if other.kind == "number":
            if codes is None:
                return None
            numbers = codes.numbers
            if numbers is None:
                self.fault(
                    "type",
                    node,
                    f"the codes of {codes.name!r} are not numbers",
                    f"write a code in quotes: {', '.join(repr(code) for code in codes.codes[:4])}",
                )
                return None
            if not other.bare and (other.unit is None or not other.unit.dimensionless):
                self.fault("unit", node, "a code has no unit", "write the bare number")
                return None
            sides = [
                closures.translated(side.run, numbers) if side is coded else side.run
                for side in (left, right)
            ]
            return closures.plain_comparison(sign, compare, sides[0], sides[1])
        if other.kind == "text" and other.constant is not None:
            if codes is None:
                return None
            if not self._is_code(node, codes, other.constant):
                return None
        elif other.kind != "code":
            self.fault(
                "type",
                node,
                f"a code is not compared with a {_shown(other)}",
                "write a code in quotes",
            )
            return None
        elif codes is not None and other.codes is not None and codes.name != other.codes.name:
            self.fault("type", node, f"codes of {codes.name!r} and {other.codes.name!r} differ")
            return None
        if equality:
            return closures.plain_comparison(sign, compare, left.run, right.run)
        if codes is None:
            return None
        if not codes.ordered:
            self.fault("type", node, f"{codes.name} have no order", "use == or in")
            return None
        ranks = {code: Decimal(rank) for rank, code in enumerate(codes.codes)}
        return closures.plain_comparison(
            sign,
            compare,
            closures.translated(left.run, ranks),
            closures.translated(right.run, ranks),
        )

    def _is_code(self, node: Node, codes: Codes, word: str) -> bool:
        if word in codes.codes:
            return True
        guess = closest(word, codes.codes)
        listed = ", ".join(codes.codes[:8])
        self.fault(
            "unknown-name",
            node,
            f"{word!r} is no code of {codes.name!r}",
            f"did you mean {guess!r}?" if guess else f"its codes are {listed}",
        )
        return False

    def _membership(self, node: Membership) -> Typed:
        operand = self.elaborate(node.operand)
        choices = [self.elaborate(choice) for choice in node.choices]
        runs: list[Run] = []
        for choice, typed in zip(node.choices, choices, strict=True):
            run = self._compared(choice, "==", operand, typed, node.operand, choice)
            if run is None:
                return Typed("boolean", constant(None))
            runs.append(run)
        run = closures.disjunction(runs)
        if node.negated:
            run = closures.negation(run)
        self.leaves.append(Leaf(node, run, (operand,)))
        return Typed("boolean", run)


def _shown(typed: Typed) -> str:
    names = {"boolean": "truth value", "code": "code", "identity": "identity", "text": "text"}
    if typed.kind == "number" and typed.unit is not None and typed.unit is not PURE:
        return f"number in {typed.unit.code!r}"
    return names.get(typed.kind, typed.kind)

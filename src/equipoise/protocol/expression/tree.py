"""The tree of an expression: frozen nodes, and the text they stand for.

`unparse(parse(text))` gives the expression in its normal spelling, and parsing that gives an equal
tree again; columns do not take part in equality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, assert_never

ArithmeticSign = Literal["+", "-", "*", "/"]
ComparisonSign = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number, with a UCUM unit where one is written."""

    value: Decimal
    unit: str | None = None
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class String:
    """A code or a text in single quotes."""

    value: str
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Day:
    """`date('2026-01-31')`."""

    value: date
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """An item, an anchor, `arm` or `site`."""

    name: str
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied to arguments."""

    function: str
    arguments: tuple[Node, ...]
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Negative:
    """`-x`."""

    operand: Node
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`not x`."""

    operand: Node
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left sign right`."""

    sign: ArithmeticSign
    left: Node
    right: Node
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left sign right`."""

    sign: ComparisonSign
    left: Node
    right: Node
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Membership:
    """`item in ('a', 'b')`, or `not in`."""

    operand: Node
    choices: tuple[Node, ...]
    negated: bool = False
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """A conjunction of two or more parts."""

    parts: tuple[Node, ...]
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """A disjunction of two or more parts."""

    parts: tuple[Node, ...]
    column: int = field(default=1, compare=False)


Node = (
    Number
    | Truth
    | String
    | Day
    | Name
    | Call
    | Negative
    | Not
    | Arithmetic
    | Comparison
    | Membership
    | And
    | Or
)


def children(node: Node) -> tuple[Node, ...]:
    """The parts a node is made of, in the order of the text."""
    match node:
        case Call(arguments=arguments):
            return arguments
        case Negative(operand=operand) | Not(operand=operand):
            return (operand,)
        case Arithmetic(left=left, right=right) | Comparison(left=left, right=right):
            return (left, right)
        case Membership(operand=operand, choices=choices):
            return (operand, *choices)
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Number() | Truth() | String() | Day() | Name():
            return ()
        case _:
            assert_never(node)


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, in the order of the text."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(children(current)))


def depth(node: Node) -> int:
    """How many nodes stand on the longest way down."""
    deepest, stack = 0, [(node, 1)]
    while stack:
        current, level = stack.pop()
        deepest = max(deepest, level)
        stack.extend((child, level + 1) for child in children(current))
    return deepest


_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _ATOM = range(8)


def _strength(node: Node) -> int:
    match node:
        case Or():
            return _OR
        case And():
            return _AND
        case Not():
            return _NOT
        case Comparison() | Membership():
            return _COMPARISON
        case Arithmetic(sign=sign):
            return _SUM if sign in "+-" else _PRODUCT
        case Negative():
            return _SIGN
        case _:
            return _ATOM


def quoted(text: str) -> str:
    """The text in single quotes; a quote inside is doubled."""
    return "'" + text.replace("'", "''") + "'"


def unparse(node: Node) -> str:
    """The expression in its normal spelling, with the parentheses it needs and no others."""

    def part(child: Node, least: int) -> str:
        text = unparse(child)
        return text if _strength(child) >= least else f"({text})"

    match node:
        case Number(value=value, unit=unit):
            digits = format(value, "f")
            return digits if unit is None else f"{digits} {quoted(unit)}"
        case Truth(value=truth):
            return "true" if truth else "false"
        case String(value=text):
            return quoted(text)
        case Day(value=day):
            return f"date('{day.isoformat()}')"
        case Name(name=name):
            return name
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(unparse(argument) for argument in arguments)})"
        case Negative(operand=operand):
            return f"-{part(operand, _SIGN)}"
        case Not(operand=operand):
            return f"not {part(operand, _NOT)}"
        case Arithmetic(sign=sign, left=left, right=right):
            own = _strength(node)
            return f"{part(left, own)} {sign} {part(right, own + 1)}"
        case Comparison(sign=relation, left=left, right=right):
            return f"{part(left, _SUM)} {relation} {part(right, _SUM)}"
        case Membership(operand=operand, choices=choices, negated=negated):
            listed = ", ".join(unparse(choice) for choice in choices)
            return f"{part(operand, _SUM)} {'not in' if negated else 'in'} ({listed})"
        case And(parts=parts):
            return " and ".join(part(child, _NOT) for child in parts)
        case Or(parts=parts):
            return " or ".join(part(child, _AND) for child in parts)
        case _:
            assert_never(node)

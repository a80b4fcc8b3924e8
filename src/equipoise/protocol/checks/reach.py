"""Conditions that can never be true, or never false, whatever the participant is like.

Every condition is read as a combination of tests of one quantity against a constant: an item, a
count of months, an enzyme as a multiple of its limit. Between the constants nothing changes, so it
is enough to try each constant, a value between each two, and one beyond each end, within the item's
range. Tests that compare two quantities are taken to come out either way, independently of all
others: what is then still impossible is impossible indeed, and nothing else is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise, product
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from equipoise.protocol.document import Criterion
from equipoise.protocol.expression import ExpressionError, Scope, compile_in_scope
from equipoise.protocol.expression.functions import DATE_FUNCTIONS
from equipoise.protocol.expression.tree import (
    And,
    Arithmetic,
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
from equipoise.quantity.units import UnitError, convert

from .examination import Examination

MAXIMUM_CASES = 20_000
"""Combinations of values tried for one condition or pair; conditions with more are left alone."""

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "==": eq,
    "!=": ne,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

Case = Mapping[str, Any]


@dataclass
class Quantity:
    """Something tested against constants: the values worth trying follow from these."""

    choices: tuple[Any, ...] | None = None
    """All values, where they are few (codes, yes and no)."""
    low: Fraction | None = None
    high: Fraction | None = None
    whole: bool = False
    limits: set[Fraction] = field(default_factory=set)

    def values(self) -> tuple[Any, ...]:
        """A value for each way the tests can come out."""
        if self.choices is not None:
            return self.choices
        tried: set[Fraction] = set()
        limits = sorted(self.limits | {end for end in (self.low, self.high) if end is not None})
        for limit in limits:
            tried |= {limit, limit - 1, limit + 1}
            if self.whole:
                below, above = Fraction(math.floor(limit)), Fraction(math.ceil(limit))
                tried |= {below, below - 1, above, above + 1}
        tried |= {(first + second) / 2 for first, second in pairwise(limits)}
        return tuple(
            value
            for value in sorted(tried)
            if (self.low is None or value >= self.low)
            and (self.high is None or value <= self.high)
            and (not self.whole or value.denominator == 1)
        )


@dataclass(frozen=True)
class Condition:
    """A condition over quantities, by their normal spelling."""

    holds: Callable[[Case], bool]
    names: frozenset[str]


class Reasoner:
    """Reads conditions; the limits of each quantity are gathered over all of them."""

    def __init__(self, examination: Examination) -> None:
        self.scope: Scope = examination.scope
        self.items = examination.protocol.item_by_id
        self.quantities: dict[str, Quantity] = {}

    def read(self, node: Node) -> Condition:
        """The condition a tree stands for."""
        match node:
            case Truth(value=truth):
                return Condition(lambda case: truth, frozenset())
            case Not(operand=operand):
                inner = self.read(operand)
                return Condition(lambda case: not inner.holds(case), inner.names)
            case And(parts=parts):
                conditions = [self.read(part) for part in parts]
                return Condition(
                    lambda case: all(part.holds(case) for part in conditions), _names(conditions)
                )
            case Or(parts=parts):
                conditions = [self.read(part) for part in parts]
                return Condition(
                    lambda case: any(part.holds(case) for part in conditions), _names(conditions)
                )
            case Comparison(sign=sign, left=left, right=right):
                return (
                    self._test(sign, left, right)
                    or self._test(_MIRRORED[sign], right, left)
                    or self._open(node)
                )
            case Membership(operand=operand, choices=choices, negated=negated):
                tests = [self._test("==", operand, choice) for choice in choices]
                if any(test is None for test in tests):
                    return self._open(node)
                known = [test for test in tests if test is not None]
                return Condition(
                    lambda case: any(test.holds(case) for test in known) != negated, _names(known)
                )
            case _:
                return self._open(node)

    def _open(self, node: Node) -> Condition:
        """A test that may come out either way."""
        key = unparse(node)
        self.quantities.setdefault(key, Quantity(choices=(False, True)))
        return Condition(lambda case: bool(case[key]), frozenset({key}))

    def _test(self, sign: str, left: Node, right: Node) -> Condition | None:
        """`left sign right` where the right side is constant; None where it is not."""
        if isinstance(left, Number | String | Day | Truth):
            return None
        multiple = _multiple_of_limit(left, right)
        if multiple is not None:
            return self._multiple(sign, *multiple)
        if isinstance(left, Name):
            known = self.scope.names.get(left.name)
            if known is None:
                return None
            if known.kind == "code":
                return self._coded(sign, left.name, right)
            if known.kind == "boolean" and isinstance(right, Truth):
                key, wanted = left.name, right.value
                self.quantities.setdefault(key, Quantity(choices=(False, True)))
                compare = _COMPARE[sign]
                return Condition(lambda case: compare(case[key], wanted), frozenset({key}))
        limit = self._constant(left, right)
        if limit is None:
            return None
        return self._against(sign, unparse(left), left, limit)

    def _against(self, sign: str, key: str, node: Node, limit: Fraction) -> Condition:
        quantity = self.quantities.setdefault(key, self._quantity(node))
        quantity.limits.add(limit)
        compare = _COMPARE[sign]
        return Condition(lambda case: compare(case[key], limit), frozenset({key}))

    def _quantity(self, node: Node) -> Quantity:
        if isinstance(node, Name):
            item = self.items.get(node.name)
            if item is not None and item.type in ("integer", "decimal"):
                return Quantity(
                    low=None if item.minimum is None else Fraction(item.minimum),
                    high=None if item.maximum is None else Fraction(item.maximum),
                    whole=item.type == "integer",
                )
            return Quantity(whole=True)
        whole = isinstance(node, Call) and node.function in DATE_FUNCTIONS
        return Quantity(whole=whole)

    def _multiple(self, sign: str, name: str, function: str, factor: Decimal) -> Condition:
        key = f"{name} / {function}({name})"
        item = self.items.get(name)
        positive = item is not None and item.minimum is not None and item.minimum >= 0
        quantity = self.quantities.setdefault(key, Quantity(low=Fraction(0) if positive else None))
        limit = Fraction(factor)
        quantity.limits.add(limit)
        compare = _COMPARE[sign]
        return Condition(lambda case: compare(case[key], limit), frozenset({key}))

    def _coded(self, sign: str, name: str, right: Node) -> Condition | None:
        codes = self.scope.names[name].codes
        if codes is None or not codes.codes:
            return None
        self.quantities.setdefault(name, Quantity(choices=codes.codes))
        compare = _COMPARE[sign]
        if isinstance(right, String):
            if right.value not in codes.codes:
                return None
            ranks = {code: rank for rank, code in enumerate(codes.codes)}
            wanted = ranks[right.value]
            return Condition(lambda case: compare(ranks[case[name]], wanted), frozenset({name}))
        number = _number(right)
        numbers = codes.numbers
        if number is None or numbers is None:
            return None
        return Condition(lambda case: compare(numbers[case[name]], number), frozenset({name}))

    def _constant(self, term: Node, node: Node) -> Fraction | None:
        """The constant in the term's unit; None where it is none."""
        if isinstance(node, Day):
            return Fraction(node.value.toordinal())
        value = _number(node)
        if value is None:
            return None
        inner = node.operand if isinstance(node, Negative) else node
        if not isinstance(inner, Number) or inner.unit is None:
            return Fraction(value)
        try:
            own = compile_in_scope(unparse(term), self.scope).type
            return None if own.unit is None else Fraction(convert(value, inner.unit, own.unit))
        except (ExpressionError, UnitError):
            return None


def _names(conditions: Iterable[Condition]) -> frozenset[str]:
    return frozenset[str]().union(*(condition.names for condition in conditions))


def _number(node: Node) -> Decimal | None:
    if isinstance(node, Number):
        return node.value
    if isinstance(node, Negative) and isinstance(node.operand, Number):
        return node.operand.value.copy_negate()
    return None


def _multiple_of_limit(left: Node, right: Node) -> tuple[str, str, Decimal] | None:
    """Name, function and factor of `x ? k * uln(x)`, `x ? uln(x)` and `x / uln(x) ? k`."""
    if isinstance(left, Arithmetic) and left.sign == "/":
        factor = _number(right)
        function = _limit_of(left.left, left.right)
        if factor is not None and function is not None and isinstance(left.left, Name):
            return left.left.name, function, factor
        return None
    if not isinstance(left, Name):
        return None
    function = _limit_of(left, right)
    if function is not None:
        return left.name, function, Decimal(1)
    if isinstance(right, Arithmetic) and right.sign == "*":
        for one, other in ((right.left, right.right), (right.right, right.left)):
            factor, function = _number(one), _limit_of(left, other)
            if factor is not None and function is not None:
                return left.name, function, factor
    return None


def _limit_of(name: Node, call: Node) -> str | None:
    """`uln` or `lln` where `call` is that limit of the item `name`."""
    if isinstance(call, Call) and call.function in ("uln", "lln") and call.arguments == (name,):
        return call.function
    return None


def check_reach(examination: Examination) -> None:
    """Criteria nobody passes or everybody passes, pairs that exclude each other, idle conditions."""
    reasoner = Reasoner(examination)
    conditions = {
        place: reasoner.read(compiled.tree)
        for place, compiled in examination.compiled.items()
        if compiled.type.kind == "boolean"
    }
    quantities = {key: quantity.values() for key, quantity in reasoner.quantities.items()}
    passing: list[tuple[Criterion, str, Condition]] = []
    for index, criterion in enumerate(examination.protocol.eligibility.criteria):
        place = f"eligibility.criteria[{index}].met_when"
        met = conditions.get(place)
        if met is None:
            continue
        condition = met if criterion.kind == "inclusion" else _negated(met)
        answers = _outcomes(condition, quantities)
        if answers is None:
            continue
        if True not in answers:
            _never(examination, criterion, place)
        elif False not in answers:
            _always(examination, criterion, place)
        else:
            passing.append((criterion, place, condition))
    _check_together(examination, passing, quantities)
    for expression in examination.expressions:
        held = conditions.get(expression.place)
        if held is None or expression.use in ("eligibility", "derived"):
            continue
        answers = _outcomes(held, quantities)
        if answers is None or not held.names:
            continue
        if True not in answers:
            _idle(examination, expression.use, expression.owner, expression.place)
        elif False not in answers and expression.use == "check":
            examination.warning(
                "check-never-fires",
                expression.owner,
                expression.place,
                (
                    "the check holds for every value its items can have",
                    "对数据项的任何取值该检查均成立",
                ),
                ("narrow it, or remove it: the items' ranges say it already", "请收紧或删除该检查"),
            )


def _negated(condition: Condition) -> Condition:
    return Condition(lambda case: not condition.holds(case), condition.names)


def _outcomes(condition: Condition, quantities: Mapping[str, Sequence[Any]]) -> set[bool] | None:
    """What the condition can come out as; None where there are too many cases to try."""
    names = sorted(condition.names)
    if math.prod(len(quantities[name]) for name in names) > MAXIMUM_CASES:
        return None
    found: set[bool] = set()
    for values in product(*(quantities[name] for name in names)):
        found.add(condition.holds(dict(zip(names, values, strict=True))))
        if len(found) == 2:
            break
    return found


def _check_together(
    examination: Examination,
    passing: Sequence[tuple[Criterion, str, Condition]],
    quantities: Mapping[str, Sequence[Any]],
) -> None:
    """Criteria each of which somebody passes, and nobody all of them."""
    reported: set[str] = set()
    for (first, _, one), (second, place, other) in combinations(passing, 2):
        if not one.names & other.names:
            continue
        if _impossible([one, other], quantities):
            _contradiction(examination, [first, second], place)
            reported |= {first.id, second.id}
    for name in sorted({name for _, _, condition in passing for name in condition.names}):
        group = [entry for entry in passing if entry[2].names == {name}]
        criteria = [criterion for criterion, _, _ in group]
        if len(group) < 3 or reported & {criterion.id for criterion in criteria}:
            continue
        if _impossible([condition for _, _, condition in group], quantities):
            _contradiction(examination, criteria, group[-1][1])


def _impossible(conditions: Sequence[Condition], quantities: Mapping[str, Sequence[Any]]) -> bool:
    together = Condition(
        lambda case: all(condition.holds(case) for condition in conditions), _names(conditions)
    )
    answers = _outcomes(together, quantities)
    return answers is not None and True not in answers


def _never(examination: Examination, criterion: Criterion, place: str) -> None:
    english = "can be met by nobody" if criterion.kind == "inclusion" else "excludes everybody"
    chinese = "无人能满足" if criterion.kind == "inclusion" else "排除所有人"
    examination.error(
        "criterion-never-passed",
        criterion.id,
        place,
        (f"the criterion {criterion.id!r} {english}", f"标准 {criterion.id!r} {chinese}"),
        (
            "mend the limits, or the range of the item",
            "请更正界值或数据项范围",
        ),
    )


def _always(examination: Examination, criterion: Criterion, place: str) -> None:
    english = "is met by everybody" if criterion.kind == "inclusion" else "excludes nobody"
    chinese = "所有人都满足" if criterion.kind == "inclusion" else "不排除任何人"
    examination.warning(
        "criterion-without-effect",
        criterion.id,
        place,
        (
            f"the criterion {criterion.id!r} {english}, whatever its items are",
            f"无论取值如何，标准 {criterion.id!r} {chinese}",
        ),
        ("mend the limits, or the range of the item", "请更正界值或数据项范围"),
    )


def _contradiction(examination: Examination, criteria: Sequence[Criterion], place: str) -> None:
    names = [criterion.id for criterion in criteria]
    examination.error(
        "criteria-contradict",
        "+".join(sorted(names)),
        place,
        (
            f"nobody passes {' and '.join(repr(name) for name in names)} together",
            f"无人能同时通过 {'、'.join(repr(name) for name in names)}",
        ),
        ("mend the limits of one of them", "请更正其中之一的界值"),
    )


def _idle(examination: Examination, use: str, owner: str, place: str) -> None:
    words = {
        "skip": ("the field is never asked", "该字段永远不会出现"),
        "check": ("the check fires for every value", "任何取值都会触发该检查"),
        "visit": ("the visit is never due", "该访视永远不会到期"),
        "randomization": ("nobody can ever be randomized", "任何人都无法随机化"),
    }[use]
    examination.add(
        "error" if use in ("check", "randomization") else "warning",
        "condition-never-true",
        owner,
        place,
        (f"the condition is never true: {words[0]}", f"该条件永远不成立：{words[1]}"),
        ("mend the limits, or the range of the item", "请更正界值或数据项范围"),
    )

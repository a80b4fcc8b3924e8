"""An expression ready for use: compiled once for a protocol, evaluated often, able to explain itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from equipoise.protocol.document import Item, Protocol
from equipoise.quantity.units import UnitError, conversion_between, unit

from .closures import constant
from .elaborate import Elaborator, Leaf, Slot
from .errors import ExpressionError
from .parser import parse
from .scope import Scope, Type, scope_of
from .tree import Node, unparse
from .typed import Typed
from .values import Answer, Datum, Environment, Span


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison of an expression: its text, its answer, and the values on its sides."""

    text: str
    answer: bool | None
    sides: tuple[Any, ...]


class Compiled:
    """An expression whose names, types and units have been checked.

    `names` are the items and anchors whose values it needs, `references` the items whose laboratory
    limits it needs; `type` is what it gives. Evaluating it costs microseconds and never fails on
    missing values.
    """

    __slots__ = (
        "_leaves",
        "_run",
        "_slots",
        "names",
        "references",
        "scope",
        "text",
        "tree",
        "type",
    )

    def __init__(
        self,
        text: str,
        tree: Node,
        scope: Scope,
        typed: Typed,
        slots: Sequence[Slot],
        leaves: Sequence[Leaf],
    ) -> None:
        self.text = text
        self.tree = tree
        self.scope = scope
        self.names = frozenset(slot.name for slot in slots if slot.bound is None)
        self.references = frozenset(slot.name for slot in slots if slot.bound is not None)
        self.type = Type(
            typed.kind,
            typed.unit.code if typed.unit is not None else None,
            typed.codes.name if typed.codes is not None else None,
        )
        self._run = typed.run
        self._slots = tuple((slot.key, slot.name, slot.bound, slot.read) for slot in slots)
        self._leaves = tuple(leaves)

    def _values(self, environment: Environment, used: dict[str, Datum | None]) -> list[Any]:
        values: list[Any] = []
        for key, name, bound, read in self._slots:
            datum = environment.value(name) if bound is None else environment.reference(name, bound)
            used[key] = datum
            values.append(None if datum is None else read(datum))
        return values

    def evaluate(self, environment: Environment) -> Answer:
        """The value in `environment`, with everything looked at; None where it is unknown.

        TypeError where the environment breaks its contract (a text given for a number).
        """
        used: dict[str, Datum | None] = {}
        value = self._run(self._values(environment, used))
        return Answer(None if value.__class__ is Span else value, used)

    def steps(self, environment: Environment) -> tuple[Step, ...]:
        """Each comparison with its own answer and the values on its sides, in the order of the text."""
        values = self._values(environment, {})
        return tuple(
            Step(
                unparse(leaf.node),
                leaf.run(values),
                tuple(side.run(values) for side in leaf.sides),
            )
            for leaf in sorted(self._leaves, key=lambda leaf: leaf.node.column)
        )

    def explain(self, answer: Answer, language: str = "en") -> str:
        """The answer in words: what it is, each value used with its source and date, what is missing."""
        chinese = language == "zh-Hans"
        parts = []
        for key, datum in answer.used.items():
            label = self._label(key, language)
            if datum is None:
                parts.append(f"{label}：缺失" if chinese else f"{label}: missing")
                continue
            shown = f"{label} {_shown(datum.value, chinese)}"
            if datum.unit and datum.unit != "1":
                shown += f" {datum.unit}"
            origin = ", ".join(
                part for part in (datum.source, datum.on.isoformat() if datum.on else "") if part
            )
            parts.append(
                shown + ((f"（{origin}）" if chinese else f" ({origin})") if origin else "")
            )
        result = _shown(answer.value, chinese)
        if not parts:
            return result
        return f"{result}：{'；'.join(parts)}" if chinese else f"{result}: {'; '.join(parts)}"

    def _label(self, key: str, language: str) -> str:
        name, limit = key, ""
        if key.endswith(")"):
            limit, name = key[:-1].split("(", 1)
        known = self.scope.names.get(name)
        label = known.label.in_language(language) if known is not None else name
        return f"{limit.upper()} {label}" if limit else label


def _shown(value: Any, chinese: bool) -> str:
    if value is None:
        return "未知" if chinese else "unknown"
    if isinstance(value, bool):
        if chinese:
            return "是" if value else "否"
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Node:
    return parse(text)


def faults_of(
    text: str, scope: Scope, *, condition: bool = False, target_unit: str | None = None
) -> list[ExpressionError]:
    """Every fault of an expression: one of syntax, or all of names, types and units.

    A `condition` must be true or false; a number must convert to `target_unit` where one is given.
    """
    return _build(text, scope, condition, target_unit)[1]


def _build(
    text: str, scope: Scope, condition: bool, target_unit: str | None
) -> tuple[Compiled | None, list[ExpressionError]]:
    try:
        tree = _parsed(text)
    except ExpressionError as error:
        return None, [error]
    elaborator = Elaborator(scope)
    typed = elaborator.boolean(tree, "a condition") if condition else elaborator.elaborate(tree)
    if not condition and typed.kind == "boolean" and not elaborator.leaves:
        elaborator.leaves.append(Leaf(tree, typed.run, (typed,)))
    if target_unit is not None and not elaborator.faults.found:
        typed = _in_unit(elaborator, tree, typed, target_unit)
    if elaborator.faults.found:
        return None, elaborator.faults.found
    return Compiled(text, tree, scope, typed, elaborator.slots, elaborator.leaves), []


def _in_unit(elaborator: Elaborator, tree: Node, typed: Typed, target_unit: str) -> Typed:
    try:
        target = unit(target_unit)
        if typed.kind != "number" or typed.unit is None:
            return typed
        if typed.bare and target.countable:
            return Typed("number", typed.run, target)
        if typed.unit.code == target.code:
            return typed
        if typed.calendar:
            raise UnitError(
                f"completed calendar months or years are not {target_unit!r}",
                f"give the item the unit {typed.unit.code!r}",
            )
        conversion = conversion_between(typed.unit, target)
    except UnitError as error:
        elaborator.fault("unit", tree, error.message, error.remedy)
        return typed
    run = typed.run
    if typed.constant is not None:
        return Typed("number", constant(conversion(typed.constant)), target)

    def converted(values: Sequence[Any]) -> Any:
        value = run(values)
        if isinstance(value, Span):
            return None
        return None if value is None else conversion(value)

    return Typed("number", converted, target)


def compile_in_scope(
    text: str, scope: Scope, *, condition: bool = False, target_unit: str | None = None
) -> Compiled:
    """`text` compiled against the names of `scope`. ExpressionError with the first fault."""
    compiled, faults = _build(text, scope, condition, target_unit)
    if compiled is None:
        raise faults[0]
    return compiled


_cache_size = 1024


@lru_cache(maxsize=_cache_size)
def _cached(text: str, scope: Scope, condition: bool, target_unit: str | None) -> Compiled:
    return compile_in_scope(text, scope, condition=condition, target_unit=target_unit)


def compile_expression(text: str, protocol: Protocol) -> Compiled:
    """`text` compiled against the items, codelists and anchors of `protocol`; cached for each protocol.

    ExpressionError for syntax, unknown names, types and units that do not fit.
    """
    return _cached(text, scope_of(protocol), False, None)


def compile_condition(text: str, protocol: Protocol) -> Compiled:
    """Like `compile_expression`, for an expression that must be true, false or unknown."""
    return _cached(text, scope_of(protocol), True, None)


def compile_derived(item: Item, protocol: Protocol) -> Compiled:
    """The expression of a derived item, its value converted to the item's unit (not rounded).

    ValueError where the item is not derived; ExpressionError as for `compile_expression`.
    """
    if item.derived is None:
        raise ValueError(f"item {item.id!r} is not derived")
    return _cached(item.derived, scope_of(protocol), False, item.unit)

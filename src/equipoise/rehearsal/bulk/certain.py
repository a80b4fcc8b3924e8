"""What the assumptions leave certain: criteria that everybody meets, or that whoever is made to fail violates.

A protocol's criteria are gone through once over the ranges of values that the assumptions allow, with every combination
of the codes and yes/no items they look at. Where the answer is the same for all of them, no replicate need ask again.
Where it is not, or an expression uses what is not known here, nothing is certain, and that is the answer.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from equipoise.conduct.state import LaboratoryRange
from equipoise.protocol.document import Criterion, Item, Protocol
from equipoise.protocol.expression import compile_derived, compile_expression
from equipoise.protocol.expression.tree import (
    And,
    Arithmetic,
    Call,
    Comparison,
    Membership,
    Name,
    Node,
    Not,
    Number,
    Or,
    String,
    Truth,
)

from ..assumptions import Bell, Given, RehearsalAssumptions
from ..columns import decimals_of, kind_of

MOST_COMBINATIONS = 4096
_DAYS_A_YEAR = 365.25
_NEARLY = 1e-9


class UncertainError(Exception):
    """Nothing certain can be said; the message says of what."""


@dataclass(frozen=True, slots=True)
class Range:
    """A number between two bounds, with its unit (None: a bare number)."""

    low: float
    high: float
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """A day between two bounds, counted from the screening."""

    low: float
    high: float


Side = frozenset[bool | None]
"""The answers that are possible; None: unknown."""
Found = Range | Days | Side | str | None
"""A code is known exactly, once all combinations are gone through; None: not on record."""


@dataclass(frozen=True)
class Facts:
    """What is assumed of candidates.

    `forced` replaces the ways of items for those made to fail; `later` widens days counted from the screening, which may
    be a second one; `days` and `numbers` are what the natural history gives before allocation.
    """

    protocol: Protocol
    assumptions: RehearsalAssumptions
    collected: Mapping[str, tuple[str, str | None]]
    ranges: Mapping[str, tuple[LaboratoryRange, ...]]
    days: Mapping[str, Days]
    numbers: Mapping[str, Mapping[tuple[str, str], float]]
    """By item: its value by (item, level) of another item."""
    forced: Mapping[str, Given]
    later: int = 0

    def way(self, name: str) -> Given:
        """How an item's value comes about."""
        found = self.forced.get(name) or self.assumptions.participants.items.get(name)
        if found is None:
            raise UncertainError(f"{name} is not among assumptions.participants.items")
        return found

    def item(self, name: str) -> Item:
        """The item's definition."""
        return self.protocol.item_by_id[name]


def verdict(facts: Facts, criterion: Criterion) -> Side:
    """Whether candidates fit a criterion: the answers that are possible, judgements of the investigator left out."""
    if criterion.met_when is None:
        return frozenset({True})
    met = holds(facts, compile_expression(criterion.met_when, facts.protocol).tree)
    if criterion.kind == "inclusion":
        return met
    return frozenset(None if one is None else not one for one in met)


def holds(facts: Facts, tree: Node) -> Side:
    """The answers a condition can have."""
    answers: set[bool | None] = set()
    for levels, site in _combinations(facts, tree):
        answers |= _Evaluation(facts, levels, site).truth(tree)
    return frozenset(answers)


def certainly_eligible(facts: Facts) -> bool:
    """Whether everybody meets all criteria, where the investigator sees no obstacle."""
    return all(
        verdict(facts, one) == frozenset({True}) for one in facts.protocol.eligibility.criteria
    )


def certainly_fail(facts: Facts, index: int) -> bool:
    """Whether whoever is made to fail in a way (by its place) violates some criterion for certain."""
    spec = facts.assumptions.participants.screening_failures[index]
    theirs = replace(facts, forced=spec.values)
    for criterion in facts.protocol.eligibility.criteria:
        if spec.criterion != criterion.id:
            continue
        judged = spec.judgement if criterion.judgement else None
        if judged is not None and judged != (criterion.kind == "inclusion"):
            return True
        if verdict(theirs, criterion) == frozenset({False}):
            return True
    return False


# -- combinations ----------------------------------------------------------------------------------


def _names(facts: Facts, tree: Node) -> set[str]:
    """Every item a tree looks at: through derived items, conditions of forms, and ways that depend on others."""
    found: set[str] = set()
    waiting = set(_names_in(tree))
    while waiting:
        name = waiting.pop()
        if name in found or name not in facts.protocol.item_by_id:
            continue
        found.add(name)
        item = facts.item(name)
        if item.derived is not None:
            waiting |= set(compile_derived(item, facts.protocol).names)
            continue
        waiting |= {other for other, _ in facts.numbers.get(name, {})}
        if name in facts.collected:
            condition = facts.collected[name][1]
            if condition is not None:
                waiting |= set(compile_expression(condition, facts.protocol).names)
        if name in facts.days or name in facts.numbers:
            continue
        way = facts.way(name)
        for part in _parts(way):
            for other in (part.same_as, part.by.item if part.by else None):
                if other is not None:
                    waiting.add(other)
            if part.share is not None:
                waiting.add(part.share.item)
            if part.day is not None and part.day.origin in facts.protocol.item_by_id:
                waiting.add(part.day.origin)
    return found


def _parts(way: Given) -> Iterator[Given]:
    yield way
    if way.by is not None:
        for branch in (*way.by.levels.values(), way.by.otherwise):
            if branch is not None:
                yield from _parts(branch)


def _names_in(node: Node) -> Iterator[str]:
    match node:
        case Name(name=name):
            yield name
        case Not(operand=operand) | Membership(operand=operand):
            yield from _names_in(operand)
        case And(parts=parts) | Or(parts=parts):
            for part in parts:
                yield from _names_in(part)
        case Comparison(left=left, right=right) | Arithmetic(left=left, right=right):
            yield from _names_in(left)
            yield from _names_in(right)
        case Call(function=function, arguments=arguments):
            if function in ("uln", "lln"):
                yield "sex"
            for argument in arguments:
                yield from _names_in(argument)
        case Number() | String() | Truth():
            return
        case _:
            raise UncertainError(f"an expression with {type(node).__name__}")


def _combinations(facts: Facts, tree: Node) -> Iterator[tuple[dict[str, str], str]]:
    """Every joint level of the codes and yes/no items looked at, at every site."""
    names = sorted(
        name
        for name in _names(facts, tree)
        if facts.item(name).derived is None
        and kind_of(facts.item(name)) in ("code", "boolean")
        and name not in facts.numbers
    )
    levels = [sorted(_levels(facts, name)) for name in names]
    many = math.prod(map(len, levels)) * len(facts.ranges)
    if many > MOST_COMBINATIONS:
        raise UncertainError(f"{many} combinations of levels")
    for chosen in itertools.product(*levels):
        for site in facts.ranges:
            yield dict(zip(names, chosen, strict=True)), site


def _levels(facts: Facts, name: str) -> set[str]:
    """The levels an item can have, whatever other items are."""
    found: set[str] = set()
    for part in _parts(facts.way(name)):
        if part.choose is not None:
            found |= {level for level, weight in part.choose.items() if weight > 0}
        elif part.probability is not None:
            yes, no = ("true", "false") if kind_of(facts.item(name)) == "boolean" else ("1", "0")
            found |= {yes} if part.probability > 0 else set()
            found |= {no} if part.probability < 1 else set()
        elif part.constant is not None:
            found.add(part.constant)
        elif part.same_as is not None:
            found |= _levels(facts, part.same_as)
        elif part.by is None:
            raise UncertainError(f"the levels of {name}")
    return found


# -- evaluation ------------------------------------------------------------------------------------


class _Evaluation:
    """Evaluates trees for one joint level and site."""

    def __init__(self, facts: Facts, levels: Mapping[str, str], site: str) -> None:
        self._facts = facts
        self._levels = levels
        self._site = site

    def truth(self, node: Node) -> Side:
        """A condition."""
        found = self.value(node)
        if not isinstance(found, frozenset):
            if found is None:
                return frozenset({None})
            raise UncertainError("a condition that is no yes or no")
        return found

    def value(self, node: Node) -> Found:
        """Any part of a tree."""
        match node:
            case Truth(value=truth):
                return frozenset({truth})
            case Number(value=number, unit=unit):
                return Range(float(number), float(number), unit)
            case Name(name=name):
                return self._name(name)
            case Not(operand=operand):
                return frozenset(None if one is None else not one for one in self.truth(operand))
            case And(parts=parts):
                return self._joined([self.truth(part) for part in parts], all_of=True)
            case Or(parts=parts):
                return self._joined([self.truth(part) for part in parts], all_of=False)
            case Comparison(sign=sign, left=left, right=right):
                return self._compared(sign, left, right)
            case Membership(operand=operand, choices=choices, negated=negated):
                found = self.value(operand)
                texts = {choice.value for choice in choices if isinstance(choice, String)}
                if len(texts) != len(choices):
                    raise UncertainError("a choice that is no code")
                return self._among(found, texts, negated)
            case Arithmetic(sign=sign, left=left, right=right):
                return self._arithmetic(sign, left, right)
            case Call(function=function, arguments=arguments):
                return self._call(function, arguments)
            case _:
                raise UncertainError(f"an expression with {type(node).__name__}")

    @staticmethod
    def _joined(parts: list[Side], *, all_of: bool) -> Side:
        answers: Side = frozenset({all_of})
        for part in parts:
            answers = frozenset(_both(one, other, all_of) for one in answers for other in part)
        return answers

    @staticmethod
    def _among(found: Found, texts: set[str], negated: bool) -> Side:
        if found is None:
            return frozenset({None})
        if not isinstance(found, str):
            raise UncertainError("a choice among codes of what is no code")
        return frozenset({(found in texts) != negated})

    def _name(self, name: str) -> Found:
        facts = self._facts
        item = facts.protocol.item_by_id.get(name)
        if item is not None and item.derived is not None:
            return self.value(compile_derived(item, facts.protocol).tree)
        if name in facts.collected:
            condition = facts.collected[name][1]
            if condition is None:
                return self._item(name)
            asked = self.truth(compile_expression(condition, facts.protocol).tree)
            if asked == frozenset({True}):
                return self._item(name)
            if True in asked:
                raise UncertainError(f"whether {name} is asked")
            return None
        if name in ("screening", "consent"):
            return Days(0, 0)
        for anchor in facts.protocol.schedule.anchors:
            if anchor.id == name and anchor.event in ("screening", "consent"):
                return Days(0, 0)
            if anchor.id == name and anchor.event is None:
                known = [one for one in (anchor.item, anchor.planned) if one in facts.collected]
                if len(known) == 1 and known[0] is not None:
                    return self._name(known[0])
        raise UncertainError(name)

    def _item(self, name: str) -> Found:
        facts = self._facts
        if name in facts.days:
            return facts.days[name]
        item = facts.item(name)
        if name in facts.numbers:
            values = [
                value
                for (other, level), value in facts.numbers[name].items()
                if other not in self._levels or self._levels[other] == level
            ]
            return Range(min(values), max(values), item.unit or "1")
        kind = kind_of(item)
        if kind == "code":
            return self._levels[name]
        if kind == "boolean":
            return frozenset({self._levels[name] == "true"})
        return self._given(name, item, facts.way(name))

    def _given(self, name: str, item: Item, way: Given) -> Found:
        """The bounds of a number or day."""
        facts = self._facts
        if way.by is not None:
            branch = way.by.levels.get(self._levels.get(way.by.item, ""))
            branch = branch or way.by.otherwise or next(iter(way.by.levels.values()))
            return self._given(name, item, branch)
        if way.same_as is not None:
            return self._item(way.same_as)
        if kind_of(item) == "date":
            return self._date(name, way)
        if kind_of(item) != "number":
            raise UncertainError(name)
        low, high = self._bounds(name, way)
        decimals = decimals_of(item)
        low, high = round(low, decimals), round(high, decimals)
        laboratory = facts.assumptions.laboratory.items.get(name)
        if laboratory is not None and name not in facts.forced:
            least = laboratory.minimum if laboratory.minimum is not None else item.minimum
            most = laboratory.maximum if laboratory.maximum is not None else item.maximum
            low, high = (
                max(one, float(least)) if least is not None else one for one in (low, high)
            )
            low, high = (min(one, float(most)) if most is not None else one for one in (low, high))
        if name in facts.assumptions.participants.series:
            raise UncertainError(f"{name}, which moves from day to day")
        return Range(low, high, item.unit or "1")

    def _bounds(self, name: str, way: Given) -> tuple[float, float]:
        if way.constant is not None:
            return float(way.constant), float(way.constant)
        if way.choose is not None:
            numbers = [float(level) for level, weight in way.choose.items() if weight > 0]
            return min(numbers), max(numbers)
        if way.uniform is not None:
            return way.uniform.minimum, way.uniform.maximum
        if way.normal is not None or way.lognormal is not None:
            return _bell_bounds(way.normal or way.lognormal, logarithmic=way.lognormal is not None)
        if way.share is not None:
            whole = self._item(way.share.item)
            low, high = _bell_bounds(way.share.fraction, logarithmic=False)
            if not isinstance(whole, Range) or whole.low < 0 or low < 0:
                raise UncertainError(name)
            return whole.low * low, whole.high * high
        raise UncertainError(name)

    def _date(self, name: str, way: Given) -> Days:
        later = self._facts.later
        if way.born is not None:
            born = way.born
            old = -math.floor((born.maximum + 0.5) * _DAYS_A_YEAR)
            young = -math.floor((born.minimum + 0.5) * _DAYS_A_YEAR)
            return Days(old, young + later)
        if way.day is None or way.day.origin != "screening":
            raise UncertainError(name)
        weekend = 2 if way.day.weekdays else 0
        return Days(way.day.minimum, way.day.maximum + weekend + later)

    def _compared(self, sign: str, left: Node, right: Node) -> Side:
        if isinstance(right, String):
            return self._among(self.value(left), {right.value}, sign == "!=")
        first, second = self.value(left), self.value(right)
        if first is None or second is None:
            return frozenset({None})
        if isinstance(first, Range) and isinstance(second, Range):
            if first.unit is not None and second.unit is not None and first.unit != second.unit:
                raise UncertainError(f"units {first.unit} and {second.unit}")
        elif not (isinstance(first, Days) and isinstance(second, Days)):
            raise UncertainError("a comparison of unlike things")
        if sign in ("==", "!="):
            raise UncertainError("an equality of numbers")
        low, high = first.low - second.high, first.high - second.low
        ends = (first.low, first.high, second.low, second.high)
        # whole numbers are exact; others are held apart from the bound
        room = 0.0 if all(map(_whole, ends)) else _NEARLY * max(1.0, *map(abs, ends))
        if sign in (">", ">="):
            low, high = -high, -low
        strict = sign in ("<", ">")
        if high < -room or (high == 0 and room == 0 and not strict):
            answers: set[bool | None] = {True}
        elif low > room or (low == 0 and room == 0 and strict):
            answers = {False}
        else:
            answers = {True, False}
        return frozenset(answers)

    def _arithmetic(self, sign: str, left: Node, right: Node) -> Found:
        first, second = self.value(left), self.value(right)
        if first is None or second is None:
            return None
        if not (isinstance(first, Range) and isinstance(second, Range)):
            raise UncertainError("arithmetic of what are no numbers")
        if sign == "+" and first.unit == second.unit:
            return Range(first.low + second.low, first.high + second.high, first.unit)
        if sign == "-" and first.unit == second.unit:
            return Range(first.low - second.high, first.high - second.low, first.unit)
        if sign == "*" and (first.unit is None or second.unit is None):
            ends = [a * b for a in (first.low, first.high) for b in (second.low, second.high)]
            return Range(min(ends), max(ends), first.unit or second.unit)
        raise UncertainError(f"{sign} of these units")

    def _call(self, function: str, arguments: tuple[Node, ...]) -> Found:
        if function in ("uln", "lln"):
            (argument,) = arguments
            if not isinstance(argument, Name):
                raise UncertainError(function)
            return self._limit(argument.name, function)
        if function == "known":
            return frozenset({self.value(arguments[0]) is not None})
        if function not in _UNITS:
            raise UncertainError(function)
        first, second = (self.value(argument) for argument in arguments)
        if first is None or second is None:
            return None
        if not (isinstance(first, Days) and isinstance(second, Days)):
            raise UncertainError(function)
        shortest, longest, unit = _UNITS[function]
        low, high = second.low - first.high, second.high - first.low
        if function == "days_between":
            return Range(low, high, unit)
        # completed units, counted toward zero: at least by the longest unit, at most by the shortest
        least = math.floor(low / longest) if low >= 0 else math.floor(low / shortest)
        most = math.floor(high / shortest) if high >= 0 else math.ceil(high / longest)
        return Range(least, most, unit)

    def _limit(self, item: str, function: str) -> Found:
        own = [entry for entry in self._facts.ranges[self._site] if entry.item == item]
        sex = self._levels.get("sex")
        chosen = None
        # the entry for one sex wins over that for all
        for entry in sorted(own, key=lambda entry: entry.sex is not None):
            if entry.sex is None or entry.sex == sex:
                chosen = entry
        unit = self._facts.item(item).unit
        if chosen is None:
            return None
        if unit and chosen.unit != unit:
            raise UncertainError(f"the unit of the range of {item}")
        limit = chosen.upper if function == "uln" else chosen.lower
        return None if limit is None else Range(float(limit), float(limit), unit)


_UNITS = {
    "days_between": (1.0, 1.0, "d"),
    "weeks_between": (7.0, 7.0, "wk"),
    "months_between": (28.0, 31.0, "mo"),
    "years_between": (365.0, 366.0, "a"),
}
"""Days of the shortest and the longest such unit, and its name."""


def _both(one: bool | None, other: bool | None, all_of: bool) -> bool | None:
    """And, or or, of two answers."""
    if one is (not all_of) or other is (not all_of):
        return not all_of
    return None if one is None or other is None else all_of


def _whole(number: float) -> bool:
    return math.isfinite(number) and number == math.floor(number)


def _bell_bounds(spec: Bell | None, *, logarithmic: bool) -> tuple[float, float]:
    assert spec is not None
    if spec.sd == 0:
        return spec.mean, spec.mean
    low = spec.minimum if spec.minimum is not None else (0.0 if logarithmic else -math.inf)
    return low, math.inf if spec.maximum is None else spec.maximum

"""Criteria decided for all candidates at once: the expression language over arrays.

It repeats the language's rules (`protocol.expression`, `conduct.eligibility`) for what is common, in floating point. What
it cannot say for sure, because a comparison is too close for floating point or an expression uses what is not
repeated here, it leaves open: those candidates are decided by the language itself. A generative test holds both equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.conduct.state import LaboratoryRange
from equipoise.protocol.document import Criterion, Protocol
from equipoise.protocol.expression import compile_expression
from equipoise.protocol.expression.functions import DATE_FUNCTIONS
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

from ..columns import Days
from ..generate import Replicate

Marks = npt.NDArray[np.bool_]
Sides = npt.NDArray[np.int8]
"""1 true, 0 false, −1 unknown."""

_CLOSE = 1e-9
"""Numbers nearer than this, relative to their size, are not compared in floating point."""


class _BeyondError(Exception):
    """The expression uses what arrays do not repeat."""


@dataclass(frozen=True, slots=True)
class _Numbers:
    values: npt.NDArray[np.float64]
    known: Marks
    unit: str | None
    """None: a bare number, which takes the other side's unit."""


@dataclass(frozen=True, slots=True)
class _Dates:
    values: Days
    known: Marks


@dataclass(frozen=True, slots=True)
class _Codes:
    values: npt.NDArray[np.str_]
    known: Marks


@dataclass(frozen=True, slots=True)
class _Truths:
    sides: Sides
    doubtful: Marks


_Value = _Numbers | _Dates | _Codes | _Truths


@dataclass(frozen=True)
class Screenings:
    """One screening of each of some candidates: who, when screened, on which day decided.

    `forms` gives for each form filled by then the days on which that happened; `cured` says that these are second
    screenings, in which the violated criterion is met.
    """

    persons: npt.NDArray[np.int64]
    screened: Days
    today: Days
    forms: Mapping[str, Days]
    cured: bool

    @property
    def size(self) -> int:
        """How many."""
        return int(self.persons.size)


class ArrayCriteria:
    """The criteria of a protocol on the arrays of one replicate."""

    def __init__(
        self,
        replicate: Replicate,
        collected: Mapping[str, tuple[str, str | None]],
        ranges: Mapping[str, tuple[LaboratoryRange, ...]],
    ) -> None:
        self._replicate = replicate
        self._protocol: Protocol = replicate.protocol
        self._collected = collected
        self._ranges = ranges

    def eligible(self, among: Screenings) -> tuple[Sides, Marks]:
        """Whether each may take part, and whom the language itself must decide."""
        passes = np.ones(among.size, dtype=np.int8)
        doubtful = np.zeros(among.size, dtype=np.bool_)
        values: dict[str, _Value] = {}
        for criterion in self._protocol.eligibility.criteria:
            try:
                met = self._met(criterion, among, values)
            except _BeyondError:
                return passes, np.ones(among.size, dtype=np.bool_)
            side = met.sides
            if criterion.kind != "inclusion":
                side = np.where(side >= 0, 1 - side, side).astype(np.int8)
            passes = _and(passes, side)
            doubtful |= met.doubtful
        return passes, doubtful

    def in_time(self, among: Screenings) -> tuple[Sides, Marks]:
        """Whether the conditions of the moment of randomization hold, and for whom the language must say."""
        randomization = self._protocol.randomization
        assert randomization is not None
        evaluation = _Evaluation(self, among, {})
        holds, doubtful = np.ones(among.size, dtype=np.int8), _none(among)
        try:
            if randomization.latest is not None:
                anchor = evaluation.value(Name(randomization.latest.anchor))
                if not isinstance(anchor, _Dates):
                    raise _BeyondError
                early = among.today <= anchor.values + randomization.latest.day
                holds = _and(holds, (early & anchor.known).astype(np.int8))
            for condition in randomization.requires:
                found = evaluation.truth(compile_expression(condition, self._protocol).tree)
                holds = _and(holds, found.sides)
                doubtful |= found.doubtful
        except _BeyondError:
            return holds, np.ones(among.size, dtype=np.bool_)
        return holds, doubtful

    def strata(self, among: Screenings) -> list[dict[str, str] | None] | None:
        """Each candidate's level of every factor (None where one is unknown); None where the language must say."""
        randomization = self._protocol.randomization
        assert randomization is not None
        evaluation = _Evaluation(self, among, {})
        columns: dict[str, list[str | None]] = {}
        for factor in randomization.strata:
            if factor.source == "site":
                sites = self._replicate.site[among.persons].tolist()
                columns[factor.id] = [self._replicate.sites[site] for site in sites]
                continue
            try:
                found = evaluation.value(Name(factor.item or ""))
            except _BeyondError:
                return None
            if isinstance(found, _Codes):
                levels = np.where(found.known, found.values, "").tolist()
            elif isinstance(found, _Truths):
                levels = [("false", "true", "")[side] for side in found.sides.tolist()]
            else:
                return None
            columns[factor.id] = [level if level in factor.levels else None for level in levels]
        return [
            None
            if any(column[at] is None for column in columns.values())
            else {name: column[at] or "" for name, column in columns.items()}
            for at in range(among.size)
        ]

    def _met(self, criterion: Criterion, among: Screenings, values: dict[str, _Value]) -> _Truths:
        parts: list[_Truths] = []
        if criterion.met_when is not None:
            tree = compile_expression(criterion.met_when, self._protocol).tree
            parts.append(_Evaluation(self, among, values).truth(tree))
        if criterion.judgement:
            parts.append(_Truths(self._judged(criterion, among), _none(among)))
        join = _and if criterion.kind == "inclusion" else _or
        whole = parts[0]
        for part in parts[1:]:
            whole = _Truths(join(whole.sides, part.sides), whole.doubtful | part.doubtful)
        return whole

    def _judged(self, criterion: Criterion, among: Screenings) -> Sides:
        """The investigator's answer: what fits, but where the assumptions force another."""
        answers = np.full(among.size, criterion.kind == "inclusion")
        if not among.cured:
            failing = self._replicate.assumptions.participants.screening_failures
            for index, forced in enumerate(failing):
                if forced.criterion == criterion.id and forced.judgement is not None:
                    answers[self._replicate.failure[among.persons] == index] = forced.judgement
        return answers.astype(np.int8)

    def limit(self, item: str, bound: str, among: Screenings, sex: _Value | None) -> _Numbers:
        """The laboratory's limit at each candidate's site, by sex where ranges differ by it."""
        found = np.zeros(among.size)
        known = np.zeros(among.size, dtype=np.bool_)
        sites = self._replicate.site[among.persons]
        definition = self._protocol.item_by_id[item]
        for at, site in enumerate(self._replicate.sites):
            own = [entry for entry in self._ranges[site] if entry.item == item]
            # the entry for one sex wins over that for all
            for entry in sorted(own, key=lambda entry: entry.sex is not None):
                if definition.unit and entry.unit != definition.unit:
                    raise _BeyondError
                where = sites == at
                if entry.sex is not None:
                    if not isinstance(sex, _Codes):
                        raise _BeyondError
                    where = where & sex.known & (sex.values == entry.sex)
                limit = entry.upper if bound == "upper" else entry.lower
                found[where] = 0.0 if limit is None else float(limit)
                known[where] = limit is not None
        return _Numbers(found, known, definition.unit)

    def typed(self, name: str, among: Screenings, evaluation: _Evaluation) -> _Value:
        """The item as it stands on record of each candidate."""
        item = self._protocol.item_by_id[name]
        form, condition = self._collected[name]
        days = among.forms.get(form)
        if days is None:
            known = np.zeros(among.size, dtype=np.bool_)
            days = among.screened
        else:
            known = np.ones(among.size, dtype=np.bool_)
        if condition is not None:
            asked = evaluation.truth(compile_expression(condition, self._protocol).tree)
            if asked.doubtful.any():
                raise _BeyondError
            known = known & (asked.sides == 1)
        return self._values(item.type, name, days, known, among)

    def _values(self, kind: str, name: str, days: Days, known: Marks, among: Screenings) -> _Value:
        values, there = self._raw(name, days, among)
        known = known & there
        definition = self._protocol.item_by_id[name]
        if kind in ("integer", "decimal"):
            return _Numbers(values.astype(np.float64), known, definition.unit or "1")
        if kind == "date":
            return _Dates(values.astype(np.int64), known)
        if kind == "boolean":
            sides = np.where(known, values.astype(np.int8), -1).astype(np.int8)
            return _Truths(sides, np.zeros(known.size, dtype=np.bool_))
        if kind == "code":
            return _Codes(values.astype(np.str_), known & (values != ""))
        raise _BeyondError

    def _raw(
        self, name: str, days: Days, among: Screenings
    ) -> tuple[npt.NDArray[np.generic], Marks]:
        """`Replicate.typed` for all at once, before it is made a text."""
        replicate, who = self._replicate, among.persons
        there: Marks = np.ones(who.size, dtype=np.bool_)
        dates, series = replicate.course.dates.get(name), replicate.series.get(name)
        column, still = replicate.columns.get(name), replicate.still.get(name)
        values: npt.NDArray[np.generic]
        if dates is not None:
            reached = dates.known_on[who] <= days[:, None]
            there = np.asarray(reached.any(axis=1))
            last = reached.shape[1] - 1 - np.argmax(reached[:, ::-1], axis=1)
            values = dates.values[who, last]
        elif series is not None:
            at = days - replicate.course.first[who] + replicate.course.days_before
            drawn = series.values[0, who, np.clip(at, 0, replicate.course.length - 1)]
            if series.codes is None:
                values = drawn
            elif set(series.codes) <= {"true", "false"}:
                values = np.array(series.codes)[drawn.astype(np.int64)] == "true"
            else:
                values = np.array(series.codes)[drawn.astype(np.int64)]
        elif still is not None:
            values = still.values[who]
        elif column is not None:
            values = column.values[who]
        else:
            return np.zeros(who.size), np.zeros(who.size, dtype=np.bool_)
        if not among.cured:
            for index, forced in replicate.failing.items():
                if name in forced:
                    here = replicate.failure[who] == index
                    values = np.where(here, forced[name].values[who], values)
                    there = there | here
        return values, there


class _Evaluation:
    """Evaluates trees over one set of screenings."""

    def __init__(
        self, criteria: ArrayCriteria, among: Screenings, values: dict[str, _Value]
    ) -> None:
        self._criteria = criteria
        self._among = among
        self._values = values

    def truth(self, node: Node) -> _Truths:
        """A condition."""
        found = self.value(node)
        if not isinstance(found, _Truths):
            raise _BeyondError
        return found

    def value(self, node: Node) -> _Value:
        """Any part of a tree."""
        match node:
            case Truth(value=truth):
                return _Truths(np.full(self._among.size, truth, dtype=np.int8), _none(self._among))
            case Number(value=number, unit=unit):
                size = self._among.size
                return _Numbers(np.full(size, float(number)), np.ones(size, dtype=np.bool_), unit)
            case Name(name=name):
                return self._name(name)
            case Not(operand=operand):
                inner = self.truth(operand)
                sides = np.where(inner.sides >= 0, 1 - inner.sides, inner.sides).astype(np.int8)
                return _Truths(sides, inner.doubtful)
            case And(parts=parts):
                return self._joined(parts, _and)
            case Or(parts=parts):
                return self._joined(parts, _or)
            case Comparison(sign=sign, left=left, right=right):
                return self._compared(sign, left, right)
            case Membership(operand=operand, choices=choices, negated=negated):
                return self._member(operand, choices, negated)
            case Arithmetic(sign=sign, left=left, right=right):
                return self._arithmetic(sign, left, right)
            case Call(function=function, arguments=arguments):
                return self._call(function, arguments)
            case _:
                raise _BeyondError

    def _name(self, name: str) -> _Value:
        if name not in self._values:
            self._values[name] = self._found(name)
        return self._values[name]

    def _found(self, name: str) -> _Value:
        criteria, among = self._criteria, self._among
        item = criteria._protocol.item_by_id.get(name)
        if item is not None and item.derived is not None:
            derived = self.value(compile_expression(item.derived, criteria._protocol).tree)
            if isinstance(derived, _Numbers) and derived.unit == item.unit:
                return derived
            raise _BeyondError
        if name in criteria._collected:
            return criteria.typed(name, among, self)
        if name in ("screening", "consent"):
            return _Dates(among.screened, np.ones(among.size, dtype=np.bool_))
        if name == "today":
            return _Dates(among.today, np.ones(among.size, dtype=np.bool_))
        for anchor in criteria._protocol.schedule.anchors:
            if anchor.id == name and anchor.event in ("screening", "consent"):
                return _Dates(among.screened, np.ones(among.size, dtype=np.bool_))
            if anchor.id == name and anchor.event is None:
                return self._anchor(anchor.item, anchor.planned)
        raise _BeyondError

    def _anchor(self, actual: str | None, planned: str | None) -> _Dates:
        """The day on record: the actual one, or else the planned one."""
        whole: _Dates | None = None
        for name in (actual, planned):
            if name is None or name not in self._criteria._collected:
                continue
            found = self._name(name)
            if not isinstance(found, _Dates):
                raise _BeyondError
            if whole is None:
                whole = found
            else:
                values = np.where(whole.known, whole.values, found.values)
                whole = _Dates(values, whole.known | found.known)
        if whole is None:
            raise _BeyondError
        return whole

    def _joined(self, parts: tuple[Node, ...], join: Callable[[Sides, Sides], Sides]) -> _Truths:
        whole = self.truth(parts[0])
        for node in parts[1:]:
            part = self.truth(node)
            whole = _Truths(join(whole.sides, part.sides), whole.doubtful | part.doubtful)
        return whole

    def _compared(self, sign: str, left: Node, right: Node) -> _Truths:
        if isinstance(right, String):
            if sign not in ("==", "!="):
                raise _BeyondError
            return self._member(left, (right,), sign == "!=")
        first, second = self.value(left), self.value(right)
        doubtful = _none(self._among)
        if isinstance(first, _Numbers) and isinstance(second, _Numbers):
            if first.unit is not None and second.unit is not None and first.unit != second.unit:
                raise _BeyondError
            gap = first.values - second.values
            scale = np.maximum(np.abs(first.values), np.abs(second.values))
            doubtful = np.abs(gap) <= _CLOSE * np.maximum(scale, 1.0)
        elif isinstance(first, _Dates) and isinstance(second, _Dates):
            gap = (first.values - second.values).astype(np.float64)
        else:
            raise _BeyondError
        known = first.known & second.known
        answers = {
            "<": gap < 0, "<=": gap <= 0, ">": gap > 0, ">=": gap >= 0, "==": gap == 0, "!=": gap != 0,
        }[sign]  # fmt: skip
        # whole numbers are exact: only what has decimals is too close to call
        if _whole(first.values) and _whole(second.values):
            doubtful = _none(self._among)
        return _Truths(np.where(known, answers, -1).astype(np.int8), doubtful & known)

    def _member(self, operand: Node, choices: tuple[Node, ...], negated: bool) -> _Truths:
        found = self.value(operand)
        if not isinstance(found, _Codes) or not all(isinstance(c, String) for c in choices):
            raise _BeyondError
        texts = [choice.value for choice in choices if isinstance(choice, String)]
        inside = np.isin(found.values, texts)
        answers = ~inside if negated else inside
        return _Truths(np.where(found.known, answers, -1).astype(np.int8), _none(self._among))

    def _arithmetic(self, sign: str, left: Node, right: Node) -> _Numbers:
        first, second = self.value(left), self.value(right)
        if not (isinstance(first, _Numbers) and isinstance(second, _Numbers)):
            raise _BeyondError
        known = first.known & second.known
        if sign in ("+", "-"):
            if first.unit != second.unit:
                raise _BeyondError
            values = first.values + second.values if sign == "+" else first.values - second.values
            return _Numbers(values, known, first.unit)
        if sign == "*" and (first.unit is None or second.unit is None):
            return _Numbers(first.values * second.values, known, first.unit or second.unit)
        raise _BeyondError

    def _call(self, function: str, arguments: tuple[Node, ...]) -> _Value:
        if function in ("uln", "lln"):
            (argument,) = arguments
            if not isinstance(argument, Name):
                raise _BeyondError
            item = self._name(argument.name)
            sex = self._name("sex") if "sex" in self._criteria._collected else None
            bound = "upper" if function == "uln" else "lower"
            limit = self._criteria.limit(argument.name, bound, self._among, sex)
            if not isinstance(item, _Numbers):
                raise _BeyondError
            return _Numbers(limit.values, limit.known & item.known, limit.unit)
        if function == "known":
            (argument,) = arguments
            found = self.value(argument)
            known = found.sides >= 0 if isinstance(found, _Truths) else found.known
            return _Truths(known.astype(np.int8), _none(self._among))
        if function in DATE_FUNCTIONS:
            first, second = (self.value(argument) for argument in arguments)
            if not (isinstance(first, _Dates) and isinstance(second, _Dates)):
                raise _BeyondError
            count, unit = DATE_FUNCTIONS[function]
            known = first.known & second.known
            if function == "days_between":
                return _Numbers((second.values - first.values).astype(np.float64), known, unit)
            pairs = zip(first.values.tolist(), second.values.tolist(), known.tolist(), strict=True)
            counted = [
                float(count(date.fromordinal(a), date.fromordinal(b))) if there else 0.0
                for a, b, there in pairs
            ]
            return _Numbers(np.array(counted), known, unit)
        raise _BeyondError


def _none(among: Screenings) -> Marks:
    return np.zeros(among.size, dtype=np.bool_)


def _whole(values: npt.NDArray[Any]) -> bool:
    return bool((values == np.rint(values)).all())


def _and(first: Sides, second: Sides) -> Sides:
    """False where either is, else unknown where either is."""
    false = (first == 0) | (second == 0)
    unknown = (first < 0) | (second < 0)
    return np.where(false, 0, np.where(unknown, -1, 1)).astype(np.int8)


def _or(first: Sides, second: Sides) -> Sides:
    """True where either is, else unknown where either is."""
    true = (first == 1) | (second == 1)
    unknown = (first < 0) | (second < 0)
    return np.where(true, 1, np.where(unknown, -1, 0)).astype(np.int8)

"""The closures an expression is made of.

Each takes the values of the slots and gives None where something it needs is unknown, or a `Span`
where partial dates leave one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from equipoise.quantity.dates import PartialDate
from equipoise.quantity.units import ARITHMETIC, Conversion, convert

from .functions import compare_spans, ends, over_spans, span
from .scope import Known
from .tree import ComparisonSign
from .values import Datum, Span

Values = Sequence[Any]
Run = Callable[[Values], Any]


def constant(value: Any) -> Run:
    """A closure that always gives `value`."""
    return lambda values: value


def lookup(index: int) -> Run:
    def run(values: Values) -> Any:
        return values[index]

    return run


def reader(known: Known) -> Callable[[Datum], Any]:
    """From a datum to the value the closures work on, in the name's own unit."""
    code = known.unit.code if known.unit is not None else None

    def wrong(value: Any) -> TypeError:
        return TypeError(f"{known.name} is a {known.kind}, and its value is {value!r}")

    def number(datum: Datum) -> Decimal:
        value = datum.value
        if value.__class__ is not Decimal:
            if isinstance(value, bool) or not isinstance(value, int | Decimal):
                raise wrong(value)
            value = Decimal(value)
        if datum.unit is None or datum.unit == code or code is None:
            return value
        return convert(value, datum.unit, code)

    def day(datum: Datum) -> Any:
        value = datum.value
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        if isinstance(value, str):
            value = PartialDate.parse(value)
        if isinstance(value, PartialDate):
            return span(value.earliest, value.latest)
        raise wrong(value)

    def truth(datum: Datum) -> bool:
        if not isinstance(datum.value, bool):
            raise wrong(datum.value)
        return datum.value

    def words(datum: Datum) -> str:
        if not isinstance(datum.value, str):
            raise wrong(datum.value)
        return datum.value

    if known.kind == "number":
        return number
    if known.kind == "date":
        return day
    return truth if known.kind == "boolean" else words


def mapped(run: Run, function: Callable[[Decimal], Decimal], falling: bool = False) -> Run:
    def run_mapped(values: Values) -> Any:
        value = run(values)
        if value is None:
            return None
        if value.__class__ is Span:
            low, high = (function(end) for end in ends(value))
            return Span(high, low) if falling else Span(low, high)
        return function(value)

    return run_mapped


def absolute(run: Run) -> Run:
    def run_absolute(values: Values) -> Any:
        value = run(values)
        if value.__class__ is Span:
            low, high = ends(value)
            least = Decimal(0) if low <= 0 <= high else min(low.copy_abs(), high.copy_abs())
            return span(least, max(low.copy_abs(), high.copy_abs()))
        return None if value is None else value.copy_abs()

    return run_absolute


def knownness(run: Run) -> Run:
    return lambda values: run(values) is not None


def chosen(runs: Sequence[Run], choose: Callable[[Sequence[Any]], Any]) -> Run:
    def run_chosen(values: Values) -> Any:
        found = [run(values) for run in runs]
        if any(value is None for value in found):
            return None
        lows, highs = zip(*(ends(value) for value in found), strict=True)
        return span(choose(lows), choose(highs))

    return run_chosen


def operated(operation: Callable[[Decimal, Decimal], Decimal], left: Run, right: Run) -> Run:
    def run_operated(values: Values) -> Any:
        first, second = left(values), right(values)
        if first is None or second is None:
            return None
        if first.__class__ is Span or second.__class__ is Span:
            return over_spans(operation, first, second)
        return operation(first, second)

    return run_operated


def divided(left: Run, right: Run) -> Run:
    """A quotient; unknown where the divisor is, or may be, zero."""

    def run_divided(values: Values) -> Any:
        first, second = left(values), right(values)
        if first is None or second is None:
            return None
        low, high = ends(second)
        if low <= 0 <= high:
            return None
        if first.__class__ is Span or second.__class__ is Span:
            return over_spans(ARITHMETIC.divide, first, second)
        return ARITHMETIC.divide(first, second)

    return run_divided


def plain_comparison(
    sign: ComparisonSign,
    compare: Callable[[Any, Any], bool],
    left: Run,
    right: Run,
    limit: Any = None,
) -> Run:
    if limit is not None:

        def against_constant(values: Values) -> bool | None:
            first = left(values)
            if first is None:
                return None
            if first.__class__ is Span:
                return compare_spans(sign, first, limit)
            return compare(first, limit)

        return against_constant

    def compared(values: Values) -> bool | None:
        first, second = left(values), right(values)
        if first is None or second is None:
            return None
        if first.__class__ is Span or second.__class__ is Span:
            return compare_spans(sign, first, second)
        return compare(first, second)

    return compared


def fraction_comparison(
    sign: ComparisonSign,
    compare: Callable[[Any, Any], bool],
    left: Run,
    right: Run,
    conversion: Conversion,
) -> Run:
    factor, shift = conversion.numerator, conversion.shift

    def compared(values: Values) -> bool | None:
        first, second = left(values), right(values)
        if first is None or second is None:
            return None
        if first.__class__ is Span or second.__class__ is Span:
            low, high = (conversion(end) for end in ends(second))
            return compare_spans(sign, first, span(low, high))
        return compare(Fraction(first), Fraction(second) * factor + shift)

    return compared


def translated(run: Run, table: Mapping[str, Decimal]) -> Run:
    def run_translated(values: Values) -> Decimal | None:
        return table.get(run(values))

    return run_translated


def negation(run: Run) -> Run:
    def run_negation(values: Values) -> bool | None:
        truth = run(values)
        return None if truth is None else not truth

    return run_negation


def conjunction(runs: Sequence[Run]) -> Run:
    def run_conjunction(values: Values) -> bool | None:
        unknown = False
        for run in runs:
            truth = run(values)
            if truth is False:
                return False
            if truth is None:
                unknown = True
        return None if unknown else True

    return run_conjunction


def disjunction(runs: Sequence[Run]) -> Run:
    def run_disjunction(values: Values) -> bool | None:
        unknown = False
        for run in runs:
            truth = run(values)
            if truth is True:
                return True
            if truth is None:
                unknown = True
        return None if unknown else False

    return run_disjunction

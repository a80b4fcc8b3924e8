"""The functions over dates, and comparison where a partial date leaves a span."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from equipoise.quantity.dates import months_between, years_between

from .tree import ComparisonSign
from .values import Span


def _days(earlier: date, later: date) -> Decimal:
    return Decimal((later - earlier).days)


def _weeks(earlier: date, later: date) -> Decimal:
    days = (later - earlier).days
    return Decimal(days // 7 if days >= 0 else -(-days // 7))


def _months(earlier: date, later: date) -> Decimal:
    return Decimal(months_between(earlier, later))


def _years(earlier: date, later: date) -> Decimal:
    return Decimal(years_between(earlier, later))


DATE_FUNCTIONS: dict[str, tuple[Callable[[date, date], Decimal], str]] = {
    "days_between": (_days, "d"),
    "weeks_between": (_weeks, "wk"),
    "months_between": (_months, "mo"),
    "years_between": (_years, "a"),
}
"""Each counts completed units from its first argument to its second, negative if that came first."""


def ends(value: Any) -> tuple[Any, Any]:
    """The lowest and highest value it can have."""
    return (value.low, value.high) if isinstance(value, Span) else (value, value)


def span(low: Any, high: Any) -> Any:
    """The span between two bounds, or the value itself where they meet."""
    return low if low == high else Span(low, high)


def between(
    count: Callable[[date, date], Decimal], earlier: Any, later: Any
) -> Decimal | Span | None:
    """The count between two days that may be spans: fewest from last to first, most from first to last."""
    if earlier is None or later is None:
        return None
    if earlier.__class__ is not Span and later.__class__ is not Span:
        return count(earlier, later)
    (first, last), (start, end) = ends(earlier), ends(later)
    result: Decimal | Span = span(count(last, start), count(first, end))
    return result


def compare_spans(sign: ComparisonSign, left: Any, right: Any) -> bool | None:
    """The comparison where at least one side is a span: unknown where the precision does not decide it."""
    (low, high), (least, most) = ends(left), ends(right)
    if sign in ("==", "!="):
        if high < least or most < low:
            return sign == "!="
        return None
    if sign in (">", ">="):
        (low, high), (least, most) = (least, most), (low, high)
    strict = sign in ("<", ">")
    surely = high < least if strict else high <= least
    never = low >= most if strict else low > most
    return True if surely else False if never else None


def over_spans(operation: Callable[[Decimal, Decimal], Decimal], left: Any, right: Any) -> Any:
    """An operation that is monotone in each argument, over sides of which one is a span."""
    corners = [operation(a, b) for a in ends(left) for b in ends(right)]
    return span(min(corners), max(corners))

"""Numbers as they are shown: this is the only place where results are rounded.

Percentages have one decimal, ratios two, p-values three, means one more than the item was recorded
with. A minus sign is U+2212; what is undefined is an en dash.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_EVEN, Decimal

DASH = "–"
_BETWEEN = {"en": " to ", "zh-Hans": " 至 "}


def number(value: float, decimals: int) -> str:
    """A number with a fixed count of decimals, rounded half to even on its decimal expansion."""
    if math.isnan(value):
        return DASH
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    places = Decimal(1).scaleb(-decimals)
    rounded = Decimal(repr(float(value))).quantize(places, rounding=ROUND_HALF_EVEN)
    if rounded == 0:
        rounded = abs(rounded)
    return f"{rounded:f}".replace("-", "−")


def count_percent(count: int, total: int) -> str:
    """A count with its percentage of a total: `12 (24.0%)`, without one where the total is 0."""
    return f"{count} ({percent(count, total)})" if total else f"{count}"


def percent(count: int, total: int) -> str:
    """A share in percent with one decimal."""
    return f"{number(100 * count / total, 1)}%" if total else DASH


def percent_of(share: float) -> str:
    """A share of 1 in percent without needless decimals: `50%`."""
    return f"{level(share)}%"


def interval(lower: float, upper: float, decimals: int, language: str) -> str:
    """Limits: `−0.50 to 0.16`."""
    if math.isnan(lower) and math.isnan(upper):
        return DASH
    return f"{number(lower, decimals)}{_BETWEEN[language]}{number(upper, decimals)}"


def p_value(p: float) -> str:
    """A p-value with three decimals, `<0.001` and `>0.999` at the ends."""
    if math.isnan(p):
        return DASH
    if p < 0.001:
        return "<0.001"
    return ">0.999" if p > 0.999 else number(p, 3)


def p_phrase(p: float) -> str:
    """A p-value to stand after the letter: `= 0.012` or `< 0.001`, not broken over lines."""
    shown = p_value(p)
    return f"{shown[0]}\u00a0{shown[1:]}" if shown[0] in "<>" else f"=\u00a0{shown}"


def level(confidence: float) -> str:
    """A confidence level in percent without needless decimals: `95`, `97.5`."""
    return f"{round(100 * confidence, 4):g}"

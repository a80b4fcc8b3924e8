"""What a design cannot be made of, said in one line; and the checks every design function begins with."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy.optimize import brentq

ROOT = 1e-12
"""How near to the root a search goes."""


class DesignError(ValueError):
    """An argument that makes no design: its name, what was given, and what would do."""

    def __init__(self, name: str, given: object, wanted: str) -> None:
        self.name = name
        super().__init__(f"{name} = {given!r}: give {wanted}")


def probability(name: str, value: float, *, open_interval: bool = False) -> float:
    """A probability from 0 to 1; with `open_interval` neither of them."""
    inside = 0 < value < 1 if open_interval else 0 <= value <= 1
    if not (math.isfinite(value) and inside):
        between = "a probability between 0 and 1, both excluded"
        raise DesignError(name, value, between if open_interval else "a probability from 0 to 1")
    return float(value)


def positive(name: str, value: float) -> float:
    """A finite number above 0."""
    if not (math.isfinite(value) and value > 0):
        raise DesignError(name, value, "a finite number above 0")
    return float(value)


def number(name: str, value: float, *, infinite: bool = False) -> float:
    """A finite number; with `infinite` any but NaN."""
    if math.isnan(value) or not (infinite or math.isfinite(value)):
        raise DesignError(name, value, "a number" if infinite else "a finite number")
    return float(value)


def root(
    name: str, given: object, wanted: str, at: Callable[[float], float], low: float, high: float
) -> float:
    """Where a function changes sign between two places; `DesignError` of an argument where it does not."""
    if at(low) * at(high) > 0:
        raise DesignError(name, given, wanted)
    return float(brentq(at, low, high, xtol=ROOT))


def sides(value: int) -> int:
    """One or two."""
    if value not in (1, 2):
        raise DesignError("sided", value, "1 or 2")
    return value


def whole(name: str, value: int, least: int = 0) -> int:
    """A whole number, at least `least`."""
    if isinstance(value, bool) or int(value) != value or value < least:
        raise DesignError(name, value, f"a whole number from {least} on")
    return int(value)

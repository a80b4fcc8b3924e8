"""Kleene's strong three-valued logic: true, false, and unknown.

`None` stands for unknown. A missing laboratory value makes a criterion unknown and never a silent
pass; a conjunction is false as soon as one part is false, whatever is still missing.
"""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def conjunction(parts: Iterable[Truth]) -> Truth:
    """False if any part is false, else unknown if any part is unknown, else true."""
    unknown = False
    for part in parts:
        if part is False:
            return False
        unknown = unknown or part is None
    return None if unknown else True


def disjunction(parts: Iterable[Truth]) -> Truth:
    """True if any part is true, else unknown if any part is unknown, else false."""
    unknown = False
    for part in parts:
        if part is True:
            return True
        unknown = unknown or part is None
    return None if unknown else False


def negation(part: Truth) -> Truth:
    """True and false exchanged; unknown stays unknown."""
    return None if part is None else not part

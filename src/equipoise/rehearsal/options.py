"""A rehearsal's options, as a home keeps them, and the replicate they name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from equipoise.protocol.document import Protocol

from .assumptions import RehearsalAssumptions, read_assumptions
from .generate import Replicate, generate

STAFF = ("assumed", "careful", "faultless")
"""`assumed`: staff as the protocol assumes them; `careful`: they make no mistakes, but visits are missed and late as
assumed; `faultless`: no mistakes, and every visit takes place in time."""

NUMBERS = ("1", "2")
"""Schemes of random numbers (`streams`, `lean`): another trial comes of the same seed."""


class OptionError(ValueError):
    """An option that no rehearsal knows."""


def replicate_of(
    protocol: Protocol, seed: int, replicate: int, options: Mapping[str, Any] | None = None
) -> Replicate:
    """The replicate a home was made with; the one asked for last is kept, since a home asks again.

    Raises `OptionError` for an unknown option and `AssumptionError` for assumptions that do not fit.
    """
    given = {"staff": "assumed", "numbers": "1", **(options or {})}
    unknown = sorted(set(given) - {"staff", "numbers"})
    if unknown:
        raise OptionError(
            f"{unknown[0]!r} is no option of a rehearsal; there are `staff` and `numbers`"
        )
    if given["numbers"] not in NUMBERS:
        raise OptionError(f"numbers {given['numbers']!r}: use one of {', '.join(NUMBERS)}")
    if given["staff"] not in STAFF:
        raise OptionError(f"staff {given['staff']!r}: use one of {', '.join(STAFF)}")
    return _replicate(_ByVersion(protocol), seed, replicate, given["staff"], int(given["numbers"]))


class _ByVersion:
    """A protocol, equal to another one of the same content."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByVersion) and self.protocol.version == other.protocol.version

    def __hash__(self) -> int:
        return hash(self.protocol.version)


@lru_cache(maxsize=1)
def _replicate(of: _ByVersion, seed: int, replicate: int, staff: str, numbers: int) -> Replicate:
    assumptions = with_staff(read_assumptions(of.protocol), staff)
    return generate(of.protocol, seed, replicate, assumptions=assumptions, numbers=numbers)


def with_staff(assumptions: RehearsalAssumptions, staff: str) -> RehearsalAssumptions:
    """The assumptions with staff of one of the kinds in `STAFF`."""
    if staff == "assumed":
        return assumptions
    kind = assumptions.staff.careful() if staff == "careful" else assumptions.staff.faultless()
    return assumptions.model_copy(update={"staff": kind})

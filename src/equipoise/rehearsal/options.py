"""A rehearsal's options, as a home keeps them, and the replicate they name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from equipoise.protocol.document import Protocol

from .assumptions import read_assumptions
from .generate import Replicate, generate

STAFF = ("assumed", "faultless")
"""`assumed`: staff as the protocol assumes them; `faultless`: they make no mistake and are never late."""


class OptionError(ValueError):
    """An option that no rehearsal knows."""


def replicate_of(
    protocol: Protocol, seed: int, replicate: int, options: Mapping[str, Any] | None = None
) -> Replicate:
    """The replicate a home was made with; the one asked for last is kept, since a home asks again.

    Raises `OptionError` for an unknown option and `AssumptionError` for assumptions that do not fit.
    """
    given = {"staff": "assumed", **(options or {})}
    unknown = sorted(set(given) - {"staff"})
    if unknown:
        raise OptionError(f"{unknown[0]!r} is no option of a rehearsal; there is `staff`")
    if given["staff"] not in STAFF:
        raise OptionError(f"staff {given['staff']!r}: use one of {', '.join(STAFF)}")
    return _replicate(_ByVersion(protocol), seed, replicate, given["staff"])


class _ByVersion:
    """A protocol, equal to another one of the same content."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByVersion) and self.protocol.version == other.protocol.version

    def __hash__(self) -> int:
        return hash(self.protocol.version)


@lru_cache(maxsize=1)
def _replicate(of: _ByVersion, seed: int, replicate: int, staff: str) -> Replicate:
    assumptions = read_assumptions(of.protocol)
    if staff == "faultless":
        assumptions = assumptions.model_copy(update={"staff": assumptions.staff.faultless()})
    return generate(of.protocol, seed, replicate, assumptions=assumptions)

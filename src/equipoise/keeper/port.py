"""What is asked of a keeper, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from .reveal import Reveal


class KeeperError(Exception):
    """The keeper refuses or cannot answer; the message is one line."""


@dataclass(frozen=True, slots=True)
class Commitment:
    """SHA-256 over seed and scheme (64 hexadecimal digits), and where the draws come from."""

    hash: str
    source: str


@dataclass(frozen=True, slots=True)
class AllocationRequest:
    """Whom to allocate. `request` names the question for good: asked again, it is answered the same.

    `strata` maps each factor of the scheme to the participant's level. `eligibility` is the signed
    decision: `signed_by`, `signed_at` and the `hash` of what was signed, at least.
    """

    request: str
    trial: str
    participant: str
    strata: dict[str, str]
    eligibility: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AllocationAnswer:
    """The arm, the allocation's number in the trial (from 1), and the stratum it was drawn in."""

    arm: str
    number: int
    stratum: str


class Keeper(Protocol):
    """Holds the seed. Thread-safe: allocations happen one after the other."""

    def commitment(self) -> Commitment:
        """What the keeper has committed to."""

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """The allocation of this participant, made now or, for a known request, long ago.

        A participant has one allocation: another request for the same participant with the same
        strata gets it too. Raises `KeeperError` where the request contradicts an earlier one,
        the strata do not fit the scheme, or no signed eligibility decision comes with it.
        """

    def reveal(self) -> Reveal:
        """Seed, scheme and every allocation, for whoever checks them after the trial."""


def require_signature(eligibility: Mapping[str, Any]) -> None:
    """Raise `KeeperError` unless the decision says who signed what and when."""
    missing = [name for name in ("signed_by", "signed_at", "hash") if not eligibility.get(name)]
    if missing:
        raise KeeperError(
            "the keeper allocates on a signed eligibility decision only;"
            f" missing: {', '.join(missing)}"
        )

"""What is asked of a keeper, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from .eligibility import SignedEligibility


@dataclass(frozen=True, slots=True)
class Commitment:
    """SHA-256 over seed and scheme (64 hexadecimal digits), and where the draws come from."""

    hash: str
    source: str


@dataclass(frozen=True, slots=True)
class AllocationRequest:
    """Whom to allocate. `request` names the question for good: asked again, it is answered the same.

    `strata` maps each factor of the scheme to the participant's level.
    """

    request: str
    trial: str
    participant: str
    strata: dict[str, str]
    eligibility: SignedEligibility


@dataclass(frozen=True, slots=True)
class AllocationAnswer:
    """The arm, the allocation's number in the trial (from 1), and the stratum it was drawn in."""

    arm: str
    number: int
    stratum: str


class Keeper(Protocol):
    """Holds the seed, here or elsewhere. Thread-safe: allocations happen one after the other."""

    place: str
    """Where the seed lies: `home` (a file beside the ledger), `process` (a keeper of its own),
    `rehearsal` (derived), `absent`."""

    def commitment(self) -> Commitment:
        """What the keeper has committed to.

        Raises `KeeperUnavailableError` where it does not answer, `KeeperError` where there is none.
        """

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """The allocation of this participant, made now or, for a known request, long ago.

        A participant has one allocation: another request for the same participant with the same
        strata gets it too. Raises `KeeperError` where the request contradicts an earlier one,
        the strata do not fit the scheme, or the eligibility decision is not signed by the ledger;
        `KeeperUnavailableError` where no answer came (ask again with the same request).
        """

    def close(self) -> None:
        """Release files and connections."""


class AbsentKeeper:
    """Stands where no keeper can: every question is answered with the reason."""

    place = "absent"

    def __init__(self, error: Exception) -> None:
        self._error = error

    def commitment(self) -> Commitment:
        """Raises why there is none."""
        raise self._error

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """Raises why nobody can be allocated."""
        raise self._error

    def close(self) -> None:
        """There is nothing to release."""

"""The signed eligibility decision that comes with a request: the keeper takes nobody's word for it.

The trial sends the event of the investigator's signature as it stands in the chain, and signs its
hash with the ledger's Ed25519 key. Signed are the bytes `equipoise-eligibility-1|` and the hash in
hexadecimal digits, so that no signature of the head passes for one of an event.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from equipoise.ledger.envelope import Event, canonical, hash_after
from equipoise.ledger.signing import attestation, signature_holds

from .errors import KeeperError

PURPOSE = "eligibility"


@dataclass(frozen=True, slots=True)
class SignedEligibility:
    """An `EligibilitySigned` event: its canonical form, the hash before it, and the ledger's signature."""

    event: str
    previous: str
    signature: str

    @classmethod
    def of(cls, event: Event, signature: str) -> SignedEligibility:
        """The event as the keeper is to see it."""
        return cls(canonical(event).decode(), event.previous, signature)

    @property
    def hash(self) -> str:
        """The event's hash in the chain."""
        return hash_after(self.previous, self.event.encode())

    def as_document(self) -> dict[str, str]:
        """Its three texts by name."""
        return asdict(self)

    @classmethod
    def from_document(cls, given: Any) -> SignedEligibility:
        """Raises `KeeperError` where something is missing or no text."""
        names = ("event", "previous", "signature")
        if not isinstance(given, Mapping) or any(type(given.get(n)) is not str for n in names):
            raise KeeperError(
                "the keeper allocates on a signed eligibility decision only; none came with the request"
            )
        return cls(*(given[name] for name in names))

    def check(
        self, trial: str, participant: str, public_key: str, versions: Collection[str] | None
    ) -> None:
        """Raise `KeeperError` unless the ledger signed that this participant's eligibility is signed.

        `versions` are the protocol versions known to the keeper; None takes any (a rehearsal).
        """
        if not signature_holds(public_key, attestation(PURPOSE, self.hash), self.signature):
            raise _unsigned("it does not carry the signature of this trial's ledger")
        try:
            event = json.loads(self.event)
        except ValueError:
            raise _unsigned("it is no event") from None
        if event.get("type") != "EligibilitySigned":
            raise _unsigned(f"it is an event of type {event.get('type')}")
        if event.get("trial") != trial:
            raise _unsigned(f"it belongs to the trial {event.get('trial')}, not {trial}")
        if event.get("stream") != f"participant/{participant}":
            raise _unsigned(f"it is not about participant {participant}")
        if versions is not None and event.get("protocol") not in versions:
            raise _unsigned(
                f"it was made under the protocol version {event.get('protocol')}, which this keeper"
                " does not know; run `equipoise keeper accept` with that protocol"
            )


def _unsigned(why: str) -> KeeperError:
    return KeeperError(f"the keeper allocates on a signed eligibility decision only: {why}")

"""What every event is, and which of its fields are sealed."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Struct

Mode = Literal["rehearsal", "training", "live"]
"""What a trial is, from its first event on: played by virtual people on a virtual clock; used by people
who learn, with participants they invent; or with participants who are real."""


class Sealed(NamedTuple):
    """Says of a field's text that the ledger holds it encrypted, and under which kind of key."""

    under: Literal["participant", "value", "allocation"]


SealedIdentity = Annotated[str, Sealed("participant")]
SealedText = Annotated[str, Sealed("value")]
SealedAllocation = Annotated[str, Sealed("allocation")]


def sealed_under(declared: Any) -> str:
    """The kind of key under which a field of this declared type is sealed; empty for one that is not."""
    marks = [one for one in getattr(declared, "__metadata__", ()) if isinstance(one, Sealed)]
    return marks[0].under if marks else ""


class Happening(Struct, frozen=True, kw_only=True):
    """Base of all events' payloads; the envelope around it is `equipoise.ledger.envelope.Event`."""

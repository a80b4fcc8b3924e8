"""What every event is, and which of its fields are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["rehearsal", "training", "live"]
"""What a trial is, from its first event on: played by virtual people on a virtual clock; used by people
who learn, with participants they invent; or with participants who are real."""

SEALED_IDENTITY: Mapping[str, Any] = {"sealed": "participant"}
SEALED_TEXT: Mapping[str, Any] = {"sealed": "value"}
SEALED_ALLOCATION: Mapping[str, Any] = {"sealed": "allocation"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Base of all events' payloads; the envelope around it is `equipoise.ledger.envelope.Event`."""

"""Reading old events: what a payload of an earlier shape says in today's.

An event is never rewritten. When an event type's payload changes, its schema number in `SCHEMAS` is
raised by one, and an upcaster for the earlier number is added: a pure function from the payload as it
was stored to the payload as it would be stored by the next schema. They are applied one after the
other. The golden ledgers in `tests/data/golden` hold every released version's events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Payload = dict[str, Any]

FIRST = 1
"""The schema every event type begins with."""

SCHEMAS: Mapping[str, int] = {}
"""The schema in which events of a type are written, where it is not the first."""

UPCASTERS: Mapping[tuple[str, int], Callable[[Payload], Payload]] = {}
"""By event type and stored schema: the payload in the next schema."""


def schema_of(type_: str) -> int:
    """The schema in which events of the type are written."""
    return SCHEMAS.get(type_, FIRST)


def upcast(type_: str, schema: int, payload: Payload) -> Payload:
    """The payload in the schema of today. ValueError for a schema later than that, or none."""
    if not FIRST <= schema <= schema_of(type_):
        raise ValueError(f"{type_} schema {schema} is unknown to this version")
    for earlier in range(schema, schema_of(type_)):
        payload = UPCASTERS[type_, earlier](payload)
    return payload

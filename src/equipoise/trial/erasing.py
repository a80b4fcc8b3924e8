"""Carrying out erasures: after the event has been committed, and again wherever one was left undone.

The event comes first. A process that dies before the key is destroyed leaves an event that says which; opening
the trial does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from equipoise.conduct import events as e
from equipoise.conduct.sealed import SealedValue
from equipoise.ledger.envelope import Event
from equipoise.ledger.erasures import ErasureList
from equipoise.ledger.ledger import Ledger

from .codec import Codec

_DESTROYING = (e.IdentityErased, e.ValueRedacted, e.TrialValueRedacted)
_KINDS = tuple(kind.__name__ for kind in _DESTROYING)


def destroyed_by(happening: e.Happening) -> tuple[str, ...]:
    """The keys an event destroys."""
    if isinstance(happening, _DESTROYING):
        return happening.keys
    return ()


def erasures_in(ledger: Ledger) -> Iterator[tuple[Event, tuple[str, ...]]]:
    """Every event of the ledger that destroys keys, with them."""
    for event in ledger.events(types=_KINDS):
        yield event, tuple(str(key) for key in event.payload["keys"])


class Eraser:
    """Destroys the keys that events name, and notes them in the home's list where there is one."""

    def __init__(self, ledger: Ledger, codec: Codec, noted: ErasureList | None) -> None:
        self._ledger = ledger
        self._codec = codec
        self._noted = noted

    def destroy(self, event: Event, keys: Sequence[str]) -> None:
        """Carry one event out. Raises `LedgerError` where it cannot be made sure; then it is owed."""
        if self._noted is not None:
            self._noted.add(self._ledger.trial, event.seq, event.server_time, keys)
        self._codec.destroy(keys)

    def replay(self) -> None:
        """Carry out all that the ledger and the list say, whatever copy of the keys lies here."""
        due: dict[str, None] = {}
        for event, keys in erasures_in(self._ledger):
            due.update(dict.fromkeys(keys))
            if self._noted is not None:
                self._noted.add(self._ledger.trial, event.seq, event.server_time, keys)
        if self._noted is not None:
            due |= self._noted.keys(self._ledger.trial)
        if due:
            self._codec.destroy(due)


def texts_of(events: Iterator[Event], codec: Codec) -> list[SealedValue]:
    """The texts in a stream about no participant, in order of the ledger."""
    return [one for event in events for one in codec.sealed_values(event) if one.single]


def sealed_values(
    events: Callable[[str], Iterator[Event]],
    event_at: Callable[[int], Event | None],
    codec: Codec,
    participant: str,
) -> list[SealedValue]:
    """Everything of a participant that is encrypted, in order of the ledger.

    Forms that were moved here from another participant have left their first copy there; the values of
    those count as this participant's.
    """
    found: list[SealedValue] = []
    seen: set[int] = set()
    origins: list[int] = []
    for event in events(f"participant/{participant}"):
        found += codec.sealed_values(event)
        if event.type == "ValuesMovedIn":
            origins += event.payload["origin_seqs"]
        seen.add(event.seq)
    while origins:
        seq = origins.pop()
        event_there = event_at(seq)
        if seq in seen or event_there is None:
            continue
        seen.add(seq)
        if event_there.type == "ValuesMovedIn":
            origins += event_there.payload["origin_seqs"]
        captured = {value["item"] for value in event_there.payload["values"]}
        found += [
            replace(one, own=False)
            for one in codec.sealed_values(event_there)
            if one.name in captured
        ]
    return sorted(found, key=lambda one: one.seq)

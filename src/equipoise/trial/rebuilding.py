"""Projections of another version of the code are rebuilt from the events, in one transaction.

A crash on the way leaves the old rows with their old version, and the next opening begins again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from equipoise.conduct import events as e
from equipoise.ledger.ledger import Ledger, Writing
from equipoise.protocol.document import Protocol

from .codec import Codec
from .projecting import Projector, View

_SOURCES = ("conduct", "protocol", "quantity", "trial")
"""The rooms whose code decides what a projection says."""


@lru_cache(maxsize=1)
def _code_version() -> str:
    """A digest over the sources that projections follow from: nobody can forget to raise it."""
    digest = hashlib.sha256()
    root = Path(__file__).parents[1]
    for room in _SOURCES:
        for path in sorted((root / room).rglob("*.py")):
            digest.update(f"{path.relative_to(root).as_posix()}\n".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def projections_version(protocol: Protocol) -> str:
    """What the projections of a trial depend on besides its events: the code, and the protocol."""
    return f"{_code_version()}|{protocol.version}"


def projections_are_stale(ledger: Ledger, protocol: Protocol) -> bool:
    """Whether other code than this filled the projections."""
    return ledger.store.tables_version() != projections_version(protocol)


def rebuild_where_stale(
    ledger: Ledger,
    protocol: Protocol,
    codec: Codec,
    projector: Projector,
    load: Callable[[str], View | None],
) -> bool:
    """Rebuild the projections unless this version of the code filled them; say whether it did.

    `load` gives a participant as the events say. Raises what `Ledger.write` raises.
    """
    version = projections_version(protocol)
    if not projections_are_stale(ledger, protocol):
        return False
    with ledger.write() as writing:
        # Another process may have done it while this one waited for the right to write.
        if ledger.store.tables_version(inside=True) == version:
            return False
        writing.rebuild_tables(version)
        for participant in _put_sites(writing, ledger, codec):
            view = load(participant)
            last = next(
                ledger.events(stream=f"participant/{participant}", descending=True, limit=1), None
            )
            if view is not None and last is not None:
                projector.put_anew(writing, view, last.server_time)
    return True


def _put_sites(writing: Writing, ledger: Ledger, codec: Codec) -> list[str]:
    """The sites' rows with their counts; answers every participant's number, in order."""
    participants: dict[str, None] = {}
    types = ("SiteOpened", "SiteClosed", "ParticipantScreened", "ParticipantRandomized")
    for event in ledger.events(types=types):
        happening = codec.decode(event)
        if isinstance(happening, e.ParticipantScreened):
            participants[event.stream.removeprefix("participant/")] = None
        Projector.count_site(writing, event, happening)
    return list(participants)

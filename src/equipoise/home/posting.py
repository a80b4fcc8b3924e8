"""A home's trial as a study for the registry (`exchange.posting`), from one data cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from equipoise.analysis import Results, analyze
from equipoise.conduct.events import Happening
from equipoise.conduct.oversight import overall_status
from equipoise.conduct.state import Documents, TrialState
from equipoise.exchange.posting import study
from equipoise.ledger.envelope import Event
from equipoise.ledger.ledger import Ledger
from equipoise.protocol.document import Protocol

from .home import Archive, Home


class PostingError(ValueError):
    """Results may not leave the home as asked; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A study to be handed in, the results in it (None where there are none), and whether the trial released them."""

    study: dict[str, Any]
    results: Results | None
    released: bool


class Watched:
    """The archive, read once: what is read for the results tells the trial's own state as well."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.protocol: Protocol = archive.protocol
        self.documents: Documents = archive.documents
        self.ledger: Ledger = archive.ledger
        self.state = TrialState(archive.protocol.id, next(iter(archive.documents.values())))

    def events(self, *, upto: int | None = None) -> Iterator[tuple[Event, Happening]]:
        for event, happening in self._archive.events(upto=upto):
            self.state.apply(happening, event.site, event.server_time, event.actor)
            yield event, happening


def results_may_leave(protocol: Protocol, live: bool, unblinded: bool) -> bool:
    """Whether results by group may be written out: not those of a live masked trial that is still masked."""
    masking = protocol.design.masking
    masked = masking is not None and masking.level != "none"
    return unblinded or not (masked and live)


def post_home(
    home: Home, as_of: int | str | date | None = None, *, dummy_arms: bool = False
) -> Posting:
    """The study of a home's trial; works beside a server, and takes a checkpoint first.

    A live masked trial's results by group leave only once it is unblinded (`PostingError`), or with dummy arms.
    Raises `CutError` for a cut that cannot be made.
    """
    home.take_checkpoint("export")
    archive = Watched(home.archive())
    protocol = archive.protocol
    found = analyze(archive, as_of, dummy_arms=dummy_arms)
    state = archive.state
    if not dummy_arms and not results_may_leave(protocol, state.live, state.unblinded):
        raise PostingError(
            "this trial is masked and not unblinded: its results by group may not be written out; "
            "take --dummy-arms, or --plan for what is registered without results"
        )
    results = found if state.randomized else None
    whole = study(
        protocol,
        results,
        status=overall_status(protocol, state, found.position.on),
        enrolled=None if state.recruitment_open else state.randomized,
    )
    return Posting(whole, results, state.results_released)

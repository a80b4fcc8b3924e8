"""Making a cut: fold the events up to a position with the trial's own rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING
from typing import Protocol as Interface
from zoneinfo import ZoneInfo

from equipoise.conduct.events import Happening, Mode, TrainingDeclared, TrialCreated
from equipoise.conduct.state import Documents, ParticipantState, fold_participants
from equipoise.ledger.envelope import Event
from equipoise.ledger.merkle import MerkleTree
from equipoise.protocol.document import Protocol
from equipoise.quantity.collector import without_collector

from ..around import NOTED, Around, Noted, gathered
from .data import DataCut
from .reading import Reader, adverse_events_of
from .rows import CutError, Position

if TYPE_CHECKING:
    from equipoise.ledger.ledger import Ledger


class Source(Interface):
    """Where a cut is made from: a trial, or a home's archive."""

    @property
    def protocol(self) -> Protocol:
        """The trial's protocol: the newest version in force."""

    @property
    def documents(self) -> Documents:
        """Every version an event may cite."""

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""

    def events(self, *, upto: int | None = None) -> Iterator[tuple[Event, Happening]]:
        """Decoded events in order."""


@without_collector()
def cut(trial: Source, as_of: int | str | date | None = None) -> DataCut:
    """The data of a trial at a ledger position, at the end of a day, or (None) now.

    A date (ISO 8601) means everything recorded up to its end in the leading site's zone. Raises
    `CutError` for a position the ledger does not have or a day before its first event.
    """
    states, position, mode, around = _folded_at(trial, as_of)
    return cut_states(trial.protocol, states.values(), position, mode=mode, around=around)


@without_collector()
def cut_with_states(
    trial: Source, as_of: int | str | date | None = None
) -> tuple[DataCut, tuple[ParticipantState, ...]]:
    """The cut, and every participant as of its position: for what is counted of states themselves."""
    states, position, mode, around = _folded_at(trial, as_of)
    kept = tuple(states.values())
    return cut_states(trial.protocol, kept, position, mode=mode, around=around), kept


def mode_of(trial: Source) -> Mode:
    """Whether the trial is rehearsed, used for training, or live: what its first two events say."""
    mode: Mode = "live"
    for _, happening in trial.events(upto=2):
        if isinstance(happening, TrialCreated) and happening.rehearsal:
            mode = "rehearsal"
        elif isinstance(happening, TrainingDeclared):
            mode = "training"
    return mode


@without_collector()
def states_at(
    trial: Source, as_of: int | str | date | None = None
) -> tuple[Mapping[str, ParticipantState], Position, Mode]:
    """Every participant as of the position that `cut` would choose, that position, and what the trial is."""
    states, position, mode, _ = _folded_at(trial, as_of)
    return states, position, mode


Folded = tuple[dict[str, ParticipantState], Position, Mode, Around]


def _folded_at(trial: Source, as_of: int | str | date | None) -> Folded:
    head = trial.ledger.head().seq
    if head == 0:
        raise CutError("the ledger holds no events yet: there is nothing to analyze")
    if isinstance(as_of, str):
        as_of = _read_as_of(as_of)
    if isinstance(as_of, date):
        until = as_of
        events = itertools.takewhile(
            lambda pair: event_day(trial.protocol, pair[0]) <= until, trial.events()
        )
        return _fold(trial.protocol, events, trial.documents, as_of, str(as_of))
    seq = head if as_of is None else as_of
    if not 1 <= seq <= head:
        raise CutError(f"the ledger has no position {seq}: positions run from 1 to {head}")
    asked = "" if as_of is None else str(as_of)
    return _fold(trial.protocol, trial.events(upto=seq), trial.documents, None, asked)


def _read_as_of(text: str) -> int | date:
    words = text.strip()
    if words.isascii() and words.isdecimal() and len(words) < 8:
        return int(words)
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        if words.isascii() and words.isdecimal():
            return int(words)
        raise CutError(
            f"{text!r} is neither a ledger position nor a date: write 12345 or 2026-03-14"
        ) from error


def event_day(protocol: Protocol, event: Event) -> date:
    """The calendar day of an event at the leading (first) site."""
    sites = protocol.identity.sites
    zone = ZoneInfo(sites[0].timezone if sites else "UTC")
    return datetime.fromisoformat(event.server_time).astimezone(zone).date()


def cut_events(
    protocol: Protocol,
    events: Iterable[tuple[Event, Happening]],
    *,
    documents: Documents | None = None,
    on: date | None = None,
    asked: str = "",
) -> DataCut:
    """A cut from decoded events in order of the ledger (pairs of envelope and content).

    `documents` are all versions the events may cite (default: `protocol` alone); the data are analyzed as
    `protocol` says. `on` is the day of the cut (default: that of the last event). `CutError` where there are none.
    """
    states, position, mode, around = _fold(protocol, events, documents, on, asked)
    return cut_states(protocol, states.values(), position, mode=mode, around=around)


def _fold(
    protocol: Protocol,
    events: Iterable[tuple[Event, Happening]],
    documents: Documents | None,
    on: date | None,
    asked: str,
) -> Folded:
    tree = MerkleTree()
    mode: Mode = "live"
    last: Event | None = None
    noted: list[Noted] = []

    def passing() -> Iterator[tuple[Event, Happening]]:
        nonlocal mode, last
        for event, happening in events:
            last = event
            tree.add(event.seq, event.hash)
            if isinstance(happening, TrialCreated):
                mode = "rehearsal" if happening.rehearsal else "live"
            elif isinstance(happening, TrainingDeclared):
                mode = "training"
            elif isinstance(happening, NOTED):
                noted.append((event.site, happening))
            yield event, happening

    states = fold_participants(documents or {protocol.version: protocol}, passing())
    if last is None:
        raise CutError(f"nothing had been recorded by {asked or 'then'}: choose a later day")
    position = Position(last.seq, tree.root(), on or event_day(protocol, last), asked)
    return states, position, mode, gathered(noted)


def cut_states(
    protocol: Protocol,
    states: Iterable[ParticipantState],
    position: Position,
    *,
    mode: Mode = "live",
    around: Around | None = None,
) -> DataCut:
    """A cut from participants as they stood at the position."""
    kept = sorted((state for state in states if state.screened_on), key=lambda state: state.id)
    usable = [state for state in kept if not state.data_use_withdrawn]
    gone = [state for state in kept if state.data_use_withdrawn]
    reader = Reader(protocol)
    return DataCut(
        protocol,
        position,
        mode,
        tuple(reader.subject(state) for state in usable),
        tuple(one for state in usable for one in reader.observations(state)),
        tuple(one for state in usable for one in adverse_events_of(state)),
        len(gone),
        sum(1 for state in gone if state.randomized_on),
        around=around or Around(),
    )

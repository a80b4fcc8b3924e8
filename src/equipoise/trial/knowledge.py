"""What is known of a trial: its state and its participants, kept in memory and brought to the ledger's end."""

from __future__ import annotations

import heapq
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from msgspec.structs import replace

from equipoise.conduct import events as e
from equipoise.conduct.decide import local_day
from equipoise.conduct.schedule import PlannedVisit, plan_visits
from equipoise.conduct.sealed import SealedValue
from equipoise.conduct.state import ParticipantState, TrialState, fold_in, stamp_of
from equipoise.ledger.envelope import Event
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.sealing import Sealer
from equipoise.protocol.document import Protocol

from .clock import Clock
from .codec import WITH_TEXTS, Codec
from .erasing import destroyed_by, sealed_values, texts_of
from .projecting import Projector, View, sealed_arm

_KEPT_STATES = 400
"""Participants kept in memory beyond those that `keep_in_memory` names."""
_CATCH_UP = 2000
"""Events of other processes that are folded one by one; behind by more, the state is read again."""


class Knowledge:
    """A trial as it stands: nothing here changes it.

    Any number of threads may ask. States handed out are never changed afterwards.
    """

    def __init__(
        self,
        ledger: Ledger,
        protocol: Protocol,
        sealer: Sealer,
        clock: Clock,
        amendments: Iterable[Protocol] = (),
    ) -> None:
        """`protocol` is the version the trial was created with, `amendments` the further documents kept here.

        Nothing is read yet: `_refresh` does that.
        """
        self.ledger = ledger
        self._first = protocol
        self.documents = {one.version: one for one in (protocol, *amendments)}
        """Every protocol version kept here, known to the trial or not, by its hash."""
        self.clock = clock
        self.codec = Codec(self.documents.values(), sealer)
        self._lock = threading.RLock()
        self._views: OrderedDict[str, View] = OrderedDict()
        self._kept_states = _KEPT_STATES
        self._projector = Projector(ledger, self.protocol_at)
        self._state = TrialState(protocol.id, protocol)
        self._seq = -1

    # -- reading ---------------------------------------------------------------------------------

    @property
    def state(self) -> TrialState:
        """The trial as a whole."""
        return self._state

    @property
    def protocol(self) -> Protocol:
        """The newest protocol version in force at any site; before that, the first."""
        newest = self._state.newest_in_force
        return self.documents[newest] if newest else self._first

    def protocol_at(self, site: str) -> Protocol:
        """The version in force at a site: for one not yet opened, the version it would open under."""
        if not site:
            return self.protocol
        version = self._state.site(site).version
        if not version and self._state.versions:
            version = self._state.versions[-1]
        return self.documents[version] if version else self._first

    def add_document(self, document: Protocol) -> None:
        """Keep a further protocol version, so that `AmendProtocol` can name it."""
        with self._lock:
            self.documents[document.version] = document
            self.codec.learn(document)

    def now(self) -> datetime:
        """The trial's time: the machine's, or the virtual clock's in a rehearsal."""
        return self.clock.now()

    def today(self, site: str = "") -> date:
        """The calendar day at a site."""
        return local_day(self.protocol, site, self.clock_peek())

    def clock_peek(self) -> datetime:
        """The time without moving a virtual clock."""
        peek = getattr(self.clock, "peek", self.clock.now)
        instant: datetime = peek()
        return instant

    def participant(self, participant: str) -> ParticipantState | None:
        """The participant's state, or None for an unknown number."""
        # asked many times a command: what is in memory is answered without a further call
        view = self._views.get(participant) or self._view(participant)
        return view.state if view else None

    def keep_in_memory(self, participants: int) -> None:
        """Expect work on so many participants at a time: whoever comes back is not read again meanwhile.

        A participant outside of memory costs reading all that happened to them, so that going round among more
        than are kept would cost that with every command.
        """
        self._kept_states = _KEPT_STATES + participants

    def participant_ids(self) -> list[str]:
        """Every number on the screening log, in order."""
        return [str(row["id"]) for row in self.ledger.rows("participant", order="id")]

    def listed(self, site: str, status: str) -> list[str]:
        """The numbers of those at a site who have a status, in order; a batch puts no rows for it."""
        where = {"site": site, "status": status}
        found = {
            str(row["id"]) for row in self.ledger.rows("participant", where=where, settled=False)
        }
        for state in self._projector.waiting():
            if (state.site, state.status) == (site, status):
                found.add(state.id)
            else:
                found.discard(state.id)
        return sorted(found)

    def participants(self) -> Iterator[ParticipantState]:
        """Every participant's state, in order of number."""
        for participant in self.participant_ids():
            state = self.participant(participant)
            if state is not None:
                yield state

    def plan(self, participant: str) -> list[PlannedVisit]:
        """The participant's visits."""
        state = self.participant(participant)
        return plan_visits(state.protocol, state) if state else []

    def events(
        self,
        *,
        stream: str | None = None,
        types: Sequence[str] | None = None,
        after: int = 0,
        upto: int | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[Event, e.Happening]]:
        """Events with their decoded payloads, in order of the ledger."""
        for event in self.ledger.events(
            stream=stream,
            types=types,
            after=after,
            upto=upto,
            descending=descending,
            limit=limit,
        ):
            yield event, self.codec.decode(event)

    def sealed_values(self, participant: str) -> list[SealedValue]:
        """Everything of a participant that is encrypted in the ledger, opened where it can be."""

        def at(seq: int) -> Event | None:
            return next(self.ledger.events(after=seq - 1, upto=seq), None)

        return sealed_values(
            lambda stream: self.ledger.events(stream=stream), at, self.codec, participant
        )

    def texts(self, site: str = "") -> list[SealedValue]:
        """Every text about no participant, of a site or (empty) of the trial, opened where it can be."""
        stream = f"site/{site}" if site else "trial"
        return texts_of(self.ledger.events(stream=stream, types=WITH_TEXTS), self.codec)

    # -- keeping up ------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._views.clear()
        self._seq = -1

    def catch_up(self) -> None:
        """Take in what other processes have written: call it before answering from memory.

        Where no other process can write there is nothing to do, and nothing is asked.
        """
        if self.ledger.store.sole_writer:
            return
        with self._lock:
            if self.ledger.head().seq != self._seq:
                self._refresh()

    def _refresh(self) -> None:
        """Bring the trial's own state to the ledger's end; participants are read when asked for."""
        behind = self.ledger.head().seq - self._seq
        if self._seq < 0 or not 0 <= behind <= _CATCH_UP:
            self._read_again()
            return
        self.ledger.refresh_keys()
        destroyed = False
        for event, happening in self.events(after=self._seq):
            if event.stream.startswith("participant/"):
                self._follow(event, happening)
            elif isinstance(happening, e.ProtocolAdopted):
                self._views.clear()  # everybody at the site is planned under another version
            destroyed = destroyed or bool(destroyed_by(happening))
            self._state.apply(happening, event.site, event.server_time, event.actor)
            self._seq = self._state.seq = event.seq
        if destroyed:
            self._read_again()  # what was read with these keys is not to be kept

    def _follow(self, event: Event, happening: e.Happening) -> None:
        """Fold another process's event into the participant it is about, where that one is kept here."""
        view = self._views.get(event.stream.removeprefix("participant/"))
        # A participant read meanwhile may hold the event already.
        if view is None or event.version <= view.state.version:
            return
        self._views[view.state.id] = self._projector.followed(view, event, happening)

    def _read_again(self) -> None:
        self._forget()
        state = TrialState(self._first.id, self._first)
        sites = {site for document in self.documents.values() for site in document.site_by_id}
        streams = (self.events(stream=s) for s in ("trial", *(f"site/{one}" for one in sites)))
        for event, happening in heapq.merge(*streams, key=lambda pair: pair[0].seq):
            state.apply(happening, event.site, event.server_time, event.actor)
        for row in self.ledger.rows("site"):
            site = str(row["id"])
            counted = state.site(site)
            state.sites = {
                **state.sites,
                site: replace(
                    counted,
                    screened=int(row["screened"] or 0),
                    randomized=int(row["randomized"] or 0),
                ),
            }
        self._state = state
        self._seq = state.seq = self.ledger.head().seq

    def _view(self, participant: str) -> View | None:
        view = self._views.get(participant)
        if view is not None:
            return view
        with self._lock:
            return self._views.get(participant) or self._load(participant)

    def _load(self, participant: str) -> View | None:
        state = ParticipantState(participant, self._first)
        allocation = ""
        for event, happening in self.events(stream=f"participant/{participant}"):
            state.protocol = self.documents[event.protocol]
            fold_in(state, happening, stamp_of(event), event.site)
            if isinstance(happening, e.ParticipantRandomized):
                allocation = sealed_arm(event)
        if state.version == 0:
            return None
        state.protocol = self.protocol_at(state.site)
        view = View(state, allocation)
        self._keep(view)
        return view

    def _keep(self, view: View) -> None:
        self._views[view.state.id] = view
        self._views.move_to_end(view.state.id)
        while len(self._views) > self._kept_states:
            self._views.popitem(last=False)

    def _people(self, site: str) -> Iterator[ParticipantState]:
        where = {"site": site} if site else {}
        for row in self.ledger.rows("participant", where=where, order="id"):
            state = self.participant(str(row["id"]))
            if state is not None:
                yield state

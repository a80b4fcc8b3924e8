"""Keeping the projections: what changes with each event, and no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from operator import is_

from msgspec import Struct
from msgspec.structs import replace

from equipoise.conduct import events as e
from equipoise.conduct.schedule import PlannedVisit, VisitPlanner, plan_visits
from equipoise.conduct.state import ParticipantState, folded, stamp_of
from equipoise.conduct.values import Address
from equipoise.conduct.verification import Progress, form_progress, progress
from equipoise.ledger.envelope import Event
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.tables import Row, Rows
from equipoise.protocol.document import Protocol

from . import projections

Tasks = Mapping[tuple[str, str], Row]

_PLAN_STAYS = (
    e.AdverseEventReported,
    e.AdverseEventUpdated,
    e.AdverseEventReworded,
    e.TermCoded,
    e.SafetyClockStarted,
    e.SafetyReportSubmitted,
    e.QueryRaised,
    e.QueryAnswered,
    e.QueryClosed,
    e.QueryReopened,
    e.DeviationLogged,
    e.IdentityErased,
    e.RedactionRequested,
    e.ValueRedacted,
    e.RedactionDeclined,
    e.DeviationAssessed,
)
"""Events after which every visit and diary stands as before, and other rows and tasks have changed."""


class View(Struct, frozen=True):
    """A participant as kept in memory: the state, the sealed arm, and what was last projected."""

    state: ParticipantState
    allocation: str = ""
    tasks: Tasks | None = None
    plan: list[PlannedVisit] | None = None
    source: Progress | None = None


class Change(Struct):
    """What commands did to one participant since its rows were put: `everything` where the whole plan may
    have moved, `details` where it stays and queries, adverse events or deviations have changed."""

    before: View | None
    state: ParticipantState
    allocation: str
    at: str = ""
    """Server time of the last event."""
    everything: bool = False
    details: bool = False
    visits: frozenset[str] = frozenset()
    diary: bool = False

    def further(self) -> Change:
        """A change to go on from this one, which stays as it is."""
        return copy(self)

    @property
    def view(self) -> View:
        """The participant after the change, its tasks and plan as last put."""
        before = self.before
        if before is None:
            return View(self.state, self.allocation, {})
        return View(self.state, self.allocation, before.tasks, before.plan, before.source)


def sealed_arm(event: Event) -> str:
    """The sealed arm of a `ParticipantRandomized` event, as projections hold it."""
    return json.dumps(event.payload["arm"], sort_keys=True, separators=(",", ":"))


class Projector:
    """Writes the rows that follow from events, within the write that appends them."""

    def __init__(self, ledger: Ledger, protocol_at: Callable[[str], Protocol]) -> None:
        self._ledger = ledger
        self._protocol_at = protocol_at
        self._waiting: dict[str, Change] = {}

    def fold(
        self,
        rows: Rows,
        events: Sequence[Event],
        happenings: Sequence[e.Happening],
        view: Callable[[str], View | None],
    ) -> list[Change]:
        """Count at the sites, and say what the events change in each participant.

        Their rows are still to be put: at once, or, in a batch, after all that follows in it (`defer`).
        """
        changes: dict[str, Change] = {}
        for event, happening in zip(events, happenings, strict=True):
            self.count_site(rows, event, happening)
            kind, _, participant = event.stream.partition("/")
            if kind != "participant":
                continue
            change = changes.get(participant)
            if change is None:
                change = self._begin(participant, view(participant), event.site)
                changes[participant] = change
            self._fold(change, event, happening)
        return list(changes.values())

    def _begin(self, participant: str, before: View | None, site: str) -> Change:
        waiting = self._waiting.get(participant)
        if waiting is not None:
            return waiting.further()
        if before is not None:
            return Change(before, before.state, before.allocation)
        return Change(None, ParticipantState(participant, self._protocol_at(site)), "")

    def put(self, rows: Rows, change: Change) -> View:
        """Put the rows that a change asks for; answer the participant's view after it."""
        return self._put(rows, change)

    def defer(self, changes: Iterable[Change]) -> None:
        """Keep changes until the batch is over or somebody reads: what a participant's day has
        changed is then put once."""
        for change in changes:
            self._waiting[change.state.id] = change

    def waiting(self) -> Iterator[ParticipantState]:
        """Everybody whose rows are held back."""
        return (change.state for change in self._waiting.values())

    def settle(self, rows: Rows) -> list[View]:
        """Put all that was deferred."""
        waiting, self._waiting = self._waiting, {}
        return [self._put(rows, change) for change in waiting.values()]

    def forget(self) -> None:
        """Drop what was deferred: the batch is undone."""
        self._waiting = {}

    def renew(self, rows: Rows, view: View, document: Protocol, at: str) -> View:
        """Plan a participant anew under another protocol version; no event of theirs has happened."""
        state = replace(view.state, protocol=document)
        before = View(view.state, view.allocation)
        return self._put(rows, Change(before, state, view.allocation, at, everything=True))

    def followed(self, view: View, event: Event, happening: e.Happening) -> View:
        """The participant after an event that another process has appended, with its rows: none is put."""
        state = folded(view.state, happening, stamp_of(event), event.site)
        if state.site != view.state.site:
            state.protocol = self._protocol_at(state.site)
        allocation = view.allocation
        if isinstance(happening, e.ParticipantRandomized):
            allocation = sealed_arm(event)
        source = None
        if view.source is not None:
            source = self._source(Change(view, state, allocation))
        return View(state, allocation, source=source)

    @staticmethod
    def count_site(rows: Rows, event: Event, happening: e.Happening) -> None:
        """Keep the row of the event's site: whether it is open, and its counts."""
        site: Row = {"id": event.site}
        match happening:
            case e.SiteOpened():
                rows.put("site", {**site, "open": 1})
            case e.SiteClosed():
                rows.put("site", {**site, "open": 0})
            case e.ParticipantScreened():
                rows.add("site", site, screened=1)
            case e.ParticipantRandomized():
                rows.add("site", site, randomized=1)

    def put_anew(self, rows: Rows, view: View, at: str) -> None:
        """Put all rows of a participant as it stands; `at` is the server time of its last event."""
        self._put(rows, Change(None, view.state, view.allocation, at, everything=True))

    def _fold(self, change: Change, event: Event, happening: e.Happening) -> None:
        old = change.state
        change.at = event.server_time
        new = change.state = folded(old, happening, stamp_of(event), event.site)
        if new.site != old.site:
            new.protocol = self._protocol_at(new.site)
        match happening:
            case e.FormSaved():
                address = Address(happening.visit, happening.form, happening.repeat)
                before = old.forms.get(address)
                touched = [value.item for value in happening.values]
                if not new.protocol.coded_items.keys().isdisjoint(touched):
                    change.details = True
                if not new.protocol.anchor_items.isdisjoint(touched):
                    change.everything = True
                elif before is None or before.complete != new.forms[address].complete:
                    change.visits |= {happening.visit}
            case e.DiaryDayRecorded():
                change.diary = True
            case (
                e.DoseRecorded()
                | e.FormSigned()
                | e.FormHeld()
                | e.ParticipantHeld()
                | e.SupplyOrdered()
                | e.SupplyDispensed()
                | e.SourceVerified()
                | e.CopyGiven()
            ):
                pass
            case e.ParticipantScreened():
                change.everything = True
            case e.ParticipantRandomized():
                change.allocation = sealed_arm(event)
                change.everything = True
            case _ if isinstance(happening, _PLAN_STAYS):
                change.details = True
            case _:
                change.everything = True

    def _put(self, rows: Rows, change: Change) -> View:
        state, before, at = change.state, change.before, change.at
        held = before.tasks if before else {}
        if held is None:
            known = self._ledger.rows("task", where={"participant": state.id})
            held = {(str(row["kind"]), str(row["ref"])): row for row in known}
        plan = before.plan if before else None
        row: Row = {"id": state.id, "version": state.version, "last_at": at}
        if change.everything or (plan is None and (change.visits or change.details)):
            plan = plan_visits(state.protocol, state)
            tasks = _by_key(projections.tasks_of(state, plan))
            self._put_tasks(rows, state, held, tasks)
            row = projections.participant_row(state, plan, change.allocation, at)
            self._put_details(rows, state, before.state if before else None)
        else:
            tasks = dict(held)
            if change.details and plan is not None:
                for key in [key for key in tasks if key[0] not in ("visit", "diary")]:
                    del tasks[key]
                tasks |= _by_key(projections.step_tasks(state))
                row = projections.participant_row(state, plan, change.allocation, at)
                self._put_details(rows, state, before.state if before else None)
            if change.visits and plan is not None:
                plan = self._replan(state, plan, change.visits, tasks)
                row |= projections.next_visit(plan)
            if change.diary:
                for key in [key for key in tasks if key[0] == "diary"]:
                    del tasks[key]
                tasks |= _by_key(projections.diary_tasks(state))
            if change.visits or change.diary or change.details:
                self._put_tasks(rows, state, held, tasks)
        source = self._source(change)
        if before is None or change.everything or source != before.source:
            row |= projections.source_columns(source)
        rows.put("participant", row)
        return View(state, change.allocation, tasks, plan, source)

    @staticmethod
    def _source(change: Change) -> Progress:
        """Source verification counted: anew, or by what the changed forms add to the last count."""
        before, state = change.before, change.state
        if before is None or before.source is None or before.state.protocol is not state.protocol:
            return progress(state)
        old, new = before.state.forms, state.forms
        if old is new:
            return before.source
        count = before.source
        changed = [address for address, form in new.items() if old.get(address) is not form]
        for address in (*changed, *(address for address in old if address not in new)):
            count += form_progress(state, address) - form_progress(before.state, address)
        return count

    def _replan(
        self,
        state: ParticipantState,
        plan: list[PlannedVisit],
        visits: frozenset[str],
        tasks: dict[tuple[str, str], Row],
    ) -> list[PlannedVisit]:
        planner = VisitPlanner(state.protocol, state)
        renewed = list(plan)
        for index, planned in enumerate(plan):
            visit = planned.visit
            if visit.id not in visits:
                continue
            renewed[index] = planner.plan(visit)
            task = projections.visit_task(state, renewed[index])
            if task is None:
                tasks.pop(("visit", visit.id), None)
            else:
                tasks["visit", visit.id] = task
        return renewed

    def _put_tasks(self, rows: Rows, state: ParticipantState, held: Tasks, wanted: Tasks) -> None:
        for key, row in wanted.items():
            known = held.get(key)
            if known is not row and known != row:
                rows.put("task", row)
        for kind, ref in held.keys() - wanted.keys():
            rows.remove("task", {"participant": state.id, "kind": kind, "ref": ref})

    def _put_details(
        self, rows: Rows, state: ParticipantState, before: ParticipantState | None
    ) -> None:
        for row in projections.query_rows(state, before):
            rows.put("query", row)
        for row in projections.adverse_event_rows(state, before):
            rows.put("adverse_event", row)
        for row in projections.deviation_rows(state, before):
            rows.put("deviation", row)
        old = (before.status, before.site) if before else None
        if old != (state.status, state.site):
            counted = {"name": "status", "site": state.site, "value": state.status}
            rows.add("tally", counted, n=1)
            if old is not None:
                rows.add("tally", {"name": "status", "site": old[1], "value": old[0]}, n=-1)
        self._put_codings(rows, state, before)

    @staticmethod
    def _put_codings(rows: Rows, state: ParticipantState, before: ParticipantState | None) -> None:
        if before is not None and _says_the_same(before, state):
            return
        if before is not None and _coded_alike(before, state):
            coded_before = projections.coding_rows(before, beside=state)
            coded = projections.coding_rows(state, beside=before)
        else:
            coded_before = projections.coding_rows(before) if before else {}
            coded = projections.coding_rows(state)
        for target, row in coded.items():
            if coded_before.get(target) != row:
                rows.put("coding", row)
        for target in coded_before.keys() - coded.keys():
            rows.remove("coding", {"participant": state.id, "target": target})


def _coded_alike(before: ParticipantState, state: ParticipantState) -> bool:
    """Whether rows of codings differ only where what is coded does."""
    return (
        before.site == state.site
        and before.protocol is state.protocol
        and before.codings is state.codings
    )


def _says_the_same(before: ParticipantState, state: ParticipantState) -> bool:
    """Whether nothing that is coded, nor any coding, can have changed between two states."""
    return (
        _coded_alike(before, state)
        and before.adverse_events is state.adverse_events
        and (before.forms is state.forms or _same_coded_forms(before, state))
    )


def _same_coded_forms(before: ParticipantState, state: ParticipantState) -> bool:
    wanted = state.protocol.coded_forms
    old, new = (
        [form for address, form in one.forms.items() if address.form in wanted]
        for one in (before, state)
    )
    return len(old) == len(new) and all(map(is_, old, new))


def _by_key(rows: Iterable[Row]) -> dict[tuple[str, str], Row]:
    return {(str(row["kind"]), str(row["ref"])): row for row in rows}

"""`Trial`: the one door. It loads, decides, appends, and keeps the projections, in one transaction."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from equipoise.conduct import commands as c
from equipoise.conduct import events as e
from equipoise.conduct.capture import FormReading, datum_of, read_value, unreadable_reason
from equipoise.conduct.decide import Context, Decided, decide, local_day, permission_reasons
from equipoise.conduct.decide.enrollment import randomization_reasons
from equipoise.conduct.decide.visits import form_reasons, preview
from equipoise.conduct.eligibility import Assessment, assess
from equipoise.conduct.refusal import Reason, Refusal, refuse
from equipoise.conduct.schedule import PlannedVisit, plan_visits
from equipoise.conduct.state import ParticipantState, SiteState, Stamp, TrialState
from equipoise.conduct.values import Actor, Address
from equipoise.keeper import AllocationRequest, Keeper
from equipoise.ledger.envelope import Draft, Event
from equipoise.ledger.ledger import Ledger, Writing
from equipoise.ledger.sealing import Sealer
from equipoise.protocol.document import Protocol
from equipoise.protocol.expression import Datum

from . import projections
from .clock import Clock
from .codec import SCHEMA, Codec

_KEPT_STATES = 400

_QUIET = (e.FormSaved, e.DiaryDayRecorded, e.DoseRecorded, e.FormSigned)
"""Events after which the plan of visits may be what it was."""


@dataclass(frozen=True, slots=True)
class Done:
    """A command that took effect. Truthy.

    `events` are the ledger's, `happenings` the same decoded, `answer` what the caller needs at once
    (`participant`, `arm`, `number`, …). `repeated` says that the client id had been used before and
    nothing new happened.
    """

    events: tuple[Event, ...]
    happenings: tuple[e.Happening, ...]
    answer: Mapping[str, Any] = field(default_factory=dict)
    repeated: bool = False

    def __bool__(self) -> bool:
        return True


class Trial:
    """One trial: commands in, events out.

    Any number of threads may call it. Commands are decided one after the other; states handed out
    are never changed afterwards.
    """

    def __init__(
        self, ledger: Ledger, protocol: Protocol, keeper: Keeper, sealer: Sealer, clock: Clock
    ) -> None:
        self.ledger = ledger
        self.protocol = protocol
        self.keeper = keeper
        self.clock = clock
        self.codec = Codec(protocol, sealer)
        self._lock = threading.RLock()
        self._states: OrderedDict[str, ParticipantState] = OrderedDict()
        self._tasks: dict[str, dict[tuple[str, str], Mapping[str, Any]]] = {}
        self._allocations: dict[str, str] = {}
        self._state = TrialState(protocol.id, protocol)
        self._seq = -1
        self._refresh()

    # -- reading ---------------------------------------------------------------------------------

    @property
    def state(self) -> TrialState:
        """The trial as a whole."""
        return self._state

    def now(self) -> datetime:
        """The trial's time: the machine's, or the virtual clock's in a rehearsal."""
        return self.clock.now()

    def today(self, site: str = "") -> date:
        """The calendar day at a site."""
        peek = getattr(self.clock, "peek", self.clock.now)
        return local_day(self.protocol, site, peek())

    def participant(self, participant: str) -> ParticipantState | None:
        """The participant's state, or None for an unknown number."""
        state = self._states.get(participant)
        if state is not None:
            return state
        with self._lock:
            return self._load(participant)

    def participant_ids(self) -> list[str]:
        """Every number on the screening log, in order."""
        return [str(row["id"]) for row in self.ledger.rows("participant", order="id")]

    def participants(self) -> Iterator[ParticipantState]:
        """Every participant's state, in order of number."""
        for participant in self.participant_ids():
            state = self.participant(participant)
            if state is not None:
                yield state

    def plan(self, participant: str) -> list[PlannedVisit]:
        """The participant's visits."""
        state = self.participant(participant)
        return plan_visits(self.protocol, state) if state else []

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

    # -- questions that change nothing -----------------------------------------------------------

    def permission(self, command: str, actor: Actor) -> list[Reason]:
        """Why the actor may not bring a command of this name; empty when allowed."""
        return permission_reasons(command, self._context(actor, self.clock_peek()))

    def preview_form(
        self,
        participant: str,
        address: Address,
        values: Mapping[str, str],
        actor: Actor,
        performed_on: date | None = None,
    ) -> tuple[FormReading | None, list[Reason]]:
        """What saving a form would do, and the reasons against it besides the values themselves."""
        context = self._context(actor, self.clock_peek())
        state = context.known(participant)
        day = performed_on or context.today(state.site)
        return (
            preview(context, state, address, values, day),
            form_reasons(context, state, address, day),
        )

    def assess(
        self,
        participant: str,
        judgements: Mapping[str, bool],
        typed: Mapping[str, str] | None = None,
    ) -> Assessment:
        """Every criterion as it would be decided now, values being typed included.

        Raises KeyError for an unknown participant. Typed values that cannot be read are unknown.
        """
        state = self.participant(participant)
        if state is None:
            raise KeyError(participant)
        today = self.today(state.site)
        overlay: dict[str, Datum | None] = {}
        for name, raw in (typed or {}).items():
            item = self.protocol.item_by_id.get(name)
            if item is None or item.derived is not None:
                continue
            if not raw.strip() or unreadable_reason(item, raw, self.protocol) is not None:
                overlay[name] = None
            else:
                overlay[name] = datum_of(item, read_value(item, raw, self.protocol), today)
        ranges = self._state.site(state.site).ranges
        return assess(
            self.protocol, state, judgements, ranges, overlay=overlay, today=today
        )

    def randomization_reasons(self, participant: str, actor: Actor) -> list[Reason]:
        """Everything that stands between the participant and an allocation."""
        context = self._context(actor, self.clock_peek())
        return permission_reasons("Randomize", context) + randomization_reasons(
            context, context.known(participant)
        )

    def clock_peek(self) -> datetime:
        """The time without moving a virtual clock."""
        peek = getattr(self.clock, "peek", self.clock.now)
        instant: datetime = peek()
        return instant

    # -- the door --------------------------------------------------------------------------------

    def do(
        self,
        command: c.Command,
        actor: Actor,
        *,
        at: datetime | None = None,
        client_id: str | None = None,
        device_time: datetime | None = None,
    ) -> Done | Refusal:
        """Bring one command.

        `client_id` makes it idempotent: the second time nothing happens and the first answer comes
        back. Raises what the store raises when it cannot write; then nothing has happened.
        """
        with self._lock:
            try:
                with self.ledger.write() as writing:
                    if client_id:
                        earlier = writing.by_client(client_id)
                        if earlier:
                            return self._repeated(command, earlier)
                    if writing.head.seq != self._seq:
                        self._refresh()
                    instant = (at or self.clock.now()).astimezone(UTC)
                    decided = decide(command, self._context(actor, instant))
                    if isinstance(decided, Refusal):
                        return decided
                    done, install = self._append(
                        writing, decided, actor, instant, client_id, device_time
                    )
            except BaseException:
                self._forget()
                raise
            install()
            return done

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Many commands, one commit: for rehearsals and imports. An error undoes the whole batch."""
        with self._lock:
            try:
                with self.ledger.batch():
                    yield
            except BaseException:
                self._forget()
                raise

    # -- inside ----------------------------------------------------------------------------------

    def _forget(self) -> None:
        self._states.clear()
        self._tasks.clear()
        self._allocations.clear()
        self._seq = -1

    def _refresh(self) -> None:
        """Read the trial's own state again; participants are read when they are asked for."""
        self._forget()
        state = TrialState(self.protocol.id, self.protocol)
        streams = ["trial", *(f"site/{site}" for site in self.protocol.site_by_id)]
        for stream in streams:
            for event, happening in self.events(stream=stream):
                state.apply(happening, event.site, event.server_time)
        for row in self.ledger.rows("site"):
            site = str(row["id"])
            counted = state.site(site)
            state.sites = {
                **state.sites,
                site: SiteState(
                    site,
                    counted.open,
                    counted.opened_on,
                    counted.ethics_approval,
                    counted.ranges,
                    int(row["screened"] or 0),
                    int(row["randomized"] or 0),
                ),
            }
        self._state = state
        self._seq = state.seq = self.ledger.head().seq

    def _load(self, participant: str) -> ParticipantState | None:
        state = ParticipantState(participant, self.protocol)
        found = False
        for event, happening in self.events(stream=f"participant/{participant}"):
            state.apply(happening, _stamp(event), event.site)
            if isinstance(happening, e.ParticipantRandomized):
                self._allocations[participant] = _sealed(event)
            found = True
        if not found:
            return None
        self._keep(state)
        return state

    def _keep(self, state: ParticipantState) -> None:
        self._states[state.id] = state
        self._states.move_to_end(state.id)
        while len(self._states) > _KEPT_STATES:
            gone, _ = self._states.popitem(last=False)
            self._tasks.pop(gone, None)
            self._allocations.pop(gone, None)

    def _context(self, actor: Actor, at: datetime) -> Context:
        return Context(self.protocol, self._state, self.participant, actor, at, self._allocate)

    def _allocate(
        self, participant: str, strata: Mapping[str, str], eligibility: Mapping[str, Any]
    ) -> tuple[str, int, str]:
        """Ask the keeper. The request is named after the participant, who is randomized once: a
        command that failed after this point gets the same answer when it is tried again."""
        request = f"{self.protocol.id}/{participant}"
        answer = self.keeper.allocate(
            AllocationRequest(
                request=request,
                trial=self.protocol.id,
                participant=participant,
                strata=dict(strata),
                eligibility=dict(eligibility),
            )
        )
        return answer.arm, answer.number, request

    def _append(
        self,
        writing: Writing,
        decided: Decided,
        actor: Actor,
        at: datetime,
        client_id: str | None,
        device_time: datetime | None,
    ) -> tuple[Done, Any]:
        drafts = []
        versions: dict[str, int] = {}
        now = _instant(at)
        device = _instant(device_time) if device_time else None
        for stream, site, happening in decided.events:
            version = versions.get(stream)
            if version is None:
                version = writing.stream_version(stream)
            version = versions[stream] = version + 1
            drafts.append(
                Draft(
                    stream=stream,
                    type=type(happening).__name__,
                    schema=SCHEMA,
                    protocol=self.protocol.version,
                    payload=self.codec.encode(happening, stream, version),
                    actor=actor.id,
                    role=actor.role,
                    site=site,
                    client_id=client_id or "",
                    device_time=device,
                    server_time=now,
                )
            )
        events = writing.append(drafts)
        happenings = tuple(happening for _, _, happening in decided.events)
        states, tasks, allocations = self._project(writing, events, happenings)
        head = writing.head.seq

        def install() -> None:
            for state in states.values():
                self._keep(state)
            self._tasks.update(tasks)
            self._allocations.update(allocations)
            for event, happening in zip(events, happenings, strict=True):
                self._state.apply(happening, event.site, event.server_time)
            self._seq = self._state.seq = head

        answer = {**decided.answer, **_answer(events, happenings)}
        return Done(tuple(events), happenings, answer), install

    def _project(
        self, writing: Writing, events: Sequence[Event], happenings: Sequence[e.Happening]
    ) -> tuple[
        dict[str, ParticipantState],
        dict[str, dict[tuple[str, str], Mapping[str, Any]]],
        dict[str, str],
    ]:
        before: dict[str, ParticipantState | None] = {}
        after: dict[str, ParticipantState] = {}
        allocations: dict[str, str] = {}
        replan: set[str] = set()
        for event, happening in zip(events, happenings, strict=True):
            if not event.stream.startswith("participant/"):
                if isinstance(happening, e.SiteOpened | e.SiteClosed):
                    opened = int(isinstance(happening, e.SiteOpened))
                    writing.put("site", {"id": event.site, "open": opened})
                continue
            participant = event.stream.partition("/")[2]
            if participant not in after:
                known = self.participant(participant)
                before[participant] = known
                after[participant] = known or ParticipantState(participant, self.protocol)
            old = after[participant]
            new = after[participant] = old.applied(happening, _stamp(event), event.site)
            if isinstance(happening, e.ParticipantScreened):
                writing.add("site", {"id": event.site}, screened=1)
            elif isinstance(happening, e.ParticipantRandomized):
                writing.add("site", {"id": event.site}, randomized=1)
                allocations[participant] = _sealed(event)
            if not isinstance(happening, _QUIET) or _moves_plan(happening, old, new):
                replan.add(participant)
        tasks: dict[str, dict[tuple[str, str], Mapping[str, Any]]] = {}
        for participant, state in after.items():
            tasks[participant] = self._put_participant(
                writing,
                state,
                before[participant],
                allocations.get(participant) or self._allocations.get(participant, ""),
                participant in replan,
                events[-1].server_time,
            )
        return after, tasks, allocations

    def _put_participant(
        self,
        writing: Writing,
        state: ParticipantState,
        before: ParticipantState | None,
        allocation: str,
        replan: bool,
        last_at: str,
    ) -> dict[tuple[str, str], Mapping[str, Any]]:
        held = self._tasks.get(state.id)
        if held is None:
            stored = self.ledger.rows("task", where={"participant": state.id}) if before else []
            held = {(str(row["kind"]), str(row["ref"])): row for row in stored}
        if not replan:
            writing.put(
                "participant",
                {
                    "id": state.id,
                    "version": state.version,
                    "last_at": last_at,
                    "open_queries": state.open_queries,
                },
            )
            return held
        plan = plan_visits(self.protocol, state)
        wanted = {
            (str(row["kind"]), str(row["ref"])): row
            for row in projections.tasks_of(self.protocol, state, plan)
        }
        for key, row in wanted.items():
            if held.get(key) != row:
                writing.put("task", row)
        for kind, ref in held.keys() - wanted.keys():
            writing.remove("task", {"participant": state.id, "kind": kind, "ref": ref})
        writing.put("participant", projections.participant_row(state, plan, allocation, last_at))
        for row in projections.query_rows(state, before):
            writing.put("query", row)
        for row in projections.adverse_event_rows(state, before):
            writing.put("adverse_event", row)
        for row in projections.deviation_rows(state, before):
            writing.put("deviation", row)
        old = (before.status, before.site) if before else None
        new = (state.status, state.site)
        if old != new:
            key = {"name": "status", "site": state.site, "value": state.status}
            writing.add("tally", key, n=1)
            if old is not None:
                gone = {"name": "status", "site": old[1], "value": old[0]}
                writing.add("tally", gone, n=-1)
        return wanted

    def _repeated(self, command: c.Command, earlier: Sequence[Event]) -> Done | Refusal:
        """The answer a repeated client id got, or a refusal where it names another command."""
        happenings = tuple(self.codec.decode(event) for event in earlier)
        participant = getattr(command, "participant", None)
        streams = {event.stream for event in earlier}
        foreign = participant is not None and f"participant/{participant}" not in streams
        if foreign or type(happenings[0]).__name__ not in _FIRST_EVENTS[type(command).__name__]:
            return Refusal(
                (
                    refuse(
                        "client-id-reused",
                        "this form was sent before for something else",
                        "该提交编号已用于其他操作",
                        "conduct.idempotence",
                        "load the page again and repeat the entry",
                        "请重新加载页面后再提交",
                    ),
                )
            )
        return Done(tuple(earlier), happenings, _answer(earlier, happenings), repeated=True)


_FIRST_EVENTS: dict[str, tuple[str, ...]] = {
    "CreateTrial": ("TrialCreated",),
    "CommitRandomization": ("RandomizationCommitted",),
    "GrantRole": ("RoleGranted",),
    "RevokeRole": ("RoleRevoked",),
    "OpenSite": ("SiteOpened",),
    "CloseSite": ("SiteClosed",),
    "CloseRecruitment": ("RecruitmentClosed",),
    "SetLaboratoryRange": ("LaboratoryRangeSet",),
    "ReleaseResults": ("ResultsReleased",),
    "ScreenParticipant": ("ParticipantScreened",),
    "RecordConsent": ("ConsentRecorded", "ConsentRefused"),
    "AssessEligibility": ("EligibilityAssessed",),
    "SignEligibility": ("EligibilitySigned",),
    "FailScreening": ("ScreeningFailed",),
    "Randomize": ("ParticipantRandomized",),
    "SaveForm": ("FormSaved",),
    "RecordDiaryDay": ("DiaryDayRecorded",),
    "RecordDose": ("DoseRecorded",),
    "MissVisit": ("VisitMissed",),
    "MoveValues": ("ValuesMovedAway",),
    "SignForm": ("FormSigned",),
    "DispenseSupply": ("SupplyDispensed",),
    "ReturnSupply": ("SupplyReturned",),
    "ReportAdverseEvent": ("AdverseEventReported",),
    "UpdateAdverseEvent": ("AdverseEventUpdated",),
    "SubmitSafetyReport": ("SafetyReportSubmitted",),
    "RaiseQuery": ("QueryRaised",),
    "AnswerQuery": ("QueryAnswered",),
    "CloseQuery": ("QueryClosed",),
    "LogDeviation": ("DeviationLogged",),
    "Withdraw": ("ParticipantWithdrawn",),
    "TransferParticipant": ("ParticipantTransferred",),
    "CompleteParticipant": ("ParticipantCompleted",),
}
"""The event each command begins with: how a repeated client id is told from a reused one."""


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _stamp(event: Event) -> Stamp:
    return Stamp(event.seq, event.actor, event.role, event.server_time)


def _sealed(event: Event) -> str:
    return json.dumps(event.payload["arm"], sort_keys=True, separators=(",", ":"))


def _moves_plan(
    happening: e.Happening, old: ParticipantState, new: ParticipantState
) -> bool:
    if isinstance(happening, e.FormSaved):
        address = Address(happening.visit, happening.form, happening.repeat)
        before, after = old.forms.get(address), new.forms[address]
        if before is None or before.complete != after.complete:
            return True
        anchors = new.protocol.schedule.anchors
        items = {item for anchor in anchors for item in (anchor.item, anchor.planned) if item}
        return any(value.item in items for value in happening.values)
    return isinstance(happening, e.DiaryDayRecorded)


def _answer(events: Sequence[Event], happenings: Sequence[e.Happening]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for event, happening in zip(events, happenings, strict=True):
        match happening:
            case e.ParticipantScreened():
                answer["participant"] = event.stream.partition("/")[2]
            case e.ParticipantRandomized():
                answer["arm"] = happening.arm
                answer["number"] = happening.number
                answer["strata"] = dict(happening.strata)
                answer["randomized_at"] = event.server_time
                answer["randomized_by"] = event.actor
            case e.AdverseEventReported():
                answer["number"] = happening.number
            case e.FormSaved():
                answer["save"] = happening.save
                answer["complete"] = happening.complete
            case e.QueryRaised():
                answer.setdefault("queries", []).append(happening.query)
    return answer

"""`Trial`: the one door. It loads, decides, appends, and keeps the projections, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime

from equipoise.conduct import commands as c
from equipoise.conduct import events as e
from equipoise.conduct.capture import FormReading, datum_of, read_value, unreadable_reason
from equipoise.conduct.coding import Dictionary
from equipoise.conduct.decide import Context, Decided, decide, permission_reasons
from equipoise.conduct.decide.context import no_dictionary
from equipoise.conduct.decide.enrollment import randomization_reasons
from equipoise.conduct.decide.holds import hold_reasons
from equipoise.conduct.decide.visits import form_reasons, preview
from equipoise.conduct.eligibility import Assessment, assess
from equipoise.conduct.reasons import reason
from equipoise.conduct.refusal import Reason, Refusal, RefusedError
from equipoise.conduct.values import Actor, Address
from equipoise.keeper import (
    AllocationRequest,
    Keeper,
    KeeperError,
    KeeperUnavailableError,
    SignedEligibility,
)
from equipoise.keeper.eligibility import PURPOSE
from equipoise.ledger.checkpoint import Checkpoint
from equipoise.ledger.envelope import Draft, Event
from equipoise.ledger.erasures import ErasureList
from equipoise.ledger.errors import LedgerDamagedError, LedgerError
from equipoise.ledger.ledger import Ledger, Writing
from equipoise.ledger.sealing import Sealer
from equipoise.ledger.tables import Rows
from equipoise.protocol.document import Protocol
from equipoise.protocol.expression import Datum

from .answers import Done, answer_of, answered_again
from .clock import Clock
from .erasing import Eraser, destroyed_by
from .knowledge import Knowledge
from .projecting import View
from .rebuilding import rebuild_where_stale
from .upcasters import schema_of

CHECKPOINT_AFTER: dict[type[e.Happening], str] = {
    e.EligibilitySigned: "sign",
    e.FormSigned: "sign",
    e.MonitoringReportSigned: "sign",
    e.MonitoringReportAcknowledged: "sign",
    e.FormHeld: "lock",
    e.ParticipantHeld: "lock",
    e.SiteHeld: "lock",
    e.TrialLocked: "lock",
    e.TrialUnlocked: "lock",
    e.TrailReviewed: "sign",
    e.AnalysisPlanSigned: "sign",
    e.ParticipantUnblinded: "unblind",
    e.TrialUnblinded: "unblind",
    e.LedgerRestored: "restore",
}
"""The events after which a checkpoint is taken at once, and its reason."""


class Trial(Knowledge):
    """One trial: commands in, events out.

    Any number of threads may call it. Commands are decided one after the other.
    """

    def __init__(
        self,
        ledger: Ledger,
        protocol: Protocol,
        keeper: Keeper,
        sealer: Sealer,
        clock: Clock,
        amendments: Iterable[Protocol] = (),
        erasures: ErasureList | None = None,
    ) -> None:
        """`protocol` is the version the trial was created with, `amendments` the further documents kept here.

        `erasures` is the list in which destroyed keys are noted; without one they stand in the events only.
        """
        super().__init__(ledger, protocol, sealer, clock, amendments)
        self.keeper = keeper
        self.dictionary: Callable[[str], Dictionary | None] = no_dictionary
        """The dictionary with this hash that the installation keeps; whoever opens the trial says where."""
        self._keeper_proved = False
        self._in_batch = False
        self._due: tuple[str, str] | None = None
        self._eraser = Eraser(ledger, self.codec, erasures)
        self._doomed: list[tuple[Event, tuple[str, ...]]] = []
        self.erasure_problem: str | None = None
        """Why keys that an event destroys may still lie in the store; None where all is done."""
        self._replay_erasures()
        self.checkpoint_problem: str | None = None
        """Why the last checkpoint could not be kept; None where it was."""
        self._refresh()
        try:
            if rebuild_where_stale(ledger, protocol, self.codec, self._projector, self._load):
                self._read_again()
        except LedgerDamagedError:
            # It can be read and verified only, its tables as they are: every write says why.
            self._forget()
            self._refresh()

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
        context = self._context(actor, self.clock_peek(), participant=participant)
        state = context.known(participant)
        day = performed_on or context.today(state.site)
        return (
            preview(context, state, address, values, day),
            [
                *form_reasons(context, state, address, day),
                *hold_reasons(
                    c.SaveForm(participant=participant, address=address, values={}), context
                ),
            ],
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
            item = state.protocol.item_by_id.get(name)
            if item is None or item.derived is not None:
                continue
            if not raw.strip() or unreadable_reason(item, raw, state.protocol) is not None:
                overlay[name] = None
            else:
                overlay[name] = datum_of(item, read_value(item, raw, state.protocol), today)
        ranges = self._state.site(state.site).ranges
        return assess(state.protocol, state, judgements, ranges, overlay=overlay, today=today)

    def randomization_reasons(self, participant: str, actor: Actor) -> list[Reason]:
        """Everything that stands between the participant and an allocation."""
        context = self._context(actor, self.clock_peek(), participant=participant)
        return permission_reasons("Randomize", context) + randomization_reasons(
            context, context.known(participant)
        )

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
        outcome = self._do(command, actor, at, client_id, device_time)
        if isinstance(outcome, Done) and not outcome.repeated:
            self._checkpoint_after(outcome)
        return outcome

    def _do(
        self,
        command: c.Command,
        actor: Actor,
        at: datetime | None,
        client_id: str | None,
        device_time: datetime | None,
    ) -> Done | Refusal:
        with self._lock:
            try:
                with self.ledger.write() as writing:
                    if client_id:
                        earlier = writing.by_client(client_id)
                        if earlier:
                            happenings = [self.codec.decode(event) for event in earlier]
                            return answered_again(command, earlier, happenings)
                    if writing.head.seq != self._seq:
                        self._refresh()
                    instant = (at or self.clock.now()).astimezone(UTC)
                    context = self._context(
                        actor,
                        instant,
                        participant=getattr(command, "participant", None),
                        site=getattr(command, "site", ""),
                    )
                    decided = decide(command, context)
                    if isinstance(decided, Refusal):
                        return decided
                    done, install = self._append(
                        writing, decided, actor, instant, client_id, device_time
                    )
            except BaseException:
                self._forget()
                raise
            install()
            if not self._in_batch:
                self._carry_out_erasures()
            return done

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Many commands, one commit: for rehearsals and imports. An error that leaves it undoes the whole batch.

        One within another is a part of it.
        """
        with self._lock:
            if self._in_batch:
                yield
                return
            self._in_batch = True
            try:
                with self.ledger.batch(self._settle):
                    yield
            except BaseException as error:
                self._undo_batch(error)
                raise
            finally:
                self._in_batch = False
            self._carry_out_erasures()
            if self._due is not None:
                due, self._due = self._due, None
                self._keep_checkpoint(*due)

    def _undo_batch(self, error: BaseException) -> None:
        """Forget what a batch told that was lost: nobody is to read in memory what has not happened."""
        self._projector.forget()
        self._due = None
        self._doomed.clear()
        self._forget()
        try:
            self._refresh()
        except (LedgerError, OSError) as unreadable:
            # the next command reads it again, or says why it cannot
            error.add_note(f"nor could the trial be read again: {unreadable}")

    def _settle(self, rows: Rows) -> None:
        """Put the rows of everybody the batch has changed so far."""
        for view in self._projector.settle(rows):
            self._keep(view)

    # -- checkpoints -----------------------------------------------------------------------------

    def checkpoint(self, reason: str) -> Checkpoint | None:
        """Sign a statement about the whole ledger and keep it outside the chain.

        `reason` is a word: `hourly`, `sign`, `lock`, `unblind`, `export`, `backup`. `None` where the
        ledger keeps none (in memory). Raises what `Ledger.checkpoint` raises.
        """
        return self.ledger.checkpoint(reason, _instant(self.clock_peek()))

    def _checkpoint_after(self, done: Done) -> None:
        """Take the checkpoint that some events ask for; within a batch, one at its end."""
        for event, happening in zip(done.events, done.happenings, strict=True):
            reason = CHECKPOINT_AFTER.get(type(happening))
            if reason is not None:
                if self._in_batch:
                    self._due = (reason, event.server_time)
                else:
                    self._keep_checkpoint(reason, event.server_time)
                return

    def _keep_checkpoint(self, reason: str, time: str) -> None:
        """A checkpoint that cannot be kept does not undo what has happened: it is owed, and said."""
        try:
            self.ledger.checkpoint(reason, time)
        except LedgerError as error:
            self.checkpoint_problem = str(error)
        else:
            self.checkpoint_problem = None

    # -- erasures --------------------------------------------------------------------------------

    def _replay_erasures(self) -> None:
        """Do what a process that died, or an older copy of the keys, has left undone."""
        try:
            self._eraser.replay()
        except LedgerError as error:
            self.erasure_problem = str(error)
        else:
            self.erasure_problem = None

    def _carry_out_erasures(self) -> None:
        """Destroy the keys that committed events have doomed, and forget what was read with them."""
        if not self._doomed:
            return
        doomed, self._doomed = self._doomed, []
        self._forget()  # the trial's own state, too, may hold what was read with them
        try:
            for event, keys in doomed:
                self._eraser.destroy(event, keys)
        except LedgerError as error:
            # The event stands; the keys it names are destroyed when the trial is opened next.
            self.erasure_problem = str(error)
        self._read_again()

    # -- inside ----------------------------------------------------------------------------------

    def _context(
        self, actor: Actor, at: datetime, *, participant: str | None = None, site: str = ""
    ) -> Context:
        """The world for a decision about a participant, or at a site (the actor's where none is named)."""
        state = self.participant(participant) if participant else None
        protocol = state.protocol if state is not None else self.protocol_at(site or actor.site)
        return Context(
            protocol,
            self.documents,
            self._state,
            self.participant,
            actor,
            at,
            self._allocate,
            self._people,
            self.sealed_values,
            self.texts,
            state.site if state is not None else site or actor.site,
            self.dictionary,
        )

    def _allocate(self, participant: str, strata: Mapping[str, str]) -> tuple[str, int, str]:
        """Ask the keeper. The request is named after the participant, who is randomized once: a
        command that failed after this point gets the same answer when it is tried again."""
        request = f"{self.protocol.id}/{participant}"
        signed = next(
            self.ledger.events(
                stream=f"participant/{participant}",
                types=["EligibilitySigned"],
                descending=True,
                limit=1,
            )
        )
        attested = SignedEligibility.of(signed, self.ledger.attest(signed, PURPOSE))
        try:
            if not self._keeper_proved:
                if self.keeper.commitment().hash != self._state.commitment:
                    raise RefusedError([reason("keeper-other-commitment")])
                self._keeper_proved = True
            answer = self.keeper.allocate(
                AllocationRequest(request, self.protocol.id, participant, dict(strata), attested)
            )
        except KeeperUnavailableError as error:
            raise RefusedError([reason("keeper-unavailable", why=error)]) from None
        except KeeperError as error:
            raise RefusedError([reason("keeper-refused", why=error)]) from None
        return answer.arm, answer.number, request

    def _append(
        self,
        writing: Writing,
        decided: Decided,
        actor: Actor,
        at: datetime,
        client_id: str | None,
        device_time: datetime | None,
    ) -> tuple[Done, Callable[[], None]]:
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
                    schema=schema_of(type(happening).__name__),
                    protocol=self._document_for(stream, site).version,
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
        renewed = self._take_force(writing, events, happenings)
        changes = self._projector.fold(writing, events, happenings, self._view)
        deferred = changes if self._in_batch else []
        if deferred:
            views = [change.view for change in deferred]
        else:
            views = [self._projector.put(writing, change) for change in changes]
        views += renewed
        head = writing.head.seq

        def install() -> None:
            self._projector.defer(deferred)
            for view in views:
                self._keep(view)
            for event, happening in zip(events, happenings, strict=True):
                self._state.apply(happening, event.site, event.server_time, event.actor)
                keys = destroyed_by(happening)
                if keys:
                    self._doomed.append((event, keys))
            self._seq = self._state.seq = head

        answer = {**decided.answer, **answer_of(events, happenings)}
        return Done(tuple(events), happenings, answer), install

    def _document_for(self, stream: str, site: str) -> Protocol:
        """The protocol version an event of a stream is brought under."""
        kind, _, name = stream.partition("/")
        state = self.participant(name) if kind == "participant" else None
        return state.protocol if state is not None else self.protocol_at(site)

    def _take_force(
        self, writing: Writing, events: Sequence[Event], happenings: Sequence[e.Happening]
    ) -> list[View]:
        """Plan everybody at a site anew under the version that takes force there."""
        views = []
        for event, happening in zip(events, happenings, strict=True):
            if not isinstance(happening, e.ProtocolAdopted):
                continue
            document = self.documents[happening.version]
            for row in self.ledger.rows("participant", where={"site": event.site}, order="id"):
                view = self._view(str(row["id"]))
                if view is not None:
                    at = str(row["last_at"])
                    views.append(self._projector.renew(writing, view, document, at))
        return views


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")

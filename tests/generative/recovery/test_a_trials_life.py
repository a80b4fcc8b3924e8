"""Whatever happens to a trial, in whatever order: what was acknowledged is there, what was erased is not.

A machine draws commands, commands of several people at once, deaths in the middle of a commit, openings, checkpoints,
backups, restores, redactions and erasures, on each of the three stores.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from equipoise.conduct import commands as c
from equipoise.conduct.state import ParticipantState, fold_in
from equipoise.conduct.values import Actor
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.trial import TABLES, Done
from equipoise.trial.projecting import Projector, View, stamp_of
from support.places import PLACES, Place
from support.story import INVESTIGATOR, MONITOR, START, at_site, expect, open_trial

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))
COORDINATOR = at_site("coordinator")


class TrialsLife(RuleBasedStateMachine):
    """`acknowledged` is what commands answered: position and hash of each event."""

    place: ClassVar[type[Place]]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="equipoise-life-"))
        self.at = self.place(self.folder)
        self.count = 0
        self.acknowledged: dict[int, str] = {}
        self.backups: list[tuple[int, Any, set[str]]] = []
        self.secrets: dict[str, str] = {}
        """Words that must be readable, and in whose record they stand."""
        self.gone: set[str] = set()
        open_trial(self.at.trial, self.now())
        self._acknowledge_all()

    def now(self) -> Any:
        return self.at.trial.clock_peek() if hasattr(self, "at") else START

    def teardown(self) -> None:
        self.tables_equal_a_fold_from_zero()
        self.at.take_down()
        shutil.rmtree(self.folder)

    def _acknowledge_all(self) -> None:
        ledger = self.at.trial.ledger
        self.acknowledged.update(ledger.store.links(0, ledger.head().seq))

    def _do(self, command: c.Command, actor: Actor = COORDINATOR) -> Done | None:
        outcome = self.at.trial.do(command, actor, at=self.now())
        if not isinstance(outcome, Done):
            return None
        self.acknowledged.update((event.seq, event.hash) for event in outcome.events)
        return outcome

    def _secret(self) -> str:
        self.count += 1
        return f"canary-{self.count:04d}-word"

    def _people(self) -> list[str]:
        return self.at.trial.participant_ids()

    def _one(self, n: int) -> str:
        people = self._people()
        return people[n % len(people)]

    # -- what people do --------------------------------------------------------------------------

    @rule()
    def screen(self) -> None:
        word = self._secret()
        done = self._do(c.ScreenParticipant(site="01", identity={"person_name": word}))
        assert done is not None
        self.secrets[word] = done.answer["participant"]

    @rule(n=st.integers(0, 50))
    @precondition(lambda self: self._people())
    def write_a_text(self, n: int) -> None:
        participant, word = self._one(n), self._secret()
        logged = c.LogDeviation(
            participant=participant, kind="other", severity="minor", text=word,
            occurred_on=self.at.trial.today("01"),
        )  # fmt: skip
        if self._do(logged) is not None:
            self.secrets[word] = participant

    @rule(people=st.integers(2, 4), each=st.integers(1, 3))
    def write_at_once(self, people: int, each: int) -> None:
        answers: list[list[Done]] = [[] for _ in range(people)]
        words = [[self._secret() for _ in range(each)] for _ in range(people)]

        def screen(who: int) -> None:
            for word in words[who]:
                command = c.ScreenParticipant(site="01", identity={"person_name": word})
                answers[who].append(expect(self.at.trial.do(command, COORDINATOR, at=self.now())))

        threads = [threading.Thread(target=screen, args=(who,)) for who in range(people)]
        before = self.at.trial.ledger.head().seq
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        brought = [[event.seq for one in mine for event in one.events] for mine in answers]
        assert all(seqs == sorted(seqs) for seqs in brought), "seq is the order of commits"
        every = sorted(seq for seqs in brought for seq in seqs)
        assert every == list(range(before + 1, before + 1 + people * each))
        for mine, said in zip(answers, words, strict=True):
            for one, word in zip(mine, said, strict=True):
                self.acknowledged.update((event.seq, event.hash) for event in one.events)
                self.secrets[word] = one.answer["participant"]

    @rule(n=st.integers(0, 50))
    @precondition(lambda self: self._people())
    def leave(self, n: int) -> None:
        participant, today = self._one(n), self.at.trial.today("01")
        version = self.at.trial.protocol.consents[-1].version
        self._do(c.RecordConsent(participant=participant, version=version, signed_on=today))
        leaving = c.Withdraw(participant=participant, scope="data_use", reason="own wish", on=today)
        self._do(leaving)

    # -- what is taken out -----------------------------------------------------------------------

    @rule(n=st.integers(0, 50))
    @precondition(lambda self: self._people())
    def erase(self, n: int) -> None:
        left = self.at.trial.ledger.rows("participant", where={"status": "withdrawn"}, order="id")
        participant = str(left[n % len(left)]["id"]) if left else self._one(n)
        state = self.at.trial.participant(participant)
        assert state is not None
        name = state.identity.get("person_name")
        if self._do(c.EraseIdentity(participant=participant, reason="asked"), INVESTIGATOR):
            self._is_gone(str(name))

    @rule(n=st.integers(0, 50))
    @precondition(lambda self: self.at.trial.ledger.rows("deviation"))
    def redact(self, n: int) -> None:
        rows = self.at.trial.ledger.rows("deviation")
        participant = str(rows[n % len(rows)]["participant"])
        for one in self.at.trial.sealed_values(participant):
            if one.name == "text" and one.text in self.secrets:
                asked = c.RequestRedaction(
                    participant=participant, value=one.place, reason="not to be kept"
                )
                done = self._do(asked)
                assert done is not None
                approved = c.ApproveRedaction(
                    participant=participant, redaction=done.answer["redaction"]
                )
                assert self._do(approved) is None, "nobody approves what they asked for"
                assert self._do(approved, MONITOR) is not None
                self._is_gone(str(one.text))
                return

    def _is_gone(self, word: str) -> None:
        self.secrets.pop(word, None)
        self.gone.add(word)

    # -- what happens to the machine -------------------------------------------------------------

    @rule(after_commit=st.booleans())
    def crash(self, after_commit: bool) -> None:
        word = self._secret()
        command = c.ScreenParticipant(site="01", identity={"person_name": word})
        before = self.at.trial.ledger.head().seq
        self.at.crash(
            lambda: self.at.trial.do(command, COORDINATOR, at=self.now()), after_commit=after_commit
        )
        found = self.at.trial.ledger.head().seq
        assert found == before + after_commit, "a command is there whole or not at all"
        self._acknowledge_all()
        if after_commit:
            self.secrets[word] = self._people()[-1]

    @rule()
    def open_again(self) -> None:
        self.at.close()
        self.at.open()

    @rule()
    def checkpoint(self) -> None:
        taken = self.at.trial.checkpoint("manual")
        assert taken is not None
        assert taken.root == self.at.trial.ledger.root()

    @rule()
    def back_up(self) -> None:
        seq, backup = self.at.back_up()
        assert seq == self.at.trial.ledger.head().seq
        self.backups.append((seq, backup, set(self.secrets)))

    @rule(n=st.integers(0, 50))
    @precondition(lambda self: self.backups)
    def restore(self, n: int) -> None:
        seq, backup, readable = self.backups[n % len(self.backups)]
        self.at.restore(backup)
        self.acknowledged = {at: hash_ for at, hash_ in self.acknowledged.items() if at <= seq}
        self._kept_as_before()
        self._acknowledge_all()
        assert self.at.trial.ledger.head().seq == seq + self.at.restores_with_a_trace
        # backups of the part that is lost are of another history now
        self.backups = [one for one in self.backups if one[0] <= seq]
        self.secrets = {
            word: whose
            for word, whose in self.secrets.items()
            if word in readable and word not in self.gone
        }

    # -- what must always hold -------------------------------------------------------------------

    def _kept_as_before(self) -> None:
        ledger = self.at.trial.ledger
        links = dict(ledger.store.links(0, ledger.head().seq))
        lost = {at: hash_ for at, hash_ in self.acknowledged.items() if links.get(at) != hash_}
        assert not lost

    @invariant()
    def what_was_acknowledged_is_there_and_the_chain_is_whole(self) -> None:
        self._kept_as_before()
        assert self.at.trial.ledger.verify().problems == []
        assert self.at.trial.erasure_problem is None

    @invariant()
    def what_was_erased_cannot_be_read_and_all_else_can(self) -> None:
        told = repr([happening for _, happening in self.at.trial.events()])
        assert not [word for word in self.gone if word in told]
        assert not [word for word in self.secrets if word not in told]

    def tables_equal_a_fold_from_zero(self) -> None:
        trial = self.at.trial
        shadow = Ledger(MemoryStore(TABLES), trial="shadow")
        projector = Projector(shadow, trial.protocol_at)
        views: dict[str, View] = {}
        folded: dict[str, ParticipantState] = {}
        for event, happening in trial.events():
            with shadow.write() as writing:
                for change in projector.fold(writing, [event], [happening], views.get):
                    view = projector.put(writing, change)
                    views[view.state.id] = View(view.state, view.allocation)
            if event.stream.startswith("participant/"):
                number = event.stream.partition("/")[2]
                state = folded.setdefault(number, ParticipantState(number, trial.protocol))
                fold_in(state, happening, stamp_of(event), event.site)
        for number, state in folded.items():
            assert trial.participant(number) == state
        for table in TABLES:
            kept, anew = (
                [row for row in one.rows(table.name, order=table.key) if row.get("n") != 0]
                for one in (trial.ledger, shadow)
            )
            assert kept == anew, table.name


@pytest.mark.parametrize("kind", PLACES)
def test_whatever_happens_what_was_acknowledged_stays_and_what_was_erased_is_gone(
    kind: str,
) -> None:
    machine = type(f"Life{kind}", (TrialsLife,), {"place": PLACES[kind]})
    examples, steps = (100, 40) if DEEP else (6 if kind == "memory" else 3, 12)
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )

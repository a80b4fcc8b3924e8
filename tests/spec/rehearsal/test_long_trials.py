"""A trial with ten times the people takes ten times the work: nothing in a play looks at everybody."""

from __future__ import annotations

import cProfile
import pstats
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from equipoise.rehearsal import play
from equipoise.rehearsal.generate import NEVER
from equipoise.rehearsal.play import visits
from equipoise.rehearsal.play.agenda import Agenda
from equipoise.trial import Trial, knowledge
from support.played import assuming, rehearsed, small_protocol, small_trial, smaller, stage
from support.story import seed_protocol


def test_nobody_who_takes_part_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few a trial keeps in memory by itself: the ledger is read for the few who come back later."""
    root = small_trial()[0].ledger.root()
    read: Counter[str] = Counter()
    load = Trial._load

    def counted(self: Trial, participant: str) -> Any:
        view = load(self, participant)
        if view is not None:
            read[participant] += 1
        return view

    monkeypatch.setattr(knowledge, "_KEPT_STATES", 4)
    monkeypatch.setattr(Trial, "_load", counted)
    trial, _, played = rehearsed(small_protocol())
    assert trial.ledger.root() == root
    assert played.events > 1_500
    # who has left is told, too, that recruitment has ended
    assert max(read.values()) <= 3, read
    assert sum(read.values()) <= played.screened, read


def test_a_form_in_the_wrong_record_is_looked_for_among_those_who_are_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever has left, failed or refused is not looked at again for it."""
    staff = {**seed_protocol().assumptions.staff, "wrong_participant": 0.2}
    protocol = assuming(small_protocol(), staff=staff)
    trial, arrays = stage(protocol)
    seen: list[tuple[str, bool]] = []
    swaps = 0
    neighbor, participant = visits._neighbor, trial.participant

    def looked(number: str) -> Any:
        state = participant(number)
        assert state is not None
        seen.append((number, state.randomized is not None and state.off_study_on is None))
        return state

    def counted(person: Any, address: Any) -> str | None:
        nonlocal swaps
        swaps += 1
        site = person.site
        monkeypatch.setattr(trial, "participant", looked)
        found = neighbor(person, address)
        monkeypatch.setattr(trial, "participant", participant)
        if found is not None:
            state = participant(found)
            assert state is not None
            assert state.site == site
            assert found != person.pid
            assert address not in state.forms
        return found

    monkeypatch.setattr(visits, "_neighbor", counted)
    played = play(trial, arrays)
    assert played.finished
    assert swaps > 10
    assert seen
    assert all(there for _, there in seen)
    assert {"ValuesMovedAway", "ValuesMovedIn"} <= {event.type for event in trial.ledger.events()}


class _Asked:
    """A person who counts how often they are asked for their next day."""

    def __init__(self, index: int, day: int, pid: str | None = None) -> None:
        self.index, self.pid, self._day, self.asked = index, pid, day, 0

    @property
    def next_day(self) -> int:
        self.asked += 1
        return self._day

    @next_day.setter
    def next_day(self, day: int) -> None:
        self._day = day


def test_a_day_asks_those_only_who_have_something_to_do() -> None:
    """Neither those who have ended nor those who are still to come are gone through each day."""
    people = [_Asked(index, NEVER if index < 400 else 1_000 + index) for index in range(1_000)]
    agenda = Agenda(people)  # type: ignore[arg-type]
    for person in people:
        person.asked = 0
    for day in range(1_000, 1_400):
        assert agenda.due(day) == []
        assert not agenda.done
    assert sum(person.asked for person in people) <= 400
    assert [person.index for person in agenda.due(1_400)] == [400]


def test_an_agenda_follows_whoever_names_another_day() -> None:
    ended = SimpleNamespace(index=0, pid="01-0001", next_day=NEVER)
    early, late = (
        SimpleNamespace(index=index, pid=None, next_day=day) for index, day in ((1, 5), (2, 9))
    )
    agenda = Agenda([ended, early, late])  # type: ignore[list-item]
    assert agenda.taking_part == 0
    assert agenda.due(5) == [early]
    early.pid, early.next_day = "01-0002", 7
    agenda.enter(early)  # type: ignore[arg-type]
    agenda.enter(early)  # type: ignore[arg-type]
    assert agenda.taking_part == 1
    assert agenda.due(6) == []
    assert agenda.due(7) == [early], "once, however often it was entered"
    early.next_day = NEVER
    agenda.enter(early)  # type: ignore[arg-type]
    assert agenda.taking_part == 0
    assert not agenda.done
    late.next_day = 6
    agenda.rewrite()
    assert agenda.due(8) == [late]
    late.next_day = NEVER
    agenda.enter(late)  # type: ignore[arg-type]
    assert agenda.due(10_000) == []
    assert agenda.done


def _calls(target: int) -> tuple[int, int]:
    """Events of a rehearsal of so many participants, and how many calls were made for them."""
    trial, arrays = stage(smaller(seed_protocol(), target))
    profile = cProfile.Profile()
    played = profile.runcall(play, trial, arrays)
    assert played.randomized == target
    return played.events, pstats.Stats(profile).total_calls  # type: ignore[attr-defined]


@pytest.mark.thorough
def test_an_event_takes_as_many_calls_in_a_larger_trial() -> None:
    """Counted, not timed, from the arrays to the store."""
    events, calls = _calls(16)
    many_events, many_calls = _calls(80)
    assert many_events > 4 * events
    assert many_calls / many_events <= 1.05 * calls / events

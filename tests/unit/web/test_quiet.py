"""Nobody waits while the server looks for garbage, and no garbage stays."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from equipoise.web import quiet
from equipoise.web.gate import Gate
from equipoise.web.quiet import QuietCollector


@dataclass
class Requests:
    """Counted as the gate counts them."""

    begun: int = 0
    ended: int = 0


class Cycle:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.set_threshold(*thresholds[:2], quiet._NEVER)
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def old_garbage() -> weakref.ref[Cycle]:
    """A cycle that has grown old, and so many collections that a look is worth it."""
    cycle = Cycle()
    seen = weakref.ref(cycle)
    gc.collect()
    for _ in range(quiet._WORTH):
        gc.collect(1)
    return seen


def test_what_nobody_waits_for_is_collected() -> None:
    requests = Requests(7, 7)
    collector = QuietCollector(requests)
    garbage = old_garbage()
    assert collector.look()
    assert garbage() is None
    assert not collector.look(), "nothing new since"


@pytest.mark.parametrize(
    ("begun", "ended"), [(8, 7), (8, 8)], ids=["a request is under way", "one has just been"]
)
def test_while_somebody_may_wait_nothing_is_collected(begun: int, ended: int) -> None:
    requests = Requests(7, 7)
    collector = QuietCollector(requests)
    garbage = old_garbage()
    requests.begun, requests.ended = begun, ended
    assert not collector.look()
    assert garbage() is not None
    # and then it is quiet
    requests.ended = begun
    assert collector.look()
    assert garbage() is None


def test_where_it_is_never_quiet_what_is_new_is_collected_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    requests = Requests()
    collector = QuietCollector(requests)
    garbage = old_garbage()
    requests.begun = 1
    monkeypatch.setattr(quiet, "AT_LATEST_SECONDS", -1.0)
    assert collector.look()
    assert garbage() is None


def test_garbage_of_a_busy_time_goes_in_the_next_quiet_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was in use when it was put aside is looked at again."""
    requests = Requests()
    collector = QuietCollector(requests)
    cycle = Cycle()
    seen = weakref.ref(cycle)
    old_garbage()
    requests.begun = 1
    monkeypatch.setattr(quiet, "AT_LATEST_SECONDS", -1.0)
    assert collector.look()
    del cycle
    requests.ended = 1
    old_garbage()
    assert seen() is not None, "put aside, and so not found"
    assert collector.look()
    assert seen() is None


def test_python_stops_nobody_by_itself_from_the_start_on() -> None:
    collector = QuietCollector(Requests())
    collector.start()
    assert gc.get_threshold()[2] > 10**9
    collector.stop()


def test_the_gate_counts_what_is_worked_on_even_where_it_fails() -> None:
    seen: list[tuple[int, int]] = []

    def application(environ: dict[str, object], start_response: object) -> list[bytes]:
        seen.append((gate.begun, gate.ended))
        raise ZeroDivisionError

    gate = Gate(application, places=1, limit=10)
    with pytest.raises(ZeroDivisionError):
        gate({"wsgi.input": None}, lambda *_: None)
    assert seen == [(1, 0)]
    assert (gate.begun, gate.ended) == (1, 1)

"""A process that computes replicates is killed: another takes its place, and the figures are the same to the last bit."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from equipoise.rehearsal.bulk import Batch, SimulationError, running, scenarios, simulate
from support.patience import PATIENCE
from support.played import second_protocol


@pytest.mark.thorough
def test_a_killed_worker_changes_nothing() -> None:
    """Every batch still comes once and in order; a process killed at the very end keeps nobody waiting."""
    protocol = second_protocol()
    scenario = scenarios(protocol)[0]
    alone = simulate(protocol, scenario, replicates=96, seed=7)
    killed: list[int] = []
    seen: list[int] = []

    def kill(batch: Batch) -> None:
        seen.append(batch.first)
        workers = [child for child in multiprocessing.active_children() if child.pid]
        if workers and batch.first in (0, 80):
            # the newest: an older one may be of a pool that has just been given up
            newest = max(workers, key=lambda child: child.pid or 0)
            newest.kill()
            killed.append(newest.pid or 0)

    found = simulate(protocol, scenario, replicates=96, seed=7, workers=2, each=kill)
    assert len(killed) == 2
    assert _all_ended()
    assert seen == list(range(0, 96, 16))
    assert found == alone


@pytest.mark.thorough
def test_workers_that_keep_being_killed_end_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without memory for them: the simulation gives up and says where."""
    protocol = second_protocol()
    monkeypatch.setattr(running, "_compute", _die)
    with pytest.raises(SimulationError, match=r"killed 3 times at replicate 0: is there memory"):
        simulate(protocol, scenarios(protocol)[0], replicates=16, workers=2)


def _all_ended() -> bool:
    """Whether no process of the simulation lives on.

    The pool's own thread may be reaping one at this moment: until it has, neither `join` nor `exitcode` knows how the
    process ended, so the question is asked again.
    """
    patience = time.monotonic() + PATIENCE
    while multiprocessing.active_children():
        if time.monotonic() > patience:
            return False
        time.sleep(0.05)
    return True


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)

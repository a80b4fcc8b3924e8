"""The rehearsal of the first trial's two hundred participants: in memory, and into a durable SQLite ledger.

    python -m benchmarks.rehearsal [--seed S] [--repeat N] [--times K] [--folder DIR] [--format json]

Each is played from a new, empty trial to its end; times are of the wall, and of the processor beside it, and
the best of the repetitions counts (other work on the machine can only add). SQLite runs as a home
does: WAL, `synchronous=FULL`, hash chain, signed head in the database and beside it. One virtual day is
one batch of the ledger and one commit; a second play brings every command in a commit of its own,
as a web application's users would. The bare commits are single rows of an event's size into a bare
SQLite table with the same settings, timed just before and just after each play, in the same folder.

At last the same trial is played once with K times the participants (default 4; 0 leaves it out) beside
one of the usual size: the ratio of their times, in memory and on SQLite, says whether what a participant costs
grows with how many there are.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import re
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.cli.demo import DEMO_SEED, DEMO_TRIAL, shipped_protocol
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import memory_trial
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal import first_instant, play, replicate_of
from equipoise.trial import Trial

from .ledger import bare_commits

BARE = 1_000
"""Bare commits timed on each side of a play."""


@dataclass(frozen=True)
class Timed:
    """One play: seconds of the wall and of the processor, events, commits, and the ledger's root."""

    wall: float
    processor: float
    events: int
    commits: int
    root: str


def timed(trial: Trial, replicate: Any) -> Timed:
    """Play to the end."""
    store = trial.ledger.store
    commits = 0
    commit = store.commit

    def counted(signed_head: str | None) -> None:
        nonlocal commits
        commits += 1
        commit(signed_head)

    store.commit = counted  # type: ignore[method-assign]
    wall, processor = time.perf_counter(), time.process_time()
    played = play(trial, replicate)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    store.commit = commit  # type: ignore[method-assign]
    assert played.finished
    return Timed(wall, processor, played.events, commits, trial.ledger.root())


@contextlib.contextmanager
def unbatched(trial: Trial) -> Iterator[None]:
    """Every command in a commit of its own, for as long as the block lasts."""
    trial.batch = contextlib.nullcontext  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del trial.batch


def commits_per_second(folder: Path) -> float:
    """Single-row commits of a bare SQLite file."""
    path = folder / "bare.sqlite"
    started = time.perf_counter()
    bare_commits(path, BARE)
    taken = time.perf_counter() - started
    for file in folder.glob("bare.sqlite*"):
        file.unlink()
    return BARE / taken


def enlarged(file: Path, times: int, folder: Path) -> Path:
    """A copy of the protocol that asks for so many times the participants."""
    size = load_protocol(file).design.sample_size
    assert size is not None
    text, found = re.subn(
        r"(\n  sample_size:\n    target: )\d+",
        rf"\g<1>{size.target * times}",
        file.read_text(encoding="utf-8"),
    )
    assert found == 1, "the target stands first under sample_size"
    copy = folder / "enlarged.yaml"
    copy.write_text(text, encoding="utf-8")
    return copy


def ratios(file: Path, seed: int, times: int, folder: Path) -> dict[str, float]:
    """How much longer a trial with so many times the participants takes, played just after one of the usual size."""
    taken: dict[str, list[Timed]] = {"memory": [], "SQLite": []}
    for one in (file, enlarged(file, times, folder)):
        protocol = load_protocol(one)
        replicate = replicate_of(protocol, seed, 0, {})
        settings = RehearsalSettings(seed, 0, first_instant(replicate).isoformat(), {})
        taken["memory"].append(timed(memory_trial(protocol, settings), replicate))
        with Home.create(folder / f"ratio-{one.stem}", one, rehearsal=settings) as home:
            taken["SQLite"].append(timed(home.trial(), replicate))
    roots = {store: [one.root for one in played] for store, played in taken.items()}
    assert roots["memory"] == roots["SQLite"], "the roots differ"
    figures: dict[str, float] = {}
    for store, (usual, larger) in taken.items():
        label = f"{store}, {times} times the participants"
        figures[f"{label}: rehearsal, s wall"] = round(larger.wall, 1)
        figures[f"{label}: ratio of events"] = round(larger.events / usual.events, 2)
        figures[f"{label}: ratio of the wall's time"] = round(larger.wall / usual.wall, 2)
        figures[f"{label}: ratio of the processor's time"] = round(
            larger.processor / usual.processor, 2
        )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=DEMO_SEED)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given = parser.parse_args()
    load_before = os.getloadavg()[0]
    file = shipped_protocol(DEMO_TRIAL)
    protocol = load_protocol(file)
    started = time.perf_counter()
    replicate = replicate_of(protocol, given.seed, 0, {})
    generated = time.perf_counter() - started
    settings = RehearsalSettings(given.seed, 0, first_instant(replicate).isoformat(), {})
    memory = [timed(memory_trial(protocol, settings), replicate) for _ in range(given.repeat)]
    batched, single, bare = [], [], []
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        for turn in range(given.repeat):
            bare.append(commits_per_second(folder))
            with Home.create(folder / f"batched-{turn}", file, rehearsal=settings) as home:
                batched.append(timed(home.trial(), replicate))
            bare.append(commits_per_second(folder))
        with Home.create(folder / "single", file, rehearsal=settings) as home:
            trial = home.trial()
            with unbatched(trial):
                single.append(timed(trial, replicate))
        bare.append(commits_per_second(folder))
        larger = ratios(file, given.seed, given.times, folder) if given.times else {}
    assert len({one.root for one in (*memory, *batched, *single)}) == 1, "the roots differ"
    in_memory, on_disk, one_by_one = (
        min(runs, key=lambda run: run.wall) for runs in (memory, batched, single)
    )
    commits = statistics.median(bare)
    figures: dict[str, float] = {
        "generating the replicate, s": round(generated, 2),
        "events": on_disk.events,
        "memory store: rehearsal, s wall": round(in_memory.wall, 1),
        "memory store: rehearsal, s processor": round(in_memory.processor, 1),
        "memory store: events per second": round(in_memory.events / in_memory.wall),
        "SQLite, one commit a virtual day: rehearsal, s wall": round(on_disk.wall, 1),
        "SQLite, one commit a virtual day: rehearsal, s processor": round(on_disk.processor, 1),
        "SQLite, one commit a virtual day: commits": on_disk.commits,
        "SQLite, one commit a virtual day: events per second": round(on_disk.events / on_disk.wall),
        "SQLite, one commit a command: rehearsal, s wall": round(one_by_one.wall, 1),
        "SQLite, one commit a command: commits": one_by_one.commits,
        "SQLite, one commit a command: events per second": round(
            one_by_one.events / one_by_one.wall
        ),
        "bare SQLite: single-row commits per second (median)": round(commits),
        "ratio of events (one commit a virtual day) to bare commits": round(
            on_disk.events / on_disk.wall / commits, 2
        ),
        "ratio of events (one commit a command) to bare commits": round(
            one_by_one.events / one_by_one.wall / commits, 2
        ),
        **larger,
        "load average before": round(load_before, 1),
        "load average after": round(os.getloadavg()[0], 1),
    }
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = (
        f"{platform.machine()}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )
    if given.format == "json":
        print(json.dumps({"date": today, "machine": machine, "figures": figures}))
        return
    print(f"{today}, {machine}, two hundred participants, seed {given.seed}")
    for label, figure in figures.items():
        print(f"{figure:>12,} {label}")


if __name__ == "__main__":
    main()

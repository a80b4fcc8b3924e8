"""Many replicates: standard trials in compiled kernels, and the trials that ship from their virtual participants.

    python -m benchmarks.bulk [--seconds S] [--format json]

Everything runs on one thread unless said otherwise, in this process, and is timed by the processor's clock (other
work on the machine does not count). Yardsticks in the same run: the trial of two proportions patient by patient in NumPy,
whole arrays of replicates at a time; the survival trial patient by patient in NumPy, one replicate at a time; a replicate's
random words alone. Kernels are compiled before anything is timed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from equipoise.cli.demo import shipped_protocol
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal.bulk import Simulator, scenarios
from equipoise.rehearsal.bulk.kernels import arrays, trial
from equipoise.rehearsal.bulk.standard import (
    simulate_two_proportions,
    simulate_two_survival_curves,
)
from equipoise.rehearsal.lean import key_words

CRITICAL = (2.962588, 1.968596)
EXACT_POWER = 0.826940
AT_ONCE = 2_000
"""Replicates the NumPy yardstick holds in memory together."""


def rate(run: Callable[[int], Any], start: int, seconds: float) -> float:
    """Replicates per second of the processor's time: the best of three."""
    many = start
    while True:
        began = time.process_time()
        run(many)
        taken = time.process_time() - began
        if taken > seconds / 10:
            break
        many *= 4
    many = max(int(many * seconds / max(taken, 1e-9) / 3), 1)
    best = 0.0
    for _ in range(3):
        began = time.process_time()
        run(many)
        best = max(best, many / (time.process_time() - began))
    return best


def proportions(many: int, threads: int = 1) -> Any:
    """The standard trial: 0.60 against 0.40, n = 200, blocks of four, one look."""
    return simulate_two_proportions(
        0.6, 0.4, [100, 200], CRITICAL, replicates=many, threads=threads
    )


def proportions_in_numpy(many: int) -> float:
    """The same trial with whole arrays of replicates; the share that rejects."""
    draw = np.random.default_rng(1)
    rejected = 0
    for start in range(0, many, AT_ONCE):
        rows = min(AT_ONCE, many - start)
        blocks = np.broadcast_to(np.array([1, 1, 0, 0], dtype=np.int8), (rows, 50, 4))
        arms = draw.permuted(blocks, axis=2).reshape(rows, 200)
        events = draw.random((rows, 200)) < np.where(arms == 1, 0.6, 0.4)
        stopped = np.zeros(rows, dtype=np.bool_)
        for look, critical in zip((100, 200), CRITICAL, strict=True):
            n_1 = arms[:, :look].sum(axis=1)
            e_1 = (events[:, :look] & (arms[:, :look] == 1)).sum(axis=1)
            e_0 = events[:, :look].sum(axis=1) - e_1
            share = (e_1 + e_0) / look
            spread = np.sqrt(share * (1 - share) * (1 / n_1 + 1 / (look - n_1)))
            z = (e_1 / n_1 - e_0 / (look - n_1)) / spread
            stopped |= np.abs(z) >= critical
        rejected += int(stopped.sum())
    return rejected / many


def two_threads(many: int) -> tuple[float, float]:
    """How many times as fast two threads are by the wall, and how many times the processor time: best of five in turn."""
    wall, processor = {1: math.inf, 2: math.inf}, {1: math.inf, 2: math.inf}
    for _ in range(5):
        for threads in wall:
            began, used = time.perf_counter(), time.process_time()
            proportions(many, threads)
            wall[threads] = min(wall[threads], time.perf_counter() - began)
            processor[threads] = min(processor[threads], time.process_time() - used)
    return wall[1] / wall[2], processor[2] / processor[1]


def survival(many: int) -> Any:
    """The standard survival trial: medians of 500 and 300 days, 200 participants in a year, looks at 70 and 140 events."""
    return simulate_two_survival_curves(
        500, 300, [70, 140], CRITICAL,
        participants=200, accrual=365, horizon=2000, replicates=many,
    )  # fmt: skip


def survival_in_numpy(many: int) -> float:
    """The same trial, one replicate at a time; the share that rejects."""
    draw = np.random.default_rng(1)
    rejected = 0
    for _ in range(many):
        blocks = np.broadcast_to(np.array([1, 1, 0, 0]), (50, 4))
        arms = draw.permuted(blocks, axis=1).ravel()
        entry = np.floor(draw.random(200) * 365)
        median = np.where(arms == 1, 500, 300)
        event = np.floor(draw.exponential(median / math.log(2))) + 1
        calendar = np.sort(entry + event)
        for events, critical in zip((70, 140), CRITICAL, strict=True):
            end = min(calendar[events - 1], 2000)
            entered = entry <= end
            arm, followed = arms[entered], np.minimum(event, end - entry)[entered]
            died = (event <= end - entry)[entered]
            times, counts = np.unique(followed[died], return_counts=True)
            at_risk = (followed[:, None] >= times).sum(axis=0)
            at_risk_1 = ((followed[:, None] >= times) & (arm == 1)[:, None]).sum(axis=0)
            share = at_risk_1 / at_risk
            left = (at_risk - counts) / np.maximum(at_risk - 1, 1)
            variance = (counts * share * (1 - share) * left).sum()
            z = ((counts * share).sum() - (died & (arm == 1)).sum()) / math.sqrt(variance)
            if abs(z) >= critical:
                rejected += 1
                break
    return rejected / many


def stages(simulator: Simulator, seconds: float) -> dict[str, float]:
    """Milliseconds of the processor for each stage of a replicate, and replicates a second."""
    spent = {"arrays": 0.0, "participants": 0.0, "looks and analyses": 0.0}
    simulator.simulate(0)
    replicate = 0
    while sum(spent.values()) < seconds:
        replicate += 1
        marks = [time.process_time()]
        generated = simulator.generate(replicate)
        marks.append(time.process_time())
        followed = simulator.followed(generated)
        marks.append(time.process_time())
        simulator.analyze(generated, followed)
        marks.append(time.process_time())
        for name, began, ended in zip(spent, marks, marks[1:], strict=False):
            spent[name] += ended - began
    whole = sum(spent.values())
    return {
        "replicates per second": round(replicate / whole, 1),
        **{f"{name}, ms": round(1000 * part / replicate, 2) for name, part in spent.items()},
    }


def words_of_a_replicate(simulator: Simulator) -> tuple[int, float]:
    """Random words that a replicate's arrays ask for, and milliseconds of the processor to draw these alone."""
    asked: list[tuple[int, int]] = []
    fill = arrays.fill

    def counted(rows: Any, *rest: Any) -> None:
        asked.append(rows.shape)
        fill(rows, *rest)

    arrays.fill = counted
    try:
        simulator.generate(1)
    finally:
        arrays.fill = fill
    began = time.process_time()
    for subjects, row in asked:
        fill(
            np.empty((subjects, row), dtype=np.uint64),
            np.arange(subjects, dtype=np.uint64), np.uint64(1), np.uint64(2), np.uint64(3),
        )  # fmt: skip
    taken = time.process_time() - began
    return sum(subjects * row for subjects, row in asked), 1000 * taken


def whole_trials(simulator: Simulator, seconds: float) -> dict[str, float]:
    """Whole trials of the second scheme in the kernel: a second, by stage, and next to their words and normals alone.

    A stage is the difference between stopping after it and before it, the best of several. Words are the blocks that the
    kernel asks for, by the kernel's own function; with normals, the noise of every half week is read from its table too.
    """
    whole = simulator.whole
    assert whole is not None, simulator.computed
    many = 400
    comparisons, looks = len(whole.measures), len(simulator.plan.looks) + 1
    rows = [np.zeros((many, comparisons, 4)), np.zeros((many, comparisons, looks), dtype=np.int8)]
    rows += [np.zeros(many, dtype=np.int64) for _ in range(4)]
    rows += [np.zeros(many, dtype=np.bool_), np.zeros((0, 0), dtype=np.int64)]
    key = [np.uint64(word) for word in key_words(simulator.seed, 0)]

    def best(run: Callable[[], Any]) -> float:
        """Microseconds of the processor a replicate, the best of several."""
        run()
        found, spent = math.inf, 0.0
        while spent < seconds / 4:
            began = time.process_time()
            run()
            taken = time.process_time() - began
            spent += taken
            found = min(found, taken)
        return 1e6 * found / many

    names = (
        "recruitment",
        "allocation",
        "schedules and words",
        "course",
        "outcomes",
        "looks and analyses",
    )
    marks = [
        best(lambda stage=stage: trial.whole_trials(0, many, *key, whole.trial, stage, *rows))
        for stage in range(len(names))
    ]  # fmt: skip
    figures = {"whole trials in the kernel: replicates per second": round(1e6 / marks[-1])}
    for name, before, now in zip(names, [0.0, *marks], marks, strict=False):
        figures[f"  {name}, microseconds"] = round(now - before, 2)
    words = best(lambda: trial.words_alone(many, *key, whole.trial, False))
    normals = best(lambda: trial.words_alone(many, *key, whole.trial, True))
    figures["  their random words alone: replicates per second"] = round(1e6 / words)
    figures["  with the noise normals: replicates per second"] = round(1e6 / normals)
    figures["  share of the limit by words"] = round(words / marks[-1], 2)
    figures["  share of the limit by words and normals"] = round(normals / marks[-1], 2)
    batch = best(lambda: whole.batch(0, many).digest())
    figures["  as batches with their hash: replicates per second"] = round(1e6 / batch)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="For each figure, about.")
    parser.add_argument("--format", choices=["text", "json"], default="text")
    given = parser.parse_args()
    load_before = os.getloadavg()[0]
    found = proportions(1_000_000)
    assert abs(found.rejects.value - EXACT_POWER) < 3 * found.rejects.error, found.rejects
    survival(10)
    compiled, plain = (
        rate(run, 1_000, given.seconds) for run in (proportions, proportions_in_numpy)
    )
    curves = rate(survival, 100, given.seconds)
    curves_plain = rate(survival_in_numpy, 10, given.seconds)
    faster, dearer = two_threads(int(compiled))
    figures: dict[str, float] = {
        "two proportions, n = 200, one look: replicates per second": round(compiled),
        "the same patient by patient in NumPy: replicates per second": round(plain),
        "ratio to NumPy, two proportions": round(compiled / plain, 1),
        "two threads against one, by the wall (needs two idle cores)": round(faster, 2),
        "two threads against one, processor time (1 is no waste)": round(dearer, 2),
        "two survival curves, n = 200, two looks: replicates per second": round(curves),
        "the same patient by patient in NumPy: trials per second": round(curves_plain),
        "ratio to NumPy, survival": round(curves / curves_plain, 1),
    }
    for trial_name in ("nct07312656", "example-hypertension"):
        protocol = load_protocol(shipped_protocol(trial_name))
        simulator = Simulator(protocol, scenarios(protocol)[0].assumptions, 1)
        for name, figure in stages(simulator, given.seconds).items():
            figures[f"{trial_name}: {name}"] = figure
        lean = Simulator(protocol, scenarios(protocol)[0].assumptions, 1, numbers=2)
        figures[f"{trial_name}: replicates per second on arrays, second scheme"] = stages(
            lean, given.seconds
        )["replicates per second"]
        if lean.whole is not None:
            for name, figure in whole_trials(lean, given.seconds).items():
                figures[f"{trial_name}: {name.strip()}"] = figure
        asked, taken = words_of_a_replicate(simulator)
        figures[f"{trial_name}: random words a replicate"] = asked
        figures[f"{trial_name}: these words alone, ms"] = round(taken, 2)
    figures["load average before"] = round(load_before, 1)
    figures["load average after"] = round(os.getloadavg()[0], 1)
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"
    if given.format == "json":
        print(json.dumps({"date": today, "machine": machine, "figures": figures}))
        return
    print(f"{today}, {machine}, one thread, processor time")
    for label, figure in figures.items():
        print(f"{figure:>14,} {label}")


if __name__ == "__main__":
    main()

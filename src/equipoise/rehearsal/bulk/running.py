"""Running many replicates: in this process or in several, in batches that are added up in their order."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from equipoise.analysis.results import RATIOS
from equipoise.protocol.document import Protocol

from ..assumptions import RehearsalAssumptions
from .operating import (
    BATCH,
    PILOT,
    Batch,
    Characteristics,
    Potential,
    Tally,
    batch_of,
    batches,
    compared,
    pooled,
    potential_outcomes,
    truth_of,
)
from .replicates import Simulator
from .scenarios import Scenario

if TYPE_CHECKING:
    from .whole import WholeTrials

Each = Callable[[Batch], None]
"""Told every batch in order."""
Progress = Callable[[int], None]
"""Told how many replicates have been added."""

CHECKED = 4
"""Replicates that are computed on arrays as well before a kernel is believed."""
_ATTEMPTS = 3
"""How often a batch is computed anew after the process that computed it was killed."""


class SimulationError(RuntimeError):
    """The simulation could not be finished; one line says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a process gives back for a batch."""

    batch: Batch
    measures: tuple[str, ...]
    potential: Potential | None


_simulator: Simulator | None = None


def _prepare(
    protocol: Protocol, assumptions: RehearsalAssumptions, seed: int, numbers: int
) -> None:
    global _simulator
    _simulator = Simulator(protocol, assumptions, seed, numbers=numbers)


def _compute(replicates: Sequence[int], pilot: bool) -> Part:
    assert _simulator is not None
    return compute(_simulator, replicates, pilot)


def compute(simulator: Simulator, replicates: Sequence[int], pilot: bool) -> Part:
    """One batch; with the potential outcomes of its participants where it belongs to the pilot."""
    whole = simulator.whole
    if whole is not None:
        first, many = replicates[0], len(replicates)
        if pilot:
            batch, sums = whole.with_potential(first, many)
            return Part(batch, whole.measures, sums)
        return Part(whole.batch(first, many), whole.measures, None)
    simulated, potential = [], []
    for replicate in replicates:
        arrays = simulator.generate(replicate)
        followed = simulator.followed(arrays)
        simulated.append(simulator.analyze(arrays, followed))
        if pilot:
            potential.append(potential_outcomes(simulator, arrays, followed))
    measures = tuple(c.measure for analysis in simulated[0].final for c in analysis.comparisons)
    return Part(batch_of(simulated, simulator.plan), measures, pooled(potential) if pilot else None)


def _parts(
    simulator: Simulator,
    work: Sequence[tuple[range, bool]] | Iterator[tuple[range, bool]],
    workers: int,
) -> Iterator[Part]:
    """The batches in their order, a bounded number of them ahead of their turn."""
    if workers == 1:
        for replicates, pilot in work:
            yield compute(simulator, replicates, pilot)
        return
    waiting = iter(work)
    ahead: list[tuple[tuple[range, bool], int, Future[Part] | None]] = []
    pool = _Pool(simulator, workers)
    try:
        while True:
            while len(ahead) < 2 * workers:
                following = next(waiting, None)
                if following is None:
                    break
                ahead.append((following, 1, _submitted(pool, following)))
            if not ahead:
                return
            task, attempt, future = ahead.pop(0)
            try:
                if future is None:
                    raise BrokenProcessPool
                part = future.result()
            except BrokenProcessPool as error:
                if attempt == _ATTEMPTS:
                    raise SimulationError(
                        f"a worker was killed {_ATTEMPTS} times at replicate {task[0].start}: is there "
                        "memory enough for so many workers?"
                    ) from error
                pool.end()
                pool = _Pool(simulator, workers)
                ahead.insert(0, (task, attempt + 1, None))
                ahead = [(one, tries, _submitted(pool, one)) for one, tries, _ in ahead]
                continue
            yield part
    finally:
        pool.end()


def _in_threads(
    simulator: Simulator, work: Iterator[tuple[range, bool]], workers: int
) -> Iterator[Part]:
    """The batches in their order where a kernel computes them: it runs without the interpreter's lock, and threads
    need neither a start nor tables of their own."""
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[Part]] = deque()
        for replicates, pilot in work:
            ahead.append(pool.submit(compute, simulator, replicates, pilot))
            if len(ahead) >= 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _computed(
    simulator: Simulator, work: Iterator[tuple[range, bool]], workers: int, scheduler: str | None
) -> Iterator[Part]:
    if scheduler is None and simulator.whole is not None and workers > 1:
        return _in_threads(simulator, work, workers)
    if scheduler is None:
        return _parts(simulator, work, workers)
    # Dask is an extra, and takes a second to import
    from .scheduler import parts_from

    return parts_from(scheduler, simulator, work)


def _submitted(pool: ProcessPoolExecutor, task: tuple[range, bool]) -> Future[Part] | None:
    """The batch under way; None where the pool has just been found broken."""
    try:
        return pool.submit(_compute, *task)
    except BrokenProcessPool:
        return None


class _Spawning(SpawnContext):
    """Remembers the processes that a pool begins."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[BaseProcess] = []

    def Process(self, *given: Any, **named: Any) -> BaseProcess:  # type: ignore[override]  # noqa: N802
        """A process of the pool."""
        process = SpawnContext.Process(*given, **named)
        self.begun.append(process)
        return process


class _Pool(ProcessPoolExecutor):
    """A pool whose processes can be ended at once.

    A process that is killed while it waits for work takes the queue's lock with it. The others then wait for
    ever, and so does whoever waits for them, if the pool is shut down before it has seen that one is dead.
    """

    def __init__(self, simulator: Simulator, workers: int) -> None:
        self._spawning = _Spawning()
        super().__init__(
            workers,
            mp_context=self._spawning,
            initializer=_prepare,
            initargs=(simulator.protocol, simulator.assumptions, simulator.seed, simulator.numbers),
        )

    def end(self) -> None:
        """Take nothing more from its processes."""
        self.shutdown(wait=False, cancel_futures=True)
        for process in self._spawning.begun:
            process.kill()


def simulate(
    protocol: Protocol,
    scenario: Scenario,
    *,
    replicates: int,
    seed: int = 1,
    first: int = 0,
    numbers: int = 1,
    workers: int = 1,
    scheduler: str | None = None,
    each: Each | None = None,
    progress: Progress | None = None,
) -> Characteristics:
    """The operating characteristics of a protocol in one scenario.

    Replicate k of a seed is the one that `rehearse --seed S --replicate k` plays out, with the same scheme of random
    `numbers`. The figures are the same for any number of workers, and on those of a Dask `scheduler` (its address).
    Raises `AssumptionError` and `DesignError` for what cannot be simulated, and `SimulationError` where workers keep
    being killed or no scheduler can be had.
    """
    if replicates < 1 or workers < 1 or first < 0:
        raise ValueError("replicates and workers are at least 1, the first replicate at least 0")
    simulator = Simulator(protocol, scenario.assumptions, seed, numbers=numbers)
    comparisons = compared(simulator.analyses)
    held: list[Part] = []
    tally: Tally | None = None
    pilot_ends = first + min(replicates, PILOT)
    whole = simulator.whole
    if whole is not None:
        _check(whole, range(first, first + min(replicates, CHECKED)))
    work = (
        (part, part.start < pilot_ends)
        for part in batches(first, replicates, BATCH if whole is None else PILOT)
    )
    done = 0

    def add(part: Part) -> None:
        assert tally is not None
        tally.add(part.batch)
        if each is not None:
            each(part.batch)

    for part in _computed(simulator, work, workers, scheduler):
        done += part.batch.randomized.size
        if tally is None:
            held.append(part)
            if done >= min(replicates, PILOT):
                sums = pooled(one.potential or {} for one in held)
                measures = held[0].measures
                truths = [
                    truth_of(one, measure, sums) if scenario.effect else _no_effect(measure)
                    for one, measure in zip(comparisons, measures, strict=True)
                ]
                tally = Tally(protocol, simulator.plan, comparisons, measures, truths)
                for one in held:
                    add(one)
                held.clear()
        else:
            add(part)
        if progress is not None:
            progress(part.batch.randomized.size)
    assert tally is not None
    found = tally.characteristics(scenario.name, scenario.effect)
    return replace(found, computed=simulator.computed)


def _check(whole: WholeTrials, replicates: range) -> None:
    from .whole import DisagreementError

    try:
        whole.check(replicates)
    except DisagreementError as error:
        raise SimulationError(str(error)) from error


def _no_effect(measure: str) -> float:
    """The truth where the arms do not differ."""
    if measure == "none":
        return math.nan
    return 1.0 if measure in RATIOS else 0.0

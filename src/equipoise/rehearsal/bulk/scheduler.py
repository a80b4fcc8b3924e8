"""Batches computed by the workers of a Dask scheduler, on as many machines as it has.

Dask is an extra (`equipoise[scheduler]`). It sends pickled objects between machines: a scheduler belongs into a
network in which everybody may run code on everybody else's machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from equipoise.protocol.document import Protocol

from ..assumptions import RehearsalAssumptions
from .replicates import Simulator
from .running import Part, SimulationError, compute

_CONNECT_S = 10
_AHEAD = 2
"""Batches a thread has before it: one it computes and one that waits."""
_DECIDING = ("equipoise", "numpy", "numba", "scipy")
"""Figures are the same to the last bit where these are."""


@dataclass(frozen=True, slots=True)
class _Trial:
    """What a simulator is made of."""

    protocol: Protocol
    assumptions: RehearsalAssumptions
    seed: int
    numbers: int


_simulators: dict[str, Simulator] = {}
"""On a worker: the simulator of the simulation it works for, made once."""


def _computed(key: str, trial: _Trial, replicates: range, pilot: bool) -> Part:
    simulator = _simulators.get(key)
    if simulator is None:
        simulator = Simulator(trial.protocol, trial.assumptions, trial.seed, numbers=trial.numbers)
        _simulators.clear()
        _simulators[key] = simulator
    return compute(simulator, replicates, pilot)


def _software() -> dict[str, str]:
    return {name: version(name) for name in _DECIDING}


def parts_from(
    address: str, simulator: Simulator, work: Iterable[tuple[range, bool]]
) -> Iterator[Part]:
    """The batches in their order, whichever worker computed them; a killed worker's are computed by another.

    Raises `SimulationError` where nobody answers at the address, where workers run other software than this
    process, or where a batch kills its workers again and again.
    """
    try:
        from distributed import Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise SimulationError(
            "--scheduler: Dask is not installed; install equipoise[scheduler] here and on the workers"
        ) from None
    try:
        client = Client(address, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        raise SimulationError(
            f"--scheduler {address}: no scheduler answers there ({type(error).__name__}); start one with "
            "`dask scheduler`, and give its address, as tcp://127.0.0.1:8786"
        ) from error
    with client:
        try:
            yield from _parts(client, address, simulator, work)
        except KilledWorker as error:
            raise SimulationError(
                f"--scheduler {address}: a batch killed its workers again and again; have they memory enough?"
            ) from error
        except (CommClosedError, TimeoutError) as error:
            raise SimulationError(f"--scheduler {address}: the scheduler is gone") from error


def _parts(
    client: Any, address: str, simulator: Simulator, work: Iterable[tuple[range, bool]]
) -> Iterator[Part]:
    threads = _threads(client, address)
    trial = _Trial(simulator.protocol, simulator.assumptions, simulator.seed, simulator.numbers)
    scattered = client.scatter(trial, broadcast=True, hash=False)
    # A future's key is new each time: two simulations never share a worker's simulator.
    key = str(scattered.key)
    ahead: deque[Any] = deque()
    for replicates, pilot in work:
        ahead.append(client.submit(_computed, key, scattered, replicates, pilot, pure=False))
        if len(ahead) >= _AHEAD * threads:
            yield _taken(ahead)
    while ahead:
        yield _taken(ahead)


def _taken(ahead: deque[Any]) -> Part:
    """The oldest batch, which the cluster may then forget."""
    part: Part = ahead.popleft().result()
    return part


def _threads(client: Any, address: str) -> int:
    """How many batches the cluster computes at once; its workers have to run the software of this process."""
    threads: int = sum(client.nthreads().values())
    if not threads:
        raise SimulationError(
            f"--scheduler {address}: it has no workers; start one with `dask worker {address}`"
        )
    here = _software()
    for worker, there in client.run(_software, on_error="return").items():
        if isinstance(there, OSError):
            continue  # it died as it was asked; what it would have computed another one computes
        if isinstance(there, BaseException):
            raise SimulationError(
                f"--scheduler {address}: worker {worker} cannot run this Equipoise: {there}; install it there"
            )
        other = next((name for name in _DECIDING if there[name] != here[name]), None)
        if other is not None:
            raise SimulationError(
                f"--scheduler {address}: worker {worker} runs {other} {there[other]}, not {here[other]}; "
                "install the same versions everywhere"
            )
    return threads

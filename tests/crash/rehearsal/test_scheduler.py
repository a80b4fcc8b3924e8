"""A simulation spread over the workers of a Dask scheduler: the same figures to the last bit, a killed worker included."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from distributed import Client
from typer.testing import CliRunner

from equipoise.cli import main as command_line
from equipoise.rehearsal.bulk import Batch, SimulationError, scenarios, scheduler, simulate
from support.patience import PATIENCE
from support.played import SECOND_PROTOCOL, second_protocol

pytestmark = [
    pytest.mark.xdist_group("scheduler"),
    # a connection that Dask lost with a killed worker is closed when it is collected
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

_CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        first = next(iter(cluster.workers.values())).pid
        print(cluster.scheduler_address, first, flush=True)
        sys.stdin.read()
"""


@dataclass(frozen=True)
class Cluster:
    """Two workers, each a process of its own, which is begun anew when it is killed."""

    scheduler_address: str
    first_worker: int


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """In a process of its own, as a cluster is."""
    program = tmp_path_factory.mktemp("cluster") / "cluster.py"
    program.write_text(_CLUSTER, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        address, pid = process.stdout.readline().split()
        yield Cluster(address, int(pid))
        process.stdin.close()
        process.wait(PATIENCE)


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """What the connections leave is collected here and not in somebody else's test."""
    yield
    gc.collect()


def test_a_cluster_computes_what_one_process_computes_though_a_worker_is_killed(
    cluster: Cluster,
) -> None:
    protocol = second_protocol()
    scenario = scenarios(protocol)[0]
    alone = simulate(protocol, scenario, replicates=48, seed=7)
    seen: list[int] = []
    killed: list[int] = []

    def kill(batch: Batch) -> None:
        seen.append(batch.first)
        if not killed:
            os.kill(cluster.first_worker, signal.SIGKILL)
            killed.append(cluster.first_worker)

    address = cluster.scheduler_address
    found = simulate(protocol, scenario, replicates=48, seed=7, scheduler=address, each=kill)
    assert found == alone
    assert seen == list(range(0, 48, 16))
    assert len(killed) == 1


def test_workers_that_run_other_software_are_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client(cluster.scheduler_address, set_as_default=False) as client:
        client.wait_for_workers(2)
    monkeypatch.setattr(scheduler, "version", lambda name: "1.0")
    protocol = second_protocol()
    with pytest.raises(SimulationError, match=r"worker tcp://\S+ runs equipoise \S+, not 1\.0"):
        simulate(
            protocol, scenarios(protocol)[0], replicates=16, scheduler=cluster.scheduler_address
        )


def _nobody() -> str:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize("address", ["", "no address at all", "tcp://"])
def test_an_address_at_which_nobody_answers_gets_one_line(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = address or _nobody()
    monkeypatch.setattr(scheduler, "_CONNECT_S", 0.3)
    said = CliRunner().invoke(
        command_line,
        ["simulate", str(SECOND_PROTOCOL), "--replicates", "16", "--scheduler", address],
    )
    assert said.exit_code == 2
    assert f"--scheduler {address}: no scheduler answers there" in " ".join(said.output.split())
    assert "Traceback" not in said.output

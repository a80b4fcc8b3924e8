"""A server ends when it is told to, however early, and never serves on after its parent is gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from support.patience import PATIENCE

PROTOCOL = Path(__file__).resolve().parents[3] / "trials/example-hypertension/protocol.yaml"

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("server") / "home"
    words = ["rehearse", str(PROTOCOL), "--home", str(path), "--until", "randomized=0"]
    assert CliRunner().invoke(main, words).exit_code == 0
    return path


@pytest.fixture
def starting(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server that has just been started, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = "from equipoise.cli import main; main()"
    words = ["serve", "--home", str(home), "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process, port
    if process.poll() is None:
        process.kill()
        process.wait()
    process.stdout.close()


def _free(port: int) -> bool:
    """Whether nobody listens any more, in time."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("seconds", [1.0, 1.5, 2.0] if DEEP else [1.5])
def test_interrupted_before_its_first_page_it_ends(
    starting: tuple[subprocess.Popen[str], int], seconds: float
) -> None:
    """Whether its own start, the serving process's start, or the first page is what is interrupted."""
    process, port = starting
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    # before it heeds signals, Python itself ends with the signal
    assert process.wait(timeout=PATIENCE) in (0, 130, -signal.SIGINT)
    assert _free(port)


def test_where_it_serves_is_said_when_it_answers_and_killed_outright_it_leaves_nobody_serving(
    starting: tuple[subprocess.Popen[str], int],
) -> None:
    process, port = starting
    assert process.stdout is not None
    assert f"127.0.0.1:{port}" in process.stdout.readline()
    with socket.create_connection(("127.0.0.1", port)):
        pass
    process.kill()
    process.wait()
    assert _free(port)

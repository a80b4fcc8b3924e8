"""`equipoise demo` plays the whole first trial, prints its result, and the same one every time."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.home import Home
from support.other_python import needs_other_python, other_python
from support.patience import PATIENCE
from support.played import whole_trial

SOURCE = Path(__file__).resolve().parents[3] / "src"
pytestmark = pytest.mark.xdist_group("whole-rehearsal")


def demo(python: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The demonstration without the web application, in a process of its own, nobody watching."""
    command = [
        python, "-c", "from equipoise.cli import main; main()", "demo", "--no-serve", "--home",
        str(home), "--format", "json",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demonstration is played."""
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def played(home: Path) -> subprocess.CompletedProcess[str]:
    """The demonstration, played once."""
    return demo(sys.executable, home)


def numbers(ran: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What was printed, less the place it was played in."""
    printed = json.loads(ran.stdout)
    del printed["home"]
    return dict(printed)


def test_the_result_is_one_json_object_and_nothing_else(
    played: subprocess.CompletedProcess[str], home: Path
) -> None:
    """Counts, root and primary result; no bar and no word besides, on either stream."""
    assert played.stderr == ""
    assert played.stdout.count("\n") == 1
    printed = json.loads(played.stdout)
    assert printed["home"] == str(home)
    assert printed["randomized"] == 200
    assert printed["sites"] == 3
    assert printed["finished"] is True
    assert printed["screened"] > 200
    assert printed["events"] > 20_000
    assert len(bytes.fromhex(printed["ledger_root"])) == 32
    primary = printed["primary"]
    assert -1 <= primary["lower"] < primary["estimate"] < primary["upper"] <= 1


def test_the_home_holds_what_was_printed(
    played: subprocess.CompletedProcess[str], home: Path
) -> None:
    """The ledger on the disk is whole and ends at the printed root."""
    printed = json.loads(played.stdout)
    with Home.open(home) as opened:
        trial = opened.trial()
        assert trial.ledger.root() == printed["ledger_root"]
        assert trial.ledger.head().seq == printed["events"]
        assert trial.state.randomized == printed["randomized"]
        assert trial.state.screened == printed["screened"]


def test_the_same_root_a_second_time(played: subprocess.CompletedProcess[str]) -> None:
    """Played again, in another process and in memory, it is the same ledger to the last byte."""
    trial, _, again = whole_trial()
    printed = json.loads(played.stdout)
    assert trial.ledger.root() == printed["ledger_root"]
    assert again.events == printed["events"]


@needs_other_python
def test_another_python_prints_the_same(
    played: subprocess.CompletedProcess[str], tmp_path: Path
) -> None:
    """Every number, the ledger's root and the primary result included, on another version of Python."""
    assert numbers(demo(other_python(), tmp_path / "home")) == numbers(played)


def test_a_taken_port_is_told_before_anything_is_played(tmp_path: Path) -> None:
    """Nobody waits for a rehearsal that cannot be shown."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        result = CliRunner().invoke(
            main, ["demo", "--port", str(port), "--home", str(tmp_path / "home")]
        )
    assert result.exit_code == 2
    assert "choose another --port" in result.output
    assert not (tmp_path / "home").exists()


@pytest.mark.thorough
def test_served_the_clock_stands_on_the_day_on_which_143_are_randomized(tmp_path: Path) -> None:
    """The result is all that is printed on standard output; the page is there when it says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-c", "from equipoise.cli import main; main()", "demo", "--port", str(port),
        "--home", str(tmp_path / "home"), "--format", "json",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            printed = json.loads(process.stdout.readline())
            told = []
            while not told or "Serving" not in told[-1]:
                line = process.stderr.readline()
                assert line, "".join(told)
                told.append(line)
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/sign-in/", timeout=PATIENCE
            ) as page:
                assert page.status == 200
                assert printed["day"] in page.read().decode()
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=PATIENCE)
    assert rest == ""
    assert not printed["finished"]
    with Home.open(tmp_path / "home") as home:
        trial = home.trial()
        allocated = [
            event.server_time for event, _ in trial.events(types=["ParticipantRandomized"])
        ]
        assert len(allocated) == printed["randomized"]
        # the day on which the 143rd was randomized is the last one, and it is played whole
        assert allocated[142][:10] == allocated[-1][:10]
        assert trial.state.recruitment_open
    roles = {line.split()[0] for line in told if line.startswith("  ")}
    assert {"role", "coordinator", "investigator", "pharmacist", "monitor", "statistician"} <= roles

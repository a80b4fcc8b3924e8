"""Thirty-two clients randomize while the web process and the keeper are killed again and again.

The process that holds the home stands for the web process: the same `Home` and `Trial`, ledger and
keeper, behind a socket instead of HTTP. EQUIPOISE_DEEP=1 randomizes 10,000, otherwise 300.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from equipoise.conduct import events as e
from equipoise.home import Home
from equipoise.keeper import FileKeeper
from equipoise.protocol.reading import load_protocol
from support.keepers import intact_blocks
from support.patience import PATIENCE
from support.plain_trial import fill, write_protocol

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))
PEOPLE, KILLS = (10_000, 60) if DEEP else (300, 8)
CLIENTS = 32

KEEPER = "import sys; from equipoise.cli import main; main(['keeper', 'serve', sys.argv[1]])"
HOLDER = """
import json, socketserver, sys
from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.home import Home
from support.plain_trial import AT, COORDINATOR

home = Home.open(sys.argv[1])
trial = home.trial()

class Client(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            participant, client_id = json.loads(line)
            command = c.Randomize(participant=participant)
            outcome = trial.do(command, COORDINATOR, at=AT, client_id=client_id)
            if isinstance(outcome, Refusal):
                answer = {"refused": [reason.code for reason in outcome.reasons]}
            else:
                answer = {"arm": outcome.answer["arm"], "number": outcome.answer["number"]}
            self.wfile.write(json.dumps(answer).encode() + b"\\n")

class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128

server = Server(sys.argv[2], Client)
print("ready", flush=True)
server.serve_forever()
"""


class Killable:
    """A process that comes back after every kill."""

    def __init__(self, code: str, *arguments: object) -> None:
        self._command = [sys.executable, "-c", code, *map(str, arguments)]
        self._process: subprocess.Popen[str] | None = None
        self.start()

    def start(self) -> None:
        paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "the process did not start"

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def randomized(path: Path, participant: str, deadline: float) -> dict[str, Any]:
    """Ask until an answer comes, under one client id, as a browser does that repeats a post."""
    line = json.dumps([participant, f"client-{participant}"]).encode() + b"\n"
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE)
            connection.connect(str(path))
            connection.sendall(line)
            answer: dict[str, Any] = json.loads(connection.makefile().readline())
            if "refused" not in answer:
                return answer
            assert answer["refused"] == ["keeper-unavailable"], answer
        time.sleep(random.uniform(0.001, 0.05))
    raise AssertionError(f"{participant} was never answered")


@pytest.mark.thorough
def test_no_duplicate_no_gap_and_no_block_out_of_balance(tmp_path: Path) -> None:
    protocol = write_protocol(tmp_path / "protocol.yaml")
    keeper_directory, home_path = tmp_path / "keeper", tmp_path / "home"
    keeper_directory.mkdir()
    FileKeeper.create(keeper_directory / "keeper.sqlite", load_protocol(protocol)).close()
    keeper = Killable(KEEPER, keeper_directory)
    with Home.create(home_path, protocol, keeper_socket=keeper_directory / "keeper.sock") as home:
        people = fill(home.trial(), PEOPLE)
    web_socket = tmp_path / "web.sock"
    web = Killable(HOLDER, home_path, web_socket)
    deadline = time.monotonic() + (40 * PATIENCE if DEEP else 5 * PATIENCE)

    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    random.Random(1).shuffle(people)
    for participant in people:
        waiting.put(participant)
    answers: dict[str, dict[str, Any]] = {}
    failures: list[BaseException] = []

    def client() -> None:
        try:
            with contextlib.suppress(queue.Empty):
                while True:
                    participant = waiting.get_nowait()
                    answers[participant] = randomized(web_socket, participant, deadline)
        except BaseException as error:
            failures.append(error)

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    killed = 0
    for turn in range(1, KILLS + 1):
        # Spread over the work: the next kill waits for its share of the answers.
        while len(answers) < PEOPLE * turn // (KILLS + 2) and not failures:
            time.sleep(0.002)
        victim = keeper if turn % 2 else web
        victim.kill()
        killed += 1
        if victim is web:
            web_socket.unlink(missing_ok=True)
        victim.start()
    for one in clients:
        one.join()
    web.kill()
    keeper.kill()
    assert failures == []
    assert killed == KILLS

    held = FileKeeper.open(keeper_directory / "keeper.sqlite")
    with Home.open(home_path) as home:
        archive = home.archive()
        assert home.trial().ledger.verify().ok
        in_ledger = {
            event.stream.partition("/")[2]: happening
            for event, happening in archive.events()
            if isinstance(happening, e.ParticipantRandomized)
        }
    assert set(in_ledger) == set(answers) == set(people)
    assert sorted(one.number for one in in_ledger.values()) == list(range(1, PEOPLE + 1))
    assert {p: (one.arm, one.number) for p, one in in_ledger.items()} == {
        p: (one["arm"], one["number"]) for p, one in answers.items()
    }
    by_stratum = defaultdict(list)
    for one in sorted(in_ledger.values(), key=lambda happening: happening.number):
        by_stratum[one.strata["site"]].append(one.arm)
    assert len(by_stratum) == 4
    assert all(intact_blocks(arms) for arms in by_stratum.values())
    reveal = held.reveal()
    assert reveal.problems() == []
    assert [(one.number, one.arm) for one in reveal.allocations] == [
        (one.number, one.arm)
        for one in sorted(in_ledger.values(), key=lambda happening: happening.number)
    ]
    held.close()

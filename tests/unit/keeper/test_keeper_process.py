"""A keeper in a process of its own: one clear error where it does not answer, and nothing half made."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from equipoise.keeper import (
    AbsentKeeper,
    FileKeeper,
    KeeperError,
    KeeperUnavailableError,
    RemoteKeeper,
    process,
)
from equipoise.keeper.process import FRAME_BYTES, answer_to, serve_keeper
from support.keepers import LEDGER, STRANGER, protocol, request, served, signed
from support.patience import PATIENCE


@pytest.fixture
def keeper(tmp_path: Path) -> FileKeeper:
    return FileKeeper.create(tmp_path / "keeper.sqlite", protocol(), LEDGER.public_hex)


def asker(path: Path, timeout: float = PATIENCE) -> RemoteKeeper:
    return RemoteKeeper(path, "t1", LEDGER.public_hex, timeout=timeout)


def test_where_nobody_listens_the_trial_is_told_so(tmp_path: Path) -> None:
    remote = asker(tmp_path / "keeper.sock")
    for question in (remote.commitment, remote.bind, lambda: remote.allocate(request(1))):
        with pytest.raises(KeeperUnavailableError, match="cannot be reached: No such file"):
            question()


def test_a_restart_between_two_questions_is_not_noticed(keeper: FileKeeper, tmp_path: Path) -> None:
    path = tmp_path / "keeper.sock"
    with served(keeper, path) as remote:
        first = remote.allocate(request(1))
        other = asker(path)
        assert other.allocate(request(1)) == first
    with pytest.raises(KeeperUnavailableError):
        other.allocate(request(1))
    with served(keeper, path):
        assert other.allocate(request(1)) == first
        assert other.allocate(request(2)).number == 2


def test_an_answer_lost_on_the_way_is_got_by_asking_again(
    keeper: FileKeeper, tmp_path: Path
) -> None:
    """The keeper had answered; whoever asked died. The same request gets that answer."""
    path = tmp_path / "keeper.sock"
    with served(keeper, path) as remote:
        raw = socket.socket(socket.AF_UNIX)
        raw.connect(str(path))
        one = request(1)
        message = json.dumps(
            {
                "ask": "allocate", "id": 1, "trial": "t1", "request": one.request,
                "participant": one.participant, "strata": one.strata,
                "eligibility": one.eligibility.as_document(),
            }
        ).encode()  # fmt: skip
        raw.sendall(len(message).to_bytes(4, "big") + message)
        assert raw.recv(4), "the answer is on its way"
        raw.close()
        assert remote.allocate(request(1)).number == 1
        assert remote.allocate(request(2)).number == 2
    assert keeper.reveal().problems() == []


def until_the_end(connection: socket.socket) -> bytes:
    """All that comes before the other side hangs up, which it may do in the middle of our talk."""
    received = b""
    while True:
        try:
            part = connection.recv(4096)
        except ConnectionResetError:
            return received
        if not part:
            return received
        received += part


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x00\x00\x00",
        (FRAME_BYTES + 1).to_bytes(4, "big"),
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x02[]",
        b"\x00\x00\x00\x03abc",
        b"\x00\x00\x00\x02\xff\xfe",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x00\xff\xff" + b"[" * 0xFFFF,
    ],
)
def test_what_is_no_frame_ends_that_connection_and_no_other(
    keeper: FileKeeper, tmp_path: Path, sent: bytes
) -> None:
    with served(keeper, tmp_path / "keeper.sock") as remote:
        remote.commitment()
        raw = socket.socket(socket.AF_UNIX)
        raw.settimeout(PATIENCE)
        raw.connect(str(tmp_path / "keeper.sock"))
        raw.sendall(sent)
        assert b'"ok":true' not in until_the_end(raw)
        raw.close()
        assert remote.allocate(request(1)).number == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"\x00\x00\x00\x00", "a frame of 0 bytes is none"),
        (b"\x00\x00\x00\x01{", "holds no JSON"),
        (b"\x00\x00\x00\x03abc", "holds no JSON"),
        (b"\x00\x00\x00\x02\xff\xfe", "holds no JSON"),
        (b"\x00\x00\x00\x02[]", "holds no object"),
        (b"\x00\x00\x00\x09{}", "ended within a frame"),
    ],
)
def test_what_is_no_frame_is_told_so(
    keeper: FileKeeper, tmp_path: Path, sent: bytes, said: str
) -> None:
    with served(keeper, tmp_path / "keeper.sock"), socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(PATIENCE)
        raw.connect(str(tmp_path / "keeper.sock"))
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        assert said in json.loads(until_the_end(raw)[4:])["error"]


def test_frames_that_come_in_pieces_and_together_are_told_apart(
    keeper: FileKeeper, tmp_path: Path
) -> None:
    def frame(number: int) -> bytes:
        content = json.dumps({"ask": "commitment", "id": number, "trial": "t1"}).encode()
        return len(content).to_bytes(4, "big") + content

    with served(keeper, tmp_path / "keeper.sock"), socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(PATIENCE)
        raw.connect(str(tmp_path / "keeper.sock"))
        raw.sendall(frame(1)[:3])
        time.sleep(0.05)
        raw.sendall(frame(1)[3:20])
        time.sleep(0.05)
        raw.sendall(frame(1)[20:] + frame(2) + frame(3))
        raw.shutdown(socket.SHUT_WR)
        received, ids = until_the_end(raw), []
        while received:
            length = int.from_bytes(received[:4], "big")
            ids.append(json.loads(received[4 : 4 + length])["id"])
            received = received[4 + length :]
        assert ids == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ask": "reveal"}, "nothing a keeper can be asked"),
        ({"ask": None}, "nothing a keeper can be asked"),
        ({"ask": ["allocate"]}, "nothing a keeper can be asked"),
        ({"strata": None}, "a level is expected"),
        ({"strata": {"site": 1}}, "a level is expected"),
        ({"request": 7}, "request: a text is expected"),
        ({"participant": ""}, "a name and a participant"),
        ({"eligibility": None}, "none came with the request"),
        ({"eligibility": {"event": "{}"}}, "none came with the request"),
        ({"eligibility": {"event": "{}", "previous": "", "signature": ""}}, "signature"),
        ({"trial": "t2"}, "holds t1, not t2"),
    ],
)
def test_every_unsound_question_gets_one_line(
    keeper: FileKeeper, change: dict[str, Any], said: str
) -> None:
    one = request(1)
    question = {
        "ask": "allocate", "id": 9, "trial": "t1", "request": one.request,
        "participant": one.participant, "strata": one.strata,
        "eligibility": one.eligibility.as_document(),
    }  # fmt: skip
    answer = answer_to(keeper, {**question, **change})
    assert (answer["id"], answer["ok"]) == (9, False)
    assert said in answer["error"]
    assert "\n" not in answer["error"]
    assert answer_to(keeper, question)["number"] == 1


def test_a_keeper_that_hangs_is_given_up(tmp_path: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "keeper.sock"))
    listener.listen()
    with pytest.raises(KeeperUnavailableError, match=r"no answer within 0\.2 seconds"):
        asker(tmp_path / "keeper.sock", timeout=0.2).commitment()
    listener.close()


def test_a_keeper_that_hangs_is_not_asked_a_second_time_at_once(tmp_path: Path) -> None:
    """Whoever waits holds up everybody who writes: one timeout has to be enough."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "keeper.sock"))
    listener.listen()
    remote = asker(tmp_path / "keeper.sock", timeout=2)

    def answer_once() -> None:
        connection, _address = listener.accept()
        connections.append(connection)
        connection.recv(4096)
        content = b'{"hash":"h","id":1,"ok":true,"source":"s"}'
        connection.sendall(len(content).to_bytes(4, "big") + content)

    connections: list[socket.socket] = []
    thread = threading.Thread(target=answer_once)
    thread.start()
    assert remote.commitment().hash == "h"
    thread.join()
    with pytest.raises(KeeperUnavailableError, match="no answer within"):
        remote.commitment()
    listener.setblocking(False)
    with pytest.raises(BlockingIOError):
        listener.accept()
    for one in (*connections, listener):
        one.close()


@pytest.mark.parametrize("answer", [b"", b"\x00\x00\x00\x02{}", b'\x00\x00\x00\x0a{"id":99}  '])
def test_an_answer_to_another_question_is_none(tmp_path: Path, answer: bytes) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "keeper.sock"))
    listener.listen()

    def respond() -> None:
        connection, _address = listener.accept()
        connection.recv(4096)
        connection.sendall(answer)
        connection.close()

    thread = threading.Thread(target=respond)
    thread.start()
    with pytest.raises(KeeperUnavailableError, match=r"broke off|cannot be reached"):
        asker(tmp_path / "keeper.sock").commitment()
    thread.join()
    listener.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b'\x00\x00\x00\x0a{"id":99}  ', "broke off"), (b"", "gave no answer")],
)
def test_a_connection_that_gave_no_answer_or_another_is_not_asked_again(
    tmp_path: Path, answer: bytes, said: str
) -> None:
    """What comes over it next may be the answer to any question before."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "keeper.sock"))
    listener.listen()
    held: list[socket.socket] = []

    def respond() -> None:
        for _ in range(2):
            connection, _address = listener.accept()
            held.append(connection)
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=respond, daemon=True)
    thread.start()
    with closing(asker(tmp_path / "keeper.sock", timeout=PATIENCE if answer else 0.5)) as one:
        for _ in range(2):
            with pytest.raises(KeeperUnavailableError, match=said):
                one.commitment()
    thread.join(PATIENCE)
    assert len(held) == 2, "the second question came over a new connection"
    for connection in (listener, *held):
        connection.close()


def test_the_socket_is_open_to_its_owner_only_and_a_second_process_is_refused(
    keeper: FileKeeper, tmp_path: Path
) -> None:
    path = tmp_path / "keeper.sock"
    with served(keeper, path):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        second = FileKeeper.open(tmp_path / "keeper.sqlite")
        with pytest.raises(KeeperError, match="another process answers"):
            serve_keeper(second, tmp_path / "other.sock")
        assert asker(path).commitment() == keeper.commitment()
    assert not path.exists()


def test_a_keeper_whose_socket_was_taken_away_ends_quietly(
    keeper: FileKeeper, tmp_path: Path
) -> None:
    with served(keeper, tmp_path / "keeper.sock"):
        (tmp_path / "keeper.sock").unlink()
    assert stat.S_IMODE((tmp_path / "keeper.lock").stat().st_mode) == 0o600


def test_who_says_nothing_for_long_is_not_waited_for(
    keeper: FileKeeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("equipoise.keeper.process._IDLE_SECONDS", 0.05)
    with served(keeper, tmp_path / "keeper.sock"), socket.socket(socket.AF_UNIX) as silent:
        silent.settimeout(PATIENCE)
        silent.connect(str(tmp_path / "keeper.sock"))
        assert silent.recv(1) == b"", "the keeper hangs up"


def test_connections_that_ended_are_forgotten(
    keeper: FileKeeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keeper runs for years, and is asked anew by every process that opens the home."""
    made: list[process._Server] = []

    class Watched(process._Server):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr("equipoise.keeper.process._Server", Watched)
    path = tmp_path / "keeper.sock"
    with served(keeper, path):
        for _ in range(3):
            one = asker(path)
            assert one.commitment() == keeper.commitment()
            assert made[0]._open
            one.close()
        until = time.monotonic() + PATIENCE
        while made[0]._open and time.monotonic() < until:
            time.sleep(0.01)
        assert not made[0]._open


def test_files_made_after_the_socket_get_the_mode_they_had_before(
    keeper: FileKeeper, tmp_path: Path
) -> None:
    before = os.umask(0o027)
    try:
        with served(keeper, tmp_path / "keeper.sock"):
            assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_where_no_keeper_is_every_question_is_answered_with_the_reason() -> None:
    absent = AbsentKeeper(KeeperUnavailableError("lost in a fire"))
    for question in (absent.commitment, lambda: absent.allocate(request(1))):
        with pytest.raises(KeeperUnavailableError, match="lost in a fire"):
            question()
    absent.close()


def test_a_socket_left_by_a_killed_keeper_is_replaced(keeper: FileKeeper, tmp_path: Path) -> None:
    path = tmp_path / "keeper.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with served(keeper, path) as remote:
        assert remote.commitment() == keeper.commitment()


def test_another_ledger_is_not_bound(keeper: FileKeeper, tmp_path: Path) -> None:
    with served(keeper, tmp_path / "keeper.sock", STRANGER.public_hex) as remote:
        with pytest.raises(KeeperError, match="bound to the ledger"):
            remote.bind()
        with pytest.raises(KeeperError, match="signature"):
            remote.allocate(request(1, eligibility=signed("01-0001", signer=STRANGER)))


def test_the_command_answers_until_it_is_told_to_stop(keeper: FileKeeper, tmp_path: Path) -> None:
    keeper.close()
    command = [sys.executable, "-c", "from equipoise.cli import main; main()"]
    with subprocess.Popen(
        [*command, "keeper", "serve", str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert "keeper of t1" in process.stdout.readline()
        assert asker(tmp_path / "keeper.sock").allocate(request(1)).number == 1
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert not (tmp_path / "keeper.sock").exists()

"""What mutants of the keeper asked for: limits to the byte, the exact words, what the status tells."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import re
import socket
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from equipoise.keeper import FileKeeper, KeeperError, RemoteKeeper, serve_keeper
from equipoise.keeper.book import Question, scheme_declared
from equipoise.keeper.escrow import Share, new_set, split
from equipoise.keeper.process import FrameError, _receive, _send
from equipoise.keeper.reveal import Reveal
from equipoise.ledger.envelope import canonical_json
from equipoise.protocol.document import PermutedBlocks, Randomization
from support.keepers import LEDGER, STRANGER, protocol, request, served, signed
from support.patience import PATIENCE

FRAME = 65536
"""Bytes of the longest message between trial and keeper."""


def kept(path: Path) -> FileKeeper:
    return FileKeeper.create(path / "keeper.sqlite", protocol())


def test_a_scheme_that_cannot_be_kept_is_named_with_its_trial() -> None:
    """Blocks of three cannot hold two arms in equal parts."""
    blocks = PermutedBlocks(type="permuted_blocks", sizes=[3])
    odd = Randomization(ratio={"spray": 1, "control": 1}, scheme=blocks, strata=[])
    with pytest.raises(KeeperError, match=r"^the randomization of t1 cannot be kept: "):
        scheme_declared(protocol().model_copy(update={"randomization": odd}))


def test_a_signed_text_that_is_no_event_opens_nothing() -> None:
    """The ledger's signature under something else is no eligibility decision."""
    from equipoise.ledger.signing import attestation

    text = replace(signed("01-0001"), event="no JSON")
    text = replace(text, signature=LEDGER.sign(attestation("eligibility", text.hash)))
    with pytest.raises(KeeperError, match="it is no event"):
        text.check("t1", "01-0001", LEDGER.public_hex, None)


def test_a_share_says_of_how_many_it_is_and_a_sealing_has_a_short_name() -> None:
    disclosed = Reveal("07" * 32, "hmac-sha256", {}, ())
    for share in split("t1", disclosed, "a"):
        assert share.as_document()["of"] == 2
        assert Share.from_document(share.as_document()) == share
    assert re.fullmatch("[0-9a-f]{16}", new_set())
    assert new_set() != new_set()


def test_the_first_line_of_the_log_follows_sixty_four_zeros(tmp_path: Path) -> None:
    """So that anybody can recompute the log's chain from its beginning."""
    kept(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "keeper.sqlite")) as database:
        *line, hash_ = database.execute("SELECT * FROM log ORDER BY 1 LIMIT 1").fetchone()
    assert line[0] == 1
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    begun = f"equipoise-keeper-1|{'0' * 64}|{text}"
    assert hash_ == hashlib.sha256(begun.encode()).hexdigest()


def test_a_line_written_meanwhile_by_another_process_is_taken_in_and_written_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = kept(tmp_path)
    other = FileKeeper.open(tmp_path / "keeper.sqlite", "t1")
    catch_up, times = one._catch_up, iter([True, False, False, False])

    def overtaken() -> None:
        catch_up()
        if next(times):
            other.bind(LEDGER.public_hex)

    monkeypatch.setattr(one, "_catch_up", overtaken)
    one.escrow("a")
    monkeypatch.undo()
    other.close()
    assert one.status().public_key == LEDGER.public_hex
    assert one.status().escrowed


def test_a_log_that_cannot_be_written_is_told_with_its_file(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    keeper._connected().execute("PRAGMA query_only=ON")
    with pytest.raises(KeeperError, match=r"keeper\.sqlite: the log could not be written: "):
        keeper.bind(LEDGER.public_hex)


def test_the_status_tells_of_a_sealing_at_once_and_after_the_next_start(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    keeper.bind(LEDGER.public_hex)
    assert not keeper.status().escrowed
    keeper.escrow("a")
    assert keeper.status().escrowed
    keeper.close()
    again = FileKeeper.open(tmp_path / "keeper.sqlite", "t1")
    assert again.status().escrowed
    with closing(sqlite3.connect(tmp_path / "keeper.sqlite")) as database:
        (lines,) = database.execute("SELECT count(*) FROM log").fetchone()
    assert again.status().lines == lines
    assert re.fullmatch("[0-9a-f]{64}", again.status().log_hash)


def test_the_file_is_the_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        kept(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keeper.sqlite").stat().st_mode) == 0o600


def test_a_file_that_came_from_elsewhere_is_the_owners_alone_once_it_is_opened(
    tmp_path: Path,
) -> None:
    """A copy brought back from other storage may have lost its mode on the way."""
    kept(tmp_path).close()
    file = tmp_path / "keeper.sqlite"
    file.chmod(0o644)
    FileKeeper.open(file, "t1").close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def lines(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "keeper.sqlite")) as database:
        return [row[0] for row in database.execute("SELECT kind FROM log ORDER BY number")]


def test_every_line_of_the_log_is_on_the_disk_when_it_is_answered(tmp_path: Path) -> None:
    connection = kept(tmp_path)._connected()
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_what_another_process_did_meanwhile_is_known_to_whoever_asks_next(tmp_path: Path) -> None:
    """Nothing is bound, accepted or revealed a second time, and the status tells of all of it."""
    one = kept(tmp_path)
    other = FileKeeper.open(tmp_path / "keeper.sqlite", "t1")
    other.bind(STRANGER.public_hex)
    with pytest.raises(KeeperError, match="is bound to the ledger with the key"):
        one.bind(LEDGER.public_hex)
    amended = protocol(purpose="prevention")
    assert amended.version != protocol().version
    other.accept(amended)
    one.accept(amended)
    assert lines(tmp_path) == ["version", "bound", "version"]
    assert one.status().versions == (protocol().version, amended.version)
    other.escrow("a")
    assert one.status().escrowed
    other.reveal()
    one.reveal()
    assert lines(tmp_path) == ["version", "bound", "version", "escrowed", "revealed"]
    assert one.status().lines == 5


def test_a_past_is_not_restored_once_another_process_has_allocated(tmp_path: Path) -> None:
    one = kept(tmp_path)
    other = FileKeeper.open(tmp_path / "keeper.sqlite", "t1")
    other.bind(LEDGER.public_hex)
    other.allocate(request(1))
    with pytest.raises(KeeperError, match="holds 1 allocations already"):
        one.restore([])


def test_a_past_that_cannot_be_written_whole_is_not_written_and_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = request(1), request(2)
    with closing(FileKeeper.create(tmp_path / "first.sqlite", protocol(), seed=b"s" * 32)) as first:
        first.bind(LEDGER.public_hex)
        arms = [first.allocate(one).arm for one in given]
    past = [
        (Question(one.request, one.participant, dict(one.strata)), arm)
        for one, arm in zip(given, arms, strict=True)
    ]
    keeper = FileKeeper.create(tmp_path / "keeper.sqlite", protocol(), seed=b"s" * 32)
    write, before = keeper._write, lines(tmp_path)

    def full(kind: str, content: Any, number: int, *named: Any) -> None:
        if number == 2:
            raise KeeperError("the disk is full")
        write(kind, content, number, *named)

    monkeypatch.setattr(keeper, "_write", full)
    with pytest.raises(KeeperError, match="the disk is full"):
        keeper.restore(past)
    monkeypatch.undo()
    assert lines(tmp_path) == before
    other = FileKeeper.open(tmp_path / "keeper.sqlite", "t1")
    other.bind(LEDGER.public_hex)
    keeper.restore(past)
    assert other.status().allocations == keeper.status().allocations == 2


def test_a_keeper_that_was_closed_or_could_not_be_opened_holds_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def watched(*place: Any, **given: Any) -> sqlite3.Connection:
        opened.append(connect(*place, **given))
        return opened[-1]

    monkeypatch.setattr("equipoise.keeper.file.sqlite3.connect", watched)
    kept(tmp_path).close()
    with pytest.raises(KeeperError, match="holds t1; name one of them"):
        FileKeeper.open(tmp_path / "keeper.sqlite", "t2")
    (tmp_path / "text").write_text("no database " * 100)
    with pytest.raises(KeeperError, match="this is no keeper's file"):
        FileKeeper.open(tmp_path / "text", "t1")
    assert len(opened) == 3
    for connection in opened:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.execute("SELECT 1")


def test_a_reveal_names_an_allocation_out_of_place_and_an_arm_the_seed_does_not_give(
    tmp_path: Path,
) -> None:
    keeper = kept(tmp_path)
    keeper.bind(LEDGER.public_hex)
    for n in (1, 2, 3):
        keeper.allocate(request(n))
    whole = keeper.reveal()
    assert whole.problems() == []
    first, second, third = whole.allocations
    renumbered = replace(whole, allocations=(first, replace(second, number=7), third))
    assert renumbered.problems() == ["allocation 2: it carries number 7"]
    other = "control" if third.arm == "spray" else "spray"
    rearmed = replace(whole, allocations=(first, second, replace(third, arm=other)))
    assert rearmed.problems() == [
        f"allocation 3 (t1/3): {other} was given, seed and scheme give {third.arm}"
    ]


def test_a_closed_keeper_says_so_before_it_looks_at_what_is_asked(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    keeper.bind(LEDGER.public_hex)
    keeper.close()
    for asked in (request(1), request(1, trial="t2")):
        with pytest.raises(KeeperError, match=r"keeper\.sqlite: the keeper is closed$"):
            keeper.allocate(asked)


def test_another_ledger_is_told_both_keys_by_their_first_sixteen_digits(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    keeper.bind(LEDGER.public_hex)
    here, there = LEDGER.public_hex[:16], STRANGER.public_hex[:16]
    words = f"this keeper is bound to the ledger with the key {here}…, not {there}…"
    with pytest.raises(KeeperError, match=f"^{re.escape(words)}$"):
        keeper.bind(STRANGER.public_hex)


# -- frames ----------------------------------------------------------------------------------------


@contextmanager
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        for end in (one, other):
            end.settimeout(PATIENCE)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * FRAME)
        yield one, other


def message_of(size: int) -> dict[str, str]:
    """A message whose frame holds so many bytes."""
    empty = len(canonical_json({"a": ""}).encode())
    return {"a": "x" * (size - empty)}


def test_the_longest_message_goes_through_and_one_byte_more_does_not() -> None:
    with pair() as (one, other):
        thread = threading.Thread(target=_send, args=(one, message_of(FRAME)))
        thread.start()
        assert _receive(other) == message_of(FRAME)
        thread.join()
        with pytest.raises(FrameError, match=f"a message of {FRAME + 1} bytes is too long"):
            _send(one, message_of(FRAME + 1))
        one.sendall((FRAME + 1).to_bytes(4, "big"))
        with pytest.raises(FrameError, match=f"a frame of {FRAME + 1} bytes is none"):
            _receive(other)


def test_a_connection_that_ends_after_a_header_ended_within_a_frame() -> None:
    """Between two frames it may end; once a length was said, it may not."""
    with pair() as (one, other):
        one.sendall((10).to_bytes(4, "big"))
        one.shutdown(socket.SHUT_WR)
        with pytest.raises(FrameError, match="the connection ended within a frame"):
            _receive(other)
    with pair() as (one, other):
        one.shutdown(socket.SHUT_WR)
        assert _receive(other) is None


def test_a_restart_is_not_noticed_by_who_asks_on_the_connection_of_before(tmp_path: Path) -> None:
    """The old connection is broken; a new one brings the answer at once, without an error in between."""
    path, keeper = tmp_path / "keeper.sock", kept(tmp_path)
    keeper.bind(LEDGER.public_hex)
    asker = RemoteKeeper(path, "t1", LEDGER.public_hex, timeout=PATIENCE)
    with served(keeper, path):
        first = asker.allocate(request(1))
    with served(keeper, path):
        assert asker.allocate(request(1)) == first
        assert asker.allocate(request(2)).number == 2


# -- the socket ------------------------------------------------------------------------------------


def test_where_no_socket_can_be_made_the_reason_is_told(tmp_path: Path) -> None:
    keeper = kept(tmp_path)
    nowhere = tmp_path / "none" / "keeper.sock"
    words = f"{nowhere}: no socket can be made there: No such file or directory"
    with pytest.raises(KeeperError, match=f"^{re.escape(words)}$"):
        serve_keeper(keeper, nowhere)
    far = tmp_path / ("x" * 200)
    with pytest.raises(KeeperError, match=r"no socket can be made there: .*too long"):
        serve_keeper(keeper, far)


def test_a_group_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeeperError, match=r"^--group no-such-group-here: "):
        serve_keeper(kept(tmp_path), tmp_path / "keeper.sock", group="no-such-group-here")


def test_the_groups_socket_is_open_to_owner_and_group_and_nobody_else(tmp_path: Path) -> None:
    path, ready, stop = tmp_path / "keeper.sock", threading.Event(), threading.Event()
    mine = grp.getgrgid(os.getgid()).gr_name
    keeper = kept(tmp_path)
    thread = threading.Thread(
        target=serve_keeper, args=(keeper, path),
        kwargs={"group": mine, "started": ready.set, "stop": stop},
    )  # fmt: skip
    thread.start()
    try:
        assert ready.wait(PATIENCE)
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
    finally:
        stop.set()
        thread.join(PATIENCE)

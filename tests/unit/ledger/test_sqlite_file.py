"""The ledger's file: who may open it, what it refuses, and how its signed head is kept."""

from __future__ import annotations

import gc
import sqlite3
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from equipoise.ledger.envelope import Draft
from equipoise.ledger.errors import LedgerBusyError, LedgerDamagedError, LedgerError
from equipoise.ledger.head import SLOT_OFFSETS, HeadFile, SignedHead
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.tables import Table

TABLE = Table("participant", {"id": "text"}, ("id",))


def opened(home: Path) -> Ledger:
    return Ledger(
        SqliteStore(home / "ledger.sqlite", [TABLE]),
        trial="t1",
        signer=Signer(b"s" * 32),
        head_file=HeadFile(home / "head"),
    )


def append(ledger: Ledger, count: int = 1) -> None:
    for n in range(count):
        with ledger.write() as writing:
            writing.append(
                [
                    Draft(
                        "trial",
                        "Noted",
                        1,
                        "p",
                        {"n": n},
                        "a",
                        "r",
                        "01",
                        "",
                        None,
                        "2026-03-01T08:00Z",
                    )
                ]
            )


def filled(home: Path, count: int = 3) -> None:
    ledger = opened(home)
    append(ledger, count)
    ledger.close()


def alter(home: Path, *statements: str) -> None:
    connection = sqlite3.connect(home / "ledger.sqlite")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_reopened_ledger_goes_on_where_it_ended(tmp_path: Path) -> None:
    filled(tmp_path)
    ledger = opened(tmp_path)
    append(ledger)
    assert ledger.head().seq == 4
    assert ledger.stream_version("trial") == 4
    assert ledger.verify().ok
    ledger.close()


def test_commits_wait_for_the_disk(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "ledger.sqlite")
    pragma = {
        name: store._writing.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "recursive_triggers")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "recursive_triggers": 1}
    store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET actor = 'x' WHERE seq = 2",
        "UPDATE events SET seq = 9 WHERE seq = 3",
        "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events",
        "INSERT INTO events SELECT 9, trial, stream, 9, type, schema, protocol, payload, actor, role,"
        " site, client_id, client_index, device_time, server_time, previous, hash FROM events"
        " WHERE seq = 3",
    ],
)
def test_the_database_itself_refuses_to_change_events(tmp_path: Path, statement: str) -> None:
    filled(tmp_path)
    with pytest.raises(sqlite3.IntegrityError, match="an event is"):
        alter(tmp_path, statement)


def test_a_second_process_is_refused_and_told_who_holds_the_ledger(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    script = (
        "import sys; from equipoise.ledger.sqlite import SqliteStore;"
        "from equipoise.ledger.errors import LedgerBusyError\n"
        "try: SqliteStore(sys.argv[1])\n"
        "except LedgerBusyError as error: print(error); raise SystemExit(7)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "ledger.sqlite")]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 7, refused.stderr
    assert "open for writing" in refused.stdout
    ledger.close()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_the_same_process_cannot_open_it_twice_either(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    with pytest.raises(LedgerBusyError):
        opened(tmp_path)
    ledger.close()
    opened(tmp_path).close()


def test_a_reader_needs_no_lock_and_cannot_write(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    append(ledger, 2)
    reader = Ledger(SqliteStore(tmp_path / "ledger.sqlite", read_only=True), trial="t1")
    assert [event.seq for event in reader.events()] == [1, 2]
    with pytest.raises(LedgerError, match="not open for writing"), reader.write():
        pass
    append(ledger)
    assert reader.head().seq == 3
    reader.close()
    ledger.close()


def test_a_missing_or_foreign_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="there is no ledger"):
        SqliteStore(tmp_path / "none.sqlite", read_only=True)
    (tmp_path / "note.txt").write_text(
        "this is no database, and long enough to be seen as none" * 20
    )
    with pytest.raises(LedgerError, match="no usable ledger"):
        SqliteStore(tmp_path / "note.txt")
    SqliteStore(tmp_path / "other.sqlite").close()


def test_connections_of_threads_that_ended_are_closed(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    append(ledger)
    for _ in range(30):
        thread = threading.Thread(target=lambda: list(ledger.events()))
        thread.start()
        thread.join()
    gc.collect()
    assert len(ledger.store._readers) <= 2  # type: ignore[attr-defined]
    ledger.close()


# The signed head


def test_a_head_file_that_lies_behind_is_healed(tmp_path: Path) -> None:
    """The process died between a commit and the next write of the file."""
    filled(tmp_path, 3)
    behind = (tmp_path / "head").read_bytes()
    ledger = opened(tmp_path)
    append(ledger, 2)
    ledger.close()
    (tmp_path / "head").write_bytes(behind)
    ledger = opened(tmp_path)
    stated = ledger._head_file.read()  # type: ignore[union-attr]
    assert [head and head.seq for head in stated] == [5, 5]
    append(ledger)
    assert ledger.verify().ok
    ledger.close()


@pytest.mark.parametrize("slot", SLOT_OFFSETS)
def test_a_torn_slot_is_healed(tmp_path: Path, slot: int) -> None:
    filled(tmp_path)
    content = bytearray((tmp_path / "head").read_bytes())
    content[slot + 40 : slot + 200] = b"\x00" * 160
    (tmp_path / "head").write_bytes(bytes(content))
    ledger = opened(tmp_path)
    assert ledger.verify().ok
    append(ledger)
    assert ledger.verify().ok
    ledger.close()


DROP = ("DROP TRIGGER events_never_go", "DROP TRIGGER events_never_change")


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ((*DROP, "DELETE FROM events WHERE seq = 3"), "the tail was cut"),
        ((*DROP, "DELETE FROM events"), "the tail was cut"),
        ((*DROP, f"UPDATE events SET hash = '{'a' * 64}' WHERE seq = 3"), "rewritten"),
        (("DELETE FROM signed_head",), "no valid signed head"),
    ],
)
def test_a_ledger_that_disagrees_with_its_head_is_read_but_not_written(
    tmp_path: Path, statements: tuple[str, ...], said: str
) -> None:
    filled(tmp_path)
    alter(tmp_path, *statements)
    ledger = opened(tmp_path)
    list(ledger.events())
    with pytest.raises(LedgerDamagedError, match=said), ledger.write():
        pass
    with pytest.raises(LedgerDamagedError), ledger.batch(), ledger.write():
        pass
    assert not ledger.verify().ok
    ledger.close()


def test_a_head_that_comes_late_does_not_cover_a_later_one(tmp_path: Path) -> None:
    """Of two processes over one database, the one that commits first may write the file last."""
    signer = Signer(b"s" * 32)
    early, late = (SignedHead.sign(signer, "t1", seq, f"{seq:064x}", "") for seq in (6, 7))
    one, other = HeadFile(tmp_path / "head"), HeadFile(tmp_path / "head")
    one.write(late)
    other.write(early)
    assert one.read() == (late, late)
    # what nobody has signed is written over, however far it says the chain goes
    false = replace(late, seq=9, signature="0" * 128)
    (tmp_path / "head").write_bytes((false.to_text().encode().ljust(512) * 9)[:4608])
    other.write(early)
    assert other.read() == (early, early)
    one.close()
    other.close()


def test_a_ledger_without_its_head_file_is_not_written(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "head").unlink()
    ledger = opened(tmp_path)
    with pytest.raises(LedgerDamagedError, match="head file is missing"), ledger.write():
        pass
    ledger.close()


def test_events_forged_while_the_ledger_was_closed_are_not_signed(tmp_path: Path) -> None:
    """A chain needs no secret: whoever can write the file can append. The signature tells."""
    filled(tmp_path)
    stranger = Ledger(SqliteStore(tmp_path / "ledger.sqlite", [TABLE]), trial="t1")
    append(stranger)
    stranger.close()
    ledger = opened(tmp_path)
    with pytest.raises(LedgerDamagedError, match="not signed for"), ledger.write():
        pass
    ledger.close()


def test_another_key_cannot_go_on(tmp_path: Path) -> None:
    filled(tmp_path)
    ledger = Ledger(
        SqliteStore(tmp_path / "ledger.sqlite", [TABLE]),
        trial="t1",
        signer=Signer(b"x" * 32),
        head_file=HeadFile(tmp_path / "head"),
    )
    with pytest.raises(LedgerDamagedError, match="another key"), ledger.write():
        pass
    ledger.close()


def test_verifying_while_events_are_written_never_finds_a_fault(tmp_path: Path) -> None:
    from support.tampering import stand_alone_verdict

    ledger = opened(tmp_path)
    append(ledger)
    done = threading.Event()

    def write_on() -> None:
        while not done.is_set():
            append(ledger)

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        for _ in range(12):
            result = ledger.verify()
            assert result.ok, result.problems
        for _ in range(3):
            verdict = stand_alone_verdict(tmp_path)
            assert verdict.whole, verdict.words
    finally:
        done.set()
        writer.join()
        ledger.close()


def test_bytes_that_are_no_text_are_told_and_every_row_around_them_is_still_checked(
    tmp_path: Path,
) -> None:
    filled(tmp_path, 6)
    alter(
        tmp_path,
        *DROP,
        "UPDATE events SET site = CAST(x'30ff' AS TEXT) WHERE seq = 3",
        "UPDATE events SET site = CAST(x'c328' AS TEXT) WHERE seq = 4",
        "UPDATE events SET role = 'x' WHERE seq = 6",
    )
    ledger = Ledger(SqliteStore(tmp_path / "ledger.sqlite", [TABLE], read_only=True), trial="t1")
    verified = ledger.verify()
    ledger.close()
    assert verified.events == 6
    told = {problem.seq: problem.what for problem in verified.problems}
    assert told[3] == told[4] == "a column is no UTF-8 text"
    assert told[6] == "its content does not give its hash"
    assert set(told) == {3, 4, 5, 6}, "and the fifth follows no version that could be read"

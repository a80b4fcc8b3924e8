"""Heads, checkpoints and proofs to the letter: what is written down, what is read, what is refused."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from equipoise.ledger.checkpoint import (
    Checkpoint,
    CheckpointFile,
    read_checkpoints,
    take_checkpoint,
)
from equipoise.ledger.envelope import NO_EVENT, Draft, Event
from equipoise.ledger.errors import LedgerDamagedError, LedgerError
from equipoise.ledger.head import SLOT_BYTES, SLOT_OFFSETS, HeadFile, SignedHead
from equipoise.ledger.merkle import MerkleTree, leaf_of, merkle_root, root_with, short_code
from equipoise.ledger.proof import make_proof, proof_problems
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from support.tampering import (
    SIGNER,
    Rows,
    build_home,
    edited,
    loosen,
    open_ledger,
    read_rows,
    rechain,
    stand_alone,
    write_rows,
)

STRANGER = Signer(b"a stranger's key".ljust(32))
AT = "2026-03-02T08:00:00.000000+00:00"


def tree_over(rows: Rows) -> MerkleTree:
    tree = MerkleTree()
    for row in rows:
        tree.add(row[0], row[16])
    return tree


def stated(rows: Rows, signer: Signer = SIGNER, trial: str = "t1", time: str = AT) -> Checkpoint:
    last = rows[-1][16] if rows else NO_EVENT
    return Checkpoint.sign(signer, trial, last, tree_over(rows), time, "hourly")


def head_at(seq: int, trial: str = "t1", signer: Signer = SIGNER, time: str = AT) -> SignedHead:
    return SignedHead.sign(signer, trial, seq, f"{seq:064x}", time)


# What is written down

HEAD_TEXT = (
    '{"hash":"0000000000000000000000000000000000000000000000000000000000000007",'
    f'"key":"{SIGNER.public_hex}","seq":7,"signature":"%s","time":"{AT}","trial":"气泡"}}'
)
CHECKPOINT_TEXT = (
    f'{{"hash":"{NO_EVENT}","key":"{SIGNER.public_hex}","peaks":"","reason":"hourly",'
    '"root":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",'
    f'"seq":0,"signature":"%s","time":"{AT}","trial":"气泡"}}'
)


def test_a_statement_is_one_line_of_json_with_its_keys_in_order() -> None:
    """A name in any script stands there as it is written: the slot of a head has 512 bytes."""
    head = head_at(7, "气泡")
    assert head.to_text() == HEAD_TEXT % head.signature
    checkpoint = stated([], trial="气泡")
    assert checkpoint.to_text() == CHECKPOINT_TEXT % checkpoint.signature
    assert SignedHead.parse(head.to_text()) == head
    assert Checkpoint.parse(checkpoint.to_text()) == checkpoint


@pytest.mark.parametrize("kind", [SignedHead, Checkpoint])
def test_what_is_no_statement_is_none(kind: type[SignedHead] | type[Checkpoint]) -> None:
    whole = head_at(7) if kind is SignedHead else stated([])
    given = json.loads(whole.to_text())
    assert kind.parse(json.dumps(given)) == whole
    for name in given:
        assert kind.parse(json.dumps({k: v for k, v in given.items() if k != name})) is None
        for other in (None, [], 1.5, "7" if name == "seq" else 7, True):
            assert kind.parse(json.dumps({**given, name: other})) is None
    assert kind.parse(json.dumps({**given, "remark": "trust me"})) is None
    for other in ("", "nothing", "[]", "7", "null", json.dumps(list(given))):
        assert kind.parse(other) is None


def test_a_short_code_is_twelve_digits_in_three_groups() -> None:
    assert short_code("abcdef0123456789" * 4) == "abcd ef01 2345"
    assert stated([]).code == "e3b0 c442 98fc"


# The head file


def kept(path: Path) -> list[SignedHead | None]:
    return list(HeadFile(path).read())


def test_the_head_file_holds_two_slots_and_is_private(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "head")
    file.write(head_at(7))
    file.close()
    file.close()
    content = (tmp_path / "head").read_bytes()
    assert stat.S_IMODE((tmp_path / "head").stat().st_mode) == 0o600
    assert len(content) == SLOT_OFFSETS[1] + SLOT_BYTES == 4096 + 512
    for at in (0, 4096):
        assert content[at : at + 512] == head_at(7).to_text().encode().ljust(511) + b"\n"
    assert not content[512:4096].strip(b"\0")
    assert kept(tmp_path / "head") == [head_at(7)] * 2
    assert HeadFile(tmp_path / "head").newest() == head_at(7)
    assert HeadFile(tmp_path / "none").newest() is None


def test_a_name_that_fills_the_slot_is_kept_and_a_longer_one_refused(tmp_path: Path) -> None:
    room = SLOT_BYTES - 1 - len(head_at(7, "").to_text())
    longest = head_at(7, "n" * room)
    file = HeadFile(tmp_path / "head")
    file.write(longest)
    with pytest.raises(LedgerError, match="name is too long"):
        file.write(head_at(8, "n" * (room + 1)))
    file.close()
    assert kept(tmp_path / "head") == [longest] * 2


def test_a_head_is_replaced_by_any_but_one_that_lies_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "head"
    file = HeadFile(path)
    for head in (head_at(7), head_at(8), head_at(8, time="2026-03-03"), head_at(9)):
        file.write(head)
        assert kept(path) == [head] * 2
    file.write(head_at(8))
    assert kept(path) == [head_at(9)] * 2, "of two processes the later one may come first"
    file.write(head_at(3, signer=STRANGER))
    assert kept(path) == [head_at(3, signer=STRANGER)] * 2, "another's head protects nothing"
    file.close()


def test_a_slot_that_states_more_and_does_not_hold_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "head"
    void = head_at(9).to_text().replace('"seq":9', '"seq":99').encode().ljust(512)
    path.write_bytes(void.ljust(4096, b"\0") + void)
    assert kept(path) == [None, None]
    file = HeadFile(path)
    file.write(head_at(8))
    file.close()
    assert kept(path) == [head_at(8)] * 2


def test_a_head_waits_for_the_disk_only_where_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[int] = []
    monkeypatch.setattr("os.fsync", waited.append)
    file = HeadFile(tmp_path / "head")
    file.write(head_at(1))
    assert waited == []
    file.write(head_at(2), durable=True)
    assert len(waited) == len(SLOT_OFFSETS), "each slot before the next: one is whole at any moment"
    file.close()
    assert len(waited) == len(SLOT_OFFSETS) + 1


def test_a_head_file_is_closed_and_locked_by_one_writer_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    lock = fcntl.flock

    def watched(file: int, operation: int) -> None:
        asked.append(operation)
        lock(file, operation)

    monkeypatch.setattr("fcntl.flock", watched)
    one, other = HeadFile(tmp_path / "head"), HeadFile(tmp_path / "head")
    one.write(head_at(1))
    other.write(head_at(2))
    assert asked == [fcntl.LOCK_EX, fcntl.LOCK_UN] * 2
    opened = other._file
    assert opened is not None
    for file in (one, other):
        file.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened)


# The file of checkpoints


def test_a_checkpoint_is_on_the_disk_when_it_is_said_to_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written under a lock, flushed, and then closed: any process may append."""
    done: list[str] = []
    files: set[int] = set()
    lock, write, flush = fcntl.flock, os.write, os.fsync

    def locked(file: int, operation: int) -> None:
        done.append("locked" if operation == fcntl.LOCK_EX else "other")
        lock(file, operation)

    def written(file: int, data: bytes) -> int:
        done.append("written")
        files.add(file)
        return write(file, data)

    def flushed(file: int) -> None:
        done.append("flushed")
        flush(file)

    monkeypatch.setattr("fcntl.flock", locked)
    monkeypatch.setattr("os.write", written)
    monkeypatch.setattr("os.fsync", flushed)
    CheckpointFile(tmp_path / "checkpoints.jsonl").append(stated([]))
    assert done == ["locked", "written", "flushed"]
    for file in files:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(file)


def test_checkpoints_are_read_line_by_line(tmp_path: Path) -> None:
    first, second = stated([]), stated([], time="2026-03-03T08:00:00.000000+00:00")
    void = first.to_text().replace("hourly", "sign")
    text = f"\n{first.to_text()}\n  \n{void}\nnothing\n{second.to_text()}\n"
    assert read_checkpoints(text) == [first, None, None, second]
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    assert (file.read(), file.newest()) == ([], None)
    file.path.write_text(text, encoding="utf-8")
    assert (file.read(), file.newest()) == ([first, None, None, second], second)
    file.path.write_text(f"{first.to_text()}\n{void}\nnothing\n", encoding="utf-8")
    assert file.newest() == first
    file.path.write_text(f"{void}\n", encoding="utf-8")
    assert file.newest() is None


def test_a_long_file_of_checkpoints_is_gone_on_with_after_a_cut_line(tmp_path: Path) -> None:
    """Longer than what is read of its end; a line that a sudden death cut short is taken away."""
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    taken = [stated([], time=f"2026-03-02T08:00:00.{n:06}+00:00") for n in range(240)]
    whole = "".join(f"{one.to_text()}\n" for one in taken).encode()
    assert len(whole) > 65536 + 512
    following = stated([], time="2026-03-03T08:00:00.000000+00:00")
    line = following.to_text().encode() + b"\n"
    for cut in (b"", line[:1], line[:-2]):
        file.path.write_bytes(whole + cut)
        assert file.newest() == taken[-1]
        file.append(following)
        assert file.path.read_bytes() == whole + line
        assert file.newest() == following
    assert file.read() == [*taken, following]
    for cut in (line[:1], line[:-2]):
        file.path.write_bytes(cut)
        file.append(following)
        assert file.path.read_bytes() == line, "the first line may be the one cut short"


def test_the_newest_is_looked_for_in_the_last_64_kibibytes(tmp_path: Path) -> None:
    """However long the file has become; a line that is cut by that is none."""
    file, line = CheckpointFile(tmp_path / "checkpoints.jsonl"), stated([]).to_text().encode()
    for beyond, newest in ((0, stated([])), (1, None)):
        rest = b"\n" + b"x" * (65536 - len(line) - 2 + beyond) + b"\n"
        file.path.write_bytes(b"\n" * 3 + line + rest)
        assert file.newest() == newest


def test_the_file_of_checkpoints_is_private_and_a_full_disk_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = CheckpointFile(tmp_path / "checkpoints.jsonl")
    file.append(stated([]))
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    before, write = file.path.read_bytes(), os.write
    assert before == stated([]).to_text().encode() + b"\n"
    monkeypatch.setattr("os.write", lambda at, data: write(at, data[:-1]))
    with pytest.raises(LedgerError, match="could not be kept: no space left on the device"):
        file.append(stated([]))
    monkeypatch.undo()
    assert file.path.read_bytes() == before


# Taking a checkpoint


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    build_home(home)
    loosen(home / "ledger.sqlite")
    return home


class Home:
    """A home in which rows, signed head and checkpoints can be put, and a checkpoint taken."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "ledger.sqlite"
        self.file = CheckpointFile(folder / "checkpoints.jsonl")

    @property
    def rows(self) -> Rows:
        return read_rows(self.database)

    def put(self, rows: Rows) -> None:
        write_rows(self.database, rows)

    def sign(self, head: SignedHead | str | None) -> None:
        import sqlite3

        with sqlite3.connect(self.database) as connection:
            connection.execute("DELETE FROM signed_head")
            if head is not None:
                text = head if isinstance(head, str) else head.to_text()
                connection.execute("INSERT INTO signed_head VALUES (1, ?)", (text,))
        connection.close()

    def sign_end(self, signer: Signer = SIGNER) -> None:
        last = self.rows[-1]
        self.sign(SignedHead.sign(signer, "t1", last[0], last[16], last[14]))

    def take(self, trial: str = "t1") -> Checkpoint:
        store = SqliteStore(self.database, read_only=True)
        try:
            return take_checkpoint(store, SIGNER, trial, self.file, time=AT, reason="manual")
        finally:
            store.close()

    def refusal(self) -> str:
        """Why none is taken; nothing is kept then."""
        before = self.file.read()
        with pytest.raises(LedgerDamagedError) as refused:
            self.take()
        assert self.file.read() == before
        return str(refused.value)


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Home:
    for file in made.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return Home(tmp_path)


def test_a_checkpoint_states_all_events_up_to_the_signed_head(home: Home) -> None:
    rows = home.rows
    taken = home.take()
    assert taken == Checkpoint.sign(SIGNER, "t1", rows[-1][16], tree_over(rows), AT, "manual")
    assert taken.root == merkle_root((row[0], row[16]) for row in rows)
    assert home.take() == taken, "with nothing new it is the same again"
    assert home.file.read() == [taken, taken]


def test_nothing_is_signed_where_the_ledger_has_no_signed_head_of_its_own(home: Home) -> None:
    last = home.rows[-1]
    own = SignedHead.sign(SIGNER, "t1", 24, last[16], last[14])
    strange = SignedHead.sign(STRANGER, "t1", 24, last[16], last[14])
    void = own.to_text().replace('"seq":24', '"seq":23')
    for head in (None, "nothing", void, strange):
        home.sign(head)
        assert home.refusal() == "no checkpoint is signed: the ledger has no signed head of its own"
    home.sign(own)
    assert home.take().seq == 24


def test_nothing_is_signed_where_the_events_do_not_end_as_the_head_states(home: Home) -> None:
    rows = home.rows
    said = "no checkpoint is signed: the events do not end as the signed head states"
    other = [list(row) for row in rows]
    rechain(edited(other))
    for changed in (rows[:-1], other, []):
        home.put(changed)
        assert home.refusal() == said
    home.put(other)
    home.sign_end()
    assert home.take().hash == other[-1][16]


def test_nothing_is_signed_where_the_checkpoint_before_states_more_or_others(home: Home) -> None:
    rows = home.rows
    home.file.append(stated(rows))
    home.put(rows[:20])
    home.sign_end()
    assert home.refusal() == (
        "no checkpoint is signed: the ledger ends at 20, and a checkpoint states 24 events"
    )
    home.put(rows)
    home.sign_end()
    assert home.take() == home.take()
    other = [list(row) for row in rows]
    rechain(edited(other))
    home.file.path.unlink()
    home.file.append(stated(other[:12]))
    assert home.refusal() == (
        f"no checkpoint is signed: event 12 is not the one of the checkpoint of {AT}"
    )
    gone = rows[:11] + rows[12:]
    home.file.path.unlink()
    home.file.append(stated(rows[:12]))
    home.put(gone)
    assert home.refusal().startswith("no checkpoint is signed: event 12 is not the one")


def test_a_checkpoint_goes_on_from_the_newest_of_its_own_kind_only(home: Home) -> None:
    """From whatever it goes on, the statement is the same: another signer's or trial's peaks are left alone."""
    rows = home.rows
    expected = Checkpoint.sign(SIGNER, "t1", rows[-1][16], tree_over(rows), AT, "manual")
    wrong = [[*row[:16], "5a" * 32] for row in rows[:16]]
    for before in (
        stated([]), stated(rows[:1]), stated(rows[:23]), stated(rows),
        stated(wrong, STRANGER), stated(wrong, trial="t2"), stated(rows * 2, STRANGER),
    ):  # fmt: skip
        home.file.path.unlink(missing_ok=True)
        home.file.append(before)
        assert home.take() == expected


# The tree


def test_a_leaf_is_a_place_and_a_hash_whatever_an_intruder_made_of_the_place() -> None:
    """Eight bytes, big endian, two's complement: a negative number is damage to be told, not to fail on."""
    for place, spelled in (
        (1, "0000000000000001"),
        (-5, "fffffffffffffffb"),
        (2**62, "4" + "0" * 15),
    ):
        expected = hashlib.sha256(bytes.fromhex("00" + spelled + "ab" * 32)).digest()
        assert leaf_of(place, "ab" * 32) == stand_alone().leaf_of(place, "ab" * 32) == expected


def test_peaks_that_cannot_stand_over_so_many_leaves_are_refused() -> None:
    peak = "ab" * 32
    assert MerkleTree.from_peaks(0, []).root() == MerkleTree().root()
    assert MerkleTree.from_peaks(4, [peak]).root() == peak
    for count, peaks in ((-1, [peak]), (0, [peak]), (3, [peak]), (4, [peak, peak]), (4, [])):
        with pytest.raises(ValueError, match=f"{len(peaks)} peaks cannot stand over {count}"):
            MerkleTree.from_peaks(count, peaks)
    for peak in ("", "ab" * 31, "ab" * 33):
        with pytest.raises(ValueError, match="a peak is a hash of 32 bytes"):
            MerkleTree.from_peaks(1, [peak])


@pytest.mark.parametrize("places", [[], [-1], [4], [0, 4], [-1, 2], [3, 9]])
def test_leaves_that_are_none_of_the_tree_are_refused(places: list[int]) -> None:
    with pytest.raises(ValueError, match="are not leaves of this tree"):
        root_with(4, dict.fromkeys(places, b"\x00" * 32), ["ab" * 32] * 4)


# Proofs


def prove(home: Home, seqs: set[int] | None = None, stream: str | None = None) -> dict[str, Any]:
    store = SqliteStore(home.database, read_only=True)
    try:
        return make_proof(
            store, stated(home.rows), lambda row: seqs is None or row[0] in seqs,
            subject="some", stream=stream,
        )  # fmt: skip
    finally:
        store.close()


def test_a_proof_holds_what_was_asked_for(home: Home) -> None:
    proof = prove(home, {5, 9})
    assert list(proof) == ["format", "subject", "stream", "checkpoint", "events", "nodes"]
    rows = home.rows
    assert proof["events"] == [dict(zip(Event._fields, rows[n - 1], strict=True)) for n in (5, 9)]
    assert proof_problems(proof) == []
    with pytest.raises(LedgerError, match=r"some: no event up to the checkpoint of 2026"):
        prove(home, set())


def test_what_is_wrong_with_a_proof_is_told_at_its_event(home: Home) -> None:
    stream = "participant/01-0001"
    proof, of_stream = prove(home, {5, 9}), prove(home, None, stream)
    five, nine = proof["events"]
    other = stated(home.rows[:20])
    fault = "events and nodes do not give the checkpoint's root"
    cases: list[tuple[Any, list[tuple[int, str]]]] = [
        ([], [(0, "is no proof of the form equipoise-proof-1")]),
        ({**proof, "format": "equipoise-proof-2"}, [(0, "is no proof of the form equipoise-proof-1")]),
        ({**proof, "checkpoint": {}}, [(0, "the checkpoint's signature does not hold")]),
        (
            {**proof, "checkpoint": {**proof["checkpoint"], "time": "2027"}},
            [(0, "the checkpoint's signature does not hold")],
        ),
        ({**proof, "events": [five, {}]}, [(0, "events or nodes are missing")]),
        ({**proof, "nodes": None}, [(0, "events or nodes are missing")]),
        ({**proof, "events": [five]}, [(0, "there are too many nodes")]),
        ({**proof, "nodes": proof["nodes"][:-1]}, [(0, "there are too few nodes")]),
        ({**proof, "nodes": [*proof["nodes"], "ab" * 32]}, [(0, "there are too many nodes")]),
        ({**proof, "nodes": ["ab" * 32, *proof["nodes"][1:]]}, [(0, fault)]),
        ({**proof, "checkpoint": json.loads(other.to_text())}, [(0, fault)]),
        ({**proof, "events": [five, nine, five]}, [(5, "stands there twice")]),
        (
            {**proof, "events": [{**five, "actor": "somebody"}, {**nine, "site": 1}]},
            [(5, "its content does not give its hash"), (9, "site is no text")],
        ),
        ({**proof, "events": [{**five, "seq": "5"}, nine]}, [(0, "seq is no integer")]),
        (
            {**of_stream, "events": of_stream["events"][1:]},
            [(event["seq"], f"does not follow the event of {stream} before it") for event in of_stream["events"][1:2]],
        ),
        (
            {**proof, "stream": stream},
            [(9, f"does not follow the event of {stream} before it")],
        ),
    ]  # fmt: skip
    for changed, problems in cases:
        assert proof_problems(changed) == problems
    another = (0, "the checkpoint is signed with another key")
    assert proof_problems(proof, key=SIGNER.public_hex) == []
    assert proof_problems(proof, key=STRANGER.public_hex) == [another]
    assert proof_problems({**proof, "nodes": None}, key=STRANGER.public_hex) == [
        another,
        (0, "events or nodes are missing"),
    ]


def test_an_event_of_another_trial_is_none_of_this_ledger(home: Home) -> None:
    rows = home.rows
    rows[4][1] = "t2"
    rechain(rows, 4)
    home.put(rows)
    assert proof_problems(prove(home, {5, 9})) == [(5, "it belongs to trial t2")]
    assert proof_problems(prove(home, {9})) == []


def test_a_ledger_of_one_event_can_be_proven(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    with ledger.write() as writing:
        writing.append([Draft("trial", "Noted", 1, "p", {}, "a", "r", "", "", None, AT)])
    ledger.close()
    proof = prove(Home(tmp_path), {1})
    assert (proof["nodes"], proof_problems(proof)) == ([], [])

"""What the stand-alone verifier prints and answers, to the letter: an inspector may have nothing else."""

from __future__ import annotations

import io
import json
import sqlite3
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from equipoise.ledger.checkpoint import Checkpoint
from equipoise.ledger.envelope import NO_EVENT, Draft
from equipoise.ledger.head import SLOT_OFFSETS, HeadFile, SignedHead
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.merkle import MerkleTree, merkle_root
from equipoise.ledger.proof import make_proof, proof_problems
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from support.tampering import (
    SIGNER,
    Rows,
    append_events,
    build_home,
    loosen,
    open_ledger,
    product_verdict,
    read_rows,
    rechain,
    stand_alone,
    text_of,
    write_rows,
)

STRANGER = Signer(b"a stranger's key".ljust(32))
AT = "2026-03-02T08:00:00.000000+00:00"
EMPTY_ROOT = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def answer(*arguments: str | Path) -> tuple[int, list[str]]:
    """The exit code and the printed lines."""
    printed, kept = io.StringIO(), sys.argv
    sys.argv = ["verify.py", *map(str, arguments)]
    try:
        with redirect_stdout(printed):
            code = stand_alone().main()
    finally:
        sys.argv = kept
    return code, printed.getvalue().splitlines()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    build_home(home)
    loosen(home / "ledger.sqlite")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    for file in made.iterdir():
        (home / file.name).write_bytes(file.read_bytes())
    return home


def rows_of(home: Path) -> Rows:
    return read_rows(home / "ledger.sqlite")


def put(home: Path, rows: Rows) -> None:
    write_rows(home / "ledger.sqlite", rows)


def ending(home: Path, checkpoints: int = 0, *, whole: bool = True) -> list[str]:
    """The last three lines for what is stored there."""
    rows = rows_of(home)
    root = merkle_root((row[0], row[16]) for row in rows)
    return [
        f"{len(rows)} events, Merkle root {root}",
        f"{checkpoints} checkpoints held against it",
        f"whole, signed by {SIGNER.public_hex}" if whole else "NOT WHOLE",
    ]


def state_head(home: Path, head: SignedHead | None) -> None:
    """Put another signed head into the database."""
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM signed_head")
        if head is not None:
            connection.execute("INSERT INTO signed_head VALUES (1, ?)", (head.to_text(),))
    connection.close()


def resigned(home: Path, signer: Signer = SIGNER) -> None:
    """Sign what is stored, in both places."""
    last = rows_of(home)[-1]
    head = SignedHead.sign(signer, last[1], last[0], last[16], last[14])
    state_head(home, head)
    (home / "head").unlink()
    file = HeadFile(home / "head")
    file.write(head)
    file.close()


def checkpoint(rows: Rows, signer: Signer = SIGNER) -> Checkpoint:
    tree = MerkleTree()
    for row in rows:
        tree.add(row[0], row[16])
    last = rows[-1][16] if rows else NO_EVENT
    return Checkpoint.sign(signer, "t1", last, tree, AT, "hourly")


# Whole


def test_a_whole_ledger_gives_its_size_its_root_and_who_signed_it(home: Path) -> None:
    assert answer(home) == (0, ending(home))
    assert answer(home, "--key", SIGNER.public_hex) == (0, ending(home))
    assert answer(home / "ledger.sqlite") == (0, ending(home))


def test_a_home_may_be_called_like_a_proof(home: Path) -> None:
    named = home.rename(home.with_name("trial.json"))
    assert answer(named) == (0, ending(named))


def test_a_ledger_whose_first_event_declares_no_key_is_signed_by_the_key_the_heads_name(
    home: Path,
) -> None:
    rows = rows_of(home)
    payload = json.loads(rows[0][7])
    del payload["public_key"]
    rows[0][7] = text_of(payload)
    rechain(rows)
    put(home, rows)
    resigned(home)
    whole = [*ending(home)[:2], "whole, signed by the key it names"]
    assert answer(home) == (0, whole)
    assert product_verdict(home).whole
    assert answer(home, "--key", SIGNER.public_hex) == (0, ending(home))
    assert answer(home, "--key", STRANGER.public_hex) == (
        1,
        [
            "event 24: the signed head in the database is signed with another key or for another trial",
            "event 24: the head file is signed with another key or for another trial",
            *ending(home, whole=False),
        ],
    )


def test_another_key_than_the_one_declared_is_told_at_the_first_event(home: Path) -> None:
    assert answer(home, "--key", STRANGER.public_hex) == (
        1,
        [
            "event 1: it declares another public key than the one given",
            "event 24: the signed head in the database is signed with another key or for another trial",
            "event 24: the head file is signed with another key or for another trial",
            *ending(home, whole=False),
        ],
    )


# Not a ledger


def test_an_empty_ledger_has_the_root_of_nothing(tmp_path: Path) -> None:
    Ledger(SqliteStore(tmp_path / "ledger.sqlite"), trial="t1").close()
    assert answer(tmp_path / "ledger.sqlite") == (
        1,
        [
            "event 0: there are no events",
            "event 0: the signed head in the database is spoiled or missing: no valid signature",
            "no head file: a cut tail cannot be seen",
            f"0 events, Merkle root {EMPTY_ROOT}",
            "0 checkpoints held against it",
            "NOT WHOLE",
        ],
    )


def test_what_is_no_ledger_is_one_line(tmp_path: Path) -> None:
    code, lines = answer(tmp_path)
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith(f"{tmp_path / 'ledger.sqlite'}: cannot be read as a ledger: ")
    assert list(tmp_path.iterdir()) == [], "looking makes nothing"


def test_the_ledger_is_opened_for_reading_only(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a URI, whether or not this SQLite takes every name for one: else `mode=ro` is part of the name."""
    opened: list[tuple[str, bool]] = []
    connect = sqlite3.connect

    def watched(name: str, *, uri: bool) -> sqlite3.Connection:
        opened.append((name, uri))
        return connect(name, uri=uri)

    monkeypatch.setattr(stand_alone().sqlite3, "connect", watched)
    assert answer(home)[0] == 0
    assert opened == [(f"{(home / 'ledger.sqlite').as_uri()}?mode=ro", True)]


def test_everything_is_seen_at_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that are written while the verifier reads are in nothing that it reads."""
    build_home(tmp_path)
    before = ending(tmp_path)
    asked: list[str] = []

    class Meanwhile(sqlite3.Connection):
        def execute(self, statement: str, *given: Any) -> sqlite3.Cursor:
            if "signed_head" in statement:
                append_events(tmp_path, 3)
            asked.append(statement)
            return super().execute(statement, *given)

    connect = sqlite3.connect

    def watched(name: str, **given: Any) -> sqlite3.Connection:
        verifying = "mode=ro" in str(name) and "factory" not in given
        return connect(name, **given, **({"factory": Meanwhile} if verifying else {}))

    with monkeypatch.context() as watching:
        watching.setattr(stand_alone().sqlite3, "connect", watched)
        assert answer(tmp_path) == (0, before)
    assert "signed_head" in asked[-1]
    assert answer(tmp_path)[1][0].startswith("27 events")


# The heads


def test_a_missing_head_file_is_a_fault_of_a_home_and_of_a_file_that_was_named(home: Path) -> None:
    (home / "head").rename(home / "elsewhere")
    assert answer(home) == (
        1,
        ["event 24: the head file head is missing or spoiled", *ending(home, whole=False)],
    )
    assert answer(home / "ledger.sqlite") == (
        0,
        ["no head file: a cut tail cannot be seen", *ending(home)],
    )
    assert answer(home / "ledger.sqlite", "--head", home / "elsewhere") == (0, ending(home))
    assert answer(home, "--head", home / "elsewhere") == (0, ending(home))
    assert answer(home / "ledger.sqlite", "--head", home / "nowhere") == (
        1,
        ["event 24: the head file nowhere is missing or spoiled", *ending(home, whole=False)],
    )


@pytest.mark.parametrize("slot", SLOT_OFFSETS)
def test_a_spoiled_slot_is_a_fault_and_the_other_one_is_still_held_against_the_chain(
    home: Path, slot: int
) -> None:
    content = bytearray((home / "head").read_bytes())
    content[slot + 20] ^= 1
    (home / "head").write_bytes(bytes(content))
    spoiled = "event 24: the head file head is missing or spoiled"
    assert answer(home) == (1, [spoiled, *ending(home, whole=False)])
    put(home, rows_of(home)[:20])
    assert answer(home)[1][:3] == [
        "event 20: the tail was cut: the signed head in the database states 24 events",
        "event 20: the head file head is missing or spoiled",
        "event 20: the tail was cut: the head file states 24 events",
    ]


def test_a_slot_ends_after_512_bytes(home: Path) -> None:
    """What stands between the slots is nobody's statement; both verifiers see it so."""
    content = bytearray((home / "head").read_bytes())
    for slot in SLOT_OFFSETS:
        content[slot + 512 : slot + 513] = b"x"
    (home / "head").write_bytes(bytes(content))
    assert answer(home) == (0, ending(home))
    assert product_verdict(home).whole


def test_of_two_slots_the_one_that_states_more_counts(home: Path) -> None:
    """A head file that lies behind is what a sudden death leaves; one that lies ahead tells of a cut."""
    rows = rows_of(home)
    older, newest = (SignedHead.sign(SIGNER, "t1", n, rows[n - 1][16], AT) for n in (20, 24))
    for first, second in ((older, newest), (newest, older)):
        slots = [one.to_text().encode().ljust(512) for one in (first, second)]
        (home / "head").write_bytes(slots[0].ljust(4096, b"\0") + slots[1])
        put(home, rows)
        state_head(home, newest)
        assert answer(home) == (0, ending(home))
        put(home, rows[:22])
        state_head(home, SignedHead.sign(SIGNER, "t1", 22, rows[21][16], AT))
        assert answer(home) == (
            1,
            [
                "event 22: the tail was cut: the head file states 24 events",
                *ending(home, whole=False),
            ],
        )
    slots = [older.to_text().encode().ljust(512)] * 2
    (home / "head").write_bytes(slots[0].ljust(4096, b"\0") + slots[1])
    assert answer(home) == (0, ending(home))


def test_events_beyond_the_signed_head_begin_at_the_next_one(home: Path) -> None:
    rows = rows_of(home)
    state_head(home, SignedHead.sign(SIGNER, "t1", 21, rows[20][16], AT))
    assert answer(home) == (
        1,
        ["event 22: events from here on are not signed for", *ending(home, whole=False)],
    )
    state_head(home, None)
    assert answer(home) == (
        1,
        [
            "event 24: the signed head in the database is spoiled or missing: no valid signature",
            *ending(home, whole=False),
        ],
    )


def test_a_head_of_another_trial_is_told(home: Path) -> None:
    last = rows_of(home)[-1]
    state_head(home, SignedHead.sign(SIGNER, "t2", 24, last[16], AT))
    assert answer(home) == (
        1,
        [
            "event 24: the signed head in the database is signed with another key or for another trial",
            *ending(home, whole=False),
        ],
    )


# Checkpoints


def test_every_checkpoint_is_held_against_its_own_event(home: Path, tmp_path: Path) -> None:
    rows, file = rows_of(home), tmp_path / "elsewhere.jsonl"
    taken = [checkpoint(rows[:end]) for end in (0, 1, 2, 7, 16, 23, 24)]
    file.write_text("".join(f"{one.to_text()}\n\n" for one in taken))
    assert answer(home, "--checkpoint", file) == (0, ending(home, 7))
    (home / "checkpoints.jsonl").write_text(file.read_text())
    assert answer(home, "--checkpoint", file) == (0, ending(home, 14))
    assert answer(home) == (0, ending(home, 7))
    assert product_verdict(home).whole


def test_what_is_wrong_with_a_checkpoint_is_told_at_its_event(home: Path, tmp_path: Path) -> None:
    rows, file = rows_of(home), tmp_path / "elsewhere.jsonl"
    other = [list(row) for row in rows]
    other[8][8] = "somebody"
    rechain(other, 8)
    tree = MerkleTree()
    for row in rows[:12]:
        tree.add(row[0], row[15])
    forged = Checkpoint.sign(SIGNER, "t1", rows[11][16], tree, AT, "hourly")
    nothing = Checkpoint.sign(SIGNER, "t1", "ab" * 32, MerkleTree(), AT, "hourly")
    where = f"the checkpoint of {AT}"
    for line, told in (
        (
            checkpoint(other[:13]),
            f"event 13: rewritten: {where} states another hash for this event",
        ),
        (forged, f"event 12: rewritten: {where} states another Merkle root"),
        (nothing, f"event 0: rewritten: {where} states another hash for this event"),
        (
            checkpoint(rows, STRANGER),
            f"event 24: {where} is signed with another key or for another trial",
        ),
    ):
        file.write_text(line.to_text())
        assert answer(home, "--checkpoint", file) == (1, [told, *ending(home, 1, whole=False)])
        beside = product_verdict(home, file)
        assert [str(place) for place in beside.places] == [told.split()[1].rstrip(":")]
    file.write_text("nothing\n")
    assert answer(home, "--checkpoint", file) == (
        1,
        [
            "event 24: a checkpoint is spoiled or missing: no valid signature",
            *ending(home, 1, whole=False),
        ],
    )


# Proofs


def prove(home: Path, wanted: Any, stream: str | None = None) -> dict[str, Any]:
    store = SqliteStore(home / "ledger.sqlite", read_only=True)
    try:
        taken = checkpoint(rows_of(home))
        return make_proof(store, taken, wanted, subject=stream or "some", stream=stream)
    finally:
        store.close()


def proven(proof: Any, folder: Path, *more: str) -> tuple[int, list[str]]:
    file = folder / "proof.json"
    file.write_text(json.dumps(proof), encoding="utf-8")
    return answer(file, *more)


PROVEN = (0, ["proven"])
NOT_PROVEN = (1, ["event 0: NOT PROVEN"])


def test_any_events_can_be_proven(home: Path, tmp_path: Path) -> None:
    for seqs in ({1}, {24}, {1, 2}, {5, 6, 17}, {16, 17}, {23}, set(range(1, 25))):
        proof = prove(home, lambda row, seqs=seqs: row[0] in seqs)
        assert [event["seq"] for event in proof["events"]] == sorted(seqs)
        assert proven(proof, tmp_path) == PROVEN
        assert proven(proof, tmp_path, "--key", SIGNER.public_hex) == PROVEN
        assert proven(proof, tmp_path, "--key", STRANGER.public_hex) == NOT_PROVEN
        proof["nodes"].append("ab" * 32)
        assert proven(proof, tmp_path) == NOT_PROVEN


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9])
def test_a_proof_holds_in_a_ledger_of_any_size(tmp_path: Path, size: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ledger = open_ledger(home)
    with ledger.write() as writing:
        writing.append(
            [
                Draft("trial", "Noted", 1, "p", {"n": n}, "a", "r", "", "", None, AT)
                for n in range(size)
            ]
        )
    ledger.close()
    for seq in range(1, size + 1):
        assert proven(prove(home, lambda row, seq=seq: row[0] == seq), tmp_path) == PROVEN


def test_a_proof_of_a_stream_shows_it_from_its_first_event_without_a_gap(
    home: Path, tmp_path: Path
) -> None:
    stream = "participant/01-0002"
    of_stream = [row[0] for row in rows_of(home) if row[2] == stream]
    whole = prove(home, lambda _: True, stream)
    assert proven(whole, tmp_path) == PROVEN
    for gone in of_stream[:-1]:
        gap = prove(home, lambda row, gone=gone: row[2] == stream and row[0] != gone)
        assert proven(gap, tmp_path) == PROVEN, "as a choice of events"
        assert proven({**gap, "stream": stream}, tmp_path) == NOT_PROVEN, "not as the stream"
        assert proof_problems({**gap, "stream": stream}) != []
    other = prove(home, lambda row: row[0] == 5)
    assert proven({**other, "stream": stream}, tmp_path) == NOT_PROVEN


def test_an_event_of_another_trial_cannot_be_proven(home: Path, tmp_path: Path) -> None:
    """The checkpoint says whose ledger it is; an event that says otherwise is none of it."""
    rows = rows_of(home)
    rows[4][1] = "t2"
    rechain(rows, 4)
    put(home, rows)
    for seq, answered in ((5, NOT_PROVEN), (6, PROVEN)):
        proof = prove(home, lambda row, seq=seq: row[0] == seq)
        assert proven(proof, tmp_path) == answered
        assert (proof_problems(proof) == []) is (answered == PROVEN)


def test_an_event_that_does_not_give_its_hash_cannot_be_proven(home: Path, tmp_path: Path) -> None:
    """Its hash stands in the tree, and what it says is something else."""
    proof = prove(home, lambda row: row[0] == 5)
    for name, value in (("actor", "somebody"), ("actor", 7), ("payload", "{ }")):
        changed = json.loads(json.dumps(proof))
        changed["events"][0][name] = value
        assert proven(changed, tmp_path) == NOT_PROVEN
        assert proof_problems(changed) != []


def test_a_proof_that_shows_nothing_or_the_same_twice_is_none(home: Path, tmp_path: Path) -> None:
    proof = prove(home, lambda row: row[0] == 5)
    root = proof["checkpoint"]["root"]
    assert proven({**proof, "events": [], "nodes": [root]}, tmp_path) == NOT_PROVEN
    assert proof_problems({**proof, "events": [], "nodes": [root]}) != []
    twice = {**proof, "events": proof["events"] * 2}
    assert proven(twice, tmp_path) == NOT_PROVEN
    assert proof_problems(twice) == [(5, "stands there twice")]


def test_a_proof_under_a_checkpoint_that_does_not_hold_is_none(home: Path, tmp_path: Path) -> None:
    proof = prove(home, lambda row: row[0] == 5)
    stated = {**proof["checkpoint"], "time": "2027-01-01T00:00:00.000000+00:00"}
    assert proven({**proof, "checkpoint": stated}, tmp_path) == NOT_PROVEN
    assert (
        proven({**proof, "checkpoint": stated}, tmp_path, "--key", SIGNER.public_hex) == NOT_PROVEN
    )
    other = checkpoint([list(row) for row in rows_of(home)][:20])
    assert proven({**proof, "checkpoint": json.loads(other.to_text())}, tmp_path) == NOT_PROVEN

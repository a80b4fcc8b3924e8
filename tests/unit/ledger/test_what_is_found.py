"""Of each damage exactly what is wrong is said, at its place, by both verifiers; and nothing else.

That a fault is found is not enough: an inspector has to know where, and that the rest of the ledger stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.ledger.checkpoint import Checkpoint
from equipoise.ledger.envelope import NO_EVENT, Event, Head
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.head import SignedHead
from equipoise.ledger.merkle import MerkleTree, merkle_root
from equipoise.ledger.signing import Signer
from equipoise.ledger.verification import Verification, compare_heads, row_fault, verify_ledger
from support.tampering import (
    SIGNER,
    Rows,
    build_home,
    loosen,
    product_verdict,
    read_rows,
    rechain,
    stand_alone_verdict,
    text_of,
    write_rows,
)

STRANGER = Signer(b"a stranger's key".ljust(32))
AT = "2026-03-02T08:00:00.000000+00:00"
REWRITTEN = [
    "event 24: rewritten: the signed head in the database states another hash for this event",
    "event 24: rewritten: the head file states another hash for this event",
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    build_home(home)
    loosen(home / "ledger.sqlite")
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    for file in made.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def cell(at: int, column: str, value: Any, *, chained: bool = False) -> Callable[[Rows], Rows]:
    """One value of the event at this place is another; with `chained` the hashes fit again."""

    def change(rows: Rows) -> Rows:
        rows[at - 1][Event._fields.index(column)] = value
        if chained:
            rechain(rows, at - 1)
        return rows

    return change


def without(first: int, last: int) -> Callable[[Rows], Rows]:
    return lambda rows: rows[: first - 1] + rows[last:]


DAMAGES: dict[str, tuple[Callable[[Rows], Rows], list[str], list[str] | None]] = {
    "one event is missing": (
        without(5, 5),
        [
            "event 6: follows event 4: 5 missing",
            "event 6: its previous hash is not the hash of the event before",
            "event 6: version 2 of participant/01-0001 does not follow the one before",
            "event 6: client id client-2 is repeated or out of order",
        ],
        [
            "event 6: does not follow event 4",
            "event 6: its previous hash is not the hash of the event before",
            "event 6: version 2 of participant/01-0001 does not follow the one before",
            "event 6: client id client-2 is repeated or out of order",
        ],
    ),
    "three events are missing": (
        without(5, 7),
        [
            "event 8: follows event 4: 5 to 7 missing",
            "event 8: its previous hash is not the hash of the event before",
            "event 8: version 3 of participant/01-0001 does not follow the one before",
            "event 13: version 5 of participant/01-0000 does not follow the one before",
        ],
        [
            "event 8: does not follow event 4",
            "event 8: its previous hash is not the hash of the event before",
            "event 8: version 3 of participant/01-0001 does not follow the one before",
            "event 13: version 5 of participant/01-0000 does not follow the one before",
        ],
    ),
    "the first two events are missing": (
        without(1, 2),
        [
            "event 3: follows event 0: 1 to 2 missing",
            "event 3: its previous hash is not the hash of the event before",
            "event 4: version 3 of participant/01-0000 does not follow the one before",
        ],
        [
            "event 3: does not follow event 0",
            "event 3: its previous hash is not the hash of the event before",
            "event 4: version 3 of participant/01-0000 does not follow the one before",
        ],
    ),
    "a number is there twice": (
        cell(6, "seq", 5),
        [
            "event 5: out of order",
            "event 5: its content does not give its hash",
            "event 7: follows event 5: 6 missing",
        ],
        [
            "event 5: does not follow event 5",
            "event 5: its content does not give its hash",
            "event 7: does not follow event 5",
        ],
    ),
    "a number is a text": (
        cell(24, "seq", "24"),
        [
            "event 24: seq is no integer",
            "event 23: the tail was cut: the signed head in the database states 24 events",
            "event 23: the tail was cut: the head file states 24 events",
        ],
        None,
    ),
    "a value is changed": (
        cell(6, "actor", "somebody"),
        ["event 6: its content does not give its hash"],
        None,
    ),
    "a value has another type": (
        cell(23, "actor", 7),
        ["event 23: actor is no text"],
        None,
    ),
    "a number is a value of another type": (
        cell(23, "schema", "1"),
        ["event 23: schema is no integer"],
        None,
    ),
    "a value is missing": (
        cell(23, "site", None),
        ["event 23: site is no text"],
        None,
    ),
    "the device's time is a number": (
        cell(23, "device_time", 8),
        ["event 23: device_time is no text"],
        None,
    ),
    "a value is no text in UTF-8": (
        cell(23, "site", b"01\xff"),
        ["event 23: site is no text"],
        None,
    ),
    "a hash is in capitals": (
        lambda rows: cell(24, "hash", rows[23][16].upper())(rows),
        ["event 24: previous or hash is no SHA-256 hash", *REWRITTEN],
        ["event 24: previous or hash is no SHA-256 hash", *REWRITTEN],
    ),
    "a hash is one digit short": (
        lambda rows: cell(23, "previous", rows[22][15][:-1])(rows),
        ["event 23: previous or hash is no SHA-256 hash"],
        None,
    ),
    "an event is spoiled, and the next is held to the hash it bears": (
        cell(6, "payload", "{}x"),
        [
            "event 6: payload is not in canonical form",
            "event 8: version 3 of participant/01-0001 does not follow the one before",
        ],
        None,
    ),
    "a payload is a list": (
        cell(23, "payload", "[]"),
        ["event 23: payload is not in canonical form"],
        None,
    ),
    "a version is left out, the chain rewritten": (
        cell(6, "version", 9, chained=True),
        [
            "event 6: version 9 of participant/01-0001 does not follow the one before",
            "event 8: version 3 of participant/01-0001 does not follow the one before",
            *REWRITTEN,
        ],
        None,
    ),
    "a client index is left out, the chain rewritten": (
        cell(6, "client_index", 2, chained=True),
        ["event 6: client id client-2 is repeated or out of order", *REWRITTEN],
        None,
    ),
    "a client id is used anew, the chain rewritten": (
        cell(7, "client_id", "client-2", chained=True),
        ["event 7: client id client-2 is repeated or out of order", *REWRITTEN],
        None,
    ),
    "a client index has no client id, the chain rewritten": (
        cell(6, "client_id", "", chained=True),
        ["event 6: a client index stands without a client id", *REWRITTEN],
        ["event 6: client id  is repeated or out of order", *REWRITTEN],
    ),
    "an event of another trial, the chain rewritten": (
        cell(6, "trial", "t2", chained=True),
        ["event 6: it belongs to trial t2, not t1", *REWRITTEN],
        None,
    ),
    "a line is moved to another place of the chain": (
        lambda rows: cell(6, "previous", rows[3][16])(rows),
        [
            "event 6: its content does not give its hash",
            "event 6: its previous hash is not the hash of the event before",
        ],
        [
            "event 6: its previous hash is not the hash of the event before",
            "event 6: its content does not give its hash",
        ],
    ),
}


def spoken(words: str) -> list[str]:
    return [line for line in words.splitlines() if line.startswith("event ")]


@pytest.mark.parametrize("damage", DAMAGES)
def test_exactly_what_is_wrong_is_said(home: Path, damage: str) -> None:
    change, product, alone = DAMAGES[damage]
    write_rows(home / "ledger.sqlite", change(read_rows(home / "ledger.sqlite")))
    assert spoken(product_verdict(home).words) == product
    assert spoken(stand_alone_verdict(home).words) == (product if alone is None else alone)


def test_a_row_of_nothing_but_a_device_time_is_no_event() -> None:
    """The time is the one column that may be missing, not the one that may be there."""
    nothing = [None] * len(Event._fields)
    nothing[Event._fields.index("device_time")] = AT  # type: ignore[call-overload]
    assert row_fault(tuple(nothing)) == "seq is no integer"


class Stored:
    """A store that holds these rows, and can fail while they are read."""

    def __init__(self, rows: Rows, head: str | None = None, fails_after: int | None = None) -> None:
        self.rows, self.head, self.fails_after = rows, head, fails_after

    def stored(self) -> tuple[str | None, Iterator[tuple[Any, ...]]]:
        return self.head, self._read()

    def _read(self) -> Iterator[tuple[Any, ...]]:
        for n, row in enumerate(self.rows):
            if n == self.fails_after:
                raise LedgerError("the disk gave up")
            yield tuple(row)
        if self.fails_after == len(self.rows):
            raise LedgerError("the disk gave up")


def verified(rows: Rows, head: str | None = None, **given: Any) -> Verification:
    failing = given.pop("fails_after", None)
    given = {"key": None, "trial": None, **given}
    return verify_ledger(Stored(rows, head, failing), None, **given)  # type: ignore[arg-type]


def said(verification: Verification) -> list[str]:
    assert verification.ok is not bool(verification.problems)
    return [str(problem) for problem in verification.problems]


@pytest.fixture
def rows(made: Path) -> Rows:
    return read_rows(made / "ledger.sqlite")


def signed(rows: Rows, signer: Signer = SIGNER, trial: str = "t1") -> str:
    last = rows[-1]
    return SignedHead.sign(signer, trial, last[0], last[16], last[14]).to_text()


def checkpoint(rows: Rows, signer: Signer = SIGNER, time: str = AT) -> Checkpoint:
    tree = MerkleTree()
    for row in rows:
        tree.add(row[0], row[16])
    return Checkpoint.sign(signer, "t1", rows[-1][16], tree, time, "hourly")


def anonymous(rows: Rows) -> Rows:
    """The same ledger, whose first event declares no key."""
    payload = json.loads(rows[0][7])
    del payload["public_key"]
    return rechained(cell(1, "payload", text_of(payload))(rows))


def rechained(rows: Rows) -> Rows:
    rechain(rows)
    return rows


def test_the_verdict_states_what_was_seen(rows: Rows) -> None:
    verdict = verified(rows, signed(rows), checkpoints=[checkpoint(rows[:9]), checkpoint(rows)])
    assert said(verdict) == []
    assert (verdict.events, verdict.checkpoints) == (24, 2)
    assert verdict.head == Head(24, rows[-1][16])
    assert verdict.root == merkle_root((row[0], row[16]) for row in rows)
    assert verdict.key == SIGNER.public_hex
    damaged = verified(rows[:5] + rows[9:], signed(rows), checkpoints=[None])
    assert (damaged.events, damaged.checkpoints) == (20, 0)


@pytest.mark.parametrize("read", [0, 1, 7, 24])
def test_where_the_disk_gives_up_is_told(rows: Rows, read: int) -> None:
    """What was read until then is verified; the rest is missing beyond this event."""
    assert f"event {read}: the disk gave up" in said(verified(rows, fails_after=read))


class Closed:
    """A store that cannot be read at all."""

    def stored(self) -> tuple[str | None, Iterator[tuple[Any, ...]]]:
        raise LedgerError("cannot be read as a ledger")


def test_a_ledger_that_cannot_be_opened_is_at_fault_before_its_first_event() -> None:
    verdict = verify_ledger(Closed(), None, key=None, trial=None)  # type: ignore[arg-type]
    assert said(verdict) == ["event 0: cannot be read as a ledger"]
    assert (verdict.events, verdict.head, verdict.key) == (0, Head(0, NO_EVENT), None)


def test_a_hundred_faults_of_the_chain_are_told_and_no_more(rows: Rows) -> None:
    """A ledger with one more is damaged enough; what the heads say is told beside them."""
    long = [list(rows[0]) for _ in range(150)]
    for n, row in enumerate(long, 1):
        row[0], row[3], row[11] = n, n, f"c{n}"
    rechain(long)
    head = signed(long)
    for faults, told in ((99, 99), (100, 100), (101, 100), (149, 100)):
        damaged = [[*row[:8], "nobody", *row[9:]] for row in long[:faults]] + long[faults:]
        found = said(verified(damaged, head))
        assert found == [
            f"event {n}: its content does not give its hash" for n in range(1, told + 1)
        ]
        assert said(verified(damaged, None, key=SIGNER.public_hex)) == [
            *found,
            "event 150: the database holds no valid signed head",
        ]


def test_without_a_declared_key_that_of_the_signed_head_is_what_all_else_is_held_to(
    rows: Rows,
) -> None:
    rows = anonymous(rows)
    verdict = verified(rows, signed(rows), checkpoints=[checkpoint(rows, STRANGER)])
    assert verdict.key == SIGNER.public_hex
    assert said(verdict) == [
        f"event 24: the checkpoint of {AT} (hourly) is signed with another key"
    ]
    nothing = verified(rows)
    assert (nothing.key, said(nothing)) == (None, [])


def test_a_key_given_from_outside_is_not_given_up_for_another(rows: Rows) -> None:
    verdict = verified(rows, signed(rows), key=STRANGER.public_hex)
    assert verdict.key == STRANGER.public_hex
    assert said(verdict) == [
        "event 1: it declares another public key than the one verified against",
        "event 24: the signed head in the database is signed with another key",
    ]
    known = anonymous(rows)
    verdict = verified(known, signed(known, STRANGER), key=SIGNER.public_hex)
    assert verdict.key == SIGNER.public_hex
    assert said(verdict) == ["event 24: the signed head in the database is signed with another key"]


def test_the_trial_that_is_expected_is_what_every_event_is_held_to(rows: Rows) -> None:
    assert said(verified(rows, signed(rows), trial="t1")) == []
    found = said(verified(rows, signed(rows), trial="t2"))
    assert found[:2] == [
        "event 1: it belongs to trial t1, not t2",
        "event 2: it belongs to trial t1, not t2",
    ]
    assert found[-1] == "event 24: the signed head in the database belongs to trial t1"
    assert len(found) == 25


def test_a_key_that_is_no_text_declares_nothing(rows: Rows) -> None:
    payload = {**json.loads(rows[0][7]), "public_key": 7}
    changed = rechained(cell(1, "payload", text_of(payload))(rows))
    assert verified(changed, signed(changed)).key == SIGNER.public_hex


# Checkpoints against the chain


def test_a_checkpoint_of_any_event_is_held_against_that_event(rows: Rows) -> None:
    head = signed(rows)
    for end in (1, 2, 13, 23, 24):
        assert said(verified(rows, head, checkpoints=[checkpoint(rows[:end])])) == []
    other = rechained(cell(9, "actor", "somebody")([list(row) for row in rows]))
    where = f"the checkpoint of {AT} (hourly)"
    for end in (9, 12, 24):
        assert said(verified(rows, head, checkpoints=[checkpoint(other[:end])])) == [
            f"event {end}: rewritten: {where} states another hash for this event"
        ]
    assert said(verified(rows[:20], signed(rows[:20]), checkpoints=[checkpoint(rows)])) == [
        f"event 20: the tail was cut: {where} states 24 events"
    ]
    assert said(verified(rows, head, checkpoints=[None])) == [
        "event 24: a checkpoint is none, or its signature does not hold"
    ]


def test_a_checkpoint_with_the_right_hash_and_another_root_is_told(rows: Rows) -> None:
    """The events below were exchanged, and the one it names was left as it stands."""
    tree = MerkleTree()
    for row in rows[:12]:
        tree.add(row[0], row[15])
    forged = Checkpoint.sign(SIGNER, "t1", rows[11][16], tree, AT, "hourly")
    assert said(verified(rows, signed(rows), checkpoints=[forged])) == [
        f"event 12: rewritten: the checkpoint of {AT} (hourly) states another Merkle root"
    ]


def test_a_checkpoint_taken_before_the_first_event_holds_for_every_ledger(rows: Rows) -> None:
    empty = Checkpoint.sign(SIGNER, "t1", NO_EVENT, MerkleTree(), AT, "hourly")
    assert said(verified(rows, signed(rows), checkpoints=[empty])) == []
    strange = Checkpoint.sign(SIGNER, "t1", "ab" * 32, MerkleTree(), AT, "hourly")
    assert said(verified(rows, signed(rows), checkpoints=[strange])) == [
        f"event 0: rewritten: the checkpoint of {AT} (hourly) states another hash for this event"
    ]


# The signed heads against the chain


def heads_said(
    end: Head, stored: str | None, slots: tuple[SignedHead | None, ...] | None, **given: Any
) -> list[str]:
    hashes = {end.seq: end.hash, 5: "5a" * 32}
    given = {"key": SIGNER.public_hex, "trial": "t1", **given}
    problems, _ = compare_heads(end, hashes.get, stored, slots, **given)
    return [str(problem) for problem in problems]


END = Head(9, "9a" * 32)
LAST = SignedHead.sign(SIGNER, "t1", *END, AT)
EARLIER = SignedHead.sign(SIGNER, "t1", 5, "5a" * 32, AT)
BORN = SignedHead.sign(SIGNER, "t1", 0, NO_EVENT, "")
NO_HEAD = "event 9: the database holds no valid signed head"
SPOILED = "event 9: a slot of the head file is spoiled"


def test_heads_that_state_the_end_are_no_problem() -> None:
    assert heads_said(END, LAST.to_text(), (LAST, LAST)) == []
    assert heads_said(END, LAST.to_text(), None) == []
    problems, heads = compare_heads(
        END, {9: END.hash}.get, LAST.to_text(), (LAST, None), key=None, trial=None, healable=True
    )
    assert (problems, heads.database, heads.slots) == ([], LAST, (LAST, None))


def test_where_nothing_is_signed_nothing_is_held_against_it() -> None:
    """A ledger without a signer has no heads; one that was just born has one that states nothing."""
    assert heads_said(END, None, None, key=None) == []
    assert heads_said(END, None, None) == [NO_HEAD], "a key is expected"
    assert heads_said(Head(0, NO_EVENT), None, (BORN, BORN)) == []
    assert heads_said(Head(0, NO_EVENT), None, None) == []
    assert heads_said(Head(0, NO_EVENT), None, ()) == []


def test_an_empty_ledger_whose_heads_tell_of_events_was_emptied() -> None:
    none = Head(0, NO_EVENT)
    no_head = "event 0: the database holds no valid signed head"
    assert heads_said(none, None, (LAST, LAST)) == [
        no_head,
        "event 0: the tail was cut: the head file states 9 events",
    ]
    assert heads_said(none, None, (BORN, None)) == [
        no_head,
        "event 0: a slot of the head file is spoiled",
    ]
    assert heads_said(none, LAST.to_text(), None) == [
        "event 0: the tail was cut: the signed head in the database states 9 events"
    ]


def test_a_signed_head_that_is_missing_or_void_is_told() -> None:
    assert heads_said(END, None, (LAST, LAST)) == [NO_HEAD]
    assert heads_said(END, None, (LAST, LAST), key=None) == [NO_HEAD]
    assert heads_said(END, "nothing", None, key=None) == [NO_HEAD]
    void = LAST.to_text().replace('"seq":9', '"seq":8')
    assert heads_said(END, void, (LAST, LAST)) == [NO_HEAD]
    _, heads = compare_heads(END, {}.get, void, None, key=None, trial=None)
    assert heads.database is None


def test_events_beyond_the_signed_head_are_told_and_a_head_file_that_lies_behind_is_not() -> None:
    """The head file is written after the commit: a sudden death leaves it behind."""
    assert heads_said(END, EARLIER.to_text(), (LAST, LAST)) == [
        "event 6: events from here on are not signed for"
    ]
    assert heads_said(END, LAST.to_text(), (EARLIER, EARLIER)) == []
    assert heads_said(END, LAST.to_text(), (EARLIER, LAST)) == []


def test_of_two_slots_the_newer_one_counts() -> None:
    ahead = SignedHead.sign(SIGNER, "t1", 10, "aa" * 32, AT)
    for slots in ((EARLIER, ahead), (ahead, EARLIER)):
        assert heads_said(END, LAST.to_text(), slots) == [
            "event 9: the tail was cut: the head file states 10 events"
        ]


def test_a_missing_head_file_is_told() -> None:
    assert heads_said(END, LAST.to_text(), ()) == ["event 9: the head file is missing"]


def test_one_spoiled_slot_is_forgiven_on_opening_and_not_at_rest() -> None:
    """A torn write spoils one slot at most; both spoiled is no torn write."""
    one, both = (None, LAST), (None, None)
    assert heads_said(END, LAST.to_text(), one) == [SPOILED]
    assert heads_said(END, LAST.to_text(), one, healable=True) == []
    assert heads_said(END, LAST.to_text(), both) == [SPOILED]
    assert heads_said(END, LAST.to_text(), both, healable=True) == [SPOILED]

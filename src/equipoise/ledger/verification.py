"""Is the ledger whole? Every hash again, every place, and the heads signed over them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .envelope import NO_EVENT, Event, Head, canonical_json, canonical_text, hash_after
from .errors import LedgerError, NotCanonicalError
from .head import HeadFile, SignedHead
from .merkle import MerkleTree
from .store import Store

_PROBLEMS_KEPT = 100
_INTEGERS = frozenset({"seq", "version", "schema", "client_index"})
_HEXADECIMAL = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and at which event (0: before the first)."""

    seq: int
    what: str

    def __str__(self) -> str:
        return f"event {self.seq}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict, how many events were seen, the Merkle root over them, and the problems."""

    ok: bool
    events: int
    root: str
    head: Head
    key: str | None
    """The public key the heads were checked against."""
    problems: list[Problem] = field(default_factory=list)


Slots = tuple[SignedHead | None, ...]
"""What the slots of the head file state; `None` for one that states nothing signed."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The signed heads found: in the database, and in the slots of the head file."""

    database: SignedHead | None
    slots: Slots


def _content_fault(row: tuple[Any, ...]) -> str | None:
    """What makes the row no event at all: a wrong type, broken text, a payload not canonical."""
    for name, value in zip(Event._fields, row, strict=True):
        expected = int if name in _INTEGERS else str
        if type(value) is not expected and not (name == "device_time" and value is None):
            return f"{name} is no {'integer' if expected is int else 'text'}"
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                return f"{name} is no UTF-8 text"
    try:
        payload = json.loads(row[7])
        if type(payload) is not dict or canonical_json(payload) != row[7]:
            return "payload is not in canonical form"
    except (ValueError, RecursionError, NotCanonicalError):
        return "payload is not in canonical form"
    for name in ("previous", "hash"):
        value = row[Event._fields.index(name)]
        if len(value) != 64 or not _HEXADECIMAL.issuperset(value):
            return f"{name} is no SHA-256 hash"
    return None


def _readable(
    rows: Iterator[tuple[Any, ...]], note: Callable[[int, str], None]
) -> Iterator[tuple[Any, ...]]:
    """The stored rows as far as they can be read; what stops the reading is a problem too."""
    last = 0
    try:
        for row in rows:
            yield row
            last = row[0]
    except LedgerError as error:
        note(last, str(error))


def verify_ledger(
    store: Store, head_file: HeadFile | None, *, key: str | None, trial: str | None
) -> Verification:
    """Verify a whole ledger.

    Without `key` the public key is the one that the first event declares in its payload under
    `public_key`, the ledger's own convention; without that too, signatures are held against the
    key they name. `trial` is the expected trial, by default the first event's. After a fault
    the walk goes on from what is stored, so that one fault is reported once.
    """
    problems: list[Problem] = []
    tree = MerkleTree()
    streams: dict[str, int] = {}
    clients: dict[str, int] = {}
    hashes: dict[int, str] = {}
    head = Head(0, NO_EVENT)
    count = 0

    def note(seq: int, what: str) -> None:
        if len(problems) < _PROBLEMS_KEPT:
            problems.append(Problem(seq, what))

    # The file is read before the chain, so that a ledger being written is not found cut.
    slots = head_file.read() if head_file is not None else None
    try:
        stored, rows = store.stored()
    except LedgerError as error:
        note(0, str(error))
        stored, rows = None, iter(())
    for row in _readable(rows, note):
        count += 1
        seq = row[0]
        if type(seq) is not int:
            note(head.seq + 1, "seq is no integer")
            continue
        fault = _content_fault(row)
        if seq != head.seq + 1:
            gap = f"{head.seq + 1}" if seq == head.seq + 2 else f"{head.seq + 1} to {seq - 1}"
            note(
                seq,
                f"follows event {head.seq}: {gap} missing" if seq > head.seq else "out of order",
            )
        if fault is not None:
            note(seq, fault)
            # Nothing in this row can be relied on; the next one's `previous` is held against it.
            head = Head(seq, str(row[16]))
            continue
        event = Event(*row)
        if event.previous != head.hash:
            note(seq, "its previous hash is not the hash of the event before")
        if hash_after(event.previous, canonical_text(*row[:15]).encode()) != event.hash:
            note(seq, "its content does not give its hash")
        if event.version != streams.get(event.stream, 0) + 1:
            note(
                seq,
                f"version {event.version} of {event.stream} does not follow the one before",
            )
        streams[event.stream] = event.version
        if event.client_id:
            if event.client_index != clients.get(event.client_id, 0):
                note(seq, f"client id {event.client_id} is repeated or out of order")
            clients[event.client_id] = event.client_index + 1
        elif event.client_index:
            note(seq, "a client index stands without a client id")
        if not hashes:
            # The first event that can be relied on says what this ledger is.
            trial = trial or event.trial
            declared = json.loads(row[7]).get("public_key")
            if isinstance(declared, str):
                if key is not None and key != declared:
                    note(
                        seq,
                        "it declares another public key than the one verified against",
                    )
                key = key or declared
        if event.trial != trial:
            note(seq, f"it belongs to trial {event.trial}, not {trial}")
        tree.add(seq, event.hash)
        hashes[seq] = event.hash
        head = Head(seq, event.hash)

    found, heads = compare_heads(head, hashes.get, stored, slots, key=key, trial=trial)
    problems.extend(found)
    if key is None and heads.database is not None:
        key = heads.database.key
    return Verification(not problems, count, tree.root(), head, key, problems)


def compare_heads(
    end: Head,
    hash_at: Callable[[int], str | None],
    stored: str | None,
    slots: Slots | None,
    *,
    key: str | None,
    trial: str | None,
    healable: bool = False,
) -> tuple[list[Problem], Heads]:
    """Hold the signed heads, in the database and in the file's slots, against the chain's end.

    `slots` is `None` where no head file is kept, and empty where it is missing. With `healable` one
    spoiled slot is forgiven, as a torn write leaves it; at rest it is not.
    """
    problems: list[Problem] = []
    database = SignedHead.parse(stored) if stored is not None else None
    if database is not None and not database.holds():
        database = None
    heads = Heads(database, slots or ())
    signed = key is not None or slots is not None or stored is not None
    untouched = end.seq == 0 and stored is None and all(s and s.seq == 0 for s in slots or ())
    if not signed or untouched:
        return problems, heads

    if database is None:
        problems.append(Problem(end.seq, "the database holds no valid signed head"))
    else:
        problems += _against(database, "the signed head in the database", end, hash_at, key, trial)
        if database.seq < end.seq:
            problems.append(Problem(database.seq + 1, "events from here on are not signed for"))
    if slots is None:
        return problems, heads
    if not slots:
        problems.append(Problem(end.seq, "the head file is missing"))
        return problems, heads
    valid = [head for head in slots if head is not None]
    if not valid or (len(valid) < len(slots) and not healable):
        problems.append(Problem(end.seq, "a slot of the head file is spoiled"))
    if valid:
        newest = max(valid, key=lambda head: head.seq)
        problems += _against(newest, "the head file", end, hash_at, key, trial)
    return problems, heads


def _against(
    stated: SignedHead,
    where: str,
    end: Head,
    hash_at: Callable[[int], str | None],
    key: str | None,
    trial: str | None,
) -> list[Problem]:
    if key is not None and stated.key != key:
        return [Problem(end.seq, f"{where} is signed with another key")]
    if trial is not None and stated.trial != trial:
        return [Problem(end.seq, f"{where} belongs to trial {stated.trial}")]
    if stated.seq > end.seq:
        return [
            Problem(
                end.seq,
                f"the tail was cut: {where} states {stated.seq} events",
            )
        ]
    if (hash_at(stated.seq) if stated.seq else NO_EVENT) != stated.hash:
        return [Problem(stated.seq, f"rewritten: {where} states another hash for this event")]
    return []

"""Is the ledger whole? Every hash again, every place, and the heads signed over them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .checkpoint import Checkpoint
from .envelope import NO_EVENT, Event, Head, canonical_payload, canonical_text, hash_after
from .errors import LedgerError
from .head import HeadFile, SignedHead
from .merkle import MerkleTree
from .side_by_side import checked
from .store import Store

_PROBLEMS_KEPT = 100
_INTEGERS = frozenset({"seq", "version", "schema", "client_index"})
_PLAIN_TYPES = tuple(int if name in _INTEGERS else str for name in Event._fields)
_TYPES = (
    _PLAIN_TYPES,
    tuple(
        type(None) if name == "device_time" else kind
        for name, kind in zip(Event._fields, _PLAIN_TYPES, strict=True)
    ),
)
WRONG_HASH = "its content does not give its hash"
_is_hash = re.compile("[0-9a-f]{64}").fullmatch


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and at which event (0: before the first)."""

    seq: int
    what: str

    def __str__(self) -> str:
        return f"event {self.seq}: {self.what}"


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The server's time at an event cannot be right beside another (all ISO 8601 in UTC).

    `back`: it lies before `before`, the time of the event before. `ahead`: it lies after `before`, the time at
    which somebody else wrote the event down: of a checkpoint that covers it, or of this verification.
    """

    seq: int
    before: str
    time: str
    kind: Literal["back", "ahead"] = "back"

    def __str__(self) -> str:
        if self.kind == "back":
            return (
                f"the server's clock went back at event {self.seq}: {self.before}, then {self.time}"
            )
        return (
            f"the server's clock was ahead at event {self.seq}: {self.time}, known at {self.before}"
        )


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict, how many events were seen, the Merkle root over them, and the problems."""

    ok: bool
    events: int
    root: str
    head: Head
    key: str | None
    """The public key the heads were checked against."""
    problems: list[Problem]
    clock_steps: tuple[ClockStep, ...]
    """Where the server's clock was stepped: its time went back from one event to the next, or an event bears a
    time later than that at which it was known. No fault of the ledger: the order of events is that of
    `seq`; but times around such a place need an explanation."""
    checkpoints: int
    """How many checkpoints were held against it."""


Slots = tuple[SignedHead | None, ...]
"""What the slots of the head file state; `None` for one that states nothing signed."""


@dataclass(frozen=True, slots=True)
class Heads:
    """The signed heads found: in the database, and in the slots of the head file."""

    database: SignedHead | None
    slots: Slots


def _content_fault(row: tuple[Any, ...]) -> str | None:
    """What makes the row no event at all: a wrong type, broken text, a payload not canonical."""
    if tuple(map(type, row)) not in _TYPES:
        for name, value, expected in zip(Event._fields, row, _PLAIN_TYPES, strict=True):
            if type(value) is not expected and not (name == "device_time" and value is None):
                return f"{name} is no {'integer' if expected is int else 'text'}"
    if not (_is_hash(row[15]) and _is_hash(row[16])):
        return "previous or hash is no SHA-256 hash"
    if canonical_payload(row[7]) is None:
        return "payload is not in canonical form"
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


def row_fault(row: tuple[Any, ...]) -> str | None:
    """What is wrong with a stored row by itself: its types, its payload's form, its hash."""
    fault = _content_fault(row)
    if fault is not None:
        return fault
    try:
        content = canonical_text(*row[:15]).encode()
    except UnicodeEncodeError:
        return "a column is no UTF-8 text"
    return None if hash_after(row[15], content) == row[16] else WRONG_HASH


def verify_ledger(
    store: Store,
    head_file: HeadFile | None,
    *,
    key: str | None,
    trial: str | None,
    checkpoints: Sequence[Checkpoint | None] = (),
    now: str | None = None,
    processes: int = 1,
) -> Verification:
    """Verify a whole ledger.

    `processes` is by how many processes the rows of a long ledger are checked, this one included.

    `now` (ISO 8601 in UTC) is the time of this verification, where the ledger's clock is that of the world: events
    that bear a later time are told.

    Without `key` the public key is the one that the first event declares in its payload under
    `public_key`, the ledger's own convention; without that too, signatures are held against the
    key they name. `trial` is the expected trial, by default the first event's. `checkpoints` are held against the
    chain wherever they were kept (`None`: a line that is none). After a fault
    the walk goes on from what is stored, so that one fault is reported once.
    """
    # The file is read before the chain, so that a ledger being written is not found cut.
    slots = head_file.read() if head_file is not None else None
    walk = _Walk(key, trial)
    try:
        stored, rows = store.stored()
    except LedgerError as error:
        walk.note(0, str(error))
        stored, rows = None, iter(())
    stated = [SignedHead.parse(stored) if stored is not None else None, *(slots or ())]
    walk.watch(one.seq for one in (*stated, *checkpoints) if one is not None)
    walk.through(checked(_readable(rows, walk.note), row_fault, processes))
    problems, key, head = walk.problems, walk.key, walk.head
    found, heads = compare_heads(head, walk.hashes.get, stored, slots, key=key, trial=walk.trial)
    problems.extend(found)
    if key is None and heads.database is not None:
        key = heads.database.key
    for checkpoint in checkpoints:
        problems.extend(walk.against(checkpoint, key))
    steps = walk.all_steps(checkpoints, now)
    root = walk.tree.root()
    held = sum(1 for checkpoint in checkpoints if checkpoint is not None)
    return Verification(not problems, walk.count, root, head, key, problems, steps, held)


class _Walk:
    """The chain from its first stored row to the last, and what was found on the way."""

    def __init__(self, key: str | None, trial: str | None) -> None:
        self.key, self.trial = key, trial
        self.problems: list[Problem] = []
        self.clock_steps: list[ClockStep] = []
        self.latest = (0, "")
        """The event with the latest time so far, and that time."""
        self._latest_at: dict[int, tuple[int, str]] = {}
        self.tree = MerkleTree()
        self.head = Head(0, NO_EVENT)
        self.count = 0
        self.hashes: dict[int, str] = {}
        """The hashes at the places that are watched."""
        self.roots: dict[int, str] = {0: self.tree.root()}
        self._watched: frozenset[int] = frozenset()

    def note(self, seq: int, what: str) -> None:
        """Keep a problem; after a hundred the ledger is damaged enough."""
        if len(self.problems) < _PROBLEMS_KEPT:
            self.problems.append(Problem(seq, what))

    def watch(self, places: Iterable[int]) -> None:
        """Remember hash and root at these places."""
        self._watched = frozenset(places)

    def through(self, rows: Iterator[tuple[tuple[Any, ...], str | None]]) -> None:
        """Check every row in turn, each given with its own fault."""
        note, tree, watched = self.note, self.tree, self._watched
        streams: dict[str, int] = {}
        clients: dict[str, int] = {}
        last, end, before = 0, NO_EVENT, ""
        latest, latest_seq = "", 0
        for row, fault in rows:
            self.count += 1
            seq = row[0]
            if type(seq) is not int:
                note(last + 1, "seq is no integer")
                continue
            if seq != last + 1:
                gap = f"{last + 1}" if seq == last + 2 else f"{last + 1} to {seq - 1}"
                note(seq, f"follows event {last}: {gap} missing" if seq > last else "out of order")
            last, previous = seq, end
            end = str(row[16])
            if fault is not None:
                note(seq, fault)
                if fault != WRONG_HASH:
                    # Nothing in this row can be relied on; the next one's `previous` is held to it.
                    continue
            if row[15] != previous:
                note(seq, "its previous hash is not the hash of the event before")
            stream, version, client, index, time = row[2], row[3], row[11], row[12], row[14]
            if version != streams.get(stream, 0) + 1:
                note(seq, f"version {version} of {stream} does not follow the one before")
            streams[stream] = version
            if client:
                if index != clients.get(client, 0):
                    note(seq, f"client id {client} is repeated or out of order")
                clients[client] = index + 1
            elif index:
                note(seq, "a client index stands without a client id")
            if not tree.count:
                self._first(row)
            if row[1] != self.trial:
                note(seq, f"it belongs to trial {row[1]}, not {self.trial}")
            if time < before:
                self.clock_steps.append(ClockStep(seq, before, time))
            elif time >= latest:
                latest, latest_seq = time, seq
            before = time
            tree.add(seq, end)
            if seq in watched:
                self.hashes[seq] = end
                self.roots[seq] = tree.root()
                self._latest_at[seq] = (latest_seq, latest)
        self.latest = (latest_seq, latest)
        self.head = Head(last, end)

    def all_steps(
        self, checkpoints: Iterable[Checkpoint | None], now: str | None
    ) -> tuple[ClockStep, ...]:
        """Every step of the clock: back from event to event, and ahead of a checkpoint or of `now`."""
        ahead: dict[int, ClockStep] = {}
        for checkpoint in checkpoints:
            if checkpoint is not None:
                seq, time = self._latest_at.get(checkpoint.seq, (0, ""))
                if time > checkpoint.time:
                    ahead.setdefault(seq, ClockStep(seq, checkpoint.time, time, "ahead"))
        seq, time = self.latest
        if now is not None and time > now:
            ahead.setdefault(seq, ClockStep(seq, now, time, "ahead"))
        return tuple(sorted([*self.clock_steps, *ahead.values()], key=lambda step: step.seq))

    def _first(self, row: tuple[Any, ...]) -> None:
        """The first event that can be relied on says what this ledger is."""
        self.trial = self.trial or row[1]
        declared = json.loads(row[7]).get("public_key")
        if isinstance(declared, str):
            if self.key is not None and self.key != declared:
                self.note(row[0], "it declares another public key than the one verified against")
            self.key = self.key or declared

    def against(self, checkpoint: Checkpoint | None, key: str | None) -> Iterator[Problem]:
        """Hold a checkpoint against what was walked."""
        end = self.head.seq
        if checkpoint is None:
            yield Problem(end, "a checkpoint is none, or its signature does not hold")
            return
        where = checkpoint.place
        found = compare_statement(checkpoint, where, self.head, self.hashes.get, key, self.trial)
        yield from found
        if not found and self.roots.get(checkpoint.seq) != checkpoint.root:
            yield Problem(checkpoint.seq, f"rewritten: {where} states another Merkle root")


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
        problems += compare_statement(
            database, "the signed head in the database", end, hash_at, key, trial
        )
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
        problems += compare_statement(newest, "the head file", end, hash_at, key, trial)
    return problems, heads


def compare_statement(
    stated: SignedHead | Checkpoint,
    where: str,
    end: Head,
    hash_at: Callable[[int], str | None],
    key: str | None,
    trial: str | None,
) -> list[Problem]:
    """Hold one signed statement, found at `where`, against the chain's end and its hashes."""
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

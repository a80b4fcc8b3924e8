"""What somebody with the database file in hand could do to it, and what the verifiers then say."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import re
import sqlite3
import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from equipoise.ledger.checkpoint import CheckpointFile, read_checkpoints
from equipoise.ledger.envelope import Draft, Event, canonical_text, hash_after
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.verification import verify_ledger

COLUMNS = Event._fields
Rows = list[list[Any]]
VERIFIER = Path(__file__).parents[2] / "tools" / "verify.py"
SIGNER = Signer(hashlib.sha256(b"the signer").digest())


def build_home(home: Path, events: int = 24) -> None:
    """A whole ledger with its head, and the key that signs it declared in its first event."""
    ledger = open_ledger(home)
    fill(ledger, 0, events)
    ledger.close()


def append_events(home: Path, events: int) -> None:
    """So many more."""
    ledger = open_ledger(home)
    fill(ledger, ledger.head().seq + 1000, events)
    ledger.close()


def open_ledger(home: Path) -> Ledger:
    """The home's ledger, for writing."""
    return Ledger(
        SqliteStore(home / "ledger.sqlite"),
        trial="t1",
        signer=SIGNER,
        head_file=HeadFile(home / "head"),
    )


def fill(ledger: Ledger, start: int, events: int) -> None:
    """Append so many events, numbered from `start`, by people who differ and client ids that repeat."""
    for n in range(start, start + events):
        payload: dict[str, Any] = {
            "n": n,
            "value": f"{n}.50",
            "note": "气",
            "list": ["a", None, True],
        }
        if n == 0:
            payload["public_key"] = SIGNER.public_hex
        draft = Draft(
            f"participant/01-000{n % 3}", ("FormSaved", "DoseRecorded")[n % 2], 1, "ab" * 32, payload,
            "coordinator-nanning", "coordinator", "01", f"client-{n // 2}" if n % 4 < 2 else f"c{n}",
            None if n % 3 else "2026-03-01T08:00:00+08:00",
            f"2026-03-01T{8 + n // 60:02}:{n % 60:02}:00.000000+00:00",
        )  # fmt: skip
        if n % 4 == 1:
            continue
        drafts = [draft]
        if n % 4 == 0:
            drafts.append(draft)
        with ledger.write() as writing:
            writing.append(drafts)


def loosen(database: Path) -> None:
    """Rebuild the events table without types, keys or triggers, as an intruder can."""
    with sqlite3.connect(database) as connection:
        names = ", ".join(COLUMNS)
        connection.execute(f"CREATE TABLE loose ({names})")
        connection.execute(f"INSERT INTO loose SELECT {names} FROM events ORDER BY seq")
        connection.execute("DROP TABLE events")
        connection.execute("ALTER TABLE loose RENAME TO events")
    connection.close()


def read_rows(database: Path) -> list[list[Any]]:
    """The stored rows as lists of cells."""
    connection = sqlite3.connect(database)
    found = [list(row) for row in connection.execute(f"SELECT {', '.join(COLUMNS)} FROM events")]
    connection.close()
    return found


def write_rows(database: Path, rows: list[list[Any]]) -> None:
    """Put these rows in the place of all that were stored."""
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("DELETE FROM events")
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO events VALUES ({marks})", rows)
    connection.close()


def rechain(rows: list[list[Any]], start: int = 0) -> None:
    """Give the rows from `start` on the hashes that fit: what a chain alone cannot see."""
    for at in range(start, len(rows)):
        row = rows[at]
        row[15] = rows[at - 1][16] if at else "0" * 64
        row[16] = hash_after(row[15], canonical_text(*row[:15]).encode())


@dataclass(frozen=True)
class Verdict:
    """Whether it is whole, and at which events something is wrong."""

    whole: bool
    places: frozenset[int]
    words: str


def product_verdict(home: Path, *checkpoints: Path) -> Verdict:
    """What Equipoise says."""
    store = SqliteStore(home / "ledger.sqlite", read_only=True)
    try:
        kept = CheckpointFile(home / "checkpoints.jsonl").read()
        for file in checkpoints:
            kept += read_checkpoints(file.read_text(encoding="utf-8"))
        head = HeadFile(home / "head")
        result = verify_ledger(store, head, key=None, trial=None, checkpoints=kept)
    finally:
        store.close()
    places = frozenset(problem.seq for problem in result.problems)
    return Verdict(result.ok, places, "\n".join(map(str, result.problems)))


@lru_cache(maxsize=1)
def stand_alone() -> ModuleType:
    """The stand-alone verifier as a module. The signatures it has checked are remembered: pure
    Python needs 10 ms for one, and the tests show it the same ones thousands of times."""
    spec = importlib.util.spec_from_file_location("stand_alone_verifier", VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.signature_holds = lru_cache(maxsize=None)(module.signature_holds)  # type: ignore[attr-defined]
    return module


def stand_alone_verdict(*arguments: str | Path) -> Verdict:
    """What the verifier that needs no Equipoise says."""
    module, printed, kept = stand_alone(), io.StringIO(), sys.argv
    sys.argv = ["verify.py", *map(str, arguments)]
    try:
        with redirect_stdout(printed):
            code = module.main()
    finally:
        sys.argv = kept
    words = printed.getvalue()
    places = frozenset(int(place) for place in re.findall(r"^event (-?\d+):", words, re.MULTILINE))
    return Verdict(code == 0, places, words)


def text_of(value: Any) -> str:
    """Canonical JSON of a payload."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# -- what is done to rows -------------------------------------------------------------------------

GUARDS: dict[str, tuple[str, ...]] = {
    "event's hash": ("does not give its hash", "no SHA-256", "no text", "no integer", "canonical"),
    "order": ("previous hash", "follows event", "does not follow", "client id", "out of order"),
    "head in the database": (
        "signed head in the database",
        "no valid signed head",
        "not signed for",
    ),
    "head file": ("the head file",),
    "checkpoint beside": ("the checkpoint of",),
    "checkpoint elsewhere": (),
}
"""What catches, and the words by which the product says so. The last is tried apart."""


def renumber(rows: Rows) -> None:
    """Give seq, versions and client indexes the values that fit."""
    streams: dict[str, int] = {}
    clients: dict[str, int] = {}
    for seq, row in enumerate(rows, 1):
        row[0] = seq
        row[3] = streams[row[2]] = streams.get(row[2], 0) + 1
        if row[11]:
            row[12] = clients.get(row[11], 0)
            clients[row[11]] = row[12] + 1


def edited(rows: Rows) -> Rows:
    """A value of one event is another."""
    rows[6][7] = text_of({**json.loads(rows[6][7]), "value": "9.99"})
    return rows


def deleted(rows: Rows) -> Rows:
    """One event is gone."""
    return rows[:6] + rows[7:]


def inserted(rows: Rows) -> Rows:
    """One event more."""
    new = list(rows[6])
    new[7], new[11], new[12] = text_of({"n": 1, "value": "forged"}), "", 0
    return [*rows[:6], new, *rows[6:]]


def swapped(rows: Rows) -> Rows:
    """Two events in each other's places."""
    rows[6][1:], rows[9][1:] = rows[9][1:], rows[6][1:]
    return rows


def doubled(rows: Rows) -> Rows:
    """One event twice."""
    return [*rows[:7], list(rows[6]), *rows[7:]]


def cut(rows: Rows) -> Rows:
    """The last events are gone."""
    return rows[:-3]

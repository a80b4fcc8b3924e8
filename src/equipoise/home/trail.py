"""An index of the audit trail: who did what to which form, so that a filter is answered without reading a million events.

It is derived from the ledger and can be deleted at any time. It costs no command anything: it is brought up to
date when somebody looks. Nothing sealed stands in it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equipoise.ledger.envelope import Event
from equipoise.ledger.ledger import Ledger

FILE = "trail.sqlite"
_VERSION = "1"
"""Raise it when an entry is made otherwise: the index is then built anew."""
_SQL = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS held (what TEXT PRIMARY KEY) STRICT;
CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL,
    site TEXT NOT NULL, participant TEXT NOT NULL, type TEXT NOT NULL, form TEXT NOT NULL,
    place TEXT NOT NULL, items TEXT NOT NULL, reason INTEGER NOT NULL, after_lock INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entry_by_actor ON entry (actor, seq);
CREATE INDEX IF NOT EXISTS entry_by_role ON entry (role, seq);
CREATE INDEX IF NOT EXISTS entry_by_site ON entry (site, seq);
CREATE INDEX IF NOT EXISTS entry_by_participant ON entry (participant, place, seq);
CREATE INDEX IF NOT EXISTS entry_by_type ON entry (type, seq);
CREATE INDEX IF NOT EXISTS entry_by_form ON entry (form, seq);
CREATE INDEX IF NOT EXISTS entry_with_reason ON entry (seq) WHERE reason = 1;
CREATE INDEX IF NOT EXISTS entry_after_lock ON entry (seq) WHERE after_lock = 1;
"""
_CHUNK = 5000
MOST_AT_ONCE = 50_000
"""Events taken in when somebody looks; what is further behind comes with the next look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailFilter:
    """What is looked for; empty means anything. `since` and `until` are ledger positions, `after` and `before`
    instants (ISO 8601, UTC)."""

    sites: tuple[str, ...] = ()
    actor: str = ""
    role: str = ""
    participant: str = ""
    forms: tuple[str, ...] = ()
    item: str = ""
    types: tuple[str, ...] = ()
    reason: bool = False
    after_lock: bool = False
    after: str = ""
    before: str = ""
    since: int = 0
    until: int = 0

    def condition(self) -> tuple[str, list[Any]]:
        """As SQL over `entry`, with its parameters."""
        parts, values = ["1"], list[Any]()

        def one_of(column: str, wanted: tuple[str, ...]) -> None:
            if wanted:
                parts.append(f"{column} IN ({', '.join('?' * len(wanted))})")
                values.extend(wanted)

        one_of("site", self.sites)
        one_of("form", self.forms)
        one_of("type", self.types)
        for column, wanted in (
            ("actor", self.actor), ("role", self.role), ("participant", self.participant),
        ):  # fmt: skip
            one_of(column, (wanted,) if wanted else ())
        if self.item:
            parts.append("instr(items, ?) > 0")
            values.append(f" {self.item} ")
        if self.reason:
            parts.append("reason = 1")
        if self.after_lock:
            parts.append("after_lock = 1")
        for words, bound in (
            ("at >= ?", self.after), ("at < ?", self.before),
            ("seq > ?", self.since), ("seq <= ?", self.until),
        ):  # fmt: skip
            if bound:
                parts.append(words)
                values.append(bound)
        return " AND ".join(parts), values


class TrailIndex:
    """The index of one home's ledger. Any number of threads and processes may use it."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE
        self._lock = threading.Lock()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(_SQL)
        return connection

    # -- filling ---------------------------------------------------------------------------------

    def catch_up(self, ledger: Ledger, most: int = MOST_AT_ONCE) -> int:
        """Take in what the ledger has gained, `most` events at a time; the position reached."""
        with self._lock, closing(self._open()) as connection:
            reached = self._standing(connection, ledger)
            head = ledger.head().seq
            goal = min(head, reached + most)
            while reached < goal:
                upto = min(goal, reached + _CHUNK)
                connection.execute("BEGIN IMMEDIATE")
                try:
                    if self._standing(connection, ledger) == reached:
                        self._take(connection, ledger, reached, upto)
                    connection.execute("COMMIT")
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                reached = self._standing(connection, ledger)
            return reached

    def _standing(self, connection: sqlite3.Connection, ledger: Ledger) -> int:
        """How far the index goes; emptied where it is of another ledger, another history or another version."""
        said = dict(connection.execute("SELECT name, value FROM state"))
        seq = int(said.get("seq", "0"))
        last = next(ledger.events(after=seq - 1, upto=seq), None) if seq else None
        if said.get("version") == _VERSION and (
            not seq or (last is not None and last.hash == said.get("hash"))
        ):
            return seq
        for table in ("entry", "held", "state"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("INSERT INTO state VALUES ('version', ?)", (_VERSION,))
        return 0

    def _take(self, connection: sqlite3.Connection, ledger: Ledger, after: int, upto: int) -> None:
        held = {str(one) for (one,) in connection.execute("SELECT what FROM held")}
        before = set(held)
        rows, last = [], None
        for event in ledger.events(after=after, upto=upto):
            rows.append(_entry(event, held))
            last = event
        connection.executemany(f"INSERT INTO entry VALUES ({', '.join('?' * 12)})", rows)
        connection.executemany(
            "INSERT OR IGNORE INTO held VALUES (?)", [(one,) for one in held - before]
        )
        if last is not None:
            connection.executemany(
                "INSERT OR REPLACE INTO state VALUES (?, ?)",
                [("seq", str(last.seq)), ("hash", last.hash)],
            )

    # -- asking ----------------------------------------------------------------------------------

    def find(self, wanted: TrailFilter, before: int = 0, most: int = 50) -> list[int]:
        """Positions of the newest matching entries, newest first; `before` is where the last page ended."""
        condition, values = wanted.condition()
        if before:
            condition += " AND seq < ?"
            values.append(before)
        sql = f"SELECT seq FROM entry WHERE {condition} ORDER BY seq DESC LIMIT ?"
        return [int(seq) for (seq,) in self._read(sql, [*values, most])]

    def count(self, wanted: TrailFilter, most: int) -> int:
        """How many match; counting stops at `most`."""
        condition, values = wanted.condition()
        sql = f"SELECT COUNT(*) FROM (SELECT 1 FROM entry WHERE {condition} LIMIT ?)"
        return int(self._read(sql, [*values, most])[0][0])

    def counts(self, wanted: TrailFilter) -> dict[str, int]:
        """How many match by type of event."""
        condition, values = wanted.condition()
        sql = f"SELECT type, COUNT(*) FROM entry WHERE {condition} GROUP BY type"
        return {str(kind): int(n) for kind, n in self._read(sql, values)}

    def actors(self) -> list[str]:
        """Everybody who ever did something."""
        # one search along the index for each actor, however many events there are
        sql = (
            "WITH RECURSIVE one(actor) AS (SELECT min(actor) FROM entry UNION ALL"
            " SELECT (SELECT min(actor) FROM entry WHERE actor > one.actor) FROM one"
            " WHERE one.actor IS NOT NULL) SELECT actor FROM one WHERE actor IS NOT NULL"
        )
        return [str(actor) for (actor,) in self._read(sql, [])]

    def earlier(self, participant: str, place: str, seq: int) -> Iterator[int]:
        """Positions of earlier entries at the same place of a participant, the latest first."""
        sql = (
            "SELECT seq FROM entry WHERE participant = ? AND place = ? AND seq < ?"
            " ORDER BY seq DESC LIMIT 20"
        )
        for (found,) in self._read(sql, [participant, place, seq]):
            yield int(found)

    def _read(self, sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=30)) as connection:
            return connection.execute(sql, values).fetchall()


def _entry(event: Event, held: set[str]) -> tuple[Any, ...]:
    """The event's line. `held` are what had been frozen or locked before, and takes in what this event holds."""
    payload: Mapping[str, Any] = event.payload
    kind, _slash, name = event.stream.partition("/")
    participant = name if kind == "participant" else ""
    place, form = place_of(payload)
    items = {str(one["item"]) for one in payload.get("values", ()) if isinstance(one, dict)}
    if isinstance(payload.get("item"), str) and payload["item"]:
        items.add(payload["item"])
    items.update(str(one) for one in payload.get("items", ()))
    target = str(payload.get("target", ""))
    if target.count("/") == 3:
        visit, form, repeat, item = target.split("/")
        place = f"{visit}/{form}/{repeat}"
        items.add(item)
    above = {"trial", f"site/{event.site}", f"participant/{participant}"}
    above.add(f"form/{participant}/{place}")
    after_lock = bool(above & held)
    hold = _held_by(event, participant, place)
    if hold:
        held.add(hold)
    told = f" {' '.join(sorted(items))} " if items else ""
    return (
        event.seq, event.server_time, event.actor, event.role, event.site, participant, event.type,
        form, place, told, int(bool(payload.get("reason"))), int(after_lock),
    )  # fmt: skip


def place_of(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Visit, form and repeat of an event as one text, and the form; empty where it is about none."""
    if isinstance(payload.get("form"), str):
        form = payload["form"]
        return f"{payload.get('visit', '')}/{form}/{payload.get('repeat', '')}", form
    if isinstance(payload.get("diary"), str):
        return f"diary/{payload['diary']}/{payload.get('day', '')}", payload["diary"]
    return "", ""


def _held_by(event: Event, participant: str, place: str) -> str:
    """What this event freezes or locks."""
    if event.type == "TrialLocked":
        return "trial"
    if event.payload.get("hold") not in ("frozen", "locked"):
        return ""
    return {
        "SiteHeld": f"site/{event.site}",
        "ParticipantHeld": f"participant/{participant}",
        "FormHeld": f"form/{participant}/{place}",
    }.get(event.type, "")

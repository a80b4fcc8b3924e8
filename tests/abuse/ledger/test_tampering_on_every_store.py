"""The tamper matrix on every store: who can write to the database itself is caught by the same guards.

On PostgreSQL the attacker owns the schema: triggers and constraints are gone before anything is changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from equipoise.ledger.checkpoint import Checkpoint, CheckpointFile, take_checkpoint
from equipoise.ledger.envelope import canonical_text, hash_after
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.ledger.postgres import PostgresStore
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.store import Selection, Store
from equipoise.ledger.verification import verify_ledger
from support.postgres import new_schema
from support.tampering import (
    COLUMNS,
    GUARDS,
    SIGNER,
    Rows,
    cut,
    deleted,
    doubled,
    edited,
    fill,
    inserted,
    loosen,
    rechain,
    renumber,
    swapped,
    write_rows,
)  # fmt: skip

STRANGER = Signer(b"a stranger's key".ljust(32))
AT = "2026-03-02T08:00:00.000000+00:00"
EVENTS, MORE = 24, 9
STORES = ("memory", "sqlite", "postgresql")


@dataclass
class Attacked:
    """A ledger's store with its head file and checkpoint, and the way past the store."""

    store: Store
    folder: Path
    overwrite: Callable[[Rows, str | None], None]
    """Put rows, and a signed head, in the place of all that stand in the database."""
    early: tuple[Rows, str]
    """Rows and signed head as they stood in a backup."""

    def rows(self) -> Rows:
        return [list(row) for row in self.store.events(Selection(None, None, 0, None, False, None))]

    def caught_by(self) -> set[str]:
        kept = CheckpointFile(self.folder / "checkpoints.jsonl").read()
        head = HeadFile(self.folder / "head")
        result = verify_ledger(self.store, head, key=None, trial=None, checkpoints=kept)
        words = "\n".join(map(str, result.problems))
        return {guard for guard, signs in GUARDS.items() if any(sign in words for sign in signs)}


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[tuple[Store, Callable[[Rows, str | None], None]]]:
    """A fresh store of the kind, and how its owner overwrites it."""
    if kind == "memory":
        memory = MemoryStore()

        def in_memory(rows: Rows, head: str | None) -> None:
            memory._events[:] = [tuple(row) for row in rows]  # type: ignore[misc]
            memory._committed, memory._signed = len(rows), head

        yield memory, in_memory
    elif kind == "sqlite":
        file = SqliteStore(folder / "ledger.sqlite")

        def in_file(rows: Rows, head: str | None) -> None:
            loosen(folder / "ledger.sqlite")
            write_rows(folder / "ledger.sqlite", rows)
            with closing(sqlite3.connect(folder / "ledger.sqlite")) as database, database:
                database.execute("DELETE FROM signed_head")
                database.execute("INSERT INTO signed_head VALUES (1, ?)", (head,))

        yield file, in_file
        file.close()
    else:
        with new_schema() as (url, schema):
            server = PostgresStore(url, schema)

            def on_server(rows: Rows, head: str | None) -> None:
                names = {
                    name: sql.Identifier(schema, name)
                    for name in ("events", "loose", "signed_head")
                }
                with psycopg.connect(url) as owner:
                    for statement in (
                        "CREATE TABLE {loose} AS SELECT * FROM {events} WHERE false", "DROP TABLE {events} CASCADE",
                        "ALTER TABLE {loose} RENAME TO events", "DELETE FROM {signed_head}",
                    ):  # fmt: skip
                        owner.execute(sql.SQL(statement).format(**names))
                    marks = sql.SQL(", ").join([sql.Placeholder()] * len(COLUMNS))
                    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
                    into = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                        names["events"], columns, marks
                    )
                    with owner.cursor() as cursor:
                        cursor.executemany(into, rows)
                    owner.execute(
                        sql.SQL("INSERT INTO {} VALUES (1, %s)").format(names["signed_head"]),
                        (head,),
                    )

            yield server, on_server
            server.close()


@contextmanager
def made(kind: str, folder: Path) -> Iterator[Attacked]:
    """A ledger with its head file, a backup's rows, and a checkpoint of the whole."""
    with opened(kind, folder) as (store, overwrite):
        ledger = Ledger(store, trial="t1", signer=SIGNER, head_file=HeadFile(folder / "head"))
        fill(ledger, 0, EVENTS)
        rows = [list(row) for row in store.events(Selection(None, None, 0, None, False, None))]
        early = (rows, store.signed_head() or "")
        fill(ledger, 1000, MORE)
        file = CheckpointFile(folder / "checkpoints.jsonl")
        taken: Checkpoint | None = take_checkpoint(
            store, SIGNER, "t1", file, time=AT, reason="hourly"
        )
        assert taken is not None
        yield Attacked(store, folder, overwrite, early)


def changed(change: Callable[[Rows], Rows], *, chained: bool) -> Callable[[Attacked], None]:
    """The rows changed; with `chained` numbered and hashed so that the chain fits again."""

    def attack(it: Attacked) -> None:
        rows = change(it.rows())
        if chained:
            renumber(rows)
            rechain(rows)
        it.overwrite(rows, it.store.signed_head())

    return attack


def rolled_back(it: Attacked) -> None:
    """The database alone, from a backup."""
    it.overwrite(*it.early)


def signed_anew(it: Attacked) -> None:
    """The whole chain rewritten, the database's head signed with a key of one's own."""
    rows = edited(it.rows())
    for at, row in enumerate(rows):
        row[15] = rows[at - 1][16] if at else "0" * 64
        row[16] = hash_after(row[15], canonical_text(*row[:15]).encode())
    last = rows[-1]
    it.overwrite(rows, SignedHead.sign(STRANGER, "t1", last[0], last[16], last[14]).to_text())


CHANGES = {
    "edit an event": edited, "delete an event": deleted, "insert an event": inserted,
    "swap two events": swapped, "duplicate an event": doubled, "cut the tail": cut,
}  # fmt: skip
ATTACKS: dict[str, Callable[[Attacked], None]] = {
    **{name: changed(change, chained=False) for name, change in CHANGES.items()},
    **{
        f"{name}, rewrite the chain": changed(change, chained=True)
        for name, change in CHANGES.items()
    },
    "roll the database back to a backup": rolled_back,
    "rewrite the whole chain, sign the database's head anew": signed_anew,
}


@pytest.mark.parametrize("kind", STORES)
def test_a_ledger_that_nobody_touched_is_whole(kind: str, tmp_path: Path) -> None:
    with made(kind, tmp_path) as it:
        assert it.caught_by() == set()
        it.overwrite(it.rows(), it.store.signed_head())
        assert it.caught_by() == set(), "putting back what stood there is no attack"


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_caught_by_the_same_guards_on_every_store(attack: str, tmp_path: Path) -> None:
    found = {}
    for kind in STORES:
        folder = tmp_path / kind
        folder.mkdir()
        with made(kind, folder) as it:
            ATTACKS[attack](it)
            found[kind] = it.caught_by()
    assert found["memory"], "nothing saw it"
    assert found["memory"] == found["sqlite"] == found["postgresql"]

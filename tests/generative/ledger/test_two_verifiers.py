"""Two verifiers, written apart, agree on generated ledgers, whole and damaged."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from equipoise.ledger.checkpoint import CheckpointFile
from equipoise.ledger.envelope import Draft
from equipoise.ledger.head import SLOT_OFFSETS, HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.sqlite import SqliteStore
from support.tampering import (
    COLUMNS,
    SIGNER,
    loosen,
    product_verdict,
    read_rows,
    rechain,
    stand_alone_verdict,
    text_of,
    write_rows,
)

LEDGERS = 10_000 if os.environ.get("EQUIPOISE_DEEP") else 300
DAMAGES = 8
"""Ledgers made by damaging one that is whole."""
TEXTS = ("", "a", "气泡", "n\u0303", "\U0001f9ea", '"\\', "\n\u0303", "x" * 300, " ", "\x7f\u2028")
Rows = list[list[Any]]


def any_value(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.randrange(7 if depth < 3 else 4)
    if kind == 0:
        return rng.choice((None, True, False))
    if kind == 1:
        return rng.choice((0, -1, 7, 2**53, -(2**70), rng.getrandbits(30)))
    if kind in (2, 3):
        return rng.choice(TEXTS)
    if kind == 4:
        return [any_value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(TEXTS): any_value(rng, depth + 1) for _ in range(rng.randrange(4))}


def generate(home: Path, rng: random.Random) -> None:
    """A ledger of random events, in single writes and batches, with checkpoints on the way."""
    ledger = Ledger(
        SqliteStore(home / "ledger.sqlite"),
        trial=rng.choice(("t1", "试验")),
        signer=SIGNER,
        head_file=HeadFile(home / "head"),
        checkpoints=CheckpointFile(home / "checkpoints.jsonl"),
    )
    for n in range(rng.randrange(1, 9)):
        drafts = []
        for _ in range(rng.randrange(1, 4)):
            payload = {"v": any_value(rng), rng.choice(TEXTS): any_value(rng)}
            if n == 0:
                payload["public_key"] = SIGNER.public_hex
            drafts.append(
                Draft(
                    rng.choice(("trial", "site/01", "participant/01-0001")), rng.choice("ABC"),
                    rng.randrange(1, 3), "p" * 64, payload, rng.choice(TEXTS), "r", "01",
                    rng.choice(("", f"c{n}")), rng.choice((None, "2026-03-01T08:00:00+08:00")),
                    f"2026-03-01T08:{rng.randrange(60):02}:00.000000+00:00",
                )
            )  # fmt: skip
        with ledger.write() as writing:
            writing.append(drafts)
        if rng.random() < 0.3:
            ledger.checkpoint("hourly", f"2026-03-01T09:0{n}:00.000000+00:00")
    ledger.close()
    loosen(home / "ledger.sqlite")


def edit(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    column = rng.randrange(len(COLUMNS))
    value = row[column]
    if isinstance(value, int):
        row[column] = rng.choice((value + 1, value - 1, str(value), None, 2**40))
    else:
        text = value if isinstance(value, str) else ""
        at = rng.randrange(len(text) + 1)
        row[column] = rng.choice(
            (text[:at] + rng.choice("xZ0 \n\u0301气") + text[at:], text[:at], None, 5, b"\xff\xfe")
        )


def edit_payload(rows: Rows, rng: random.Random) -> None:
    row = rng.choice(rows)
    try:
        payload = {**json.loads(row[7]), "v": any_value(rng)}
    except (TypeError, ValueError):
        payload = {"v": any_value(rng)}  # an earlier damage left no payload there
    row[7] = rng.choice((text_of(payload), json.dumps(payload), "[]", "{", '{"a":1.5}', "NaN"))


def drop(rows: Rows, rng: random.Random) -> None:
    at = rng.randrange(len(rows))
    del rows[at : at + rng.randrange(1, 3)]


def double(rows: Rows, rng: random.Random) -> None:
    rows.insert(rng.randrange(len(rows) + 1), list(rng.choice(rows)))


def swap(rows: Rows, rng: random.Random) -> None:
    a, b = rng.choice(rows), rng.choice(rows)
    a[1:], b[1:] = b[1:], a[1:]


def shuffle(rows: Rows, rng: random.Random) -> None:
    rng.shuffle(rows)
    for n, row in enumerate(rows, 1):
        row[0] = n


def cut(rows: Rows, rng: random.Random) -> None:
    del rows[rng.randrange(len(rows)) :]


def chain_again(rows: Rows, rng: random.Random) -> None:
    del rng
    try:
        for n, row in enumerate(rows, 1):
            row[0] = n
        rechain(rows)
    except (TypeError, UnicodeError, AttributeError):
        pass  # an earlier damage left what cannot be hashed: that damage remains


ROWS: tuple[Callable[[Rows, random.Random], None], ...] = (
    edit, edit, edit, edit_payload, drop, double, swap, shuffle, cut,
)  # fmt: skip


def damage(home: Path, whole: Rows, rng: random.Random) -> None:
    """One to three things changed, of the rows, the heads or the checkpoints."""
    rows = [list(row) for row in whole]
    for _ in range(rng.randrange(1, 4)):
        kind = rng.random()
        if kind < 0.75 and rows:
            rng.choice(ROWS)(rows, rng)
        elif kind < 0.85:
            chain_again(rows, rng)
        elif kind < 0.95:
            spoil(home / rng.choice(("head", "checkpoints.jsonl")), rng)
        else:
            with sqlite3.connect(home / "ledger.sqlite") as connection:
                connection.execute("DELETE FROM signed_head")
            connection.close()
    write_rows(home / "ledger.sqlite", rows)


def spoil(file: Path, rng: random.Random) -> None:
    if not file.exists():
        return
    content = bytearray(file.read_bytes())
    if rng.random() < 0.2 or not content:
        file.unlink()
        return
    at = rng.randrange(min(len(content), 500))
    if file.name == "head":
        at += rng.choice(SLOT_OFFSETS)
    content[at % len(content)] ^= 1
    file.write_bytes(bytes(content))


def test_both_verifiers_say_the_same_of_every_ledger(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("EQUIPOISE_SEED", "7312656")))
    verdicts: Counter[bool] = Counter()
    for n in range(-(-LEDGERS // (DAMAGES + 1))):
        home = tmp_path / f"{n}"
        home.mkdir()
        generate(home, rng)
        whole = read_rows(home / "ledger.sqlite")
        kept = {path.name: path.read_bytes() for path in home.iterdir()}
        for m in range(DAMAGES + 1):
            for name, content in kept.items():
                (home / name).write_bytes(content)
            if m:
                damage(home, whole, rng)
            product, alone = product_verdict(home), stand_alone_verdict(home)
            verdicts[product.whole] += 1
            assert product.whole == alone.whole, f"{product.words}\n---\n{alone.words}"
            if len(product.places) < 90:  # both stop naming places after a hundred
                assert product.places == alone.places, f"{product.words}\n---\n{alone.words}"
            assert m or product.whole, product.words
    assert sum(verdicts.values()) >= LEDGERS
    assert verdicts[False] > LEDGERS * 0.7
    assert verdicts[True] >= LEDGERS // (DAMAGES + 1)

"""Whoever holds the database file can change it; nobody can change it unseen."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.ledger.head import SLOT_OFFSETS
from support.tampering import (
    COLUMNS,
    VERIFIER,
    build_home,
    loosen,
    product_verdict,
    read_rows,
    rechain,
    stand_alone_verdict,
    text_of,
    write_rows,
)

Rows = list[list[Any]]
INTEGERS = {"seq", "version", "schema", "client_index"}
SEED = 7312656


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole home whose events table has lost its triggers, keys and types."""
    home = tmp_path_factory.mktemp("original")
    build_home(home)
    loosen(home / "ledger.sqlite")
    return home


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    home = tmp_path / "copy"
    shutil.copytree(original, home)
    return home


def both_find(home: Path, places: set[int], what: str) -> None:
    """Both verifiers fail, name one of the places, and agree on all of them."""
    product, alone = product_verdict(home), stand_alone_verdict(home)
    assert not product.whole, f"unseen: {what}"
    assert not alone.whole, f"unseen by the stand-alone verifier: {what}"
    assert product.places & places, f"{what}: {product.words}"
    assert product.places == alone.places, f"{what}:\n{product.words}\n---\n{alone.words}"


def other_values(column: str, value: Any, rng: random.Random) -> Iterator[Any]:
    """Every way a stored value could become another."""
    if column in INTEGERS:
        yield from (value + 1, value - 1, value + rng.randrange(2, 10**6), -value - 1, 2**62)
        yield from (str(value), float(value) + 0.5, str(value).encode(), None)
        return
    if value is None:
        yield from ("", "null", "2026-03-01T00:00:00+00:00", 0)
        return
    place = rng.randrange(len(value) + 1)
    yield value[:place] + rng.choice("xZ0 \n\u0301\u6c14") + value[place:]
    if value:
        at = rng.randrange(len(value))
        yield value[:at] + value[at + 1 :]
        yield value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
        yield from ("", value + value, value.encode())
        if value.upper() != value:
            yield value.upper()
    yield from (value + "\x00", value + " ", None, 7, value.encode() + b"\xff")


def other_payloads(text: str) -> Iterator[str]:
    """The same or nearly the same payload, written otherwise."""
    payload = json.loads(text)
    yield json.dumps(payload, ensure_ascii=False, sort_keys=True)
    yield json.dumps(payload, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    yield json.dumps(dict(reversed(payload.items())), ensure_ascii=False, separators=(",", ":"))
    yield text.replace(f'"n":{payload["n"]}', f'"n":{payload["n"]}.0')
    yield text.replace(f'"n":{payload["n"]}', f'"n":0{payload["n"]}')
    yield text[:-1] + ',"value":"' + payload["value"] + '"}'
    yield text_of({**payload, "value": "9.50"})
    yield text_of({k: v for k, v in payload.items() if k != "note"})
    yield from (f"[{text}]", "null", "NaN", '{"n":NaN}', "{}", "[" * 5000, '{"a":"\\ud800"}')


def edited_cells(rows: Rows, rng: random.Random) -> Iterator[tuple[str, Rows, set[int]]]:
    """One stored value of one event is another."""
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            name = COLUMNS[column]
            others = list(other_values(name, value, rng))
            if name == "payload":
                others += other_payloads(value)
            for other in others:
                if other == value and type(other) is type(value):
                    continue
                changed = [list(each) for each in rows]
                changed[at][column] = other
                places = {row[0], row[0] + 1}
                if name == "seq":
                    # A row that moved away is missed where it stood, or found where it is.
                    places |= {other} if isinstance(other, int) else set(range(len(rows) + 2))
                    places.add(rows[at - 1][0] if at else 0)
                yield f"event {row[0]}, {name}: {value!r} -> {other!r}", changed, places


def moved_rows(rows: Rows, rng: random.Random) -> Iterator[tuple[str, Rows, set[int]]]:
    """Events deleted, inserted, exchanged, doubled and reordered, hashes left as they are."""
    end = len(rows)
    everywhere = set(range(end + 3))
    for first in range(end):
        for length in {1, 2, rng.randrange(1, end - first + 1)}:
            kept = rows[:first] + rows[first + length :]
            gone = f"events {first + 1} to {first + length} deleted"
            yield gone, kept, everywhere if first + length >= end else {rows[first + length][0]} if (
                first + length < end
            ) else everywhere  # fmt: skip
            renumbered = [[n + 1, *row[1:]] for n, row in enumerate(kept)]
            yield gone + " and the rest renumbered", renumbered, everywhere
    for a in range(end):
        for b in {(a + 1) % end, rng.randrange(end), rng.randrange(end)} - {a}:
            swapped = [list(row) for row in rows]
            swapped[a][1:], swapped[b][1:] = swapped[b][1:], swapped[a][1:]
            yield f"events {a + 1} and {b + 1} exchanged", swapped, {a + 1, b + 1}
        doubled = [list(row) for row in rows]
        doubled.insert(a + 1, list(rows[a]))
        yield f"event {a + 1} stored twice", doubled, {a + 1}
        numbered = [[n + 1, *row[1:]] for n, row in enumerate(doubled)]
        yield f"event {a + 1} doubled and all renumbered", numbered, {a + 2}
        again = [*rows, [end + 1, *rows[a][1:]]]
        yield f"event {a + 1} appended again", again, {end + 1}
        forged = list(rows[a])
        forged[7] = text_of({"n": 99, "value": "forged", "note": "", "list": []})
        inserted = [list(row) for row in rows]
        inserted.insert(a, forged)
        yield f"an event inserted at {a + 1}", inserted, {a + 1, a + 2}
    for _ in range(40):
        order = list(range(end))
        rng.shuffle(order)
        moved = [[n + 1, *rows[at][1:]] for n, at in enumerate(order)]
        yield f"all events in the order {order}", moved, everywhere


def rewritten_chains(rows: Rows, rng: random.Random) -> Iterator[tuple[str, Rows, set[int]]]:
    """The chain is made to fit again from the change on: the signed heads tell."""
    end = len(rows)
    for at in range(end):
        edited = [list(row) for row in rows]
        payload = json.loads(edited[at][7])
        edited[at][7] = text_of({**payload, "value": f"{rng.randrange(100, 999)}.0"})
        rechain(edited, at)
        yield f"event {at + 1} edited and the chain rewritten", edited, {end}
        shorter = [[n + 1, *row[1:]] for n, row in enumerate(rows[:at] + rows[at + 1 :])]
        rechain(shorter, at)
        yield f"event {at + 1} deleted and the chain rewritten", shorter, {*range(end + 1)}
        longer = [[n + 1, *row[1:]] for n, row in enumerate(rows[: at + 1] + rows[at:])]
        rechain(longer, at)
        yield f"event {at + 1} doubled and the chain rewritten", longer, {*range(end + 3)}
    for extra in (1, 2, 5):
        forged = [list(row) for row in rows]
        for n in range(extra):
            new = list(rows[n])
            new[0], new[2], new[3], new[11], new[12] = end + n + 1, "site/09", n + 1, "", 0
            forged.append(new)
        rechain(forged, end)
        yield f"{extra} events forged at the end", forged, {end + 1}


CAMPAIGNS: dict[str, Callable[..., Iterator[tuple[str, Rows, set[int]]]]] = {
    "edited": edited_cells,
    "moved": moved_rows,
    "rewritten": rewritten_chains,
}
LEAST = {"edited": 1800, "moved": 250, "rewritten": 60}


def test_the_copy_an_intruder_starts_from_is_whole(copy: Path) -> None:
    assert product_verdict(copy).whole, product_verdict(copy).words
    assert stand_alone_verdict(copy).whole, stand_alone_verdict(copy).words


def test_at_least_two_thousand_mutations_are_tried() -> None:
    assert sum(LEAST.values()) >= 2000


@pytest.mark.parametrize("campaign", CAMPAIGNS)
def test_no_change_of_a_stored_event_goes_unseen(copy: Path, campaign: str) -> None:
    """Every mutation fails in both verifiers, which name the same places.

    Of the 4,000 edited cells every second one is tried, all of them with EQUIPOISE_DEEP=1.
    """
    rows = read_rows(copy / "ledger.sqlite")
    tried = 0
    step = 2 if campaign == "edited" and not os.environ.get("EQUIPOISE_DEEP") else 1
    mutations = CAMPAIGNS[campaign](rows, random.Random(SEED))
    for what, changed, places in itertools.islice(mutations, None, None, step):
        write_rows(copy / "ledger.sqlite", changed)
        both_find(copy, places, what)
        tried += 1
    assert tried >= LEAST[campaign], tried


def test_every_column_of_an_event_is_covered_by_its_hash(copy: Path) -> None:
    """Nothing stands in the events table that the chain does not protect."""
    connection = sqlite3.connect(copy / "ledger.sqlite")
    stored = [row[1] for row in connection.execute("PRAGMA table_info(events)")]
    connection.close()
    assert tuple(stored) == COLUMNS
    rows = read_rows(copy / "ledger.sqlite")
    for column, name in enumerate(COLUMNS):
        changed = [list(row) for row in rows]
        value = changed[5][column]
        changed[5][column] = value + 1 if name in INTEGERS else f"{value or ''}x"
        write_rows(copy / "ledger.sqlite", changed)
        both_find(copy, {5, 6, 7, changed[5][0]}, name)


# The heads


def change_head(home: Path, change: Callable[[bytearray], None]) -> None:
    content = bytearray((home / "head").read_bytes())
    change(content)
    (home / "head").write_bytes(bytes(content))


def test_a_cut_tail_is_seen_although_the_chain_left_is_whole(copy: Path) -> None:
    rows = read_rows(copy / "ledger.sqlite")
    for cut in range(1, len(rows) + 1):
        write_rows(copy / "ledger.sqlite", rows[:-cut])
        both_find(copy, {len(rows) - cut}, f"the last {cut} cut")
        assert cut == len(rows) or "the tail was cut" in product_verdict(copy).words


def test_a_cut_tail_is_seen_although_the_heads_are_gone(copy: Path) -> None:
    rows = read_rows(copy / "ledger.sqlite")
    write_rows(copy / "ledger.sqlite", rows[:-3])
    end = len(rows) - 3
    with sqlite3.connect(copy / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM signed_head")
    connection.close()
    both_find(copy, {end}, "no head in the database")
    (copy / "head").unlink()
    both_find(copy, {end}, "no head at all")


def test_a_head_signed_by_somebody_else_is_seen(copy: Path) -> None:
    from equipoise.ledger.head import HeadFile, SignedHead
    from equipoise.ledger.signing import Signer

    rows = read_rows(copy / "ledger.sqlite")[:-2]
    write_rows(copy / "ledger.sqlite", rows)
    forged = SignedHead.sign(Signer(b"x" * 32), "t1", rows[-1][0], rows[-1][16], rows[-1][14])
    file = HeadFile(copy / "head")
    file.write(forged)
    file.close()
    with sqlite3.connect(copy / "ledger.sqlite") as connection:
        connection.execute("UPDATE signed_head SET statement = ?", (forged.to_text(),))
    connection.close()
    both_find(copy, {len(rows)}, "another key")
    assert "another key" in product_verdict(copy).words


@pytest.mark.parametrize("slot", SLOT_OFFSETS)
def test_any_changed_byte_of_a_slot_is_seen(copy: Path, slot: int) -> None:
    end = len(read_rows(copy / "ledger.sqlite"))
    whole = (copy / "head").read_bytes()
    for at in range(0, len(whole[slot : slot + 512].rstrip()), 3):
        changed = bytearray(whole)
        changed[slot + at] ^= 1
        (copy / "head").write_bytes(bytes(changed))
        both_find(copy, {end}, f"byte {at} of the slot at {slot}")


def test_a_head_file_that_is_cut_or_empty_is_seen(copy: Path) -> None:
    end = len(read_rows(copy / "ledger.sqlite"))
    for content in (b"", b"\x00" * 8192, (copy / "head").read_bytes()[:4096], b"{}" * 4096):
        (copy / "head").write_bytes(content)
        both_find(copy, {end}, repr(content[:20]))


def test_a_file_that_is_no_ledger_is_no_traceback(tmp_path: Path) -> None:
    for content in (b"", b"SQLite format 3\x00" + b"\xff" * 4096, b"hello" * 1000):
        (tmp_path / "ledger.sqlite").write_bytes(content)
        assert not product_verdict(tmp_path).whole
        assert not stand_alone_verdict(tmp_path).whole


def test_the_stand_alone_verifier_runs_alone(original: Path, copy: Path, tmp_path: Path) -> None:
    """A bare interpreter, isolated from every installed package, in a folder of its own."""
    shutil.copy(VERIFIER, tmp_path / "verify.py")

    def run(home: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", "-S", "verify.py", str(home)],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip

    whole = run(original)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "whole, signed by" in whole.stdout
    rows = read_rows(copy / "ledger.sqlite")
    rows[9][8] = "somebody-else"
    write_rows(copy / "ledger.sqlite", rows)
    broken = run(copy)
    assert (broken.returncode, broken.stderr) == (1, "")
    assert "event 10: its content does not give its hash" in broken.stdout


def test_the_stand_alone_verifier_is_short_and_imports_the_standard_library_only() -> None:
    source = VERIFIER.read_text(encoding="utf-8")
    assert len(source.splitlines()) < 300
    imported = {
        line.split()[1].split(".")[0]
        for line in source.splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported <= set(sys.stdlib_module_names)

"""What each way of tampering is caught by; the table in docs/reference/tampering.md is written here.

EQUIPOISE_WRITE_DOCS=1 pytest tests/abuse/ledger/test_tamper_matrix.py
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from equipoise.ledger.checkpoint import CheckpointFile, take_checkpoint
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from support.tampering import (
    GUARDS,
    SIGNER,
    Rows,
    append_events,
    build_home,
    cut,
    deleted,
    doubled,
    edited,
    inserted,
    loosen,
    product_verdict,
    read_rows,
    rechain,
    renumber,
    stand_alone_verdict,
    swapped,
    text_of,
    write_rows,
)

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "tampering.md"
AT = "2026-03-02T08:00:00.000000+00:00"
STRANGER = Signer(b"a stranger's key".ljust(32))


@dataclass(frozen=True)
class Home:
    """A home with a backup of an earlier day, and a checkpoint that has left the machine."""

    path: Path
    backup: Path
    elsewhere: Path

    @property
    def database(self) -> Path:
        return self.path / "ledger.sqlite"


def checkpoint(home: Path, signer: Signer = SIGNER) -> None:
    store = SqliteStore(home / "ledger.sqlite", read_only=True)
    file = CheckpointFile(home / "checkpoints.jsonl")
    take_checkpoint(store, signer, "t1", file, time=AT, reason="hourly")
    store.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("matrix")
    home = Home(folder / "home", folder / "backup", folder / "elsewhere.jsonl")
    home.path.mkdir()
    build_home(home.path)
    checkpoint(home.path)
    shutil.copytree(home.path, home.backup)
    append_events(home.path, 9)
    checkpoint(home.path)
    shutil.copyfile(home.path / "checkpoints.jsonl", home.elsewhere)
    for each in (home.path, home.backup):
        loosen(each / "ledger.sqlite")
    return home


def change_rows(change: Callable[[Rows], Rows], *, chained: bool = False) -> Callable[[Home], None]:
    """The events changed; with `chained` numbered and hashed so that the chain fits again."""

    def attack(home: Home) -> None:
        rows = change([list(row) for row in read_rows(home.database)])
        if chained:
            renumber(rows)
            rechain(rows)
        write_rows(home.database, rows)

    return attack


def cut_with_heads(home: Home) -> None:
    """The last events, the signed head in the database and the head file go together."""
    change_rows(cut)(home)
    with sqlite3.connect(home.database) as connection:
        connection.execute("DELETE FROM signed_head")
    connection.close()
    (home.path / "head").unlink()


def cut_to_an_old_head(home: Home) -> None:
    """Cut back to an event whose signed head was copied when it was the last."""
    rows = read_rows(home.backup / "ledger.sqlite")
    write_rows(home.database, read_rows(home.database)[: len(rows)])
    old = HeadFile(home.backup / "head").newest()
    assert old is not None
    state_head(home.path, old)


def state_head(home: Path, head: SignedHead) -> None:
    with sqlite3.connect(home / "ledger.sqlite") as connection:
        connection.execute("DELETE FROM signed_head")
        connection.execute("INSERT INTO signed_head VALUES (1, ?)", (head.to_text(),))
    connection.close()
    (home / "head").unlink()  # a head that lies behind is never written over a later one
    file = HeadFile(home / "head")
    file.write(head)
    file.close()


def restored(*files: str) -> Callable[[Home], None]:
    """Files put back as they were in the backup; the write-ahead log of the database goes."""

    def attack(home: Home) -> None:
        for name in files:
            shutil.copyfile(home.backup / name, home.path / name)

    return attack


def signed_by(signer: Signer, *, checkpoints: bool) -> Callable[[Home], None]:
    """Every event rewritten, and everything on this machine signed again."""

    def attack(home: Home) -> None:
        rows = [list(row) for row in read_rows(home.database)]
        first = json.loads(rows[0][7])
        rows[0][7] = text_of({**first, "public_key": signer.public_hex})
        edited(rows)
        rechain(rows)
        write_rows(home.database, rows)
        last = rows[-1]
        state_head(home.path, SignedHead.sign(signer, "t1", last[0], last[16], last[14]))
        if checkpoints:
            (home.path / "checkpoints.jsonl").unlink()
            checkpoint(home.path, signer)

    return attack


def another_ledger(home: Home) -> None:
    """The whole home exchanged for one with other events, as its own signer would have made it."""
    shutil.rmtree(home.path)
    home.path.mkdir()
    build_home(home.path, events=40)
    checkpoint(home.path)
    loosen(home.database)


def another_database(home: Home) -> None:
    """The database alone exchanged for that other one."""
    other = home.path.with_name("other")
    other.mkdir()
    build_home(other, events=12)
    loosen(other / "ledger.sqlite")
    shutil.copyfile(other / "ledger.sqlite", home.database)


ATTACKS: dict[str, Callable[[Home], None]] = {
    "edit an event": change_rows(edited),
    "edit an event, rewrite the chain after it": change_rows(edited, chained=True),
    "delete an event": change_rows(deleted),
    "delete an event, rewrite the chain": change_rows(deleted, chained=True),
    "insert an event": change_rows(inserted),
    "insert an event, rewrite the chain": change_rows(inserted, chained=True),
    "swap two events": change_rows(swapped),
    "swap two events, rewrite the chain": change_rows(swapped, chained=True),
    "duplicate an event": change_rows(doubled),
    "duplicate an event, rewrite the chain": change_rows(doubled, chained=True),
    "cut the tail": change_rows(cut),
    "cut the tail, remove both signed heads": cut_with_heads,
    "cut the tail, put an old signed head in both places": cut_to_an_old_head,
    "replace the database": another_database,
    "replace the whole home": another_ledger,
    "roll the database back to a backup": restored("ledger.sqlite"),
    "roll database and head file back": restored("ledger.sqlite", "head"),
    "roll the whole home back": restored("ledger.sqlite", "head", "checkpoints.jsonl"),
    "rewrite the whole chain, sign it with a key of one's own": signed_by(
        STRANGER, checkpoints=True
    ),
    "rewrite the whole chain and sign it, holding the private key": signed_by(
        SIGNER, checkpoints=False
    ),
    "rewrite all, checkpoints too, holding the private key": signed_by(SIGNER, checkpoints=True),
}


def caught_by(home: Home) -> list[str]:
    """The guards that see it; both verifiers must agree with and without the outside checkpoint."""
    product, alone = product_verdict(home.path), stand_alone_verdict(home.path)
    assert product.places == alone.places, f"{product.words}\n---\n{alone.words}"
    found = [
        guard for guard, words in GUARDS.items() if any(word in product.words for word in words)
    ]
    beside = home.path / "checkpoints.jsonl"
    if beside.exists():
        beside.unlink()
    product = product_verdict(home.path, home.elsewhere)
    alone = stand_alone_verdict(home.path, "--checkpoint", home.elsewhere)
    assert product.places == alone.places, f"{product.words}\n---\n{alone.words}"
    if "the checkpoint of" in product.words:
        found.append("checkpoint elsewhere")
    return found


@pytest.fixture(scope="module")
def table(made: Home, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    found = {}
    for name, attack in ATTACKS.items():
        path = tmp_path_factory.mktemp("attacked") / "home"
        shutil.copytree(made.path, path)
        home = Home(path, made.backup, made.elsewhere)
        attack(home)
        found[name] = caught_by(home)
    return found


def test_the_home_that_is_attacked_is_whole(made: Home) -> None:
    for verdict in (
        product_verdict(made.path, made.elsewhere),
        stand_alone_verdict(made.path, "--checkpoint", made.elsewhere),
    ):
        assert verdict.whole, verdict.words


@pytest.mark.parametrize("attack", ATTACKS)
def test_every_attack_is_caught_by_something(table: dict[str, list[str]], attack: str) -> None:
    assert table[attack], f"unseen: {attack}"


def test_a_checkpoint_kept_elsewhere_catches_every_one(table: dict[str, list[str]]) -> None:
    """An attack that leaves every hash alone, and only mixes up the order, may escape it alone."""
    missed = [name for name, guards in table.items() if "checkpoint elsewhere" not in guards]
    assert missed == ["edit an event"], "here the stored hashes stay; the event's own hash tells"


def test_without_one_a_restored_or_resigned_home_is_whole_to_see(
    table: dict[str, list[str]],
) -> None:
    alone = {name for name, guards in table.items() if guards == ["checkpoint elsewhere"]}
    assert alone == {
        "replace the whole home",
        "roll the whole home back",
        "rewrite the whole chain, sign it with a key of one's own",
        "rewrite all, checkpoints too, holding the private key",
    }


def page_of(table: dict[str, list[str]]) -> str:
    head = ["attack", *GUARDS]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for name, guards in table.items():
        cells = ["yes" if guard in guards else "" for guard in GUARDS]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return PREFACE + "\n".join(lines) + "\n"


PREFACE = """# What tampering is caught by

Each attack was carried out on a copy of a home: a ledger with its signed head in the database and in
the head file, a checkpoint beside it, a backup of an earlier day, and a checkpoint that had left the machine.
`equipoise verify` and `tools/verify.py` then had to find the same places. This table is written by
`tests/abuse/ledger/test_tamper_matrix.py`, which fails where it is out of date. What is done there to rows is done to a ledger in memory and
one in PostgreSQL as well (its triggers and grants gone), and caught by the same (`test_tampering_on_every_store.py`).

"Rewrite the chain" means that `seq`, versions, client indexes and all hashes are made to fit again. The last column says whether a
checkpoint kept elsewhere would see the attack with no checkpoint left beside the ledger. Where it
alone says yes, nothing on the machine can: keep one away from it. A home replaced by one signed with a key of
one's own is also seen by giving the key that is known from elsewhere (`--key`).

"""


def test_the_table_in_the_manual_is_what_was_found(table: dict[str, list[str]]) -> None:
    page = page_of(table)
    if os.environ.get("EQUIPOISE_WRITE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page

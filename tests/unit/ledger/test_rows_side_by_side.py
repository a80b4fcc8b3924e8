"""A long ledger's rows are checked in several processes; the verdict is that of one process alone."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from equipoise.ledger import side_by_side
from equipoise.ledger.checkpoint import CheckpointFile
from equipoise.ledger.head import HeadFile
from equipoise.ledger.side_by_side import checked
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.verification import Verification, row_fault, verify_ledger
from support.row_checks import ASKING, ends_elsewhere, finds_nothing, says_where
from support.tampering import Rows, build_home, edited, loosen, read_rows, write_rows


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows are a long ledger, and are handed over five together."""
    monkeypatch.setattr(side_by_side, "ALONE", 6)
    monkeypatch.setattr(side_by_side, "AT_ONCE", 5)


def verdict(home: Path, processes: int) -> Verification:
    store = SqliteStore(home / "ledger.sqlite", read_only=True)
    try:
        kept = CheckpointFile(home / "checkpoints.jsonl").read()
        return verify_ledger(
            store, HeadFile(home / "head"), key=None, trial=None, checkpoints=kept,
            processes=processes,
        )  # fmt: skip
    finally:
        store.close()


def _hash_spoiled(rows: Rows) -> Rows:
    for row in (rows[2], rows[13], rows[-1]):
        row[16] = row[16][::-1]
    return rows


def _payload_spoiled(rows: Rows) -> Rows:
    for row in (rows[7], rows[29]):
        row[7] = row[7].replace(":", " :", 1)
    return rows


@pytest.mark.parametrize("damage", [None, edited, _hash_spoiled, _payload_spoiled])
def test_two_processes_find_what_one_finds_at_the_same_events(
    damage: Callable[[Rows], Rows] | None, tmp_path: Path
) -> None:
    build_home(tmp_path, events=40)
    if damage is not None:
        database = tmp_path / "ledger.sqlite"
        loosen(database)
        write_rows(database, damage(read_rows(database)))
    alone, together = verdict(tmp_path, 1), verdict(tmp_path, 2)
    assert together == alone
    assert alone.events == 40
    assert alone.ok == (damage is None)


def test_every_row_comes_once_in_order_and_another_process_takes_its_share() -> None:
    rows = [(n,) for n in range(1, 2001)]
    found = list(checked(iter(rows), says_where, 2))
    assert [row for row, _ in found] == rows
    here = str(os.getpid())
    assert {where for _, where in found[:6]} == {here}
    assert {where for _, where in found} - {here}


def test_rows_of_a_process_that_ended_before_its_time_are_checked_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ASKING, str(os.getpid()))
    rows = [(n,) for n in range(1, 101)]
    found = list(checked(iter(rows), ends_elsewhere, 3))
    assert found == [(row, "odd" if row[0] % 2 else None) for row in rows]


def test_a_short_ledger_starts_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(side_by_side, "ProcessPoolExecutor", refuse)
    rows = [(n,) for n in range(1, 7)]
    assert list(checked(iter(rows), finds_nothing, 2)) == [(row, None) for row in rows]
    with pytest.raises(AssertionError, match="a process was started"):
        list(checked(iter([*rows, (7,)]), finds_nothing, 2))


def test_the_check_of_a_verification_can_be_found_by_another_process() -> None:
    assert pickle.loads(pickle.dumps(row_fault)) is row_fault

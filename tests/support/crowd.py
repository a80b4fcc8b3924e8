"""Many participants in the tables that lists read, without a story each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from equipoise.trial.projections import PRIORITIES
from support.web_home import Stage


@contextmanager
def crowd(played: Stage, size: int) -> Iterator[None]:
    """So many more participants of site 01, numbered from 01-7000, taken out again afterwards.

    Each has a visit due today, one long late, a consent and a query outstanding, two queries raised at the
    same instant as everybody's, and two adverse events, one of them serious.
    """
    ledger = played.trial.ledger
    randomized = {"status": "randomized"}
    if not ledger.rows("participant", where=randomized, limit=1):
        played.participant("randomized")
    model = ledger.rows("participant", where=randomized, limit=1)[0]
    today = str(played.trial.today("01"))
    numbers = [f"01-{n}" for n in range(7000, 7000 + size)]
    tables: dict[str, list[dict[str, Any]]] = {
        "participant": [
            {**model, "id": number, "next_due": today, "next_visit": "w1"} for number in numbers
        ],
        "task": [
            {
                "participant": number, "kind": kind, "ref": ref, "site": "01", "opens": day,
                "due": day, "closes": day, "until": "", "priority": PRIORITIES[kind], "provisional": 0,
            }
            for number in numbers
            for kind, ref in (("visit", "w1"), ("visit", "w2"), ("consent", ""), ("query", "1"))
            for day in (today if ref == "w1" else "2026-01-01",)
        ],
        "query": [
            {
                "participant": number, "number": n, "site": "01", "visit": "w1",
                "form": "laboratory", "repeat": "1", "item": "wbc", "check_id": "", "status": "open",
                "raised_at": "2026-12-01T01:00:00.000000+00:00", "raised_by": "monitor",
                "due_on": "2026-12-15",
            }
            for number in numbers
            for n in (1, 2)
        ],
        "adverse_event": [
            {
                "participant": number, "number": n, "site": "01", "term": "nausea", "grade": 2,
                "serious": n - 1, "started_on": today, "ended_on": "", "outcome": "recovering",
                "clock_due": "",
            }
            for number in numbers
            for n in (1, 2)
        ],
    }  # fmt: skip
    with ledger.write() as writing:
        for table, rows in tables.items():
            for row in rows:
                writing.put(table, row)
        writing.add("tally", {"name": "status", "site": "01", "value": "randomized"}, n=size)
    try:
        yield
    finally:
        with ledger.write() as writing:
            for table, rows in tables.items():
                for row in rows:
                    key = ledger.store.tables[table].key
                    writing.remove(table, {column: row[column] for column in key})
            writing.add("tally", {"name": "status", "site": "01", "value": "randomized"}, n=-size)

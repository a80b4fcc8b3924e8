"""Projections that another version of the code filled are rebuilt when the trial is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from equipoise.home import Home, RehearsalSettings
from equipoise.trial import TABLES, rebuilding
from support.postgres import new_schema
from support.story import SEED_PROTOCOL, START, Person, open_trial

SETTINGS = RehearsalSettings(seed=7, replicate=0, start=START.isoformat(), options={})


def tables_of(trial: Any) -> dict[str, list[dict[str, Any]]]:
    """All rows but the tallies that fell back to zero, which say the same as none."""
    return {
        table.name: [row for row in trial.ledger.rows(table.name) if row.get("n") != 0]
        for table in TABLES
    }


@contextmanager
def new_home(path: Path, kind: str) -> Iterator[Home]:
    if kind == "sqlite":
        with Home.create(path, SEED_PROTOCOL, rehearsal=SETTINGS) as home:
            yield home
    else:
        with (
            new_schema() as (url, schema),
            Home.create(
                path, SEED_PROTOCOL, rehearsal=SETTINGS, database=url, schema=schema
            ) as home,
        ):
            yield home


def live(home: Home) -> None:
    trial = open_trial(home.trial())
    for n, site in enumerate(("01", "02", "01")):
        person = Person(trial, site, START + timedelta(hours=n)).screen().consent()
        if n:
            Person.enter_screening(person)
    Person(trial, "03", START + timedelta(hours=9)).enroll()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_stale_tables_are_rebuilt_from_the_events(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_home(tmp_path / "home", kind) as home:
        live(home)
        kept, head = tables_of(home.trial()), home.trial().ledger.head()
        with home.trial().ledger.write() as writing:
            writing.put("participant", {"id": kept["participant"][0]["id"], "status": "wrong"})
            writing.remove(
                "task", {key: kept["task"][0][key] for key in ("participant", "kind", "ref")}
            )
            writing.put("tally", {"name": "status", "site": "09", "value": "odd", "n": 4})
        home.close()
        assert tables_of(home.trial()) != kept, "the same code does not look again"
        home.close()
        monkeypatch.setattr(rebuilding, "_code_version", lambda: "another version")
        assert tables_of(home.trial()) == kept
        assert home.trial().ledger.head() == head, "no event is written for it"
        assert home.trial().ledger.verify().ok


def test_a_table_of_another_shape_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_home(tmp_path / "home", "sqlite") as home:
        live(home)
        kept = tables_of(home.trial())
        home.close()
        with sqlite3.connect(home.ledger_database) as connection:
            connection.execute("DROP TABLE participant")
            connection.execute("CREATE TABLE participant (id TEXT PRIMARY KEY, old TEXT) STRICT")
            connection.execute("UPDATE ledger SET value = 'old' WHERE name = 'tables_version'")
        connection.close()
        assert tables_of(home.trial()) == kept


def test_a_rebuilding_that_is_interrupted_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_home(tmp_path / "home", "sqlite") as home:
        live(home)
        kept = tables_of(home.trial())
        home.close()
        monkeypatch.setattr(rebuilding, "_code_version", lambda: "another version")
        put = rebuilding.Projector.put_anew
        calls = []

        def dies(self: Any, *arguments: Any) -> None:
            calls.append(1)
            if len(calls) == 2:
                raise KeyboardInterrupt
            put(self, *arguments)

        with monkeypatch.context() as patched:
            patched.setattr(rebuilding.Projector, "put_anew", dies)
            with pytest.raises(KeyboardInterrupt):
                home.trial()
        with sqlite3.connect(home.ledger_database) as connection:
            count = connection.execute("SELECT count(*) FROM participant").fetchone()[0]
        connection.close()
        assert count == len(kept["participant"]), "the old rows stand until the new ones do"
        assert tables_of(home.trial()) == kept

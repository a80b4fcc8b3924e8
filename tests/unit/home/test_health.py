"""The state of an installation: what is trouble, what is failure, and that nothing about the trial is told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from equipoise.home import Home, health
from equipoise.home.health import Disk, examine, failing
from equipoise.keeper import AbsentKeeper, KeeperUnavailableError
from equipoise.ledger.errors import LedgerError
from equipoise.trial import ClockWatch
from support.story import SEED_PROTOCOL, Person, open_trial
from support.web_home import Stage, new_home, stage

PLENTY = Disk(100 * 1024**3, 200 * 1024**3)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(health, "disk_of", lambda home: PLENTY)
    monkeypatch.setattr(health, "clock_synchronized", lambda: True)
    made = Home.create(tmp_path / "home", SEED_PROTOCOL)
    with made:
        made.trial().checkpoint("manual")
        yield made


def test_a_home_in_order_has_no_trouble(home: Home) -> None:
    found = examine(home)
    assert (found.failing, found.troubles, failing(home)) == ((), (), ())
    assert (found.mode, found.database, found.keeper) == ("live", "SQLite", "answers")
    assert found.events == home.trial().ledger.head().seq
    assert found.backlog == 0


def test_a_database_that_does_not_answer_is_a_failure_that_is_told(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> None:
        raise LedgerError("the database did not answer")

    monkeypatch.setattr(home.trial().ledger, "head", silent)
    found = examine(home)
    assert failing(home) == found.failing == ("database",)
    assert found.database_problem == "the database did not answer"
    assert found.answered_ms is None


def test_a_ledger_that_was_cut_can_be_read_only_and_fails(home: Home) -> None:
    import sqlite3

    home.trial()
    home.close()
    with sqlite3.connect(home.ledger_database) as connection:
        connection.execute("DROP TRIGGER IF EXISTS events_never_go")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)")
    connection.close()
    found = examine(home)
    assert failing(home) == found.failing == ("damaged",)
    assert "cut" in found.damage


@pytest.mark.parametrize(
    ("free", "fails", "troubles"),
    [(10 * 1024**3, (), ()), (1024**3, (), ("disk",)), (50 * 1024**2, ("disk",), ("disk",))],
)
def test_a_disk_that_fills_is_told_before_it_is_a_failure(
    home: Home, monkeypatch: pytest.MonkeyPatch, free: int, fails: Any, troubles: Any
) -> None:
    monkeypatch.setattr(health, "disk_of", lambda home: Disk(free, 200 * 1024**3))
    assert (failing(home), examine(home).troubles) == (fails, troubles)


def test_a_checkpoint_is_late_only_where_events_wait_for_one(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = home.trial()
    later = datetime.now(UTC) + timedelta(hours=3)
    monkeypatch.setattr(trial, "clock_peek", lambda: later)
    assert examine(home).troubles == ()
    open_trial(trial, at=datetime.now(UTC))
    found = examine(home)
    assert found.backlog > 0
    assert found.troubles == ("checkpoint",)
    assert found.checkpoint_age is not None
    assert found.checkpoint_age > timedelta(hours=2)
    assert failing(home) == ()


def test_a_keeper_that_is_silent_or_another_is_told_and_fails_nothing_else(home: Home) -> None:
    trial = home.trial()
    kept = trial.keeper
    trial.keeper = AbsentKeeper(KeeperUnavailableError("the keeper cannot be reached"))
    found = examine(home)
    assert (found.keeper, found.troubles, found.failing) == ("silent", ("keeper",), ())
    assert found.keeper_problem == "the keeper cannot be reached"
    trial.keeper = kept
    trial.state.commitment = "0" * 64
    assert examine(home).keeper == "other"


def test_a_clock_that_is_set_while_the_home_is_open_is_told(home: Home) -> None:
    wall, steady = [1000.0], [5.0]
    home.clock_watch = ClockWatch(lambda: wall[0], lambda: steady[0])
    assert examine(home).troubles == ()
    for passed, shift in ((60, 0.02), (60, -0.02), (60, 0.0)):  # kept by NTP: slewed, not set
        wall[0], steady[0] = wall[0] + passed + shift, steady[0] + passed
        assert home.clock_watch.look() is None
    wall[0] += 3600
    found = examine(home)
    assert found.troubles == ("clock",)
    assert [step.seconds for step in found.steps] == [3600.0]
    wall[0] -= 90
    assert home.clock_watch.look() is not None
    assert [step.seconds for step in home.clock_watch.steps] == [3600.0, -90.0]


def test_a_slow_drift_is_not_summed_up_to_a_step() -> None:
    wall, steady = [0.0], [0.0]
    watch = ClockWatch(lambda: wall[0], lambda: steady[0])
    for _ in range(500):
        wall[0], steady[0] = wall[0] + 60.03, steady[0] + 60
        watch.look()
    assert watch.steps == ()


@pytest.fixture(scope="module")
def played() -> Stage:
    return stage()


def test_the_proxy_is_told_one_word_and_nothing_about_the_trial(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "disk_of", lambda home: PLENTY)
    answer = played.client().get("/health")
    assert answer.status_code == 200
    assert json.loads(answer.content) == {"status": "ok"}
    assert answer["Cache-Control"] == "no-store"
    assert answer.cookies == {}
    monkeypatch.setattr(health, "disk_of", lambda home: Disk(1, 1))
    answer = played.client().get("/health")
    assert (answer.status_code, json.loads(answer.content)) == (
        503, {"status": "failing", "why": ["disk"]},
    )  # fmt: skip


def test_pages_say_that_the_database_is_away_and_the_proxy_sends_nobody(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise LedgerError("the database did not answer while reading; try again")

    monkeypatch.setattr(played.trial, "catch_up", away)
    answer = played.client().get("/health")
    assert (answer.status_code, json.loads(answer.content)["why"]) == (503, ["database"])
    page = played.client("coordinator").get("/today/")
    assert (page.status_code, page["Retry-After"]) == (503, "30")
    assert "does not answer" in page.content.decode()
    assert "数据库无响应" in page.content.decode()


def test_the_administrators_page_names_each_thing_and_no_participant(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = Person(played.trial).screen(person_name="Somebody Virtual").id
    monkeypatch.setattr(health, "disk_of", lambda home: Disk(1024**3, 8 * 1024**3))
    text = played.client("administrator").get("/operation/").content.decode()
    for words in ("Version", "SQLite, answered in", "Last checkpoint", "1.0 GiB free of 8 GiB",
                  "Clock of the machine", "Keeper of the seed", "a rehearsal", "The disk is nearly full."):  # fmt: skip
        assert words in text, words
    assert number not in text
    assert "Somebody" not in text
    chinese = played.client("administrator", headers={"accept-language": "zh-hans"})
    assert "磁盘空间即将用尽" in chinese.get("/operation/").content.decode()


def test_a_rehearsals_virtual_clock_is_no_trouble(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(health, "disk_of", lambda home: PLENTY)
    monkeypatch.setattr(health, "clock_synchronized", lambda: False)
    with new_home(tmp_path / "home") as made:
        made.trial().checkpoint("manual")
        assert examine(made).troubles == ()

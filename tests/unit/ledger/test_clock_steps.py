"""Verification tells where the server's clock was set: back, or ahead of the world. It is no fault of the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from equipoise.conduct.commands import GrantRole
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from equipoise.ledger.checkpoint import CheckpointFile
from equipoise.ledger.envelope import Draft
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from support.story import SEED_PROTOCOL, expect, open_trial


def at(hour: int, minute: int = 0) -> str:
    return f"2026-03-14T{hour:02}:{minute:02}:00.000000+00:00"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    ledger = Ledger(
        SqliteStore(tmp_path / "ledger.sqlite"),
        trial="t1",
        signer=Signer(b"s" * 32),
        head_file=HeadFile(tmp_path / "head"),
        checkpoints=CheckpointFile(tmp_path / "checkpoints.jsonl"),
    )
    yield ledger
    ledger.close()


def happened(ledger: Ledger, *times: str) -> None:
    for time in times:
        with ledger.write() as writing:
            writing.append([Draft("trial", "Noted", 1, "p", {}, "a", "r", "", "", None, time)])


def steps(ledger: Ledger, now: str | None = None) -> list[tuple[int, str, str, str]]:
    verified = ledger.verify(now=now)
    assert verified.ok
    return [(step.seq, step.kind, step.before, step.time) for step in verified.clock_steps]


def test_time_that_only_goes_on_is_not_mentioned(ledger: Ledger) -> None:
    happened(ledger, at(8), at(8), at(9), at(17))
    ledger.checkpoint("hourly", at(17))
    happened(ledger, at(20))
    assert steps(ledger, at(20)) == []


def test_a_clock_that_went_back_is_told_at_the_event(ledger: Ledger) -> None:
    happened(ledger, at(8), at(10), at(9), at(9, 30), at(11))
    assert steps(ledger) == [(3, "back", at(10), at(9))]


def test_a_clock_that_was_ahead_is_told_by_the_checkpoint_after_it(ledger: Ledger) -> None:
    """Nobody entered anything after it was set right, so that from event to event it never went back."""
    happened(ledger, at(8), at(13))
    ledger.checkpoint("hourly", at(9))
    happened(ledger, at(14))
    assert steps(ledger) == [(2, "ahead", at(9), at(13))]


def test_a_clock_that_is_ahead_now_is_told_by_the_verifiers_own(ledger: Ledger) -> None:
    happened(ledger, at(8), at(13))
    assert steps(ledger, at(9)) == [(2, "ahead", at(9), at(13))]
    assert steps(ledger) == []


def test_of_events_of_one_time_ahead_the_last_is_told(ledger: Ledger) -> None:
    """The clock was wrong until then at least."""
    happened(ledger, at(8), at(13), at(13), at(12))
    ledger.checkpoint("hourly", at(9))
    assert steps(ledger) == [(3, "ahead", at(9), at(13)), (4, "back", at(13), at(12))]


def test_a_place_is_told_once_however_many_checkpoints_cover_it(ledger: Ledger) -> None:
    happened(ledger, at(8), at(13))
    ledger.checkpoint("hourly", at(9))
    ledger.checkpoint("sign", at(9, 30))
    assert steps(ledger, at(10)) == [(2, "ahead", at(9), at(13))]


def verify_command(home: Path) -> tuple[int, list[dict[str, object]], str]:
    done = [
        subprocess.run(
            [
                sys.executable, "-c", "from equipoise.cli import main; main()", "verify", str(home),
                *options,
            ],
            capture_output=True, text=True,
        )
        for options in ((), ("--format", "json"))
    ]  # fmt: skip
    return done[0].returncode, json.loads(done[1].stdout)["clock_steps"], done[0].stdout


def test_the_command_tells_of_events_from_the_future_in_a_real_trial_only(tmp_path: Path) -> None:
    future = datetime.now(UTC) + timedelta(days=3)
    rehearsal = RehearsalSettings(3, 0, future.isoformat(), {})
    for name, settings in (("real", None), ("rehearsed", rehearsal)):
        home = Home.create(tmp_path / name, SEED_PROTOCOL, rehearsal=settings)
        open_trial(home.trial(), at=future)
        home.close()
    code, found, said = verify_command(tmp_path / "real")
    assert code == 0
    assert [step["kind"] for step in found] == ["ahead"]
    assert "the server's clock was ahead at event" in said
    assert verify_command(tmp_path / "rehearsed")[1] == []


def test_a_rehearsal_says_once_that_its_days_are_played_person_by_person(tmp_path: Path) -> None:
    rehearsal = RehearsalSettings(3, 0, at(8), {})
    home = Home.create(tmp_path / "rehearsed", SEED_PROTOCOL, rehearsal=rehearsal)
    trial = open_trial(home.trial(), at=datetime.fromisoformat(at(12)))
    for person, time in (("early", at(9)), ("late", at(17)), ("between", at(16))):
        grant = GrantRole(person=person, role="monitor")
        expect(trial.do(grant, ADMINISTRATOR, at=datetime.fromisoformat(time)))
    home.close()
    code, found, said = verify_command(tmp_path / "rehearsed")
    assert code == 0
    assert [step["kind"] for step in found] == ["back", "back"]
    assert said.count("played person by person") == 1
    assert "clock" not in said

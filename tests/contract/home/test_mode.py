"""Rehearsal, training and live are told apart everywhere and for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.analysis import analyze
from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from equipoise.reporting.document import study_report
from support.story import COORDINATOR, SEED_PROTOCOL, START, Person, file_documents, open_trial

MODES = ("rehearsal", "training", "live")


def _home(path: Path, mode: str) -> Home:
    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    return Home.create(
        path,
        SEED_PROTOCOL,
        rehearsal=settings if mode == "rehearsal" else None,
        training=mode == "training",
    )


@pytest.mark.parametrize("mode", MODES)
def test_what_a_home_is_stands_in_its_ledger_and_is_said_by_verify(
    tmp_path: Path, mode: str
) -> None:
    """Read from the events alone; the settings file has no say."""
    with _home(tmp_path / "home", mode) as home:
        assert home.trial().state.mode == mode
    with Home.open(tmp_path / "home") as again:
        assert again.trial().state.mode == mode
    runner = CliRunner()
    answer = runner.invoke(main, ["verify", str(tmp_path / "home"), "--format", "json"])
    assert json.loads(answer.stdout)["mode"] == mode
    words = {"rehearsal": "a rehearsal", "training": "for training", "live": "a live trial"}
    assert words[mode] in runner.invoke(main, ["verify", str(tmp_path / "home")]).stdout


@pytest.mark.parametrize("mode", MODES)
def test_it_is_fixed_at_creation(tmp_path: Path, mode: str) -> None:
    """A second creation is refused, and no other command says anything about it."""
    with _home(tmp_path / "home", mode) as home:
        trial = home.trial()
        for other in MODES:
            again = trial.do(c.CreateTrial(public_key="00", mode=other), ADMINISTRATOR)  # type: ignore[arg-type]
            assert isinstance(again, Refusal)
        assert trial.state.mode == mode


def test_people_learn_without_delegation_in_a_training_home_only(tmp_path: Path) -> None:
    """The training is what the record is made of."""
    outcomes = {}
    for mode in ("training", "live"):
        with _home(tmp_path / mode, mode) as home:
            trial = home.trial()
            grant = c.GrantRole(person=COORDINATOR.id, role="coordinator", site="01")
            assert trial.do(grant, ADMINISTRATOR, at=START)
            file_documents(trial, "01")
            opened = c.OpenSite(site="01", ethics_approval="x", approved_on=START.date())
            assert trial.do(opened, ADMINISTRATOR, at=START)
            screen = c.ScreenParticipant(site="01", identity={"person_name": "Virtual"})
            outcomes[mode] = bool(trial.do(screen, COORDINATOR, at=START))
    assert outcomes == {"training": True, "live": False}


@pytest.mark.parametrize("mode", MODES)
def test_a_report_says_what_its_data_are(tmp_path: Path, mode: str) -> None:
    """Only a live trial's report carries no band."""
    with _home(tmp_path / "home", mode) as home:
        Person(open_trial(home.trial())).screen()
        archive = home.archive()
        results = analyze(archive)
    pages = {
        language: study_report(results, archive.protocol, language)
        for language in ("en", "zh-Hans")
    }
    assert results.mode == mode
    for language, words in (("en", "no person took part"), ("zh-Hans", "没有真实人员参加")):
        assert (words in pages[language]) is (mode == "rehearsal")
    assert ("invented by people who learn" in pages["en"]) is (mode == "training")

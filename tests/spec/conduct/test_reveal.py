"""The seed that was committed to comes into the ledger at the end: not before, not another, and only once."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR, memory_trial
from equipoise.keeper import Reveal
from equipoise.trial import Trial
from support.masked_story import ALLOCATED, START, actor, live
from support.played import second_protocol
from support.story import Person, at_site, central, expect
from support.web_home import new_home

LATER = ALLOCATED + timedelta(days=8)
SPONSOR = actor("sponsor")


@pytest.fixture
def trial() -> Trial:
    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    made = memory_trial(second_protocol(), settings)
    live(made)
    return made


def reveal_of(trial: Trial) -> Reveal:
    keeper: Any = trial.keeper
    held: Reveal = keeper.reveal()
    return held


def command(trial: Trial, **changes: str) -> c.RevealSeed:
    held = reveal_of(trial)
    given = {"seed": held.seed, "source": held.source, "scheme": held.scheme_text}
    return c.RevealSeed(**{**given, **changes})


def codes(outcome: object) -> set[str]:
    assert isinstance(outcome, Refusal), outcome
    return {reason.code for reason in outcome.reasons}


def _over(trial: Trial) -> None:
    expect(trial.do(c.CloseRecruitment(reason="full"), SPONSOR, at=LATER))
    for participant in trial.participant_ids():
        leave = c.Withdraw(
            participant=participant, scope="follow_up", reason="end", on=LATER.date()
        )
        expect(trial.do(leave, actor("coordinator"), at=LATER))


def test_a_masked_trial_is_unblinded_before_its_seed_is_revealed(trial: Trial) -> None:
    """From the seed everybody can compute every arm."""
    now = trial.do(command(trial), ADMINISTRATOR, at=LATER)
    assert codes(now) == {"not-yet-unblinded", "recruitment-still-open", "participants-on-study"}
    _over(trial)
    assert codes(trial.do(command(trial), ADMINISTRATOR, at=LATER)) == {"not-yet-unblinded"}
    expect(trial.do(c.UnblindTrial(reason="Database locked."), SPONSOR, at=LATER))
    for who in (SPONSOR, actor("coordinator"), actor("statistician")):
        assert codes(trial.do(command(trial), who, at=LATER)) == {"not-permitted"}
    expect(trial.do(command(trial), ADMINISTRATOR, at=LATER))
    assert trial.state.revealed is not None
    assert trial.state.revealed.seed == reveal_of(trial).seed
    assert codes(trial.do(command(trial), ADMINISTRATOR, at=LATER)) == {"already-revealed"}


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": "4:0"}, {"seed": ""}, {"source": "hmac-sha256"}, {"scheme": "{}"},
        {"scheme": "{"}, {"scheme": "[]"}, {"scheme": "[" * 5000},
    ],
    ids=lambda changes: next(iter(changes)) + " of another trial",
)  # fmt: skip
def test_what_was_not_committed_to_is_refused(trial: Trial, changes: dict[str, str]) -> None:
    _over(trial)
    expect(trial.do(c.UnblindTrial(reason="Database locked."), SPONSOR, at=LATER))
    wrong = command(trial, **changes)
    assert codes(trial.do(wrong, ADMINISTRATOR, at=LATER)) == {"another-seed"}
    assert trial.state.revealed is None


def test_a_published_reveal_is_recomputed_from_the_ledger_alone(tmp_path: Path) -> None:
    """`keeper publish`, and then `verify` without any file; the public record shows the seed."""
    path, file = tmp_path / "home", tmp_path / "reveal.json"
    home = new_home(path, seed=21)
    trial = home.trial()
    people = [Person(trial, site).enroll() for site in ("01", "02", "01")]
    file.write_text(json.dumps(reveal_of(trial).as_document()))
    home.close()

    def run(*arguments: object) -> Any:
        return CliRunner().invoke(main, [str(one) for one in arguments])

    early = run("keeper", "publish", file, "--home", path)
    assert early.exit_code == 2
    with Home.open(path) as home:
        trial = home.trial()
        expect(trial.do(c.CloseRecruitment(reason="full"), central("sponsor")))
        for person in people:
            day = trial.today(person.site)
            leave = c.Withdraw(
                participant=person.id, scope="follow_up", reason="end", on=day, category="other"
            )
            expect(trial.do(leave, at_site("coordinator", person.site)))
    done = run("keeper", "publish", file, "--home", path)
    assert done.exit_code == 0, done.output
    verified = json.loads(run("verify", path, "--format", "json").output)
    assert (verified["ok"], verified["allocations"], verified["seed"]) == (True, 3, "the ledger")
    assert run("keeper", "publish", file, "--home", path).exit_code == 2
    with Home.open(path) as home:
        from equipoise.web import configure
        from support.web_home import stage

        played = stage()
        configure(home)
        try:
            from django.test import Client

            seed = home.trial().state.revealed
            assert seed is not None
            assert seed.seed in Client(SERVER_NAME="localhost").get("/record/").content.decode()
        finally:
            configure(played.home)

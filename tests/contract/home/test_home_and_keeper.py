"""A trial and the keeper it asks: in its own process, gone, lost and recovered."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.home import Home, HomeError
from equipoise.keeper import FileKeeper
from support.keepers import served
from support.story import SEED_PROTOCOL, Person, expect, open_trial, seed_protocol

RUN = CliRunner()


def run(*arguments: object) -> str:
    result = RUN.invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: object) -> str:
    result = RUN.invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 2, result.output
    assert result.output.count("\n") == 1, result.output
    return result.output


@pytest.fixture
def keeper(tmp_path: Path) -> FileKeeper:
    (tmp_path / "keeper").mkdir(mode=0o700)
    return FileKeeper.create(tmp_path / "keeper" / "keeper.sqlite", seed_protocol())


def ready(home: Home) -> Person:
    """Somebody who may be randomized now."""
    person = Person(home.trial()).screen().consent().enter_screening()
    expect(person.assess())
    return person.sign()


def test_a_home_with_a_keeper_of_its_own_holds_no_seed(keeper: FileKeeper, tmp_path: Path) -> None:
    socket = tmp_path / "keeper.sock"
    with served(keeper, socket):
        home = Home.create(tmp_path / "home", SEED_PROTOCOL, keeper_socket=socket)
        trial = open_trial(home.trial())
        assert trial.keeper.place == "process"
        assert trial.state.commitment == keeper.commitment().hash
        assert ready(home).randomize().answer["number"] == 1
        home.close()
        again = Home.open(tmp_path / "home")
        assert ready(again).randomize().answer["number"] == 2
        again.close()
    assert not (tmp_path / "home" / "keeper.sqlite").exists()
    assert keeper.status().public_key == again.trial().ledger.public_key
    again.close()


def test_without_its_keeper_no_home_is_made(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match="cannot be reached"):
        Home.create(tmp_path / "home", SEED_PROTOCOL, keeper_socket=tmp_path / "keeper.sock")
    assert not (tmp_path / "home").exists()


def test_while_the_keeper_is_down_randomization_waits_and_everything_else_goes_on(
    keeper: FileKeeper, tmp_path: Path
) -> None:
    socket = tmp_path / "keeper.sock"
    with served(keeper, socket):
        home = Home.create(tmp_path / "home", SEED_PROTOCOL, keeper_socket=socket)
        open_trial(home.trial())
    person = ready(home)
    head = home.trial().ledger.head()
    command = c.Randomize(participant=person.id)
    outcome = home.trial().do(command, person.coordinator, at=person.at, client_id="once")
    assert isinstance(outcome, Refusal)
    assert [reason.code for reason in outcome.reasons] == ["keeper-unavailable"]
    assert outcome.reasons[0].message.has("zh-Hans")
    assert home.trial().ledger.head() == head
    assert person.state.status == "eligible"
    with served(keeper, socket):
        done = home.trial().do(command, person.coordinator, at=person.at, client_id="once")
        assert expect(done).answer["number"] == 1
    home.close()


def test_an_answer_that_did_not_reach_the_ledger_is_the_same_when_asked_for_again(
    keeper: FileKeeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fills between the keeper's answer and the commit: nothing is half made."""
    socket = tmp_path / "keeper.sock"
    with served(keeper, socket):
        home = Home.create(tmp_path / "home", SEED_PROTOCOL, keeper_socket=socket)
        trial = open_trial(home.trial())
        person = ready(home)

        def full(*_: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(trial.ledger.store, "commit", full)
            with pytest.raises(OSError, match="No space"):
                person.randomize()
        assert keeper.status().allocations == 1
        assert person.state.arm is None
        arm = keeper._disclosed().allocations[0].arm
        answer = person.randomize().answer
        assert (answer["arm"], answer["number"]) == (arm, 1)
        assert keeper.status().allocations == 1
    home.close()


def lose(keeper_directory: Path) -> None:
    for file in keeper_directory.glob("keeper.sqlite*"):
        file.unlink()


def recovered(home: Home, directory: Path, tmp_path: Path, lost: Callable[[], None]) -> str:
    shares = [tmp_path / "first.json", tmp_path / "second.json"]
    run("keeper", "escrow", directory, "--first", shares[0], "--second", shares[1])
    assert all(stat.S_IMODE(share.stat().st_mode) == 0o600 for share in shares)
    lost()
    return run(
        "keeper", "recover", directory, "--home", home.path, "--first", shares[0],
        "--second", shares[1],
    )  # fmt: skip


def test_a_lost_keeper_is_recovered_from_two_shares_and_the_ledger(tmp_path: Path) -> None:
    """Without it data are still entered; with it the list goes on where it was."""
    home = Home.create(tmp_path / "home", SEED_PROTOCOL)
    open_trial(home.trial())
    arms = [ready(home).randomize().answer["arm"] for _ in range(5)]
    person = ready(home)
    committed = home.trial().state.commitment
    home.close()

    def lost() -> None:
        lose(home.path)
        without = Home.open(home.path)
        assert without.trial().keeper.place == "absent"
        Person(without.trial()).screen().consent()
        outcome = without.trial().do(
            c.Randomize(participant=person.id), person.coordinator, at=person.at
        )
        assert isinstance(outcome, Refusal)
        assert "recover it from the sealed shares" in str(outcome)
        assert not (home.path / "keeper.sqlite").exists()
        without.close()

    said = recovered(home, home.path, tmp_path, lost)
    assert "5 allocations are those that seed and scheme give" in said
    again = Home.open(home.path)
    assert again.trial().keeper.commitment().hash == committed
    person.trial = again.trial()
    assert person.randomize().answer["number"] == 6
    again.close()
    run("keeper", "reveal", home.path, "--out", tmp_path / "reveal.json", "--yes")
    assert "6 allocations are those" in run(
        "verify", home.path, "--reveal", tmp_path / "reveal.json"
    )
    revealed = json.loads((tmp_path / "reveal.json").read_text())
    assert [one["arm"] for one in revealed["allocations"]][:5] == arms


def test_shares_of_another_trial_recover_nothing(tmp_path: Path) -> None:
    homes = [Home.create(tmp_path / name, SEED_PROTOCOL) for name in ("one", "other")]
    for home in homes:
        home.close()
    shares = [tmp_path / "first.json", tmp_path / "second.json"]
    run("keeper", "escrow", homes[1].path, "--first", shares[0], "--second", shares[1])
    recover = ["--first", shares[0], "--second", shares[1]]
    assert "a keeper is there already" in refused(
        "keeper", "recover", homes[0].path, "--home", homes[0].path, *recover
    )
    lose(homes[0].path)
    said = refused("keeper", "recover", homes[0].path, "--home", homes[0].path, *recover)
    assert "these are the shares of another trial" in said
    assert not (homes[0].path / "keeper.sqlite").exists()
    assert "is there already" in refused(
        "keeper", "escrow", homes[1].path, "--first", shares[0], "--second", tmp_path / "third"
    )


def test_a_keeper_with_another_seed_is_not_asked(tmp_path: Path) -> None:
    home = Home.create(tmp_path / "home", SEED_PROTOCOL)
    open_trial(home.trial())
    person = ready(home)
    key = home.trial().ledger.public_key
    home.close()
    lose(home.path)
    FileKeeper.create(home.path / "keeper.sqlite", seed_protocol(), key).close()
    again = Home.open(home.path)
    outcome = again.trial().do(c.Randomize(participant=person.id), person.coordinator, at=person.at)
    assert isinstance(outcome, Refusal)
    assert [reason.code for reason in outcome.reasons] == ["keeper-other-commitment"]
    again.close()


def test_a_reveal_must_be_meant(tmp_path: Path) -> None:
    home = Home.create(tmp_path / "home", SEED_PROTOCOL)
    home.close()
    out = tmp_path / "reveal.json"
    for typed, code in (("yes\n", 2), ("nct07312656\n", 0)):
        result = RUN.invoke(
            main, ["keeper", "reveal", str(home.path), "--out", str(out)], input=typed
        )
        assert result.exit_code == code, result.output
        assert out.exists() == (code == 0)
    assert "revealed" in run("keeper", "status", home.path)
    assert json.loads(run("keeper", "status", home.path, "--format", "json"))["revealed"] is True


def test_activating_says_what_was_committed_to(tmp_path: Path) -> None:
    said = run("activate", SEED_PROTOCOL, "--home", tmp_path / "home")
    home = Home.open(tmp_path / "home")
    assert home.trial().state.commitment in said
    assert "keeper escrow" in said
    home.close()
    assert "not empty" in refused("activate", SEED_PROTOCOL, "--home", tmp_path / "home")
    assert "cannot be reached" in refused(
        "activate", SEED_PROTOCOL, "--home", tmp_path / "other", "--keeper", tmp_path / "no.sock"
    )


def test_a_keeper_is_made_once_and_says_what_it_commits_to(tmp_path: Path) -> None:
    directory = tmp_path / "keeper"
    said = run("keeper", "init", directory, "--protocol", SEED_PROTOCOL)
    status = json.loads(run("keeper", "status", directory, "--format", "json"))
    assert status["commitment"] in said
    assert (status["allocations"], status["escrowed"], status["public_key"]) == (0, False, "")
    assert "already" in refused("keeper", "init", directory, "--protocol", SEED_PROTOCOL)
    assert "accepted" in run("keeper", "accept", directory, SEED_PROTOCOL)
    assert "no keeper's file" in refused("keeper", "status", tmp_path)

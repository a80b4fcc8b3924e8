"""Everybody presses "randomize" at the same moment: one allocation each, in the order of the list.

A real trial's home (secret seed, keeper's file) is served by a process of its own, and asked over HTTP.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from equipoise.home import Home
from equipoise.protocol.reading import load_protocol
from support.at_once import (
    READY,
    Pressed,
    accounts,
    check_blocks,
    press_together,
    ready_to_randomize,
)
from support.story import SEED_PROTOCOL
from support.web_home import served

pytestmark = pytest.mark.xdist_group("randomizing-at-once")  # one home, one server


@pytest.fixture(scope="module")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> Pressed:
    """Two pages of each participant stand open; one is sent twice, the other once, all at once."""
    path = tmp_path_factory.mktemp("home") / "home"
    home = Home.create(path, SEED_PROTOCOL)
    people = ready_to_randomize(home)
    home.close()
    passwords = accounts(path)
    with served(path) as address:
        return press_together(path, people, [address], passwords)


def test_every_press_is_answered_with_the_allocation_that_stands(pressed: Pressed) -> None:
    for number in pressed.people:
        for answer in pressed.answers[number]:
            assert (answer.status, answer.location) == (302, f"/participants/{number}/randomize/")
        assert len(pressed.shown[number]) == 1


def test_each_is_allocated_once_with_a_number_of_their_own(pressed: Pressed) -> None:
    home = Home.open(pressed.home)
    trial = home.trial()
    happened = [h for _, h in trial.events(types=["ParticipantRandomized"])]
    assert len(happened) == READY
    states = [trial.participant(number) for number in pressed.people]
    assert sorted(state.randomization_number for state in states) == list(range(1, READY + 1))
    protocol = trial.protocol
    for state in states:
        (words,) = pressed.shown[state.id]
        assert protocol.arm_by_id[state.arm].label.en in words
        assert f"<dd>{state.randomization_number}</dd>" in words
    home.close()


def test_the_allocations_are_those_that_the_secret_seed_gives_and_no_block_is_torn(
    pressed: Pressed,
) -> None:
    home = Home.open(pressed.home)
    check_blocks(home.trial(), pressed.people)
    home.close()


def test_an_outsider_verifies_the_ledger_and_every_allocation(
    pressed: Pressed, tmp_path: Path
) -> None:
    home = Home.open(pressed.home)
    reveal = tmp_path / "reveal.json"
    reveal.write_text(json.dumps(home.trial().keeper.reveal().as_document()), encoding="utf-8")
    home.close()
    command = [
        sys.executable, "-c", "from equipoise.cli import main; main()", "verify",
        str(pressed.home), "--reveal", str(reveal), "--format", "json",
    ]  # fmt: skip
    result = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    assert (result["ok"], result["allocations"]) == (True, READY)


def test_the_trial_asks_for_so_many_at_these_sites() -> None:
    """The story needs a list with blocks, three sites and room for all of them."""
    protocol = load_protocol(SEED_PROTOCOL)
    assert protocol.design.sample_size.target >= READY
    assert len(protocol.identity.sites) == 3

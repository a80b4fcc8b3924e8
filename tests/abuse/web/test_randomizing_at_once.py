"""Everybody presses "randomize" at the same moment: one allocation each, in the order of the list.

A real trial's home (secret seed, keeper's file) is served by a process of its own, and asked over HTTP.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.home import Home
from equipoise.protocol.reading import load_protocol
from support.story import SEED_PROTOCOL, SITES, Person, expect, open_trial, screening_values
from support.visitor import Answer, Visitor
from support.web_home import served

pytestmark = pytest.mark.xdist_group("randomizing-at-once")  # one home, one server
READY = 64


@dataclass(frozen=True)
class Pressed:
    """What came of it."""

    home: Path
    people: list[str]
    answers: dict[str, list[Answer]]
    shown: dict[str, set[str]]
    """The allocation as each of several openings of the page shows it."""


def ready_to_randomize(home: Home) -> list[str]:
    """People at three sites in turn, screened, consented, eligible and signed, of varied strata."""
    trial = home.trial()
    at = datetime.now(UTC) - timedelta(hours=1)
    open_trial(trial, at=at)
    start = at.date() + timedelta(days=20)
    people = []
    with trial.batch():
        for n, site in zip(range(READY), itertools.cycle(SITES), strict=False):
            person = Person(trial, site, at=at).screen(person_name="Virtual Participant").consent()
            values = screening_values(
                rt_planned_start=str(start),
                rt_planned_end=str(start + timedelta(days=44)),
                concurrent_chemo="yes" if n % 2 else "no",
            )
            for form, typed in values.items():
                address = Address("screening", form)
                saved = c.SaveForm(participant=person.id, address=address, values=typed)
                expect(person.do(saved))
            expect(person.assess())
            person.sign()
            people.append(person.id)
    return people


def account(path: Path, username: str) -> str:
    """A password for the person, made by the command line."""
    made = subprocess.run(
        [
            sys.executable, "-c", "from equipoise.cli import main; main()", "account", username,
            "--home", str(path), "--password", "--format", "json",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return str(json.loads(made.stdout)["password"])


@pytest.fixture(scope="module")
def pressed(tmp_path_factory: pytest.TempPathFactory) -> Pressed:
    """Two pages of each participant stand open; one is sent twice, the other once, all at once."""
    path = tmp_path_factory.mktemp("home") / "home"
    home = Home.create(path, SEED_PROTOCOL)
    people = ready_to_randomize(home)
    home.close()
    passwords = {site: account(path, f"coordinator-{name}") for site, name in SITES.items()}
    requests: list[tuple[str, Visitor, dict[str, str]]] = []
    answers: dict[str, list[Answer]] = defaultdict(list)
    with served(path) as address:
        at_site = {
            site: Visitor(address).sign_in(f"coordinator-{name}", passwords[site])
            for site, name in SITES.items()
        }
        for number in people:
            visitor = at_site[number[:2]]
            one, other = (visitor.hidden(f"/participants/{number}/randomize/") for _ in range(2))
            assert one["client_id"] != other["client_id"]
            requests += [(number, visitor, fields) for fields in (one, one, other)]
        together = threading.Barrier(len(requests))

        def press(request: tuple[str, Visitor, dict[str, str]]) -> tuple[str, Answer]:
            number, visitor, fields = request
            session = Visitor(visitor.address, dict(visitor.cookies))
            together.wait(60)
            return number, session.ask("POST", f"/participants/{number}/randomize/", fields)

        with ThreadPoolExecutor(len(requests)) as pool:
            for number, answer in pool.map(press, requests):
                answers[number].append(answer)
        shown = {
            number: {
                re.sub(
                    r"\s+", " ",
                    re.search(r'<section class="allocation".*?</section>', page.text, re.S)[0],
                )
                for page in [
                    at_site[number[:2]].ask("GET", f"/participants/{number}/randomize/")
                    for _ in range(2)
                ]
            }
            for number in people
        }  # fmt: skip
    return Pressed(path, people, dict(answers), shown)


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
    trial = home.trial()
    revealed = trial.keeper.reveal()
    assert revealed.commitment == trial.state.commitment
    assert revealed.problems() == []
    arms = revealed.recompute()
    by_number = {
        trial.participant(n).randomization_number: trial.participant(n) for n in pressed.people
    }
    assert [by_number[n].arm for n in range(1, READY + 1)] == arms
    # within a stratum the list is blocks: at no point does one arm lead by more than half a block
    half = max(trial.protocol.randomization.scheme.sizes) // 2
    lead: dict[tuple[tuple[str, str], ...], Counter[str]] = defaultdict(Counter)
    for number in range(1, READY + 1):
        state = by_number[number]
        counts = lead[tuple(sorted(state.strata_used.items()))]
        counts[state.arm] += 1
        assert max(counts.values()) - min(counts[arm.id] for arm in trial.protocol.arms) <= half
    assert len(lead) >= 6
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

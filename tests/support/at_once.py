"""Everybody presses "randomize" at the same moment: what the tests of one and of two servers share."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.home import Home
from support.patience import PATIENCE
from support.story import SITES, Person, expect, open_trial, screening_values
from support.visitor import Answer, Visitor

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


def accounts(path: Path) -> dict[str, str]:
    """A password for each site's coordinator, by site."""
    return {site: account(path, f"coordinator-{name}") for site, name in SITES.items()}


def signed_in(address: str, passwords: Mapping[str, str]) -> dict[str, Visitor]:
    """A session of each site's coordinator, by site."""
    return {
        site: Visitor(address).sign_in(f"coordinator-{SITES[site]}", password)
        for site, password in passwords.items()
    }


def press_together(
    path: Path, people: list[str], addresses: Sequence[str], passwords: Mapping[str, str]
) -> Pressed:
    """Two pages of each participant stand open; one is sent twice, the other once, all at once.

    Pages are asked for and sent at the addresses in turn, which serve the home at `path`.
    """
    at_site = signed_in(addresses[0], passwords)
    turn = itertools.cycle(addresses)
    requests: list[tuple[str, Visitor, dict[str, str]]] = []
    answers: dict[str, list[Answer]] = defaultdict(list)

    def visitor(number: str) -> Visitor:
        return Visitor(next(turn), dict(at_site[number[:2]].cookies))

    for number in people:
        page = f"/participants/{number}/randomize/"
        one, other = (visitor(number).hidden(page) for _ in range(2))
        assert one["client_id"] != other["client_id"]
        requests += [(number, visitor(number), fields) for fields in (one, one, other)]
    together = threading.Barrier(len(requests))

    def press(request: tuple[str, Visitor, dict[str, str]]) -> tuple[str, Answer]:
        number, session, fields = request
        together.wait(PATIENCE)
        return number, session.ask("POST", f"/participants/{number}/randomize/", fields)

    with ThreadPoolExecutor(len(requests)) as pool:
        for number, answer in pool.map(press, requests):
            answers[number].append(answer)
    shown = {
        number: {
            allocation_on(visitor(number).ask("GET", f"/participants/{number}/randomize/").text)
            for _ in range(2)
        }
        for number in people
    }
    return Pressed(path, people, dict(answers), shown)


def allocation_on(page: str) -> str:
    """The allocation that a page shows."""
    found = re.search(r'<section class="allocation".*?</section>', page, re.S)
    assert found is not None
    return re.sub(r"\s+", " ", found[0])


def check_blocks(trial: Any, people: Sequence[str]) -> None:
    """The allocations are those that the secret seed gives, and within a stratum the list is blocks: at no
    point does one arm lead by more than half a block."""
    revealed = trial.keeper.reveal()
    assert revealed.commitment == trial.state.commitment
    assert revealed.problems() == []
    states = [trial.participant(number) for number in people]
    by_number = {state.randomization_number: state for state in states}
    assert sorted(by_number) == list(range(1, len(people) + 1))
    assert [by_number[n].arm for n in sorted(by_number)] == revealed.recompute()
    half = max(trial.protocol.randomization.scheme.sizes) // 2
    lead: dict[tuple[tuple[str, str], ...], Counter[str]] = defaultdict(Counter)
    for number in sorted(by_number):
        state = by_number[number]
        counts = lead[tuple(sorted(state.strata_used.items()))]
        counts[state.arm] += 1
        assert max(counts.values()) - min(counts[arm.id] for arm in trial.protocol.arms) <= half
    assert len(lead) >= 6

"""In a served rehearsal the clock is advanced from the pages, around those enrolled by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from equipoise.home import Home, RehearsalSettings
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal import first_instant, play, replicate_of
from support.played import SEED, rehearsed
from support.story import SEED_PROTOCOL, Person, expect
from support.web_home import Stage

Serve = Callable[..., Stage]


@pytest.fixture(scope="module")
def protocol_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first trial with sixteen participants, as a file."""
    before, found, after = SEED_PROTOCOL.read_text(encoding="utf-8").partition("    target: 200\n")
    assert found
    path = tmp_path_factory.mktemp("protocol") / "protocol.yaml"
    path.write_text(f"{before}    target: 16\n{after}", encoding="utf-8")
    return path


@pytest.fixture
def serve(protocol_file: Path, tmp_path: Path) -> Iterator[Serve]:
    """Serve, in this process, a home in which so many have been randomized."""
    from equipoise.web import configure, release

    homes = []

    def begin(randomized: int, staff: str = "assumed") -> Stage:
        options = {"staff": staff}
        replicate = replicate_of(load_protocol(protocol_file), SEED, 0, options)
        settings = RehearsalSettings(SEED, 0, first_instant(replicate).isoformat(), options)
        home = Home.create(tmp_path / "home", protocol_file, rehearsal=settings)
        homes.append(home)
        play(home.trial(), replicate, randomized=randomized)
        configure(home)
        from equipoise.web.accounts import create_demo_accounts

        return Stage(home, {name: word for name, word, _, _ in create_demo_accounts(home)})

    yield begin
    release()
    for home in homes:
        home.close()


def advance(served: Stage, step: str) -> Any:
    """Press the button; wait until what it began is over."""
    from equipoise.web.flows.rehearsal import last_run

    answer = served.client("coordinator").post("/rehearsal/", {"by": step})
    assert answer.status_code == 302
    run = last_run(served.home)
    assert run is not None
    assert run.thread is not None
    run.thread.join(300)
    assert not run.running
    assert not run.failed
    return run


def enroll_by_hand(served: Stage) -> Person:
    """A participant screened, found eligible and randomized by hand, on the day on which the clock stands."""
    person = Person(served.trial, "01").screen(person_name="Enrolled by hand")
    person.consent()
    person.enter_screening()
    expect(person.assess())
    person.sign()
    person.randomize()
    return person


def test_a_day_a_week_and_to_the_end_around_somebody_enrolled_by_hand(serve: Serve) -> None:
    """The virtual people live on, the one by hand is left alone, recruitment closes at the target."""
    served = serve(6)
    trial = served.trial
    by_hand = enroll_by_hand(served)
    before, day = trial.participant(by_hand.id), trial.today("01")
    assert before is not None
    advance(served, "day")
    assert trial.today("01") == day + timedelta(days=1)
    advance(served, "week")
    assert trial.today("01") == day + timedelta(days=8)
    assert trial.state.recruitment_open
    assert advance(served, "end").finished
    assert trial.state.randomized == 16
    assert not trial.state.recruitment_open
    after = trial.participant(by_hand.id)
    assert after is not None
    assert after.status == "randomized"
    assert after.forms == before.forms
    virtual = [s for s in trial.participants() if s.arm is not None and s.id != by_hand.id]
    assert len(virtual) == 15
    assert {s.status for s in virtual} <= {"completed", "withdrawn"}
    assert trial.ledger.verify().ok


def test_the_last_place_taken_by_hand_closes_recruitment(serve: Serve) -> None:
    """Those enrolled by hand count: who fills the target ends recruitment, for virtual people too."""
    served = serve(15)
    trial = served.trial
    while trial.state.randomized < 16:
        enroll_by_hand(served)
    assert not trial.state.recruitment_open
    screened = trial.state.screened
    assert advance(served, "end").finished
    assert (trial.state.randomized, trial.state.screened) == (16, screened)


def test_a_trial_advanced_from_the_pages_is_the_one_the_command_plays(serve: Serve) -> None:
    """Day by day in the browser or in one go: the same ledger, with the staff the home was made with."""
    served = serve(2, staff="faultless")
    advance(served, "day")
    advance(served, "week")
    advance(served, "end")
    whole, _, _ = rehearsed(served.home.protocol, staff="faultless")
    assert served.trial.ledger.root() == whole.ledger.root()


def test_the_page_says_which_day_it_is_and_that_the_trial_has_ended(serve: Serve) -> None:
    """Every page of a rehearsal carries its day; once nobody has anything left to do it says so."""
    served = serve(2)
    client = served.client("coordinator")
    assert str(served.trial.today("01")) in client.get("/today/").content.decode()
    advance(served, "end")
    page = client.get("/rehearsal/").content.decode()
    assert str(served.trial.today("01")) in page
    assert served.client("coordinator").post("/rehearsal/", {"by": "year"}).status_code == 422

"""An installation: made whole or not at all, opened again as it was left."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.home import Home, HomeError, RehearsalSettings
from equipoise.home import home as home_module
from equipoise.ledger.errors import LedgerBusyError
from equipoise.protocol.reading import ProtocolError
from support.story import (
    SEED_PROTOCOL,
    START,
    Person,
    expect,
    open_trial,
)


@pytest.fixture
def rehearsal():
    return RehearsalSettings(seed=7, replicate=0, start=START.isoformat(), options={})


def test_a_real_home_keeps_its_secrets_readable_by_the_owner_only(tmp_path):
    home = Home.create(tmp_path / "home", SEED_PROTOCOL)
    home.trial()
    for name in ("keys.sqlite", "keeper.sqlite", "settings.json"):
        mode = stat.S_IMODE((home.path / name).stat().st_mode)
        assert mode & 0o077 == 0, f"{name} has mode {mode:o}"
    home.close()


def test_a_home_opened_again_is_as_it_was_left(tmp_path, rehearsal):
    home = Home.create(tmp_path / "home", SEED_PROTOCOL, rehearsal=rehearsal)
    trial = open_trial(home.trial())
    person = Person(trial).enroll()
    before, root = person.state, trial.ledger.root()
    home.close()
    again = Home.open(tmp_path / "home")
    assert again.trial().ledger.root() == root
    assert again.trial().participant(person.id) == before
    assert again.trial().state.randomized == 1
    second = Person(again.trial(), at=person.at).enroll()
    assert second.state.randomization_number == 2
    assert again.trial().ledger.verify().ok
    again.close()


def test_the_keepers_file_survives_and_goes_on_where_it_was(tmp_path):
    home = Home.create(tmp_path / "home", SEED_PROTOCOL)
    now = datetime.now(UTC)
    first = Person(open_trial(home.trial(), now), at=now)
    first.screen().consent()
    home.close()
    again = Home.open(tmp_path / "home")
    assert again.trial().participant(first.id).status == "consented"
    assert again.trial().keeper.commitment().hash == again.trial().state.commitment
    again.close()


def test_the_same_seed_gives_the_same_ledger_and_another_seed_another(tmp_path, rehearsal):
    roots = []
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        settings = RehearsalSettings(seed=seed, replicate=0, start=START.isoformat(), options={})
        home = Home.create(tmp_path / name, SEED_PROTOCOL, rehearsal=settings)
        Person(open_trial(home.trial())).enroll()
        roots.append(home.trial().ledger.root())
        home.close()
    assert roots[0] == roots[1] != roots[2]


def test_a_folder_in_use_is_not_touched(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(HomeError, match="not empty"):
        Home.create(tmp_path, SEED_PROTOCOL)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_broken_protocol_leaves_nothing_behind(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("schema: equipoise/protocol/1\nid: x\nreadiness: maybe\n")
    with pytest.raises(ProtocolError):
        Home.create(tmp_path / "home", broken)
    assert not (tmp_path / "home").exists()


def test_a_changed_protocol_file_is_noticed_when_the_home_is_opened(tmp_path, rehearsal):
    home = Home.create(tmp_path / "home", SEED_PROTOCOL, rehearsal=rehearsal)
    home.trial()
    home.close()
    file = tmp_path / "home" / "protocol.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("1.5", "1.6", 1), encoding="utf-8")
    with pytest.raises(HomeError, match="not the protocol"):
        Home.open(tmp_path / "home")


def test_what_is_no_home_says_so_in_one_line(tmp_path):
    with pytest.raises(HomeError, match="no Equipoise home"):
        Home.open(tmp_path)
    (tmp_path / "settings.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(HomeError, match="a later one"):
        Home.open(tmp_path)


def test_sixty_four_randomizations_at_once_get_sixty_four_distinct_answers(tmp_path, rehearsal):
    home = Home.create(tmp_path / "home", SEED_PROTOCOL, rehearsal=rehearsal)
    trial = open_trial(home.trial())
    people = []
    with trial.batch():
        for n in range(64):
            person = Person(trial, ("01", "02", "03")[n % 3]).screen().consent()
            person.enter_screening(concurrent_chemo="yes" if n % 2 else "no")
            expect(person.assess())
            people.append(person.sign())

    def twice(person: Person):
        command = c.Randomize(participant=person.id)
        outcomes = [
            expect(trial.do(command, person.coordinator, at=person.at, client_id=f"r-{person.id}"))
            for _ in range(2)
        ]
        assert outcomes[1].repeated
        assert outcomes[0].answer["arm"] == outcomes[1].answer["arm"]
        return outcomes[0].answer

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(twice, people))
    assert sorted(answer["number"] for answer in answers) == list(range(1, 65))
    by_stratum: dict[tuple[str, ...], list[str]] = {}
    for answer in sorted(answers, key=lambda one: one["number"]):
        by_stratum.setdefault(tuple(sorted(answer["strata"].items())), []).append(answer["arm"])
    for stratum, arms in by_stratum.items():
        difference = 0
        for arm in arms:
            difference += 1 if arm == "spray" else -1
            assert abs(difference) <= 3, f"a block of {stratum} is out of balance"
    assert trial.state.randomized == 64
    assert trial.ledger.verify().ok
    home.close()


def open_files(folder):
    """Files under the folder that this process holds open."""
    held = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            file = Path(os.readlink(descriptor))
        except FileNotFoundError:
            continue  # the listing's own descriptor
        if file.is_relative_to(folder):
            held.append(file.name)
    return sorted(held)


NEEDS_PROC = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="open files are seen through /proc, as on Linux"
)


@NEEDS_PROC
@pytest.mark.parametrize("kind", ["real", "rehearsal"])
def test_a_closed_home_holds_no_file_open(tmp_path, rehearsal, kind):
    path = tmp_path / "home"
    with Home.create(
        path, SEED_PROTOCOL, rehearsal=rehearsal if kind == "rehearsal" else None
    ) as home:
        home.archive().ledger.root()
        home.trial()
        assert "ledger.sqlite" in open_files(path)
    assert open_files(path) == []


@NEEDS_PROC
def test_a_home_is_closed_after_an_error_too(tmp_path, rehearsal):
    path = tmp_path / "home"

    def fail_inside():
        with Home.create(path, SEED_PROTOCOL, rehearsal=rehearsal) as home:
            home.trial()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()
    assert open_files(path) == []
    with Home.open(path) as again:
        assert again.trial().ledger.verify().ok


@NEEDS_PROC
def test_a_trial_that_cannot_be_opened_leaves_nothing_open(tmp_path, rehearsal, monkeypatch):
    path = tmp_path / "home"
    with Home.create(path, SEED_PROTOCOL, rehearsal=rehearsal):
        pass

    def broken(*_):
        raise ZeroDivisionError

    home = Home.open(path)
    with monkeypatch.context() as patched:
        patched.setattr(home_module, "Trial", broken)
        with pytest.raises(ZeroDivisionError):
            home.trial()
    assert open_files(path) == []
    assert home.trial().ledger.verify().ok
    home.close()


@NEEDS_PROC
def test_a_home_that_cannot_be_begun_leaves_nothing_open_or_behind(
    tmp_path, rehearsal, monkeypatch
):
    def broken(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(home_module, "begin", broken)
    for settings in (rehearsal, None):
        with pytest.raises(ZeroDivisionError):
            Home.create(tmp_path / "home", SEED_PROTOCOL, rehearsal=settings)
        assert open_files(tmp_path) == []
        assert not (tmp_path / "home").exists()


def test_one_home_writes_at_a_time_and_the_next_one_after_it_is_closed(tmp_path, rehearsal):
    with Home.create(tmp_path / "home", SEED_PROTOCOL, rehearsal=rehearsal) as first:
        second = Home.open(tmp_path / "home")
        with pytest.raises(LedgerBusyError, match="open for writing"):
            second.trial()
        assert first.trial().ledger.verify().ok
    assert second.trial().ledger.verify().ok
    second.close()

"""A home whose ledger stands in PostgreSQL is the same home."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from equipoise.conduct import commands as c
from equipoise.home import Home, HomeError, RehearsalSettings
from equipoise.ledger.postgres import schema_in_use
from support.postgres import new_schema
from support.story import SEED_PROTOCOL, START, Person, at_site, expect, open_trial

REHEARSAL = RehearsalSettings(seed=7, replicate=0, start=START.isoformat(), options={})


@pytest.fixture
def database() -> Iterator[tuple[str, str]]:
    with new_schema() as found:
        yield found


def make(path, database: tuple[str, str], rehearsal: RehearsalSettings | None = REHEARSAL) -> Home:
    url, schema = database
    return Home.create(path, SEED_PROTOCOL, rehearsal=rehearsal, database=url, schema=schema)


def test_the_same_rehearsal_has_the_same_root_in_a_file_and_in_a_database(tmp_path, database):
    roots = set()
    for home in (
        Home.create(tmp_path / "file", SEED_PROTOCOL, rehearsal=REHEARSAL),
        make(tmp_path / "server", database),
    ):
        Person(open_trial(home.trial())).enroll()
        roots.add(home.trial().ledger.root())
        assert home.trial().ledger.verify().ok
        home.close()
    assert len(roots) == 1
    assert not (tmp_path / "server" / "ledger.sqlite").exists()


def test_it_is_opened_again_by_what_its_settings_say(tmp_path, database):
    home = make(tmp_path / "home", database)
    person = Person(open_trial(home.trial())).enroll()
    before, root = person.state, home.trial().ledger.root()
    home.close()
    settings = json.loads((tmp_path / "home" / "settings.json").read_text())
    assert settings["database"] == {"url": database[0], "schema": database[1]}
    again = Home.open(tmp_path / "home")
    assert again.trial().participant(person.id) == before
    archive = again.archive()
    assert archive.ledger.root() == root
    assert [event.seq for event, _ in archive.events(upto=3)] == [1, 2, 3]
    archive.ledger.close()
    again.close()


def test_a_name_that_holds_a_ledger_is_not_taken_twice(tmp_path, database):
    make(tmp_path / "first", database).close()
    with pytest.raises(HomeError, match="--schema"):
        make(tmp_path / "second", database)
    assert not (tmp_path / "second").exists()


def test_a_home_that_cannot_be_made_leaves_no_schema(tmp_path, database, monkeypatch):
    def refuse(*_arguments: object, **_named: object) -> None:
        raise HomeError("refused")

    monkeypatch.setattr("equipoise.home.home.begin", refuse)
    with pytest.raises(HomeError, match="refused"):
        make(tmp_path / "home", database)
    assert not (tmp_path / "home").exists()
    assert not schema_in_use(*database)


@pytest.mark.parametrize(
    ("url", "schema", "said"),
    [
        ("mysql://somewhere/db", "s", "postgresql://"),
        ("postgresql:///nowhere?host=/nonexistent", "s", "database failed"),
        (None, "s", "--database"),
    ],
)
def test_a_database_that_cannot_be_used_is_named_in_one_line(tmp_path, url, schema, said):
    with pytest.raises(HomeError, match=said) as caught:
        Home.create(tmp_path / "home", SEED_PROTOCOL, database=url, schema=schema)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("schema", ['a"; DROP SCHEMA public; --', "Upper", "a" * 60, "pg_x"])
def test_a_schema_is_named_by_a_plain_word_only(tmp_path, database, schema):
    with pytest.raises(HomeError, match="no name"):
        make(tmp_path / "home", (database[0], schema))


def test_a_rehearsal_is_played_by_one_process_at_a_time(tmp_path, database):
    home = make(tmp_path / "home", database)
    with pytest.raises(HomeError, match="another process"):
        Home.open(tmp_path / "home").trial()
    home.close()
    again = Home.open(tmp_path / "home")
    assert again.trial().state.commitment
    again.close()


def test_what_another_process_wrote_is_known_before_the_next_command(tmp_path, database):
    """Two trials over one database, as two serving processes have: neither answers from old memory."""
    first = make(tmp_path / "home", database, rehearsal=None)
    second = Home.open(tmp_path / "home")
    one, two = open_trial(first.trial()), second.trial()
    people = []
    for n in range(6):
        trial, other = (one, two) if n % 2 else (two, one)
        other.catch_up()
        person = Person(trial, ("01", "02")[n % 3 == 0]).screen().consent()
        people.append(person.id)
        assert other.participant(person.id).status == "consented"
        again = Person(other, person.site, at=person.at)
        again.id = person.id
        withdrawn = c.FailScreening(participant=person.id, reason="consent-withdrawn")
        outcome = other.do(withdrawn, at_site("investigator", person.site), at=person.at)
        expect(outcome)
        trial.catch_up()
        assert trial.participant(person.id).status == other.participant(person.id).status
    assert len(set(people)) == 6
    one.catch_up()
    two.catch_up()
    assert one.state.screened == two.state.screened == 6
    assert one.state.sites == two.state.sites
    assert one.ledger.verify().ok
    assert two.ledger.verify().ok
    second.close()
    first.close()


def test_its_pages_are_drawn_from_the_database(tmp_path, database):
    from equipoise.web import configure
    from support.web_home import stage

    kept = stage()
    home = make(tmp_path / "home", database)
    try:
        person = Person(open_trial(home.trial())).enroll()
        configure(home)
        from equipoise.web.accounts import create_demo_accounts

        create_demo_accounts(home)
        client = type(kept)(home, {}).client("coordinator")
        for path in ("/today/", "/participants/", f"/participants/{person.id}/"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            assert path == "/today/" or person.id in answer.content.decode()
    finally:
        configure(kept.home)
        home.close()
    assert kept.client("coordinator").get("/participants/").status_code == 200

"""A process that follows what another one appends holds the very state that reading from zero gives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.home import Home
from equipoise.trial.projecting import View
from support.postgres import new_schema
from support.story import SEED_PROTOCOL, Person, at_site, expect, open_trial


@pytest.fixture
def homes(tmp_path) -> Iterator[tuple[Home, Home]]:
    with new_schema() as (url, schema):
        first = Home.create(tmp_path / "home", SEED_PROTOCOL, database=url, schema=schema)
        second = Home.open(tmp_path / "home")
        yield first, second
        second.close()
        first.close()


def views(trial) -> dict[str, View]:
    """What is kept in memory of each participant."""
    return dict(trial._views)


def counted(trial, table: str) -> list[dict]:
    """The rows of a table; of the tally those that count something."""
    return [row for row in trial.ledger.rows(table) if row.get("n") != 0]


def test_postgresql_states_kept_in_memory_follow_another_process_event_by_event(homes):
    writer, follower = open_trial(homes[0].trial()), homes[1].trial()
    people = [Person(writer, site).screen() for site in ("01", "02", "01")]
    for person in people:
        # read before the follower knows how far the ledger goes, and not counted twice afterwards
        assert follower.participant(person.id) == person.state
    person = people[1].consent()
    follower.catch_up()
    assert follower.participant(person.id) == person.state
    people[0].consent()
    for person in people[:2]:
        person.enter_screening()
        expect(person.assess())
        person.sign().randomize()
        expect(person.do(c.SaveForm(
            participant=person.id, address=Address("unscheduled", "laboratory"),
            values={"wbc": "6.1"},
        )))  # fmt: skip
    failed = c.FailScreening(participant=people[2].id, reason="consent-withdrawn")
    expect(people[2].do(failed, people[2].investigator))
    moved = c.TransferParticipant(participant=people[0].id, to_site="03", reason="moved house")
    expect(people[0].do(moved))
    kept = views(follower)
    follower.catch_up()
    followed = views(follower)
    assert set(followed) == set(kept) == {person.id for person in people}, "nothing was let go of"
    fresh = Home.open(homes[0].path)
    again = fresh.trial()
    for person in people:
        state = again.participant(person.id)
        assert followed[person.id].state == state == writer.participant(person.id)
        assert followed[person.id].state.protocol is follower.protocol_at(state.site)
        assert followed[person.id].allocation == again._views[person.id].allocation
    fresh.close()


def test_postgresql_rows_put_after_following_are_those_of_one_process(homes):
    """The two take turns at one participant: what stands in the tables is what a rebuild gives."""
    one, two = open_trial(homes[0].trial()), homes[1].trial()
    person = Person(one).enroll()
    for n in range(1, 7):
        trial = (one, two)[n % 2]
        expect(trial.do(
            c.SaveForm(
                participant=person.id, address=Address("unscheduled", "laboratory", str(n)),
                values={"wbc": f"{n}.1", "platelets": "9"} if n % 3 else {"wbc": f"{n}.1"},
            ),
            at_site("coordinator", "01"), at=person.at,
        ))  # fmt: skip
    tables = ("participant", "task", "query", "deviation", "tally", "site")
    stood = {name: counted(one, name) for name in tables}
    homes[1].close()
    with one.ledger.write() as writing:
        writing.rebuild_tables("stale")
    homes[0].close()
    rebuilt = homes[0].trial()
    for name in tables:
        assert counted(rebuilt, name) == stood[name], name

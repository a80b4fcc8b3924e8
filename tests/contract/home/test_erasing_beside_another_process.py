"""What one process erases, another that serves the same ledger forgets too."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from equipoise.conduct import commands as c
from equipoise.home import Home
from support.postgres import new_schema
from support.story import INVESTIGATOR, SEED_PROTOCOL, Person, expect, open_trial

NAME = "Zzyzx-Quux"


def test_a_name_read_before_is_not_read_again_once_another_process_erased_it(
    tmp_path: Path,
) -> None:
    now = datetime.now(UTC)
    with new_schema() as (url, schema):
        path = tmp_path / "home"
        with (
            Home.create(path, SEED_PROTOCOL, training=True, database=url, schema=schema) as one,
            Home.open(path) as other,
        ):
            person = Person(open_trial(one.trial(), now), at=now).screen(person_name=NAME).consent()
            leave = c.Withdraw(
                participant=person.id, scope="data_use", reason="moves", on=now.date()
            )
            expect(person.do(leave))
            beside = other.trial()
            assert beside.participant(person.id).identity == {"person_name": NAME}
            expect(person.do(c.EraseIdentity(participant=person.id, reason="asked"), INVESTIGATOR))
            beside.catch_up()
            assert not beside.participant(person.id).identity
            assert NAME not in repr(list(beside.events()))
            assert beside.participant(person.id) == one.trial().participant(person.id)
            # and it can go on writing about the person, and screen others
            Person(beside, at=datetime.now(UTC)).screen(person_name="another")

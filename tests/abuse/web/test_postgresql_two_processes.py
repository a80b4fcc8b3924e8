"""Two serving processes over one PostgreSQL ledger, asked in turn as a proxy would: they are one trial."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise.home import Home
from support.at_once import (
    READY,
    Pressed,
    accounts,
    check_blocks,
    press_together,
    ready_to_randomize,
    signed_in,
)
from support.postgres import new_schema
from support.story import SEED_PROTOCOL
from support.visitor import Answer, Visitor
from support.web_home import client_id, data, served

pytestmark = [
    pytest.mark.xdist_group("two-processes"),
    pytest.mark.thorough,
]  # one home, two servers

Served = tuple[Path, list[str], tuple[str, str], dict[str, str]]
"""Home, participants, the two addresses, and each site's password."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("home") / "home"
    with new_schema() as (url, schema):
        home = Home.create(path, SEED_PROTOCOL, database=url, schema=schema)
        people = ready_to_randomize(home)
        home.close()
        passwords = accounts(path)
        with served(path) as one, served(path) as other:
            yield path, people, (one, other), passwords


@pytest.fixture(scope="module")
def pressed(both: Served) -> Pressed:
    return press_together(*both)


def at(address: str, visitor: Visitor) -> Visitor:
    """The same session, at another process."""
    return Visitor(address, dict(visitor.cookies))


FORM = "/participants/{}/forms/screening/laboratory/1/"
LABORATORY = {
    "wbc": "6.1", "anc": "3.9", "hemoglobin": "132", "platelets": "212", "alt": "24", "ast": "22",
    "bilirubin_total": "11.0", "creatinine": "74",
}  # fmt: skip


def save(visitor: Visitor, number: str, based_on: int, **changes: str) -> Answer:
    """Save the laboratory form of the screening, as a page that showed this save would."""
    page = FORM.format(number)
    fields = visitor.hidden(page) | {
        "client_id": client_id(),
        "based_on": str(based_on),
        "reason": "read again from the source",
    }
    return visitor.ask("POST", page, fields | data({**LABORATORY, **changes}))


def test_sixty_four_press_at_once_and_each_gets_one_allocation_at_whichever_process(
    pressed: Pressed,
) -> None:
    assert len(pressed.people) == READY
    for number in pressed.people:
        for answer in pressed.answers[number]:
            assert (answer.status, answer.location) == (302, f"/participants/{number}/randomize/")
        assert len(pressed.shown[number]) == 1


def test_the_allocations_are_the_list_and_no_block_is_torn(pressed: Pressed) -> None:
    home = Home.open(pressed.home)
    trial = home.trial()
    assert len(list(trial.events(types=["ParticipantRandomized"]))) == READY
    check_blocks(trial, pressed.people)
    verified = trial.ledger.verify()
    assert verified.problems == []
    home.close()


def test_each_process_shows_at_once_what_the_other_has_saved(both: Served) -> None:
    _path, people, (one, other), passwords = both
    staff = signed_in(one, passwords)["01"]
    number = next(person for person in people if person.startswith("01"))
    for n, address in enumerate((one, other, one, other), 1):
        assert save(at(address, staff), number, n, wbc=f"{4 + n}.5").status == 302
        for reader in (one, other):
            page = at(reader, staff).ask("GET", FORM.format(number))
            assert f'value="{4 + n}.5"' in page.text, (n, reader)


def test_a_form_that_the_other_process_has_changed_since_is_refused_and_shows_the_change(
    both: Served,
) -> None:
    _path, people, (one, other), passwords = both
    staff = signed_in(one, passwords)["02"]
    number = next(person for person in people if person.startswith("02"))
    assert save(at(other, staff), number, 1, wbc="7.7").status == 302
    late = save(at(one, staff), number, 1, wbc="3.3")
    assert late.status == 409
    assert "7.7" in late.text
    assert 'value="3.3"' in late.text
    assert 'value="7.7"' in at(one, staff).ask("GET", FORM.format(number)).text


def test_a_session_is_the_same_at_both_and_ends_at_both(both: Served) -> None:
    _path, _people, (one, other), passwords = both
    staff = signed_in(one, passwords)["03"]
    for address in (one, other, one, other):
        assert at(address, staff).ask("GET", "/today/").status == 200
    leaving = at(other, staff)
    token = leaving.hidden("/today/")
    assert leaving.ask("POST", "/sign-out/", token).status == 302
    for address in (one, other):
        answer = at(address, staff).ask("GET", "/today/")
        assert (answer.status, answer.location.partition("?")[0]) == (302, "/sign-in/")


def test_who_needs_the_home_alone_is_kept_out_while_either_serves(both: Served) -> None:
    path = both[0]
    file = os.open(path / "serving.lock", os.O_RDWR)
    try:
        with pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(file)

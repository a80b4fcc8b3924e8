"""Stopping rules on the page Safety: for the board what they count, for masked eyes that there are some."""

from __future__ import annotations

from equipoise.conduct import commands as c
from support.story import Person, expect
from support.web_home import stage


def spray_participants(count: int) -> list[Person]:
    """Randomized participants of the spray group, and whoever was allocated otherwise on the way."""
    found: list[Person] = []
    while len(found) < count:
        person = stage().participant("randomized")
        state = person.trial.participant(person.id)
        assert state is not None
        if state.arm == "spray":
            found.append(person)
    return found


def section(role: str) -> str:
    page: str = stage().client(role).get("/safety/").content.decode()
    if 'id="s-rules"' not in page:
        return ""
    return page[page.index('id="s-rules"') :].partition("</section>")[0]


def report(person: Person, **more: object) -> None:
    event = c.ReportAdverseEvent(
        participant=person.id, term="anaphylaxis", grade=3, started_on=person.at.date(),
        seriousness=("life_threatening",), causality={"exosome_spray": "probable"}, **more,
    )  # fmt: skip
    expect(person.do(event))


def test_the_board_sees_a_rule_reached_and_by_whom_and_masked_roles_do_not() -> None:
    first, second = spray_participants(2)
    report(first)
    assert "not reached" in section("dsmb")
    assert "1; reached at 2" in section("dsmb")
    report(second)
    board = section("dsmb")
    assert '<span class="mark bad">reached</span>' in board
    assert first.id in board
    assert second.id in board
    assert "the monitoring board judges it" in board, "what no data decide"
    masked = section("sponsor")
    assert "for the monitoring board" in masked
    assert first.id not in masked
    assert "reached" not in masked


def test_a_site_sees_no_rule_of_the_whole_trial() -> None:
    assert section("investigator") == ""

"""Results while the trial runs: numbers are of all sites, people are of one's own."""

from __future__ import annotations

import html
import re

import pytest

from equipoise.conduct import commands as c
from support.story import SITES, expect
from support.web_home import Stage, stage

WORDS = {site: f"an unlisted event at {city}" for site, city in SITES.items()}


@pytest.fixture(scope="module")
def played() -> Stage:
    """A serious event in free words at every site."""
    played = stage()
    for site, words in WORDS.items():
        person = played.participant("randomized", site)
        person.wait(1)
        event = c.ReportAdverseEvent(
            participant=person.id, term=words, grade=3, started_on=person.at.date(),
            seriousness=("hospitalization",),
        )  # fmt: skip
        expect(person.do(event))
    return played


def section(played: Stage, role: str, name: str, site: str = "01", language: str = "en") -> str:
    client = played.client(role, site, headers={"accept-language": language})
    page = html.unescape(client.get("/results/").content.decode())
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found is not None, page
    return found[0]


@pytest.mark.parametrize("site", SITES)
def test_an_investigator_reads_the_serious_events_of_the_own_site_only(
    played: Stage, site: str
) -> None:
    listed = section(played, "investigator", "section-serious", site)
    assert {one for one, words in WORDS.items() if words in listed} == {site}
    assert set(re.findall(r"\b(0\d)-\d+", listed)) == {site}


@pytest.mark.parametrize("role", ["statistician", "dsmb", "sponsor"])
def test_roles_of_the_whole_trial_read_those_of_every_site(played: Stage, role: str) -> None:
    listed = section(played, role, "section-serious")
    assert all(words in listed for words in WORDS.values())


def test_the_counts_are_of_all_sites_for_everybody(played: Stage) -> None:
    counted = section(played, "investigator", "section-adverse")
    assert counted == section(played, "sponsor", "section-adverse")
    assert not any(words in counted for words in WORDS.values())


def test_the_list_says_that_it_is_of_one_site_in_the_readers_language(played: Stage) -> None:
    assert "Nanning only" in section(played, "investigator", "section-serious")
    assert "仅列出南宁" in section(played, "investigator", "section-serious", language="zh-hans")
    assert " only. " not in section(played, "sponsor", "section-serious")


@pytest.mark.parametrize("site", SITES)
def test_who_is_kept_out_of_a_set_is_listed_for_the_own_site_only(played: Stage, site: str) -> None:
    """Nobody has been graded yet, so that everybody stands in the list, and is counted for all sites."""
    listed = section(played, "investigator", "section-kept-out", site)
    assert set(re.findall(r"\b(0\d)-\d+", listed)) == {site}
    whole = section(played, "statistician", "section-kept-out")
    assert set(re.findall(r"\b(0\d)-\d+", whole)) == set(SITES)
    counts = section(played, "investigator", "section-sets", site)
    assert counts == section(played, "statistician", "section-sets")


def test_a_board_that_the_protocol_blinds_compares_no_groups_on_any_road(
    played: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Being on the board is not enough where the protocol keeps allocations from it."""

    def dummy(role: str) -> bool:
        return "Participants were dealt to the arms at random for this view" in told(played, role)

    assert not dummy("dsmb")
    assert dummy("sponsor")
    monkeypatch.setattr("equipoise.web.sight._grant", lambda _protocol, _role, _what: False)
    board = played.client("dsmb")
    assert board.get("/board/closed/html/").status_code == 403
    assert "/board/closed/" not in board.get("/board/").content.decode()
    assert dummy("dsmb")
    assert section(played, "dsmb", "section-adverse") == section(
        played, "statistician", "section-adverse"
    )


def told(played: Stage, role: str) -> str:
    return html.unescape(played.client(role).get("/results/").content.decode())

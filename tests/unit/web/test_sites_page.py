"""Sites are opened and closed on a page: with ethics approval or reason, by whoever may, and with the password."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Actor
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from support.story import SEED_PROTOCOL, START, expect
from support.web_home import Stage, client_id, stage


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Stage]:
    """A rehearsal in which no site is open; afterwards this process serves its usual home again."""
    usual = stage().home
    from equipoise.web import configure
    from equipoise.web.accounts import create_demo_accounts

    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    with Home.create(tmp_path / "home", SEED_PROTOCOL, rehearsal=settings) as home:
        trial = home.trial()
        for name, role, site in (
            ("sponsor", "sponsor", ""), ("monitor", "monitor", ""),
            ("coordinator-nanning", "coordinator", "01"),
        ):  # fmt: skip
            expect(trial.do(c.GrantRole(person=name, role=role, site=site), ADMINISTRATOR))
        configure(home)
        made = create_demo_accounts(home)
        yield Stage(home, {name: password for name, password, _role, _site in made})
    configure(usual)


def told(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return html.unescape(answer.content.decode())


def post(played: Stage, role: str, address: str, **fields: str) -> Any:
    typed = {"client_id": client_id(), "password": played.passwords[role], **fields}
    return played.client(role).post(address, typed)


APPROVAL = {"ethics_approval": "EC-2026-17", "approved_on": "2026-11-20"}


@pytest.mark.parametrize("role", ["sponsor", "administrator"])
def test_a_site_is_opened_closed_and_opened_again(played: Stage, role: str) -> None:
    client = played.client(role)
    assert "0 sites are open" in told(client, "/sites/")
    address = "/sites/01/open/"
    assert post(played, role, address, **{**APPROVAL, "password": "guessed"}).status_code == 422
    assert post(played, role, address, approved_on="2026-11-20").status_code == 422
    assert not played.trial.state.site("01").open
    assert post(played, role, address, **APPROVAL).status_code == 302
    here = played.trial.state.site("01")
    assert (here.open, here.ethics_approval, str(here.approved_on)) == (True, *APPROVAL.values())
    page = told(client, "/sites/")
    assert "1 site is open" in page
    assert "EC-2026-17, " in page
    assert "open already" in told(client, address)
    assert post(played, role, address, **APPROVAL).status_code == 422
    close = "/sites/01/close/"
    assert post(played, role, close, reason=" ").status_code == 422
    assert post(played, role, close, reason="no candidates").status_code == 302
    assert not played.trial.state.site("01").open
    screen = c.ScreenParticipant(site="01", identity={})
    refusal = played.trial.do(screen, Actor("coordinator-nanning", "coordinator", "01"))
    assert refusal.codes == ("site-not-open",)
    assert 'value="EC-2026-17"' in told(client, address), "what was approved is offered again"
    assert post(played, role, address, **APPROVAL).status_code == 302
    assert played.trial.state.site("01").open


def test_recruitment_is_closed_everywhere_for_good(played: Stage) -> None:
    expect(played.trial.do(
        c.OpenSite(site="02", ethics_approval="EC", approved_on=START.date()), ADMINISTRATOR
    ))  # fmt: skip
    assert post(played, "sponsor", "/sites/close-recruitment/", reason="").status_code == 422
    done = post(played, "sponsor", "/sites/close-recruitment/", reason="the target is reached")
    assert done.status_code == 302
    assert not played.trial.state.recruitment_open
    page = told(played.client("sponsor"), "/sites/")
    assert "Recruitment is closed." in page
    assert "/sites/01/open/" not in page
    assert "/sites/02/close/" not in page


def test_who_only_watches_reads_the_list_and_is_offered_nothing(played: Stage) -> None:
    page = told(played.client("monitor"), "/sites/")
    assert "/sites/01/open/" not in page
    assert "close-recruitment" not in page
    chinese = played.client("monitor", headers={"accept-language": "zh-hans"})
    page = told(chinese, "/sites/")
    assert "0 个中心正在招募" in page
    assert "ethics" not in page.split("<main")[1].lower()
    assert played.client("sponsor").get("/sites/99/open/").status_code == 404

"""Acts on the trial as a whole by page: unblinding it at its end, and a version taking force at a site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from equipoise.analysis import analyze
from equipoise.conduct import commands as c
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from equipoise.protocol.document import Protocol
from support.masked_story import ALLOCATED, START, actor, live
from support.played import SECOND_PROTOCOL
from support.story import expect
from support.web_home import client_id, new_home, stage

PASSWORD = "plum rain on stone"


@contextmanager
def served_here(home: Home) -> Iterator[Home]:
    """The web over another home for a while; the stage comes back afterwards."""
    played = stage()
    from equipoise.web import configure

    configure(home)
    try:
        yield home
    finally:
        configure(played.home)
        home.close()


def client(role: str) -> Any:
    """Somebody signed in with password and role."""
    from equipoise.web.accounts import create_account

    create_account(role, PASSWORD)
    made = Client(SERVER_NAME="localhost")
    answer = made.post("/sign-in/", {"username": role, "password": PASSWORD})
    assert answer.status_code == 302
    return made


@pytest.fixture
def masked(tmp_path: Path) -> Iterator[Home]:
    """The double-blind trial with four randomized."""
    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    home = Home.create(tmp_path / "masked", SECOND_PROTOCOL, rehearsal=settings)
    live(home.trial())
    with served_here(home) as served:
        yield served


def _end(**changes: str) -> dict[str, str]:
    given = {"reason": "Database closed.", "confirm": "example-hypertension", "password": PASSWORD}
    return {"client_id": client_id(), **given, **changes}


def test_the_whole_trial_is_unblinded_by_page_and_everybody_reads_when_by_whom_and_why(
    masked: Home,
) -> None:
    """Refused while anybody is on study; with the trial's name and the password; once."""
    trial = masked.trial()
    sponsor, monitor = client("sponsor"), client("monitor")
    name = trial.protocol.id
    assert "/unblind/" in sponsor.get("/safety/").content.decode()
    assert "/unblind/" not in monitor.get("/safety/").content.decode()
    refused = sponsor.post("/unblind/", _end(confirm=name))
    assert refused.status_code == 422
    assert "11-0001" in refused.content.decode()
    later = ALLOCATED + timedelta(days=8)
    expect(trial.do(c.CloseRecruitment(reason="full"), actor("sponsor"), at=later))
    for participant in trial.participant_ids():
        leave = c.Withdraw(
            participant=participant, scope="follow_up", reason="end", on=later.date()
        )
        expect(trial.do(leave, actor("coordinator"), at=later))
    for wrong in ({"confirm": "another"}, {"password": "wrong"}, {"reason": ""}):
        assert sponsor.post("/unblind/", _end(**{"confirm": name, **wrong})).status_code == 422
    assert trial.state.unblinding is None
    assert "not locked" in sponsor.get("/unblind/").content.decode()
    assert sponsor.post("/unblind/", _end(confirm=name)).status_code == 302
    assert trial.state.unblinding is not None
    assert trial.state.unblinding.by == "sponsor"
    for page in (monitor.get("/safety/"), sponsor.get("/unblind/")):
        assert "Database closed." in page.content.decode()
    again = sponsor.get("/unblind/").content.decode()
    assert 'name="reason"' not in again
    arm = trial.participant("11-0001").arm
    label = next(one.label.en for one in trial.protocol.arms if one.id == arm)
    assert label in monitor.get("/participants/11-0001/").content.decode()


def test_an_open_label_trial_offers_nothing_to_unblind() -> None:
    """The page says so; no other role opens it."""
    played = stage()
    body = played.client("sponsor").get("/unblind/").content.decode()
    assert "open label" in body
    assert 'name="reason"' not in body
    for role in ("monitor", "investigator", "administrator", "statistician"):
        assert played.client(role).get("/unblind/").status_code == 403


def _released(**changes: str) -> dict[str, str]:
    given = {"confirm": "example-hypertension", "password": PASSWORD}
    return {"client_id": client_id(), **given, **changes}


def test_results_of_a_masked_trial_become_public_only_after_recruitment_unblinding_and_release(
    masked: Home,
) -> None:
    """Refused while masked or recruiting; with the trial's name and the password; once; then anybody reads them."""
    trial = masked.trial()
    sponsor, monitor, anybody = (
        client("sponsor"),
        client("monitor"),
        Client(SERVER_NAME="localhost"),
    )
    name = trial.protocol.id
    assert monitor.get("/results/release/").status_code == 403
    assert "/results/release/" in sponsor.get("/results/").content.decode()
    refused = sponsor.post("/results/release/", _released(confirm=name))
    assert refused.status_code == 422
    assert "masked and not unblinded" in refused.content.decode()
    assert "may still be randomized" in refused.content.decode()
    later = ALLOCATED + timedelta(days=8)
    expect(trial.do(c.CloseRecruitment(reason="full"), actor("sponsor"), at=later))
    for participant in trial.participant_ids():
        leave = c.Withdraw(
            participant=participant, scope="follow_up", reason="end", on=later.date()
        )
        expect(trial.do(leave, actor("coordinator"), at=later))
    expect(trial.do(c.UnblindTrial(reason="the end"), actor("sponsor"), at=later))
    for wrong in ({"confirm": "another"}, {"password": "wrong"}):
        answer = sponsor.post("/results/release/", _released(**{"confirm": name, **wrong}))
        assert answer.status_code == 422
    before = anybody.get("/record/").content.decode()
    assert "No results yet" in before
    for arm in trial.protocol.arms:
        assert f">{arm.label.en}</th>" not in before
    assert sponsor.post("/results/release/", _released(confirm=name)).status_code == 302
    assert trial.state.results_released
    public = analyze(trial).position
    assert f"ledger position {public.seq}" in sponsor.get("/results/release/").content.decode()
    expect(trial.do(c.CloseSite(site="11", reason="after the release"), actor("sponsor"), at=later))
    assert f"ledger position {public.seq}," in anybody.get("/record/").content.decode()
    for language, words in (("en", "Adverse events"), ("zh-hans", "不良事件")):
        page = anybody.get("/record/", headers={"accept-language": language}).content.decode()
        assert words in page
        for arm in trial.protocol.arms:
            label = arm.label.in_language("en" if language == "en" else "zh-Hans")
            assert f'<th scope="col">{label}</th>' in page
        assert not [one for one in trial.participant_ids() if one in page]
    assert sponsor.post("/results/release/", _released(confirm=name)).status_code == 302
    again = trial.ledger.head().seq
    assert again > public.seq
    assert f"ledger position {again}," in anybody.get("/record/").content.decode()


@pytest.fixture
def amended(tmp_path: Path) -> Iterator[tuple[Home, Protocol]]:
    """A home whose trial knows a newer version, in force nowhere yet."""
    home = new_home(tmp_path / "amended", seed=13)
    content = home.protocol.model_dump(mode="json", by_alias=True)
    visit = next(one for one in content["schedule"]["visits"] if one["id"] == "w5")
    visit["after"] += 3
    newer = Protocol.model_validate_json(json.dumps(content), strict=False)
    trial = home.trial()
    trial.add_document(newer)
    expect(trial.do(c.AmendProtocol(version=newer.version), ADMINISTRATOR))
    with served_here(home) as served:
        yield served, newer


def test_a_version_takes_force_at_one_site_with_its_ethics_approval(
    amended: tuple[Home, Protocol],
) -> None:
    """A substantial change is refused without number and day; other sites go on as they were."""
    home, newer = amended
    trial, administrator = home.trial(), client("administrator")
    before = trial.state.site("02").version
    page = administrator.get("/protocol/adopt/").content.decode()
    assert "1 substantial" in page
    assert newer.version[:12] in page
    assert "/protocol/adopt/" in administrator.get("/protocol/").content.decode()
    typed = {"what": f"01/{newer.version}", "password": PASSWORD}

    def send(**more: str) -> Any:
        fields = {"client_id": client_id(), **typed, **more}
        return administrator.post("/protocol/adopt/", fields)

    refused = send()
    assert refused.status_code == 422
    assert "ethics" in refused.content.decode()
    day = str(trial.today("01"))
    assert send(ethics_approval="2027-014", approved_on="2099-01-01").status_code == 422
    assert send(ethics_approval="2027-014", approved_on=day, password="x").status_code == 422
    assert trial.state.site("01").version == before
    assert send(ethics_approval="2027-014", approved_on=day).status_code == 302
    assert trial.state.site("01").version == newer.version
    assert trial.state.site("02").version == before
    again = administrator.get("/protocol/adopt/").content.decode()
    assert f'value="01/{newer.version}"' not in again
    assert f'value="02/{newer.version}"' in again


def test_where_every_site_follows_the_newest_version_the_page_says_so() -> None:
    """And asks nothing; a sponsor does not open it."""
    played = stage()
    body = played.client("administrator").get("/protocol/adopt/").content.decode()
    assert "newest version" in body
    assert 'name="password"' not in body
    assert played.client("sponsor").get("/protocol/adopt/").status_code == 403

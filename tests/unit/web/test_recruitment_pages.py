"""Halting recruitment in the browser: said on every page, refused with the way out, lifted with its document."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.conduct import commands as c
from support.overseen import oversee
from support.story import central, expect
from support.web_home import Stage, client_id, stage


def post(client: Any, address: str, **fields: str) -> Any:
    return client.post(address, {"client_id": client_id(), **fields})


@pytest.fixture
def halted() -> Any:
    """A halt of site 01, lifted again afterwards: other tests share the stage."""
    played: Stage = stage()
    oversee(played.trial)
    today = played.trial.today("01")
    sponsor = played.client("sponsor")
    fields = {"where": "01", "ordered_by": "ethics_committee", "ordered_on": str(today),
              "reason": "<b>report awaited</b>"}  # fmt: skip
    assert post(sponsor, "/monitoring/recruitment/halt/", **fields).status_code == 422
    password = played.passwords["sponsor"]
    done = post(sponsor, "/monitoring/recruitment/halt/", **fields, password=password)
    assert done.status_code == 302, done.content.decode()
    number = played.trial.state.oversight.halts[-1].number
    yield number
    if played.trial.state.oversight.halts[-1].restart is None:
        lift = c.RestartRecruitment(
            halt=number, authorized_by="ethics_committee", authorized_on=today, reference="EC 2",
            reason="answered",
        )  # fmt: skip
        expect(played.trial.do(lift, central("sponsor")))


def test_every_page_of_the_site_says_that_recruitment_is_halted(halted: int) -> None:
    played = stage()
    coordinator = played.client("coordinator")
    for page in ("/today/", "/participants/", "/randomize/", "/screening/new/", "/protocol/"):
        body = coordinator.get(page).content.decode()
        assert "Recruitment (Nanning) is halted since" in body, page
        assert "Participants already enrolled go on" in body
    elsewhere = played.client("coordinator", "02").get("/today/").content.decode()
    assert "is halted since" not in elsewhere
    coordinator.cookies["equipoise_language"] = "zh-hans"
    assert "已入组的受试者继续参加" in coordinator.get("/today/").content.decode()
    public = played.client().get("/record/").content.decode()
    assert "Suspended" in public
    assert "report awaited" not in public


def test_screening_is_refused_in_the_browser_with_the_way_out(halted: int) -> None:
    played = stage()
    before = played.trial.state.screened
    answer = post(
        played.client("coordinator"), "/screening/new/", **{"identity-person_name": "Virtual"}
    )
    assert answer.status_code == 422
    body = answer.content.decode()
    assert "Recruitment at site 01 is halted since" in body
    assert "with the authorization of the ethics committee" in body
    assert played.trial.state.screened == before


def test_the_restart_needs_the_authority_and_its_document(halted: int) -> None:
    played = stage()
    sponsor = played.client("sponsor")
    today = str(played.trial.today("01"))
    page = f"/monitoring/recruitment/{halted}/restart/"
    assert "&lt;b&gt;report awaited&lt;/b&gt;" in sponsor.get(page).content.decode()
    assert played.client("investigator").get(page).status_code == 403
    lift = {"authorized_by": "sponsor", "authorized_on": today, "reference": "letter 7",
            "reason": "answered", "password": played.passwords["sponsor"]}  # fmt: skip
    wrong = post(sponsor, page, **lift)
    assert wrong.status_code == 422
    assert "who alone can authorize the restart" in wrong.content.decode()
    right = post(sponsor, page, **{**lift, "authorized_by": "ethics_committee"})
    assert right.status_code == 302
    listed = sponsor.get("/monitoring/recruitment/").content.decode()
    assert "letter 7" in listed
    assert "is halted since" not in played.client("coordinator").get("/today/").content.decode()
    assert "This halt has been lifted" in sponsor.get(page).content.decode()


def test_the_list_shows_a_site_its_own_halts_only(halted: int) -> None:
    other = stage().client("coordinator", "02").get("/monitoring/recruitment/").content.decode()
    assert "report awaited" not in other
    assert "report awaited" in (
        stage().client("monitor").get("/monitoring/recruitment/").content.decode()
    )


def test_who_answers_for_the_trial_sees_when_it_will_be_full_and_a_site_does_not() -> None:
    from equipoise.web.flows.oversight.recruitment import current_outlook

    played = stage()
    page = played.client("sponsor").get("/monitoring/recruitment/").content.decode()
    found = current_outlook(played.trial)
    assert found is not None
    assert f"forecast to be randomized on {found.forecast.reached.median}" in page
    assert "<title" in page[page.index("forecast-of-recruitment") :]
    at_site = played.client("coordinator").get("/monitoring/recruitment/").content.decode()
    assert "forecast-of-recruitment" not in at_site


def test_the_forecast_is_made_anew_when_somebody_is_randomized() -> None:
    from equipoise.web.flows.oversight.recruitment import current_outlook

    played = stage()
    before = current_outlook(played.trial)
    assert current_outlook(played.trial) is before
    played.participant("randomized")
    after = current_outlook(played.trial)
    assert before is not None
    assert after is not None
    assert sum(after.randomized.values()) == sum(before.randomized.values()) + 1

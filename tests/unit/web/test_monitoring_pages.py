"""Monitoring visits and the deviation log in the browser."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.conduct import commands as c
from support.overseen import oversee
from support.story import expect
from support.web_home import client_id, stage


@pytest.fixture(autouse=True)
def overseen() -> None:
    """Number one of everything is there: other tests of this process count on it."""
    oversee(stage().trial)


def post(client: Any, address: str, **fields: Any) -> Any:
    return client.post(address, {"client_id": client_id(), **fields})


def test_a_visit_goes_from_its_plan_to_two_signatures_and_shows_what_was_found() -> None:
    played = stage()
    today = str(played.trial.today("02"))
    monitor = played.client("monitor")
    person = played.participant("consented", "02")
    planned = post(monitor, "/monitoring/visits/new/", site="02", kind="remote", planned_on=today)
    assert planned.status_code == 302
    page = planned["location"]
    finding = {
        "text": "<i>page 3</i> missing", "important": "yes", "action": "file it",
        "owner": "coordinator-liuzhou", "due": today,
    }  # fmt: skip
    assert post(monitor, page + "findings/new/", **finding).status_code == 302
    today_page = played.client("coordinator", "02").get("/today/").content.decode()
    assert "Action" in today_page
    assert "of a monitoring visit (Liuzhou)" in today_page
    report = {
        "began_on": today, "ended_on": today, "attendees": "monitor", "reviewed": "charts",
        "conclusion": "in order", "consents_checked": [person.id],
    }  # fmt: skip
    assert post(monitor, page + "sign/", **report).status_code == 422
    sign = monitor.get(page + "sign/").content.decode()
    assert "Queries not closed" in sign
    signed = post(monitor, page + "sign/", **report, password=played.passwords["monitor"])
    assert signed.status_code == 302, signed.content.decode()
    investigator = played.client("investigator", "02")
    assert played.client("investigator", "01").get(page).status_code == 404
    secret = played.passwords["investigator-liuzhou"]
    assert post(investigator, page + "acknowledge/", comment="seen").status_code == 422
    assert (
        post(investigator, page + "acknowledge/", comment="seen", password=secret).status_code
        == 302
    )
    body = investigator.get(page).content.decode()
    assert "&lt;i&gt;page 3&lt;/i&gt; missing" in body
    assert person.id in body
    assert "Acknowledged by investigator-liuzhou" in body
    done = post(played.client("coordinator", "02"), page + "findings/1/", text="filed")
    assert done.status_code == 302
    assert "of a monitoring visit" not in played.client("coordinator", "02").get("/today/").content.decode()  # fmt: skip


def test_the_deviation_log_is_filtered_by_site_kind_and_assessment() -> None:
    played = stage()
    person = played.participant("randomized", "02")
    log = c.LogDeviation(
        participant=person.id, kind="treatment", severity="major", text="a dose too many",
        occurred_on=person.at.date(),
    )  # fmt: skip
    expect(person.do(log))
    monitor = played.client("monitor")

    def listed(query: str = "", client: Any = monitor) -> bool:
        return f"{person.id} / 1" in client.get(f"/deviations/{query}").content.decode()

    assert listed()
    assert listed("?site=02&kind=treatment&severity=major&important=open")
    assert not listed("?kind=consent")
    assert not listed("?site=01")
    assert not listed("?important=yes")
    assert not listed("", played.client("coordinator", "01"))
    page = f"/participants/{person.id}/deviations/1/"
    assert "a dose too many" in monitor.get(page).content.decode()
    assert post(monitor, page, important="yes", reason="").status_code == 422
    assert post(monitor, page, important="yes", reason="bears on safety").status_code == 302
    assert listed("?important=yes")
    read = played.client("coordinator", "02").get(page).content.decode()
    assert "bears on safety" in read
    assert "Record the assessment" not in read


def test_documents_and_ethics_reviews_are_recorded_in_the_browser() -> None:
    played = stage()
    today = str(played.trial.today("03"))
    coordinator = played.client("coordinator", "03")
    filed = {
        "document": "investigator_cv", "site": "03", "version": "2", "dated": today,
        "location": "<b>binder</b>",
    }  # fmt: skip
    wrong = post(coordinator, "/monitoring/documents/new/", **filed, sha256="zz")
    assert wrong.status_code == 422
    assert "64 hexadecimal digits" in wrong.content.decode()
    done = post(coordinator, "/monitoring/documents/new/", **filed, sha256="0f" * 32)
    assert done.status_code == 302
    listed = coordinator.get("/monitoring/documents/?state=in_force").content.decode()
    assert "&lt;b&gt;binder&lt;/b&gt;" in listed
    assert "0f0f0f0f0f0f0f0f…" in listed
    other = played.client("coordinator", "01").get("/monitoring/documents/").content.decode()
    assert "&lt;b&gt;binder" not in other
    number = played.trial.state.oversight.documents[-1].number
    back = f"/monitoring/documents/{number}/withdraw/"
    assert post(coordinator, back, reason="of another trial").status_code == 302
    assert "of another trial" in coordinator.get("/monitoring/documents/").content.decode()
    step = {"site": "03", "decision": "submitted", "on": today, "reference": "report 1"}
    assert post(coordinator, "/monitoring/ethics/new/", **step).status_code == 302
    assert "report 1" in coordinator.get("/monitoring/ethics/").content.decode()

"""Central monitoring in the browser: figures with their data, and a signal from its opening to its end."""

from __future__ import annotations

from typing import Any

import pytest

from equipoise.conduct import commands as c
from support.overseen import oversee
from support.story import expect
from support.web_home import client_id, stage


def post(client: Any, address: str, **fields: Any) -> Any:
    return client.post(address, {"client_id": client_id(), **fields})


@pytest.fixture(scope="module")
def compared() -> str:
    """Six participants at each of two sites; every one of the second has an adverse event."""
    played = stage()
    oversee(played.trial)
    for site in ("01", "02"):
        for _ in range(6):
            person = played.participant("randomized", site)
            if site == "02":
                report = c.ReportAdverseEvent(
                    participant=person.id, term="fatigue", grade=1, started_on=person.at.date(),
                    seriousness=(), causality={}, outcome="unknown",
                )  # fmt: skip
                expect(person.do(report))
    return "02"


def test_each_rate_is_a_figure_with_title_description_and_the_table_of_its_data(
    compared: str,
) -> None:
    body = stage().client("monitor").get("/monitoring/central/").content.decode()
    assert 'aria-labelledby="funnel-adverse_events-title funnel-adverse_events-desc"' in body
    figure = body.split('id="funnel-adverse_events-title"')[1].split("</svg>")[0]
    assert "Adverse events in 100 participant days" in figure
    assert "Each dot is a site: 01" in figure
    assert "Data of the figure" in body
    assert "false discoveries among signals at most 5%" in body
    chinese = stage().client("statistician")
    chinese.cookies["equipoise_language"] = "zh-hans"
    page = chinese.get("/monitoring/central/").content.decode()
    assert "每 100 受试者日的不良事件" in page
    assert "每个点为一个中心" in page


def test_no_group_is_named_on_the_page(compared: str) -> None:
    played = stage()
    page = played.client("sponsor").get("/monitoring/central/").content.decode()
    body = page.split("<main")[1]
    for arm in played.trial.protocol.arms:
        assert arm.label.en not in body


def test_a_signal_is_opened_assessed_and_closed_from_its_row(compared: str) -> None:
    played = stage()
    statistician = played.client("statistician")
    here = f"/monitoring/central/{compared}/rate.adverse_events/"
    shown = statistician.get(here).content.decode()
    assert "p of this comparison" in shown
    assert post(statistician, here, text="").status_code == 422
    opened = post(statistician, here, text="<u>more</u> than elsewhere")
    assert opened.status_code == 302
    page = opened["location"]
    again = post(statistician, here, text="once more")
    assert again.status_code == 422
    assert "about this is open" in again.content.decode()
    assert "&lt;u&gt;more&lt;/u&gt;" in statistician.get(page).content.decode()
    assert post(statistician, page, act="explained", text="why").status_code == 422
    assert post(statistician, page, act="assess", text="charts looked at").status_code == 302
    assert post(statistician, page, act="explained", text="older people").status_code == 302
    settled = statistician.get("/monitoring/central/").content.decode()
    assert "Explained: there is a good reason" in settled
    assert "older people" in statistician.get(page).content.decode()


def test_site_staff_see_no_central_monitoring(compared: str) -> None:
    for role in ("coordinator", "investigator", "pharmacist", "dsmb", "administrator"):
        assert stage().client(role).get("/monitoring/central/").status_code == 403


def test_a_statistic_that_cannot_be_made_is_not_opened(compared: str) -> None:
    monitor = stage().client("monitor")
    page = monitor.get("/monitoring/central/03/rate.adverse_events/").content.decode()
    assert "cannot be compared" in page
    assert monitor.get("/monitoring/central/99/rate.adverse_events/").status_code == 404
    odd = monitor.get("/monitoring/central/01/%3Cscript%3E/").content.decode()
    assert "<script>" not in odd.split("<main")[1]

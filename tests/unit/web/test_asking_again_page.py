"""Asking again in the browser: only the monitor is offered it, and the page tells the whole exchange."""

from __future__ import annotations

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from support.story import MONITOR, expect
from support.web_home import client_id, stage


def test_the_monitor_asks_again_and_the_exchange_is_told_on_page_and_trail() -> None:
    played = stage()
    person = played.participant("randomized")
    asked = c.RaiseQuery(
        participant=person.id,
        address=Address("screening", "laboratory"),
        item="hemoglobin",
        text="Sure?",
    )
    number = expect(person.do(asked, MONITOR)).answer["query"]
    answered = c.AnswerQuery(participant=person.id, query=number, text="as in the chart")
    expect(person.do(answered))
    page = f"/participants/{person.id}/queries/{number}/"
    monitor, coordinator = played.client("monitor"), played.client("coordinator")
    assert 'value="reopen"' in monitor.get(page).content.decode()
    assert 'value="reopen"' not in coordinator.get(page).content.decode()
    fields = {"client_id": client_id(), "act": "reopen", "text": "Which chart?"}
    assert coordinator.post(page, fields).status_code == 422
    assert monitor.post(page, fields).status_code == 302
    told = coordinator.get(page).content.decode()
    assert "Which chart?" in told
    assert "as in the chart" in told
    trail = monitor.get(f"/participants/{person.id}/").content.decode()
    assert "asked again: Which chart?" in trail

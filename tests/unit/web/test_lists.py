"""Lists a page at a time: everybody stands on exactly one page, whatever the filter and the order."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from equipoise.trial.projections import PRIORITIES
from support.crowd import crowd
from support.web_home import stage

SIZE = 130
"""Three pages, the last of them not full."""


def _pages(client: Any, address: str, relation: str) -> list[list[str]]:
    """The numbers on each page, following the pager's links one way."""
    pages = []
    asked: str | None = address
    while asked:
        text = client.get(asked).content.decode()
        pages.append(re.findall(r'<th scope="row"><a href="/participants/[^"]+">([^<]+)<', text))
        assert len(pages) < 20, "the pages never end"
        link = re.search(rf'href="([^"]+)" rel="{relation}"', text)
        asked = html.unescape(link[1]) if link else None
        if asked and asked.startswith("?"):
            asked = address.partition("?")[0] + asked
    return pages


@pytest.mark.parametrize("order", ["", "down"])
@pytest.mark.parametrize("sort", ["id", "next", "randomized"])
@pytest.mark.parametrize("filters", ["", "status=randomized", "number=01-7", "site=01", "all"])
def test_the_pages_of_participants_hold_everybody_once_in_order_both_ways(
    sort: str, order: str, filters: str
) -> None:
    """Against the whole table, sorted and filtered here."""
    played = stage()
    for step in ("screened", "randomized"):
        played.participant(step)
        played.participant(step, "02")
    filters = "status=randomized&number=01-70&site=01" if filters == "all" else filters
    wanted = dict(part.split("=") for part in filters.split("&") if part)
    column = {"id": "id", "next": "next_due", "randomized": "randomized_on"}[sort]
    with crowd(played, SIZE):
        rows = [
            row
            for row in played.trial.ledger.rows("participant")
            if row["id"].startswith(wanted.get("number", ""))
            and wanted.get("status", row["status"]) == row["status"]
            and wanted.get("site", row["site"]) == row["site"]
            and row[column]
        ]
        expected = [
            row["id"]
            for row in sorted(
                rows, key=lambda row: (row[column], row["id"]), reverse=order == "down"
            )
        ]
        client = played.client("monitor")
        address = f"/participants/?sort={sort}&order={order}&{filters}"
        forward = _pages(client, address, "next")
        backward = _pages(client, f"{address}&last=1", "prev")
    assert len(expected) > 50
    assert [number for page in forward for number in page] == expected
    assert [number for page in reversed(backward) for number in page] == expected
    assert all(len(page) == 50 for page in forward[:-1])


def test_the_last_page_says_where_in_the_list_it_stands() -> None:
    """Counted from the tallies."""
    played = stage()
    with crowd(played, SIZE):
        total = len(played.trial.ledger.rows("participant"))
        text = played.client("monitor").get("/participants/?last=1").content.decode()
    assert f"{total - 49} to {total} of {total}" in text


@pytest.mark.parametrize("order", ["", "down"])
@pytest.mark.parametrize("sort", ["since", "due", "number"])
def test_queries_raised_at_the_same_instant_stand_on_one_page_each(sort: str, order: str) -> None:
    """A save raises several queries at once; a page break between them loses none."""
    played = stage()
    with crowd(played, SIZE):
        expected = {
            (row["participant"], row["number"])
            for row in played.trial.ledger.rows("query", where={"status": "open"})
        }
        client = played.client("monitor")
        found = []
        asked: str | None = f"/queries/?sort={sort}&order={order}"
        while asked:
            text = client.get(asked).content.decode()
            found += re.findall(r"/participants/([^/]+)/queries/([0-9]+)/", text)
            link = re.search(r'href="([^"]+)" rel="next"', text)
            asked = html.unescape(link[1]) if link else None
    assert len(found) == len(expected) >= 2 * SIZE
    assert {(participant, int(number)) for participant, number in found} == expected


@pytest.mark.parametrize("place", ["~", "2026~x", "x~01-0001~y", "~~1", "a" * 200, "1~2~3~4"])
def test_a_made_up_place_in_the_queries_is_no_error(place: str) -> None:
    """It is ignored, or leads to some page."""
    client = stage().client("monitor")
    assert client.get("/queries/", {"after": place}).status_code == 200


def test_serious_events_beyond_a_page_are_counted_and_reachable() -> None:
    """None is left out silently."""
    played = stage()
    with crowd(played, SIZE):
        rows = played.trial.ledger.rows("adverse_event", where={"serious": 1})
        client = played.client("monitor")
        pages = -(-len(rows) // 50)
        found = []
        for page in range(1, pages + 1):
            text = client.get(f"/safety/?serious={page}").content.decode()
            part = text[text.index('id="serious"') : text.index('id="others"')]
            assert f'<span class="count">{len(rows)}</span>' in part
            found += re.findall(r'<a href="/participants/([^/]+)/adverse-events/', part)
    assert sorted(found) == sorted(row["participant"] for row in rows)


def test_an_open_window_is_found_however_wide_the_protocol_makes_it() -> None:
    """The farthest edge of any window is the protocol's to say."""
    played = stage()
    from equipoise.web.flows.worklist import widest_window, worklist

    protocol, ledger = played.trial.protocol, played.trial.ledger
    visits = [
        visit.model_copy(update={"after": 90}) if index == 0 else visit
        for index, visit in enumerate(protocol.schedule.visits)
    ]
    wide = protocol.model_copy(
        update={"schedule": protocol.schedule.model_copy(update={"visits": visits})}
    )
    today = played.trial.today("01")
    row = {
        "participant": "01-7999", "kind": "visit", "ref": visits[0].id, "site": "01",
        "opens": str(today - timedelta(days=80)), "due": str(today - timedelta(days=80)),
        "closes": str(today + timedelta(days=10)), "until": "", "priority": PRIORITIES["visit"],
        "provisional": 0,
    }  # fmt: skip
    with ledger.write() as writing:
        writing.put("task", row)
    try:
        found = worklist(wide, ["01"], today, played.trial.clock_peek())
        assert widest_window(wide) == 90
        assert "01-7999" in {task.participant for task in found["window"].tasks}
        assert "01-7999" not in {task.participant for task in found["late"].tasks}
    finally:
        with ledger.write() as writing:
            writing.remove("task", {name: row[name] for name in ("participant", "kind", "ref")})

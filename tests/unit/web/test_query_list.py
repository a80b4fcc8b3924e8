"""The list of queries: what is overdue, filters and order, its age by site, and several settled at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.trial.clock import VirtualClock
from support.story import MONITOR, START, Person, expect
from support.web_home import Stage, client_id, stage

LABORATORY = Address("screening", "laboratory")


@pytest.fixture
def played() -> Stage:
    return stage()


@pytest.fixture
def person(played: Stage) -> Person:
    """Somebody about whom three values are asked on the first day, and a form thirty days later."""
    person = played.participant("randomized")
    for item in ("hemoglobin", "alt", "wbc"):
        ask(person, LABORATORY, item)
    person.wait(30)
    ask(person, Address("screening", "demography"), "")
    return person


@pytest.fixture
def later(played: Stage) -> Iterator[int]:
    """The site's calendar two days past the deadline of what was asked on the first day."""
    rule = played.trial.protocol.monitoring.queries
    days: int = rule.answer_days + 2
    before, played.trial.clock = (
        played.trial.clock,
        VirtualClock(START + timedelta(days=days)),
    )
    yield days
    played.trial.clock = before


def ask(person: Person, address: Address, item: str) -> None:
    raised = c.RaiseQuery(participant=person.id, address=address, item=item, text="Please check.")
    expect(person.do(raised, MONITOR))


def listed(client: Any, person: Person, **filters: str) -> list[int]:
    """The person's queries on the list with this filter, in its order, over all its pages."""
    found: list[int] = []
    asked: str | None = "/queries/"
    while asked:
        text = client.get(asked, filters).content.decode()
        rows = text.partition("<tbody>")[2].partition("</tbody>")[0]
        found += [int(n) for n in re.findall(rf"/participants/{person.id}/queries/(\d+)/", rows)]
        link = re.search(r'href="([^"]+)" rel="next"', text)
        asked, filters = (link[1].replace("&amp;", "&"), {}) if link else (None, {})
    return found


def test_the_list_is_filtered_by_status_form_asker_and_lateness(
    played: Stage, person: Person, later: int
) -> None:
    client = played.client("coordinator")
    assert listed(client, person) == [1, 2, 3, 4]
    assert listed(client, person, form="laboratory") == [1, 2, 3]
    assert listed(client, person, overdue="1") == [1, 2, 3]
    assert listed(client, person, by="person") == [1, 2, 3, 4]
    assert listed(client, person, by="check") == []
    expect(person.do(c.AnswerQuery(participant=person.id, query=2, text="Right.")))
    assert listed(client, person) == [1, 3, 4]
    assert listed(client, person, status="answered") == [2]
    assert listed(client, person, status="nonsense", form="nonsense", sort="nonsense") == [1, 3, 4]


def test_the_list_is_sorted_by_day_of_asking_last_day_or_participant_both_ways(
    played: Stage, person: Person
) -> None:
    ask(person, LABORATORY, "platelets")
    again = c.AnswerQuery(participant=person.id, query=1, text="Right.")
    expect(person.do(again))
    expect(person.do(c.ReopenQuery(participant=person.id, query=1, text="Is it?"), MONITOR))
    client = played.client("monitor")
    assert listed(client, person, sort="since", site="01") == [1, 2, 3, 4, 5]
    assert listed(client, person, sort="due") == [2, 3, 1, 4, 5], "asked again is due anew"
    assert listed(client, person, sort="due", order="down") == [5, 4, 1, 3, 2]
    assert listed(client, person, sort="number", order="down") == [5, 4, 3, 2, 1]
    assert listed(client, person, site="02") == []


def _turned_through(client: Any, group: str) -> str:
    """One of Today's lists with all its pages."""
    found = ""
    for number in range(1, 50):
        page = client.get("/today/", {group: number}).content.decode()
        section = page.split(f'id="{group}"')[1].partition("</section>")[0]
        found += section
        if 'rel="next"' not in section:
            return found
    raise AssertionError("a list without an end")


def test_overdue_queries_are_marked_and_stand_under_late_on_today(
    played: Stage, person: Person, later: int
) -> None:
    client = played.client("coordinator")
    page = client.get("/queries/").content.decode()
    row = page.split(f"{person.id} / 1</a>")[1].partition("</tr>")[0]
    assert "2 days late" in row
    late, still = (_turned_through(client, group) for group in ("late", "open"))
    assert f"/participants/{person.id}/queries/1/" in late
    assert "2 days late" in late
    assert f"/participants/{person.id}/queries/1/" not in still
    assert f"/participants/{person.id}/queries/4/" not in late
    one = client.get(f"/participants/{person.id}/queries/1/").content.decode()
    assert "2 days late" in one
    chinese = played.client("coordinator")
    chinese.post("/language/", {"language": "zh-hans", "next": "/"})
    assert "逾期" in chinese.get("/queries/").content.decode()


def test_a_query_that_is_not_overdue_stands_under_open_with_its_last_day(
    played: Stage, person: Person
) -> None:
    today = played.client("coordinator").get("/today/").content.decode()
    late = today.split('id="late"')[1].partition("</section>")[0]
    assert f"/participants/{person.id}/queries/" not in late


def test_age_is_counted_by_site_and_another_sites_is_not_shown(
    played: Stage, person: Person, later: int
) -> None:
    elsewhere = played.participant("randomized", "02")
    ask(elsewhere, LABORATORY, "hemoglobin")

    def row(client: Any, city: str) -> list[str]:
        text = client.get("/queries/").content.decode().partition('id="s-ages"')[2]
        cells = text.partition(f'<th scope="row" class="nowrap">{city}</th>')[2].partition("</tr>")[
            0
        ]
        return [re.sub("<[^>]+>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", cells)]

    rows = [
        one
        for one in played.trial.ledger.rows("query")
        if one["site"] == "01" and one["status"] == "open"
    ]
    today = str(played.trial.today("01"))
    overdue = [one for one in rows if "" < str(one["due_on"]) < today]
    told = row(played.client("monitor"), "Nanning")
    assert told[0] == str(len(rows))
    assert told[1] == str(len(overdue))
    assert sum(int(n) for n in told[2:6]) == len(rows), "each in one class of age"
    assert int(told[4]) >= 3, "15 to 28 days"
    assert told[6] == str(later), "the oldest"
    assert row(played.client("monitor"), "Liuzhou")
    assert row(played.client("coordinator"), "Nanning") == told
    assert not row(played.client("coordinator"), "Liuzhou")


# -- several at once ------------------------------------------------------------------------------


def settle(client: Any, *chosen: str, **fields: str) -> Any:
    given = {"client_id": client_id(), "act": "close", "text": "", "list": "status=open", **fields}
    return client.post("/queries/several/", {"q": list(chosen), **given})


def test_each_is_settled_by_a_command_of_its_own_and_what_is_refused_is_listed(
    played: Stage, person: Person
) -> None:
    expect(person.do(c.CloseQuery(participant=person.id, query=2), MONITOR))
    chosen = [f"{person.id}/{n}" for n in (1, 2, 3)] + ["01-9999/1"]
    once = client_id()
    monitor = played.client("monitor")
    before = played.trial.ledger.head().seq
    answer = settle(monitor, *chosen, client_id=once, text="agreed")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "2 of 4 recorded" in page
    assert page.count("refused") >= 2
    assert 'href="/queries/?status=open"' in page
    states = {number: query.status for number, query in person.state.queries.items()}
    assert states == {1: "closed", 2: "closed", 3: "closed", 4: "open"}
    closed = list(played.trial.events(after=before, types=["QueryClosed"]))
    assert [happening.query for _event, happening in closed] == [1, 3]
    assert len({event.client_id for event, _happening in closed}) == 2
    settle(monitor, *chosen, client_id=once, text="agreed")
    assert not list(played.trial.events(after=closed[-1][0].seq, types=["QueryClosed"]))


def test_answers_need_words_and_go_only_to_the_own_site(played: Stage, person: Person) -> None:
    elsewhere = played.participant("randomized", "02")
    ask(elsewhere, LABORATORY, "hemoglobin")
    coordinator = played.client("coordinator")
    chosen = (f"{person.id}/1", f"{elsewhere.id}/1")
    assert settle(coordinator, *chosen, act="answer").status_code == 422, "no words"
    answer = settle(coordinator, *chosen, act="answer", text="As in the source.")
    assert "1 of 2 recorded" in answer.content.decode()
    assert person.state.queries[1].answer == "As in the source."
    assert elsewhere.state.queries[1].status == "open"


def test_who_may_not_close_is_refused_for_each_and_the_page_does_not_offer_it(
    played: Stage, person: Person
) -> None:
    coordinator = played.client("coordinator")
    page = coordinator.get("/queries/").content.decode()
    assert 'name="act" value="answer"' in page
    assert 'name="act" value="close"' not in page
    refused = settle(coordinator, f"{person.id}/1", act="close")
    assert refused.status_code == 422
    assert "0 of 1 recorded" in refused.content.decode()
    assert person.state.queries[1].status == "open"


@pytest.mark.parametrize(
    ("chosen", "fields"),
    [
        ((), {}),
        (("01-0001",), {}),
        (("../1",), {}),
        (("01-0001/1",), {"act": "erase"}),
        (("01-0001/1",), {"text": "x" * 5000}),
        (("01-0001/1",), {"unknown": "field"}),
        (tuple(f"01-0001/{n}" for n in range(60)), {}),
    ],
)
def test_what_the_page_cannot_send_is_taken_by_none(
    played: Stage, chosen: tuple[str, ...], fields: dict[str, str]
) -> None:
    before = played.trial.ledger.head().seq
    assert settle(played.client("monitor"), *chosen, **fields).status_code == 422
    assert played.trial.ledger.head().seq == before

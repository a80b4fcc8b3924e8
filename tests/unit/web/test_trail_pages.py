"""The audit trail in the browser: filters, plain words, CSV, and signing a review."""

from __future__ import annotations

import csv
import html
import io
from typing import Any

import pytest
from msgspec.structs import fields

from equipoise.conduct import commands as c
from equipoise.conduct.events import EVENT_TYPES
from equipoise.home.home import ADMINISTRATOR
from support.story import Person, expect
from support.web_home import client_id, stage


@pytest.fixture(scope="module")
def person() -> Person:
    """A hemoglobin entered and corrected with a reason that a spreadsheet would take for a formula."""
    someone = stage().participant("randomized")
    expect(someone.save("unscheduled", "laboratory", hemoglobin="132"))
    reason = "=1+1 digits swapped"
    expect(someone.save("unscheduled", "laboratory", reason=reason, hemoglobin="123"))
    return someone


def told(client: Any, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return html.unescape(response.content.decode())


def test_every_event_has_words_and_a_kind() -> None:
    stage()
    from equipoise.web.pages.trail import _TELLERS
    from equipoise.web.pages.trial_words import KINDS, TRIAL_WORDS, types_of

    assert set(EVENT_TYPES.values()) == set(_TELLERS) | set(TRIAL_WORDS)
    kinds = [name for kind in KINDS for name in types_of(kind)]
    assert sorted(kinds) == sorted(EVENT_TYPES)


def test_every_phrase_can_be_filled_from_its_event() -> None:
    stage()
    from equipoise.web.pages.trial_words import TRIAL_WORDS

    for kind, words in TRIAL_WORDS.items():
        assert words % {one.name: "x" for one in fields(kind)}


def test_a_change_is_told_with_what_stood_before_and_why(person: Person) -> None:
    monitor = stage().client("monitor")
    page = told(monitor, f"/trail/?participant={person.id}&item=hemoglobin&reason=1")
    assert "132 g/L → 123 g/L" in page
    assert "=1+1 digits swapped" in page
    assert page.count('scope="row"') == 1
    everything = told(monitor, f"/trail/?participant={person.id}")
    assert "Consent version" in everything


@pytest.mark.parametrize(
    ("query", "says", "not_says"),
    [
        ("kind=people", "Role coordinator granted to reads-the-trail", "Randomized, number"),
        ("kind=trial", "Site opened; ethics approval", "Randomized, number"),
        ("role=investigator", "Eligibility assessment 1 signed", "Site opened"),
        ("from=2001-01-01&to=2001-02-01", "Nothing here.", "Site opened"),
        ("actor=nobody", "Nothing here.", "Site opened"),
        ("form=nowhere&site=99&kind=x&from=soon&before=-1", "Audit trail", "Traceback"),
    ],
)
def test_the_filter_shows_what_it_names(
    person: Person, query: str, says: str, not_says: str
) -> None:
    grant = c.GrantRole(person="reads-the-trail", role="coordinator", site="01")
    stage().trial.do(grant, ADMINISTRATOR)  # refused the second time: the role is held already
    page = told(stage().client("monitor"), f"/trail/?{query}")
    assert says in page
    assert not_says not in page.split("<table")[-1]


def test_a_page_leads_to_earlier_entries(person: Person) -> None:
    monitor = stage().client("monitor")
    page = told(monitor, "/trail/")
    link = page.split('rel="next"')[0].rpartition('href="')[2].rstrip('" ')
    earlier = told(monitor, f"/trail/{link}")
    assert page.count('scope="row"') == 50
    assert earlier.count('scope="row"') > 0
    assert set(_seqs(page)).isdisjoint(_seqs(earlier))


def _seqs(page: str) -> list[str]:
    return [one.split("<")[0] for one in page.split('data-name="Entry" class="n">')[1:]]


def test_a_site_sees_its_own_entries_only(person: Person) -> None:
    played = stage()
    other = played.client("coordinator", "02")
    for query in ("", f"?participant={person.id}", "?site=01"):
        assert person.id not in told(other, f"/trail/{query}").partition("<tbody>")[2]
        body = other.get(f"/trail/csv/{query}").content.decode()
        assert person.id not in body
    own = played.client("coordinator", "01")
    assert person.id in told(own, "/trail/")


def test_the_file_holds_what_the_filter_shows_and_no_formula(person: Person) -> None:
    monitor = stage().client("monitor")
    response = monitor.get(f"/trail/csv/?participant={person.id}&item=hemoglobin&reason=1")
    text = response.content.decode("utf-8-sig")
    heading, row = csv.reader(io.StringIO(text))
    assert heading[0] == "Entry"
    assert row[6] == person.id
    assert "132 g/L → 123 g/L" in row[7]
    assert row[8] == "'=1+1 digits swapped"


@pytest.mark.parametrize(
    ("reason", "value"),
    [("\u3000=1+1 wrong", "127"), ("\uff1d1+1 wrong", "128"), ("-1+1 wrong", "129")],
)
def test_a_formula_after_spaces_or_in_full_width_is_none_in_the_file_either(
    person: Person, reason: str, value: str
) -> None:
    """The rule of every CSV file, for East Asian settings, too."""
    expect(person.save("unscheduled", "laboratory", reason=reason, hemoglobin=value))
    address = f"/trail/csv/?participant={person.id}&item=hemoglobin&reason=1"
    text = stage().client("monitor").get(address).content.decode("utf-8-sig")
    newest = list(csv.reader(io.StringIO(text)))[1]
    assert newest[8] == f"'{reason}"


def test_a_long_file_is_sent_while_it_is_made(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("equipoise.web.pages.audit._AT_ONCE", 10)
    response = stage().client("monitor").get("/trail/csv/")
    assert response.streaming
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(text)))) == stage().trial.ledger.head().seq + 1


def test_a_review_is_signed_with_the_password_and_says_what_changed_since(person: Person) -> None:
    played = stage()
    monitor, coordinator = played.client("monitor"), played.client("coordinator")
    assert coordinator.get("/trail/reviews/new/").status_code == 403
    page = told(monitor, "/trail/reviews/new/?site=01&kind=data")
    assert "kind=data" in page
    today = str(played.trial.today("01"))
    fields = {
        "client_id": client_id(), "upto": str(played.trial.state.seq), "site": "01",
        "since": today, "until": today, "looked_at": "all changes with a reason",
        "conclusion": "in_order", "findings": "",
    }  # fmt: skip
    address = "/trail/reviews/new/"
    assert monitor.post(address, fields).status_code == 422, "not signed"
    fields |= {"password": played.passwords["monitor"], "client_id": client_id()}
    assert monitor.post(address, fields).status_code == 302
    assert "all changes with a reason" in told(coordinator, "/trail/reviews/")
    someone = played.participant("screened")
    since = told(monitor, "/trail/?site=01")
    assert "Screening, consent, randomization, leaving" in since.split("Document a review")[0]
    link = since.split("kind=enrollment")[1].split('"')[0]
    assert someone.id in told(monitor, f"/trail/?kind=enrollment{link}")

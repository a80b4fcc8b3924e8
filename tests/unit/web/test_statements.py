"""How many database statements a page and a save cost: a small constant, whatever the trial's size."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from equipoise.web.access import PAGES, ROLES, may_open
from support.crowd import crowd
from support.web_home import Stage, client_id, data, stage

LABORATORY = {"wbc": "6.1", "hemoglobin": "131", "platelets": "210"}
MANY = 400
"""Participants, each with tasks, queries and adverse events: several pages of any list."""


@contextmanager
def counted(played: Stage) -> Iterator[list[str]]:
    """Every statement: Django's, those of the ledger's writer, and those of its reader in this thread."""
    store = played.trial.ledger.store
    store.head()  # this thread's reader is there from here on
    ledgers = [store._writer, *store._readers]
    assert all(isinstance(one, sqlite3.Connection) for one in ledgers)
    assert len(ledgers) >= 2, "a connection that is not found is not counted"
    statements: list[str] = []
    with ExitStack() as stack:
        captured = [
            stack.enter_context(CaptureQueriesContext(connections[name])) for name in connections
        ]
        for one in ledgers:
            one.set_trace_callback(statements.append)
            stack.callback(one.set_trace_callback, None)
        yield statements
        statements += [query["sql"] for stage_ in captured for query in stage_.captured_queries]


def cost(played: Stage, client: Any, address: str) -> int:
    """Statements of a page asked for the second time."""
    client.get(address)
    with counted(played) as statements:
        assert client.get(address).status_code == 200, address
    return len(statements)


def save(client: Any, participant: str, repeat: int) -> None:
    """One form, saved."""
    fields = {**data(LABORATORY), "client_id": client_id(), "based_on": "0"}
    address = f"/participants/{participant}/forms/unscheduled/laboratory/{repeat}/"
    assert client.post(address, fields).status_code == 302


def test_the_count_leaves_out_neither_the_ledger_nor_django() -> None:
    """One statement on each connection is one statement counted."""
    played = stage()
    from equipoise.web.models import Account, TallyRow

    with counted(played) as statements:
        played.trial.ledger.stream_version("trial")  # the ledger's reader
        with played.trial.ledger.write():
            played.trial.ledger.head()  # its writer begins and takes back
        Account.objects.count()
        TallyRow.objects.count()
    told = " ".join(statements)
    assert len(statements) == 5, statements
    for part in ("max(version)", "BEGIN IMMEDIATE", "ROLLBACK", "web_account", '"tally"'):
        assert part in told


def test_a_save_costs_the_same_few_statements_however_much_was_saved_before() -> None:
    """Session, permission, events, projections, signed head and all."""
    played = stage()
    client = played.client("coordinator")
    person = played.participant("randomized")
    save(client, person.id, 1)
    costs = []
    for repeat in range(2, 42):
        with counted(played) as statements:
            save(client, person.id, repeat)
        costs.append(len(statements))
        assert sum("COMMIT" in one for one in statements) == 1
    assert max(costs) <= 12, statements
    assert len(set(costs)) == 1, costs


def test_a_save_costs_no_more_among_many_participants() -> None:
    """Nothing in a save looks at anybody else."""
    played = stage()
    client = played.client("coordinator")
    person = played.participant("randomized")
    save(client, person.id, 1)
    with counted(played) as alone:
        save(client, person.id, 2)
    with crowd(played, MANY), counted(played) as among_many:
        save(client, person.id, 3)
    assert len(among_many) == len(alone)


def test_a_save_for_somebody_not_at_hand_reads_that_person_once() -> None:
    """After a restart the participant's events are read, in a bounded number of statements."""
    played = stage()
    client = played.client("coordinator")
    person = played.participant("randomized")
    save(client, person.id, 1)
    with counted(played) as warm:
        save(client, person.id, 2)
    played.trial._views.clear()
    with counted(played) as cold:
        save(client, person.id, 3)
    assert len(cold) - len(warm) <= 3, cold


LISTS = [
    ("participants/", 4),
    ("participants/?sort=next&order=down&status=randomized", 4),
    ("participants/?sort=randomized&last=1&site=01", 4),
    ("participants/?number=01-", 4),
    ("participants/?last=1", 4),
    ("participants/?after=01-7100~01-7100&at=100", 4),
    ("participants/?before=01-7100~01-7100&at=100", 4),
    ("queries/", 2),
    ("queries/?status=closed", 2),
    ("verification/", 2),
    ("deviations/", 2),
    ("deviations/?kind=other&important=open&after=2026-12-01~01-0001~1", 2),
    ("verification/?site=01&after=01-7100", 2),
    ("safety/", 8),
    ("safety/?page=2&serious=2", 8),
    ("randomize/", 2),
    ("coding/", 5),
    ("texts/", 8),
    ("today/", 10),
]


def _page_at(address: str) -> str:
    path = address.partition("?")[0]
    return next(name for name, page in PAGES.items() if page.path == path)


@pytest.mark.parametrize(
    ("role", "address", "most"),
    [
        (role, address, most)
        for role in ("coordinator", "monitor")
        for address, most in LISTS
        if may_open(_page_at(address), role)
    ],
)
def test_a_list_costs_the_same_few_statements_however_many_take_part(
    role: str, address: str, most: int
) -> None:
    """No statement per row, of the page or of the trial."""
    played = stage()
    for step in ("randomized", "screened"):
        played.participant(step)
    client = played.client(role)
    before = cost(played, client, f"/{address}")
    with crowd(played, MANY):
        after = cost(played, client, f"/{address}")
        with_twice_as_many = _cost_among(played, client, f"/{address}", 2 * MANY)
    assert before <= most
    assert after <= most
    assert with_twice_as_many == after


def _cost_among(played: Stage, client: Any, address: str, size: int) -> int:
    with crowd(played, size):
        return cost(played, client, address)


def test_no_list_of_the_application_is_left_out() -> None:
    """Pages without a participant in their address are lists above, or of a known other kind."""
    others = {
        "home", "public", "sign_in", "choose_role", "language", "sign_out", "protocol", "trust",
        "trust_verify", "rehearsal", "screen", "results", "people", "delegate", "record_training",
        "change_password", "data_lock", "access_review", "tokens", "issue_token", "monitoring", "recruitment", "halt_recruitment",
        "monitoring_visits", "plan_visit", "central_monitoring", "documents", "file_document", "ethics", "record_ethics_review",
        "second_factor", "second_factors", "issuer_sign_in", "issuer_return", "issuer_again",
        "link_identity", "unlink_identity", "unlink_another",
        "passkey_challenge", "add_authenticator", "add_passkey", "recovery_codes",
        "reset_second_factor", "health", "operation", "unblind_trial", "release_results", "adopt_protocol", "settle_queries",
        "recode", "synonyms", "sites", "close_recruitment", "trail", "trail_csv", "trail_reviews", "review_trail",
        "board", "analysis_plan",
    }  # fmt: skip
    general = {name for name, page in PAGES.items() if "<" not in page.path}
    assert general - others == {_page_at(address) for address, _most in LISTS}


@pytest.mark.parametrize("role", ROLES)
def test_a_page_that_is_no_list_costs_few_statements_among_many(role: str) -> None:
    """The protocol, the trust page and the rest of the menu. Results read the data cut, once for each."""
    played = stage()
    client = played.client(role)
    pages = [
        page.path
        for name, page in PAGES.items()
        if "<" not in page.path and "GET" in page.methods and may_open(name, role)
    ]
    elsewhere = (
        "", "sign-in/", "role/", "results/", "monitoring/central/", "sign-in/second/",
        "second-factors/codes/", "sign-in/issuer/return/", "sign-in/issuer/again/",
        "identity/link/",
    )  # fmt: skip
    alone = {
        path: cost(played, client, f"/{path}") for path in sorted(set(pages).difference(elsewhere))
    }
    with crowd(played, MANY):
        for path, few in alone.items():
            assert cost(played, client, f"/{path}") <= max(few, 10), path


def test_a_participants_page_costs_the_same_few_statements_however_long_the_story() -> None:
    """Fifty saves later, and among many others."""
    played = stage()
    client = played.client("coordinator")
    person = played.participant("randomized")
    save(client, person.id, 1)
    pages = ["", "?trail=all", "forms/w1/laboratory/1/", "forms/unscheduled/laboratory/1/"]
    before = [cost(played, client, f"/participants/{person.id}/{page}") for page in pages]
    for repeat in range(2, 52):
        save(client, person.id, repeat)
    with crowd(played, MANY):
        after = [cost(played, client, f"/participants/{person.id}/{page}") for page in pages]
    assert after == before
    assert max(after) <= 3


def test_every_page_about_a_participant_costs_few_statements() -> None:
    """The state is at hand; what is read besides is bounded. Every page that opens is counted."""
    played = stage()
    person = played.participant("randomized")
    places = {
        "participant": person.id, "visit": "w1", "form": "laboratory", "repeat": "1", "number": "1",
        "diary": "spray_diary", "day": str(played.trial.today("01")), "intervention": "exosome_spray",
        "clock": "initial", "site": "01", "finding": "1", "statistic": "rate.missed_visits",
        "token": "none", "digest": "0", "factor": "app", "version": "1", "name": "none", "target": "ae~1", "file": "html",
    }  # fmt: skip
    opened = 0
    for role in ROLES:
        client = played.client(role)
        for name, page in PAGES.items():
            if "<" not in page.path or not may_open(name, role):
                continue
            address = "/" + re.sub(r"<\w+:(\w+)>", lambda part: places[part[1]], page.path)
            client.get(address)
            with counted(played) as statements:
                status = client.get(address).status_code
            assert len(statements) <= 4, (address, statements)
            opened += status == 200
    assert opened >= 20


def test_the_models_have_the_columns_of_the_projections() -> None:
    """Django reads exactly the tables that the trial writes."""
    stage()
    from django.db import models

    from equipoise.trial import TABLES
    from equipoise.web.models import PROJECTIONS

    by_table = {model._meta.db_table: model for model in PROJECTIONS}
    assert set(by_table) == {table.name for table in TABLES}
    for table in TABLES:
        fields = {
            field.column: "integer" if isinstance(field, models.IntegerField) else "text"
            for field in by_table[table.name]._meta.concrete_fields
            if not isinstance(field, models.CompositePrimaryKey)
        }
        assert fields == dict(table.columns), table.name
        assert not by_table[table.name]._meta.managed


def test_django_cannot_write_to_the_ledger() -> None:
    """The connection is open for reading only."""
    from django.db import OperationalError

    from equipoise.web.models import ParticipantRow

    stage().participant("screened")
    with pytest.raises(OperationalError, match="readonly"):
        ParticipantRow.objects.update(status="randomized")

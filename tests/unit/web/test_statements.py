"""How many database statements a page and a save cost: a small constant, whatever the trial's size."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from support.web_home import Stage, client_id, data, stage

LABORATORY = {"wbc": "6.1", "hemoglobin": "131", "platelets": "210"}


@contextmanager
def counted(played: Stage) -> Iterator[list[str]]:
    """Every statement, the ledger's own included (its connection is traced)."""
    statements: list[str] = []
    stores = [
        value
        for value in vars(played.trial.ledger.store).values()
        if isinstance(value, sqlite3.Connection)
    ]
    assert stores, "the ledger's connections must be found, or this test counts nothing"
    for store in stores:
        store.set_trace_callback(statements.append)
    stages = [CaptureQueriesContext(connections[name]) for name in ("default", "ledger")]
    for one in stages:
        one.__enter__()
    try:
        yield statements
    finally:
        for one in stages:
            one.__exit__(None, None, None)
            statements += [query["sql"] for query in one.captured_queries]
        for store in stores:
            store.set_trace_callback(None)


def save(client: Any, participant: str, repeat: int) -> None:
    """One form, saved."""
    fields = {**data(LABORATORY), "client_id": client_id(), "based_on": "0"}
    address = f"/participants/{participant}/forms/unscheduled/laboratory/{repeat}/"
    assert client.post(address, fields).status_code == 302


def test_a_save_costs_the_same_few_statements_however_much_was_saved_before() -> None:
    """Session, permission, events, projections and all."""
    played = stage()
    client = played.client("coordinator")
    person = played.participant("randomized")
    save(client, person.id, 1)
    costs = []
    for repeat in range(2, 8):
        with counted(played) as statements:
            save(client, person.id, repeat)
        costs.append(len(statements))
    assert max(costs) <= 20, statements
    assert max(costs) - min(costs) <= 1


@pytest.mark.parametrize(
    ("role", "address", "most"),
    [
        ("coordinator", "/today/", 12),
        ("coordinator", "/participants/", 4),
        ("coordinator", "/participants/?sort=next&order=down&status=randomized", 4),
        ("coordinator", "/participants/?last=1", 4),
        ("monitor", "/today/", 12),
        ("monitor", "/queries/", 4),
        ("coordinator", "/randomize/", 4),
    ],
)
def test_a_list_costs_the_same_few_statements_however_many_take_part(
    role: str, address: str, most: int
) -> None:
    """No statement per row."""
    played = stage()
    client = played.client(role)
    client.get(address)
    with counted(played) as before:
        assert client.get(address).status_code == 200
    for _person in range(3):
        played.participant("screened")
    with counted(played) as after:
        assert client.get(address).status_code == 200
    assert len(before) <= most, before
    assert len(after) <= most, after


@pytest.mark.parametrize(
    "page", ["", "screening/", "randomize/", "forms/screening/laboratory/1/", "consent/"]
)
def test_a_page_about_a_participant_costs_few_statements(page: str) -> None:
    """The state is at hand; what is read besides is bounded."""
    played = stage()
    client = played.client("coordinator")
    person = played.participant("entered")
    client.get(f"/participants/{person.id}/{page}")
    with counted(played) as statements:
        assert client.get(f"/participants/{person.id}/{page}").status_code == 200
    assert len(statements) <= 6, statements


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

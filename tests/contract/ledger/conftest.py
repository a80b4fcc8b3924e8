"""Every store the ledger runs on, for the one suite they must all pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from equipoise.ledger.envelope import Draft
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.ledger.postgres import PostgresStore
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.store import Store
from equipoise.ledger.tables import Table
from support.postgres import new_schema

TABLES = (
    Table(
        "participant",
        {"id": "text", "site": "text", "status": "text", "doses": "integer"},
        ("id",),
        (("site", "status"),),
    ),
    Table("tally", {"site": "text", "name": "text", "n": "integer"}, ("site", "name")),
)


@pytest.fixture
def tables() -> tuple[Table, ...]:
    return TABLES


@pytest.fixture
def draft() -> Callable[..., Draft]:
    def make(
        stream: str = "trial", type_: str = "Noted", client: str = "", **payload: Any
    ) -> Draft:
        return Draft(
            stream, type_, 1, "p" * 64, payload, "coordinator-nanning", "coordinator", "01",
            client, None, "2026-03-01T08:00:00.000000+00:00",
        )  # fmt: skip

    return make


@contextmanager
def opened_store(kind: str, folder: Path, tables: Sequence[Table] = TABLES) -> Iterator[Store]:
    """A fresh store of the kind; the ledger above it closes it."""
    if kind == "memory":
        yield MemoryStore(tables)
    elif kind == "sqlite":
        yield SqliteStore(folder / "ledger.sqlite", tables)
    else:
        with new_schema() as (url, schema):
            yield PostgresStore(url, schema, tables)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    with opened_store(request.param, tmp_path) as store:
        opened = Ledger(
            store, trial="t1", signer=Signer(b"s" * 32), head_file=HeadFile(tmp_path / "head")
        )
        try:
            yield opened
        finally:
            opened.close()


@pytest.fixture
def new_store() -> Callable[[str, Path], AbstractContextManager[Store]]:
    return opened_store

"""In PostgreSQL triggers and grants stop whoever would change what happened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from equipoise.ledger.envelope import Draft
from equipoise.ledger.errors import LedgerDamagedError, LedgerError
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.postgres import PostgresStore, prepare_schema
from equipoise.ledger.signing import Signer
from equipoise.ledger.tables import Table
from support.postgres import new_schema

TALLY = Table("tally", {"name": "text", "n": "integer"}, ("name",))


def fill(url: str, schema: str, folder: Path, events: int = 5) -> Ledger:
    ledger = Ledger(
        PostgresStore(url, schema, [TALLY]),
        trial="t1",
        signer=Signer(b"s" * 32),
        head_file=HeadFile(folder / "head"),
    )
    for n in range(events):
        with ledger.write() as writing:
            place = str(n)
            writing.append(
                [Draft("trial", "Noted", 1, "p", {"n": n}, "a", "r", "01", place, None, place)]
            )
            writing.add("tally", {"name": "events"}, n=1)
    return ledger


@pytest.fixture
def database() -> Iterator[tuple[str, str]]:
    with new_schema() as found:
        yield found


@pytest.fixture
def writer(database: tuple[str, str]) -> Iterator[str]:
    """A role that may append and nothing else; gives the URL with which it connects."""
    url, schema = database
    role = f"w_{schema}"
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'w'").format(sql.Identifier(role)))
        prepare_schema(url, schema, writers=[role])
        yield re.sub(r"//[^@/]*@", f"//{role}:w@", url)
        owner.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(role)))
        owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


CHANGES = [
    "UPDATE {} SET payload = '{{}}' WHERE seq = 2",
    "UPDATE {} SET hash = hash",
    "DELETE FROM {} WHERE seq = 5",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "TRUNCATE {} CASCADE",
    "INSERT INTO {} SELECT 9, trial, stream, 9, type, schema, protocol, payload, actor, role, site,"
    " '', 0, device_time, server_time, previous, hash FROM {} WHERE seq = 5",
    "INSERT INTO {} SELECT 0, trial, stream, 9, type, schema, protocol, payload, actor, role, site,"
    " '', 0, device_time, server_time, previous, hash FROM {} WHERE seq = 5",
    "INSERT INTO {0} SELECT * FROM {0} WHERE seq = 5 ON CONFLICT (seq) DO UPDATE SET payload = '{{}}'",
    "MERGE INTO {0} USING (SELECT 5 AS s) AS x ON seq = x.s WHEN MATCHED THEN DELETE",
]


@pytest.mark.parametrize("change", CHANGES)
def test_even_the_owner_is_stopped_by_triggers(
    database: tuple[str, str], tmp_path: Path, change: str
) -> None:
    url, schema = database
    ledger = fill(url, schema, tmp_path)
    events = sql.Identifier(schema, "events")
    with psycopg.connect(url) as connection, pytest.raises(psycopg.Error):
        connection.execute(sql.SQL(change).format(events, events))
    verified = ledger.verify()
    assert (verified.ok, verified.events) == (True, 5)
    ledger.close()


@pytest.mark.parametrize(
    "attempt",
    [
        *CHANGES,
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "DROP TRIGGER events_never_change ON {}",
        "ALTER TABLE {} DROP COLUMN payload",
        "CREATE RULE quiet AS ON INSERT TO {} DO INSTEAD NOTHING",
        "DROP TABLE {} CASCADE",
        "ALTER TABLE {} RENAME TO other",
        "CREATE TRIGGER mine BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "SET session_replication_role = replica",
    ],
)
def test_the_writer_can_append_and_nothing_else(
    database: tuple[str, str], writer: str, tmp_path: Path, attempt: str
) -> None:
    ledger = fill(writer, database[1], tmp_path)
    assert ledger.rows("tally")[0]["n"] == 5, "projections are the writer's own"
    events = sql.Identifier(database[1], "events")
    with psycopg.connect(writer) as connection, pytest.raises(psycopg.Error):
        connection.execute(sql.SQL(attempt).format(events, events))
    verified = ledger.verify()
    assert (verified.ok, verified.events) == (True, 5)
    ledger.close()


def test_an_owner_who_takes_the_triggers_away_is_seen(
    database: tuple[str, str], tmp_path: Path
) -> None:
    url, schema = database
    fill(url, schema, tmp_path).close()
    events = sql.Identifier(schema, "events")
    with psycopg.connect(url) as owner:
        owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(events))
        owner.execute(sql.SQL("DELETE FROM {} WHERE seq > 3").format(events))
    ledger = Ledger(
        PostgresStore(url, schema),
        trial="t1",
        signer=Signer(b"s" * 32),
        head_file=HeadFile(tmp_path / "head"),
    )
    assert "the tail was cut" in " ".join(map(str, ledger.verify().problems))
    with pytest.raises(LedgerDamagedError), ledger.write():
        pass
    ledger.close()


def test_a_reader_cannot_write(database: tuple[str, str], tmp_path: Path) -> None:
    url, schema = database
    fill(url, schema, tmp_path).close()
    store = PostgresStore(url, schema, read_only=True)
    assert store.head().seq == 5
    with pytest.raises(LedgerError, match="not open for writing"):
        store.begin()
    store.close()


def test_a_connection_lost_between_two_writes_is_made_anew(
    database: tuple[str, str], tmp_path: Path
) -> None:
    url, schema = database
    ledger = fill(url, schema, tmp_path)
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND application_name LIKE 'equipoise%'"
        )
    assert ledger.head().seq == 5, "a reading connection is replaced"
    with ledger.write() as writing:
        writing.append([Draft("trial", "Noted", 1, "p", {}, "a", "r", "01", "later", None, "t")])
    assert ledger.head().seq == 6
    ledger.close()


def test_a_connection_lost_within_a_write_loses_that_write_only(
    database: tuple[str, str], tmp_path: Path
) -> None:
    url, schema = database
    ledger = fill(url, schema, tmp_path)
    draft = Draft("trial", "Noted", 1, "p", {}, "a", "r", "01", "again", None, "t")
    with pytest.raises(LedgerError, match="database failed"), ledger.write() as writing:  # noqa: PT012
        writing.append([draft])
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'equipoise writer'"
            )
    assert ledger.head().seq == 5
    with ledger.write() as writing:
        writing.append([draft])
    assert (ledger.head().seq, ledger.verify().ok) == (6, True)
    ledger.close()


def test_the_owner_prepares_what_a_writer_then_fills(
    database: tuple[str, str], writer: str, tmp_path: Path
) -> None:
    """`prepare-database` may be repeated, and a home is then made with the writer's rights alone."""
    from typer.testing import CliRunner

    from equipoise.cli import main
    from equipoise.home import Home
    from support.story import SEED_PROTOCOL

    url, schema = database
    arguments = ["prepare-database", url, "--schema", schema, "--writer", f"w_{schema}"]
    for _ in range(2):
        answer = CliRunner().invoke(main, arguments)
        assert (answer.exit_code, schema in answer.output) == (0, True), answer.output
    home = Home.create(tmp_path / "home", SEED_PROTOCOL, database=writer, schema=schema)
    assert home.trial().ledger.verify().ok
    home.close()

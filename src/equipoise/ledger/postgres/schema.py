"""The schema of a ledger: its name, its own tables, and the triggers that keep events as they are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import psycopg

from ..errors import LedgerError
from .failures import explained
from .statements import composed

_SCHEMA_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")

_CREATE = """
CREATE TABLE {events} (
    seq bigint PRIMARY KEY CHECK (seq > 0),
    trial text COLLATE "C" NOT NULL,
    stream text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    type text COLLATE "C" NOT NULL,
    schema bigint NOT NULL,
    protocol text COLLATE "C" NOT NULL,
    payload text COLLATE "C" NOT NULL,
    actor text COLLATE "C" NOT NULL,
    role text COLLATE "C" NOT NULL,
    site text COLLATE "C" NOT NULL,
    client_id text COLLATE "C" NOT NULL,
    client_index bigint NOT NULL,
    device_time text COLLATE "C",
    server_time text COLLATE "C" NOT NULL,
    previous text COLLATE "C" NOT NULL,
    hash text COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX events_by_stream ON {events} (stream, version);
CREATE UNIQUE INDEX events_by_client ON {events} (client_id, client_index) WHERE client_id <> '';
CREATE INDEX events_by_type ON {events} (type, seq);
CREATE TABLE {signed_head} (
    one integer PRIMARY KEY CHECK (one = 1),
    statement text COLLATE "C" NOT NULL
);
CREATE TABLE {ledger} (
    name text COLLATE "C" PRIMARY KEY,
    value text COLLATE "C" NOT NULL
);
CREATE FUNCTION {never}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an event is never changed or deleted (% on events)', TG_OP;
END $$;
CREATE FUNCTION {follow}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM {events}) THEN
        RAISE EXCEPTION 'an event is only appended at the end';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER events_never_change BEFORE UPDATE OR DELETE ON {events}
    FOR EACH ROW EXECUTE FUNCTION {never}();
CREATE TRIGGER events_never_go BEFORE TRUNCATE ON {events}
    FOR EACH STATEMENT EXECUTE FUNCTION {never}();
CREATE TRIGGER events_follow_each_other BEFORE INSERT ON {events}
    FOR EACH ROW EXECUTE FUNCTION {follow}();
"""

_GRANTS = """
GRANT USAGE, CREATE ON SCHEMA {schema} TO {role};
GRANT SELECT, INSERT ON {events} TO {role};
GRANT SELECT, INSERT, UPDATE ON {signed_head}, {ledger} TO {role};
"""


def check_schema_name(schema: str) -> None:
    """Raise `LedgerError` for a name that is not lower-case ASCII of at most 48 characters."""
    if not _SCHEMA_NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise LedgerError(
            f"{schema!r} is no name for a ledger's schema: lower-case letters, digits and _, "
            "at most 48, not beginning with pg_"
        )


def lock_key(schema: str) -> int:
    """The number of the advisory lock under which all processes write to the ledger."""
    digest = hashlib.sha256(f"equipoise-ledger|{schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def prepare_schema(url: str, schema: str, *, writers: Sequence[str] = ()) -> None:
    """Create the schema and the ledger's own tables with their triggers, as the connected role.

    `writers` are roles that then may append and keep projections, but neither change nor delete an
    event, nor drop what stops it. Raises `LedgerError`; then nothing has been created.
    """
    check_schema_name(schema)
    with (
        explained("preparing the ledger's schema"),
        psycopg.connect(url, connect_timeout=10) as connection,
    ):
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(schema),))
        if not _has_events(connection, schema):
            connection.execute(composed("CREATE SCHEMA IF NOT EXISTS {schema}", schema))
            connection.execute(composed(_CREATE, schema))
        for role in writers:
            connection.execute(composed(_GRANTS, schema, role=role))


def drop_schema(url: str, schema: str) -> None:
    """Take the whole schema away: only for one whose creation failed, and in tests."""
    check_schema_name(schema)
    with (
        explained("removing the ledger's schema"),
        psycopg.connect(url, connect_timeout=10) as connection,
    ):
        connection.execute(composed("DROP SCHEMA IF EXISTS {schema} CASCADE", schema))


def schema_in_use(url: str, schema: str) -> bool:
    """Whether a ledger's events stand under this name."""
    check_schema_name(schema)
    with (
        explained("looking for the ledger's schema"),
        psycopg.connect(url, connect_timeout=10, autocommit=True) as connection,
    ):
        return _has_events(connection, schema)


def _has_events(connection: psycopg.Connection[tuple[Any, ...]], schema: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = %s AND tablename = 'events'",
        (schema,),
    )
    return found.fetchone() is not None

"""A store in a PostgreSQL database: several processes, every commit on the server's disk.

One schema holds one ledger. Its name, and those of tables and columns, enter SQL as identifiers
composed by psycopg, never as text.
"""

from __future__ import annotations

from .schema import drop_schema, prepare_schema, schema_in_use
from .store import PostgresStore

__all__ = ["PostgresStore", "drop_schema", "prepare_schema", "schema_in_use"]

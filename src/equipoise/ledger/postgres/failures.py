"""What the server or the driver says when something fails, as the ledger's errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg_pool import PoolTimeout

from ..errors import LedgerBusyError, LedgerError

LOCK_SECONDS = 30
"""How long a process waits for the lock that another one holds."""


def in_words(error: BaseException) -> str:
    """The first line of what the server or the driver says, without the connection's secrets."""
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(error) or type(error).__name__
    return str(said).strip().splitlines()[0]


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn the driver's errors into the ledger's, with what was being done."""
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise LedgerBusyError(
            f"the database's ledger has been locked by another process for {LOCK_SECONDS} s;"
            " nothing was written: try again, or look for a process that stands still"
        ) from error
    except PoolTimeout as error:
        raise LedgerError(f"the database did not answer while {doing}; try again") from error
    except psycopg.Error as error:
        raise LedgerError(f"the database failed while {doing}: {in_words(error)}") from error

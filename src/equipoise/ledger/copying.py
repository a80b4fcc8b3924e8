"""Copying a ledger from one store to another: what is committed at one moment, event for event."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path

from .sqlite import SqliteStore
from .store import Store
from .tables import Changes, Table

Advance = Callable[[int, int], None]
"""Told how much is done, and of how much: pages or events."""

_AT_ONCE = 5000


def copy_events(source: Store, target: Store, advance: Advance | None = None) -> None:
    """Append all events of one store, and its signed head, to another that holds none.

    What the source commits meanwhile is left out. Projections are not copied: they are rebuilt from the events
    by whoever opens the copy. Raises `LedgerError`; then the target holds nothing.
    """
    total = source.head().seq
    signed, rows = source.stored()
    done = 0
    target.begin()
    try:
        while found := list(islice(rows, _AT_ONCE)):
            target.apply(found, Changes(target.tables))
            done += len(found)
            if advance is not None:
                advance(done, max(done, total))
        target.commit(signed)
    finally:
        target.rollback()


def copy_to_file(
    source: Store, path: Path, tables: Sequence[Table] = (), advance: Advance | None = None
) -> None:
    """Write what is committed in the store into a new ledger file of mode 600, while others write on.

    A SQLite store is copied page by page by SQLite's own backup, from one snapshot; any other event by event.
    """
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    if isinstance(source, SqliteStore):
        source.backup_to(path, advance)
        return
    with closing(SqliteStore(path, tables)) as target:
        copy_events(source, target, advance)
    path.with_name(path.name + ".lock").unlink(missing_ok=True)

"""Whether the accounts' tables are those of this release: read from the file itself, without Django."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from equipoise.home import Home, HomeError

MIGRATIONS = Path(__file__).with_name("migrations")


def _known() -> set[str]:
    return {path.stem for path in MIGRATIONS.glob("[0-9]*.py")}


def _applied(home: Home) -> set[str] | None:
    """The changes made to the accounts' tables so far; None where there are no tables yet."""
    if not home.web_database.is_file():
        return None
    with closing(
        sqlite3.connect(f"{home.web_database.resolve().as_uri()}?mode=ro", uri=True)
    ) as db:
        try:
            found = db.execute("SELECT name FROM django_migrations WHERE app = 'web'").fetchall()
        except sqlite3.OperationalError:
            return None
    return {name for (name,) in found} or None


def accounts_behind(home: Home) -> list[str]:
    """What is still to be done to the accounts' tables, in order; nothing where none stand yet.

    Raises `HomeError` where a later release has been at work on them.
    """
    applied = _applied(home)
    if applied is None:
        return []
    ahead = sorted(applied - _known())
    if ahead:
        raise HomeError(
            f"{home.path}: its accounts were brought to a later release ({ahead[-1]}); install that"
            " release or a later one; nothing was changed"
        )
    return sorted(_known() - applied)


def check_upgraded(home: Home) -> None:
    """Raise `HomeError` where `equipoise upgrade` must come first."""
    if home.behind or accounts_behind(home):
        raise HomeError(
            f"{home.path}: was left by Equipoise {home.release}; run `equipoise upgrade --home"
            f" {home.path}` first, which makes a backup before it changes anything"
        )

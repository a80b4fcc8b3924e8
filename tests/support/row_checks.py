"""Checks of rows that tell where they were made; here, so that another process can find them."""

from __future__ import annotations

import os
from typing import Any

ASKING = "EQUIPOISE_TEST_CHECKS_IN"
"""The process that asks, by its id."""


def says_where(row: tuple[Any, ...]) -> str | None:
    """Not a fault: which process looked at the row."""
    return str(os.getpid())


def ends_elsewhere(row: tuple[Any, ...]) -> str | None:
    """A check that no process survives but the one that asks."""
    if str(os.getpid()) != os.environ[ASKING]:
        os._exit(1)
    return "odd" if row[0] % 2 else None


def finds_nothing(row: tuple[Any, ...]) -> str | None:
    """Whatever it is."""
    return None

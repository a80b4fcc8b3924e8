"""What can go wrong with an installation."""

from __future__ import annotations


class HomeError(Exception):
    """An installation cannot be made or opened; one line says why and what to do."""

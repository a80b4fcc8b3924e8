"""Opening a home for one command: what goes wrong is told in one line, and all is closed at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import UserError

if TYPE_CHECKING:
    from equipoise.home import Home


@contextmanager
def told() -> Iterator[None]:
    """Turn what a home, its ledger and its keeper may say against it into a `UserError`."""
    from equipoise.home import HomeError
    from equipoise.keeper import KeeperError
    from equipoise.ledger.errors import LedgerError

    try:
        yield
    except (HomeError, KeeperError, LedgerError) as error:
        raise UserError(str(error)) from error


@contextmanager
def opened(path: Path) -> Iterator[Home]:
    """The home in `path`, closed when the command ends, well or not."""
    from equipoise.home import Home

    with told(), Home.open(path) as home:
        yield home

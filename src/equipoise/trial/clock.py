"""Where the time comes from: the machine's clock, or a rehearsal's virtual day."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The instant, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The instant, in UTC, to the microsecond."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until moved; every reading is a second after the one before.

    So what is done by hand in a rehearsal gets distinct times in the order in which it was done.
    """

    def __init__(self, start: datetime) -> None:
        self._instant = start.astimezone(UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The virtual instant, which moves on by one second."""
        with self._lock:
            self._instant += timedelta(seconds=1)
            return self._instant

    def peek(self) -> datetime:
        """The virtual instant, without moving it."""
        return self._instant

    def move_to(self, instant: datetime) -> None:
        """Move forward; a clock never goes back."""
        with self._lock:
            self._instant = max(self._instant, instant.astimezone(UTC))

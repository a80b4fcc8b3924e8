"""Where the time comes from: the machine's clock, or a rehearsal's virtual day."""

from __future__ import annotations

import ctypes
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Step:
    """The machine's clock was set: seen at `at` (by the clock as it then stood), by so many seconds."""

    at: datetime
    seconds: float


STEP_SECONDS = 1.0
"""A clock kept by NTP is slewed by at most half a millisecond a second; what moves further was set."""
_STEPS_KEPT = 50


def _since_start() -> float:
    """Seconds by a clock that nobody sets, sleep of the machine included where the system counts it."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ClockWatch:
    """Notices that the machine's clock was set, back or forward, between two looks.

    The ledger shows a clock that went back; one that jumped forward leaves a gap there that a quiet weekend leaves
    too. A second clock, which nobody can set, tells them apart.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = _since_start,
    ) -> None:
        self._wall, self._steady = wall, steady
        self._lock = threading.Lock()
        self._offset = wall() - steady()
        self._steps: deque[Step] = deque(maxlen=_STEPS_KEPT)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps noticed by this process, the newest last."""
        return tuple(self._steps)

    def look(self) -> Step | None:
        """Compare the clocks; the step that happened since the last look, if one did."""
        with self._lock:
            wall, steady = self._wall(), self._steady()
            moved = wall - steady - self._offset
            if abs(moved) < STEP_SECONDS:
                # A slow drift is the slewing of a kept clock: it is followed and not summed up.
                self._offset = wall - steady
                return None
            self._offset = wall - steady
            step = Step(datetime.fromtimestamp(wall, UTC), round(moved, 3))
            self._steps.append(step)
            return step


_TIME_ERROR = 5


def clock_synchronized() -> bool | None:
    """Whether the kernel says that a time service keeps the machine's clock; None where it cannot be asked.

    Linux: `adjtimex(2)` with nothing to set answers `TIME_ERROR` for a clock that nobody keeps.
    """
    try:
        adjust = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return None
    state = adjust(ctypes.create_string_buffer(512))
    return None if state < 0 else bool(state != _TIME_ERROR)

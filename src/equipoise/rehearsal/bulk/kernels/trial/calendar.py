"""Days of the calendar and of a course: weekdays, and the working days among them."""

from __future__ import annotations

import numpy as np

from ..compiling import part

WEEK = 7


@part
def _weekday(day, starts_weekday):
    """0 for Monday; days of the calendar may be negative."""
    return (day + starts_weekday) % WEEK


@part
def working_day(day, starts_weekday):
    """The day itself, or the Monday after a weekend day."""
    over = _weekday(day, starts_weekday) - 4
    return day if over <= 0 else day + 3 - over


@part
def first_of_week(count, weekday):
    """Bits of the first so many working days of a week of the course, which begins on this weekday."""
    count = min(max(count, np.int32(0)), np.int32(5))
    # the weekend lies after the days up to Friday
    before = np.int32(np.int32(5) - weekday)
    until = np.int32(count + (np.int32(2) if count > before else np.int32(0)))
    working = np.uint32(0x7F) & ~np.uint32(np.uint32(3) << np.uint32(before))
    return np.uint32(np.uint32(np.uint32(1) << np.uint32(until)) - np.uint32(1)) & working

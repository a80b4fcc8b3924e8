"""Dates as precise as they are known: a year, a month, or a day."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

_PATTERN = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True, order=False)
class PartialDate:
    """A calendar date known to the year, to the month or to the day (ISO 8601, reduced precision).

    A month-precision date is never filled in to a day: comparisons go through `earliest` and
    `latest`, and are unknown where the precision does not decide them.
    """

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read `YYYY`, `YYYY-MM` or `YYYY-MM-DD`; ValueError says what is wrong."""
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = (int(part) if part else None for part in match.groups())
        if year is None or not 1850 <= year <= 2200:
            raise ValueError(f"{text!r} lies outside the years 1850 to 2200")
        if month is not None and not 1 <= month <= 12:
            raise ValueError(f"{text!r} has no month {month}")
        if (
            month is not None
            and day is not None
            and not 1 <= day <= calendar.monthrange(year, month)[1]
        ):
            raise ValueError(f"{text!r} has no day {day}")
        return cls(year, month, day)

    @classmethod
    def of(cls, day: date) -> PartialDate:
        """The day-precision date of `day`."""
        return cls(day.year, day.month, day.day)

    @property
    def precision(self) -> str:
        """`year`, `month` or `day`."""
        return "day" if self.day else "month" if self.month else "year"

    @property
    def earliest(self) -> date:
        """The first day it can mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """The last day it can mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def __str__(self) -> str:
        text = f"{self.year:04d}"
        if self.month:
            text += f"-{self.month:02d}"
        if self.day:
            text += f"-{self.day:02d}"
        return text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def build(value: Any) -> PartialDate:
            if isinstance(value, PartialDate):
                return value
            if isinstance(value, date):
                return cls.of(value)
            if isinstance(value, int) and not isinstance(value, bool):
                return cls.parse(str(value))
            if isinstance(value, str):
                return cls.parse(value)
            raise ValueError("a date is written YYYY, YYYY-MM or YYYY-MM-DD")

        return core_schema.no_info_plain_validator_function(
            build, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$"}


def months_after(day: date, months: int) -> date:
    """The same day of a later month; its last day where the month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def months_between(earlier: date, later: date) -> int:
    """Completed calendar months from `earlier` to `later`; negative when `later` comes first.

    A month is complete on the same day of the month, or on the month's last day where it has no
    such day: from 31 January one month is complete on 28 (29) February.
    """
    if later < earlier:
        return -months_between(later, earlier)
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    last_day = calendar.monthrange(later.year, later.month)[1]
    return months if later.day >= min(earlier.day, last_day) else months - 1


def years_between(earlier: date, later: date) -> int:
    """Completed years, as an age is counted."""
    whole = abs(months_between(earlier, later)) // 12
    return whole if later >= earlier else -whole

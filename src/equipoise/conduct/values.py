"""A captured value and its address, in the flat form that enters the ledger."""

from __future__ import annotations

import re
from typing import NamedTuple

from msgspec import Struct

_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")


def is_readable(text: str) -> bool:
    """Whether a person could read all of it: line breaks and tabs may stand in a text, other control
    characters, halves of a surrogate pair and the sign of a failed decoding (U+FFFD) may not."""
    return _UNREADABLE.search(text) is None


class Value(Struct, frozen=True):
    """One datum as typed and as understood.

    `raw` is what was typed. `value` is its canonical form: a decimal string in the item's own unit,
    an ISO 8601 date, a code, `true`/`false`, or text; `None` where the datum is stated to be
    missing. `unit` is the unit typed (UCUM). `code` names the codelist's scale and version, so
    that a grade always carries them (`WHO 1979`). `precision` is the number of decimals typed, or
    `year`/`month`/`day` for a date.
    """

    item: str
    raw: str
    value: str | None
    unit: str | None = None
    code: str | None = None
    precision: str | None = None


class Address(NamedTuple):
    """Where a value stands: visit / form / repeat. `visit` is `log` for log forms, `diary` for diaries.

    For a diary `repeat` is the ISO date; otherwise it counts from 1.
    """

    visit: str
    form: str
    repeat: str = "1"

    def __str__(self) -> str:
        return f"{self.visit}/{self.form}/{self.repeat}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address written by `str`."""
        visit, form, repeat = text.split("/")
        return cls(visit, form, repeat)


class Actor(Struct, frozen=True):
    """Who acts: a person's account name, the role acted in, and the site (empty: all sites)."""

    id: str
    role: str
    site: str = ""

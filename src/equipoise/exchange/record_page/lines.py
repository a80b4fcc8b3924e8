"""Lines of a record page: their words, their labels, and what kind of line they are."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from equipoise.quantity.dates import PartialDate

from ..criteria import heading_kind
from ..places import country_names
from .vocabulary import BOILERPLATE

_DATE = re.compile(r"\d{4}(?:-\d{2}){0,2}")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank: as it stands, and its words without markup. `number` counts from 0."""

    number: int
    raw: str
    words: str

    @property
    def leaf(self) -> str:
        """The line's name among the leaves of the record."""
        return f"line {self.number + 1}"

    @property
    def code(self) -> str:
        """The words as the registry's vocabulary writes them: `not_yet_recruiting`."""
        return re.sub(r"[^a-z0-9]+", "_", self.words.lower()).strip("_")


def bare(line: str) -> str:
    """A line without the marks a heading may carry: `## Brief Summary:`."""
    return re.sub(r"\s+", " ", line.strip().strip("#*_:： ").strip()).lower()


def is_boilerplate(section: str, words: str) -> bool:
    """Whether a line is the page's own sentence for the section, to the word or nearly so."""
    standard = BOILERPLATE.get(section)
    if standard is None:
        return False
    one, other = re.findall(r"\w+", words.lower()), re.findall(r"\w+", standard.lower())
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() >= 0.75


def labeled(words: str) -> tuple[str, str]:
    """`Role: primary` as (`role`, `primary`); no label where the colon belongs to prose."""
    match = re.match(r"([A-Za-z][A-Za-z /()-]{0,38}?)\s*[:：]\s*(.*)$", words)
    return (match[1].lower(), match[2].strip()) if match else ("", words)


def is_partial_date(value: str) -> bool:
    """Whether it is a year, a month or a day (ISO 8601)."""
    if not _DATE.fullmatch(value):
        return False
    try:
        PartialDate.parse(value)
    except ValueError:
        return False
    return True


def key_of(words: str) -> str:
    """By what two spellings of one name are equal."""
    return re.sub(r"[\W_]+", "", words).lower()


def is_prose(words: str) -> bool:
    """A sentence rather than a name."""
    return len(words) > 100 or (len(words) > 25 and words.rstrip()[-1:] in ".;。")


def is_country(words: str) -> bool:
    """Whether it is a country's English name."""
    return words.strip().lower() in country_names()


def opens_criteria(line: Line) -> bool:
    """Whether criteria begin here, though no heading has said so."""
    return (
        "criteria" in line.words.lower()
        and len(line.words) < 40
        and heading_kind(line.words) is not None
    )

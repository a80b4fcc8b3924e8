"""Plain-language tools the record checks share: one spelling for numbers, dashes and units."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from .facts import RecordFacts, plain

NUMBER_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "eighteen": 18, "twenty": 20, "twenty-one": 21, "twenty-eight": 28,
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
_WORD = re.compile(
    r"\b(" + "|".join(sorted(NUMBER_WORDS, key=len, reverse=True)) + r")\b(?!-)", re.IGNORECASE
)
_ONE_AND_A_HALF = re.compile(r"\b1 and (?:a|1) half\b")
_DASHES = re.compile(r"[‐‑‒–—―−－]")
_ORDINALS = (
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
    "eleventh", "twelfth", "thirteenth", "fourteenth",
)  # fmt: skip
_ORDINAL_DAY = re.compile(
    r"\b(?:(?P<word>" + "|".join(_ORDINALS) + r")|(?P<count>\d+)\s*(?:st|nd|rd|th))\s+"
    r"(?P<unit>day|week|month)(?=\s+(?:before|prior|preceding|ahead|after|following|post))"
)
_FULL_WIDTH = str.maketrans(
    {"，": ", ", "；": "; ", "。": ". ", "：": ": ", "、": ", ", "（": " (", "）": ") "}
)

_SHORT_UNITS = {
    "wk": "week", "wks": "weeks", "d": "days", "h": "hours", "hr": "hours", "hrs": "hours",
    "mos": "months", "yr": "year", "yrs": "years",
}  # fmt: skip
_SHORT_UNIT = re.compile(
    rf"(?<=\d )({'|'.join(sorted(_SHORT_UNITS, key=len, reverse=True))})\b\.?(?!/)"
)

UNIT_DAYS = {
    "hour": Decimal(1) / 24,
    "day": Decimal(1),
    "week": Decimal(7),
    "fortnight": Decimal(14),
    "month": Decimal(30),
    "year": Decimal(365),
}


def normal(text: str) -> str:
    """Lower case, one kind of dash, blank and comma, number words as digits, digits apart from letters.

    `Seven days` and `7 days`, `1.5mL` and `1.5 mL`, `a week` and `1 week`, `the seventh day
    before` and `7 days before` become the same.
    """
    words = re.sub(r"(?<=\d)：(?=\d)", ":", plain(text)).translate(_FULL_WIDTH)
    words = unicodedata.normalize("NFKC", words).lower()
    words = _DASHES.sub("-", words)
    words = _ORDINAL_DAY.sub(_as_duration, words)
    words = _WORD.sub(lambda match: str(NUMBER_WORDS[match[1].lower()]), words)
    words = _ONE_AND_A_HALF.sub("1.5", words)
    words = re.sub(
        r"\b(?:an?|single|another)\s+(?=(?:full |whole )?(?:day|week|fortnight|month|year)\b)",
        "1 ",
        words,
    )
    words = re.sub(r"(?<=\d)(?=[a-z])", " ", words)
    words = _SHORT_UNIT.sub(lambda match: _SHORT_UNITS[match[1]], words)
    words = re.sub(r"(?<=\d)-(?=(?:day|week|month|year|hour|minute|ml|mg)s?\b)", " ", words)
    return re.sub(r"\s+", " ", words).strip()


def prose(facts: RecordFacts) -> str:
    """All the record says in sentences, one spelling, a line a passage."""
    return "\n".join(normal(passage.text) for passage in facts.passages())


def _as_duration(match: re.Match[str]) -> str:
    """`the seventh day` as `7 day`."""
    count = match["count"] or str(_ORDINALS.index(match["word"]) + 1)
    return f"{count} {match['unit']}"


def sentences(text: str) -> Iterator[str]:
    """The sentences of a normal text; list numbers such as `2.` do not end one."""
    for piece in re.split(
        r"(?<=[a-z)\]%])[.;!?。；](?=\s|$)|\n+|(?<=\s)\d{1,2}\.\s+(?=[a-z])", text
    ):
        if piece.strip():
            yield piece.strip()


def days(count: str, unit: str) -> Decimal:
    """A duration in days; a month counts 30, a year 365, as protocols count them."""
    return Decimal(round(Decimal(count) * UNIT_DAYS[unit.rstrip("s")], 2)).normalize()


def tokens(name: str) -> frozenset[str]:
    """The telling words of an organization's name, for comparing names."""
    letters = unicodedata.normalize("NFKD", normal(name))
    unaccented = "".join(letter for letter in letters if not unicodedata.combining(letter))
    words = {
        word[:-1] if len(word) > 5 and word.endswith("s") else word
        for word in re.findall(r"[a-z0-9]+", unaccented.replace("ı", "i"))
    }
    return frozenset(words) - {
        "the",
        "of",
        "and",
        "s",
        "a",
        "in",
        "for",
    }

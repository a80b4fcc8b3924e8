"""Small pieces of SVG: escaped text, short numbers, text that fits."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Say = Callable[[str], str]
"""Translates one of our own phrases into the page's language (`gettext`)."""


def noop(phrase: str) -> str:
    """Marks a phrase for translation where it stands; `say` translates it where it is used."""
    return phrase


def escaped(text: object) -> str:
    """Text safe inside an element or a double-quoted attribute."""
    words = str(text)
    if "&" in words:
        words = words.replace("&", "&amp;")
    if "<" in words:
        words = words.replace("<", "&lt;")
    if ">" in words:
        words = words.replace(">", "&gt;")
    if '"' in words:
        words = words.replace('"', "&quot;")
    return words


def short(number: float) -> str:
    """A coordinate with at most one decimal."""
    text = f"{number:.1f}"
    return text[:-2] if text.endswith(".0") else text


def width_of(text: str, size: float = 12) -> float:
    """Roughly how wide a text is in the system's font, in user units; CJK characters are square."""
    if text.isascii():
        return 0.56 * size * len(text)
    wide = sum(1 for letter in text if unicodedata.east_asian_width(letter) in "WF")
    return size * (wide + 0.56 * (len(text) - wide))


def fitting(text: str, room: float, size: float = 12) -> str:
    """The text, cut with an ellipsis where it is wider than `room` user units."""
    if width_of(text, size) <= room:
        return text
    kept = text
    while kept and width_of(kept + "…", size) > room:
        kept = kept[:-1]
    return kept.rstrip() + "…"


def wrapped(text: str, room: float, size: float = 12, most: int = 3) -> list[str]:
    """The text in at most `most` lines no wider than `room`; the last is cut where it must be."""
    lines: list[str] = []
    current = ""
    for word in _breakable(text):
        if current and width_of(current + word, size) > room:
            lines.append(current.strip())
            current = word.lstrip()
        else:
            current += word
    if current.strip():
        lines.append(current.strip())
    if len(lines) > most:
        lines = [*lines[: most - 1], fitting("".join(lines[most - 1 :]), room, size)]
    return [fitting(line, room, size) for line in lines]


def _breakable(text: str) -> list[str]:
    """Pieces between which a line may end: after a space, and around CJK characters."""
    pieces: list[str] = []
    for letter in text:
        fresh = letter == " " or unicodedata.east_asian_width(letter) in "WF"
        if fresh or not pieces or unicodedata.east_asian_width(pieces[-1][-1]) in "WF":
            pieces.append(letter)
        else:
            pieces[-1] += letter
    return pieces

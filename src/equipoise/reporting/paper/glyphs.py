"""The characters that the shipped fonts hold. A report shows every character, or names the one it cannot.

A character without a glyph is never a silent box: it is written as its code point, `[U+1F600]`, so that
the rest of the report can be made and nothing is passed over.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.resources import files
from pathlib import Path


def fonts_folder() -> Path:
    """Where the fonts lie: Noto Sans SC, regular and bold (SIL Open Font License 1.1)."""
    return Path(str(files("equipoise.reporting.paper").joinpath("fonts")))


@cache
def characters() -> frozenset[str]:
    """Every character that both weights hold."""
    held: set[str] = set()
    for line in (fonts_folder() / "characters.txt").read_text(encoding="ascii").split():
        first, _, last = line.partition("-")
        held.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(held)


def printable(text: str) -> str:
    """The text in characters that have a glyph; line breaks stay, other control characters become spaces."""
    held = characters()
    if all(letter in held for letter in text):
        return text
    return "".join(letter if letter in held else _named(letter) for letter in _composed(text))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _named(letter: str) -> str:
    if letter in "\n":
        return letter
    category = unicodedata.category(letter)
    if category in ("Cc", "Zs", "Zl", "Zp"):
        return " "
    if category in ("Cf",) or 0xFE00 <= ord(letter) <= 0xFE0F:
        return ""
    return f"[U+{ord(letter):04X}]"


def missing(text: str) -> list[str]:
    """The characters of a text that have no glyph and are named instead, in order, each once."""
    held = characters()
    return [
        one
        for one in dict.fromkeys(_composed(text))
        if one not in held and _named(one).startswith("[")
    ]

"""What a document says, whatever form it takes: plain texts, tables and figures in sections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ..table import Table
from ..words import say


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in one language: SVG, its caption, and the ids of the tables that hold its data."""

    id: str
    caption: str
    svg: str
    tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph. `lead` is the document's answer, `to_write` a place that people fill in, `soft` small print."""

    text: str
    kind: Literal["plain", "lead", "to_write", "soft"] = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are: (name, value) pairs."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of texts, one a line; not `marked` where they carry numbers of their own."""

    texts: tuple[str, ...]
    marked: bool = True


Block = Paragraph | Facts | Items | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document: its anchor, its number as printed (may be empty), its heading, what stands in it."""

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    parts: tuple[Section, ...] = ()
    number: str = ""

    @property
    def heading(self) -> str:
        """Number and title."""
        return f"{self.number} {self.title}" if self.number else self.title


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole document in one language.

    `name` is the stem of its files. `bands` stand at the head of every page (a rehearsal, dummy arms, a
    closed session). `foot` names the data it was made from and stands on every page; `on` is the day that
    dates the file, never the day on which it was made.
    """

    name: str
    language: str
    kind: str
    title: str
    foot: str
    on: date
    sections: tuple[Section, ...]
    answer: str = ""
    bands: tuple[str, ...] = ()
    facts: Facts = field(default_factory=lambda: Facts(()))

    @property
    def listed(self) -> bool:
        """Whether lists of contents, tables and figures go before it: of numbered sections, not of a few pages to read."""
        return any(section.number for section in self.sections)

    def walk(self) -> Iterator[tuple[int, Section]]:
        """Every section with its depth, from 1, in order."""

        def down(sections: tuple[Section, ...], depth: int) -> Iterator[tuple[int, Section]]:
            for section in sections:
                yield depth, section
                yield from down(section.parts, depth + 1)

        yield from down(self.sections, 1)

    def tables(self) -> tuple[Table, ...]:
        """Every table, in order of appearance."""
        return tuple(
            block for _, section in self.walk() for block in section.blocks if isinstance(block, Table)
        )  # fmt: skip

    def figures(self) -> tuple[Figure, ...]:
        """Every figure, in order of appearance."""
        return tuple(
            block for _, section in self.walk() for block in section.blocks if isinstance(block, Figure)
        )  # fmt: skip

    def file(self, suffix: str) -> str:
        """The document's file: `report.pdf`, `report.zh-Hans.pdf`."""
        return paper_file(self.name, self.language, suffix)


def paper_file(name: str, language: str, suffix: str) -> str:
    """The file of a document in a language."""
    return f"{name}.{suffix}" if language == "en" else f"{name}.{language}.{suffix}"


def numbered(paper: Paper) -> dict[str, str]:
    """By id of table (`t:…`) and figure (`f:…`): what it is called, `Table 3`, in order of appearance.

    A table that stands twice keeps its first number.
    """
    names: dict[str, str] = {}
    for kind, found in (("table", paper.tables()), ("figure", paper.figures())):
        ids = dict.fromkeys(one.id for one in found)
        for number, one in enumerate(ids, 1):
            names[f"{kind[0]}:{one}"] = say(f"{kind}_number", paper.language, number=number)
    return names


def data_line(figure: Figure, names: dict[str, str], language: str) -> str:
    """Where a figure's data stand: `Data: Table 4, Table 7.` Empty where they stand nowhere in the document."""
    found = [names[f"t:{one}"] for one in figure.tables if f"t:{one}" in names]
    if not found:
        return ""
    return say("data_in", language, tables=(", " if language == "en" else "、").join(found))

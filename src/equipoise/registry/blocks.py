"""The parts a record page is made of, before they have a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh-Hans"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what the record says of it."""

    name: str
    words: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Several facts, as a definition list."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs; a line break inside one is kept."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a list with the number it has in the record, or none."""

    number: str | None
    words: str
    details: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Entries:
    """A list."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table: head, rows of cells (the first cell heads its row), notes under it.

    A row of one cell is a heading over the rows that follow.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MissingPart:
    """Said plainly where the record says nothing."""

    words: str


@dataclass(frozen=True, slots=True)
class Group:
    """A part of a section under a heading of its own; folded away where it is long and secondary."""

    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


Block = Facts | Prose | Entries | Table | MissingPart | Group


@dataclass(frozen=True, slots=True)
class DecisionNote:
    """What was decided about something the record leaves open, and how firm that is."""

    finding: str
    assumed: bool
    standing: str
    choice: str
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page; `missing` where the record says nothing in it."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    decisions: tuple[DecisionNote, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether the section only says that there is nothing."""
        return all(isinstance(block, MissingPart) for block in self.blocks)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The page: title, what stands under it, and the sections in order."""

    language: Language
    title: str
    official_title: str | None
    numbers: tuple[str, ...]
    status: str
    updated: str | None
    notices: tuple[str, ...]
    sections: tuple[Section, ...]
    further: Section | None

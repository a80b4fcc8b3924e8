"""What a reader makes of a registry record: a draft document, and where every leaf went."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any, Literal

from equipoise.protocol.record.facts import plain

Scalar = str | int | float | bool | None

KEY_PATTERN = re.compile(r"[^a-z0-9]+")


class RecordError(ValueError):
    """A record that cannot be read; the message says what is wrong, without the path."""


@dataclass(frozen=True, slots=True)
class Placement:
    """A leaf of the source stands at `path` of the draft, as `value`."""

    path: str
    value: Any


@dataclass(slots=True)
class RecordReading:
    """A record as read.

    `document` is the protocol document as plain data, without the kept remainder; `source` is
    the record as it came; `placements` names, for each leaf of the source, what it became, and
    `parsed` those leaves that were taken apart, with the path of what came of them. A leaf in
    neither is kept under `record.kept`.
    """

    format: Literal["ctgov_v2", "page"]
    source: Any
    document: dict[str, Any]
    placements: dict[str, list[Placement]] = field(default_factory=dict)
    parsed: dict[str, str] = field(default_factory=dict)

    def place(self, leaf: str, path: str, value: Any) -> None:
        """Note that `leaf` stands at `path` of the document as `value`."""
        self.placements.setdefault(leaf, []).append(Placement(path, value))


def language_map(text: str) -> dict[str, str]:
    """An English text of a record as the document writes it, markdown escapes taken off."""
    return {"en": plain(text).strip()}


def slug(text: str, *, fallback: str, taken: Container[str] = frozenset()) -> str:
    """A stable ASCII name made from a label: `Exosome spray (1)` becomes `exosome_spray_1`."""
    name = KEY_PATTERN.sub("_", text.lower()).strip("_")[:48].strip("_")
    if not name:
        name = fallback
    if not name[0].isalpha():
        name = f"{fallback}_{name}"[:56]
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def code(value: str) -> str:
    """An enumeration value as the document writes it: `NOT_YET_RECRUITING` in lower case."""
    return re.sub(r"[\s/-]+", "_", value.strip()).lower()

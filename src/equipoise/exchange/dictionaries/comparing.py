"""What a new version of a dictionary does to terms coded with an older one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from equipoise.conduct.coding import Dictionary, Entry
from equipoise.conduct.state import Coding

Kind = Literal["same", "renamed", "moved", "not_current", "gone"]


@dataclass(frozen=True, slots=True)
class Change:
    """`same`: nothing changes; `renamed`: names only; `moved`: another preferred term or class;
    `not_current` and `gone`: another term has to be chosen."""

    kind: Kind
    after: Entry | None


def compared(coding: Coding, dictionary: Dictionary) -> Change:
    """What becomes of a coding under this dictionary, if the same code is kept."""
    entry = dictionary.entries.get(coding.code)
    if entry is None:
        return Change("gone", None)
    if not entry.current:
        return Change("not_current", entry)
    if (entry.preferred_code, entry.group_code) != (coding.preferred_code, coding.group_code):
        return Change("moved", entry)
    names = (dict(entry.term), dict(entry.preferred), dict(entry.group))
    if names != (dict(coding.term), dict(coding.preferred), dict(coding.group)):
        return Change("renamed", entry)
    return Change("same", entry)

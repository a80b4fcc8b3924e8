"""Taking a results section apart: whatever is not well formed counts as not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from equipoise.protocol.record.facts import plain

from ..blocks import Block, Fact, Facts, Group
from ..words import label

Tree = Mapping[str, Any]
DASH = "–"


def mapping(tree: Any, key: str) -> Tree:
    """The object at a key, or an empty one."""
    value = tree.get(key) if isinstance(tree, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def entries(tree: Tree, key: str) -> list[Tree]:
    """The objects of a list at a key."""
    listed = tree.get(key)
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    return [entry for entry in listed if isinstance(entry, Mapping)]


def words(tree: Tree, key: str) -> str:
    """The text or number at a key as plain words; empty where there is none."""
    value = tree.get(key)
    return "" if value is None or isinstance(value, Mapping | list | bool) else plain(str(value))


def yes_no(tree: Tree, key: str, language: str) -> str:
    """A yes or a no at a key, in words."""
    value = tree.get(key)
    return label("yes" if value else "no", language) if isinstance(value, bool) else ""


def groups_of(tree: Tree, key: str = "groups") -> dict[str, str]:
    """Titles of the groups by their ids."""
    return {words(one, "id"): words(one, "title") or words(one, "id") for one in entries(tree, key)}


def by_group(listed: Iterable[Tree], groups: Mapping[str, str], key: str) -> tuple[str, ...]:
    """What is said for each group, in the order of the groups."""
    values = {words(one, "groupId"): words(one, key) for one in listed}
    return tuple(values.get(group) or DASH for group in groups)


def about_groups(tree: Tree, language: str, key: str = "groups") -> Iterator[Block]:
    """What the record says of each group, folded away."""
    facts = tuple(
        Fact(words(one, "title"), words(one, "description"))
        for one in entries(tree, key)
        if words(one, "description")
    )
    if facts:
        yield Group(label("about_groups", language), (Facts(facts),), folded=True)


class Remarks:
    """Comments on cells: a number stands in the cell, the words once under the table."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, cell: str, comment: str) -> str:
        """The cell with the number of its comment."""
        if not comment:
            return cell
        number = self._numbers.setdefault(comment, len(self._numbers) + 1)
        return f"{cell} [{number}]"

    @property
    def notes(self) -> tuple[str, ...]:
        """The comments in order."""
        return tuple(f"[{number}] {comment}" for comment, number in self._numbers.items())

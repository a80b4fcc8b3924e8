"""What a record says that has no section of its own: kept, and shown folded away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from equipoise.protocol.record.facts import plain

from .blocks import Block, Fact, Facts, Group, Prose, Section
from .words import label


def further_facts(record: Mapping[str, Any], language: str) -> Section | None:
    """The record's own facts that have no section: all of them; None where there are none."""
    groups: list[Block] = []
    kept = record.get("kept")
    for name, part in _mapping(kept).items():
        facts = tuple(_flat(part, str(name)))
        if facts:
            groups.append(Group(_heading(str(name)), (Facts(facts),), folded=True))
    raw = _mapping(record.get("raw"))
    if raw:
        facts = tuple(Fact(str(name), _words(words)) for name, words in raw.items())
        groups.append(Group(label("raw_note", language), (Facts(facts),), folded=True))
    variants = record.get("intervention_variants")
    if isinstance(variants, Sequence) and variants:
        groups.append(Prose(tuple(plain(str(_mapping(one).get("text", ""))) for one in variants)))
    if not groups:
        return None
    if set(_mapping(record.get("source")).values()) == {"page"}:
        groups = _one_group(groups, label("further_note", language))
    return Section("further", label("further", language), tuple(groups))


def _one_group(groups: list[Block], title: str) -> list[Block]:
    """The kept lines of a page stand in one list rather than a group a line."""
    facts: list[Fact] = []
    rest: list[Block] = []
    for group in groups:
        block = group.blocks[0] if isinstance(group, Group) and len(group.blocks) == 1 else None
        if (
            isinstance(block, Facts)
            and len(block.facts) == 1
            and block.facts[0].name.startswith("line ")
        ):
            facts += block.facts
        else:
            rest.append(group)
    return [Group(title, (Facts(tuple(facts)),), folded=True), *rest] if facts else rest


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _words(value: Any) -> str:
    if value is None or value == {} or value == []:
        return "–"
    return str(value)


def _flat(tree: Any, path: str) -> Iterator[Fact]:
    """The leaves of a kept part; places emptied because their leaves stand elsewhere are skipped."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            yield from _flat(value, f"{path}.{key}")
    elif isinstance(tree, Sequence) and not isinstance(tree, str) and tree:
        for index, value in enumerate(tree, 1):
            if value is not None:
                yield from _flat(value, f"{path} {index}")
    else:
        yield Fact(path, _words(tree))


def _heading(name: str) -> str:
    """`derivedSection` as `Derived section`."""
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return spaced[:1].upper() + spaced[1:]

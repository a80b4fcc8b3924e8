"""The leaves of a source: every value it holds, by its path, so that none can be lost unseen.

A leaf is a scalar of a JSON document, or an empty object or list (which says something too), or
one line of a text. Paths are written `protocolSection.armsInterventionsModule.armGroups[0].label`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_STEP = re.compile(r"\[(\d+)\]|((?:[^.\[\]\\]|\\.)+)")


_EMPTY = "\\e"
"""How the empty key is written in a path."""


def _quoted(key: str) -> str:
    return _EMPTY if not key else re.sub(r"([.\[\]\\])", r"\\\1", key)


def leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of a tree of mappings, lists and scalars, with its path."""
    if isinstance(tree, Mapping) and tree:
        for key, value in tree.items():
            step = _quoted(str(key))
            yield from leaves(value, f"{path}.{step}" if path else step)
    elif isinstance(tree, list) and tree:
        for index, value in enumerate(tree):
            yield from leaves(value, f"{path}[{index}]")
    else:
        yield path, tree


def steps(path: str) -> list[str | int]:
    """The keys and indexes of a path."""
    return [
        int(match[1])
        if match[1] is not None
        else ("" if match[2] == _EMPTY else re.sub(r"\\(.)", r"\1", match[2]))
        for match in _STEP.finditer(path)
    ]


class MissingLeafError(KeyError):
    """Nothing stands at the path."""


def at(tree: Any, path: str) -> Any:
    """What stands at a path; `MissingLeafError` if nothing does."""
    for step in steps(path):
        if isinstance(step, int):
            if not isinstance(tree, list) or step >= len(tree):
                raise MissingLeafError(path)
            tree = tree[step]
        else:
            if not isinstance(tree, Mapping) or step not in tree:
                raise MissingLeafError(path)
            tree = tree[step]
    return tree


def without(tree: Any, placed: frozenset[str] | set[str], path: str = "") -> Any:
    """The tree less the leaves in `placed`; None where nothing is left.

    A list keeps its length while anything in it is left (an emptied element becomes `{}` or
    null), so that paths into the pruned tree are those of the source.
    """
    if isinstance(tree, Mapping) and tree:
        kept: dict[str, Any] = {}
        for key, value in tree.items():
            step = _quoted(str(key))
            inner = f"{path}.{step}" if path else step
            rest = without(value, placed, inner)
            if rest is not None or (value is None and inner not in placed):
                kept[str(key)] = rest
        return kept or None
    if isinstance(tree, list) and tree:
        rests = [without(value, placed, f"{path}[{index}]") for index, value in enumerate(tree)]
        left = any(
            rest is not None or (value is None and f"{path}[{index}]" not in placed)
            for index, (rest, value) in enumerate(zip(rests, tree, strict=True))
        )
        return rests if left else None
    return None if path in placed else tree

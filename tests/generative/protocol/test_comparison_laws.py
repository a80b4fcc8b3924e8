"""Laws of comparing two protocols, over generated amendments of both shipped trials."""

from __future__ import annotations

import copy
import os
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.protocol.comparison import compare_protocols, differences
from equipoise.protocol.comparison.changes import Difference
from equipoise.protocol.document import Protocol
from support.played import second_protocol
from support.story import seed_protocol

DEEP = 20 if os.environ.get("EQUIPOISE_DEEP") else 1
NAMES = ("id", "version", "finding", "item", "code", "intervention", "role")


@lru_cache(maxsize=2)
def plain(which: int) -> dict[str, Any]:
    protocol = seed_protocol() if which == 0 else second_protocol()
    return protocol.model_dump(mode="json", by_alias=True)


def document(content: dict[str, Any]) -> Protocol:
    """A protocol that says exactly this, without asking whether it makes sense."""

    class Said(Protocol):
        def model_dump(self, **_options: Any) -> dict[str, Any]:  # type: ignore[override]
            return copy.deepcopy(content)

    return Said.model_construct()


def containers(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Addresses of every list and mapping in a document."""
    found = [path] if isinstance(node, dict | list) and node else []
    steps = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for step, inner in steps:
        found += containers(inner, (*path, step))
    return found


@lru_cache(maxsize=2)
def places(which: int) -> list[tuple[Any, ...]]:
    return containers(plain(which))


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        node = node[step]
    return node


@st.composite
def amended(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A document and a copy with one to five places removed, doubled, swapped or rewritten."""
    which = draw(st.integers(0, 1))
    new = copy.deepcopy(plain(which))
    for _ in range(draw(st.integers(1, 5))):
        path = draw(st.sampled_from(places(which)))
        try:
            node = at(new, path)
        except (KeyError, IndexError, TypeError):
            continue
        if isinstance(node, list) and node:
            position = draw(st.integers(0, len(node) - 1))
            match draw(st.integers(0, 2)):
                case 0:
                    del node[position]
                case 1:
                    node.insert(0, node.pop(position))
                case 2:
                    node.append(draw(st.integers(0, 9)))
        elif isinstance(node, dict) and node:
            key = draw(st.sampled_from(sorted(node)))
            match draw(st.integers(0, 2)):
                case 0:
                    del node[key]
                case 1:
                    node[key] = draw(st.one_of(st.none(), st.text(max_size=4), st.integers(0, 9)))
                case 2:
                    node["added"] = draw(st.integers(0, 9))
    return copy.deepcopy(plain(which)), new


def name_of(members: list[Any]) -> str:
    return next(name for name in NAMES if all(isinstance(m.get(name), str) for m in members))


def patched(content: Any, found: list[Difference]) -> Any:
    """The old document with every difference carried out; written apart from the code under test."""
    content = copy.deepcopy(content)
    for one in found:
        if not one.path:
            raise AssertionError("a difference of the whole document")
        node = content
        for step in one.path[:-1]:
            if isinstance(step, tuple):
                node = next(m for m in node if step[0] in (m.get(n) for n in NAMES))
            else:
                node = node[step]
        last = one.path[-1]
        if one.kind == "reordered":
            members = node[last]
            name = name_of(members)
            by_name = {member[name]: member for member in members}
            queue = iter(one.after)
            node[last] = [
                by_name[next(queue)] if member[name] in one.after else member for member in members
            ]
        elif isinstance(last, tuple):
            index = next(
                (i for i, m in enumerate(node) if last[0] in (m.get(n) for n in NAMES)), None
            )
            if one.kind == "removed":
                assert index is not None
                del node[index]
            else:
                assert index is None
                node.append(one.after)
        elif one.kind == "removed" and one.after is None:
            node.pop(last)
        else:
            node[last] = one.after
    return content


def canonical(node: Any) -> Any:
    """A document in which what is None and what is not there are one, and members stand by name."""
    if isinstance(node, dict):
        return {key: canonical(value) for key, value in sorted(node.items()) if value is not None}
    if isinstance(node, list):
        return sorted((canonical(value) for value in node), key=repr)
    return node


@settings(max_examples=30 * DEEP, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(amended())
def test_the_differences_lead_from_the_old_document_to_the_new_one(pair):
    old, new = pair
    found = differences(document(old), document(new))
    assert canonical(patched(old, found)) == canonical(new)
    assert bool(found) == (old != new)


@settings(max_examples=12 * DEEP, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(amended())
def test_backwards_what_was_added_is_removed(pair):
    old, new = pair
    there = differences(document(old), document(new))
    back = differences(document(new), document(old))
    turned = {
        "added": "removed",
        "removed": "added",
        "changed": "changed",
        "reordered": "reordered",
    }
    assert {(one.place, turned[one.kind]) for one in there} == {
        (one.place, one.kind) for one in back
    }


@settings(max_examples=12 * DEEP, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(amended())
def test_every_difference_has_an_area_wherever_it_stands(pair):
    old, new = pair
    old.pop("added", None)
    new.pop("added", None)
    for change in compare_protocols(document(old), document(new)):
        assert change.area
        assert not (change.translation and change.substantial)

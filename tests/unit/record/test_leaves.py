"""Leaves have paths, and what is pruned is exactly what was placed."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from equipoise.exchange.leaves import at, leaves, without

TREES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(TREES)
def test_every_leaf_is_found_at_its_path(tree: Any) -> None:
    for path, value in leaves(tree):
        assert at(tree, path) == value


@given(TREES)
def test_paths_are_distinct(tree: Any) -> None:
    paths = [path for path, _ in leaves(tree)]
    assert len(paths) == len(set(paths))


@given(TREES, st.data())
def test_pruning_keeps_every_leaf_that_was_not_placed(tree: Any, data: st.DataObject) -> None:
    paths = [path for path, _ in leaves(tree) if path]
    placed = set(data.draw(st.lists(st.sampled_from(paths)))) if paths else set()
    rest = without(tree, placed)
    for path, value in leaves(tree):
        if path not in placed and (path or value is not None):
            assert at(rest, path) == value

"""A protocol's version is its content hash: the same for documents that say the same, another for any other."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol

ROOT = Path(__file__).parents[3]
TRIALS = ["nct07312656", "example-hypertension"]


def shipped(trial: str) -> Protocol:
    return load_protocol(ROOT / "trials" / trial / "protocol.yaml")


@pytest.mark.parametrize("trial", TRIALS)
def test_spelling_out_what_holds_anyway_changes_nothing(trial):
    document = shipped(trial)
    spelled_out = document.model_dump(by_alias=True)
    assert len(str(spelled_out)) > 1.2 * len(str(document.model_dump(exclude_defaults=True)))
    assert Protocol.model_validate(spelled_out).version == document.version


def leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(node, dict | list):
        steps = node.items() if isinstance(node, dict) else enumerate(node)
        for step, child in steps:
            yield from leaves(child, (*path, step))
    else:
        yield path, node


@pytest.mark.parametrize("trial", TRIALS)
def test_any_other_text_number_or_answer_is_another_version(trial):
    """Every twentieth leaf of the document, changed so that it is still a protocol."""
    document = shipped(trial)
    content = document.model_dump(by_alias=True, exclude_defaults=True)
    changed = 0
    for path, leaf in list(leaves(content))[::20]:
        other = copy.deepcopy(content)
        inside: Any = other
        for step in path[:-1]:
            inside = inside[step]
        if isinstance(leaf, bool):
            inside[path[-1]] = not leaf
        elif isinstance(leaf, str):
            inside[path[-1]] = leaf + "x"
        elif leaf is not None and not isinstance(leaf, dict):
            try:
                inside[path[-1]] = leaf + 1
            except TypeError:
                continue
        try:
            mutant = Protocol.model_validate(other)
        except ValidationError:
            continue
        if mutant == document:
            continue  # text that is normalized away
        changed += 1
        assert mutant.version != document.version, path
    assert changed > 50

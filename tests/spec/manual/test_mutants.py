"""The explanations of mutants that nothing notices are about mutants that there are."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutate", ROOT / "tools" / "mutate.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["mutate"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_explanation_is_about_a_mutant_that_can_be_made(tool: ModuleType) -> None:
    """Otherwise the line it spoke of has changed, and whether a test holds the new one is open."""
    made = {
        mutant.name
        for room in tool.ROOMS
        for file in tool.files_of(room)
        for mutant in tool.mutants(file, told_only=True)
    }
    explained = tool.explained()
    assert sorted(set(explained) - made) == []
    assert all(len(why.split()) > 3 for why in explained.values())


def test_every_room_has_its_files_and_its_tests(tool: ModuleType) -> None:
    for room, (places, tests) in tool.ROOMS.items():
        assert list(tool.files_of(room)), room
        for place in (*places, *tests, *tool.FIRST[room]):
            file, _, name = place.partition("::")
            assert (ROOT / file).exists(), f"{room}: {place}"
            assert name in (ROOT / file).read_text() if name else True, f"{room}: {place}"

"""The table of clauses: each has a test, each test exists, and the page says so."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[3] / "tools" / "traceability.py"


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("traceability", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_clause_names_a_test_and_every_test_named_exists(tool: ModuleType) -> None:
    standards = tool.read_clauses()
    assert tool.faults(standards, tool.defined()) == []
    assert {one["standard"] for one in standards} == {
        "21 CFR Part 11", "EU GMP Annex 11", "ICH E6(R3)",
    }  # fmt: skip
    assert all(len(one["clauses"]) >= 15 for one in standards)


def test_the_traceability_page_is_current(tool: ModuleType) -> None:
    made = tool.page(tool.read_clauses(), tool.defined())
    assert tool.PAGE.read_text(encoding="utf-8") == made, "run: make pages"


def test_what_is_missing_doubled_or_ambiguous_is_named(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    for folder in (tmp_path, tmp_path / "one"):
        (folder / "test_a.py").write_text("def test_twice(): ...\n", encoding="utf-8")
    (tmp_path / "one" / "test_b.py").write_text("def test_once(): ...\n", encoding="utf-8")
    tests = tool.defined(tmp_path)
    clauses = [
        {"id": "1", "tests": ["test_once", "test_gone", "test_twice"]},
        {"id": "1", "tests": ["test_b.py::test_once"]},
        {"id": "2", "tests": []},
    ]
    assert tool.faults([{"standard": "S", "clauses": clauses}], tests) == [
        "S 1: test_gone: there is no such test",
        "S 1: test_twice: it is in one/test_a.py, test_a.py",
        "S 1: is named twice",
        "S 2: names no test",
    ]


def test_every_test_that_the_threat_model_names_exists(tool: ModuleType) -> None:
    page = TOOL.parents[1] / "docs" / "explanation" / "threat-model.md"
    named = re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))
    assert len(named) >= 20
    tests = tool.defined()
    assert [name for name in named if name not in tests] == []

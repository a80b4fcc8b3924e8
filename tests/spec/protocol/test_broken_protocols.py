"""Every broken protocol of the corpus tells its faults, each on its line, and its mended text is silent."""

from __future__ import annotations

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


def _load_page_writer() -> ModuleType:
    path = ROOT / "tools" / "faults_page.py"
    spec = importlib.util.spec_from_file_location("faults_page", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["faults_page"] = module
    spec.loader.exec_module(module)
    return module


faults_page = _load_page_writer()
CASES = faults_page.corpus()

CODES_WITHOUT_EXAMPLE = {"unreadable-file", "file-too-large"}
"""Faults of files that cannot be examples; the page says so in words."""


def test_the_corpus_holds_more_than_sixty_broken_protocols() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_a_broken_protocol_gives_exactly_its_documented_faults_on_their_lines(case) -> None:
    found = sorted((one.code, one.line) for one in faults_page.told(case.path))
    assert found == sorted(case.expected)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.path.stem)
def test_every_fault_says_what_is_wrong_and_what_would_be_right(case) -> None:
    for one in faults_page.told(case.path):
        assert one.message
        assert one.remedy
        assert "Traceback" not in one.message
        assert "pydantic" not in one.message.lower()


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.mended], ids=lambda case: case.path.stem
)
def test_the_mended_text_is_silent(case) -> None:
    assert faults_page.told(case.mended_text) == []


def _codes_in_source() -> set[str]:
    """Codes written in the source of reading and checks: first arguments and returned tuples."""
    codes: set[str] = set()
    room = ROOT / "src" / "equipoise" / "protocol"
    for path in [*room.glob("reading/*.py"), *room.glob("checks/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            codes |= _codes_of(node, path.name)
    return codes


def _codes_of(node: ast.AST, module: str) -> set[str]:
    if isinstance(node, ast.Call):
        return _codes_of_call(node)
    if isinstance(node, ast.Return | ast.Assign) and getattr(node.value, "elts", None):
        first = node.value.elts[0]
        if isinstance(first, ast.Constant) and len(node.value.elts) == 3:
            if module == "explain.py":
                return {first.value}
            if module == "names.py":
                return {f"unknown-{first.value}"}
    if module == "dictionary.py" and isinstance(node, ast.Constant):
        return {node.value} if str(node.value).startswith("expression-") else set()
    return set()


def _codes_of_call(node: ast.Call) -> set[str]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    position = {
        "error": 0,
        "warning": 0,
        "note": 0,
        "fault": 0,
        "Fault": 0,
        "add": 1,
        "_stretch": 1,
    }
    if name not in position or len(node.args) <= max(position[name], 2):
        return set()
    argument = node.args[position[name]]
    parts = [argument.body, argument.orelse] if isinstance(argument, ast.IfExp) else [argument]
    return {part.value for part in parts if isinstance(part, ast.Constant)}


def test_the_scan_of_the_source_sees_the_codes() -> None:
    codes = _codes_in_source()
    assert len(codes) > 80
    assert {"unknown-key", "duplicate-id", "unknown-item", "expression-unit", "too-deep"} <= codes


def test_every_code_is_documented_by_an_example() -> None:
    shown = {code for case in CASES for code, _ in case.expected}
    assert _codes_in_source() - CODES_WITHOUT_EXAMPLE <= shown


def test_the_page_of_faults_is_current() -> None:
    """Run `python tools/faults_page.py` after changing a check or the corpus."""
    assert faults_page.PAGE.read_text(encoding="utf-8") == faults_page.page()


def test_the_page_has_a_section_for_every_code_an_example_is_named_after() -> None:
    page = faults_page.page()
    for case in CASES:
        assert f"\n## {faults_page.main_code(case)}\n" in page

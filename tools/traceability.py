"""Write docs/reference/traceability.md: which test shows that which clause is met. A test keeps it current.

python tools/traceability.py

Clauses and the names of their tests stand in tests/data/clauses.yaml; what a test says is its name, and where it
stands is looked up in the tests themselves.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
CLAUSES = ROOT / "tests" / "data" / "clauses.yaml"
PAGE = ROOT / "docs" / "reference" / "traceability.md"

_INTRODUCTION = """\
# Clauses and the tests that show them

What 21 CFR Part 11, EU GMP Annex 11 and ICH E6(R3) ask of a computerized system, as far as software can answer, and the tests that show
it. This page is written by `tools/traceability.py` from `tests/data/clauses.yaml` and the tests; a test fails when it is not current, when a clause
names no test, or when a test named is no more. Each sentence is the name of a test, which runs with every change.

Clauses are told in our words: read the texts themselves. A table like this is no validation: that is made at the place of use, of the
version, machine and protocol that will be used, and these tests are its evidence. *Besides* says what a clause asks of people.
"""


def defined(root: Path = ROOT / "tests") -> dict[str, list[str]]:
    """Every test function by name: the files, from the tests' folder, that define it."""
    found: dict[str, list[str]] = {}
    for path in sorted(root.rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.setdefault(node.name, []).append(path.relative_to(root).as_posix())
    return found


def place_of(named: str, tests: dict[str, list[str]]) -> str:
    """`file::function` of a test. ValueError where there is none of the name, or more than one."""
    file, _colons, name = named.rpartition("::")
    places = [place for place in tests.get(name, []) if place.endswith(f"/{file}") or not file]
    if len(places) != 1:
        why = "there is no such test" if not places else f"it is in {', '.join(places)}"
        raise ValueError(f"{named}: {why}")
    return f"{places[0]}::{name}"


def faults(standards: list[dict[str, Any]], tests: dict[str, list[str]]) -> list[str]:
    """Clauses without a test or named twice, and tests that are not there."""
    found, seen = [], set()
    for standard in standards:
        for clause in standard["clauses"]:
            key = (standard["standard"], clause["id"])
            if key in seen:
                found.append(f"{key[0]} {key[1]}: is named twice")
            seen.add(key)
            if not clause.get("tests"):
                found.append(f"{key[0]} {key[1]}: names no test")
            for named in clause.get("tests") or ():
                try:
                    place_of(named, tests)
                except ValueError as error:
                    found.append(f"{key[0]} {key[1]}: {error}")
    return found


def read_clauses() -> list[dict[str, Any]]:
    """The standards with their clauses."""
    standards: list[dict[str, Any]] = yaml.safe_load(CLAUSES.read_text(encoding="utf-8"))
    return standards


def page(standards: list[dict[str, Any]], tests: dict[str, list[str]]) -> str:
    """The page. ValueError as `place_of`."""
    lines = [_INTRODUCTION]
    for standard in standards:
        lines += [f"## {standard['standard']}", "", standard["title"], ""]
        lines += ["| clause | asks for | shown by |", "|---|---|---|"]
        for clause in standard["clauses"]:
            shown = "<br>".join(_sentence(place_of(one, tests)) for one in clause["tests"])
            besides = f" *Besides:* {clause['procedure']}." if clause.get("procedure") else ""
            lines.append(f"| {clause['id']} | {clause['about']}.{besides} | {shown} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _sentence(place: str) -> str:
    file, _colons, name = place.partition("::")
    words = re.sub(r"_+", " ", name.removeprefix("test_"))
    return f"{words[0].upper()}{words[1:]} (`{file}`)"


def main() -> int:
    """Write the page; exit code 1 where a clause or a test is wrong."""
    standards, tests = read_clauses(), defined()
    wrong = faults(standards, tests)
    if wrong:
        print("\n".join(wrong), file=sys.stderr)
        return 1
    PAGE.write_text(page(standards, tests), encoding="utf-8")
    print(PAGE.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())

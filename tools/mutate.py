#!/usr/bin/env python3
"""Mutation testing of the rooms on which trust rests: change one thing at a time, and see whether a test says so.

    python tools/mutate.py allocation keeper            # every mutant
    python tools/mutate.py keeper --sample 40 --seed 1  # some of them

Each mutant is one change to one expression of a module: a comparison turned, an operator exchanged, a
constant moved by one, a condition negated, a text spoiled that is compared or hashed, a `raise` left out.
The tests named for the room run against it, in a copy of the source; a mutant that no test notices has
*survived*. Survivors that are known to change nothing stand in `tests/data/mutants.txt`, each with its
reason; any other one makes the exit code 1.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPLAINED = ROOT / "tests" / "data" / "mutants.txt"
ROOMS = {
    "allocation": (
        ("src/equipoise/allocation",),
        ("tests/unit/allocation", "tests/reference/allocation", "tests/generative/allocation"),
    ),
    "keeper": (("src/equipoise/keeper",), ("tests/unit/keeper", "tests/contract/keeper")),
    "verifier": (
        ("tools/verify.py",),
        ("tests/abuse/ledger/test_tampering.py", "tests/unit/ledger"),
    ),
    "verification": (
        ("src/equipoise/ledger/verification.py",),
        ("tests/abuse/ledger/test_tampering.py", "tests/unit/ledger"),
    ),
}
SECONDS = 240
"""After so long a mutant is taken to hang, which a test has then noticed."""

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.Mod: ast.FloorDiv, ast.RShift: ast.LShift, ast.LShift: ast.RShift,
    ast.BitXor: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: where, what it was and what it became, and the whole module with it."""

    file: Path
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """How it is told, and looked up among the explained ones: without the line, which moves."""
        return f"{self.file.relative_to(ROOT)}: {self.before} -> {self.after}"


def changes(node: ast.AST) -> Iterator[Callable[[], Callable[[], None]]]:
    """For each way to change the node: a function that does it and answers how to undo it."""

    def set_(owner: object, name: str, value: object) -> Callable[[], Callable[[], None]]:
        def do() -> Callable[[], None]:
            old = getattr(owner, name)
            setattr(owner, name, value)
            return lambda: setattr(owner, name, old)

        return do

    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARED:
        yield set_(node, "ops", [_COMPARED[type(node.ops[0])](), *node.ops[1:]])
    if isinstance(node, ast.BinOp) and type(node.op) in _COMPUTED:
        yield set_(node, "op", _COMPUTED[type(node.op)]())
    if isinstance(node, ast.AugAssign) and type(node.op) in _COMPUTED:
        yield set_(node, "op", _COMPUTED[type(node.op)]())
    if isinstance(node, ast.BoolOp):
        yield set_(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield set_(node, "value", not node.value)
        elif isinstance(node.value, int):
            yield set_(node, "value", node.value + 1)
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield set_(node, "test", ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.Raise) and node.exc is not None:
        yield set_(node, "exc", ast.Constant(None))


def mutants(file: Path) -> Iterator[Mutant]:
    """Every mutant of a module. Texts, annotations and decorators stay as they are."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for parent in ast.walk(tree):
        for node in ast.iter_child_nodes(parent):
            node.parent = parent  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if _is_declaration(node):
            continue
        for change in changes(node):
            shown = _statement(node)
            before = ast.unparse(shown).split("\n")[0]
            undo = change()
            try:
                after = ast.unparse(ast.fix_missing_locations(shown)).split("\n")[0]
                source = ast.unparse(ast.fix_missing_locations(tree))
            finally:
                undo()
            yield Mutant(file, getattr(node, "lineno", 0), before, after, source)


def _is_declaration(node: ast.AST) -> bool:
    """Whether the node stands in an annotation or a decorator."""
    child, parent = node, getattr(node, "parent", None)
    while parent is not None:
        if isinstance(parent, ast.AnnAssign | ast.arg) and child is parent.annotation:
            return True
        if isinstance(parent, ast.FunctionDef | ast.ClassDef) and child in parent.decorator_list:
            return True
        if isinstance(parent, ast.FunctionDef) and child is parent.returns:
            return True
        child, parent = parent, getattr(parent, "parent", None)
    return False


def _statement(node: ast.AST) -> ast.AST:
    """The statement the node stands in."""
    while not isinstance(node, ast.stmt):
        node = node.parent  # type: ignore[attr-defined]
    return node


def killed(mutant: Mutant, copy: Path, tests: tuple[str, ...]) -> bool:
    """Whether a test fails on the mutant, run in a copy of the project."""
    target = copy / mutant.file.relative_to(ROOT)
    original = target.read_text(encoding="utf-8")
    target.write_text(mutant.source, encoding="utf-8")
    try:
        return not passes(copy, tests)
    finally:
        target.write_text(original, encoding="utf-8")


def passes(copy: Path, tests: tuple[str, ...]) -> bool:
    """Whether the tests pass in the copy as it stands."""
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 0


def explained() -> dict[str, str]:
    """Survivors that change nothing, with the reason: a line with the mutant, a line with why."""
    found, last = {}, ""
    for line in EXPLAINED.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            found[last] = line.strip()
        elif line.strip() and not line.startswith("#"):
            last = line.strip()
    return found


def main() -> int:
    """Run the mutants of some rooms; 1 where one survived that is not explained."""
    parser = argparse.ArgumentParser(description="Mutation testing.")
    parser.add_argument("rooms", nargs="*", default=sorted(ROOMS))
    parser.add_argument("--sample", type=int, help="so many mutants of each room, at random")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    known, unexplained = explained(), 0
    with tempfile.TemporaryDirectory(prefix="equipoise-mutants-") as folder:
        copy = Path(folder)
        for part in ("src", "tests", "tools", "docs", "trials", "pyproject.toml"):
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("_build"))
            else:
                shutil.copy(source, copy / part)
        for room in given.rooms:
            places, tests = ROOMS[room]
            files = [
                file
                for place in places
                for file in (
                    [ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py")
                )
            ]
            every = [mutant for file in sorted(files) for mutant in mutants(file)]
            if given.sample is not None and given.sample < len(every):
                every = random.Random(given.seed).sample(every, given.sample)
            if not passes(copy, tests):
                print(f"{room}: its tests fail without any mutant; mend them first")
                return 1
            survived = 0
            for mutant in every:
                if killed(mutant, copy, tests):
                    continue
                survived += 1
                why = known.get(mutant.name)
                unexplained += why is None
                mark = f"explained: {why}" if why else "SURVIVED"
                print(f"{mutant.file.name}:{mutant.line} {mark}\n    {mutant.name}", flush=True)
            print(f"{room}: {len(every)} mutants, {len(every) - survived} killed", flush=True)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())

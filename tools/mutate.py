#!/usr/bin/env python3
"""Mutation testing of the rooms on which trust rests: change one thing at a time, and see whether a test says so.

    python tools/mutate.py allocation keeper            # every mutant
    python tools/mutate.py keeper --sample 40 --seed 1  # some of them

Each mutant is one change to one expression of a module: a comparison turned, an operator exchanged, a
constant moved by one, a condition negated, a `raise` that raises nothing of its own, a call left out whose answer
nobody takes. Texts stay as they are.
The tests named for the room run against it, in a copy of the source; a mutant that no test notices has
*survived*. Survivors that are known to change nothing stand in `tests/data/mutants.txt`, each with its
reason; any other one makes the exit code 1.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXPLAINED = ROOT / "tests" / "data" / "mutants.txt"
VERIFYING = (
    "tests/unit/ledger",
    "tests/generative/ledger/test_two_verifiers.py",
    "tests/abuse/ledger/test_tamper_matrix.py",
    "tests/abuse/ledger/test_tampering.py",
)
FIRST = {
    "allocation": ("tests/unit/allocation", "tests/reference/allocation"),
    "keeper": ("tests/unit/keeper",),
    "verifier": (
        "tests/unit/ledger/test_stand_alone_words.py",
        "tests/unit/ledger/test_stand_alone_signatures.py",
        "tests/unit/ledger/test_signatures.py",
        "tests/unit/ledger/test_what_is_found.py",
        "tests/abuse/ledger/test_tampering.py::test_the_stand_alone_verifier_runs_alone",
    ),
    "verification": (
        "tests/unit/ledger/test_what_is_found.py",
        "tests/unit/ledger/test_clock_steps.py",
    ),
    "statements": (
        "tests/unit/ledger/test_signed_statements.py",
        "tests/unit/ledger/test_canonical_form.py",
        "tests/unit/ledger/test_checkpoints.py::test_a_reason_is_a_plain_word",
    ),
}
"""The tests of a room that are quick and notice most mutants; the others are asked where these say nothing."""
ROOMS = {
    "allocation": (
        ("src/equipoise/allocation",),
        ("tests/unit/allocation", "tests/reference/allocation", "tests/generative/allocation"),
    ),
    "keeper": (("src/equipoise/keeper",), ("tests/unit/keeper", "tests/contract/keeper")),
    "verifier": (("tools/verify.py",), VERIFYING),
    "verification": (("src/equipoise/ledger/verification.py",), VERIFYING),
    "statements": (
        tuple(
            f"src/equipoise/ledger/{name}.py"
            for name in ("checkpoint", "envelope", "head", "merkle", "proof", "signing")
        ),
        VERIFYING,
    ),
}
LIBRARIES = (
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "hypothesis",
    "numpy",
    "pydantic",
    "typer.testing",
    "yaml",
)
"""Loaded once for all runs."""
QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""That pytest comes too late to rewrite the assertions of a library already loaded."""
QUICK_SECONDS, SECONDS = 10, 120
"""After so long (of the processor; ten times as long by the clock, if it only waits) a mutant is taken to hang, which a
test has then noticed. All tests of a room need a third of it, the quick ones a quarter."""

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
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield set_(node, "value", ast.Constant(None))
    if isinstance(node, ast.Raise) and node.exc is not None:
        yield set_(node, "exc", ast.Constant(None))


def files_of(room: str) -> list[Path]:
    """The modules of a room."""
    places = [ROOT / place for place in ROOMS[room][0]]
    return sorted(
        file for place in places for file in (place.rglob("*.py") if place.is_dir() else [place])
    )


def mutants(file: Path, *, told_only: bool = False) -> Iterator[Mutant]:
    """Every mutant of a module. Texts, annotations and decorators stay as they are.

    With `told_only` they come without their source, which takes most of the time.
    """
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
                source = "" if told_only else ast.unparse(ast.fix_missing_locations(tree))
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


class Tests:
    """The tests of a room, run over and over in a copy of the project.

    Every run is a fork of this process, which has the libraries loaded already but nothing of Equipoise; the
    tests that noticed a mutant before are asked first.
    """

    def __init__(self, copy: Path, room: str, *, quick: bool = False) -> None:
        self.copy, self.first = copy, FIRST[room]
        self.all = self.first if quick else ROOMS[room][1]
        self.noticed: Counter[str] = Counter()
        os.environ["PYTHONPATH"] = str(copy / "src")
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # loading them costs more than the tests
        sys.dont_write_bytecode = True
        for library in LIBRARIES:
            importlib.import_module(library)

    def kill(self, mutant: Mutant) -> bool:
        """Whether a test fails on the mutant."""
        target = self.copy / mutant.file.relative_to(ROOT)
        original = target.read_text(encoding="utf-8")
        target.write_text(mutant.source, encoding="utf-8")
        try:
            failed = self.failing(self.first, QUICK_SECONDS)
            if failed is None and self.first != self.all:
                failed = self.failing(self.all)
        finally:
            target.write_text(original, encoding="utf-8")
        if failed:
            self.noticed[failed] += 1
        return failed is not None

    def failing(self, chosen: tuple[str, ...], seconds: int = SECONDS) -> str | None:
        """The first of the chosen tests that fails in the copy as it stands ("" where none ends in time)."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            code = 1
            try:
                os.close(reading)
                resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
                code = self._run(writing, chosen)
            finally:
                os._exit(code)  # nothing of the parent's is to be cleaned up here
        os.close(writing)
        end, told = time.monotonic() + 10 * seconds, b""
        with open(reading, "rb") as pipe:
            while True:
                ready, _, _ = select.select([pipe], [], [], max(end - time.monotonic(), 0))
                part = os.read(reading, 4096) if ready else b""
                told += part
                if not part:
                    break
        if not ready:
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        return None if status == 0 else told.decode().partition("\n")[0]

    def _run(self, writing: int, chosen: tuple[str, ...]) -> int:
        os.setsid()
        os.chdir(self.copy)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        sys.path.insert(0, str(self.copy / "src"))
        order = _Order(self.noticed, writing)
        options = ["-q", "-x", "-p", "no:cacheprovider", *QUIET]
        return int(pytest.main([*options, *chosen], plugins=[order]))


class _Order:
    """Puts the tests that noticed most mutants first, and tells which one fails."""

    def __init__(self, noticed: Counter[str], writing: int) -> None:
        self.noticed, self.writing = noticed, writing

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: -self.noticed[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.writing, f"{report.nodeid}\n".encode())


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
    parser.add_argument("--quick", action="store_true", help="ask the quick tests only")
    parser.add_argument("--containing", default="", help="those whose telling holds this text")
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
            every = [
                mutant
                for file in files_of(room)
                for mutant in mutants(file)
                if given.containing in mutant.name
            ]
            if given.sample is not None and given.sample < len(every):
                every = random.Random(given.seed).sample(every, given.sample)
            tests = Tests(copy, room, quick=given.quick)
            # Tests that take more than half of what a mutant is given would kill mutants by being slow.
            for chosen, seconds in ((tests.first, QUICK_SECONDS // 2), (tests.all, SECONDS // 2)):
                if (failed := tests.failing(chosen, seconds)) is not None:
                    print(f"{room}: its tests fail or last too long without any mutant: {failed}")
                    return 1
            survived = 0
            for place, mutant in enumerate(every, 1):
                print(f"{room}: {place} of {len(every)}", end="\r", file=sys.stderr, flush=True)
                if tests.kill(mutant):
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

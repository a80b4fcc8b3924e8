"""What was compiled of a kernel is used again by the next process, as long as none of its sources has changed."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from equipoise.rehearsal.bulk import kernels
from equipoise.rehearsal.bulk.kernels import compiling

ENTRY = """
from typing import NamedTuple

from ..compiling import kernel
from ..beside import more
from .beneath import further

class Given(NamedTuple):
    number: int

@kernel
def compiled(given):
    return further(more(given.number))

print(compiled(Given(5)), sum(compiled.stats.cache_hits.values()))
"""
STEP = """
from {}compiling import step

@step
def {}(number):
    return number + {}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A kernel in a folder of its own with a step beside it, and one in the folder of `compiling`."""
    within = tmp_path / "kernels" / "trial"
    within.mkdir(parents=True)
    shutil.copy(compiling.__file__, within.parent)
    for place in (within.parent, within):
        (place / "__init__.py").touch()
    (within / "entry.py").write_text(ENTRY)
    (within / "beneath.py").write_text(STEP.format("..", "further", 10))
    (within.parent / "beside.py").write_text(STEP.format(".", "more", 100))
    return within


def call(folder: Path, **places: str) -> tuple[int, int]:
    """The kernel's result in a new process, and how often it was found compiled."""
    settings = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    # Python itself would not see a change within a second
    settings |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder.parent.parent), **places}
    done = subprocess.run(
        [sys.executable, "-c", "import kernels.trial.entry"],
        capture_output=True,
        text=True,
        env=settings,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result, found = done.stdout.split()
    return int(result), int(found)


def test_a_kernel_is_compiled_anew_when_another_of_its_files_has_changed(folder: Path) -> None:
    """A step in its own folder and one above; and what was compiled before is found when all is as it was."""
    assert call(folder) == (115, 0)
    assert call(folder) == (115, 1)
    (folder / "beneath.py").write_text(STEP.format("..", "further", 20))
    assert call(folder) == (125, 0)
    (folder.parent / "beside.py").write_text(STEP.format(".", "more", 200))
    assert call(folder) == (225, 0)
    assert call(folder) == (225, 1)


def test_what_was_kept_of_a_type_that_is_no_more_does_no_harm(folder: Path) -> None:
    """Numba names the types of what it keeps, and cannot read it once one has another name."""
    assert call(folder) == (115, 0)
    entry = folder / "entry.py"
    entry.write_text(entry.read_text().replace("Given", "Asked"))
    assert call(folder) == (115, 0)


def test_where_nothing_can_be_written_a_kernel_is_compiled_in_each_process(folder: Path) -> None:
    """Neither beside the module nor in the user's cache folder."""
    (folder / "__pycache__").touch()
    nowhere = folder / "nowhere"
    nowhere.touch()
    places = dict.fromkeys(("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), str(nowhere))
    for _ in range(2):
        assert call(folder, **places) == (115, 0)


def test_kernels_import_nothing_of_equipoise_from_elsewhere() -> None:
    """Else the digest of their folder would not say what they were compiled from."""
    root = Path(kernels.__file__).parent
    for path in root.rglob("*.py"):
        inner = len(path.relative_to(root).parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert node.level <= inner, path
                assert node.level or not (node.module or "").startswith("equipoise"), path
            elif isinstance(node, ast.Import):
                assert not any(name.name.startswith("equipoise") for name in node.names), path

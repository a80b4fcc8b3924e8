"""Find a Python of another minor version than this one, and print its path.

    python tools/other_python.py

A rehearsal must write the same ledger on every Python it supports; comparing takes a second one. Looked
for, newest supported first: `python3.N` on the PATH, and the versions pyenv has installed (whose
shims stand on the PATH but refuse to run unless they are chosen). A candidate counts only if it runs,
is the version its name says, and can make virtual environments. Exit code 1, with one sentence, where
there is none.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

SUPPORTED = ("3.13", "3.12", "3.14", "3.11")
"""In the order of preference."""
_PROBE = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2], sys.executable)"


def main() -> int:
    """Print the first that runs."""
    own = "{}.{}".format(*sys.version_info[:2])
    for version in SUPPORTED:
        if version == own:
            continue
        for candidate in candidates(version):
            found = answer_of(candidate)
            if found is not None and found[0] == version:
                print(found[1])
                return 0
    others = ", ".join(version for version in SUPPORTED if version != own)
    print(
        f"No second Python beside {own} was found on the PATH or among pyenv's versions: install one of "
        f"{others} to compare rehearsals across versions.",
        file=sys.stderr,
    )
    return 1


def candidates(version: str) -> Iterator[Path]:
    """Interpreters that may be this minor version."""
    on_path = shutil.which(f"python{version}")
    if on_path is not None:
        yield Path(on_path)
    for root in pyenv_roots():
        for installed in sorted((root / "versions").glob(f"{version}.*"), reverse=True):
            yield installed / "bin" / f"python{version}"


def pyenv_roots() -> list[Path]:
    """Where pyenv keeps its versions: as it says, as the environment says, as its shims show."""
    roots = []
    if os.environ.get("PYENV_ROOT"):
        roots.append(Path(os.environ["PYENV_ROOT"]))
    pyenv = shutil.which("pyenv")
    if pyenv is not None:
        said = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False)
        if said.returncode == 0 and said.stdout.strip():
            roots.append(Path(said.stdout.strip()))
    for folder in map(Path, os.environ.get("PATH", "").split(os.pathsep)):
        if folder.name == "shims" and (folder.parent / "versions").is_dir():
            roots.append(folder.parent)
    return list(dict.fromkeys(roots))


def answer_of(interpreter: Path) -> tuple[str, str] | None:
    """Version and real path as the interpreter itself says; None where it does not run."""
    try:
        said = subprocess.run(
            [interpreter, "-c", _PROBE],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    version, _, path = said.stdout.strip().partition(" ")
    return (version, path) if path else None


if __name__ == "__main__":
    sys.exit(main())

"""All benchmarks, one after the other, each in a process of its own.

    python -m benchmarks [NAME ...]

A benchmark is a module of this folder with a `main`. Options are for single ones:
`python -m benchmarks.web --help`.
"""

from __future__ import annotations

import argparse
import ast
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """The modules of this folder that define `main`."""
    found = []
    for path in sorted(HERE.glob("*.py")):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        defined = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        if path.stem != "__main__" and "main" in defined:
            found.append(path.stem)
    return found


def main() -> int:
    """Run them; the exit code is 1 if one of them failed."""
    known = names()
    parser = argparse.ArgumentParser(description="Run the benchmarks.", prog="python -m benchmarks")
    parser.add_argument("name", nargs="*", help=f"which: {', '.join(known)}; none means all")
    asked = parser.parse_args().name
    unknown = sorted(set(asked) - set(known))
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(known)}")
    failed = []
    for name in asked or known:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        print(f"== {name}: {at}, {machine}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=HERE.parent)
        if done.returncode:
            failed.append(name)
        print(flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Make an installation that needs no network: every wheel, their hashes, and a script that installs them.

    python tools/bundle.py [--out DIR]        (make bundle)

The folder, and a .tar.gz of it, hold the wheels of Equipoise and of all it needs, in the versions of
constraints.txt, for the system and the Python that ran this; `SHA256SUMS` over everything; and `install.sh`, which
checks the sums, makes a virtual environment and installs into it with the hashes demanded and every index shut out.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("deploy", "LICENSE", "CHANGELOG.md")
VERIFIERS = ("verify.py", "verify_allocations.py", "verify_archive.py")

INSTALL = """\
#!/bin/sh
# Install Equipoise {version} from this folder alone: no network, no index, hashes demanded.
#   ./install.sh [FOLDER] [PYTHON]      FOLDER: the virtual environment, by default ./equipoise
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${{1:-equipoise}}
python=${{2:-python{python}}}
(cd "$here" && sha256sum --check --quiet SHA256SUMS) || {{ echo "a file is not the one that was packed" >&2; exit 1; }}
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != ({major}, {minor}))' ||
  {{ echo "these wheels are for Python {python} on {system}" >&2; exit 1; }}
"$python" -m venv "$target"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index \\
  --find-links "$here/wheels" --require-hashes --requirement "$here/requirements.txt"
"$target/bin/python" -m pip check
"$target/bin/equipoise" --help >/dev/null
echo "installed: $target/bin/equipoise"
"""


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def collect(wheels: Path) -> None:
    """Build Equipoise's wheel and fetch those of everything it needs."""
    subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check",
            "--constraint", str(ROOT / "constraints.txt"), "--wheel-dir", str(wheels), str(ROOT),
        ],
        check=True,
    )  # fmt: skip


def requirements(wheels: Path) -> str:
    """Every wheel with its version and hash: nothing else can be installed by them."""
    lines = []
    for wheel in sorted(wheels.glob("*.whl")):
        name, release = wheel.name.split("-")[:2]
        lines.append(f"{name.replace('_', '-')}=={release} --hash=sha256:{digest(wheel)}")
    return "\n".join(lines) + "\n"


def make(out: Path) -> Path:
    """Write the folder and pack it; answers the packed file. What stood there is replaced."""
    release = version("equipoise")
    major, minor = sys.version_info[:2]
    system = f"{platform.system().lower()}-{platform.machine()}"
    name = f"equipoise-{release}-py{major}{minor}-{system}"
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as made:
        folder = Path(made) / name
        (folder / "wheels").mkdir(parents=True)
        collect(folder / "wheels")
        (folder / "requirements.txt").write_text(requirements(folder / "wheels"), encoding="utf-8")
        for extra in EXTRAS:
            source = ROOT / extra
            if source.is_dir():
                shutil.copytree(source, folder / extra)
            else:
                shutil.copyfile(source, folder / extra)
        for program in VERIFIERS:
            shutil.copyfile(ROOT / "tools" / program, folder / program)
        script = folder / "install.sh"
        script.write_text(
            INSTALL.format(
                version=release, python=f"{major}.{minor}", major=major, minor=minor, system=system
            ),
            encoding="utf-8",
        )
        script.chmod(0o755)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        sums = "".join(f"{digest(one)}  {one.relative_to(folder).as_posix()}\n" for one in files)
        (folder / "SHA256SUMS").write_text(sums, encoding="utf-8")
        packed = out / f"{name}.tar.gz"
        with tarfile.open(packed, "w:gz") as tar:
            tar.add(folder, name)
        shutil.rmtree(out / name, ignore_errors=True)
        folder.rename(out / name)
    return packed


def main() -> int:
    """Make it, and say where it is and what its sum is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    packed = make(parser.parse_args().out)
    print(f"{packed}\nSHA-256 {digest(packed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

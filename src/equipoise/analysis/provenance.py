"""What was run: the cut, the protocol, the code and the environment that results come from.

A frozen cut is one that can be made again: whoever has the ledger up to the position, this source and these
libraries gets the same numbers to the last bit. The hashes say whether they have them.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .cut import Position

LIBRARIES = (
    "numba", "numpy", "polars", "pydantic", "scipy",
)  # fmt: skip
"""Those through whose hands the numbers go."""
SOURCES = frozenset({".py", ".R"})


@dataclass(frozen=True, slots=True)
class Environment:
    """The code and what it ran on. `source` is the SHA-256 over the package's programs, each with its path."""

    package: str
    source: str
    python: str
    machine: str
    libraries: Mapping[str, str]

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of all of it."""
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Run:
    """What results were made of, and by what."""

    trial: str
    protocol: str
    position: Position
    dummy_arms: bool
    environment: Environment

    def to_json(self) -> dict[str, Any]:
        """As JSON values. `code_and_environment` is one hash for both; `code` is that of a checkpoint there."""
        return {
            "trial": self.trial,
            "protocol_version": self.protocol,
            "seq": self.position.seq,
            "ledger_root": self.position.root,
            "code": self.position.code,
            "on": str(self.position.on),
            "dummy_arms": self.dummy_arms,
            "code_and_environment": self.environment.digest,
            **asdict(self.environment),
        }


@cache
def environment() -> Environment:
    """The code and environment of this process."""
    return Environment(
        package=version("equipoise"),
        source=source_hash(Path(__file__).resolve().parents[1]),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        machine=f"{platform.system()} {platform.machine()}",
        libraries={name: version(name) for name in LIBRARIES},
    )


def source_hash(folder: Path) -> str:
    """The SHA-256 (hex) over the programs below a folder: a line of path and hash for each, by path."""
    said = hashlib.sha256()
    found = [path for path in folder.rglob("*") if path.suffix in SOURCES and path.is_file()]
    for path in sorted(found, key=lambda one: one.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        said.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return said.hexdigest()


def what_was_run(trial: str, protocol: str, position: Position, *, dummy_arms: bool) -> Run:
    """What results of a cut, made by this process, come from. `protocol` is the version by which they were made."""
    return Run(trial, protocol, position, dummy_arms, environment())

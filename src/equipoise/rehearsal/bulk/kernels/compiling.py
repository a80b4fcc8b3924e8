"""How kernels are compiled: once a machine, without the interpreter's lock, in strict floating point."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba

Compiled = Callable[..., Any]
"""Numba types what it compiles by itself, from the arrays it is given."""

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": False}
_UNWRAPPED: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}


def kernel(function: Compiled) -> Compiled:
    """The function compiled at its first call.

    What was compiled is kept beside the module, or where that cannot be written in the user's cache folder
    (`NUMBA_CACHE_DIR` names another); where nothing can be written it is compiled anew in each process.

    Numba itself asks whether the function's own file has changed, and would go on using what it compiled of a step in
    another. It names what it keeps after the function's qualified name: with a digest of all sources in it, what was
    compiled from others is not found.
    """
    sources = _digest(Path(__file__).parent, Path(inspect.getfile(function)).parent)
    function.__qualname__ = f"{function.__qualname__}_{sources}"
    try:
        compiled: Compiled = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        # Numba finds no folder that it may write a cache to
        compiled = numba.njit(**_OPTIONS)(function)
    return compiled


def part(function: Compiled) -> Compiled:
    """A function written into the kernels that call it."""
    written_in: Compiled = numba.njit(inline="always", **_OPTIONS)(function)
    return written_in


def step(function: Compiled) -> Compiled:
    """A function that kernels call, and nobody else.

    It neither makes nor gives back arrays, and does not count who holds those it is given: that would cost more than
    what a step does with them.
    """
    unwrapped: Compiled = numba.njit(**_OPTIONS, **_UNWRAPPED)(function)
    return unwrapped


@lru_cache
def _digest(*folders: Path) -> str:
    """Of every source in these folders and beneath: what a kernel is compiled from stands there and nowhere else."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            source = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()} {len(source)}\n".encode())
            digest.update(source)
    return digest.hexdigest()[:16]

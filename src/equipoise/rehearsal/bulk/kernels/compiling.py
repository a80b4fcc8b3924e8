"""How kernels are compiled: once a machine, without the interpreter's lock, in strict floating point."""

from __future__ import annotations

from collections.abc import Callable
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
    """
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
    """A function that kernels of the same file call, and nobody else.

    It neither makes nor gives back arrays, and does not count who holds those it is given: that would cost more than
    what a step does with them.
    """
    unwrapped: Compiled = numba.njit(**_OPTIONS, **_UNWRAPPED)(function)
    return unwrapped

"""Rows of a long ledger checked in several processes; what is said of them is the same as in one.

What is wrong with a row by itself (its types, its payload's form, its hash) is most of the work of a verification,
and no row's answer needs another row. The chain itself is walked in one place, in order.
"""

from __future__ import annotations

import marshal
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

Row = tuple[Any, ...]
Check = Callable[[Row], str | None]
_Found = Future[list[tuple[int, str]]] | list[tuple[int, str]]

ALONE = 20_000
"""So many rows are checked before another process is worth its start."""
AT_ONCE = 1_000
"""Rows handed over together."""
_WAITING = 4
"""Portions a process has before it: one it works on and some that wait, so that it is never idle."""
_HELD = 32
"""Portions of rows in memory at most, for each process."""


def _faults(check: Check, rows: list[Row]) -> list[tuple[int, str]]:
    found = ((at, check(row)) for at, row in enumerate(rows))
    return [(at, fault) for at, fault in found if fault is not None]


def _faults_elsewhere(check: Check, rows: bytes) -> list[tuple[int, str]]:
    return _faults(check, marshal.loads(rows))


def checked(rows: Iterator[Row], check: Check, processes: int) -> Iterator[tuple[Row, str | None]]:
    """Every row in order, with what is wrong with it by itself.

    `check` is a function of a module, so that other processes can find it. `processes` counts this one, which
    checks too while the others are busy. Should another process end before its time, its rows are checked
    here.
    """
    first = rows if processes < 2 else islice(rows, ALONE)
    for row in first:
        yield row, check(row)
    if processes > 1:
        portion = list(islice(rows, AT_ONCE))
        if portion:
            yield from _together(portion, rows, check, processes - 1)


def _together(
    portion: list[Row], rows: Iterator[Row], check: Check, others: int
) -> Iterator[tuple[Row, str | None]]:
    # A process is begun anew and not split off: this one may have threads and connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(others, mp_context=context) as pool:
        held: deque[tuple[list[Row], _Found]] = deque()
        broken = False
        while portion or held:
            asked = sum(isinstance(found, Future) and not found.done() for _, found in held)
            if portion and not broken and asked < others * _WAITING:
                try:
                    # marshal: half the time of pickle, and both ends are the same program
                    rows_given = marshal.dumps(portion)
                    held.append((portion, pool.submit(_faults_elsewhere, check, rows_given)))
                except BrokenProcessPool:
                    broken = True
                    continue
            elif portion:
                held.append((portion, _faults(check, portion)))
            portion = list(islice(rows, AT_ONCE))
            while held and (not portion or len(held) > others * _HELD or _answered(held[0][1])):
                given, found = held.popleft()
                if isinstance(found, Future):
                    try:
                        found = found.result()
                    except BrokenProcessPool:
                        broken, found = True, _faults(check, given)
                wrong = dict(found)
                for at, row in enumerate(given):
                    yield row, wrong.get(at)


def _answered(found: _Found) -> bool:
    return not isinstance(found, Future) or found.done()

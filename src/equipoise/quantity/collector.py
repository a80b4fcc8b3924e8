"""Making many objects at once, without looking for cycles among them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Hold the cycle collector back: for work that makes many lasting objects and hardly a cycle.

    Looking through them again and again would take a good part of the time. The collector is held back
    in the whole process; keep the block short enough for the cycles that others make meanwhile.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # what was made lasts: straight to the oldest generation, not first looked through as young
            gc.freeze()
            gc.unfreeze()
            gc.enable()

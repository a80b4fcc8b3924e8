"""Garbage is looked for while nobody waits for a page.

What the trial remembers of its participants grows with every save, and lasts. Python looks through all of it for cycles
whenever a quarter has been added, and stops every request meanwhile: for a tenth of a second after some
thousand saves. What is young goes on being looked through as it comes, in a millisecond.
"""

from __future__ import annotations

import gc
import threading
import time
from typing import Protocol

LOOK_SECONDS = 1.0
"""Between two looks at the requests; this long at least nobody has asked for anything when all is gone through."""
AT_LATEST_SECONDS = 60.0
"""Where there is never quiet, what was added since the last time is gone through after so long all the same."""
_WORTH = 10
"""Middle-aged collections since the last whole one: some 70,000 new objects, before which it is not worth a look."""
_NEVER = 2**31 - 1


class Busy(Protocol):
    """Whoever counts requests."""

    begun: int
    ended: int


class QuietCollector:
    """Looks for garbage when no request is under way and none came for a while."""

    def __init__(self, requests: Busy) -> None:
        self._requests = requests
        self._seen = requests.begun
        self._last = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="garbage", daemon=True)

    def start(self) -> None:
        """From now on no request is stopped for all that is remembered; what there is already is not looked at again."""
        young, middle, _old = gc.get_threshold()
        gc.set_threshold(young, middle, _NEVER)
        gc.collect()
        gc.freeze()
        self._thread.start()

    def stop(self) -> None:
        """End, after a look that has begun."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.look()

    def look(self) -> bool:
        """Collect if this is a good moment, or has been put off for long; says whether it did."""
        begun = self._requests.begun
        quiet = begun == self._requests.ended == self._seen
        self._seen = begun
        late = time.monotonic() - self._last > AT_LATEST_SECONDS
        if gc.get_count()[2] < _WORTH or not (quiet or late):
            return False
        if quiet:
            # what was in use when it was put aside may have become garbage; this takes longest, and nobody waits
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._last = time.monotonic()
        return True

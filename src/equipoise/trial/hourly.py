"""The hourly checkpoint: a thread that asks the trial's clock, and signs where something is new."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from equipoise.ledger.errors import LedgerError

from .trial import Trial

HOUR = timedelta(hours=1)
LOOK_SECONDS = 60.0


class HourlyCheckpoints:
    """Takes a checkpoint when an hour of the trial's time has gone by and events have been added.

    Other processes may serve the same ledger: whichever looks first takes it. On a virtual clock an hour can be over at
    once; there is still at most one checkpoint each time the thread looks.
    """

    def __init__(
        self,
        trial: Trial,
        *,
        look_seconds: float = LOOK_SECONDS,
        besides: Callable[[], object] | None = None,
    ) -> None:
        """`besides` is called at each look too: for what else is to be watched by the minute."""
        self._trial = trial
        self._besides = besides
        self._seconds = look_seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)

    def start(self) -> None:
        """Begin to look; the first look is at once."""
        self._thread.start()

    def stop(self) -> None:
        """End, after a look that has begun."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            self.look()
            if self._besides is not None:
                self._besides()
            if self._ended.wait(self._seconds):
                return

    def look(self) -> bool:
        """Take a checkpoint if one is due; say whether it was taken.

        What prevents it stands in `Trial.checkpoint_problem`, for the trust page; the next look tries again.
        """
        trial = self._trial
        try:
            last = trial.ledger.last_checkpoint()
            if last is not None:
                new = trial.ledger.head().seq > last.seq
                if not new or trial.clock_peek() < datetime.fromisoformat(last.time) + HOUR:
                    return False
            taken = trial.checkpoint("hourly") is not None
        except LedgerError as error:
            trial.checkpoint_problem = str(error)
            return False
        trial.checkpoint_problem = None
        return taken

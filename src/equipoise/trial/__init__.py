"""The one door to a trial: every change, whoever makes it, is a command given to `Trial`."""

from equipoise.conduct.refusal import Reason, Refusal

from .clock import Clock, SystemClock, VirtualClock
from .codec import ERASED, Codec
from .hourly import HourlyCheckpoints
from .projections import TABLES
from .trial import Done, Trial

__all__ = [
    "ERASED", "TABLES", "Clock", "Codec", "Done", "HourlyCheckpoints", "Reason", "Refusal", "SystemClock", "Trial",
    "VirtualClock",
]  # fmt: skip

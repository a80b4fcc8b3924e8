"""The one door to a trial: every change, whoever makes it, is a command given to `Trial`."""

from equipoise.conduct.refusal import Reason, Refusal

from .answers import Done
from .clock import Clock, ClockWatch, SystemClock, VirtualClock, clock_synchronized
from .codec import Codec
from .hourly import HourlyCheckpoints
from .projections import TABLES
from .trial import Trial

__all__ = [
    "TABLES",
    "Clock",
    "ClockWatch",
    "Codec",
    "Done",
    "HourlyCheckpoints",
    "Reason",
    "Refusal",
    "SystemClock",
    "Trial",
    "VirtualClock",
    "clock_synchronized",
]  # fmt: skip

"""Virtual participants: generated from the protocol's assumptions, played out through the one door."""

from __future__ import annotations

from .assumptions import AssumptionError, RehearsalAssumptions, read_assumptions
from .generate import Replicate, generate
from .options import OptionError, replicate_of
from .play import Played, PlayError, first_instant, last_day_played, play

__all__ = [
    "AssumptionError",
    "OptionError",
    "PlayError",
    "Played",
    "RehearsalAssumptions",
    "Replicate",
    "first_instant",
    "generate",
    "last_day_played",
    "play",
    "read_assumptions",
    "replicate_of",
]  # fmt: skip

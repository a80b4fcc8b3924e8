"""Playing a replicate out: virtual people bring commands to a trial, day by day, through its one door."""

from __future__ import annotations

from .cast import Cast
from .person import VirtualPerson
from .stage import Played, PlayError, Progress, first_instant, last_day_played, play

__all__ = [
    "Cast", "PlayError", "Played", "Progress", "VirtualPerson", "first_instant", "last_day_played",
    "play",
]  # fmt: skip

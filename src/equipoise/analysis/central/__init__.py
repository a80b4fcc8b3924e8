"""Central monitoring: sites that differ, found by statistics of the data cut, never by arm (ICH E6(R3) 3.11.4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ..cut import Position, Source, states_at
from .comparing import funnel_limits
from .data import LEVELS, RATES, Row, rows_of
from .signals import LEVEL, SiteValue, Statistic, statistics_of


@dataclass(frozen=True, slots=True)
class CentralReview:
    """All statistics at one data cut."""

    position: Position
    participants: int
    statistics: tuple[Statistic, ...]

    @property
    def signals(self) -> tuple[Statistic, ...]:
        """Those by which some site differs."""
        return tuple(one for one in self.statistics if one.signal)


def review_sites(trial: Source, as_of: int | str | date | None = None) -> CentralReview:
    """The review at a ledger position, the end of a day, or now. Raises `CutError` as `cut` does."""
    states, position, _mode = states_at(trial, as_of)
    rows = rows_of(trial.protocol, states.values(), position.on)
    return CentralReview(position, len(rows), statistics_of(rows))


__all__ = [
    "LEVEL", "LEVELS", "RATES", "CentralReview", "Row", "SiteValue", "Statistic", "funnel_limits",
    "review_sites", "rows_of", "statistics_of",
]  # fmt: skip

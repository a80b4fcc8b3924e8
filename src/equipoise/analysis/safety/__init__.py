"""Safety: exposure, adverse events by term and worst grade, rates, laboratory shifts, serious events."""

from __future__ import annotations

from .events import OTHER, adverse_events, deaths, safety_set
from .exposure import exposure
from .laboratory import grade_shifts, laboratory_shifts
from .rates import incidence_rates
from .serious import serious_events

__all__ = [
    "OTHER", "adverse_events", "deaths", "exposure", "grade_shifts", "incidence_rates", "laboratory_shifts",
    "safety_set", "serious_events",
]  # fmt: skip

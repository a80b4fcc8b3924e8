"""The data cut: what was in the ledger at one position, as data sets for analysis.

A cut folds the events up to a position with the trial's own rules, and turns decimals into floats,
once, here. Participants who withdrew the use of their data are counted and otherwise left out.
"""

from __future__ import annotations

from .data import DataCut
from .dummy import with_dummy_arms
from .making import (
    Source,
    cut,
    cut_events,
    cut_states,
    cut_with_states,
    event_day,
    mode_of,
    states_at,
)
from .reading import ANALYZED_TYPES, NUMBER_TYPES, doses_of, numeric_codes
from .rows import (
    Administration,
    Adverse,
    CutError,
    Departure,
    Doses,
    Left,
    Observation,
    Position,
    Subject,
)

__all__ = [
    "ANALYZED_TYPES",
    "NUMBER_TYPES",
    "Administration",
    "Adverse",
    "CutError",
    "DataCut",
    "Departure",
    "Doses",
    "Left",
    "Observation",
    "Position",
    "Source",
    "Subject",
    "cut",
    "cut_events",
    "cut_states",
    "cut_with_states",
    "doses_of",
    "event_day",
    "mode_of",
    "numeric_codes",
    "states_at",
    "with_dummy_arms",
]

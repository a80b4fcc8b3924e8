"""The bulk engine: many replicates of a trial, computed on arrays instead of being played out."""

from __future__ import annotations

from .operating import Batch, Characteristics, Compared, Figure, compared
from .replicates import Simulated, Simulator
from .running import SimulationError, simulate
from .scenarios import Scenario, SettingError, scenarios, with_settings

__all__ = [
    "Batch", "Characteristics", "Compared", "Figure", "Scenario", "SettingError", "Simulated",
    "SimulationError", "Simulator", "compared", "scenarios", "simulate", "with_settings",
]  # fmt: skip

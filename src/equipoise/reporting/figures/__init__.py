"""Figures of a study as SVG: drawn from results, with title and description, without script."""

from __future__ import annotations

from .calibration import calibration_figure
from .effects import effects_figure, shown_effects
from .flow import flow_figure
from .forecast import forecast_figure
from .forest import forest_figure, shown_subgroups
from .grid import Rejecting, grid_figure
from .mistakes import mistakes_figure
from .survival import survival_figure

__all__ = [
    "Rejecting",
    "calibration_figure",
    "effects_figure",
    "flow_figure",
    "forecast_figure",
    "forest_figure",
    "grid_figure",
    "mistakes_figure",
    "shown_effects",
    "shown_subgroups",
    "survival_figure",
]

"""Figures of a study as SVG: drawn from results, with title and description, without script."""

from __future__ import annotations

from .effects import effects_figure, shown_effects
from .flow import flow_figure
from .survival import survival_figure

__all__ = ["effects_figure", "flow_figure", "shown_effects", "survival_figure"]

"""From a data cut to numbers: analysis data, analysis sets, endpoints, methods, results."""

from __future__ import annotations

from .cut import CutError, DataCut, Position, Source
from .results import Results
from .run import analyze, analyze_cut

__all__ = ["CutError", "DataCut", "Position", "Results", "Source", "analyze", "analyze_cut"]

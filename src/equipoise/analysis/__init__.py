"""From a data cut to numbers: analysis data, analysis sets, endpoints, methods, results."""

from __future__ import annotations

from .cut import CutError, DataCut, Position, cut
from .results import Results
from .run import analyze, analyze_cut

__all__ = ["CutError", "DataCut", "Position", "Results", "analyze", "analyze_cut", "cut"]

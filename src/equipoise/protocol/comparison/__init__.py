"""Comparing two versions of a protocol: every difference, and what it means for the trial."""

from .changes import Difference, differences
from .meaning import Area, Change, compare_protocols

__all__ = ["Area", "Change", "Difference", "compare_protocols", "differences"]

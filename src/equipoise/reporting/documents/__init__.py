"""The documents of a trial, as papers: what stands in each, whatever form it takes."""

from __future__ import annotations

from .board import CLOSED, OPEN, PACKS, board
from .plan import plan_paper
from .report import study_paper
from .summary import summary_paper

__all__ = ["CLOSED", "OPEN", "PACKS", "board", "plan_paper", "study_paper", "summary_paper"]

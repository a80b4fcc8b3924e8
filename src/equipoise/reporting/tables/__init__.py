"""Tables of a study: what stands in each cell. `study_tables` makes them all."""

from __future__ import annotations

from ..table import Column, Row, Table
from .study import study_tables

__all__ = ["Column", "Row", "Table", "study_tables"]

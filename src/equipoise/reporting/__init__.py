"""Numbers to tables, figures and documents: what is shown, never how it was computed."""

from __future__ import annotations

from .document import (
    PRIMARY,
    Figure,
    Section,
    report_files,
    study_figures,
    study_report,
    study_sections,
    write_report,
)
from .render import to_csv, to_html, to_text
from .table import Column, Row, Table
from .tables import study_tables
from .tables.effects import primary_sentence
from .words import method_name

__all__ = [
    "PRIMARY", "Column", "Figure", "Row", "Section", "Table", "method_name", "primary_sentence",
    "report_files",
    "study_figures", "study_report", "study_sections", "study_tables", "to_csv", "to_html",
    "to_text", "write_report",
]  # fmt: skip

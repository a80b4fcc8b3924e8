"""Numbers to tables, figures and documents: what is shown, never how it was computed."""

from __future__ import annotations

from .document import (
    FORMATS,
    KEPT_OUT,
    PRIMARY,
    SERIOUS,
    Section,
    pack_files,
    paper_files,
    report_files,
    study_report,
    study_sections,
    write_files,
)
from .documents import CLOSED, OPEN, PACKS, board, plan_paper, study_paper, summary_paper
from .figures.study import study_figures
from .paper import Figure
from .render import to_csv, to_html, to_json, to_text
from .table import Column, Row, Table
from .tables import study_tables
from .tables.effects import primary_sentence
from .words import method_name

__all__ = [
    "CLOSED",
    "FORMATS",
    "KEPT_OUT",
    "OPEN",
    "PACKS",
    "PRIMARY",
    "SERIOUS",
    "Column",
    "Figure",
    "Row",
    "Section",
    "Table",
    "board",
    "method_name",
    "pack_files",
    "paper_files",
    "plan_paper",
    "primary_sentence",
    "report_files",
    "study_figures",
    "study_paper",
    "study_report",
    "study_sections",
    "study_tables",
    "summary_paper",
    "to_csv",
    "to_html",
    "to_json",
    "to_text",
    "write_files",
]  # fmt: skip

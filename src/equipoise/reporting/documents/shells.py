"""Table shells: the very tables of the report, with every row they can have and no number.

They are made from a cut that holds nobody, so that nothing of a trial's data can be in them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from equipoise.analysis import Results, analyze_cut
from equipoise.analysis.cut import DataCut, Position
from equipoise.analysis.methods import Estimate
from equipoise.analysis.results import BaselineRow, Comparison, Distribution
from equipoise.analysis.safety_results import TermArm, TermRow
from equipoise.protocol.document import Protocol

from ..format import DASH
from ..table import Column, Row, Table
from ..tables import study_tables

_ONE = Distribution(1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_FIGURES = re.compile(r"[−-]?\d")
_NUMBER = re.compile(r"[−-]?\d+(\.\d+)?")


def shell_tables(protocol: Protocol, language: str) -> tuple[Table, ...]:
    """Every table of the report without numbers: `xx` stands for a count, `xx.x` for decimals."""
    return tuple(
        _shell(table) for table in study_tables(_filled(protocol), language) if table.rows or table.id == "serious"
    )  # fmt: skip


def _filled(protocol: Protocol) -> Results:
    """Results of nobody, with every row that a table could have."""
    nobody = DataCut(protocol, Position(0, "", date.min), "live", (), (), ())
    found = analyze_cut(nobody)
    arms = len(found.arms)
    nothing = TermArm(0, (0, 0, 0, 0, 0), 0, 0)
    terms = tuple(
        TermRow(one.id, one.term, one.system_organ_class, (nothing,) * arms)
        for one in sorted(protocol.safety.terms, key=lambda one: one.system_organ_class.en)
    )
    return replace(
        found,
        baseline=replace(found.baseline, rows=tuple(map(_row, found.baseline.rows)), constant=()),
        adverse_events=replace(found.adverse_events, terms=terms),
        analyses=tuple(
            replace(one, comparisons=tuple(_compared(two) for two in one.comparisons))
            for one in found.analyses
        ),
    )


def _row(row: BaselineRow) -> BaselineRow:
    return replace(
        row,
        levels=tuple(replace(level, counts=tuple(1 for _ in level.counts)) for level in row.levels),
        distributions=tuple(_ONE for _ in row.distributions),
        known=tuple(1 for _ in row.known),
        missing=tuple(1 for _ in row.missing),
    )


def _compared(one: Comparison) -> Comparison:
    level = one.estimate.confidence
    return replace(one, estimate=Estimate(0.0, 0.0, 0.0, level, 0.0, 0.5, 1.0, ""), further=())


def _shell(table: Table) -> Table:
    columns = tuple(
        Column(
            re.sub(r"n = \d+", "n = xx", one.text),
            one.numeric,
            re.sub(r"n = \d+", "n = xx", one.group),
        )
        for one in table.columns
    )
    rows = tuple(
        replace(
            row,
            cells=tuple(
                _masked(cell) if index and (column.numeric or _FIGURES.match(cell)) else cell
                for index, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True))
            ),
        )
        for row in table.rows
    )
    if not rows:
        rows = (Row(tuple("xx" for _ in columns)),)
    return replace(
        table,
        id=f"shell-{table.id}",
        columns=columns,
        rows=rows,
        notes=table.notes[:1] if table.rows else (),
        foot="",
    )


def _masked(cell: str) -> str:
    if not cell:
        return cell
    cell = cell.replace(DASH, "0")
    if not any(letter.isdigit() for letter in cell):
        return "xx"
    return _NUMBER.sub(lambda found: "xx" + ("." + "x" * (len(found[1]) - 1) if found[1] else ""), cell)  # fmt: skip

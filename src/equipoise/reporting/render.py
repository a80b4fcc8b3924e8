"""Tables as HTML, CSV and plain text. Everything is escaped here and nowhere else."""

from __future__ import annotations

import csv
import io
import itertools
import unicodedata
from html import escape

from equipoise.quantity.cells import harmless

from .table import Column, Row, Table

_TEXT_WIDTH = 64
_MANY_COLUMNS = 10


def to_html(table: Table, *, caption_shown: bool = True, number: str = "") -> str:
    """An accessible HTML table: caption, column and row headings with scope, notes in the foot.

    Where a heading above says the same, the caption is kept for those who are read to, class `said`.
    `number` is what a document calls the table, `Table 3`.
    """
    said = "" if caption_shown else ' class="said"'
    out = [f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.caption)}">']
    dense = ' class="dense"' if len(table.columns) > _MANY_COLUMNS else ""
    named = f"{escape(number)} " if number else ""
    out.append(
        f'<table id="{escape(table.id)}"{dense}><caption{said}>{named}{escape(table.caption)}</caption>'
    )
    out.append(f"<thead>{_html_head(table)}</thead><tbody>")
    out.extend(_html_row(table, row) for row in table.rows)
    out.append("</tbody>")
    under = [*table.notes, *([table.foot] if table.foot else [])]
    if under:
        lines = "<br>".join(escape(note) for note in under)
        out.append(f'<tfoot><tr><td colspan="{len(table.columns)}">{lines}</td></tr></tfoot>')
    out.append("</table></div>\n")
    return "".join(out)


def _html_head(table: Table) -> str:
    """One row of headings, or two where columns are grouped."""

    def heading(column: Column, rows: str = "") -> str:
        style = ' class="n"' if column.numeric else ""
        return f'<th scope="col"{rows}{style}>{escape(column.text)}</th>'

    if not any(column.group for column in table.columns):
        return f"<tr>{''.join(map(heading, table.columns))}</tr>"
    first, second = [], []
    for group, run in itertools.groupby(table.columns, key=lambda column: column.group):
        columns = list(run)
        if group:
            span = f' colspan="{len(columns)}"'
            first.append(f'<th scope="colgroup" class="group"{span}>{escape(group)}</th>')
            second += [heading(column) for column in columns]
        else:
            first += [heading(column, ' rowspan="2"') for column in columns]
    return f"<tr>{''.join(first)}</tr><tr>{''.join(second)}</tr>"


def _html_row(table: Table, row: Row) -> str:
    if row.spans:
        heading = escape(row.cells[0])
        return f'<tr class="section"><th scope="colgroup" colspan="{len(table.columns)}">{heading}</th></tr>'
    if row.section:
        heads = [
            f'<th scope="col"{" class=" + chr(34) + "n" + chr(34) if column.numeric else ""}>{escape(cell)}</th>'
            if cell
            else "<td></td>"
            for column, cell in zip(table.columns, row.cells, strict=True)
        ]
        return f'<tr class="section">{"".join(heads)}</tr>'
    indent = f' class="in{row.level}"' if row.level else ""
    cells = [f'<th scope="row"{indent}>{escape(row.cells[0])}</th>']
    for column, cell in zip(table.columns[1:], row.cells[1:], strict=True):
        style = ' class="n"' if column.numeric else ""
        cells.append(f"<td{style}>{escape(cell)}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def to_csv(table: Table) -> str:
    """RFC 4180 with a heading line, every cell `harmless`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(column.whole) for column in table.columns])
    for row in table.rows:
        writer.writerow([harmless(cell) for cell in row.cells])
    return out.getvalue()


def to_json(table: Table) -> dict[str, object]:
    """The table for programs: columns with their groups, rows with their depth, notes; cells as they are shown."""
    return {
        "id": table.id,
        "caption": table.caption,
        "columns": [
            {"text": c.text, "group": c.group, "numeric": c.numeric} for c in table.columns
        ],
        "rows": [
            {"cells": list(row.cells), "level": row.level, "section": row.section}
            for row in table.rows
        ],
        "notes": list(table.notes),
        "data_cut": table.foot,
    }


def to_text(table: Table) -> str:
    """Plain text for a terminal, in columns; CJK characters count two, long texts are wrapped."""
    rows = [[column.whole for column in table.columns]]
    rows += [
        ["  " * row.level + _plain(row.cells[0]), *map(_plain, row.cells[1:])] for row in table.rows
    ]
    folded = [[_folded(cell) for cell in row] for row in rows]
    widths = [
        max(_width(line) for row in folded for line in row[index])
        for index in range(len(table.columns))
    ]
    lines = [table.caption, ""]
    for number, row in enumerate(folded):
        for parts in itertools.zip_longest(*row, fillvalue=""):
            padded = []
            for column, part, width in zip(table.columns, parts, widths, strict=True):
                space = " " * (width - _width(part))
                padded.append(space + part if column.numeric else part + space)
            lines.append("  ".join(padded).rstrip())
        if number == 0:
            lines.append("  ".join("-" * width for width in widths))
    lines += ["", *table.notes] if table.notes else []
    lines += [table.foot] if table.foot else []
    return "\n".join(lines) + "\n"


def _folded(cell: str) -> list[str]:
    """The cell in lines of at most `_TEXT_WIDTH`, later ones indented like the first."""
    if _width(cell) <= _TEXT_WIDTH:
        return [cell]
    indent = " " * (len(cell) - len(cell.lstrip()))
    lines, current = [], ""
    for piece in _breakable(cell):
        if current.strip() and _width(current + piece.rstrip()) > _TEXT_WIDTH:
            lines.append(current.rstrip())
            current = indent + piece.lstrip()
        else:
            current += piece
    return [*lines, current.rstrip()]


def _breakable(text: str) -> list[str]:
    """Words with their spaces; each CJK character by itself."""
    pieces: list[str] = []
    for letter in text:
        before = pieces[-1][-1] if pieces else " "
        if _width(letter) == 2 or _width(before) == 2 or (before == " " and letter != " "):
            pieces.append(letter)
        elif pieces:
            pieces[-1] += letter
        else:
            pieces.append(letter)
    return pieces


def _plain(cell: str) -> str:
    """One line without control characters, so that no cell can steer a terminal."""
    return "".join(c if unicodedata.category(c)[0] != "C" else " " for c in cell)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

"""A document as PDF: set by Typst, PDF/A-2a and PDF/UA-1, with the shipped fonts and no others.

Texts are handed over as data (JSON), never as markup, so that no text of a trial can steer the typesetting.
The date of the file is the paper's, and its bytes are the same whenever it is made again.
"""

from __future__ import annotations

import itertools
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import typst

from ..figures.svg import FONTS, width_of
from ..table import Table
from ..words import say
from .glyphs import fonts_folder, printable
from .model import Block, Facts, Figure, Items, Paper, Paragraph, data_line, numbered

_compile: Any = typst.compile
"""Its types do not know that several sources may be given at once."""
STANDARDS = ("a-2a", "ua-1")
FAMILY = "'Noto Sans SC', 'DejaVu Sans'"
_LANGUAGES = {"en": ("en", "US"), "zh-Hans": ("zh", "CN")}
_PORTRAIT, _LANDSCAPE = (493.0, 640.0), (739.0, 400.0)
"""Room for a figure in points, on an upright page and on a flipped one."""
_POINT = 0.75
"""Points for a unit of a figure, at most."""
_MANY_COLUMNS, _LEGIBLE = 9, 0.6
_KEPT, _FIRST, _READ = 150.0, 110.0, 62.0
"""Up to these widths, in units, a number is not broken over lines, and a text gets room to be read: the rows'
headings, and any other."""
_DRAWING = "svg"
"""Where a figure's drawing stands in the data; by name, since any text may begin as a drawing does."""
_SVG = "{http://www.w3.org/2000/svg}"


class TypesettingError(RuntimeError):
    """A document could not be set; the message is the typesetter's."""


def paper_pdf(paper: Paper) -> bytes:
    """The document as a PDF/A-2a file that is PDF/UA-1 as well. `TypesettingError` where it cannot be set."""
    return set_in_type({"main.typ": _template(), "data.json": _data(paper)})


def set_in_type(sources: dict[str, bytes]) -> bytes:
    """Sources as PDF, with the shipped fonts only. `TypesettingError` carries what the typesetter says."""
    try:
        made = _compile(
            sources,
            format="pdf",
            font_paths=shipped_fonts(),
            pdf_standards=list(STANDARDS),
        )
    except RuntimeError as error:
        raise TypesettingError(str(error)) from error
    assert isinstance(made, bytes)
    return made


@cache
def shipped_fonts() -> typst.Fonts:
    """The fonts that documents are set in: neither the system's nor the typesetter's own."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts_folder()]
    )


@cache
def _template() -> bytes:
    return files("equipoise.reporting.paper").joinpath("template.typ").read_bytes()


def _data(paper: Paper) -> bytes:
    names = numbered(paper)
    language, region = _LANGUAGES[paper.language]
    content = {
        "lang": language,
        "region": region,
        "title": paper.title,
        "running": paper.title,
        "kind": paper.kind,
        "author": "Equipoise",
        "date": [paper.on.year, paper.on.month, paper.on.day],
        "bands": list(paper.bands),
        "answer": paper.answer,
        "facts": [list(pair) for pair in paper.facts.pairs],
        "foot": paper.foot,
        "words": {
            "contents": say("contents", paper.language),
            "tables": say("list_of_tables", paper.language),
            "figures": say("list_of_figures", paper.language),
        },
        "listed": paper.listed,
        "has_tables": bool(paper.tables()),
        "has_figures": bool(paper.figures()),
        "sections": [
            {
                "depth": depth,
                "heading": section.heading,
                "blocks": [_block(one, names, paper.language) for one in section.blocks],
            }
            for depth, section in paper.walk()
        ],
    }
    return json.dumps(_printable(content), ensure_ascii=False, allow_nan=False).encode()


def _printable(value: Any) -> Any:
    """The same with every text in characters that have a glyph; figures are made so where they are drawn."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {name: one if name == _DRAWING else _printable(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_printable(one) for one in value]
    return value


def _block(block: Block, names: dict[str, str], language: str) -> dict[str, Any]:
    if isinstance(block, Paragraph):
        return {"type": "paragraph", "kind": block.kind, "text": block.text}
    if isinstance(block, Facts):
        return {"type": "facts", "pairs": [list(pair) for pair in block.pairs]}
    if isinstance(block, Items):
        return {"type": "items", "marked": block.marked, "texts": list(block.texts)}
    if isinstance(block, Table):
        return _table(block, f"{names[f't:{block.id}']}  {block.caption}")
    return _figure(block, names, language)


def _table(table: Table, caption: str) -> dict[str, Any]:
    many = len(table.columns)
    size = 8.5 if many <= 5 else 7.5 if many <= _MANY_COLUMNS else 6.8
    wide = many > _MANY_COLUMNS
    room = (_LANDSCAPE if wide else _PORTRAIT)[0] / size * 12
    groups = []
    if any(column.group for column in table.columns):
        for text, run in itertools.groupby(table.columns, key=lambda column: column.group):
            groups.append({"text": text, "span": len(list(run))})
    return {
        "type": "table",
        "caption": caption,
        "columns": [
            {"text": column.text, "numeric": column.numeric, "share": share}
            for column, share in zip(table.columns, shares(table, room), strict=True)
        ],
        "groups": groups,
        "rows": [
            {
                "cells": list(row.cells),
                "level": row.level,
                "section": row.section,
                "spans": row.spans,
            }
            for row in table.rows
        ],
        "notes": [*table.notes, *([table.foot] if table.foot else [])],
        "size": size,
        "wide": wide,
        "room": list(_LANDSCAPE if wide else _PORTRAIT),
    }


def shares(table: Table, room: float = 620.0) -> list[float]:
    """The columns' shares of a width: every column takes its longest word, what is left goes to longer texts.

    `room` is the width in units of a text 12 units high.
    """
    least, most = [], []
    for index, column in enumerate(table.columns):
        cells = [row.cells[index] for row in table.rows if not row.spans]
        words = [word for cell in cells for word in _unbroken(cell)]
        heads = [word for part in column.text.split() for word in _unbroken(part)]
        pad = 12.0 + (12.0 * max((row.level for row in table.rows), default=0) if index == 0 else 0)
        narrow = max(map(width_of, words), default=0.0)
        least.append(max(narrow, max((1.1 * width_of(w) for w in heads), default=0.0), 14.0) + pad)
        longest = max(map(width_of, cells), default=0.0)
        kept = _FIRST if index == 0 else _KEPT if column.numeric else _READ
        least[-1] = max(least[-1], min(longest, kept) + pad)
        if index == 0:
            least[-1] = max(least[-1], min(1.1 * width_of(column.text), _FIRST) + pad)
        most.append(max(least[-1], longest + pad, min(1.1 * width_of(column.text), 90.0) + pad))
    if sum(most) <= room or sum(most) == sum(least):
        return [round(one, 1) for one in most]
    left = max(room - sum(least), 0.0) / (sum(most) - sum(least))
    return [round(a + (b - a) * left, 1) for a, b in zip(least, most, strict=True)]


def _unbroken(text: str) -> list[str]:
    """The pieces of a text within which no line ends: words, and single CJK characters."""
    return [
        word
        for part in text.split()
        for word in re.findall(r"[\u2e80-\uffef]|[^\u2e80-\uffef]+", part)
    ]


def _figure(figure: Figure, names: dict[str, str], language: str) -> dict[str, Any]:
    svg, width, height, alt = for_print(figure)
    scale = min(_POINT, _PORTRAIT[0] / width, _PORTRAIT[1] / height)
    wide = scale < _LEGIBLE and width > height
    if wide:
        scale = min(_POINT, _LANDSCAPE[0] / width, _LANDSCAPE[1] / height)
    data = data_line(figure, names, language)
    notes = [*figure.notes, *(one for one in (data, figure.foot) if one)]
    return {
        "type": "figure",
        "caption": f"{names[f'f:{figure.id}']}  {figure.caption}",
        _DRAWING: svg,
        "alt": alt,
        "width": round(width * scale, 1),
        "notes": notes,
        "wide": wide,
    }


def for_print(figure: Figure) -> tuple[str, float, float, str]:
    """A figure's SVG in the shipped font, its width and height in units, and what is read out in its place."""
    svg = printable(figure.svg.replace(FONTS, FAMILY))
    tree = ElementTree.fromstring(svg)
    width, height = (float(tree.get(side, "0")) for side in ("width", "height"))
    words = [tree.findtext(f"{_SVG}{part}") or "" for part in ("title", "desc")]
    return svg, width, height, re.sub(r"\s+", " ", ": ".join(word for word in words if word))


def set_as_picture(svg: str, width: float) -> bytes:
    """A figure as PNG, two dots and a half a unit. `width` is the figure's own, in units."""
    source = (
        "#set page(width: auto, height: auto, margin: 0pt, fill: white)\n"
        f'#image("figure.svg", width: {width * _POINT:.1f}pt)\n'
    )
    try:
        made = _compile(
            {"main.typ": source.encode(), "figure.svg": svg.encode()},
            format="png",
            font_paths=shipped_fonts(),
            ppi=240.0,
        )
    except RuntimeError as error:
        raise TypesettingError(str(error)) from error
    assert isinstance(made, bytes)
    return made

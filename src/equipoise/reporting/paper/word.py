"""A document as a Word file (Office Open XML): real headings, tables with header rows, figures with descriptions.

Figures are pictures made from the same SVG by the typesetter, with the shipped fonts. The bytes are the same
whenever the file is made again: its properties carry the paper's day, and the archive no time at all.
"""

from __future__ import annotations

import io
import itertools
import zipfile
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Emu, Mm, Pt, RGBColor

from equipoise.quantity.characters import carried_by_xml

from ..table import Column, Row, Table
from ..words import say
from .model import Block, Facts, Figure, Items, Paper, Paragraph, data_line, numbered
from .pdf import for_print, set_as_picture, shares

_LATIN, _EAST = "Arial", {"en": "Microsoft YaHei", "zh-Hans": "Microsoft YaHei"}
_LANGUAGES = {"en": "en-US", "zh-Hans": "zh-CN"}
_SOFT, _WARN, _ACCENT = (
    RGBColor(0x56, 0x60, 0x5F),
    RGBColor(0x85, 0x54, 0x00),
    RGBColor(0x0A, 0x6B, 0x66),
)
_MANY_COLUMNS = 9
_LONGEST_PROPERTY = 255
"""Characters of a file's properties. A registry takes titles of 300; the page itself has the whole title."""
_NEVER = (1980, 1, 1, 0, 0, 0)
"""The archive's own beginning of time: what an entry says that has no time."""


def paper_word(paper: Paper) -> bytes:
    """The document as .docx."""
    return _Writer(paper).bytes()


class _Writer:
    def __init__(self, paper: Paper) -> None:
        self.paper = paper = _carried(paper)
        self.names = numbered(paper)
        self.document: Any = Document()
        self.pictures = 0

    def bytes(self) -> bytes:
        paper = self.paper
        self._styles()
        self._properties()
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(18)
        section.top_margin, section.bottom_margin = Mm(24), Mm(20)
        self._head_and_foot(section)
        self._title()
        if paper.listed:
            self._contents()
        for depth, part in paper.walk():
            self.document.add_heading(part.heading, level=min(depth, 9))
            for block in part.blocks:
                self._block(block)
        out = io.BytesIO()
        self.document.save(out)
        return _without_time(out.getvalue())

    # -- the whole -----------------------------------------------------------------------------------

    def _styles(self) -> None:
        east = _EAST[self.paper.language]
        for style in self.document.styles:
            properties = style.element.find(qn("w:rPr"))
            if style.name not in ("Normal",) and not style.name.startswith(
                ("Heading", "Title", "Caption")
            ):
                continue
            style.font.name = _LATIN
            properties = style.element.get_or_add_rPr()
            fonts = properties.find(qn("w:rFonts"))
            for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
                fonts.attrib.pop(qn(f"w:{theme}"), None)
            fonts.set(qn("w:eastAsia"), east)
            fonts.set(qn("w:cs"), _LATIN)
            if style.name != "Normal":
                style.font.color.rgb = RGBColor(0x14, 0x19, 0x1B)
        normal = self.document.styles["Normal"]
        normal.font.size = Pt(10)
        normal.paragraph_format.space_after = Pt(6)
        language = OxmlElement("w:lang")
        tag = _LANGUAGES[self.paper.language]
        language.set(qn("w:val"), "en-US" if self.paper.language == "en" else tag)
        language.set(qn("w:eastAsia"), "zh-CN")
        normal.element.get_or_add_rPr().append(language)
        caption = self.document.styles["Caption"]
        caption.font.size, caption.font.bold = Pt(9.5), True
        caption.paragraph_format.keep_with_next = True

    def _properties(self) -> None:
        paper, core = self.paper, self.document.core_properties
        at = datetime(paper.on.year, paper.on.month, paper.on.day)
        core.title = f"{paper.title} – {paper.kind}"[:_LONGEST_PROPERTY]
        core.subject = paper.kind[:_LONGEST_PROPERTY]
        core.author = core.last_modified_by = "Equipoise"
        core.keywords, core.comments = paper.foot[:_LONGEST_PROPERTY], ""
        core.created = core.modified = core.last_printed = at
        core.language, core.revision = _LANGUAGES[paper.language], 1

    def _head_and_foot(self, section: Any) -> None:
        head = section.header.paragraphs[0]
        self._small(head, f"{self.paper.title} · {self.paper.kind}")
        for band in self.paper.bands:
            run = section.header.add_paragraph().add_run(band)
            run.bold, run.font.size, run.font.color.rgb = True, Pt(8), _WARN
        foot = section.footer.paragraphs[0]
        self._small(foot, f"{self.paper.foot} · ")
        for code in ("PAGE", "NUMPAGES"):
            if code == "NUMPAGES":
                self._small(foot, " / ")
            self._field(foot, code, "1")

    def _small(self, paragraph: Any, text: str) -> None:
        run = paragraph.add_run(text)
        run.font.size, run.font.color.rgb = Pt(8), _SOFT

    def _field(self, paragraph: Any, code: str, shown: str) -> None:
        """A field with what it shows until it is brought up to date."""
        for kind in ("begin", "code", "separate", "text", "end"):
            run = paragraph.add_run(shown if kind == "text" else "")
            run.font.size = Pt(8)
            if kind == "code":
                element = OxmlElement("w:instrText")
                element.set(qn("xml:space"), "preserve")
                element.text = f" {code} "
                run._r.append(element)
            elif kind != "text":
                element = OxmlElement("w:fldChar")
                element.set(qn("w:fldCharType"), kind)
                run._r.append(element)

    def _title(self) -> None:
        paper = self.paper
        self._text(paper.kind, soft=True)
        title = self.document.add_paragraph(style="Title")
        title.add_run(paper.title)
        for band in paper.bands:
            self._text(band, color=_WARN, bold=True)
        if paper.answer:
            self._text(paper.answer, size=12)
        self._facts(paper.facts)
        self.document.add_page_break()

    def _contents(self) -> None:
        """A table of contents that Word brings up to date; until then it shows the headings."""
        say_it = self._text(say("contents", self.paper.language), bold=True, size=13)
        say_it.paragraph_format.keep_with_next = True
        listed = [(depth, part.heading) for depth, part in self.paper.walk() if depth <= 2]
        paragraph = self.document.add_paragraph()
        for kind in ("begin", "code", "separate"):
            run = paragraph.add_run()
            if kind == "code":
                element = OxmlElement("w:instrText")
                element.set(qn("xml:space"), "preserve")
                element.text = ' TOC \\o "1-2" \\h \\z \\u '
            else:
                element = OxmlElement("w:fldChar")
                element.set(qn("w:fldCharType"), kind)
            run._r.append(element)
        for number, (depth, heading) in enumerate(listed):
            if number:
                paragraph = self.document.add_paragraph()
            paragraph.paragraph_format.left_indent = Mm(6 * (depth - 1))
            paragraph.paragraph_format.space_after = Pt(1)
            paragraph.add_run(heading)
        end = OxmlElement("w:fldChar")
        end.set(qn("w:fldCharType"), "end")
        paragraph.add_run()._r.append(end)
        self.document.add_page_break()

    # -- blocks --------------------------------------------------------------------------------------

    def _text(
        self,
        text: str,
        *,
        soft: bool = False,
        bold: bool = False,
        size: float = 0,
        color: RGBColor | None = None,
    ) -> Any:
        paragraph = self.document.add_paragraph()
        run = paragraph.add_run(text)
        run.bold = bold or None
        if soft or color is not None:
            run.font.color.rgb = color or _SOFT
        if size:
            run.font.size = Pt(size)
        return paragraph

    def _block(self, block: Block) -> None:
        if isinstance(block, Paragraph):
            if block.kind == "to_write":
                paragraph = self._text(block.text, color=_WARN)
                _shade(paragraph, "FFF8E6")
            else:
                self._text(
                    block.text,
                    soft=block.kind == "soft",
                    size={"lead": 12.0, "soft": 8.5}.get(block.kind, 0),
                )
        elif isinstance(block, Facts):
            self._facts(block)
        elif isinstance(block, Items):
            for text in block.texts:
                style = "List Bullet" if block.marked else "Normal"
                self.document.add_paragraph(text, style=style)
        elif isinstance(block, Table):
            self._wide(len(block.columns) > _MANY_COLUMNS, lambda room: self._table(block, room))
        else:
            self._figure(block)

    def _wide(self, wide: bool, draw: Any) -> None:
        """Draw on a flipped page where that is asked for."""
        if not wide:
            draw(Mm(174))
            return
        for turned in (True, False):
            section = self.document.add_section()
            section.orientation = WD_ORIENT.LANDSCAPE if turned else WD_ORIENT.PORTRAIT
            section.page_width, section.page_height = (
                (Mm(297), Mm(210)) if turned else (Mm(210), Mm(297))
            )
            if turned:
                draw(Mm(261))

    def _facts(self, facts: Facts) -> None:
        if not facts.pairs:
            return
        table = self.document.add_table(rows=0, cols=2)
        for name, value in facts.pairs:
            cells = table.add_row().cells
            _fill(cells[0], name, Pt(9), color=_SOFT)
            _fill(cells[1], value, Pt(9))
        _widths(table, [Mm(52), Mm(122)])
        self.document.add_paragraph()

    def _table(self, table: Table, room: int) -> None:
        self._caption(f"{self.names[f't:{table.id}']}  {table.caption}")
        columns = table.columns
        size = Pt(8.5 if len(columns) <= 5 else 7.5 if len(columns) <= _MANY_COLUMNS else 6.5)
        grouped = any(column.group for column in columns)
        made = self.document.add_table(rows=2 if grouped else 1, cols=len(columns))
        made.alignment = WD_TABLE_ALIGNMENT.LEFT
        if grouped:
            at = 0
            for text, run in itertools.groupby(columns, key=lambda column: column.group):
                count = len(list(run))
                cell = made.cell(0, at)
                if count > 1:
                    cell = cell.merge(made.cell(0, at + count - 1))
                _fill(cell, text, size, bold=True)
                at += count
        for cell, column in zip(made.rows[-1].cells, columns, strict=True):
            _fill(cell, column.text, size, bold=True, right=column.numeric)
        for heading in made.rows:
            _mark_row(heading, header=True)
            _border(heading, bottom=True)
        for row in table.rows:
            self._row(made, row, columns, size)
        if table.rows:
            _border(made.rows[-1], bottom=True)
        _narrow_margins(made)
        total = sum(wanted := shares(table, Emu(room).pt / size.pt * 12))
        _widths(made, [Emu(int(room * one / total)) for one in wanted])
        for note in (*table.notes, *((table.foot,) if table.foot else ())):
            self._text(note, soft=True, size=8).paragraph_format.space_after = Pt(2)
        self.document.add_paragraph()

    def _row(self, made: Any, row: Row, columns: tuple[Column, ...], size: Pt) -> None:
        added = made.add_row()
        _mark_row(added, header=False)
        cells = added.cells
        if row.section:
            _keep_with_next(added)
        if row.spans:
            _fill(cells[0].merge(cells[-1]), row.cells[0], size, bold=True)
            return
        for index, (cell, column, text) in enumerate(zip(cells, columns, row.cells, strict=True)):
            level = 0 if index else row.level
            _fill(cell, text, size, right=column.numeric, level=level, bold=row.section)

    def _caption(self, text: str) -> None:
        self.document.add_paragraph(text, style="Caption")

    def _figure(self, figure: Figure) -> None:
        svg, width, height, alt = for_print(figure)
        picture = set_as_picture(svg, width)
        self._caption(f"{self.names[f'f:{figure.id}']}  {figure.caption}")
        scale = min(1.0, 172 / (width * 0.2646), 225 / (height * 0.2646))
        self.pictures += 1
        run = self.document.add_paragraph().add_run()
        run.add_picture(io.BytesIO(picture), width=Mm(width * 0.2646 * scale))
        described = run._r.find(f".//{qn('wp:docPr')}")
        described.set("descr", alt)
        described.set("title", figure.caption)
        data = data_line(figure, self.names, self.paper.language)
        for note in (*figure.notes, *(one for one in (data, figure.foot) if one)):
            self._text(note, soft=True, size=8)


def _carried(value: Any) -> Any:
    """The same with every text in it in characters that XML carries: one that is not would spoil the whole file."""
    made = value
    if isinstance(value, str):
        made = carried_by_xml(value)
    elif isinstance(value, tuple):
        made = tuple(_carried(one) for one in value)
    elif is_dataclass(value) and not isinstance(value, type):
        texts = {one.name: _carried(getattr(value, one.name)) for one in fields(value)}
        made = type(value)(**texts)
    return made


def _fill(
    cell: Any,
    text: str,
    size: Pt,
    *,
    bold: bool = False,
    right: bool = False,
    level: int = 0,
    color: RGBColor | None = None,
) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(1)
    if level:
        paragraph.paragraph_format.left_indent = Mm(3 * level)
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    run = paragraph.add_run(text)
    run.font.size, run.bold = size, bold or None
    if color is not None:
        run.font.color.rgb = color


def _narrow_margins(table: Any) -> None:
    """Two points beside each text: the usual margins would break short numbers over lines."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        one = OxmlElement(f"w:{side}")
        one.set(qn("w:w"), "40")
        one.set(qn("w:type"), "dxa")
        margins.append(one)
    look = table._tbl.tblPr.find(qn("w:tblLook"))
    if look is None:
        table._tbl.tblPr.append(margins)
    else:
        look.addprevious(margins)


def _keep_with_next(row: Any) -> None:
    """A heading row goes with what stands under it."""
    for cell in row.cells:
        cell.paragraphs[0].paragraph_format.keep_with_next = True


def _mark_row(row: Any, *, header: bool) -> None:
    """No row breaks over pages; header rows are repeated on each."""
    properties = row._tr.get_or_add_trPr()
    for name in ("w:cantSplit", *(("w:tblHeader",) if header else ())):
        properties.append(OxmlElement(name))


def _border(row: Any, *, bottom: bool) -> None:
    for cell in row.cells:
        properties = cell._tc.get_or_add_tcPr()
        borders = OxmlElement("w:tcBorders")
        for side in ("w:bottom",) if bottom else ("w:top",):
            line = OxmlElement(side)
            for name, value in (
                ("val", "single"),
                ("sz", "6"),
                ("space", "0"),
                ("color", "14191B"),
            ):
                line.set(qn(f"w:{name}"), value)
            borders.append(line)
        properties.append(borders)


def _shade(paragraph: Any, color: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in (("val", "clear"), ("color", "auto"), ("fill", color)):
        shade.set(qn(f"w:{name}"), value)
    paragraph._p.get_or_add_pPr().append(shade)


def _widths(table: Any, widths: list[Any]) -> None:
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    for row in table.rows:
        for cell in row._tr.tc_lst:
            span = cell.grid_span
            at = cell.grid_offset
            cell.width = Emu(sum(widths[at : at + span]))


def _without_time(content: bytes) -> bytes:
    """The archive with its entries in order of name and without times."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as found, zipfile.ZipFile(out, "w") as made:
        names = sorted(found.namelist(), key=lambda name: (name != "[Content_Types].xml", name))
        for name in names:
            entry = zipfile.ZipInfo(name, _NEVER)
            entry.compress_type, entry.create_system, entry.external_attr = (
                zipfile.ZIP_DEFLATED,
                3,
                0,
            )
            made.writestr(entry, found.read(name), compresslevel=6)
    return out.getvalue()

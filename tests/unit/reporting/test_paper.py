"""The study report on paper: PDF and Word say what the HTML says, for everybody, for ever, and no text steers them."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from lxml import etree
from pypdf import PdfReader

from equipoise.analysis import Results, analyze_cut
from equipoise.analysis.cut import cut_events, with_dummy_arms
from equipoise.quantity.characters import carried_by_xml
from equipoise.quantity.text import Text
from equipoise.reporting import report_files, study_paper, study_tables
from equipoise.reporting.paper import (
    Facts,
    Items,
    Paper,
    Paragraph,
    Section,
    numbered,
    paper_html,
    paper_pdf,
    paper_word,
)
from equipoise.reporting.paper.glyphs import characters, missing, printable
from equipoise.reporting.paper.pdf import TypesettingError, set_in_type
from equipoise.reporting.table import Column, Row, Table
from support.made_up_trial import made_up_events, protocol

LANGUAGES = ("en", "zh-Hans")
STEERING = '#panic("x") = y *b* _i_ $1/0$ @ref <label> \\ #import "z" [c] // d /* e */ `r` <script>alert(1)</script>'
"""What would be code, a heading, mathematics, a reference or a comment, if it were read as markup."""


@cache
def results() -> Results:
    return analyze_cut(cut_events(protocol(), made_up_events(3, 120), on=date(2027, 6, 1)))


@cache
def paper(language: str) -> Paper:
    return study_paper(results(), protocol(), language)


@cache
def pdf(language: str) -> bytes:
    return paper_pdf(paper(language))


@cache
def word(language: str) -> bytes:
    return paper_word(paper(language))


def squeezed(text: str) -> str:
    """The text without spaces and breaks: typesetting moves them."""
    return re.sub(r"\s+", "", text.replace("\u00a0", " "))


def read(content: bytes) -> str:
    """All the text of a PDF."""
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages))


@cache
def words(language: str) -> str:
    return read(pdf(language))


def fonts(reader: PdfReader) -> list[Any]:
    """Every font of a PDF, those of figures included."""
    found = [reader.get_object(number) for number in range(1, int(reader.trailer["/Size"]))]
    return [one for one in found if isinstance(one, dict) and one.get("/Type") == "/FontDescriptor"]


def test_the_pdf_is_an_archival_and_accessible_file() -> None:
    for language, tag in (("en", "en-US"), ("zh-Hans", "zh-CN")):
        reader = PdfReader(io.BytesIO(pdf(language)))
        catalog = reader.root_object
        assert len(reader.pages) > 5
        assert catalog["/MarkInfo"]["/Marked"] is True or bool(catalog["/MarkInfo"]["/Marked"])
        assert catalog["/StructTreeRoot"]["/K"]
        assert catalog["/Lang"] == tag
        assert catalog["/ViewerPreferences"]["/DisplayDocTitle"]
        told = catalog["/Metadata"].get_data().decode()
        assert re.search(r"pdfaid:part\W+2\b", told)
        assert re.search(r"pdfaid:conformance\W+A\b", told)
        assert re.search(r"pdfuaid:part\W+1\b", told)
        assert reader.metadata is not None
        assert paper(language).title in str(reader.metadata.title)


def test_every_font_of_the_pdf_is_embedded_and_is_one_that_ships() -> None:
    for language in LANGUAGES:
        found = fonts(PdfReader(io.BytesIO(pdf(language))))
        assert found
        for one in found:
            assert "/FontFile3" in one or "/FontFile2" in one
            assert re.search(r"NotoSansSC|DejaVuSans", str(one["/FontName"]))


def test_the_pdf_says_every_word_of_the_document() -> None:
    for language in LANGUAGES:
        text, made = words(language), paper(language)
        assert "[U+" not in text
        assert squeezed(made.answer) in text
        for _, section in made.walk():
            assert squeezed(section.heading) in text
        names = numbered(made)
        for table in made.tables():
            assert squeezed(names[f"t:{table.id}"] + table.caption) in text
            for row in table.rows:
                assert squeezed(row.cells[0]) in text
        for figure in made.figures():
            assert squeezed(names[f"f:{figure.id}"] + figure.caption) in text


def test_every_table_of_the_results_stands_in_the_document_once() -> None:
    for language in LANGUAGES:
        placed = [table.id for table in paper(language).tables()]
        assert len(placed) == len(set(placed))
        assert {table.id for table in study_tables(results(), language)} <= set(placed)


def test_the_sections_are_those_of_ich_e3_in_its_order() -> None:
    for language in LANGUAGES:
        numbers = [section.number for section in paper(language).sections]
        assert numbers == ["2", *map(str, range(4, 17))]
        for depth, section in paper(language).walk():
            assert section.number.count(".") == depth - 1
        inside = [section.number for _, section in paper(language).walk()]
        assert inside == sorted(inside, key=lambda number: [*map(int, number.split("."))])


def test_what_people_must_write_is_marked_as_such_in_every_form() -> None:
    marked = [
        block.text
        for _, section in paper("en").walk()
        for block in section.blocks
        if isinstance(block, Paragraph) and block.kind == "to_write"
    ]
    assert len(marked) > 8
    assert all(text.startswith("To be written: ") for text in marked)
    text = "".join(one.text for one in Document(io.BytesIO(word("en"))).paragraphs)
    for one in marked:
        assert squeezed(one) in words("en")
        assert one in text


def test_no_text_is_markup_to_the_typesetter_or_to_word() -> None:
    text = Text({"en": STEERING, "zh-Hans": STEERING})
    found = results()
    nasty = replace(
        found,
        title=text,
        arms=tuple(replace(arm, label=text) for arm in found.arms),
        serious=tuple(replace(one, words=STEERING) for one in found.serious),
    )
    made = study_paper(nasty, protocol(), "en")
    content = paper_pdf(made)
    assert squeezed(STEERING) in read(content)
    headings = [section.heading for _, section in made.walk()]
    outline = [one.title for one in _flat(PdfReader(io.BytesIO(content)).outline)]
    assert [one for one in outline if one in headings] == headings
    assert STEERING in "".join(p.text for p in Document(io.BytesIO(paper_word(made))).paragraphs)


def _flat(outline: Any) -> Iterator[Any]:
    for one in outline:
        if isinstance(one, list):
            yield from _flat(one)
        else:
            yield one


SPOILING = ("a\x00b", "a\x01\x1fb", "a\ufffeb\uffff", "a\ud800b", "<svg \u0e01\u0e02", "x" * 400)
"""What XML cannot hold, what begins as a drawing does, and what is longer than a property of a file."""


@pytest.mark.parametrize("odd", SPOILING, ids=ascii)
def test_no_text_keeps_a_document_from_being_made_or_opened(odd: str) -> None:
    table = Table("t", odd, (Column(odd), Column(odd, True, odd)), (Row((odd, odd)),), (odd,), odd)
    blocks = (Paragraph(odd), Facts(((odd, odd),)), Items((odd,)), table)
    made = Paper(
        "x", "en", odd, odd, odd, date(2026, 1, 1), (Section("a", odd, blocks),),
        odd, (odd,), Facts(((odd, odd),)),
    )  # fmt: skip
    whole = squeezed(printable(odd))
    assert read(paper_pdf(made)).count(whole) > 8
    content = paper_word(made)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            if name.endswith((".xml", ".rels")):
                etree.fromstring(parts.read(name))
    document = Document(io.BytesIO(content))
    assert sum(carried_by_xml(odd) in one.text for one in document.paragraphs) > 5
    assert document.core_properties.title.startswith(carried_by_xml(odd)[:255])


def test_a_character_without_a_glyph_is_named_and_never_a_box() -> None:
    odd = "Rash 😀 after 𠮷 and \u202egrade"
    assert missing(odd) == ["😀", "𠮷"]
    assert printable(odd) == "Rash [U+1F600] after [U+20BB7] and grade"
    made = Paper(
        "x", "zh-Hans", "k", odd, "foot", date(2026, 1, 1), (Section("a", odd, (Paragraph(odd),)),)
    )
    assert squeezed(printable(odd)) in read(paper_pdf(made))


def test_the_list_of_characters_is_what_the_fonts_hold() -> None:
    gb2312 = {
        bytes((high, low)).decode("gb2312")
        for high in range(0xB0, 0xF8)
        for low in range(0xA1, 0xFF)
        if not (high == 0xD7 and low > 0xF9)
    }
    assert gb2312 <= characters()
    shown = sorted(characters() - {"\u00ad"})
    source = b'#set document(title: "x")\n#set text(font: ("Noto Sans SC", "DejaVu Sans"), fallback: false)\n#json("d.json").join(" ")'  # fmt: skip
    assert set_in_type({"main.typ": source, "d.json": json.dumps(shown).encode()})
    with pytest.raises(TypesettingError, match="😀"):
        set_in_type({"main.typ": source, "d.json": json.dumps(["😀"]).encode()})


def test_the_word_file_has_real_headings_header_rows_and_described_figures() -> None:
    for language in LANGUAGES:
        document, made = Document(io.BytesIO(word(language))), paper(language)
        headings = [p for p in document.paragraphs if str(p.style.name).startswith("Heading")]
        assert [(str(p.style.name), p.text) for p in headings] == [
            (f"Heading {depth}", section.heading) for depth, section in made.walk()
        ]
        captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
        assert len(captions) == len(made.tables()) + len(made.figures())
        with_heads = [
            t for t in document.tables if t._tbl.find(f".//{qn('w:tblHeader')}") is not None
        ]
        assert len(with_heads) == len(made.tables())
        for drawn, table in zip(with_heads, made.tables(), strict=True):
            assert drawn.rows[-1].cells[0].text == table.rows[-1].cells[0] if table.rows else True
        described = document.element.findall(f".//{qn('wp:docPr')}")
        assert len(described) == len(made.figures())
        assert all(len(one.get("descr") or "") > 10 for one in described)
        styles = etree.fromstring(
            zipfile.ZipFile(io.BytesIO(word(language))).read("word/styles.xml")
        )
        assert styles.findall(f".//{qn('w:rFonts')}[@{qn('w:eastAsia')}='Microsoft YaHei']")
        assert document.core_properties.modified.date() == made.on


def test_the_archive_of_the_word_file_holds_no_time() -> None:
    with zipfile.ZipFile(io.BytesIO(word("en"))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"2027-06-01T00:00:00Z" in archive.read("docProps/core.xml")


def test_a_document_is_the_same_bytes_when_made_again() -> None:
    for language in LANGUAGES:
        again = study_paper(results(), protocol(), language)
        assert paper_pdf(again) == pdf(language)
        assert paper_word(again) == word(language)


def test_every_form_gives_a_table_the_same_number() -> None:
    for language in LANGUAGES:
        names, html = numbered(paper(language)), paper_html(paper(language))
        captions = [p.text for p in Document(io.BytesIO(word(language))).paragraphs if p.style.name == "Caption"]  # fmt: skip
        for table in paper(language).tables():
            name = names[f"t:{table.id}"]
            assert re.search(rf"<caption[^>]*>{name} ", html)
            assert f"{name}  {table.caption}" in captions


def test_dummy_arms_are_stamped_on_every_page() -> None:
    dummy = with_dummy_arms(cut_events(protocol(), made_up_events(3, 120), on=date(2027, 6, 1)))
    made = study_paper(analyze_cut(dummy), protocol(), "zh-Hans")
    for page in PdfReader(io.BytesIO(paper_pdf(made))).pages:
        assert "虚拟分组" in squeezed(page.extract_text())
    for section in Document(io.BytesIO(paper_word(made))).sections:
        assert "虚拟分组" in "".join(p.text for p in section.header.paragraphs)
    assert "虚拟分组" not in words("zh-Hans")


def test_a_tables_files_say_the_same_and_keep_their_names() -> None:
    found = report_files(results(), protocol(), [])
    for table in study_tables(results(), "zh-Hans"):
        stem = f"tables/{table.id}.zh-Hans"
        told = json.loads(found[f"{stem}.json"])
        rows = list(csv.reader(io.StringIO(found[f"{stem}.csv"].decode("utf-8-sig"))))
        assert [row["cells"] for row in told["rows"]] == [
            [cell.removeprefix("'") for cell in row] for row in rows[1:]
        ]
        assert told["data_cut"] == table.foot

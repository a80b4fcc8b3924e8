"""The record page as HTML: a fragment for a page that has a shell, or a whole page of its own.

Every word that comes from a record is escaped. A whole page carries its own style, asks no other
host for anything, runs no script, and can be mailed or kept as a file.
"""

from __future__ import annotations

from html import escape
from importlib import resources

from .blocks import (
    Block,
    DecisionNote,
    Entries,
    Entry,
    Fact,
    Facts,
    Group,
    MissingPart,
    Prose,
    RecordPage,
    Section,
    Table,
)
from .words import label


def _text(words: str) -> str:
    """Escaped, with the breaks a text has kept."""
    return escape(words, quote=True).replace("\n", "<br>")


def _facts(facts: tuple[Fact, ...]) -> str:
    rows = "".join(f"<dt>{_text(fact.name)}</dt><dd>{_text(fact.words)}</dd>" for fact in facts)
    return f'<dl class="facts">{rows}</dl>'


def _entry(entry: Entry) -> str:
    number = f'<span class="number">{_text(entry.number)}.</span> ' if entry.number else ""
    name, _, rest = entry.words.partition("\n") if entry.details else (entry.words, "", "")
    words = f"{_text(name)}<br>{_text(rest)}" if rest else _text(name)
    details = " · ".join(
        f'<span class="soft">{_text(fact.name)}</span> {_text(fact.words)}'
        for fact in entry.details
    )
    return f"<li>{number}{words}{f'<br>{details}' if details else ''}</li>"


def _entries(block: Entries) -> str:
    kind = "numbered" if any(entry.number for entry in block.entries) else "plain"
    return f'<ul class="{kind}">{"".join(_entry(entry) for entry in block.entries)}</ul>'


def _row(row: tuple[str, ...], columns: int) -> str:
    if len(row) == 1:
        return f'<tr class="section"><th scope="colgroup" colspan="{columns}">{_text(row[0])}</th></tr>'
    cells = "".join(f"<td>{_text(cell)}</td>" for cell in row[1:])
    return f'<tr><th scope="row">{_text(row[0])}</th>{cells}</tr>'


def _table(block: Table) -> str:
    caption = f"<caption>{_text(block.title)}</caption>" if block.title else ""
    head = "".join(
        f'<th scope="col">{_text(cell)}</th>' if cell else "<td></td>" for cell in block.head
    )
    rows = "".join(_row(row, len(block.head)) for row in block.rows)
    notes = "".join(f'<p class="small soft">{_text(note)}</p>' for note in block.notes)
    # what may have to be scrolled must be reachable by keyboard, and a region needs a name
    named = (
        f'role="region" aria-label="{escape(block.title, quote=True)}"'
        if block.title
        else 'role="group"'
    )
    return (
        f'<div class="scroll" tabindex="0" {named}><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{notes}"
    )


def _block(block: Block, level: int) -> str:
    if isinstance(block, Facts):
        return _facts(block.facts)
    if isinstance(block, Prose):
        return "".join(f"<p>{_text(paragraph)}</p>" for paragraph in block.paragraphs)
    if isinstance(block, Entries):
        return _entries(block)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, MissingPart):
        return f'<p class="empty">{_text(block.words)}</p>'
    return _group(block, level)


def _group(block: Group, level: int) -> str:
    inside = "".join(_block(one, level + 1) for one in block.blocks)
    if block.folded:
        return f"<details><summary>{_text(block.title)}</summary>{inside}</details>"
    heading = f"h{min(level, 6)}"
    return f'<div class="part"><{heading}>{_text(block.title)}</{heading}>{inside}</div>'


def _decision(note: DecisionNote) -> str:
    mark = "warn" if note.assumed else "good"
    state = "assumed" if note.assumed else "confirmed"
    return (
        f'<div class="note {state}"><p><span class="mark {mark}">{_text(note.standing)}</span></p>'
        f"<p>{_text(note.choice)}</p>"
        f'<p class="small soft">{_text(note.reason)} ({_text(note.by)})</p></div>'
    )


SHOWN_OPEN = 3
"""More decisions than this in one section are folded behind their number."""


def _decisions(notes: tuple[DecisionNote, ...], language: str) -> str:
    inside = "".join(_decision(note) for note in notes)
    if len(notes) <= SHOWN_OPEN:
        return inside
    words = label("decisions", language).format(n=len(notes))
    return f"<details><summary>{_text(words)}</summary>{inside}</details>"


def _section(section: Section, language: str) -> str:
    name = escape(section.id, quote=True)
    blocks = "".join(_block(block, 3) for block in section.blocks)
    decisions = _decisions(section.decisions, language)
    return (
        f'<section id="{name}" aria-labelledby="h-{name}"><h2 id="h-{name}">{_text(section.title)}</h2>'
        f'<div class="prose">{blocks}{decisions}</div></section>'
    )


def render_sections(page: RecordPage) -> str:
    """The sections as an HTML fragment; headings begin at h2, ids are the sections' own."""
    sections = [*page.sections, *((page.further,) if page.further else ())]
    return "".join(_section(section, page.language) for section in sections)


def render_page(page: RecordPage) -> str:
    """The whole page as one HTML document, UTF-8, nothing loaded from anywhere."""
    style = resources.files(__package__).joinpath("record.css").read_text("utf-8")
    listed = [*page.sections, *((page.further,) if page.further else ())]
    contents = "".join(
        f'<li><a href="#{escape(one.id, quote=True)}">{_text(one.title)}</a></li>' for one in listed
    )
    official = f'<p class="soft">{_text(page.official_title)}</p>' if page.official_title else ""
    numbers = "".join(f"<span>{_text(number)}</span>" for number in page.numbers)
    updated = (
        f'<span class="soft">{label("last_updated", page.language)} <time>{_text(page.updated)}</time></span>'
        if page.updated
        else ""
    )
    notices = "".join(f'<p class="notice">{_text(words)}</p>' for words in page.notices)
    return (
        f'<!doctype html>\n<html lang="{escape(page.language, quote=True)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_text(page.title)}</title><style>{style}</style></head><body>"
        f"<header>{notices}<h1>{_text(page.title)}</h1>{official}"
        f'<p class="row"><span class="mark">{_text(page.status)}</span>{numbers}{updated}</p></header>'
        f'<nav aria-label="{label("contents", page.language)}"><details><summary>'
        f'{label("contents", page.language)}</summary><ul class="plain">{contents}</ul></details></nav>'
        f"<main>{render_sections(page)}</main></body></html>\n"
    )

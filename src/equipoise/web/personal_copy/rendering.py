"""A participant's copy as a document to read and print, and as JSON for a machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape

from equipoise.reporting.paper.html import paper_style
from equipoise.reporting.render import to_html
from equipoise.reporting.table import Column, Row, Table

from .content import OwnCopy, Part

FORMAT = "equipoise/own-copy/1"
_PRINTED = """
main > p + p { margin-top: .75rem } th, td { min-width: 6.75em } td { overflow-wrap: break-word }
@media print { @page { margin: 16mm } h2 { break-after: avoid } table { font-size: .6875rem } }
"""


def _table(part: Part) -> Table:
    return Table(
        part.id,
        part.title,
        tuple(Column(heading) for _key, heading in part.columns),
        tuple(Row(line.cells) for line in part.lines),
    )


def _section(part: Part, nothing: str) -> str:
    body = to_html(_table(part), caption_shown=False) if part.lines else f"<p>{escape(nothing)}</p>"
    return f'<section id="section-{part.id}"><h2>{escape(part.title)}</h2>{body}</section>\n'


def to_page(copy: OwnCopy) -> bytes:
    """One HTML document that needs nothing else: no script, no other host."""
    band = f'<div class="band"><p>{escape(copy.band)}</p></div>' if copy.band else ""
    facts = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(words)}</dd>" for name, words in copy.facts
    )
    notes = "".join(f"<p>{escape(words)}</p>\n" for words in copy.notes)
    parts = "".join(_section(part, copy.nothing) for part in copy.parts)
    return (
        f'<!doctype html>\n<html lang="{copy.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(copy.title)}: {escape(copy.participant)}</title>\n"
        f"<style>\n{paper_style()}{_PRINTED}</style>\n</head>\n<body>\n{band}<main>\n"
        f'<header class="stack"><p class="kind"><span>{escape(copy.trial)}</span></p>'
        f"<h1>{escape(copy.title)}</h1></header>\n"
        f'{notes}<dl class="facts">{facts}</dl>\n{parts}</main>\n</body>\n</html>\n'
    ).encode()


def to_json(copy: OwnCopy) -> bytes:
    """The same, each row with the ids, bare values and units that a machine needs (GDPR article 20)."""
    content = {
        "format": FORMAT,
        "language": copy.language,
        "participant": copy.participant,
        "made_at": copy.made_at,
        "entries": copy.upto,
        "trial": copy.trial,
        "mode": copy.band or None,
        "facts": [{"name": name, "words": words} for name, words in copy.facts],
        "notes": list(copy.notes),
        "parts": [
            {
                "id": part.id,
                "title": part.title,
                "columns": [{"id": key, "heading": heading} for key, heading in part.columns],
                "rows": [
                    {
                        **dict(zip((key for key, _ in part.columns), line.cells, strict=True)),
                        **({"data": dict(line.data)} if line.data else {}),
                    }
                    for line in part.lines
                ],
            }
            for part in copy.parts
        ],
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False).encode() + b"\n"


RENDERERS: Mapping[str, Callable[[OwnCopy], bytes]] = {"html": to_page, "json": to_json}
"""How a copy is written, by file format."""

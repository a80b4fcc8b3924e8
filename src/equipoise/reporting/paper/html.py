"""A document as one HTML file: no script, no request to anywhere."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files

from equipoise.quantity.text import LANGUAGES

from ..render import to_html
from ..table import Table
from ..words import say
from .model import (
    Block,
    Facts,
    Figure,
    Items,
    Paper,
    Paragraph,
    Section,
    data_line,
    numbered,
    paper_file,
)


@cache
def paper_style() -> str:
    """The style sheet of a document that stands alone: on screen, dark, and printed."""
    return files("equipoise.reporting").joinpath("style.css").read_text(encoding="utf-8")


def paper_html(paper: Paper) -> str:
    """The whole document as HTML. Tables and figures carry the numbers that the other forms give them."""
    names = numbered(paper)
    language = paper.language
    other = next(one for one in LANGUAGES if one != language)
    kind, title = escape(paper.kind), escape(paper.title)
    bands = "".join(f'<div class="band"><p>{escape(band)}</p></div>' for band in paper.bands)
    answer = f'<p class="answer">{escape(paper.answer)}</p>\n' if paper.answer else ""
    contents = "".join(_entry(section) for section in paper.sections)
    body = "".join(_section(section, 2, names, language) for section in paper.sections)
    other_file = paper_file(paper.name, other, "html")
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}: {kind}</title>\n"
        f"<style>\n{paper_style()}</style>\n</head>\n<body>\n{bands}\n<main>\n"
        f'<header class="stack"><p class="kind"><span>{kind}</span>'
        f'<a href="{other_file}" lang="{other}">{escape(say("other_language", language))}</a></p>'
        f"<h1>{title}</h1></header>\n"
        f"{answer}{_facts(paper.facts)}\n"
        f'<nav aria-label="{escape(say("contents", language))}"><ul>{contents}</ul></nav>\n'
        f"{body}<footer><p>{escape(paper.foot)}</p></footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def _entry(section: Section) -> str:
    return f'<li><a href="#{escape(section.id)}">{escape(section.heading)}</a></li>'


def _section(section: Section, level: int, names: dict[str, str], language: str) -> str:
    blocks = "".join(_block(one, names, language) for one in section.blocks)
    parts = "".join(_section(part, level + 1, names, language) for part in section.parts)
    tag = f"h{min(level, 6)}"
    return (
        f'<section id="{escape(section.id)}"><{tag}>{escape(section.heading)}</{tag}>'
        f"{blocks}{parts}</section>\n"
    )


def _block(block: Block, names: dict[str, str], language: str) -> str:
    if isinstance(block, Paragraph):
        styles = {"lead": ' class="answer"', "to_write": ' class="write"', "soft": ' class="soft"'}
        return f"<p{styles.get(block.kind, '')}>{escape(block.text)}</p>"
    if isinstance(block, Facts):
        return _facts(block)
    if isinstance(block, Items):
        style = "" if block.marked else ' class="plain"'
        return f"<ul{style}>{''.join(f'<li>{escape(text)}</li>' for text in block.texts)}</ul>"
    if isinstance(block, Table):
        return to_html(block, number=names[f"t:{block.id}"])
    return _figure(block, names, language)


def _facts(facts: Facts) -> str:
    pairs = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.pairs
    )
    return f'<dl class="facts">{pairs}</dl>' if pairs else ""


def _figure(figure: Figure, names: dict[str, str], language: str) -> str:
    caption = f"<b>{escape(names[f'f:{figure.id}'])}</b> {escape(figure.caption)}"
    data = data_line(figure, names, language)
    under = [*figure.notes, *(one for one in (data, figure.foot) if one)]
    notes = f'<p class="soft">{"<br>".join(map(escape, under))}</p>' if under else ""
    return f'<figure tabindex="0"><figcaption>{caption}</figcaption>{figure.svg}</figure>{notes}'

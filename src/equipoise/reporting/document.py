"""The study report: an HTML document in each language, with its tables and figures beside it.

The same results give the same bytes: nothing is dated but by the data cut, and nothing is random.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path

from equipoise.analysis import Results
from equipoise.quantity.text import LANGUAGES

from .figures import effects_figure, flow_figure, shown_effects, survival_figure
from .render import to_csv, to_html
from .table import Table
from .tables import study_tables
from .tables.effects import primary_sentence
from .tables.study import cut_line, with_curves
from .words import after, say, text_of


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in one language: SVG, its caption, and the ids of the tables that hold its data."""

    id: str
    caption: str
    svg: str
    tables: tuple[str, ...]


def study_figures(results: Results, language: str) -> tuple[Figure, ...]:
    """Every figure of the results: flow, risk differences, curves."""
    figures = [
        Figure(
            "flow", say("flow", language), flow_figure(results, language, "figure-flow"), ("flow",)
        )
    ]
    if shown_effects(results):
        svg = effects_figure(results, language, "figure-effects")
        shown = dict.fromkeys(f"analysis-{one.id}" for one, _ in shown_effects(results))
        figures.append(Figure("effects", say("effects", language), svg, tuple(shown)))
    for one in with_curves(results):
        name = f"curves-{one.id}"
        svg = survival_figure(results, one, language, f"figure-{name}")
        caption = after(text_of(one.endpoint_label, language), say("curves", language), language)
        figures.append(Figure(name, caption, svg, (f"curve-{one.id}",)))
    return tuple(figures)


@cache
def report_style() -> str:
    """The style sheet of a document that stands alone: on screen, dark, and printed."""
    return files("equipoise.reporting").joinpath("style.css").read_text(encoding="utf-8")


def report_name(language: str) -> str:
    """The file of the report in a language."""
    return "report.html" if language == LANGUAGES[0] else f"report.{language}.html"


PRIMARY = "section-primary"
"""Anchor of the section that holds the primary result."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report in one language: its anchor, its heading, and its content as HTML."""

    id: str
    title: str
    html: str


def study_sections(results: Results, language: str) -> tuple[Section, ...]:
    """Every section of the report, in order: the document and the web show the same ones."""
    tables = {table.id: table for table in study_tables(results, language)}
    figures = {figure.id: figure for figure in study_figures(results, language)}
    sections: list[Section] = []

    def section(name: str, title: str, *parts: str | Table | Figure) -> None:
        drawn = []
        for part in parts:
            if isinstance(part, Table):
                drawn.append(to_html(part, caption_shown=part.caption != title))
            elif isinstance(part, Figure):
                drawn.append(_figure(part, tables, language, caption_shown=part.caption != title))
            else:
                drawn.append(part)
        sections.append(Section(name, title, "".join(drawn)))

    criteria = [tables["criteria"]] if "criteria" in tables else []
    section("section-flow", say("flow", language), figures["flow"], *criteria)
    section("section-baseline", say("baseline", language), tables["baseline"])
    effects = [figures["effects"]] if "effects" in figures else []
    section(PRIMARY, say("primary_result", language), _primary(results, language), *effects)
    for figure in figures.values():
        if figure.id.startswith("curves-"):
            section(f"section-{figure.id}", figure.caption, figure)
    section("section-analyses", say("analyses", language), tables["analyses"])
    drawn = {name for figure in effects for name in figure.tables}
    names = [f"analysis-{one.id}" for one in results.analyses]
    rest = [tables[name] for name in names if name not in drawn]
    if rest:
        section("section-groups", say("results_by_endpoint", language), *rest)
    if "exposure" in tables:
        section("section-exposure", say("exposure", language), tables["exposure"])
    section("section-adverse", say("adverse_events", language), tables["adverse-events"])
    section("section-serious", say("serious_events", language), tables["serious"])
    if results.assumed:
        section("section-assumed", say("assumed_title", language), _assumed(results, language))
    return tuple(sections)


def study_report(results: Results, language: str) -> str:
    """The whole report in a language: no script, no request to anywhere."""
    return _page(results, study_sections(results, language), language)


def _page(results: Results, sections: Sequence[Section], language: str) -> str:
    title = escape(text_of(results.title, language))
    bands = [
        f'<div class="band"><p>{escape(say(key, language))}</p></div>'
        for key, on in ((results.mode, results.mode != "live"), ("dummy_arms", results.dummy_arms))
        if on
    ]
    other = next(one for one in LANGUAGES if one != language)
    contents = "".join(
        f'<li><a href="#{escape(section.id)}">{escape(section.title)}</a></li>'
        for section in sections
    )
    body = "".join(
        f'<section id="{escape(section.id)}"><h2>{escape(section.title)}</h2>{section.html}</section>\n'
        for section in sections
    )
    position = results.position
    facts = "".join(
        f"<dt>{escape(say(key, language))}</dt><dd>{value}</dd>"
        for key, value in (
            ("cut_day", escape(str(position.on))),
            ("ledger_position", str(position.seq)),
            ("ledger_root", f"<code>{escape(position.root)}</code>"),
            ("protocol_version", f"<code>{escape(results.protocol_version)}</code>"),
        )
    )
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}: {escape(say('study_report', language))}</title>\n"
        f"<style>\n{report_style()}</style>\n</head>\n<body>\n{''.join(bands)}\n<main>\n"
        f'<header class="stack"><p class="kind"><span>{escape(say("study_report", language))}</span>'
        f'<a href="{report_name(other)}" lang="{other}">{escape(say("other_language", language))}</a></p>'
        f"<h1>{title}</h1></header>\n"
        f'<p class="answer">{escape(primary_sentence(results, language))}</p>\n'
        f'<dl class="facts">{facts}</dl>\n'
        f'<nav aria-label="{escape(say("contents", language))}"><ul>{contents}</ul></nav>\n'
        f"{body}<footer><p>{escape(cut_line(results, language))}</p></footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def _primary(results: Results, language: str) -> str:
    primary = results.primary
    if primary is None:
        return f"<p>{escape(say('no_primary', language))}</p>"
    label = text_of(primary.endpoint_label, language)
    frame = say("time_frame", language, text=text_of(primary.time_frame, language))
    members = say("population", language, label=text_of(primary.population_label, language))
    return f"<p><b>{escape(label)}</b><br>{escape(frame)} {escape(members)}</p>"


def _figure(figure: Figure, tables: dict[str, Table], language: str, *, caption_shown: bool) -> str:
    said = "" if caption_shown else ' class="said"'
    data = "".join(to_html(tables[name]) for name in figure.tables)
    return (
        f'<figure tabindex="0"><figcaption{said}>{escape(figure.caption)}</figcaption>'
        f"{figure.svg}</figure>"
        f"<details><summary>{escape(say('data_table', language))}</summary>{data}</details>"
    )


def _assumed(results: Results, language: str) -> str:
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(one.finding)}</code></th>'
        f"<td>{escape(text_of(one.choice, language))}</td></tr>"
        for one in results.assumed
    )
    return (
        f"<p>{escape(say('assumed_lead', language))}</p>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(say("finding", language))}">'
        f'<table><thead><tr><th scope="col">{escape(say("finding", language))}</th>'
        f'<th scope="col">{escape(say("decision", language))}</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def report_files(results: Results) -> dict[str, bytes]:
    """Every file of the report by its path: documents, tables as CSV, figures as SVG, results as JSON."""
    out = {"results.json": _json(results)}
    for language in LANGUAGES:
        out[report_name(language)] = study_report(results, language).encode()
        for table in study_tables(results, language):
            # The byte order mark lets spreadsheets read Chinese.
            out[f"tables/{table.id}.{language}.csv"] = b"\xef\xbb\xbf" + to_csv(table).encode()
        for figure in study_figures(results, language):
            out[f"figures/{figure.id}.{language}.svg"] = figure.svg.encode() + b"\n"
    return dict(sorted(out.items()))


def _json(results: Results) -> bytes:
    text = json.dumps(
        results.to_json(), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False
    )
    return text.encode() + b"\n"


def write_report(results: Results, folder: Path) -> list[Path]:
    """Write the report's files into a folder, made where it is missing; answers with their paths."""
    written = []
    for name, content in report_files(results).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written

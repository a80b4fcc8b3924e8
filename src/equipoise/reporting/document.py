"""The study report's files: HTML, PDF and Word in each language, with tables and figures beside them.

The same results give the same bytes: nothing is dated but by the data cut, and nothing is random.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from equipoise.analysis import Results
from equipoise.analysis.planning import PlanStanding
from equipoise.protocol.document import Protocol
from equipoise.quantity.text import LANGUAGES

from .documents import study_paper, summary_paper
from .figures.study import study_figures
from .paper import Figure, Paper, paper_html, paper_pdf, paper_word
from .render import to_csv, to_html, to_json
from .table import Table
from .tables import study_tables
from .tables.parts import part_tables
from .words import say, text_of

PRIMARY = "section-primary"
"""Anchor of the section that holds the primary result."""
SERIOUS = "section-serious"
"""Anchor of the section that lists serious adverse events one by one."""

KEPT_OUT = "section-kept-out"
"""Anchor of the section that lists who is not in an analysis set, one by one."""


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
        if figure.id.startswith(("curves-", "subgroups-")):
            section(f"section-{figure.id}", figure.caption, figure)
    section("section-analyses", say("analyses", language), tables["analyses"])
    drawn = {name for figure in effects for name in figure.tables}
    drawn |= {name for name in figures if name.startswith("subgroups-")}
    names = [
        name
        for one in results.analyses
        for name in (
            f"analysis-{one.id}",
            *(part.id for part in part_tables(results, one, language)),
        )
    ]
    rest = [tables[name] for name in names if name not in drawn]
    if rest:
        section("section-groups", say("results_by_endpoint", language), *rest)
    if "analysis-sets" in tables:
        section("section-sets", say("analysis_sets", language), tables["analysis-sets"])
        section(KEPT_OUT, say("kept_out", language), tables["exclusions"])
    if results.intercurrent or results.estimands:
        strategies = [tables[f"estimands-{one.id}"] for one in results.estimands]
        events = [tables["intercurrent"]] if "intercurrent" in tables else []
        title = say("intercurrent_events", language)
        section("section-estimands", title, *events, *strategies)
    if results.families:
        together = [tables[f"family-{one.id}"] for one in results.families]
        section("section-families", say("family", language), *together)
    if "exposure" in tables:
        section("section-exposure", say("exposure", language), tables["exposure"])
    more = [tables["adverse-related"], tables["adverse-rates"]]
    section("section-adverse", say("adverse_events", language), tables["adverse-events"], *more)
    told = [tables["narratives"]] if "narratives" in tables else []
    section(SERIOUS, say("serious_events", language), tables["serious"], *told)
    if "laboratory-shifts" in tables:
        shifts = tables["laboratory-shifts"]
        grades = [tables["laboratory-grades"]] if "laboratory-grades" in tables else []
        section("section-laboratory", shifts.caption, shifts, *grades)
    if results.assumed:
        section("section-assumed", say("assumed_title", language), _assumed(results, language))
    return tuple(sections)


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


FORMATS = ("html", "pdf", "docx")
"""The forms in which a document is made."""
_FORMS: dict[str, Callable[[Paper], bytes]] = {
    "html": lambda paper: paper_html(paper).encode(),
    "pdf": paper_pdf,
    "docx": paper_word,
}


def study_report(
    results: Results, protocol: Protocol, language: str, plan: PlanStanding | None = None
) -> str:
    """The whole report in a language as HTML: no script, no request to anywhere."""
    return paper_html(study_paper(results, protocol, language, plan))


def paper_files(
    papers: Iterable[Paper], formats: Sequence[str] = FORMATS
) -> Iterator[tuple[str, bytes]]:
    """The files of documents, one by one as they are made."""
    for paper in papers:
        for form in formats:
            yield paper.file(form), _FORMS[form](paper)


def report_files(
    results: Results,
    protocol: Protocol,
    formats: Sequence[str] = FORMATS,
    made: Callable[[str], None] = lambda name: None,
    plan: PlanStanding | None = None,
) -> dict[str, bytes]:
    """Every file of the report by its path: the report and the participants' summary, tables as CSV and JSON, figures as SVG, results as JSON.

    `made` is told the name of each document when it is there.
    """
    out = {"results.json": _json(results.to_json()), "run.json": _json(results.run.to_json())}
    for language in LANGUAGES:
        for table in study_tables(results, language):
            out.update(table_files(table, language))
        for figure in study_figures(results, language):
            out[f"figures/{figure.id}.{language}.svg"] = figure.svg.encode() + b"\n"
        papers = [
            study_paper(results, protocol, language, plan),
            summary_paper(results, protocol, language),
        ]
        for name, content in paper_files(papers, formats):
            out[name] = content
            made(name)
    return dict(sorted(out.items()))


def pack_files(
    papers: Sequence[Paper], formats: Sequence[str], made: Callable[[str], None] = lambda name: None
) -> dict[str, bytes]:
    """The files of the monitoring board's pack: its documents, and their tables as CSV and JSON."""
    out: dict[str, bytes] = {}
    for paper in papers:
        for table in paper.tables():
            for name, content in table_files(table, paper.language).items():
                out[f"{paper.name}-{name}"] = content
        for name, content in paper_files([paper], formats):
            out[name] = content
            made(name)
    return dict(sorted(out.items()))


def table_files(table: Table, language: str) -> dict[str, bytes]:
    """A table as CSV and as JSON. The byte order mark lets spreadsheets read Chinese."""
    stem = f"tables/{table.id}.{language}"
    return {
        f"{stem}.csv": b"\xef\xbb\xbf" + to_csv(table).encode(),
        f"{stem}.json": _json(to_json(table)),
    }


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return text.encode() + b"\n"


def write_files(found: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write files into a folder, made where it is missing; answers with their paths."""
    written = []
    for name, content in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written

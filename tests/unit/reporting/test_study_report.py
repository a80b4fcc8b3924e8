"""The study report: complete, safe, accessible, the same when made again."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from equipoise.analysis import Results, analyze_cut
from equipoise.analysis.cut import cut_events, with_dummy_arms
from equipoise.analysis.results import Counted
from equipoise.quantity.text import Text
from equipoise.reporting import (
    Column,
    Row,
    Table,
    primary_sentence,
    report_files,
    study_figures,
    study_report,
    study_tables,
    to_csv,
    to_html,
    to_text,
    write_files,
)
from support.made_up_trial import made_up_events, protocol

LANGUAGES = ("en", "zh-Hans")
SVG = "{http://www.w3.org/2000/svg}"
NASTY = "<script>alert(1)</script>&\"' onload=x"


@pytest.fixture(scope="module")
def results() -> Results:
    return analyze_cut(cut_events(protocol(), made_up_events(3, 120), on=date(2027, 6, 1)))


@pytest.fixture(scope="module")
def nasty(results: Results) -> Results:
    """The same with markup in every text of the protocol and of the reporters."""
    text = Text({"en": NASTY, "zh-Hans": NASTY})
    first, *rest = results.analyses
    terms = tuple(
        replace(row, label=text, system_organ_class=text) for row in results.adverse_events.terms
    )
    return replace(
        results,
        title=text,
        arms=tuple(replace(arm, label=text) for arm in results.arms),
        flow=replace(results.flow, criteria=(Counted("x", 3, text),)),
        analyses=(replace(first, label=text, endpoint_label=text, time_frame=text), *rest),
        adverse_events=replace(results.adverse_events, terms=terms),
        serious=tuple(replace(one, words=NASTY) for one in results.serious),
        assumed=tuple(replace(one, choice=text, finding=NASTY) for one in results.assumed),
    )


class Elements(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "path", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_of_the_protocol_becomes_markup(nasty: Results, language: str) -> None:
    page = Elements(study_report(nasty, protocol(), language))
    tags = {tag for tag, _ in page.found}
    assert "script" not in tags
    assert not any(name.startswith("on") for _, attrs in page.found for name in attrs)
    for figure in study_figures(nasty, language):
        tree = ElementTree.fromstring(figure.svg)
        assert tree.find(f".//{SVG}script") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_report_asks_no_other_host_for_anything(results: Results, language: str) -> None:
    page = study_report(results, protocol(), language)
    links = [
        value for _, attrs in Elements(page).found for name, value in attrs.items()
        if name in ("href", "src", "srcset", "action", "data")
    ]  # fmt: skip
    assert all(link and re.fullmatch(r"#[\w/-]+|report(\.zh-Hans)?\.html", link) for link in links)
    assert "url(" not in page
    assert "@import" not in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_id_is_unique_and_every_reference_leads_somewhere(
    results: Results, language: str
) -> None:
    found = Elements(study_report(results, protocol(), language)).found
    ids = [attrs["id"] for _, attrs in found if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in found:
        for name in (attrs.get("aria-labelledby") or "").split():
            assert name in ids
        link = attrs.get("href") or ""
        if link.startswith("#"):
            assert link[1:] in ids


def test_all_tables_and_figures_name_the_data_cut(results: Results) -> None:
    for table in study_tables(results, "en"):
        assert results.position.code in table.foot
        assert str(results.position.seq) in table.foot
    assert results.position.root in study_report(results, protocol(), "en")


def test_every_figure_is_described_and_its_data_stand_in_tables(results: Results) -> None:
    for language in LANGUAGES:
        tables = {table.id for table in study_tables(results, language)}
        for figure in study_figures(results, language):
            tree = ElementTree.fromstring(figure.svg)
            assert tree.get("role") == "img"
            for part in ("title", "desc"):
                words = tree.findtext(f"{SVG}{part}")
                assert words is not None
                assert len(words) > 4
            assert set(figure.tables) <= tables
            assert figure.tables


def test_the_flow_figure_shows_the_numbers_of_its_table(results: Results) -> None:
    (figure,) = (one for one in study_figures(results, "en") if one.id == "flow")
    texts = [node.text for node in ElementTree.fromstring(figure.svg).iter(f"{SVG}text")]
    flow = results.flow
    assert texts[texts.index("Assessed for eligibility") + 1] == str(flow.screened)
    assert texts[texts.index("Randomized") + 1] == str(flow.randomized)
    assert texts[texts.index("Not randomized") + 1] == str(flow.screened - flow.randomized)
    places = [
        index for index, text in enumerate(texts) if text == "Analyzed for the primary endpoint"
    ]
    assert [texts[index + 1] for index in places] == [str(arm.analyzed) for arm in flow.arms]


def test_the_curve_figure_steps_as_often_as_there_are_event_times(results: Results) -> None:
    (figure,) = (one for one in study_figures(results, "en") if one.id.startswith("curves-"))
    paths = [node.get("d") or "" for node in ElementTree.fromstring(figure.svg).iter(f"{SVG}path")]
    steps = [path for path in paths if "H" in path and "V" in path]
    curves = results.analysis("curves").curves
    assert [path.count("V") for path in steps] == [sum(map(bool, curve.events)) for curve in curves]


def test_the_primary_sentence_says_what_the_analysis_found(results: Results) -> None:
    primary = results.primary
    assert primary is not None
    treatment, control = primary.groups
    for language in LANGUAGES:
        sentence = primary_sentence(results, language)
        label = results.primary.endpoint_label.in_language(language)
        assert sentence.startswith(label)
        for count in (treatment.events, treatment.analyzed, control.events, control.analyzed):
            assert str(count) in sentence
        shown = f"{abs(100 * primary.comparisons[0].estimate.estimate):.1f}"
        assert shown in sentence


def test_rehearsals_and_dummy_arms_are_marked_as_such(results: Results) -> None:
    assert "no person took part" in study_report(results, protocol(), "en")
    assert "Dummy arms" not in study_report(results, protocol(), "en")
    dummy = analyze_cut(with_dummy_arms(cut_events(protocol(), made_up_events(3, 120))))
    assert "Dummy arms" in study_report(dummy, protocol(), "en")
    assert "虚拟分组" in study_report(dummy, protocol(), "zh-Hans")
    assert "no person took part" not in study_report(
        replace(results, mode="live"), protocol(), "en"
    )


def test_what_is_assumed_is_shown_as_such(results: Results) -> None:
    page = study_report(results, protocol(), "en")
    assert "Assumptions awaiting confirmation" in page
    assert all(html.escape(one.choice.en) in page for one in results.assumed)


def test_the_report_is_the_same_bytes_when_made_again(results: Results, tmp_path: Path) -> None:
    again = analyze_cut(cut_events(protocol(), made_up_events(3, 120), on=date(2027, 6, 1)))
    made = report_files(results, protocol())
    assert made == report_files(again, protocol())
    written = write_files(made, tmp_path / "a" / "b")
    assert {str(path.relative_to(tmp_path / "a" / "b")) for path in written} == set(made)
    stored = json.loads((tmp_path / "a" / "b" / "results.json").read_text())
    assert stored["position"]["code"] == results.position.code


def test_no_chinese_table_is_left_in_english_words(results: Results) -> None:
    english = {column.whole for table in study_tables(results, "en") for column in table.columns}
    chinese = {
        column.whole for table in study_tables(results, "zh-Hans") for column in table.columns
    }
    assert all(re.fullmatch(r"n|[\d./ ]+% CI", heading) for heading in english & chinese)


def test_an_early_trial_has_a_report_too() -> None:
    data = cut_events(protocol(), made_up_events(3, 120)[:3])
    empty = analyze_cut(data)
    for language in LANGUAGES:
        Elements(study_report(empty, protocol(), language))
    assert "cannot be estimated yet" in primary_sentence(empty, "en")


# -- one table -----------------------------------------------------------------------------------

TABLE = Table(
    "t",
    "Caption <b>",
    (Column("What"), Column("n", True, "Group & co"), Column("%", True, "Group & co")),
    (
        Row(("=1+1", "2", "−3")),
        Row(("@cmd", "+1", "-2"), level=1),
        Row(("part", "", ""), section=True),
    ),
    ("note <i>",),
    "cut",
)


def test_html_headings_have_scope_and_nothing_is_raw() -> None:
    page = to_html(TABLE)
    found = Elements(page).found
    headings = [attrs for tag, attrs in found if tag == "th"]
    assert all(attrs.get("scope") in ("col", "row", "colgroup") for attrs in headings)
    assert "<b>" not in page
    assert "<i>" not in page
    assert "Group &amp; co" in page


def test_csv_cells_are_no_formulas() -> None:
    rows = list(csv.reader(io.StringIO(to_csv(TABLE))))
    assert rows[0] == ["What", "Group & co: n", "Group & co: %"]
    assert rows[1:3] == [["'=1+1", "2", "−3"], ["'@cmd", "+1", "-2"]]


def test_plain_text_cannot_steer_a_terminal() -> None:
    table = replace(TABLE, rows=(Row(("a\x1b[2Jb\r\nc", "1", "2")),))
    assert "\x1b" not in to_text(table)
    assert "a [2Jb  c" in to_text(table)


def test_plain_text_folds_long_cells_and_keeps_every_word() -> None:
    words = " ".join(f"word{k}" for k in range(60))
    text = to_text(replace(TABLE, rows=(Row((words, "1", "2")), Row(("口" * 90, "1", "2")))))
    assert max(map(len, text.splitlines())) < 120
    assert re.findall(r"word\d+", text) == words.split()
    assert text.count("口") == 90


def test_a_row_has_as_many_cells_as_there_are_columns() -> None:
    with pytest.raises(ValueError, match="has 1 cells, not 3"):
        replace(TABLE, rows=(Row(("alone",)),))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_behind_an_effect_has_its_table_and_figure(
    results: Results, language: str
) -> None:
    """By subgroup with a forest, by visit, under shifts, and for every number of events among those not seen."""
    tables = {table.id: table for table in study_tables(results, language)}
    figures = {figure.id: figure for figure in study_figures(results, language)}
    for name in ("subgroups-by_factor", "visits-by_week", "tipping-unseen", "tipping-shifted"):
        assert tables[name].rows, name
        assert name in tables
    levels = [row.cells[0] for row in tables["subgroups-by_factor"].rows if row.level]
    for level in levels:
        assert level in figures["subgroups-by_factor"].svg
    page = study_report(results, protocol(), language)
    for name in ("subgroups-by_factor", "visits-by_week", "tipping-unseen", "tipping-shifted"):
        assert html.escape(tables[name].caption) in page
    (grid,) = [c.grid for one in results.analyses for c in one.comparisons if c.grid is not None]
    assert len(tables["tipping-unseen"].rows) == len(grid.treatment)
    assert len(tables["visits-by_week"].rows) == 4

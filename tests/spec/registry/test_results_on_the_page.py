"""Study results on the record page: every leaf of a registry's results section, and of our own trial's.

The real ones are the twelve of the 257 records that have results.
"""

from __future__ import annotations

import gzip
import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from equipoise.analysis import analyze
from equipoise.exchange.draft import draft_from, read_record_bytes
from equipoise.exchange.posting import results_section
from equipoise.protocol.document import Protocol
from equipoise.protocol.record.facts import plain
from equipoise.registry import LiveProjection, record_page, render_page
from equipoise.registry.blocks import Block, Group, Table
from equipoise.registry.results import registered_results
from support.played import small_protocol, small_trial

RECORDS = Path(__file__).parents[2] / "data" / "records" / "records.jsonl.gz"
REFERENCES = re.compile(r"(groups|eventGroups)\[\]\.id$|groupId$|groupIds\[\]$")
"""Leaves that name a group of the same section: they are read as columns, not as words."""

Leaf = tuple[str, Any]


@cache
def real_results() -> dict[str, bytes]:
    """The records that have results, by number."""
    found = {}
    with gzip.open(RECORDS, "rb") as lines:
        for line in lines:
            if b'"resultsSection"' in line:
                record = json.loads(line)
                found[record["protocolSection"]["identificationModule"]["nctId"]] = line
    return found


NUMBERS = sorted(real_results())


@cache
def own_section(language: str = "en") -> dict[str, Any]:
    return results_section(analyze(small_trial()[0]), small_protocol(), language)


def section_of(number: str) -> dict[str, Any]:
    if number == "our own":
        return own_section()
    section: dict[str, Any] = json.loads(real_results()[number])["resultsSection"]
    return section


@cache
def page_of(number: str, language: str = "en") -> str:
    if number == "our own":
        live = LiveProjection(
            as_of=analyze(small_trial()[0]).position.on,
            status="active_not_recruiting",
            results=own_section(language),
        )
        return render_page(
            record_page(small_protocol(), "zh-Hans" if language == "zh-Hans" else "en", live)
        )
    protocol = draft_from(read_record_bytes(real_results()[number], json_expected=True)).protocol
    return render_page(record_page(protocol, "zh-Hans" if language == "zh-Hans" else "en"))


def leaves(tree: Any, path: str = "") -> Iterator[Leaf]:
    if isinstance(tree, dict):
        for key, one in tree.items():
            yield from leaves(one, f"{path}.{key}")
    elif isinstance(tree, list):
        for one in tree:
            yield from leaves(one, f"{path}[]")
    else:
        yield path, tree


def said(words: str) -> str:
    """Words without case, spacing, and the hyphens and underscores of codes."""
    return re.sub(r"[\s_-]+", " ", words).strip().casefold()


def text_of(page: str, start: str, end: str) -> str:
    """What a reader sees of a part of the page."""
    part = page[page.index(start) : page.index(end)]
    return said(html.unescape(re.sub(r"<[^>]+>", " ", part.replace("<br>", "\n"))))


def test_twelve_real_records_have_results() -> None:
    assert len(NUMBERS) == 12


@pytest.mark.parametrize("number", [*NUMBERS, "our own"])
def test_every_leaf_of_the_results_stands_on_the_page(number: str) -> None:
    seen = text_of(page_of(number), '<section id="results"', '<section id="basic"')
    looked_at = 0
    for path, value in leaves(section_of(number)):
        if REFERENCES.search(path) or isinstance(value, bool) or value is None:
            continue
        looked_at += 1
        assert said(plain(str(value))) in seen, (path, value)
    assert looked_at > 100


@pytest.mark.parametrize("number", [*NUMBERS, "our own"])
def test_what_is_answered_yes_or_no_is_answered_on_the_page(number: str) -> None:
    """Among the real ones only agreements are; each has a line of its own."""
    flags = [(path, value) for path, value in leaves(section_of(number)) if isinstance(value, bool)]
    page = page_of(number)
    seen = text_of(page, '<section id="results"', '<section id="basic"')
    labels = {
        "piSponsorEmployee": "Investigator employed by the sponsor",
        "restrictiveAgreement": "Agreement restricts publication",
    }
    for path, value in flags:
        label = labels[path.rsplit(".", 1)[1]]
        assert said(f"{label} {'Yes' if value else 'No'}") in seen


def tables_in(blocks: tuple[Block, ...]) -> Iterator[Table]:
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Group):
            yield from tables_in(block.blocks)


def first_words(cells: Iterator[str] | list[str]) -> Counter[str]:
    return Counter(cell.split(" ")[0] for cell in cells if cell != "–")


def numbers_by_group(tree: Any, keys: tuple[str, ...]) -> dict[str, Counter[str]]:
    """Each group's numbers in a part of the section, whatever they count."""
    found: dict[str, Counter[str]] = {}

    def walk(one: Any) -> None:
        if isinstance(one, dict):
            for key in keys:
                if "groupId" in one and key in one:
                    word = plain(str(one[key])).split(" ")[0]
                    found.setdefault(one["groupId"], Counter())[word] += 1
            for each in one.values():
                walk(each)
        elif isinstance(one, list):
            for each in one:
                walk(each)

    walk(tree)
    return found


@pytest.mark.parametrize("number", [*NUMBERS, "our own"])
def test_every_number_stands_in_the_column_of_its_group_once(number: str) -> None:
    section = section_of(number)
    modules = {
        block.title: block
        for block in registered_results(section, "en")
        if isinstance(block, Group)
    }

    def check(tables: list[Table], groups: list[dict[str, Any]], counted: Any, *keys: str) -> None:
        expected = numbers_by_group(counted, keys)
        for column, group in enumerate(groups, 1):
            cells = [row[column] for table in tables for row in table.rows if len(row) > 1]
            wanted = expected.get(group["id"], Counter())
            assert first_words(cells) == wanted, (group["title"], first_words(cells) - wanted)

    flow = section["participantFlowModule"]
    tables = list(tables_in(modules["Participant flow"].blocks))
    check(tables, flow["groups"], flow["periods"], "numSubjects")

    baseline = section["baselineCharacteristicsModule"]
    tables = list(tables_in(modules["At the start"].blocks))
    check(tables, baseline["groups"], baseline, "value")

    measures = section["outcomeMeasuresModule"]["outcomeMeasures"]
    for block, measure in zip(modules["Outcome measures"].blocks, measures, strict=True):
        assert isinstance(block, Group)
        assert measure["title"].split(" ")[0] in block.title
        check([next(tables_in(block.blocks))], measure["groups"], measure, "value")

    events = section["adverseEventsModule"]
    _, *tables = tables_in(modules["Adverse events"].blocks)
    terms = [*events.get("seriousEvents", ()), *events.get("otherEvents", ())]
    check(tables, events["eventGroups"], terms, "numAffected")


def test_a_chinese_page_says_the_codes_of_the_registry_in_chinese() -> None:
    page = page_of("our own", "zh-Hans")
    seen = text_of(page, '<section id="results"', '<section id="basic"')
    for words in ("人数", "标准差", "未完成", "系统评估", "双侧", "优效性", "主要"):
        assert words in seen
    for code in ("count of participants", "not completed", "two sided", "superiority"):
        assert code not in seen


def test_nothing_is_shown_before_a_release() -> None:
    protocol: Protocol = small_protocol()
    live = LiveProjection(as_of=analyze(small_trial()[0]).position.on, status="recruiting")
    page = render_page(record_page(protocol, "en", live))
    assert "No results yet" in page
    assert "Adverse events" not in text_of(page, '<section id="results"', '<section id="basic"')


def test_a_heading_over_rows_spans_the_table() -> None:
    page = page_of(NUMBERS[0])
    spans = re.findall(r'<tr class="section"><th scope="colgroup" colspan="(\d+)">', page)
    assert spans
    assert all(int(one) >= 2 for one in spans)

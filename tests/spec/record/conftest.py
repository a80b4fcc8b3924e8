"""The first trial's record page, and what the checks find in a version of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from equipoise.exchange.draft import Draft, draft_from, read_record_bytes
from equipoise.protocol.checks import Finding
from equipoise.protocol.record import check_record, facts_of

RECORDS = Path(__file__).parents[2] / "data" / "records"
RECORD_PAGE = Path(__file__).parents[3] / "trials" / "nct07312656" / "record.txt"
TODAY = date(2026, 11, 23)

Edit = tuple[str, str]
"""A piece of the page's text and what stands in its place."""


@cache
def page_text() -> str:
    return RECORD_PAGE.read_text(encoding="utf-8")


def edited(*edits: Edit) -> str:
    """The page with pieces replaced; each piece must be there."""
    text = page_text()
    for old, new in edits:
        assert old in text, f"the page does not say {old!r}"
        text = text.replace(old, new)
    return text


def draft_of(text: str) -> Draft:
    return draft_from(read_record_bytes(text.encode()))


def findings_of(text: str, today: date | None = TODAY) -> list[Finding]:
    return check_record(facts_of(draft_of(text).protocol), today)


@pytest.fixture
def ids() -> Callable[..., set[str]]:
    """The ids found on the page after edits."""

    def find(*edits: Edit) -> set[str]:
        return {finding.id for finding in findings_of(edited(*edits))}

    return find


@pytest.fixture
def found() -> Callable[..., list[Finding]]:
    """The findings on the page after edits, as of a day."""

    def find(*edits: Edit, today: date | None = TODAY) -> list[Finding]:
        return findings_of(edited(*edits), today)

    return find


@pytest.fixture
def page() -> Callable[..., Draft]:
    """The draft made from the page after edits."""

    def make(*edits: Edit) -> Draft:
        return draft_of(edited(*edits))

    return make


@cache
def real_drafts() -> tuple[Draft, ...]:
    with gzip.open(RECORDS / "records.jsonl.gz", "rb") as lines:
        return tuple(draft_from(read_record_bytes(line, json_expected=True)) for line in lines)


@pytest.fixture(scope="session")
def drafts() -> tuple[Draft, ...]:
    """A draft of each of the 257 real records."""
    return real_drafts()


@pytest.fixture(scope="session")
def real_findings(drafts: tuple[Draft, ...]) -> list[tuple[str, Finding]]:
    """Every finding of the real records, with the trial's id."""
    return [
        (draft.protocol.id, finding)
        for draft in drafts
        for finding in check_record(facts_of(draft.protocol), TODAY)
    ]

"""Decision records have numbers of their own, which their titles repeat."""

from __future__ import annotations

from pathlib import Path

RECORDS = sorted((Path(__file__).parents[3] / "docs" / "decisions").glob("*.md"))


def test_no_two_records_share_a_number():
    numbers = [record.name[:3] for record in RECORDS]
    assert len(numbers) > 10
    assert sorted(set(numbers)) == numbers


def test_every_title_begins_with_its_number():
    for record in RECORDS:
        title = record.read_text(encoding="utf-8").splitlines()[0]
        assert title.startswith(f"# {record.name[:3]}: "), record.name

"""Eligibility text is split as it was numbered, and never renumbered."""

from __future__ import annotations

import pytest

from equipoise.exchange.criteria import criterion_ids, label_of, split_criteria


def split(text: str) -> list[tuple[str, str | None, str]]:
    return [(one.kind, one.number, one.text) for one in split_criteria(text)]


def test_numbers_are_kept_as_found() -> None:
    assert split(
        "Inclusion Criteria:\n\n2. Age\n3. Consent\n\nExclusion Criteria:\n\n2. Surgery"
    ) == [
        ("inclusion", "2", "Age"),
        ("inclusion", "3", "Consent"),
        ("exclusion", "2", "Surgery"),
    ]


@pytest.mark.parametrize("label", ["4.", "4)", "(4)", "4、", "④", "No. 4:", "[4]"])
def test_many_ways_to_write_a_number(label: str) -> None:
    entry = label_of(f"{label} No prior surgery")
    assert entry is not None
    assert entry[1:] == ("4", "No prior surgery")


@pytest.mark.parametrize(
    "line", ["e.g. a prior infection", "3.5 mg of drug", "I.V. access", "1:1 ratio", "Age over 18"]
)
def test_prose_is_no_list_entry(line: str) -> None:
    assert label_of(line) is None


def test_sub_lists_stay_with_their_criterion() -> None:
    text = "Inclusion Criteria:\n\n* Adequate function:\n\n  * platelets over 100\n  * ALT normal\n* Consent"
    assert split(text) == [
        ("inclusion", None, "Adequate function:\n- platelets over 100\n- ALT normal"),
        ("inclusion", None, "Consent"),
    ]


def test_lists_run_into_one_line_are_told_apart() -> None:
    assert split(
        "Exclusion Criteria:\n\n1. Any prior fusion 2. Requires fusion 3. Acute trauma"
    ) == [
        ("exclusion", "1", "Any prior fusion"),
        ("exclusion", "2", "Requires fusion"),
        ("exclusion", "3", "Acute trauma"),
    ]


def test_markdown_escapes_are_taken_off() -> None:
    assert split("Inclusion Criteria:\n\n* WBC \\> 3 x 10\\^9/L") == [
        ("inclusion", None, "WBC > 3 x 10^9/L")
    ]


def test_a_text_without_headings_is_left_whole() -> None:
    assert split("Healthy adults from the region") == []


def test_ids_are_unique_even_when_numbers_are_not() -> None:
    criteria = split_criteria(
        "Inclusion Criteria:\n\n1. A\n1. B\n\nExclusion Criteria:\n\n* C\n* D"
    )
    assert criterion_ids(criteria) == [
        "inclusion_1", "inclusion_1__2", "exclusion_item_1", "exclusion_item_2",
    ]  # fmt: skip

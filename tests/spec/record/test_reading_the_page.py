"""The text of a record page becomes a draft in which nothing of the page is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from equipoise.exchange.draft import Draft, write_draft
from equipoise.protocol.checks import check_protocol
from equipoise.protocol.reading import load_protocol

Page = Callable[..., Draft]


def test_every_line_of_the_page_is_read_or_kept(page: Page) -> None:
    draft = page()
    assert (draft.tally.read, draft.tally.kept, draft.tally.dropped) == (56, 36, ())
    assert draft.tally.total == 92


def test_the_draft_says_what_the_page_says(page: Page) -> None:
    protocol = page().protocol
    assert protocol.readiness == "draft"
    assert protocol.id == "nct07312656"
    assert protocol.design.phase == ["phase2"]
    assert protocol.design.allocation == "randomized"
    assert protocol.design.model == "parallel"
    assert protocol.design.purpose == "treatment"
    assert protocol.design.masking is not None
    assert protocol.design.masking.level == "none"
    assert protocol.design.sample_size is not None
    assert protocol.design.sample_size.target == 200
    dates = protocol.identity.dates
    assert dates.start is not None
    assert str(dates.start.date) == "2026-01-31"
    assert dates.completion is not None
    assert str(dates.completion.date) == "2028-02-29"
    assert [arm.label.en for arm in protocol.arms] == ["experimental group", "control group"]
    assert protocol.arms[0].interventions == [protocol.interventions[0].id]
    assert protocol.arms[1].interventions == []
    assert len(protocol.identity.sponsors) == 3
    assert [site.city.en for site in protocol.identity.sites] == ["Nanning"]
    assert protocol.eligibility.minimum_age == "18 Years"
    assert protocol.eligibility.maximum_age == "75 Years"
    assert protocol.eligibility.healthy_volunteers is False


def test_criteria_keep_the_numbers_they_came_with(page: Page) -> None:
    criteria = page().protocol.eligibility.criteria
    inclusion = [one.number for one in criteria if one.kind == "inclusion"]
    exclusion = [one.number for one in criteria if one.kind == "exclusion"]
    assert inclusion == [str(number) for number in range(2, 11)]
    assert exclusion == [str(number) for number in range(2, 12)]
    assert all(one.judgement and one.met_when is None for one in criteria)


def test_markdown_is_taken_off_for_display_and_the_raw_line_kept(page: Page) -> None:
    protocol = page().protocol
    shown = next(one for one in protocol.eligibility.criteria if one.id == "inclusion_5")
    assert "3.0×10^9/L" in shown.text.en
    assert "3.0×10\\^9/L" in protocol.record["raw"]["line 45"]


def test_the_pages_own_sentences_are_no_summary(page: Page) -> None:
    protocol = page().protocol
    assert protocol.identity.summary is None
    assert protocol.identity.description is None
    assert protocol.identity.conditions == []


SECTIONS = (
    "Study Results", "Basic Information", "Brief Summary", "Detailed Description", "Conditions",
    "Study Design", "Study Groups", "Interventions", "Eligibility Criteria", "Sponsors",
    "Responsible Party", "Locations", "Countries", "Central Contacts", "Facility Contacts",
    "Other Identifiers",
)  # fmt: skip


def _sections(text: str) -> tuple[str, dict[str, str]]:
    preamble: list[str] = []
    sections: dict[str, list[str]] = {}
    current = preamble
    for line in text.splitlines():
        if line in SECTIONS:
            current = sections.setdefault(line, [])
        current.append(line)
    return "\n".join(preamble), {name: "\n".join(lines) for name, lines in sections.items()}


def test_sections_may_come_in_any_order(page: Page) -> None:
    from equipoise.exchange.draft import draft_from, read_record_bytes

    text = (Path(__file__).parents[3] / "trials/nct07312656/record.txt").read_text("utf-8")
    preamble, sections = _sections(text)
    turned = "\n".join([preamble, *(sections[name] for name in reversed(SECTIONS))])
    one, other = page(), draft_from(read_record_bytes(turned.encode()))
    assert other.tally.dropped == ()
    assert other.protocol.identity == one.protocol.identity
    assert other.protocol.design == one.protocol.design
    assert other.protocol.arms == one.protocol.arms
    assert other.protocol.interventions == one.protocol.interventions
    assert other.protocol.eligibility == one.protocol.eligibility


@pytest.mark.parametrize("gone", SECTIONS)
def test_a_page_without_a_section_still_makes_a_draft(gone: str) -> None:
    from equipoise.exchange.draft import draft_from, read_record_bytes

    text = (Path(__file__).parents[3] / "trials/nct07312656/record.txt").read_text("utf-8")
    preamble, sections = _sections(text)
    rest = "\n".join([preamble, *(sections[name] for name in SECTIONS if name != gone)])
    assert draft_from(read_record_bytes(rest.encode())).tally.dropped == ()


def test_a_description_given_twice_differently_is_kept_twice(page: Page) -> None:
    once = "Approximately 1.5mL per spray. 5. Administration Method: Oral spray. Evenly spray onto the oral mucosal surface. Avoid eating or rinsing for 20 minutes after administration.\ncontrol group"
    draft = page((once, once.replace("1.5mL", "2mL")))
    assert draft.tally.dropped == ()
    assert "2mL" in draft.protocol.record["intervention_variants"][0]["text"]


def test_the_written_draft_reads_back_as_the_same_protocol(page: Page, tmp_path: Path) -> None:
    draft = page()
    again = load_protocol(write_draft(draft, tmp_path / "new"))
    assert again.version == draft.protocol.version


def test_a_written_draft_can_be_checked_with_lines(page: Page, tmp_path: Path) -> None:
    from equipoise.protocol.reading import read_protocol

    reading = read_protocol(write_draft(page(), tmp_path / "new"))
    assert reading.protocol is not None
    findings = check_protocol(reading.protocol, date(2026, 11, 23), reading.places)
    by_id = {one.id: one for one in findings}
    assert by_id["timing-conflict/start"].line is not None
    assert by_id["timing-conflict/start"].settled_by is None

"""The first protocol says what the public record says, invents nothing, and marks what it assumes."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from equipoise.protocol.checks import check_protocol
from equipoise.protocol.document import Decision, Protocol
from equipoise.quantity.text import Text

RECORD_PAGE = Path(__file__).parents[3] / "trials" / "nct07312656" / "record.txt"
TODAY = date(2026, 11, 24)

GAPS_OF_THE_RECORD = {
    # contradictions
    "timing-conflict/start", "timing-conflict/stop", "purpose-title-mismatch", "route-mismatch",
    "control-undefined/control", "gap/permitted-mucosal-agents", "open-label-subjective-outcome",
    "sites-missing", "gap/postoperative-radiotherapy", "dose-ambiguity",
    "threshold-overlap/creatinine-clearance", "gap/overlapping-criteria",
    "screening-before-first-dose", "start-date-passed", "recruitment-rate",
    # what it does not say
    "no-primary-outcome", "criteria-numbering-gap/inclusion", "criteria-numbering-gap/exclusion",
    "gap/product-identity", "no-allocation-ratio", "no-strata", "no-sample-size-rationale",
    "gap/safety-reporting", "pregnancy-not-addressed", "no-summary", "no-conditions",
    "contact-missing", "gap/responsible-party", "gap/arm-types", "gap/field-and-technique",
    "gap/time-anchors", "gap/dosing-rules", "gap/laboratory", "vague-term",
}  # fmt: skip


def _record_lines() -> list[str]:
    text = RECORD_PAGE.read_text(encoding="utf-8")
    return [re.sub(r"\\([\^<>])", r"\1", line).strip() for line in text.splitlines()]


def _record_criteria(heading: str, end: str) -> dict[str, str]:
    lines = _record_lines()
    part = lines[lines.index(heading) + 1 : lines.index(end)]
    numbered = (re.fullmatch(r"(\d+)\.\s+(.*)", line) for line in part)
    return {match[1]: match[2] for match in numbered if match}


def _texts(part: Any, place: str = "") -> list[tuple[str, Text]]:
    if isinstance(part, Text):
        return [(place, part)]
    if isinstance(part, list | tuple):
        return [found for at, one in enumerate(part) for found in _texts(one, f"{place}[{at}]")]
    if isinstance(part, dict):
        return [found for key, one in part.items() for found in _texts(one, f"{place}.{key}")]
    if hasattr(type(part), "model_fields"):
        return [
            found
            for name in type(part).model_fields
            for found in _texts(getattr(part, name), f"{place}.{name}")
        ]
    return []


@pytest.mark.parametrize(
    ("kind", "heading", "end"),
    [
        ("inclusion", "Inclusion Criteria", "Exclusion Criteria"),
        ("exclusion", "Exclusion Criteria", "18 Years"),
    ],
)
def test_every_criterion_of_the_record_stands_with_its_number_and_wording(
    first: Protocol, kind: str, heading: str, end: str
) -> None:
    """The record's items 2 to 10 and 2 to 11, word for word; whatever else stands was added openly."""
    recorded = _record_criteria(heading, end)
    assert set(recorded) == {str(n) for n in range(2, 11 if kind == "inclusion" else 12)}
    ours = {
        str(criterion.number): criterion.text.en
        for criterion in first.eligibility.criteria
        if criterion.kind == kind and not criterion.id.startswith("added_")
    }
    assert ours == recorded


def test_the_lost_first_items_are_not_invented(first: Protocol) -> None:
    """Nobody is admitted or kept out by a criterion numbered 1."""
    assert "1" not in {criterion.number for criterion in first.eligibility.criteria}


def test_what_was_added_to_the_record_says_so(first: Protocol) -> None:
    """An added criterion says in both languages that the record does not have it, and is decided on."""
    added = [c for c in first.eligibility.criteria if c.id.startswith("added_")]
    assert [criterion.id for criterion in added] == ["added_pregnancy", "added_allergy"]
    for criterion in added:
        assert "added by decision" in criterion.text.en
        assert "注册记录中无此条" in criterion.text.in_language("zh-Hans")
    decided = {decision.finding for decision in first.decisions}
    assert {"pregnancy-not-addressed", "allergy-not-addressed"} <= decided


def test_arms_and_intervention_keep_the_words_of_the_record(first: Protocol) -> None:
    """The texts that contradict each other are left standing; decisions say which one holds."""
    page = " ".join(_record_lines())
    for text in (*(arm.description for arm in first.arms), first.interventions[0].description):
        assert text is not None
        assert text.en in page


def test_the_registered_facts_are_those_of_the_page(first: Protocol) -> None:
    """Title, sponsors, contact, identifiers, ages, target, phase and masking."""
    lines = _record_lines()
    identity, design = first.identity, first.design
    assert identity.titles.brief.en == lines[0]
    for name in [*(sponsor.name.en for sponsor in identity.sponsors), identity.contacts[0].name.en]:
        assert name in lines
    for identifier in identity.identifiers:
        assert any(identifier.id in line for line in lines)
    assert f"{design.sample_size.target if design.sample_size else 0} participants" in lines
    assert {first.eligibility.minimum_age, first.eligibility.maximum_age} <= set(lines)
    assert design.masking is not None
    shown = {design.allocation, str(design.model), str(design.purpose), design.masking.level}
    assert {word.upper() for word in shown} <= set(lines)
    assert identity.registry_status is not None
    assert identity.registry_status.upper() in lines
    assert [phase.upper() for phase in design.phase] == ["PHASE2"]


def test_the_contact_is_not_given_a_telephone_the_record_lacks(first: Protocol) -> None:
    """A missing telephone number stays missing."""
    assert all(
        contact.phone is None and contact.email is None for contact in first.identity.contacts
    )


def test_dates_keep_the_precision_of_the_register(first: Protocol) -> None:
    """Start and completion are months; the days on copies of the record are fill-ins."""
    dates = first.identity.dates
    assert dates.start is not None
    assert dates.completion is not None
    assert (str(dates.start.date), str(dates.completion.date)) == ("2026-01", "2028-02")
    assert dates.start.type == dates.completion.type == "estimated"


def test_each_sponsor_has_its_site_and_the_targets_add_up(first: Protocol) -> None:
    """Nanning 120, Liuzhou 40, Yulin 40: the target of 200."""
    sites = first.identity.sites
    assert [(site.id, site.key, site.target) for site in sites] == [
        ("01", "nanning", 120), ("02", "liuzhou", 40), ("03", "yulin", 40),
    ]  # fmt: skip
    assert {site.timezone for site in sites} == {"Asia/Shanghai"}
    assert [sponsor.role for sponsor in first.identity.sponsors].count("lead") == 1
    assert first.design.sample_size is not None
    assert sum(site.target or 0 for site in sites) == first.design.sample_size.target


def test_every_gap_of_the_record_is_decided_on_once(first: Protocol) -> None:
    """No gap is passed over in silence, and none has two answers."""
    named = Counter(decision.finding for decision in first.decisions)
    assert set(named) >= GAPS_OF_THE_RECORD
    assert max(named.values()) == 1


def test_every_decision_is_an_assumption_that_names_who_can_confirm_it(first: Protocol) -> None:
    """Nothing is passed off as the study team's own."""
    assert {(d.status, d.by) for d in first.decisions} == {("assumed", "protocol drafting team")}
    assert all(decision.confirm_with is not None for decision in first.decisions)


def test_no_finding_is_left_unsettled(first: Protocol) -> None:
    """The shipped protocol is activatable: what is found is mended, or decided on with a reason."""
    assert first.readiness == "activatable"
    open_findings = [f.id for f in check_protocol(first, TODAY) if not f.settled]
    assert open_findings == []


def test_a_decision_taken_back_brings_its_finding_back(first: Protocol) -> None:
    """Decisions settle real findings: without them the contradictions of the record are errors."""
    bare = first.model_copy(update={"decisions": list[Decision]()})
    blocking = {finding.id for finding in check_protocol(bare, TODAY) if finding.blocks}
    assert {
        "timing-conflict/start", "timing-conflict/stop", "dose-ambiguity",
        "criteria-numbering-gap/inclusion", "criteria-numbering-gap/exclusion",
    } <= blocking  # fmt: skip


@pytest.mark.parametrize("trial", ["first", "second"])
def test_every_text_is_given_in_both_languages(trial: str, request: pytest.FixtureRequest) -> None:
    """A coordinator in Guangxi reads the whole trial in Chinese."""
    protocol: Protocol = request.getfixturevalue(trial)
    found = _texts(protocol)
    assert len(found) > 150
    assert [place for place, text in found if not text.has("zh-Hans")] == []
    # Left to right alike in both languages: an abbreviation, a drug's name, a person's name.
    names = re.compile(r"SUSAR|EX-417 (?:5|10) mg|Rensheng Wang")
    untranslated = [
        place
        for place, text in found
        if not re.search(r"[\u4e00-\u9fff]", text.in_language("zh-Hans"))
        and not names.fullmatch(text.in_language("zh-Hans"))
    ]
    assert untranslated == []


@pytest.mark.parametrize("trial", ["first", "second"])
def test_chinese_is_set_with_chinese_punctuation(
    trial: str, request: pytest.FixtureRequest
) -> None:
    """No half-width comma, semicolon or colon between Chinese characters, no space from a line break."""
    protocol: Protocol = request.getfixturevalue(trial)
    slip = re.compile(
        r"[\u4e00-\u9fff][,;:]\s*[\u4e00-\u9fff]|[\u4e00-\u9fff] [\u4e00-\u9fff]|[，。；] "
    )
    slips = [
        (place, match[0])
        for place, text in _texts(protocol)
        if (match := slip.search(text.in_language("zh-Hans")))
    ]
    assert slips == []

"""The pages of findings say what the checks really find, code by code and over the real records."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from equipoise.protocol.record import CODES

ROOT = Path(__file__).resolve().parents[3]
REAL_RECORDS = pytest.mark.xdist_group("real-records")
"""Read once: all 257 take ten seconds."""


def _load_page_writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "findings_page", ROOT / "tools" / "findings_page.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["findings_page"] = module
    spec.loader.exec_module(module)
    return module


pages = _load_page_writer()
EXAMPLES = pages.examples()


def test_every_code_has_its_section_and_every_section_its_code() -> None:
    assert Counter(one.code for one in EXAMPLES) == Counter(CODES)
    headings = [line[3:] for line in pages.page().splitlines() if line.startswith("## ")]
    assert sorted(headings) == sorted(CODES)


def test_the_mended_text_has_no_finding() -> None:
    assert pages.told(pages.CLEAN.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.code)
def test_what_fails_gives_its_finding_and_no_other(example) -> None:
    found = pages.told(example.text)
    assert {one.code for one in found} == {example.code, *example.also}
    for one in found:
        assert one.line is not None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.code)
@pytest.mark.parametrize("status", ["confirmed", "assumed"])
def test_a_decision_settles_it(example, status: str) -> None:
    from equipoise.protocol.checks import check_protocol
    from equipoise.protocol.reading import read_text

    decision = (
        f"decisions:\n  - {{finding: {example.code}, choice: As it is, reason: It is so, by: Dr. Lin, "
        f"on: 2026-11-24, status: {status}}}\n"
    )
    protocol = read_text(example.text + decision).protocol
    assert protocol is not None
    found = [one for one in check_protocol(protocol, pages.TODAY) if one.code == example.code]
    assert found
    assert all(one.settled for one in found)


def test_the_page_of_findings_is_current() -> None:
    """Run `python tools/findings_page.py` after changing a check or an example."""
    assert pages.PAGE.read_text(encoding="utf-8") == pages.page()


@REAL_RECORDS
def test_the_page_of_real_records_is_current() -> None:
    """Run `python tools/findings_page.py` after changing a check; read what changed before landing it."""
    assert pages.REAL_PAGE.read_text(encoding="utf-8") == pages.real_page()


def test_fifty_findings_were_judged_in_each_sample_and_each_says_why() -> None:
    for drawn in pages.judged():
        assert len(drawn["findings"]) == pages.SAMPLE_SIZE
        for one in drawn["findings"]:
            assert one["verdict"] in pages.VERDICTS
            assert one["why"]


def test_a_finding_judged_true_is_still_found_and_one_judged_false_is_gone() -> None:
    now = {(trial, finding.id) for trial, finding in pages.real_findings()}
    for drawn in pages.judged():
        for one in drawn["findings"]:
            if one["verdict"] == "true":
                assert (one["trial"], one["finding"]) in now
            assert bool(one.get("mended")) == ((one["trial"], one["finding"]) not in now)
            if one["verdict"] == "false":
                assert one.get("mended"), "what is false is mended in the check"


@REAL_RECORDS
def test_the_rule_of_the_samples_spreads_them_over_the_codes() -> None:
    chosen = pages.sample("any seed", pages.real_findings())
    assert len(chosen) == pages.SAMPLE_SIZE
    counts = Counter(finding.code for _, finding in chosen)
    occurring = {finding.code for _, finding in pages.real_findings()}
    assert set(counts) == occurring
    assert max(counts.values()) <= 2

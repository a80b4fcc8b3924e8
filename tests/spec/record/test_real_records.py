"""The 257 real records become drafts, and nothing of them is lost."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from equipoise.exchange.draft import Draft, write_draft
from equipoise.exchange.leaves import MissingLeafError, at, leaves
from equipoise.protocol.checks import Finding
from equipoise.protocol.reading import load_protocol
from equipoise.protocol.record import facts_of

pytestmark = pytest.mark.xdist_group("real-records")  # read once: all 257 take seconds

RECORDS = Path(__file__).parents[2] / "data" / "records" / "records.jsonl.gz"


@pytest.fixture(scope="module")
def studies() -> list[dict[str, Any]]:
    with gzip.open(RECORDS, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_all_become_drafts_without_a_dropped_leaf(drafts: tuple[Draft, ...]) -> None:
    assert len(drafts) == 257
    assert [draft.protocol.id for draft in drafts if draft.tally.dropped] == []


def test_the_leaves_counted_are_the_leaves_of_the_record(
    drafts: tuple[Draft, ...], studies: list[dict[str, Any]]
) -> None:
    for draft, study in zip(drafts, studies, strict=True):
        assert draft.tally.total == sum(1 for _ in leaves(study))


def _said(draft: Draft) -> str:
    return json.dumps(draft.document, ensure_ascii=False, default=str)


def test_every_text_of_a_record_can_be_found_in_its_draft(
    drafts: tuple[Draft, ...], studies: list[dict[str, Any]]
) -> None:
    """An independent look: letters and digits of each string stand somewhere in the draft.

    Links from arms to interventions (`Drug: Spray`) become ids and are looked at apart.
    """

    def letters(text: str) -> str:
        return "".join(character for character in text.lower() if character.isalnum())

    for draft, study in list(zip(drafts, studies, strict=True))[::7]:
        said = letters(json.loads(json.dumps(_said(draft), ensure_ascii=False)).replace("\\n", " "))
        for path, value in leaves(study):
            if ".interventionNames[" in path or value == "NA":
                continue
            if isinstance(value, str) and "\n" not in value:
                assert letters(value) in said, (draft.protocol.id, path)


def test_every_kept_leaf_stands_where_the_record_had_it(
    drafts: tuple[Draft, ...], studies: list[dict[str, Any]]
) -> None:
    for draft, study in list(zip(drafts, studies, strict=True))[::5]:
        for path, value in leaves(draft.document["record"].get("kept", None)):
            if value is None:
                continue
            try:
                assert str(at(study, path)) == str(value)
            except MissingLeafError:
                pytest.fail(f"{draft.protocol.id}: {path} is kept, the record has no such place")


def test_observational_and_unallocated_studies_say_what_they_are_not(
    drafts: tuple[Draft, ...], real_findings: list[tuple[str, Finding]]
) -> None:
    by_trial: dict[str, set[str]] = {}
    for trial, finding in real_findings:
        by_trial.setdefault(trial, set()).add(finding.code)
    counts: Counter[str] = Counter()
    for draft in drafts:
        facts = facts_of(draft.protocol)
        codes = by_trial.get(draft.protocol.id, set())
        assert ("not-interventional" in codes) == (facts.study_type != "interventional")
        assert ("not-randomized" in codes) == (facts.allocation != "randomized")
        counts[facts.study_type] += 1
        counts[facts.allocation] += 1
    assert counts["observational"] == 56
    assert counts["not_applicable"] == 59


def test_ids_are_unique_in_each_record(real_findings: list[tuple[str, Finding]]) -> None:
    assert max(Counter((trial, one.id) for trial, one in real_findings).values()) == 1


def test_partial_dates_keep_their_precision(
    drafts: tuple[Draft, ...], studies: list[dict[str, Any]]
) -> None:
    for draft, study in zip(drafts, studies, strict=True):
        given = study["protocolSection"]["statusModule"]["startDateStruct"]["date"]
        start = draft.protocol.identity.dates.start
        assert start is not None
        assert str(start.date) == given


def test_arms_are_linked_to_their_interventions(
    drafts: tuple[Draft, ...], studies: list[dict[str, Any]]
) -> None:
    linked = 0
    for draft, study in zip(drafts, studies, strict=True):
        module = study["protocolSection"].get("armsInterventionsModule", {})
        names = {one.id: one.name.en for one in draft.protocol.interventions}
        by_label = {arm.label.en: arm for arm in draft.protocol.arms}
        for group in module.get("armGroups", []):
            arm = by_label.get(group["label"].strip())
            for name in group.get("interventionNames", []):
                _, _, bare = name.partition(": ")
                if arm is not None and bare in names.values():
                    assert bare in {names[one] for one in arm.interventions}, draft.protocol.id
                    linked += 1
    assert linked > 400


@pytest.mark.parametrize("index", range(0, 257, 32))
def test_a_written_draft_reads_back_the_same(
    index: int, drafts: tuple[Draft, ...], tmp_path: Path
) -> None:
    again = load_protocol(write_draft(drafts[index], tmp_path))
    assert again.version == drafts[index].protocol.version


def test_records_with_results_keep_all_of_them(
    drafts: tuple[Draft, ...], studies: list[dict[str, Any]]
) -> None:
    with_results = [
        (draft, study)
        for draft, study in zip(drafts, studies, strict=True)
        if "resultsSection" in study
    ]
    assert len(with_results) == 12
    for draft, study in with_results:
        kept = draft.protocol.record["kept"]["resultsSection"]
        assert [(path, str(value)) for path, value in leaves(kept)] == [
            (path, str(value)) for path, value in leaves(study["resultsSection"])
        ]

"""Results of a trial as its registry takes them: JSON by the API's schema, XML by the upload schema."""

from __future__ import annotations

import gzip
import itertools
import json
import math
import os
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from equipoise.analysis import Results, analyze
from equipoise.exchange.draft import draft_from, read_record_bytes
from equipoise.exchange.posting import SCHEMA_VERSION, protocol_section, results_xml, study
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from support.ctgov_schema import DATA, faults
from support.played import SECOND_PROTOCOL, rehearsed, second_protocol, small_protocol, small_trial
from support.story import seed_protocol

RECORDS = DATA.parent / "records" / "records.jsonl.gz"

Posted = tuple[Protocol, Results, dict[str, Any]]


@pytest.fixture(scope="module", params=["two arms, open", "three arms, masked"])
def posted(request: pytest.FixtureRequest) -> Posted:
    """A rehearsed trial with its results as a study."""
    protocol = small_protocol() if request.param == "two arms, open" else second_protocol()
    trial = small_trial()[0] if request.param == "two arms, open" else rehearsed(protocol)[0]
    results = analyze(trial)
    return protocol, results, study(protocol, results)


def texts(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        for one in tree.values():
            yield from texts(one)
    elif isinstance(tree, list):
        for one in tree:
            yield from texts(one)
    elif isinstance(tree, str):
        yield tree


def by_group(entries: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {one["groupId"]: one[key] for one in entries}


def test_the_study_is_valid_to_the_last_key(posted: Posted) -> None:
    assert faults(posted[2]) == []


STEP = 1 if os.environ.get("EQUIPOISE_DEEP") else 16
"""Which of the 257 real records are looked at."""


def test_what_is_registered_is_valid_for_real_records() -> None:
    with gzip.open(RECORDS, "rb") as lines:
        drafts = [
            draft_from(read_record_bytes(line, json_expected=True)).protocol
            for line in itertools.islice(lines, 0, None, STEP)
        ]
    assert len(drafts) >= 16
    found = [(one.id, fault) for one in drafts for fault in faults(study(one, None))]
    assert found == []


def test_an_invented_key_a_wrong_code_and_an_empty_text_are_faults(posted: Posted) -> None:
    whole = json.loads(json.dumps(posted[2]))
    whole["resultsSection"]["moreInfoModule"]["mood"] = "good"
    whole["protocolSection"]["designModule"]["studyType"] = "A_TRIAL"
    whole["resultsSection"]["participantFlowModule"]["groups"][0]["title"] = " "
    assert len(faults(whole)) == 3


def test_those_who_started_completed_or_have_a_reason(posted: Posted) -> None:
    _, results, whole = posted
    (period,) = whole["resultsSection"]["participantFlowModule"]["periods"]
    counts = {
        one["type"]: by_group(one["achievements"], "numSubjects") for one in period["milestones"]
    }
    for index, arm in enumerate(results.flow.arms):
        group = f"FG{index:03d}"
        assert counts["STARTED"][group] == str(arm.allocated)
        assert counts["COMPLETED"][group] == str(arm.completed)
        reasons = sum(
            int(by_group(one["reasons"], "numSubjects")[group])
            for one in period.get("dropWithdraws", ())
        )
        assert int(counts["NOT COMPLETED"][group]) == reasons == arm.allocated - arm.completed


def test_every_baseline_count_adds_up_to_its_denominator(posted: Posted) -> None:
    module = posted[2]["resultsSection"]["baselineCharacteristicsModule"]
    everybody = by_group(module["denoms"][0]["counts"], "value")
    counted = 0
    for measure in module["measures"]:
        of = by_group(measure.get("denoms", module["denoms"])[0]["counts"], "value")
        assert set(of) == set(everybody)
        cells = [c for one in measure["classes"] for c in one["categories"]]
        if measure["paramType"] != "COUNT_OF_PARTICIPANTS" or len(cells) == 1:
            continue
        counted += 1
        for group, total in of.items():
            assert sum(int(by_group(c["measurements"], "value")[group]) for c in cells) == int(
                total
            )
    assert counted >= 4
    titles = {measure["title"] for measure in module["measures"]}
    assert {"Age, Continuous", "Sex: Female, Male", "Region of Enrollment"} <= titles


def test_the_primary_outcome_says_what_its_analysis_found(posted: Posted) -> None:
    _, results, whole = posted
    measures = whole["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    (primary,) = (one for one in measures if one["type"] == "PRIMARY")
    found = results.primary
    assert found is not None
    cells = by_group(primary["classes"][0]["categories"][0]["measurements"], "value")
    of = by_group(primary["denoms"][0]["counts"], "value")
    titles = {one["id"]: one["title"] for one in primary["groups"]}
    labels = {arm.label.en: arm.id for arm in results.arms}
    groups = {group.arm: group for group in found.groups}
    for name, title in titles.items():
        group = groups[labels[title]]
        assert of[name] == str(group.analyzed)
        if group.events is not None:
            assert cells[name] == str(group.events)
        else:
            assert group.distribution is not None
            assert float(cells[name]) == pytest.approx(group.distribution.mean, abs=0.051)
    for comparison, analysis in zip(found.comparisons, primary["analyses"], strict=False):
        pair = [labels[titles[group]] for group in analysis["groupIds"]]
        assert pair == [comparison.treatment, comparison.control]
        scale = 100 if comparison.measure == "risk_difference" else 1
        for key, value in (
            ("paramValue", comparison.estimate.estimate),
            ("ciLowerLimit", comparison.estimate.lower),
            ("ciUpperLimit", comparison.estimate.upper),
        ):
            if math.isfinite(value):
                assert float(analysis[key]) == pytest.approx(scale * value, abs=0.0051)
            else:
                assert analysis[key] == "NA"
    assert len(measures) == len(
        whole["protocolSection"]["outcomesModule"]["primaryOutcomes"]
    ) + len(whole["protocolSection"]["outcomesModule"]["secondaryOutcomes"])


def test_a_denominator_is_of_those_whose_values_are_told(posted: Posted) -> None:
    """Of an outcome at several visits those at the last one: fewer than were analyzed."""
    protocol, results, whole = posted
    measures = whole["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    first = {one.endpoint: one for one in reversed(results.analyses)}
    for endpoint, measure in zip(protocol.endpoints, measures, strict=True):
        of = [int(one["value"]) for one in measure["denoms"][0]["counts"]]
        arms = [arm.id for arm in results.arms]
        groups = sorted(first[endpoint.id].groups, key=lambda group: arms.index(group.arm))
        described = [g.distribution.count if g.distribution else g.analyzed for g in groups]
        assert of == described
        repeated = endpoint.variable.kind == "repeated"
        assert ("at the last visit" in measure["populationDescription"]) is repeated


def test_adverse_events_count_the_safety_set(posted: Posted) -> None:
    _, results, whole = posted
    module = whole["resultsSection"]["adverseEventsModule"]
    events = results.adverse_events
    for index, group in enumerate(module["eventGroups"]):
        assert group["seriousNumAtRisk"] == group["otherNumAtRisk"] == events.totals[index]
        assert group["seriousNumAffected"] == events.any_event.arms[index].serious
        for kind, key in (("serious", "seriousEvents"), ("other", "otherEvents")):
            affected = [
                stats["numAffected"]
                for term in module.get(key, ())
                for stats in term["stats"]
                if stats["groupId"] == group["id"]
            ]
            assert max(affected, default=0) <= group[f"{kind}NumAffected"] <= sum(affected)
    total = sum(
        stats["numEvents"]
        for key in ("seriousEvents", "otherEvents")
        for term in module.get(key, ())
        for stats in term["stats"]
    )
    assert total == events.counted
    assert "General disorders and administration site conditions" not in set(texts(module))


def test_words_of_a_reporter_are_not_posted(posted: Posted) -> None:
    """What is not coded may hold anything, a name too."""
    protocol, results, _ = posted
    row = results.adverse_events.terms[0]
    uncoded = replace(row, id="other", vocabulary="")
    events = replace(results.adverse_events, terms=(uncoded,))
    found = study(protocol, replace(results, adverse_events=events))["resultsSection"]
    (term,) = found["adverseEventsModule"]["otherEvents"]
    assert (term["term"], term["organSystem"]) == ("Other event, not coded", "General disorders")


def test_a_coded_term_names_its_dictionary(posted: Posted) -> None:
    protocol, results, _ = posted
    row = replace(results.adverse_events.terms[0], vocabulary="MedDRA 27.0")
    events = replace(results.adverse_events, terms=(row,))
    found = study(protocol, replace(results, adverse_events=events))["resultsSection"]
    (term,) = found["adverseEventsModule"]["otherEvents"]
    assert term["sourceVocabulary"] == "MedDRA 27.0"
    assert row.system_organ_class is not None


def test_a_rehearsal_says_so_in_its_caveats(posted: Posted) -> None:
    protocol, results, whole = posted
    caveat = whole["resultsSection"]["moreInfoModule"]["limitationsAndCaveats"]["description"]
    assert "virtual participants" in caveat
    live = study(protocol, replace(results, mode="live"))["resultsSection"]["moreInfoModule"]
    assert "virtual" not in json.dumps(live)


# -- the upload ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def upload_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(DATA / "RRSUploadSchema.xsd")))


def test_the_upload_is_valid_against_its_schema(
    posted: Posted, upload_schema: etree.XMLSchema
) -> None:
    assert f"Schema Version: {SCHEMA_VERSION}" in (DATA / "RRSUploadSchema.xsd").read_text()
    written = results_xml(posted[2]["resultsSection"])
    upload_schema.assertValid(etree.fromstring(written))
    assert written == results_xml(posted[2]["resultsSection"])


def test_a_title_that_no_xml_can_hold_does_not_spoil_the_upload(
    posted: Posted, upload_schema: etree.XMLSchema
) -> None:
    section = deepcopy(posted[2]["resultsSection"])
    measure = section["outcomeMeasuresModule"]["outcomeMeasures"][0]
    measure["title"] = "Pain\x01 score\x00 \ufffe<script>&x;]]>"
    tree = etree.fromstring(results_xml(section))
    upload_schema.assertValid(tree)
    assert "Pain  score   <script>&x;]]>" in [one.text for one in tree.iter("title")]


def test_the_upload_says_what_the_json_says(posted: Posted) -> None:
    """Every number and text of the one stands in the other, as often."""
    section = posted[2]["resultsSection"]
    tree = etree.fromstring(results_xml(section))
    values = [one.text for one in tree.iter("parameterValue")]
    measures = [
        *section["baselineCharacteristicsModule"]["measures"],
        *section["outcomeMeasuresModule"]["outcomeMeasures"],
    ]
    cells = [
        cell["value"]
        for measure in measures
        for one in measure["classes"]
        for category in one["categories"]
        for cell in category["measurements"]
    ]
    estimates = [
        analysis["paramValue"]
        for measure in measures
        for analysis in measure.get("analyses", ())
        if "paramValue" in analysis
    ]
    assert sorted(map(str, values)) == sorted([*cells, *estimates])
    events = section["adverseEventsModule"]
    affected = [
        str(stats["numAffected"])
        for key in ("seriousEvents", "otherEvents")
        for term in events.get(key, ())
        for stats in term["stats"]
    ]
    assert sorted(one.text or "" for one in tree.iter("numSubjectsAffected")) == sorted(affected)
    said = {one.text for one in tree.iter()}
    for module in section.values():
        for group in module.get("groups", module.get("eventGroups", ())):
            assert group["title"] in said


def test_no_group_of_the_upload_has_the_name_of_another(posted: Posted) -> None:
    tree = etree.fromstring(results_xml(posted[2]["resultsSection"]))
    names = [one.get("id") for one in tree.iter() if one.get("id")]
    assert len(names) == len(set(names))
    used = {one.text for one in tree.iter("reportingGroupId", "outcomeReportingGroupId")}
    assert used <= set(names)


# -- what is registered --------------------------------------------------------------------------


def test_a_record_read_and_written_again_says_the_same() -> None:
    """Round trip of the first trial's own facts through the reader of registry records."""
    for protocol in (seed_protocol(), load_protocol(SECOND_PROTOCOL)):
        whole = study(protocol, None)
        again = draft_from(
            read_record_bytes(json.dumps(whole).encode(), json_expected=True)
        ).protocol
        for ours, theirs in (
            (protocol.identity.titles.brief.en, again.identity.titles.brief.en),
            ([a.label.en for a in protocol.arms], [a.label.en for a in again.arms]),
            (
                [i.name.en for i in protocol.interventions],
                [i.name.en for i in again.interventions],
            ),
            (
                [len(a.interventions) for a in protocol.arms],
                [len(a.interventions) for a in again.arms],
            ),
            (protocol.eligibility.minimum_age, again.eligibility.minimum_age),
            (
                [c.text.en for c in protocol.eligibility.criteria],
                [c.text.en for c in again.eligibility.criteria],
            ),
            (
                [s.name.en for s in protocol.identity.sites],
                [s.name.en for s in again.identity.sites],
            ),
        ):
            assert ours == theirs


def test_enrollment_is_an_estimate_until_it_is_a_count() -> None:
    planned = protocol_section(seed_protocol())["designModule"]["enrollmentInfo"]
    actual = protocol_section(seed_protocol(), enrolled=187)["designModule"]["enrollmentInfo"]
    assert (planned, actual) == (
        {"count": 200, "type": "ESTIMATED"},
        {"count": 187, "type": "ACTUAL"},
    )


def test_the_data_carry_their_source() -> None:
    assert "clinicaltrials.gov" in Path(DATA / "ctgov-study.yaml").read_text()[:200].lower()
    assert "National Library of Medicine" in (DATA / "RRSUploadSchema.xsd").read_text()[:600]

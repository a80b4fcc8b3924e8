"""The monitoring board's pack: the open part cannot tell one group from the other, the closed part tells all."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from functools import cache
from statistics import NormalDist

import pytest

from equipoise.analysis import DataCut, analyze_cut
from equipoise.analysis.cut import CutError, cut_events
from equipoise.analysis.cut.pooled import pooled
from equipoise.conduct.decide.safety import RELATED
from equipoise.design.board import outlook
from equipoise.design.interim import monitoring
from equipoise.reporting import PACKS, Table, board, study_paper
from equipoise.reporting.documents.board import Board, closed_paper, open_paper
from equipoise.reporting.paper import Paper
from equipoise.reporting.tables import study_tables
from support.made_up_trial import made_up_events, protocol
from support.played import small_trial

LANGUAGES = ("en", "zh-Hans")


@cache
def data() -> DataCut:
    return cut_events(protocol(), made_up_events(3, 120), on=date(2027, 6, 1))


def opened(found: DataCut) -> Board:
    return Board(found.protocol, (), pooled(found), analyze_cut(pooled(found)))


@cache
def closed() -> Board:
    trial, _, _ = small_trial()
    return board(trial, closed=True)


def cells(paper: Paper) -> str:
    return "\n".join(cell for table in paper.tables() for row in table.rows for cell in row.cells)


# -- the open part -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_open_part_is_the_same_whoever_is_in_which_group(language: str) -> None:
    first, second = data().arms
    other = {first: second, second: first}
    swapped = replace(
        data(),
        subjects=tuple(replace(s, arm=other[s.arm]) if s.arm else s for s in data().subjects),
    )
    all_in_one = replace(
        data(), subjects=tuple(replace(s, arm=first) if s.arm else s for s in data().subjects)
    )
    # only those who take a product have doses, judgements of causality, and words about it
    told = replace(
        data(),
        subjects=tuple(replace(s, doses={}) for s in data().subjects),
        adverse_events=tuple(
            one._replace(
                causality={"spray": "definite"}, verbatim="after the spray", action="stopped"
            )
            for one in data().adverse_events
        ),
    )
    assert analyze_cut(data()).analyses != analyze_cut(swapped).analyses
    cuts = (data(), swapped, all_in_one, told)
    first_paper, *others = (open_paper(opened(one), language) for one in cuts)
    assert all(one == first_paper for one in others)
    assert not {"exposure", "adverse-related", "narratives"} & {t.id for t in first_paper.tables()}


def test_the_open_part_names_no_group_and_compares_nothing() -> None:
    trial, _, _ = small_trial()
    found = board(trial, closed=False)
    assert (found.results, found.plan, found.looks, found.rules) == (None, None, (), ())
    assert not found.pooled.analyses
    for language in LANGUAGES:
        paper = open_paper(found, language)
        text = cells(paper) + "".join(c.whole for t in paper.tables() for c in t.columns)
        for arm in trial.protocol.arms:
            assert arm.label.in_language(language) not in text
        assert paper.figures() == ()
    with pytest.raises(CutError, match="was not asked for"):
        closed_paper(found, "en")


def test_the_open_part_counts_what_the_ledger_holds() -> None:
    trial, _, _ = small_trial()
    paper = open_paper(board(trial, closed=False), "en")
    tables = {table.id: table for table in paper.tables()}
    states = [state for state in trial.participants() if not state.data_use_withdrawn]
    randomized = [state for state in states if state.randomized_on is not None]
    total = tables["accrual"].rows[-1].cells
    assert total[2:4] == (str(len(states)), str(len(randomized)))
    assert tables["accrual-months"].rows[-1].cells[-1] == str(len(randomized))
    quality = list(map(int, tables["data-quality"].rows[-1].cells[1:]))
    queries = [query for state in randomized for query in state.queries.values()]
    assert quality[:4] == [
        len(randomized), sum(len(state.forms) for state in randomized), len(queries),
        sum(query.status != "closed" for query in queries),
    ]  # fmt: skip
    assert quality[5] == sum(len(state.deviations) for state in randomized)
    by_site = [list(map(int, row.cells[1:])) for row in tables["data-quality"].rows]
    assert [sum(column) for column in zip(*by_site[:-1], strict=True)] == by_site[-1]


def test_the_reports_deviations_are_counted_again_from_every_participant() -> None:
    trial, _, _ = small_trial()
    results = closed().results
    assert results is not None
    assert results.deviations
    for at, arm in enumerate(results.arms):
        here = [
            one for one in trial.participants() if one.arm == arm.id and not one.data_use_withdrawn
        ]
        for row in results.deviations:
            found = [[gone for gone in one.deviations if gone.kind == row.kind] for one in here]
            assert row.participants[at] == sum(map(bool, found))
            assert row.deviations[at] == sum(map(len, found))
            assert row.important[at] == sum(1 for one in found for gone in one if gone.important)
    paper = study_paper(results, trial.protocol, "zh-Hans")
    (section,) = (one for _, one in paper.walk() if one.number == "10.2")
    (table,) = (one for one in section.blocks if isinstance(one, Table))
    assert [int(cell) for row in table.rows for cell in row.cells[2::3]] == [
        count for row in results.deviations for count in row.deviations
    ]


# -- the closed part -----------------------------------------------------------------------------


def test_the_closed_part_tells_looks_power_rules_and_every_result_by_group() -> None:
    found = closed()
    assert found.results is not None
    for language in LANGUAGES:
        paper = closed_paper(found, language)
        tables = {table.id for table in paper.tables()}
        assert {
            "plan-looks",
            "looks-taken",
            "conditional-power",
            "stopping-rules",
            "analyses",
        } <= tables
        assert {f"analysis-{one.id}" for one in found.results.analyses} <= tables
        assert {"adverse-events", "serious", "flow", "baseline"} <= tables
        left_out = {table.id for table in study_tables(found.results, language)} - tables
        assert left_out <= {"criteria", "deviations", "exclusions"}, (
            "told in the open part or the report"
        )
        assert "CONFIDENTIAL" in paper.bands[0] or "机密" in paper.bands[0]


def test_conditional_power_is_that_of_the_b_value() -> None:
    found = closed()
    assert found.plan is not None
    (taken,) = found.looks
    seen = outlook(taken, found.plan, found.protocol)
    assert seen is not None
    comparison = taken.analyses[0].comparisons[0]
    normal, t, end = NormalDist(), taken.look.fraction, found.plan.critical
    # fewer events are hoped for: a negative difference favors the treatment
    z = math.copysign(normal.inv_cdf(1 - comparison.estimate.p / 2), -comparison.estimate.estimate)
    assert seen.z == pytest.approx(z)
    hoped = normal.inv_cdf(0.975) + normal.inv_cdf(0.8)
    for shown, drift in ((seen.trend, z / math.sqrt(t)), (seen.hoped, hoped), (seen.null, 0.0)):
        left = (end - z * math.sqrt(t) - drift * (1 - t)) / math.sqrt(1 - t)
        assert shown == pytest.approx(1 - normal.cdf(left), abs=1e-12)


def test_the_stopping_rules_are_counted_again_from_every_participant() -> None:
    trial, _, _ = small_trial()
    states = list(trial.participants())
    assert len(closed().rules) == len(trial.protocol.safety.stopping_rules)
    for standing in closed().rules:
        events = standing.rule.events
        if events is None:
            assert standing.reached is None
            continue
        counted = {
            state.id
            for state in states
            for one in state.adverse_events.values()
            if (not events.terms or one.term in events.terms)
            and one.grade >= events.grade
            and (one.serious or not events.serious)
            and (not events.related or RELATED.intersection(one.causality.values()))
            and (not standing.rule.arms or state.arm in standing.rule.arms)
        }
        assert set(standing.participants) == counted


def test_with_dummy_groups_nothing_of_the_closed_part_rests_on_allocations() -> None:
    trial, _, _ = small_trial()
    found = board(trial, closed=True, dummy_arms=True)
    assert (found.looks, found.rules) == ((), ())
    assert found.results is not None
    assert found.results.dummy_arms
    assert found.results.analyses != closed().results.analyses  # type: ignore[union-attr]
    paper = PACKS["board-closed"](found, "en")
    assert any("Dummy arms" in band for band in paper.bands)
    assert not re.search(r"exposure", " ".join(table.id for table in paper.tables()))


def test_the_boundaries_of_the_pack_are_those_of_the_design() -> None:
    plan = monitoring(closed().protocol)
    (table,) = (one for one in closed_paper(closed(), "en").tables() if one.id == "plan-looks")
    assert [float(row.cells[3]) for row in table.rows] == pytest.approx(
        [*(look.critical for look in plan.looks), plan.critical], abs=5e-4
    )

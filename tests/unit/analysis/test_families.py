"""Analyses tested together at one level: the protocol's procedure, carried out on their p-values."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from equipoise.analysis.cut import cut
from equipoise.analysis.families import families
from equipoise.analysis.results import AnalysisResult
from equipoise.analysis.run import analyze_cut
from equipoise.protocol.document import Multiplicity, Protocol
from equipoise.reporting import study_tables
from support.played import second_protocol, small_trial

NAMES = ("primary_model", "week_4", "diastolic")


def protocol(**given: Any) -> Protocol:
    """The second trial with a family of its own."""
    family = Multiplicity.model_validate(
        {"id": "family", "alpha": Decimal("0.05"), "analyses": list(NAMES), **given}
    )
    return second_protocol().model_copy(update={"multiplicity": [family]})


class _Estimate:
    def __init__(self, p: float) -> None:
        self.p = p


class _Comparison:
    def __init__(self, p: float, treatment: str) -> None:
        self.estimate, self.treatment, self.control = _Estimate(p), treatment, "placebo"


class _Analysis:
    def __init__(self, name: str, p: tuple[float, ...]) -> None:
        self.id = self.label = name
        self.comparisons = [
            _Comparison(one, arm) for one, arm in zip(p, ("high", "low"), strict=False)
        ]


def found(given: Protocol, *p: tuple[float, ...]) -> list[tuple[float, bool]]:
    analyses: Any = [_Analysis(name, one) for name, one in zip(NAMES, p, strict=True)]
    typed: list[AnalysisResult] = analyses
    (family,) = families(given, typed)
    return [(round(one.adjusted, 10), one.rejected) for one in family.hypotheses]


def test_a_fixed_order_stops_at_the_first_that_is_not_rejected() -> None:
    """Each comparison of an analysis is a hypothesis, in its order."""
    given = protocol(procedure="hierarchical")
    assert found(given, (0.01, 0.03), (0.2, 0.001), (0.001, 0.001)) == [
        (0.01, True), (0.03, True), (0.2, False), (0.2, False), (0.2, False), (0.2, False),
    ]  # fmt: skip


def test_what_could_not_be_tested_is_not_rejected_and_stops_a_fixed_order() -> None:
    given = protocol(procedure="hierarchical")
    assert found(given, (0.01,), (math.nan,), (0.001,)) == [
        (0.01, True),
        (1.0, False),
        (1.0, False),
    ]


def test_holm_begins_with_the_smallest() -> None:
    """R 4.2.2, stats: p.adjust(c(0.01, 0.04, 0.03), "holm") is 0.03, 0.06, 0.06."""
    given = protocol(procedure="holm")
    assert found(given, (0.01,), (0.04,), (0.03,)) == [(0.03, True), (0.06, False), (0.06, False)]


def test_a_graph_passes_the_share_of_a_rejected_analysis_on() -> None:
    """Half the level each on two; the first gives all of its share to the third."""
    given = protocol(
        procedure="graphical",
        weights={"primary_model": Decimal("0.5"), "week_4": Decimal("0.5"), "diastolic": 0},
        transitions={"primary_model": {"diastolic": 1}},
    )
    assert found(given, (0.02,), (0.04,), (0.025,)) == [(0.04, True), (0.08, False), (0.05, True)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"procedure": "holm", "weights": {"primary_model": 1}}, "has no weights"),
        ({"procedure": "graphical"}, "give each of the analyses its weight"),
        ({"procedure": "graphical", "weights": dict.fromkeys(NAMES, 1)}, "at most 1"),
        ({"procedure": "graphical", "weights": {**dict.fromkeys(NAMES, 0), "week_4": -1}}, "none is negative"),
        (
            {
                "procedure": "graphical",
                "weights": {name: Decimal("0.3") for name in NAMES},
                "transitions": {"week_4": {"week_4": 1}},
            },
            "from and to other analyses",
        ),
        ({"procedure": "holm", "analyses": ["week_4", "week_4"]}, "named twice"),
    ],
)  # fmt: skip
def test_a_family_that_cannot_be_is_refused_with_what_would_do(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        protocol(**given)


def test_the_reports_table_tells_each_hypothesis_of_a_declared_family() -> None:
    trial, _, _ = small_trial()
    data = cut(trial)
    family = Multiplicity(
        id="two", procedure="hierarchical", alpha=Decimal("0.05"),
        analyses=["primary_risk_difference", "primary_cmh"],
    )  # fmt: skip
    declared = data.protocol.model_copy(update={"multiplicity": [family]})
    results = analyze_cut(replace(data, protocol=declared))
    first, second = results.families[0].hypotheses
    assert first.adjusted == first.p == results.analysis(first.analysis).comparisons[0].estimate.p
    assert second.adjusted == max(first.p, second.p)
    for language, words in (("en", ("rejected", "not rejected")), ("zh-Hans", ("拒绝", "不拒绝"))):
        table = next(t for t in study_tables(results, language) if t.id == "family-two")
        told = [row.cells[3] for row in table.rows]
        assert told == [words[0] if one.rejected else words[1] for one in (first, second)]

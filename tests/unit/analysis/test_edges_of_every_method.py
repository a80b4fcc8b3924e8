"""Every method a protocol may name, where the data hardly allow it: defined, or undefined with a reason, never an exception.

The edges are those that a real trial meets at its first cut: nobody yet, an arm or a stratum without anybody, no event or
only events, everybody censored, ties, an outcome that a factor separates, a visit nobody has seen.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from datetime import date
from typing import Any, get_args

import pytest

from equipoise.analysis.cut import DataCut, Left, Position, Subject
from equipoise.analysis.effects import run_analysis
from equipoise.analysis.endpoints import EndpointData, Outcome
from equipoise.analysis.results import RATIOS, AnalysisResult, Comparison, _plain
from equipoise.protocol.document import (
    METHOD_KINDS,
    SUBGROUP_METHODS,
    Analysis,
    Endpoint,
    Method,
    Protocol,
)
from equipoise.reporting.words import reason_in
from support.made_up_trial import protocol

DAY = date(2026, 3, 2)
ARMS = ("active", "plain")
WINDOW = {"start": {"anchor": "day0", "day": 0}, "end": {"anchor": "day0", "day": 28}}
VARIABLES: dict[str, dict[str, Any]] = {
    "occurs": {"kind": "occurs", "item": "grade", "at_least": 3, "window": WINDOW},
    "time_to": {"kind": "time_to", "item": "grade", "at_least": 3, "window": WINDOW,
                "origin": {"anchor": "day0", "day": 0}},
    "worst": {"kind": "worst", "item": "grade", "window": WINDOW},
    "repeated": {"kind": "repeated", "item": "weight", "visits": ["w1", "w2", "w4"], "baseline": "entry"},
}  # fmt: skip
KEYS: dict[str, dict[str, Any]] = {
    "non_inferiority_fm": {"margin": "0.1"},
    "restricted_mean": {"horizon": 10},
    "multiple_imputation": {"imputation": {"strategy": "CIR", "imputations": 2}},
    "tipping_point": {"imputation": {"strategy": "J2R", "imputations": 2, "step": "0.5"}},
}
CASES = [
    (method, kind)
    for method in get_args(Method)
    for kind in VARIABLES
    if kind in METHOD_KINDS[method]
]
EVERY_CASE = pytest.mark.parametrize(("method", "kind"), CASES)


def subject(number: int, arm: str, site: str, chemo: str) -> Subject:
    strata = {"site": site, "chemo": chemo}
    return Subject(
        id=f"{site}-{number:03d}", site=site, screened_on=DAY, screening="randomized",
        number=number, arm=arm, strata=strata, strata_true=strata,
    )  # fmt: skip


def noise(number: int) -> float:
    """A made-up spread without a pattern, the same whenever it is asked for."""
    return (number * 37 % 101) / 101 - 0.5


def outcome(kind: str, who: Subject, edge: str) -> Outcome:
    """A participant's outcome under an edge; `plain` is an ordinary one."""
    number, arm = who.number or 0, who.arm or ""
    event = noise(number) > (0.2 if arm == "active" else -0.05)
    if edge == "separated":
        event = who.strata["chemo"] == "true"
    elif edge in ("no_events", "only_events"):
        event = edge == "only_events"
    elif edge == "one_arm_without_events":
        event = event and arm == "plain"
    if kind == "occurs":
        return Outcome(who.id, arm, float(event), event=event)
    if kind == "time_to":
        days = 5.0 if edge == "ties" else 3.0 + number % 17
        return Outcome(who.id, arm, days, event=event and edge != "censored")
    constant = edge in ("ties", "no_events", "only_events")
    if kind == "worst":
        value = float(2 if constant else 4 if event else number % 4)
        return Outcome(who.id, arm, value)
    base = 60.0 + 8 * noise(number * 3 + 1)
    series: list[float | None] = [
        1.0 if constant else round(base + 2 * noise(number * (at + 5)) + at, 0) for at in range(3)
    ]
    if edge == "visit_without_anybody":
        series[1] = None
    elif number % 5 == 0:
        series[2] = None
    return Outcome(who.id, arm, series[2], baseline=1.0 if constant else base, series=tuple(series))


def cut_of(subjects: list[Subject], document: Protocol) -> DataCut:
    position = Position(1, "00" * 32, DAY)
    return DataCut(document, position, "rehearsal", tuple(subjects), (), ())


def people(per_arm: int = 20, arms: tuple[str, ...] = ARMS) -> list[Subject]:
    return [
        subject(1 + at * 2 + side, arm, ("01", "02")[at % 2], ("true", "false")[at // 2 % 2])
        for side, arm in enumerate(arms)
        for at in range(per_arm)
    ]


def run(
    method: str, kind: str, subjects: list[Subject], edge: str = "plain", **more: Any
) -> AnalysisResult:
    endpoint = Endpoint.model_validate(
        {"id": "outcome", "label": "Outcome", "role": "secondary", "time_frame": "28 days", "variable": VARIABLES[kind]}
    )  # fmt: skip
    analysis = Analysis.model_validate(
        {"id": "one", "endpoint": "outcome", "method": method, "comparisons": [list(ARMS)], **KEYS.get(method, {}), **more}
    )  # fmt: skip
    document = protocol().model_copy(update={"endpoints": [endpoint], "analyses": [analysis]})
    outcomes = tuple(outcome(kind, one, edge) for one in subjects)
    return run_analysis(cut_of(subjects, document), analysis, EndpointData(endpoint, outcomes))


def sound(result: AnalysisResult) -> Comparison:
    """What holds for every result whatever the data; answers with its only comparison."""
    (one,) = result.comparisons
    found = one.estimate
    json.dumps(_plain(result), allow_nan=False)
    assert math.isnan(found.p) or 0 <= found.p <= 1
    if found.reason:
        assert reason_in(found.reason, "zh-Hans") != found.reason
    elif one.measure != "none":
        assert not math.isnan(found.estimate)
        if not math.isnan(found.lower):
            assert found.lower <= found.estimate + 1e-9
            assert found.estimate <= found.upper + 1e-9
        if one.measure in RATIOS:
            assert found.estimate >= 0
    for group in one.subgroups:
        assert math.isnan(group.interaction.p) == bool(group.interaction.reason)
        assert (
            not group.interaction.reason
            or reason_in(group.interaction.reason, "zh-Hans") != group.interaction.reason
        )
    return one


@EVERY_CASE
def test_ordinary_data_give_an_effect_with_an_interval_or_a_test(method: str, kind: str) -> None:
    one = sound(run(method, kind, people()))
    if method != "kaplan_meier":
        assert one.estimate.reason == ""
        assert not math.isnan(one.estimate.lower) or not math.isnan(one.estimate.p)


@EVERY_CASE
def test_without_anybody_every_effect_is_undefined(method: str, kind: str) -> None:
    one = sound(run(method, kind, []))
    assert one.estimate.reason or method == "kaplan_meier"
    assert math.isnan(one.estimate.estimate)


@pytest.mark.parametrize("arm", ARMS)
@EVERY_CASE
def test_with_an_empty_arm_every_effect_is_undefined(method: str, kind: str, arm: str) -> None:
    one = sound(run(method, kind, people(arms=(arm,))))
    assert one.estimate.reason or method == "kaplan_meier"
    assert math.isnan(one.estimate.estimate)


@EVERY_CASE
def test_one_participant_an_arm_is_no_reason_to_fail(method: str, kind: str) -> None:
    sound(run(method, kind, people(1)))


@pytest.mark.parametrize(
    "edge",
    ["no_events", "only_events", "one_arm_without_events", "censored", "ties", "separated", "visit_without_anybody"],
)  # fmt: skip
@EVERY_CASE
def test_an_edge_is_defined_or_says_why_not(method: str, kind: str, edge: str) -> None:
    one = sound(run(method, kind, people(), edge))
    nothing = {"no_events": "time_to", "censored": "time_to"}.get(edge) == kind
    if nothing and method not in ("kaplan_meier", "restricted_mean"):
        assert one.estimate.reason, "without an event there is no hazard to compare"


@EVERY_CASE
def test_a_stratum_without_one_arm_says_nothing_and_is_counted(method: str, kind: str) -> None:
    """Nobody of the plain arm at site 02: the strata that are left give the effect."""
    lopsided = [one for one in people() if one.arm == "active" or one.site == "01"]
    factors = [] if method in ("risk_ratio_mn", "odds_ratio_mn") else ["site"]
    one = sound(run(method, kind, lopsided, stratified_by=factors))
    if one.strata_empty is not None:
        assert (one.strata_used, one.strata_empty) == (1, 1)


@pytest.mark.parametrize("method", sorted(SUBGROUP_METHODS))
@pytest.mark.parametrize("edge", ["plain", "no_events", "separated", "ties", "censored"])
def test_subgroups_are_defined_or_say_why_not(method: str, edge: str) -> None:
    kind = METHOD_KINDS[method][0]
    one = sound(run(method, kind, people(), edge, subgroups=["site", "chemo"]))
    assert [group.factor for group in one.subgroups] == ["site", "chemo"]
    for group in one.subgroups:
        counts = [part.analyzed for part in group.levels]
        assert (sum(a for a, _ in counts), sum(b for _, b in counts)) == (20, 20)
    lopsided = [who for who in people() if who.arm == "active" or who.site == "01"]
    (site,) = sound(run(method, kind, lopsided, edge, subgroups=["site"])).subgroups
    assert site.interaction.reason == "fewer than two levels have participants in both arms"
    assert site.levels[1].estimate.reason


def test_levels_of_a_subgroup_are_those_that_participants_truly_had() -> None:
    wrong = [replace(one, strata={**one.strata, "chemo": "true"}) for one in people()]
    (group,) = sound(run("risk_difference_mn", "occurs", wrong, subgroups=["chemo"])).subgroups
    assert [part.analyzed for part in group.levels] == [(10, 10), (10, 10)]


def test_death_competes_with_the_event_it_comes_before() -> None:
    """Whoever died without the event stays in the risk set of Fine and Gray's model; alive, they are censored."""
    alive = people()
    dead = [replace(one, left_follow_up=Left(DAY, "death")) for one in alive]
    ours, theirs = (
        sound(run("fine_gray", "time_to", one)).estimate.estimate for one in (alive, dead)
    )
    assert ours != theirs
    assert (
        sound(run("cox", "time_to", dead)).estimate == sound(run("cox", "time_to", alive)).estimate
    )


def test_imputation_does_not_hang_on_the_order_of_participants() -> None:
    straight, turned = people(), people()[::-1]
    ours, theirs = (
        sound(run("multiple_imputation", "repeated", one)) for one in (straight, turned)
    )
    assert ours.estimate == theirs.estimate
    assert ours.imputed is not None
    assert ours.imputed.values == (4, 4)


@pytest.mark.parametrize(
    ("method", "keys", "told"),
    [
        ("non_inferiority_fm", {}, "non_inferiority_fm needs `margin`"),
        ("restricted_mean", {}, "restricted_mean needs `horizon`"),
        ("cmh", {"margin": "0.1"}, "`margin` belongs to non_inferiority_fm: leave it out"),
        ("wilcoxon", {"subgroups": ["site"]}, "`subgroups` belongs to cox or linear_model"),
        (
            "mmrm",
            {"imputation": {"strategy": "J2R"}},
            "`imputation` belongs to multiple_imputation",
        ),
    ],
)
def test_a_setting_stands_where_the_method_reads_it(
    method: str, keys: dict[str, Any], told: str
) -> None:
    """A margin nobody reads would look as if it were tested."""
    with pytest.raises(ValueError, match=re.escape(told)):
        Analysis.model_validate(
            {"id": "one", "endpoint": "outcome", "method": method, "comparisons": [list(ARMS)], **keys}
        )  # fmt: skip

"""The declared analyses: each applies its method to its endpoint in its analysis set.

Strata are the levels as used for allocation. The arms of a comparison are [treatment, control], and
effects are treatment less (or over) control.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from equipoise.protocol.document import (
    METHOD_KINDS,
    Analysis,
    ChangeAt,
    DaysAtLeast,
    Endpoint,
    Occurs,
    TimeTo,
    ValueAt,
)
from equipoise.quantity.text import Text

from .applied import APPLIED, NEEDS, Case, Rows, subgroups
from .cut import DataCut
from .describe import distribution
from .endpoints import (
    INTERCURRENT,
    LEFT_WITHOUT_EVENT,
    NEVER_ASSESSED,
    EndpointData,
    endpoint_data,
)
from .methods import Estimate, kaplan_meier, wilson
from .results import AnalysisResult, Comparison, Counted, Curve, GroupSummary
from .sets import analysis_set

ALL_RANDOMIZED = Text({"en": "All randomized participants", "zh-Hans": "所有随机受试者"})
_DEFAULT_CONFIDENCE = 0.95
_GRID_STEPS = (1, 2, 5, 7, 10, 14, 20, 28, 30, 60, 90, 180, 365)
_MOST_GRID_POINTS = 9

_WITH_CURVES = frozenset({"kaplan_meier", "log_rank"})


def declared_analyses(data: DataCut) -> tuple[AnalysisResult, ...]:
    """Every analysis the protocol declares, in its order."""
    outcomes: dict[str, EndpointData] = {}
    results = []
    for analysis in data.protocol.analyses:
        endpoint = data.protocol.endpoint_by_id[analysis.endpoint]
        if endpoint.id not in outcomes:
            outcomes[endpoint.id] = endpoint_data(data, endpoint)
        results.append(run_analysis(data, analysis, outcomes[endpoint.id]))
    return tuple(results)


def run_analysis(data: DataCut, analysis: Analysis, outcomes: EndpointData) -> AnalysisResult:
    """One analysis. A method that does not fit its endpoint gives an undefined result that says so."""
    endpoint = outcomes.endpoint
    population = analysis.population or endpoint.population
    members = analysis_set(data, population)
    confidence = (
        float(analysis.confidence) if analysis.confidence is not None else _DEFAULT_CONFIDENCE
    )
    by_participant = outcomes.by_participant
    rows = {
        arm: [
            (s, by_participant[s.id]) for s in data.randomized if s.arm == arm and s.id in members
        ]
        for arm in data.arms
    }
    shown = list(dict.fromkeys(arm for pair in analysis.comparisons for arm in pair)) or list(
        data.arms
    )
    described = [_summary(arm, rows[arm], endpoint, confidence) for arm in shown]
    known = {arm: [row for row in found if not row[1].missing] for arm, found in rows.items()}
    comparisons = tuple(
        _compare(
            Case(
                data, analysis, endpoint, treatment, control,
                known.get(treatment, []), known.get(control, []),
                (rows.get(treatment, []), rows.get(control, [])), confidence,
            )
        )
        for treatment, control in analysis.comparisons
    )  # fmt: skip
    curves: tuple[Curve, ...] = ()
    if isinstance(endpoint.variable, TimeTo) and analysis.method in _WITH_CURVES:
        curves = _curves({arm: known[arm] for arm in shown}, confidence)
    sets = {one.id: one.label for one in data.protocol.analysis_sets}
    unit, decimals = _scale(data, endpoint)
    return AnalysisResult(
        id=analysis.id,
        label=analysis.label or endpoint.label,
        role=analysis.role,
        method=analysis.method,
        endpoint=endpoint.id,
        endpoint_label=endpoint.label,
        time_frame=endpoint.time_frame,
        unit=unit,
        decimals=decimals,
        population=population,
        population_label=sets.get(population, ALL_RANDOMIZED),
        stratified_by=tuple(analysis.stratified_by),
        confidence=confidence,
        groups=tuple(described),
        comparisons=comparisons,
        curves=curves,
        handling=_handling(endpoint),
        margin=float(analysis.margin) if analysis.margin is not None else None,
        event_wanted=analysis.event_wanted,
        horizon=float(analysis.horizon) if analysis.horizon is not None else None,
    )


def _handling(endpoint: Endpoint) -> dict[str, str]:
    variable = endpoint.variable
    rules: dict[str, str] = {}
    if isinstance(variable, Occurs):
        rules[NEVER_ASSESSED] = variable.never_assessed
        rules[LEFT_WITHOUT_EVENT] = variable.left_without_event
    strategies = {one.strategy for one in endpoint.intercurrent_events if one.detected is not None}
    if "composite" in strategies:
        to_event = isinstance(variable, Occurs | TimeTo)
        rules[INTERCURRENT] = "event" if to_event else "value"
    elif "while_on_treatment" in strategies and isinstance(variable, ValueAt | ChangeAt):
        rules[INTERCURRENT] = "last"
    return rules


def _scale(data: DataCut, endpoint: Endpoint) -> tuple[str | None, int]:
    """The unit of the outcome and the decimals of its item."""
    if isinstance(endpoint.variable, TimeTo | DaysAtLeast):
        return "d", 0
    item = data.protocol.item_by_id.get(endpoint.variable.item)
    if item is None or isinstance(endpoint.variable, Occurs):
        return None, 0
    return item.unit, item.decimals or 0


def _summary(arm: str, rows: Rows, endpoint: Endpoint, confidence: float) -> GroupSummary:
    known = [outcome for _, outcome in rows if not outcome.missing]
    missing = Counter(outcome.missing for _, outcome in rows if outcome.missing)
    reasons = tuple(Counted(reason, count) for reason, count in sorted(missing.items()))
    ruled = Counter(outcome.counted for outcome in known if outcome.counted)
    counted = tuple(Counted(rule, count) for rule, count in sorted(ruled.items()))
    if isinstance(endpoint.variable, Occurs | TimeTo):
        events = sum(1 for outcome in known if outcome.event)
        share = (
            wilson(events, len(known), confidence)
            if isinstance(endpoint.variable, Occurs)
            else None
        )
        return GroupSummary(arm, len(rows), len(known), reasons, counted, events, share)
    values = (outcome.value for outcome in known if outcome.value is not None)
    return GroupSummary(arm, len(rows), len(known), reasons, distribution=distribution(values))


def _compare(case: Case) -> Comparison:
    kinds = METHOD_KINDS[case.analysis.method]
    if case.endpoint.variable.kind not in kinds:
        needs = NEEDS.get(kinds[0], "a numeric")
        estimate = Estimate.undefined(case.confidence, f"the method needs {needs} endpoint")
        return Comparison(case.treatment, case.control, "none", estimate)
    found = APPLIED[case.analysis.method](case)
    if not case.analysis.subgroups:
        return found
    return replace(found, subgroups=subgroups(case))


def _curves(rows: Mapping[str, Rows], confidence: float) -> tuple[Curve, ...]:
    longest = max((o.value or 0.0 for found in rows.values() for _, o in found), default=0.0)
    grid = time_grid(longest)
    return tuple(_curve(arm, found, grid, confidence) for arm, found in rows.items())


def time_grid(longest: float) -> tuple[int, ...]:
    """Days at which numbers at risk are shown: round steps from 0, at most nine, past the longest time."""
    step = next(
        (step for step in _GRID_STEPS if longest / step <= _MOST_GRID_POINTS - 1),
        math.ceil(longest / (_MOST_GRID_POINTS - 1)),
    )
    return tuple(range(0, math.ceil(longest / step) * step + 1, step))


def _curve(arm: str, rows: Rows, grid: tuple[int, ...], confidence: float) -> Curve:
    estimate = kaplan_meier(
        [outcome.value or 0.0 for _, outcome in rows],
        [bool(outcome.event) for _, outcome in rows],
        confidence,
    )
    return Curve(
        arm=arm,
        times=tuple(map(float, estimate.times)),
        at_risk=tuple(map(int, estimate.at_risk)),
        events=tuple(map(int, estimate.events)),
        censored=tuple(map(int, estimate.censored)),
        survival=tuple(map(float, estimate.survival)),
        lower=tuple(map(float, estimate.lower)),
        upper=tuple(map(float, estimate.upper)),
        median=estimate.median,
        median_lower=estimate.median_lower,
        median_upper=estimate.median_upper,
        grid=grid,
        grid_at_risk=tuple(estimate.at_risk_at(day) for day in grid),
    )

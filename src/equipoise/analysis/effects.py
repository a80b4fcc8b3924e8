"""The declared analyses: each applies its method to its endpoint in its analysis set.

Strata are the levels as used for allocation. The arms of a comparison are [treatment, control], and
effects are treatment less (or over) control.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from equipoise.protocol.document import Analysis, DaysAtLeast, Endpoint, Occurs, TimeTo
from equipoise.quantity.text import Text

from .cut import DataCut, Subject
from .describe import distribution
from .endpoints import (
    LEFT_WITHOUT_EVENT,
    NEVER_ASSESSED,
    EndpointData,
    Outcome,
    analysis_set,
    endpoint_data,
)
from .methods import (
    Estimate,
    cochran_mantel_haenszel,
    kaplan_meier,
    linear_model,
    log_rank,
    miettinen_nurminen_difference,
    stratified_miettinen_nurminen_difference,
    welch,
    wilcoxon,
    wilson,
)
from .results import AnalysisResult, Comparison, Counted, Curve, GroupSummary, Named

ALL_RANDOMIZED = Text({"en": "All randomized participants", "zh-Hans": "所有随机受试者"})
_DEFAULT_CONFIDENCE = 0.95
_GRID_STEPS = (1, 2, 5, 7, 10, 14, 20, 28, 30, 60, 90, 180, 365)
_MOST_GRID_POINTS = 9

_BINARY = frozenset({"risk_difference_mn", "cmh"})
_TIME = frozenset({"kaplan_meier", "log_rank"})

Rows = list[tuple[Subject, Outcome]]


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
        _compare(analysis, endpoint, treatment, control, known, confidence)
        for treatment, control in analysis.comparisons
    )
    curves: tuple[Curve, ...] = ()
    if isinstance(endpoint.variable, TimeTo) and analysis.method in _TIME:
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
    )


def _handling(endpoint: Endpoint) -> dict[str, str]:
    variable = endpoint.variable
    if not isinstance(variable, Occurs):
        return {}
    return {
        NEVER_ASSESSED: variable.never_assessed,
        LEFT_WITHOUT_EVENT: variable.left_without_event,
    }


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


def _compare(
    analysis: Analysis,
    endpoint: Endpoint,
    treatment: str,
    control: str,
    known: Mapping[str, Rows],
    confidence: float,
) -> Comparison:
    first, second = known.get(treatment, []), known.get(control, [])
    binary = isinstance(endpoint.variable, Occurs)
    to_event = isinstance(endpoint.variable, TimeTo)
    measure, estimate = "none", Estimate.undefined(confidence, "")
    used: int | None = None
    empty: int | None = None
    further: tuple[Named, ...] = ()
    if (analysis.method in _BINARY) != binary or (analysis.method in _TIME) != to_event:
        needs = (
            "a yes-or-no" if analysis.method in _BINARY
            else "a time-to-event" if analysis.method in _TIME
            else "a numeric"
        )  # fmt: skip
        estimate = Estimate.undefined(confidence, f"the method needs {needs} endpoint")
    elif analysis.method == "risk_difference_mn":
        measure = "risk_difference"
        if analysis.stratified_by:
            tables = _tables(first, second, analysis.stratified_by)
            estimate = stratified_miettinen_nurminen_difference(tables, confidence)
            used, empty = _usable(tables)
        else:
            estimate = miettinen_nurminen_difference(*_table(first, second), confidence)
    elif analysis.method == "cmh":
        tables = _tables(first, second, analysis.stratified_by)
        test = cochran_mantel_haenszel(tables, confidence)
        odds = test.odds_ratio
        measure = "odds_ratio"
        estimate = Estimate(
            odds.estimate, odds.lower, odds.upper, confidence, test.statistic, test.p, 1.0,
            odds.reason or test.reason,
        )  # fmt: skip
        further = (
            Named("risk_difference", test.risk_difference),
            Named("risk_ratio", test.risk_ratio),
        )
        used, empty = test.strata_used, test.strata_empty
    elif analysis.method == "log_rank":
        measure = "hazard_ratio"
        estimate, used = _log_rank(first, second, analysis.stratified_by, confidence)
    elif analysis.method == "mean_difference_welch":
        measure = "mean_difference"
        estimate = welch(_values(first), _values(second), confidence)
    elif analysis.method == "linear_model":
        measure = "adjusted_mean_difference"
        estimate = _adjusted_difference(first, second, analysis.stratified_by, confidence)
    elif analysis.method == "wilcoxon":
        measure = "location_shift"
        estimate = wilcoxon(_values(first), _values(second), confidence)
    return Comparison(treatment, control, measure, estimate, used, empty, further)


def _values(rows: Rows) -> list[float]:
    return [outcome.value for _, outcome in rows if outcome.value is not None]


def _table(first: Rows, second: Rows) -> tuple[int, int, int, int]:
    return (
        sum(1 for _, outcome in first if outcome.event),
        len(first),
        sum(1 for _, outcome in second if outcome.event),
        len(second),
    )


def stratum(subject: Subject, factors: Sequence[str]) -> tuple[str, ...]:
    """The participant's levels of the factors as used for allocation (the site where it is one)."""
    return tuple(subject.strata.get(factor, "") for factor in factors)


def _tables(first: Rows, second: Rows, factors: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """A two-by-two table for each stratum that anybody is in, in order of the levels."""
    levels = sorted({stratum(subject, factors) for subject, _ in [*first, *second]})
    return [
        _table(
            [row for row in first if stratum(row[0], factors) == level],
            [row for row in second if stratum(row[0], factors) == level],
        )
        for level in levels
    ]


def _usable(tables: Sequence[tuple[int, int, int, int]]) -> tuple[int, int]:
    used = sum(1 for _, total_1, _, total_2 in tables if total_1 and total_2)
    return used, len(tables) - used


def _log_rank(
    first: Rows, second: Rows, factors: Sequence[str], confidence: float
) -> tuple[Estimate, int | None]:
    """The log-rank test with its one-step hazard ratio (Peto): exp((O − E)/V), limits on the log scale."""
    rows = [*first, *second]
    # The treatment's label sorts first, so that O and E of the first group are the treatment's.
    groups = ["1 treatment"] * len(first) + ["2 control"] * len(second)
    strata = ["|".join(stratum(subject, factors)) for subject, _ in rows] if factors else None
    test = log_rank(
        [outcome.value or 0.0 for _, outcome in rows],
        [bool(outcome.event) for _, outcome in rows],
        groups,
        strata,
    )
    used = len(set(strata)) if strata is not None else None
    if test.reason:
        return Estimate.undefined(confidence, test.reason), used
    ratio = test.one_step_hazard_ratio(confidence)
    return (
        Estimate(
            ratio.estimate, ratio.lower, ratio.upper, confidence, test.statistic, test.p, test.df
        ),
        used,
    )


def _adjusted_difference(
    first: Rows, second: Rows, factors: Sequence[str], confidence: float
) -> Estimate:
    """Analysis of covariance: treatment, the baseline value of a change, an indicator a level."""
    rows = [*first, *second]
    if not first or not second:
        return Estimate.undefined(confidence, "an arm has nobody with an outcome yet")
    names, columns = ["intercept", "treatment"], [[1.0] * len(rows)]
    columns.append([1.0] * len(first) + [0.0] * len(second))
    if all(outcome.baseline is not None for _, outcome in rows):
        names.append("baseline")
        columns.append([outcome.baseline or 0.0 for _, outcome in rows])
    for factor in factors:
        levels = sorted({subject.strata.get(factor, "") for subject, _ in rows})
        for level in levels[1:]:
            names.append(f"{factor}={level}")
            columns.append([1.0 if s.strata.get(factor, "") == level else 0.0 for s, _ in rows])
    design = [list(row) for row in zip(*columns, strict=True)]
    return linear_model(_values(rows), design, names).coefficient("treatment", confidence)


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

"""The effect by level of a factor, with a test of interaction. Levels are those that participants truly had."""

from __future__ import annotations

from dataclasses import replace

from equipoise.protocol.document import StratumFactor

from ..cut import Subject
from ..describe import factor_label, level_label
from ..methods import (
    Interaction,
    interaction_of_hazards,
    interaction_of_means,
    interaction_of_odds,
)
from ..results import EffectAt, Subgroups
from .case import Case, Rows, indicators, values
from .numbers import adjusted_difference, mean_difference
from .proportions import risk_difference
from .times import cox, log_rank_test, times_of

_WITHIN = {
    "risk_difference_mn": risk_difference,
    "mean_difference_welch": mean_difference,
    "linear_model": adjusted_difference,
    "log_rank": log_rank_test,
    "cox": cox,
}
"""The effect within a level: the analysis' own method, without strata."""


def subgroups(case: Case) -> tuple[Subgroups, ...]:
    """Every factor that the analysis names."""
    randomization = case.data.protocol.randomization
    factors = {factor.id: factor for factor in randomization.strata} if randomization else {}
    return tuple(
        _by_factor(case, factors[name]) for name in case.analysis.subgroups if name in factors
    )


def _by_factor(case: Case, factor: StratumFactor) -> Subgroups:
    levels = []
    plain = case.analysis.model_copy(update={"stratified_by": [], "subgroups": []})
    for level in factor.levels:
        first, second = (_at(rows, factor.id, level) for rows in (case.first, case.second))
        own = replace(case, analysis=plain, first=first, second=second)
        found = _WITHIN[case.analysis.method](own).estimate
        binary = case.endpoint.variable.kind in ("occurs", "time_to")
        events = tuple(sum(1 for _, o in rows if o.event) for rows in (first, second))
        levels.append(
            EffectAt(
                level,
                level_label(case.data, factor, level),
                (len(first), len(second)),
                found,
                events=(events[0], events[1]) if binary else None,
            )
        )
    test, interaction = _interaction(case, factor.id)
    return Subgroups(factor.id, factor_label(case.data, factor), tuple(levels), test, interaction)


def true_level(subject: Subject, factor: str) -> str:
    """The level a participant truly had; that used for allocation where the true one is not known."""
    return subject.strata_true.get(factor) or subject.strata.get(factor, "")


def _at(rows: Rows, factor: str, level: str) -> Rows:
    return [row for row in rows if true_level(row[0], factor) == level]


def _interaction(case: Case, factor: str) -> tuple[str, Interaction]:
    levels = [true_level(subject, factor) for subject, _ in case.rows]
    kind = case.endpoint.variable.kind
    if kind == "occurs":
        marks = [float(bool(outcome.event)) for _, outcome in case.rows]
        return "likelihood_ratio", interaction_of_odds(marks, case.treated, levels)
    if kind == "time_to":
        return "likelihood_ratio", interaction_of_hazards(*times_of(case), case.treated, levels)
    more: list[list[float]] = []
    if case.analysis.method == "linear_model":
        others = [name for name in case.analysis.stratified_by if name != factor]
        _, more = indicators(case.rows, others)
        if case.rows and all(outcome.baseline is not None for _, outcome in case.rows):
            more.insert(0, [outcome.baseline or 0.0 for _, outcome in case.rows])
    return "f", interaction_of_means(values(case.rows), case.treated, levels, more)

"""Methods for an outcome measured at several visits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from equipoise.protocol.document import Imputation, Repeated

from ..cut import Subject
from ..endpoints import Outcome
from ..methods import (
    Completed,
    Draws,
    Estimate,
    impute,
    ordinal_mixed,
    ordinal_regression,
    repeated_measures,
    tipping_shifts,
)
from ..results import Comparison, EffectAt, Imputed
from .case import Case, Rows, exponential, indicators
from .numbers import covariates, proportional_odds
from .proportions import tipping as binary_tipping

Floats = NDArray[np.float64]

_EMPTY = "an arm has nobody with an outcome yet"
_STEPS_OF_DEVIATION = 10
"""A tipping point goes in tenths of the standard deviation where the protocol names no step."""


def _visits(case: Case) -> list[str]:
    variable = case.endpoint.variable
    assert isinstance(variable, Repeated), "only repeated endpoints have these methods"
    return list(variable.visits)


def _matrix(rows: Rows, visits: int) -> Floats:
    """Participants by visits, `nan` where not seen."""
    out = np.full((len(rows), visits), np.nan)
    for at, (_, outcome) in enumerate(rows):
        for place, value in enumerate(outcome.series):
            if value is not None:
                out[at, place] = value
    return out


def mmrm(case: Case) -> Comparison:
    """The mixed model of all visits: treatment, baseline and factors by visit. The estimate is that of the last one."""
    measure, visits = "adjusted_mean_difference", _visits(case)
    if not case.first or not case.second:
        return _without(case, measure, _EMPTY)
    names, columns = covariates(case)
    outcomes = _matrix(case.rows, len(visits))
    model = repeated_measures(outcomes, [case.treated, *columns], ["treated", *names])
    found = [model.effect("treated", at, case.confidence) for at in range(len(visits))]
    return Comparison(
        case.treatment, case.control, measure, found[-1],
        visits=_by_visit(case, outcomes, found),
    )  # fmt: skip


def _by_visit(case: Case, outcomes: Floats, found: list[Estimate]) -> tuple[EffectAt, ...]:
    split = len(case.first)
    out = []
    for at, (name, estimate) in enumerate(zip(_visits(case), found, strict=True)):
        arms = outcomes[:split, at], outcomes[split:, at]
        seen = [arm[np.isfinite(arm)] for arm in arms]
        first, second = (float(one.mean()) if one.size else math.nan for one in seen)
        label = case.data.protocol.visit_by_id[name].label
        analyzed = (seen[0].size, seen[1].size)
        out.append(EffectAt(name, label, analyzed, estimate, means=(first, second)))
    return tuple(out)


def _without(case: Case, measure: str, reason: str) -> Comparison:
    gone = Estimate.undefined(case.confidence, reason)
    return Comparison(case.treatment, case.control, measure, gone)


def mixed_odds(case: Case) -> Comparison:
    """The odds ratio of a higher grade, given the participant: treatment, visit and factors."""
    measure = "proportional_odds_ratio"
    if not case.first or not case.second:
        return _without(case, measure, _EMPTY)
    outcomes, columns, names, people = _assessments(case)
    found = ordinal_mixed(outcomes, columns, names, people, case.confidence, nodes=None)
    return Comparison(
        case.treatment, case.control, measure, exponential(found.coefficient("treated"))
    )


def odds(case: Case) -> Comparison:
    """The common odds ratio of a higher grade in the population; of a repeated outcome over all visits together, with
    the covariance robust to what the visits of a participant share."""
    if case.endpoint.variable.kind != "repeated":
        return proportional_odds(case)
    measure = "proportional_odds_ratio"
    if not case.first or not case.second:
        return _without(case, measure, _EMPTY)
    outcomes, columns, names, people = _assessments(case)
    found = ordinal_regression(outcomes, columns, names, case.confidence, participants=people)
    return Comparison(
        case.treatment, case.control, measure, exponential(found.coefficient("treated"))
    )


def _assessments(case: Case) -> tuple[Floats, list[Floats], list[str], list[int]]:
    """Every assessment as a row: its grade, the columns (treatment, factors, visits), and who it is of.

    A visit at which everybody is at the lowest level, or everybody at the highest, says nothing and is left out.
    """
    visits = _visits(case)
    outcomes = _matrix(case.rows, len(visits))
    known = outcomes[np.isfinite(outcomes)]
    low, high = known.min(), known.max()
    told = [
        at
        for at in range(len(visits))
        if not set(outcomes[np.isfinite(outcomes[:, at]), at]) <= {low}
        and not set(outcomes[np.isfinite(outcomes[:, at]), at]) <= {high}
    ]
    names, columns = indicators(case.rows, case.analysis.stratified_by)
    of_person = np.array([case.treated, *columns])
    rows, places = np.nonzero(np.isfinite(outcomes[:, told]))
    by_visit = [(places == at).astype(np.float64) for at in range(1, len(told))]
    labels = ["treated", *names, *(visits[at] for at in told[1:])]
    return outcomes[:, told][rows, places], [*of_person[:, rows], *by_visit], labels, rows.tolist()


def multiple_imputation(case: Case) -> Comparison:
    """Analysis of covariance at the last visit over imputed data sets, pooled."""
    return _imputation(case)[0]


def tipping(case: Case) -> Comparison:
    """How far the imputed values of the treatment arm have to be shifted until the conclusion turns; of a yes-or-no
    endpoint, for which numbers of events among those not seen it would."""
    if case.endpoint.variable.kind == "occurs":
        return binary_tipping(case)
    found, completed = _imputation(case)
    if completed is None or found.estimate.reason or found.imputed is None:
        return found
    asked = (case.analysis.imputation or Imputation()).step
    step = float(asked) if asked is not None else _deviation(case) / _STEPS_OF_DEVIATION
    if not step > 0:
        return found
    shifts, turns_at = tipping_shifts(completed, step, case.confidence)
    return Comparison(
        case.treatment, case.control, found.measure, found.estimate,
        imputed=found.imputed, shifts=shifts, turns_at=turns_at,
    )  # fmt: skip


def _deviation(case: Case) -> float:
    """The standard deviation of the values seen at the last visit, to one digit."""
    seen = [outcome.value for _, outcome in case.rows if outcome.value is not None]
    deviation = float(np.std(seen, ddof=1)) if len(seen) > 1 else 0.0
    return float(f"{deviation:.1g}")


def _imputation(case: Case) -> tuple[Comparison, Completed | None]:
    measure, visits = "adjusted_mean_difference", _visits(case)
    plan = case.analysis.imputation or Imputation()
    arms = [sorted(filter(_imputable, rows), key=_number) for rows in case.everyone]
    if not arms[0] or not arms[1]:
        return _without(case, measure, _EMPTY), None
    rows = [*arms[0], *arms[1]]
    treated = [1.0] * len(arms[0]) + [0.0] * len(arms[1])
    _, columns = indicators(rows, case.analysis.stratified_by)
    variable = case.endpoint.variable
    if isinstance(variable, Repeated) and variable.baseline is not None:
        columns.insert(0, [outcome.baseline or 0.0 for _, outcome in rows])
    outcomes = _matrix(rows, len(visits))
    protocol = case.data.protocol.id
    draws = Draws(protocol, case.analysis.id, f"{case.treatment}-{case.control}")
    completed = impute(
        outcomes, treated, columns, draws,
        strategy=plan.strategy, imputations=plan.imputations,
    )  # fmt: skip
    split = len(arms[0])
    gone = ~np.isfinite(outcomes[:, -1])
    imputed = Imputed(
        plan.strategy,
        plan.imputations,
        (split, len(rows) - split),
        (int(gone[:split].sum()), int(gone[split:].sum())),
    )
    estimate = completed.effect(case.confidence)
    found = Comparison(case.treatment, case.control, measure, estimate, imputed=imputed)
    return found, completed


def _imputable(row: tuple[Subject, Outcome]) -> bool:
    """Whoever has a baseline where one is needed, seen afterwards or not."""
    return row[1].missing in ("", "no_assessment")


def _number(row: tuple[Subject, Outcome]) -> tuple[int, str]:
    """Participants in the order of their numbers, so that each has the same random numbers whatever the order given."""
    return (row[0].number or 0, row[0].id)

"""Methods for a number a participant."""

from __future__ import annotations

from ..methods import Estimate, linear_model, ordinal_regression, welch, wilcoxon
from ..results import Comparison
from .case import Case, exponential, indicators, values


def mean_difference(case: Case) -> Comparison:
    """Welch's t."""
    estimate = welch(values(case.first), values(case.second), case.confidence)
    return Comparison(case.treatment, case.control, "mean_difference", estimate)


def rank_sum(case: Case) -> Comparison:
    """Wilcoxon's rank sum with the Hodges–Lehmann shift."""
    estimate = wilcoxon(values(case.first), values(case.second), case.confidence)
    return Comparison(case.treatment, case.control, "location_shift", estimate)


def covariates(case: Case) -> tuple[list[str], list[list[float]]]:
    """The baseline value where everybody has one, and an indicator for each further level of the factors."""
    names, columns = indicators(case.rows, case.analysis.stratified_by)
    if case.rows and all(outcome.baseline is not None for _, outcome in case.rows):
        names.insert(0, "baseline")
        columns.insert(0, [outcome.baseline or 0.0 for _, outcome in case.rows])
    return names, columns


def adjusted_difference(case: Case) -> Comparison:
    """Analysis of covariance: treatment, the baseline value of a change, an indicator a level."""
    measure = "adjusted_mean_difference"
    if not case.first or not case.second:
        gone = Estimate.undefined(case.confidence, "an arm has nobody with an outcome yet")
        return Comparison(case.treatment, case.control, measure, gone)
    names, more = covariates(case)
    columns = [[1.0] * len(case.rows), case.treated, *more]
    design = [list(row) for row in zip(*columns, strict=True)]
    model = linear_model(values(case.rows), design, ["intercept", "treatment", *names])
    estimate = model.coefficient("treatment", case.confidence)
    return Comparison(case.treatment, case.control, measure, estimate)


def proportional_odds(case: Case) -> Comparison:
    """The common odds ratio of a higher grade, adjusted for the factors; above 1 is higher under treatment."""
    measure = "proportional_odds_ratio"
    if not case.first or not case.second:
        gone = Estimate.undefined(case.confidence, "an arm has nobody with an outcome yet")
        return Comparison(case.treatment, case.control, measure, gone)
    names, columns = indicators(case.rows, case.analysis.stratified_by)
    found = ordinal_regression(
        values(case.rows), [case.treated, *columns], ["treated", *names], case.confidence
    )
    return Comparison(
        case.treatment, case.control, measure, exponential(found.coefficient("treated"))
    )

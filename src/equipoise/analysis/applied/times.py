"""Methods for times to an event."""

from __future__ import annotations

from ..cut import Subject
from ..endpoints import Outcome
from ..methods import (
    Estimate,
    fine_gray,
    log_rank,
    proportional_hazards,
    restricted_mean_difference,
)
from ..results import Comparison
from .case import Case, exponential, stratum

DEATH = "death"
"""The category of leaving follow-up that competes with an event."""


def times_of(case: Case) -> tuple[list[float], list[bool]]:
    """Days and event marks of everybody with an outcome."""
    return (
        [outcome.value or 0.0 for _, outcome in case.rows],
        [bool(outcome.event) for _, outcome in case.rows],
    )


def curves_alone(case: Case) -> Comparison:
    """Curves by arm: nothing is compared."""
    return Comparison(case.treatment, case.control, "none", Estimate.undefined(case.confidence, ""))


def _strata(case: Case) -> list[str] | None:
    factors = case.analysis.stratified_by
    return ["|".join(stratum(one, factors)) for one, _ in case.rows] if factors else None


def log_rank_test(case: Case) -> Comparison:
    """The log-rank test with its one-step hazard ratio (Peto): exp((O − E)/V), limits on the log scale."""
    # The treatment's label sorts first, so that O and E of the first group are the treatment's.
    groups = ["1 treatment"] * len(case.first) + ["2 control"] * len(case.second)
    strata = _strata(case)
    test = log_rank(*times_of(case), groups, strata)
    used = len(set(strata)) if strata is not None else None
    if test.reason:
        estimate = Estimate.undefined(case.confidence, test.reason)
    else:
        ratio = test.one_step_hazard_ratio(case.confidence)
        estimate = Estimate(
            ratio.estimate, ratio.lower, ratio.upper, case.confidence,
            test.statistic, test.p, test.df,
        )  # fmt: skip
    return Comparison(case.treatment, case.control, "hazard_ratio", estimate, used)


def cox(case: Case) -> Comparison:
    """The hazard ratio of a proportional-hazards model (ties: Efron), stratified by the factors."""
    strata = _strata(case)
    used = len(set(strata)) if strata is not None else None
    if not case.first or not case.second:
        gone = Estimate.undefined(case.confidence, "an arm has nobody with an outcome yet")
        return Comparison(case.treatment, case.control, "adjusted_hazard_ratio", gone, used)
    found = proportional_hazards(
        *times_of(case), [case.treated], ["treated"], strata=strata, confidence=case.confidence
    )
    estimate = exponential(found.coefficient("treated"))
    return Comparison(case.treatment, case.control, "adjusted_hazard_ratio", estimate, used)


def restricted_means(case: Case) -> Comparison:
    """The difference in days without the event, up to the declared horizon."""
    horizon = case.analysis.horizon
    assert horizon is not None, "the document demands it"
    estimate = restricted_mean_difference(
        *times_of(case), [bool(one) for one in case.treated], float(horizon), case.confidence
    )
    return Comparison(case.treatment, case.control, "restricted_mean_difference", estimate)


def _cause(subject: Subject, outcome: Outcome) -> int:
    """1 for the event, 2 where death came before it, 0 for a censored time."""
    if outcome.event:
        return 1
    left = subject.left_follow_up
    return 2 if left is not None and left.category == DEATH else 0


def subdistribution(case: Case) -> Comparison:
    """Fine and Gray's model of treatment, death before the event competing with it."""
    measure = "subdistribution_hazard_ratio"
    if not case.first or not case.second:
        gone = Estimate.undefined(case.confidence, "an arm has nobody with an outcome yet")
        return Comparison(case.treatment, case.control, measure, gone)
    found = fine_gray(
        times_of(case)[0],
        [_cause(*row) for row in case.rows],
        [case.treated],
        ["treated"],
        case.confidence,
    )
    estimate = exponential(found.coefficient("treated"))
    return Comparison(case.treatment, case.control, measure, estimate)

"""Methods for yes-or-no endpoints."""

from __future__ import annotations

import math

from ..methods import (
    Estimate,
    boschloo,
    cochran_mantel_haenszel,
    farrington_manning,
    fisher,
    miettinen_nurminen_difference,
    miettinen_nurminen_odds_ratio,
    miettinen_nurminen_ratio,
    newcombe_difference,
    standardized_risks,
    stratified_miettinen_nurminen_difference,
    stratified_newcombe_difference,
    tipping_grid,
)
from ..results import Comparison, Named, TippingGrid
from .case import Case, indicators, table, tables, usable


def risk_difference(case: Case) -> Comparison:
    """Miettinen and Nurminen's interval, over strata where the analysis names factors."""
    if not case.analysis.stratified_by:
        estimate = miettinen_nurminen_difference(*table(case.first, case.second), case.confidence)
        return Comparison(case.treatment, case.control, "risk_difference", estimate)
    strata = tables(case.first, case.second, case.analysis.stratified_by)
    estimate = stratified_miettinen_nurminen_difference(strata, case.confidence)
    return Comparison(case.treatment, case.control, "risk_difference", estimate, *usable(strata))


def newcombe(case: Case) -> Comparison:
    """Newcombe's interval, over strata where the analysis names factors."""
    if not case.analysis.stratified_by:
        estimate = newcombe_difference(*table(case.first, case.second), case.confidence)
        return Comparison(case.treatment, case.control, "risk_difference", estimate)
    strata = tables(case.first, case.second, case.analysis.stratified_by)
    estimate = stratified_newcombe_difference(strata, case.confidence)
    return Comparison(case.treatment, case.control, "risk_difference", estimate, *usable(strata))


def risk_ratio(case: Case) -> Comparison:
    """The ratio of risks with Miettinen and Nurminen's interval."""
    estimate = miettinen_nurminen_ratio(*table(case.first, case.second), case.confidence)
    return Comparison(case.treatment, case.control, "risk_ratio", estimate)


def odds_ratio(case: Case) -> Comparison:
    """The odds ratio with Miettinen and Nurminen's interval."""
    estimate = miettinen_nurminen_odds_ratio(*table(case.first, case.second), case.confidence)
    return Comparison(case.treatment, case.control, "odds_ratio", estimate)


def non_inferiority(case: Case) -> Comparison:
    """Farrington and Manning's test of the declared margin."""
    margin = case.analysis.margin
    assert margin is not None, "the document demands it"
    estimate = farrington_manning(
        *table(case.first, case.second),
        float(margin),
        case.confidence,
        events_are_good=case.analysis.event_wanted,
    )
    return Comparison(case.treatment, case.control, "risk_difference", estimate)


def _exact(case: Case, p: float) -> Comparison:
    """The difference found with an exact p-value, without an interval."""
    first, n1, second, n2 = table(case.first, case.second)
    if not n1 or not n2:
        gone = Estimate.undefined(case.confidence, "an arm has nobody with an outcome yet")
        return Comparison(case.treatment, case.control, "risk_difference", gone)
    nan = math.nan
    estimate = Estimate(first / n1 - second / n2, nan, nan, case.confidence, p=p)
    return Comparison(case.treatment, case.control, "risk_difference", estimate)


def exact_fisher(case: Case) -> Comparison:
    """Fisher's exact test, two-sided."""
    return _exact(case, fisher(*table(case.first, case.second)).p)


def exact_boschloo(case: Case) -> Comparison:
    """Boschloo's exact test, two-sided."""
    return _exact(case, boschloo(*table(case.first, case.second)).p)


def standardized(case: Case) -> Comparison:
    """Risks from a logistic model of treatment and factors, averaged over everybody."""
    names, columns = indicators(case.rows, case.analysis.stratified_by)
    found = standardized_risks(
        [float(bool(outcome.event)) for _, outcome in case.rows],
        case.treated,
        columns,
        names,
        case.confidence,
    )
    return Comparison(
        case.treatment, case.control, "risk_difference", found.difference,
        further=(Named("risk_ratio", found.ratio),),
    )  # fmt: skip


def cmh(case: Case) -> Comparison:
    """Cochran–Mantel–Haenszel over the factors, with the common effects."""
    strata = tables(case.first, case.second, case.analysis.stratified_by)
    test = cochran_mantel_haenszel(strata, case.confidence)
    odds = test.odds_ratio
    estimate = Estimate(
        odds.estimate, odds.lower, odds.upper, case.confidence, test.statistic, test.p, 1.0,
        odds.reason or test.reason,
    )  # fmt: skip
    further = (Named("risk_difference", test.risk_difference), Named("risk_ratio", test.risk_ratio))
    return Comparison(
        case.treatment, case.control, "odds_ratio", estimate,
        test.strata_used, test.strata_empty, further,
    )  # fmt: skip


def tipping(case: Case) -> Comparison:
    """What the difference would be for every number of events among those not seen, in both arms.

    Not seen is who has no outcome, and whose outcome is counted by a rule of the protocol. The estimate is that of
    those seen.
    """
    seen, unseen = [], []
    for rows in case.everyone:
        known = [o for _, o in rows if not o.missing and not o.counted]
        seen += [sum(1 for o in known if o.event), len(known)]
        unseen.append(len(rows) - len(known))
    found = tipping_grid((seen[0], seen[1], seen[2], seen[3]), (unseen[0], unseen[1]))
    estimate = miettinen_nurminen_difference(seen[0], seen[1], seen[2], seen[3], case.confidence)
    grid = TippingGrid((seen[0], seen[1], seen[2], seen[3]), (unseen[0], unseen[1]), *found)
    return Comparison(case.treatment, case.control, "risk_difference", estimate, grid=grid)

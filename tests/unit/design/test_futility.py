"""Bounds for futility: against gsDesign, against normal integrals of another kind, and against themselves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from equipoise.analysis.methods import Estimate
from equipoise.design import (
    Boundaries,
    DesignError,
    beta_spending_boundaries,
    conditional_power,
    conditional_power_bound,
    crossing,
    drift_for_power,
    futility_bounds,
    futility_crossing,
    hwang_shih_decani,
    inflation,
    obrien_fleming,
    pocock,
    power_boundaries,
    predictive_power,
    predictive_power_bound,
    spending_boundaries,
)
from equipoise.design.futility import PowerBound, with_lower, without_futility
from equipoise.design.interim import Monitoring, PlannedLook, short_of

THIRDS = (1 / 3, 2 / 3, 1)


def going_on(boundaries: Boundaries, drift: float, looks: int) -> float:
    """The chance to be between the boundaries at the first looks, by SciPy's multivariate normal distribution."""
    times = np.array(boundaries.fractions[:looks])
    covariance = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    high = np.array(boundaries.upper[:looks])
    low = np.maximum(np.array(boundaries.lower[:looks]), -40.0)
    normal = multivariate_normal(drift * np.sqrt(times), covariance, abseps=1e-9, releps=1e-9)
    return float(normal.cdf(high, lower_limit=low))


def test_the_default_design_of_gsdesign() -> None:
    """gsDesign 3: `gsDesign()` (k = 3, test.type = 4, alpha 0.025, beta 0.1, Hwang–Shih–DeCani −4 and −2).

    Bounds, spending and n.I are those its manual prints.
    """
    found = beta_spending_boundaries(
        THIRDS, 0.025, hwang_shih_decani(-4), beta=0.1, beta_spending=hwang_shih_decani(-2)
    )
    assert found.upper == pytest.approx((3.010739, 2.546531, 1.999226), abs=1e-6)
    assert found.lower[:2] == pytest.approx((-0.2387240, 0.9410673), abs=1e-6)
    assert inflation(found, 0.9) == pytest.approx(1.0698832, abs=1e-6)
    spent = crossing(found, drift_for_power(found, 0.9)).lower
    assert spent[:2] == pytest.approx((0.0148, 0.0289), abs=5e-5)
    assert 0.1 - sum(spent) == pytest.approx(0.0563, abs=5e-5)


@pytest.mark.parametrize("binding", [False, True])
@pytest.mark.parametrize("spending", [obrien_fleming, pocock])
def test_both_errors_are_spent_as_the_functions_say(
    binding: bool, spending: Callable[[float, float], float]
) -> None:
    """At every look, by integrals of another kind; at the end what is left of both errors meets at one value."""
    found = beta_spending_boundaries(
        THIRDS, 0.025, pocock, beta=0.2, beta_spending=spending, binding=binding
    )
    drift = drift_for_power(found, 0.8)
    assert futility_crossing(found, drift) == pytest.approx(crossing(found, drift).lower)
    missed = 0.0
    for look, t in enumerate(THIRDS[:2], 1):
        low = with_lower(found, [*found.lower[: look - 1], -9.0, -9.0][:2])
        missed += going_on(low, drift, look) - going_on(found, drift, look)
        assert missed == pytest.approx(spending(0.2, t), abs=1e-6)
    assert going_on(found, drift, 3) == pytest.approx(0.2 - missed, abs=1e-6)
    # the level: with the bound kept where it is binding, without it where it is not
    level = crossing(found if binding else without_futility(found)).reject
    assert level == pytest.approx(0.025, abs=1e-9)
    futile = sum(crossing(found).lower)
    assert crossing(found).reject == pytest.approx(1 - futile - going_on(found, 0.0, 3), abs=1e-6)


def test_a_bound_on_power_is_where_that_power_is_left() -> None:
    """Conditional on the trend, on an effect, and predictive; the bound rises with the power asked for."""
    for t, below in ((0.3, 0.1), (0.5, 0.2), (0.8, 0.5)):
        trend, assumed = (conditional_power_bound(t, 1.97, below, drift) for drift in (None, 2.8))
        predicted = predictive_power_bound(t, 1.97, below)
        assert conditional_power(trend, t, 1.97) == pytest.approx(below, abs=1e-12)
        assert conditional_power(assumed, t, 1.97, 2.8) == pytest.approx(below, abs=1e-12)
        assert predictive_power(predicted, t, 1.97) == pytest.approx(below, abs=1e-12)
        assert conditional_power_bound(t, 1.97, below + 0.1) > trend


def test_a_binding_bound_on_power_rests_on_the_critical_value_it_lowers() -> None:
    rules: list[PowerBound] = [lambda t, c: conditional_power_bound(t, c, 0.2)] * 2
    free = power_boundaries(THIRDS, 0.025, obrien_fleming, rules)
    kept = power_boundaries(THIRDS, 0.025, obrien_fleming, rules, binding=True)
    assert free.upper == spending_boundaries(THIRDS, 0.025, obrien_fleming).upper
    assert kept.upper[-1] < free.upper[-1] - 0.01
    assert crossing(kept).reject == pytest.approx(0.025, abs=1e-9)
    for found in (free, kept):
        for t, low in zip(THIRDS[:2], found.lower, strict=False):
            assert conditional_power(low, t, found.upper[-1]) == pytest.approx(0.2, abs=1e-9)


def test_a_two_sided_design_keeps_its_boundaries_and_stops_in_between() -> None:
    """Efficacy in the unfavorable direction is no futility; at a bound beyond that boundary there is none."""
    plain = spending_boundaries(THIRDS, 0.05, obrien_fleming, sided=2)
    rules: list[PowerBound | None] = [lambda t, c: conditional_power_bound(t, c, 0.1), None]
    found = power_boundaries(THIRDS, 0.05, obrien_fleming, rules, sided=2)
    assert found.upper == plain.upper
    assert found.lower[1:] == plain.lower[1:]
    assert futility_bounds(found)[1:] == (-math.inf, -math.inf)
    futile = futility_crossing(found)
    assert futile[0] == pytest.approx(crossing(found).lower[0] - crossing(plain).lower[0])
    assert futile[1:] == (0.0, 0.0)
    assert futility_bounds(with_lower(plain, [-9.0, 0.0])) == (-math.inf, 0.0, -math.inf)


def test_looks_without_a_bound_keep_their_share_for_later() -> None:
    found = beta_spending_boundaries(
        THIRDS, 0.025, pocock, beta=0.2, beta_spending=pocock, looks=[False, True]
    )
    assert found.lower[0] == -math.inf
    drift = drift_for_power(found, 0.8)
    assert crossing(found, drift).lower[1] == pytest.approx(pocock(0.2, 2 / 3), abs=1e-9)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: conditional_power_bound(0.5, 1.96, 1.2), "below = 1.2"),
        (lambda: conditional_power_bound(1.0, 1.96, 0.2), r"fraction = 1\.0"),
        (lambda: predictive_power_bound(0.5, 1.96, 0.0), r"below = 0\.0"),
        (lambda: power_boundaries(THIRDS, 0.025, pocock, []), "rules = 0"),
        (
            lambda: power_boundaries(
                [0.5, 1], 0.05, pocock, [lambda _t, _c: 0.0], sided=2, binding=True
            ),
            "binding = True",
        ),
        (
            lambda: power_boundaries([0.5, 1], 0.025, pocock, [lambda _t, _c: 2.5]),
            r"futility = 2\.5: give a bound below the one for efficacy",
        ),
        (
            lambda: beta_spending_boundaries(
                [0.5, 1], 0.025, pocock, beta=1.0, beta_spending=pocock
            ),
            "beta = 1",
        ),
        (
            lambda: beta_spending_boundaries(
                [0.5, 1], 0.025, pocock, beta=0.99, beta_spending=pocock
            ),
            "beta = 0.99",
        ),
        (
            lambda: beta_spending_boundaries(
                [0.5, 1], 0.025, pocock, beta=0.2, beta_spending=pocock, looks=[True, True]
            ),
            "looks",
        ),
    ],
)
def test_what_makes_no_bound_is_refused_in_one_line(make: Callable[[], object], named: str) -> None:
    with pytest.raises(DesignError, match=named) as told:
        make()
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("favorable", [1, -1])
@pytest.mark.parametrize("bound", [0.6, 0.0, -0.7])
def test_falling_short_is_a_matter_of_z(favorable: int, bound: float) -> None:
    """From estimate and two-sided p alone; an undefined result falls short of nothing."""
    plan = Monitoring("e", (PlannedLook("l", 0.5, 9, 3.0, bound),), 1.97, 1.96, 0.05, 2, favorable)
    for z in (-2.0, -0.71, -0.69, -0.1, 0.0, 0.1, 0.59, 0.61, 2.0):
        p = math.erfc(abs(z) / math.sqrt(2))
        one = Estimate(favorable * z / 10, -1.0, 1.0, 0.95, 0.1, p)
        assert short_of("risk_difference", one, bound, plan) == (z <= bound)
    undefined = Estimate(0.1, -1.0, 1.0, 0.95, math.nan, math.nan)
    assert not short_of("risk_difference", undefined, bound, plan)
    ratio = Estimate(math.exp(favorable * 0.2), 0.1, 9.0, 0.95, 0.1, math.erfc(1 / math.sqrt(2)))
    assert not short_of("odds_ratio", ratio, bound, plan)

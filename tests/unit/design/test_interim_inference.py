"""Laws of what may be said at and after the looks: p-values are uniform, estimates unbiased in the median,
levels kept whatever the data ask for."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from equipoise.design import (
    BetaPrior,
    DesignError,
    StoppingRule,
    blinded_means,
    blinded_proportions,
    boundaries_reached,
    conditional_power,
    conditional_power_proportions,
    crossing,
    final_inference,
    inverse_normal,
    obrien_fleming,
    pocock,
    predictive_power,
    promising_zone,
    proportional_odds,
    repeated_difference,
    spending_boundaries,
    stagewise_p,
    toxicity_rule,
    two_means,
    two_proportions,
)

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))
THREE = spending_boundaries([1 / 3, 2 / 3, 1], 0.025, obrien_fleming)


def stopped(drift: float, trials: int, seed: int) -> list[tuple[int, float]]:
    """Looks and Z at which simulated trials of three looks ended."""
    draws = np.random.Generator(np.random.Philox(seed)).normal(size=(trials, 3))
    t = np.array(THREE.fractions)
    steps = np.diff(t, prepend=0)
    z = np.cumsum(draws * np.sqrt(steps) + drift * steps, axis=1) / np.sqrt(t)
    ended = []
    for path in z:
        look = next((k for k in (0, 1) if path[k] >= THREE.upper[k]), 2)
        ended.append((look + 1, float(path[look])))
    return ended


def test_the_stagewise_p_value_is_uniform_under_the_null_hypothesis():
    """The p at the boundary of each look is the error spent by then; at the last, the whole level."""
    spent = np.cumsum(crossing(THREE).upper)
    for look, bound in enumerate(THREE.upper, 1):
        assert stagewise_p(THREE, look, bound) == pytest.approx(spent[look - 1], abs=1e-9)
    p = sorted(stagewise_p(THREE, look, z) for look, z in stopped(0.0, 2000, 7))
    deviation = max(abs(one - (place + 0.5) / 2000) for place, one in enumerate(p))
    assert deviation < 1.95 / math.sqrt(2000)  # Kolmogorov: exceeded once in a thousand samples


@pytest.mark.thorough
def test_the_estimate_is_right_as_often_too_high_as_too_low_and_the_interval_covers():
    drift, trials = 2.5, 1500 if DEEP else 400
    found = [final_inference(THREE, look, z) for look, z in stopped(drift, trials, 8)]
    above = sum(one.median_unbiased > drift for one in found)
    covered = sum(one.lower <= drift <= one.upper for one in found)
    assert abs(above - trials / 2) < 3.5 * math.sqrt(trials) / 2
    assert abs(covered - 0.95 * trials) < 3.5 * math.sqrt(0.95 * 0.05 * trials)


def test_without_an_interim_look_it_is_the_ordinary_normal_inference():
    fixed = spending_boundaries([1.0], 0.025, obrien_fleming)
    found = final_inference(fixed, 1, 2.2)
    assert found.p == pytest.approx(norm.sf(2.2), abs=1e-12)
    assert found.median_unbiased == pytest.approx(2.2, abs=1e-8)
    assert (found.lower, found.upper) == pytest.approx((2.2 - 1.959964, 2.2 + 1.959964), abs=1e-6)
    assert found.scaled(0.1).upper == pytest.approx(found.upper / 10)


def test_the_interval_excludes_no_effect_exactly_when_the_boundary_was_crossed():
    for look, z in stopped(2.0, 200, 9):
        assert (final_inference(THREE, look, z).lower > 0) == (z >= THREE.upper[look - 1])


@pytest.mark.parametrize(
    ("look", "z", "said"),
    [(0, 2.0, "from 1 to 3"), (4, 2.0, "from 1 to 3"), (1, 1.0, "stopped the trial"),
     (2, math.nan, "finite")],
)  # fmt: skip
def test_what_never_happened_has_no_p_value(look, z, said):
    with pytest.raises(DesignError, match=said):
        stagewise_p(THREE, look, z)


def test_a_look_without_a_boundary_has_no_repeated_interval():
    early = spending_boundaries([0.01, 1], 0.025, obrien_fleming)
    assert early.upper[0] == math.inf
    with pytest.raises(DesignError, match="no boundary"):
        repeated_difference(early, 1, 1, 1, 0, 1)


# -- information reached ---------------------------------------------------------------------------


def test_boundaries_at_the_planned_information_are_the_planned_ones():
    found = boundaries_reached([40, 80, 120], 120, 0.025, obrien_fleming, final=True)
    assert found.upper == pytest.approx(THREE.upper, abs=1e-9)
    so_far = boundaries_reached([40, 80], 120, 0.025, obrien_fleming)
    assert so_far.upper == pytest.approx(THREE.upper[:2], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(5, 200), min_size=1, max_size=4, unique=True),
    st.sampled_from([obrien_fleming, pocock]),
    st.sampled_from([1, 2]),
)
def test_the_last_look_spends_the_level_with_less_or_more_information_than_planned(
    information, spending, sided
):
    reached = sorted(round(one, 3) for one in information)
    if len(set(reached)) < len(reached):
        return
    found = boundaries_reached(reached, 100, 0.05, spending, sided=sided, final=True)
    assert crossing(found).reject == pytest.approx(0.05 / sided, abs=1e-8)


def test_the_maximum_cannot_be_passed_before_the_last_look():
    with pytest.raises(DesignError, match="final=True"):
        boundaries_reached([50, 100], 100, 0.025, obrien_fleming)


# -- power of what is still to come ------------------------------------------------------------------


def test_predictive_power_lies_between_the_conditional_powers_it_averages():
    """With a prior that knows the drift it is the conditional power itself; with none it is nearer 1/2."""
    z, t, critical = 1.6, 0.5, 1.97
    known = predictive_power(z, t, critical, prior_drift=2.8, prior_sd=1e-9)
    assert known == pytest.approx(conditional_power(z, t, critical, 2.8), abs=1e-9)
    trend = conditional_power(z, t, critical)
    flat = predictive_power(z, t, critical)
    assert abs(flat - 0.5) < abs(trend - 0.5)
    assert flat == pytest.approx(
        norm.cdf((z - critical * math.sqrt(t)) / math.sqrt(1 - t)), abs=1e-12
    )


def test_predictive_power_is_the_share_of_futures_that_cross():
    rng = np.random.Generator(np.random.Philox(3))
    z, t, critical, mean, sd = 0.9, 0.4, 1.97, 2.0, 1.5
    precision = t + sd**-2
    drift = rng.normal((z * math.sqrt(t) + mean / sd**2) / precision, precision**-0.5, 200_000)
    final = z * math.sqrt(t) + drift * (1 - t) + rng.normal(size=200_000) * math.sqrt(1 - t)
    assert predictive_power(z, t, critical, prior_drift=mean, prior_sd=sd) == pytest.approx(
        float((final > critical).mean()), abs=0.004
    )


def test_conditional_power_of_proportions_is_the_share_of_futures_that_cross():
    """Simulated from 200,000 second stages, weighed by size as the function says."""
    rng = np.random.Generator(np.random.Philox(4))
    critical, more = 1.968596, 50
    x = rng.binomial(more, 0.6, 200_000) / more
    y = rng.binomial(more, 0.4, 200_000) / more
    pooled = (x + y) / 2
    z2 = (x - y) / np.sqrt(pooled * (1 - pooled) * 2 / more)
    share = float(((2.0 + z2) / math.sqrt(2) > critical).mean())
    assert conditional_power_proportions(
        critical, (30, 50), (20, 50), (more, more)
    ) == pytest.approx(share, abs=0.02)
    assert conditional_power_proportions(critical, (50, 50), (0, 50), (10, 10)) == 1.0
    assert conditional_power_proportions(9.0, (20, 50), (20, 50), (10, 10), (0.0, 0.0)) == 0.0


# -- sample size looked at again ---------------------------------------------------------------------


def test_blinded_reestimation_gives_the_planned_size_where_the_assumption_was_right():
    assert blinded_proportions(0.5, 0.2).total == pytest.approx(two_proportions(0.6, 0.4).total)
    uneven = blinded_proportions((2 * 0.6 + 0.4) / 3, 0.2, ratio=2)
    assert uneven.total == pytest.approx(two_proportions(0.6, 0.4, ratio=2).total)
    mixed = math.sqrt(11**2 + 9**2 / 4)
    assert blinded_means(mixed, 9).total == pytest.approx(two_means(9, 11).total)


def test_a_blinded_rate_that_cannot_hold_the_difference_is_refused():
    with pytest.raises(DesignError, match="difference"):
        blinded_proportions(0.05, 0.2)
    with pytest.raises(DesignError, match="deviation"):
        blinded_means(1.0, 9.0)


def test_the_level_holds_when_the_second_stage_grows_with_the_first():
    """A million null trials of 100 + as many as the promising zone asks for: combined by inverse normal."""
    rng = np.random.Generator(np.random.Philox(5))
    trials, critical = 1_000_000, 1.959964
    z1 = rng.normal(size=trials)
    z2 = rng.normal(size=trials)  # standard normal whatever the size of the stage
    sizes = {z: promising_zone(z, 100, 200, 400, critical).second_stage
             for z in np.round(np.linspace(-5, 5, 1001), 2).tolist()}  # fmt: skip
    second = np.array([sizes[z] for z in np.round(np.clip(z1, -5, 5), 2).tolist()])
    kept = math.sqrt(0.5) * z1 + math.sqrt(0.5) * z2
    assert inverse_normal(1.0, 2.0, 0.5) == pytest.approx(3 / math.sqrt(2))
    error = math.sqrt(0.025 * 0.975 / trials)
    assert abs(float((kept > critical).mean()) - 0.025) < 4 * error
    assert second.max() > 100


def test_the_promising_zone_asks_for_what_its_power_needs_and_no_more_than_allowed():
    critical = 1.959964
    low = promising_zone(0.5, 100, 200, 400, critical)
    middle = promising_zone(1.5, 100, 200, 400, critical)
    high = promising_zone(2.5, 100, 200, 400, critical)
    assert (low.zone, low.second_stage) == ("unfavorable", 100)
    assert (high.zone, high.second_stage) == ("favorable", 100)
    assert middle.zone == "promising"
    assert 100 < middle.second_stage <= 300
    assert middle.conditional_power >= 0.8 or middle.second_stage == 300


# -- Bayesian rules ------------------------------------------------------------------------------------


def test_a_toxicity_rule_stops_at_the_first_count_that_convinces():
    prior = BetaPrior(0.5, 0.5)
    rule = toxicity_rule([10, 20, 40], limit=0.3, threshold=0.9, prior=prior)
    for total, stop in zip(rule.totals, rule.stops, strict=True):
        assert stop is not None
        assert prior.above(0.3, stop, total) > 0.9 >= prior.above(0.3, stop - 1, total)
        assert prior.above(0.3, stop, total) + prior.below(0.3, stop, total) == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1), st.lists(st.integers(1, 12), min_size=1, max_size=3, unique=True))
def test_characteristics_of_a_rule_are_those_of_every_sequence(rate, looks):
    """Against a plain enumeration of all sequences of events, participant by participant."""
    totals = tuple(sorted(looks))
    rule = StoppingRule(totals, tuple(max(1, n // 3) for n in totals))
    states = {0: 1.0}
    stopped_at, expected, before = [], 0.0, 0
    for total, stop in zip(rule.totals, rule.stops, strict=True):
        expected += sum(states.values()) * (total - before)
        for _ in range(total - before):
            following: dict[int, float] = {}
            for x, mass in states.items():
                following[x] = following.get(x, 0.0) + mass * (1 - rate)
                following[x + 1] = following.get(x + 1, 0.0) + mass * rate
            states = following
        stopped_at.append(sum(mass for x, mass in states.items() if x >= stop))
        states = {x: mass for x, mass in states.items() if x < stop}
        before = total
    found = rule.characteristics(rate)
    assert found.stopped == pytest.approx(stopped_at, abs=1e-12)
    assert found.expected_size == pytest.approx(expected, abs=1e-9)


def test_the_predictive_probability_counts_the_futures():
    prior = BetaPrior(1, 1)
    assert prior.predictive(3, 10, 0, 3) == 1.0
    assert prior.predictive(3, 10, 0, 4) == 0.0
    # one more participant, uniform prior: (3 + 1)/(10 + 2)
    assert prior.predictive(3, 10, 1, 4) == pytest.approx(4 / 12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: BetaPrior(0, 1), "a = 0"),
        (lambda: BetaPrior().above(0.3, 5, 4), "events = 5"),
        (lambda: toxicity_rule([], 0.3, 0.9), "totals"),
        (lambda: toxicity_rule([10, 10], 0.3, 0.9), "totals"),
        (lambda: toxicity_rule([10], 1.2, 0.9), "limit = 1.2"),
        (lambda: predictive_power(1, 0, 2), "fraction = 0"),
        (lambda: predictive_power(1, 0.5, 2, prior_sd=0), "prior_sd = 0"),
        (lambda: conditional_power_proportions(2, (5, 4), (1, 4), (9, 9)), "events = 5"),
        (lambda: conditional_power_proportions(2, (1, 4), (1, 4), (0, 9)), "more = 0"),
        (lambda: inverse_normal(1, 1, 1), "weight = 1"),
        (lambda: promising_zone(1, 100, 100, 300, 2), "first_stage < planned"),
        (lambda: proportional_odds([0.5, 0.4], 2), "add up to 1"),
        (lambda: proportional_odds([0.5, 0.5], 1), "odds_ratio = 1"),
        (lambda: proportional_odds([1.0, 0.0], 2), "more than one occurs"),
        (lambda: boundaries_reached([], 100, 0.025, pocock), "information"),
    ],
)
def test_nonsense_is_refused_with_one_line_that_names_it(make, said):
    with pytest.raises(DesignError, match=said) as refused:
        make()
    assert "\n" not in str(refused.value)

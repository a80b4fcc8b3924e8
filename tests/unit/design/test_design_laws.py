"""Laws of designs: what is spent is what is crossed, sizes give their power, nonsense is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis.methods.score import restricted_proportions
from equipoise.design import (
    Boundaries,
    DesignError,
    conditional_power,
    crossing,
    drift_for_power,
    event_probability,
    exact_two_proportions,
    expected_fraction,
    final_inference,
    hwang_shih_decani,
    inverse_normal,
    non_inferiority_proportions,
    obrien_fleming,
    pocock,
    power_family,
    power_two_means,
    power_two_proportions,
    predictive_power,
    promising_zone,
    schoenfeld_events,
    spending_boundaries,
    two_means,
    two_proportions,
    user_spending,
    wang_tsiatis_boundaries,
    worst_level,
)

FRACTIONS = st.lists(st.integers(1, 19), min_size=0, max_size=4, unique=True).map(
    lambda found: [t / 20 for t in sorted(found)] + [1.0]
)
SPENDING = st.one_of(
    st.sampled_from([obrien_fleming, pocock]),
    st.floats(-6, 6).map(hwang_shih_decani),
    st.floats(0.5, 4).map(power_family),
)
RATES = st.floats(0.02, 0.98)


@settings(max_examples=40, deadline=None)
@given(FRACTIONS, SPENDING, st.sampled_from([0.01, 0.025, 0.05]), st.sampled_from([1, 2]))
def test_the_boundary_spends_what_the_function_says(fractions, spending, alpha, sided):
    boundaries = spending_boundaries(fractions, alpha, spending, sided=sided)
    found = crossing(boundaries)
    total = 0.0
    for t, chance in zip(fractions, found.upper, strict=True):
        total += chance
        assert total == pytest.approx(spending(alpha / sided, t), abs=1e-9)
    if sided == 2:
        assert found.lower == pytest.approx(found.upper, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(FRACTIONS, SPENDING, st.floats(0, 4))
def test_crossing_agrees_with_simulated_paths(fractions, spending, drift):
    """Fifty thousand Brownian paths; five standard errors."""
    boundaries = spending_boundaries(fractions, 0.025, spending)
    paths = 50_000
    rng = np.random.default_rng(7)
    t = np.array(fractions)
    steps = np.diff(np.concatenate([[0.0], t]))
    b = np.cumsum(rng.normal(drift * steps, np.sqrt(steps), (paths, len(t))), axis=1)
    crossed = (b / np.sqrt(t) > np.array(boundaries.upper)).any(axis=1).mean()
    expected = crossing(boundaries, drift).reject
    error = math.sqrt(max(expected * (1 - expected), 1e-4) / paths)
    assert abs(crossed - expected) < 5 * error


def test_a_binding_futility_bound_buys_a_lower_critical_value():
    free = spending_boundaries([0.5, 1], 0.025, obrien_fleming, futility=[0.5])
    bound = spending_boundaries([0.5, 1], 0.025, obrien_fleming, futility=[0.5], binding=True)
    assert bound.upper[-1] < free.upper[-1]
    assert crossing(bound).reject == pytest.approx(0.025, abs=1e-9)
    assert crossing(free).reject < 0.025
    assert crossing(bound).lower[0] == pytest.approx(0.6914624613, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(FRACTIONS, st.floats(0.3, 0.95))
def test_the_drift_gives_the_power_it_was_found_for(fractions, power):
    boundaries = spending_boundaries(fractions, 0.025, obrien_fleming)
    drift = drift_for_power(boundaries, power)
    assert crossing(boundaries, drift).reject == pytest.approx(power, abs=1e-8)
    assert expected_fraction(boundaries, drift) <= 1.0


@settings(max_examples=60, deadline=None)
@given(RATES, RATES, st.floats(0.4, 3), st.sampled_from([1, 2]))
def test_a_size_gives_the_power_it_was_found_for(p1, p2, ratio, sided):
    if abs(p1 - p2) < 0.02:
        return
    size = two_proportions(p1, p2, ratio=ratio, power=0.85, sided=sided)
    assert size.treatment / size.control == pytest.approx(ratio)
    found = power_two_proportions(p1, p2, size.treatment, size.control, sided=sided)
    assert found == pytest.approx(0.85, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 2), st.floats(0.5, 2), st.sampled_from([1, 2]))
def test_a_size_for_means_gives_the_power_it_was_found_for(difference, ratio, sided):
    size = two_means(difference, 1.0, ratio=ratio, power=0.9, sided=sided)
    found = power_two_means(difference, 1.0, size.treatment, size.control, sided=sided)
    assert found == pytest.approx(0.9, abs=1e-7)


@settings(max_examples=80, deadline=None)
@given(RATES, RATES, st.floats(-0.5, 0.5), st.floats(0.5, 2))
def test_restricted_proportions_are_the_likeliest_at_their_difference(p1, p2, difference, ratio):
    q1, q2 = restricted_proportions(ratio * p1, ratio, p2, 1.0, difference)

    def likelihood(second: np.ndarray) -> np.ndarray:
        first = second + difference
        with np.errstate(divide="ignore", invalid="ignore"):
            return ratio * (p1 * np.log(first) + (1 - p1) * np.log(1 - first)) + (
                p2 * np.log(second) + (1 - p2) * np.log(1 - second)
            )

    low, high = max(0.0, -difference), min(1.0, 1 - difference)
    grid = np.linspace(low, high, 4001)[1:-1]
    assert q1 - q2 == pytest.approx(difference, abs=1e-9)
    assert likelihood(np.array([q2]))[0] >= np.nanmax(likelihood(grid)) - 1e-9


def test_a_fixed_design_enumerates_to_the_sum_over_its_table():
    from scipy.stats import binom

    found = exact_two_proportions(0.3, 0.5, [(6, 7)], [1.2])
    total = 0.0
    for x in range(7):
        for y in range(8):
            pooled = (x + y) / 13
            variance = pooled * (1 - pooled) * (1 / 6 + 1 / 7)
            z = (x / 6 - y / 7) / math.sqrt(variance) if variance > 0 else 0.0
            if z >= 1.2:
                total += binom.pmf(x, 6, 0.3) * binom.pmf(y, 7, 0.5)
    assert found.reject == pytest.approx(total, abs=1e-14)
    assert found.expected_size == 13


def test_nobody_or_everybody_responding_is_no_evidence():
    assert exact_two_proportions(0.0, 0.0, [(10, 10)], [1.96]).reject == 0.0
    assert exact_two_proportions(1.0, 1.0, [(10, 10)], [1.96]).reject == 0.0
    assert exact_two_proportions(1.0, 0.0, [(10, 10)], [1.96]).reject == 1.0


def test_the_worst_level_is_no_less_than_any_on_its_grid():
    upper = spending_boundaries([0.5, 1], 0.025, obrien_fleming).upper
    worst = worst_level([(20, 20), (40, 40)], upper, points=19)
    for p in (0.1, 0.25, 0.5, 0.75):
        level = exact_two_proportions(p, p, [(20, 20), (40, 40)], upper).reject
        assert level <= worst.reject + 1e-12


def test_events_are_certain_with_time_and_impossible_without():
    assert event_probability(0.5, accrual=1, follow_up=200) == pytest.approx(1.0)
    assert event_probability(1e-9, accrual=1, follow_up=0) == pytest.approx(0.0, abs=1e-8)


def test_a_table_of_spending_ends_at_the_level():
    spending = user_spending([0.5, 1.0], [0.2, 1.0])
    assert spending(0.025, 0.5) == pytest.approx(0.005)
    assert spending(0.025, 0.75) == pytest.approx(0.015)
    boundaries = spending_boundaries([0.5, 1.0], 0.025, spending)
    assert crossing(boundaries).upper[0] == pytest.approx(0.005, abs=1e-9)


def test_nothing_spent_is_no_stop():
    spending = user_spending([0.5, 1.0], [0.0, 1.0])
    assert spending_boundaries([0.5, 1.0], 0.025, spending).upper[0] == math.inf


NONSENSE = {
    "p1 = 1.2": lambda: two_proportions(1.2, 0.4),
    "p1 = nan": lambda: two_proportions(math.nan, 0.4),
    "p1 = 0.4": lambda: two_proportions(0.4, 0.4),
    "alpha = 0": lambda: two_proportions(0.6, 0.4, alpha=0),
    "power = 1": lambda: two_proportions(0.6, 0.4, power=1),
    "power = 0.02": lambda: two_proportions(0.6, 0.4, power=0.02),
    "ratio = 0": lambda: two_proportions(0.6, 0.4, ratio=0),
    "sided = 3": lambda: two_proportions(0.6, 0.4, sided=3),
    "margin = 0.1": lambda: non_inferiority_proportions(0.6, 0.8, 0.1),
    "difference = 0": lambda: two_means(0, 1),
    "standard_deviation = -1": lambda: two_means(1, -1),
    "hazard_ratio = 1": lambda: schoenfeld_events(1),
    "accrual = -1": lambda: event_probability(0.1, accrual=-1, follow_up=1),
    "fractions = [0.5, 0.5]": lambda: spending_boundaries([0.5, 0.5], 0.025, pocock),
    "fractions = [0.5, 1.5]": lambda: spending_boundaries([0.5, 1.5], 0.025, pocock),
    "futility = [0]": lambda: spending_boundaries([0.5, 1], 0.05, pocock, sided=2, futility=[0]),
    "futility = []": lambda: spending_boundaries([0.5, 1], 0.05, pocock, futility=[]),
    "shape = inf": lambda: wang_tsiatis_boundaries([1.0], 0.05, math.inf),
    "gamma = nan": lambda: hwang_shih_decani(math.nan),
    "rho = 0": lambda: power_family(0),
    "cumulative = [0.5, 0.4]": lambda: user_spending([0.5, 1.0], [0.5, 0.4]),
    "fraction = 1": lambda: conditional_power(1.0, 1, 1.96),
    "power = 0.01": lambda: drift_for_power(
        Boundaries((1.0,), (1.96,), (-math.inf,), 0.025, 1, False), 0.01
    ),
    "drift = nan": lambda: crossing(spending_boundaries([1.0], 0.025, pocock), math.nan),
    "sizes = []": lambda: exact_two_proportions(0.5, 0.5, [], []),
    "n1 = -5": lambda: exact_two_proportions(0.5, 0.5, [(10, 10), (5, 20)], [2, 2]),
}


@pytest.mark.parametrize("told", NONSENSE)
def test_nonsense_is_refused_by_the_name_of_the_argument(told):
    with pytest.raises(DesignError, match="give ") as refused:
        NONSENSE[told]()
    assert str(refused.value).startswith(f"{told}: give ")
    assert "\n" not in str(refused.value)


def test_a_look_too_early_to_spend_anything_is_no_stop_and_keeps_its_share():
    boundaries = spending_boundaries([0.05, 1.0], 0.01, obrien_fleming, sided=2)
    assert boundaries.upper[0] == math.inf
    assert crossing(boundaries).reject == pytest.approx(0.005, abs=1e-9)


TWO_LOOKS = spending_boundaries([0.5, 1], 0.025, pocock)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (
            lambda: spending_boundaries([0.5, 1], 0.025, pocock, futility=[3.0], binding=True),
            "futility",
        ),
        (lambda: spending_boundaries([0.5, 1], 0.025, pocock, futility=[math.nan]), "futility"),
        (lambda: wang_tsiatis_boundaries([0.5, 1], 0.05, 50), "alpha"),
        (lambda: wang_tsiatis_boundaries([0.5, 1], 1e-40, 0), "alpha"),
        (lambda: event_probability(1, accrual=1, follow_up=math.nan), "follow_up"),
        (
            lambda: event_probability(1, accrual=1, follow_up=1, dropout_hazard=-1),
            "dropout_hazard",
        ),
        (lambda: non_inferiority_proportions(0.8, 0.8, 1.5), "margin"),
        (lambda: power_two_means(math.nan, 1, 20, 20), "difference"),
        (lambda: conditional_power(math.nan, 0.5, 1.96), "z"),
        (lambda: conditional_power(1, 0.5, math.nan), "critical"),
        (lambda: predictive_power(1, 0.5, 1.96, prior_drift=math.inf), "prior_drift"),
        (lambda: exact_two_proportions(0.5, 0.5, [(9, 9)], [math.nan]), "upper"),
        (lambda: inverse_normal(math.nan, 1, 0.5), "z1"),
        (lambda: promising_zone(math.nan, 50, 100, 200, 1.96), "z1"),
        (lambda: final_inference(TWO_LOOKS, 3, 2.0), "look"),
        (lambda: final_inference(TWO_LOOKS, 1.5, 2.0), "look"),  # type: ignore[arg-type]
        (lambda: final_inference(TWO_LOOKS, 2, 60.0), "z"),
    ],
)
def test_what_no_search_can_find_is_refused_by_name_and_not_by_the_solver(make, named):
    with pytest.raises(DesignError, match=r": give ") as refused:
        make()
    assert refused.value.name == named


@pytest.mark.parametrize("gamma", [-2000.0, -710.0, -40.0, -1e-12, 1e-12, 40.0, 2000.0])
def test_no_spending_parameter_overflows(gamma):
    """Rising from nothing to the level; far from 0 nearly all is spent at one end."""
    spend = hwang_shih_decani(gamma)
    spent = [spend(0.025, t / 10) for t in range(1, 11)]
    assert spent == sorted(spent)
    assert spent[-1] == pytest.approx(0.025)
    if abs(gamma) < 1e-6:
        assert spent[4] == pytest.approx(0.0125)
    if abs(gamma) >= 710:
        assert spent[4] == pytest.approx(0.025 if gamma > 0 else 0, abs=1e-12)


def test_a_prior_of_the_drift_may_be_a_point():
    point = predictive_power(1.2, 0.5, 1.96, prior_drift=2.5, prior_sd=1e-200)
    assert point == pytest.approx(conditional_power(1.2, 0.5, 1.96, 2.5), abs=1e-12)


def test_overwhelming_data_decide():
    assert conditional_power(math.inf, 0.5, 1.96) == 1
    assert conditional_power(1.0, 0.5, math.inf) == 0

"""Regressions where the data do not allow them: no events, one outcome, perfect separation, empty arms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import methods

ARM = [0, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: methods.proportional_hazards([1, 2, 3], [0, 0, 0], [[0, 1, 1]], ["arm"]),
            "nobody",
        ),
        (lambda: methods.proportional_hazards([], [], [[]], ["arm"]), "no participants"),
        (
            lambda: methods.proportional_hazards(
                [1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 0], [ARM], ["arm"]
            ),
            "separates",
        ),
        (
            lambda: methods.proportional_hazards([1, 2, 3], [1, 1, 1], [[1, 1, 1]], ["arm"]),
            "independent",
        ),
        (lambda: methods.logistic_regression([0, 0, 0, 1, 1, 1], [ARM], ["arm"]), "separates"),
        (lambda: methods.logistic_regression([1] * 6, [ARM], ["arm"]), "same outcome"),
        (lambda: methods.logistic_regression([], [[]], ["arm"]), "no participants"),
        (
            lambda: methods.logistic_regression([0, 1, 0, 1, 0, 1], [ARM, ARM], ["a", "b"]),
            "independent",
        ),
        (lambda: methods.ordinal_regression([2] * 6, [ARM], ["arm"]), "same outcome"),
        (lambda: methods.ordinal_regression([1, 1, 2, 3, 4, 4], [ARM], ["arm"]), "separates"),
    ],
)
def test_where_there_is_no_estimate_the_reason_is_given(make, said):
    found = make()
    assert said in found.reason
    effect = found.coefficient(found.names[-1])
    assert math.isnan(effect.estimate)
    assert effect.reason == found.reason


def test_everything_goes_on_from_an_empty_arm():
    alone = methods.standardized_risks([0, 1, 0], [1, 1, 1], [], [])
    assert "independent" in alone.difference.reason
    assert math.isnan(alone.treated)
    lost = methods.restricted_mean_difference([3, 4], [1, 1], [1, 1], 2)
    assert lost.reason == "no participants"


def test_the_restricted_mean_is_not_extrapolated():
    assert "as long as the horizon" in methods.restricted_mean([3, 5], [1, 0], 9).reason
    assert methods.restricted_mean([3, 5], [1, 1], 9).estimate == pytest.approx(4)
    assert methods.restricted_mean([3, 5], [0, 0], 2).estimate == 2


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=8, max_size=14), st.integers(0, 2**31))
def test_without_ties_the_three_ways_agree_and_with_them_exact_is_the_enumeration(times, seed):
    rng = np.random.default_rng(seed)
    events = rng.random(len(times)) < 0.7
    arm = (rng.random(len(times)) < 0.5).astype(float)
    exact = methods.proportional_hazards(times, events, [arm], ["arm"], ties="exact")
    if exact.reason:
        return
    beta = float(exact.coefficients[0])

    def enumerated(at: float) -> float:
        from itertools import combinations

        total = 0.0
        clock = np.array(times)
        for time in np.unique(clock[events]):
            risk = arm[clock >= time]
            dying = arm[(clock == time) & events]
            ways = combinations(range(len(risk)), len(dying))
            total += at * dying.sum() - math.log(
                sum(math.exp(at * sum(risk[i] for i in way)) for way in ways)
            )
        return total

    assert exact.log_likelihood == pytest.approx(enumerated(beta), abs=1e-8)
    for nearby in (beta - 0.05, beta + 0.05):
        assert enumerated(nearby) <= enumerated(beta)
    apart = np.arange(len(times), dtype=float)
    ways = [
        methods.proportional_hazards(apart, events, [arm], ["arm"], ties=one)
        for one in ("exact", "efron", "breslow")
    ]
    if not any(one.reason for one in ways):
        np.testing.assert_allclose(ways[1].coefficients, ways[0].coefficients, atol=1e-7)
        np.testing.assert_allclose(ways[2].coefficients, ways[0].coefficients, atol=1e-7)


def test_without_covariates_standardization_gives_the_raw_difference():
    outcome = [1, 1, 0, 1, 0, 0, 0, 1, 0, 0]
    arm = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    found = methods.standardized_risks(outcome, arm, [], [])
    assert (found.treated, found.control) == pytest.approx((3 / 5, 1 / 5))
    error = math.sqrt(0.6 * 0.4 / 5 + 0.2 * 0.8 / 5)
    assert found.difference.statistic == pytest.approx(0.4 / error, rel=1e-6)


def test_reference_based_imputation_leaves_an_interim_gap_to_the_own_arm():
    cov = np.array([[1, 0.5, 0.2], [0.5, 1, 0.5], [0.2, 0.5, 1]])
    seen = [0.3, math.nan, 0.9]
    for strategy in ("MAR", "J2R", "CIR", "LMCF"):
        gap = methods.reference_based(seen, [1, 2, 3], cov, [0, 0, 0], cov, strategy)
        mar = methods.reference_based(seen, [1, 2, 3], cov, [1, 2, 3], cov, "MAR")
        np.testing.assert_allclose(gap.mean, mar.mean)
    nobody = methods.reference_based([math.nan] * 3, [1, 2, 3], cov, [4, 5, 6], 2 * cov, "J2R")
    np.testing.assert_allclose(nobody.mean, [4, 5, 6])
    np.testing.assert_allclose(nobody.covariance, 2 * cov)


def test_equal_arms_make_every_strategy_but_the_last_mean_the_same():
    cov = np.array([[1, 0.4], [0.4, 2]])
    expected = methods.reference_based([0.7, math.nan], [0, 1], cov, [0, 1], cov, "MAR")
    for strategy in ("J2R", "CR", "CIR"):
        found = methods.reference_based([0.7, math.nan], [0, 1], cov, [0, 1], cov, strategy)
        np.testing.assert_allclose(found.mean, expected.mean)
        np.testing.assert_allclose(found.covariance, expected.covariance)


def test_fixed_order_stops_at_the_first_that_is_not_rejected():
    found = methods.hierarchical({"primary": 0.03, "pain": 0.2, "weight": 0.001}, 0.05)
    assert [one.rejected for one in found] == [True, False, False]
    assert [one.adjusted for one in found] == [0.03, 0.2, 0.2]
    chain = methods.graphical(
        {"primary": 0.03, "pain": 0.2, "weight": 0.001},
        [1, 0, 0],
        [[0, 1, 0], [0, 0, 1], [0, 0, 0]],
    )
    assert [one.rejected for one in chain] == [True, False, False]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.0001, 1), min_size=2, max_size=5), st.floats(0.01, 0.2))
def test_a_graph_rejects_no_more_than_its_closed_test(p, alpha):
    """Adjusted values never lie below the p-values, and rejection follows them."""
    names = {f"h{i}": value for i, value in enumerate(p)}
    m = len(p)
    found = methods.graphical(names, [1 / m] * m, (1 - np.eye(m)) / (m - 1), alpha)
    for one in found:
        assert one.adjusted >= one.p - 1e-12
        assert one.rejected == (one.adjusted <= alpha)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: methods.pool([1], [1]), "two or more"),
        (lambda: methods.holm({"a": 1.2}), "no probability"),
        (lambda: methods.holm({"a": 0.2}, 0), "alpha"),
        (lambda: methods.graphical({"a": 0.2}, [2], [[0]]), "more than 1"),
        (lambda: methods.graphical({"a": 0.2, "b": 0.1}, [1, 0], [[0.5, 0.5], [0, 0]]), "itself"),
        (lambda: methods.logistic_regression([0, 2], [[1, 2]], ["x"]), "0 or 1"),
        (lambda: methods.logistic_regression([0, 1], [[1, math.nan]], ["x"]), "finite"),
        (lambda: methods.logistic_regression([0, 1], [[1, 2, 3]], ["x"]), "3 rows"),
        (lambda: methods.proportional_hazards([1], [1], [[1]], ["x"], ties="odd"), "efron"),
        (
            lambda: methods.logistic_regression([0, 1, 1], [[1, 2], [3, 4], [5, 7]], ["x", "y"]),
            "one sequence a name",
        ),
        (lambda: methods.logistic_regression([0, 1], [[1, 2]], []), "without a name"),
        (lambda: methods.kaplan_meier([1, 2], [1, 2]), "recode"),
        (lambda: methods.log_rank([1, 2], [2, 1], ["a", "b"]), "recode"),
        (lambda: methods.kaplan_meier([1, 2], [1, math.nan]), "recode"),
        (
            lambda: methods.restricted_mean_difference([1, 2], [1, 1], [1, 2], 1),
            "arms are 1",
        ),
        (lambda: methods.ordinal_regression([1, math.nan, 2], [[1, 0, 1]], ["x"]), "has none"),
        (lambda: methods.ordinal_mixed([1, math.nan], [[1, 0]], ["x"], [1, 1]), "has none"),
        (lambda: methods.ordinal_mixed([1, 2], [[1, 0]], ["x"], [1, 1], nodes=3), "nodes"),
        (lambda: methods.fisher(1.5, 10, 2, 10), "not a count"),  # type: ignore[arg-type]
        (lambda: methods.pool([1, math.nan], [1, 1]), "finite"),
        (lambda: methods.pool([1, 2], [-1, 1]), "not negative"),
        (lambda: methods.pool([1, 2], [1, 1], 0), "complete_df"),
        (lambda: methods.restricted_mean([1], [1], 0), "horizon"),
        (
            lambda: methods.reference_based([1, math.nan], [1], [[1]], [1], [[1]], "MAR"),
            "one size",
        ),
        (
            lambda: methods.reference_based(
                [1, math.nan], [1, 1], np.eye(2), [1, 1], np.eye(2), "LOCF"
            ),
            "strategy",
        ),
    ],
)
def test_what_cannot_mean_anything_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()

"""What the methods answer where data are few, empty or all alike: defined, and with a reason."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.analysis import methods

DIFFERENCES = (
    methods.miettinen_nurminen_difference,
    methods.mee_difference,
    methods.newcombe_difference,
)


@pytest.mark.parametrize("method", DIFFERENCES)
def test_an_empty_arm_gives_no_difference_but_a_reason(method: object) -> None:
    assert callable(method)
    result = method(0, 0, 3, 10)
    assert math.isnan(result.estimate)
    assert math.isnan(result.lower)
    assert result.reason == "an arm has nobody with an outcome yet"


@pytest.mark.parametrize("method", DIFFERENCES)
def test_no_events_give_zero_with_an_interval_around_it(method: object) -> None:
    assert callable(method)
    result = method(0, 30, 0, 30)
    assert result.estimate == 0
    assert result.lower < 0 < result.upper
    assert result.lower == pytest.approx(-result.upper)


@pytest.mark.parametrize("method", DIFFERENCES)
def test_all_against_none_reaches_the_bound_and_not_beyond(method: object) -> None:
    assert callable(method)
    assert method(12, 12, 0, 9).upper == 1
    assert method(0, 9, 12, 12).lower == -1


def test_no_events_anywhere_test_nothing() -> None:
    result = methods.miettinen_nurminen_difference(0, 30, 0, 40)
    assert (result.statistic, result.p) == (0, 1)


def test_a_participant_in_each_arm_is_enough() -> None:
    result = methods.miettinen_nurminen_difference(1, 1, 0, 1)
    assert result.upper == 1
    assert -1 < result.lower < 0


@pytest.mark.parametrize("counts", [(-1, 5, 0, 5), (6, 5, 0, 5), (0, 5, math.nan, 5)])
def test_counts_that_cannot_be_are_refused(counts: tuple[int, int, int, int]) -> None:
    for method in (*DIFFERENCES, methods.miettinen_nurminen_ratio, methods.fisher):
        with pytest.raises(ValueError, match="is not a count"):
            method(*counts)


@pytest.mark.parametrize("confidence", [0, 1, 95, math.nan])
def test_a_confidence_level_lies_between_zero_and_one(confidence: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        methods.wilson(1, 2, confidence)
    with pytest.raises(ValueError, match="between 0 and 1"):
        methods.kaplan_meier([1], [True], confidence)


def test_a_ratio_without_control_events_is_infinite_above() -> None:
    result = methods.miettinen_nurminen_ratio(4, 20, 0, 20)
    assert result.estimate == math.inf
    assert result.upper == math.inf
    assert 0 < result.lower < math.inf


def test_a_ratio_without_any_events_is_undefined() -> None:
    result = methods.miettinen_nurminen_ratio(0, 20, 0, 20)
    assert math.isnan(result.estimate)
    assert (result.lower, result.upper) == (0, math.inf)
    assert result.reason


def test_a_stratum_with_an_empty_arm_says_nothing() -> None:
    strata = [(3, 10, 6, 12), (1, 9, 5, 9)]
    more = [*strata, (2, 4, 0, 0), (0, 0, 0, 0)]
    with_empty, without = (methods.cochran_mantel_haenszel(s) for s in (more, strata))
    assert with_empty.statistic == without.statistic
    assert (with_empty.strata_used, with_empty.strata_empty) == (2, 2)
    stratified = methods.stratified_miettinen_nurminen_difference
    assert stratified(more) == stratified(strata)


def test_strata_without_variation_test_nothing() -> None:
    result = methods.cochran_mantel_haenszel([(0, 5, 0, 5), (5, 5, 5, 5)])
    assert math.isnan(result.statistic)
    assert "events in all" in result.reason
    assert result.risk_difference.estimate == 0


def test_no_usable_stratum_is_said() -> None:
    for result in (
        methods.cochran_mantel_haenszel([(1, 2, 0, 0)]),
        methods.stratified_miettinen_nurminen_difference([]),
    ):
        assert result.reason == "no stratum has participants in both arms"


def test_common_ratios_without_events_in_an_arm_have_no_interval() -> None:
    result = methods.cochran_mantel_haenszel([(0, 10, 4, 10), (0, 8, 2, 9)])
    for ratio in (result.odds_ratio, result.risk_ratio):
        assert ratio.estimate == 0
        assert math.isnan(ratio.upper)
        assert ratio.reason


def test_an_empty_group_has_no_curve() -> None:
    curve = methods.kaplan_meier([], [])
    assert curve.times.size == 0
    assert curve.total == 0
    assert math.isnan(curve.median)
    assert curve.at(10) == 1


def test_a_group_that_is_all_censored_stays_at_one() -> None:
    curve = methods.kaplan_meier([3, 5, 5, 9], [False] * 4)
    assert curve.survival.tolist() == [1, 1, 1]
    assert curve.lower.tolist() == [1, 1, 1]
    assert curve.standard_error.tolist() == [0, 0, 0]
    assert math.isnan(curve.median)
    assert curve.at_risk_at(5) == 3


def test_at_equal_times_events_come_before_censorings() -> None:
    curve = methods.kaplan_meier([4, 4], [True, False])
    assert curve.at(4) == 0.5


def test_an_event_on_day_zero_counts() -> None:
    curve = methods.kaplan_meier([0, 4, 6], [True, False, False])
    assert curve.at(0) == pytest.approx(2 / 3)
    assert curve.at_risk_at(0) == 3


@pytest.mark.parametrize("times", [[-1.0], [math.nan], [math.inf]])
def test_times_are_finite_and_not_negative(times: list[float]) -> None:
    with pytest.raises(ValueError, match="finite and not negative"):
        methods.kaplan_meier(times, [True])


def test_log_rank_without_events_or_a_second_group_is_undefined() -> None:
    nothing = methods.log_rank([1, 2], [False, False], ["a", "b"])
    alone = methods.log_rank([1, 2], [True, True], ["a", "a"])
    apart = methods.log_rank([1, 2], [True, True], ["a", "b"], ["x", "y"])
    assert (nothing.reason, alone.reason) == ("no events", "fewer than two groups were at risk")
    assert apart.reason == "the groups were never at risk together"
    assert all(math.isnan(test.p) for test in (nothing, alone, apart))


def test_log_rank_wants_a_group_for_each_time() -> None:
    with pytest.raises(ValueError, match="one group"):
        methods.log_rank([1, 2], [True, True], ["a"])


def test_means_need_two_values_in_each_arm() -> None:
    assert methods.welch([], [1, 2]).reason == "an arm has nobody with an outcome yet"
    lonely = methods.welch([5], [1, 2])
    assert lonely.estimate == 3.5
    assert math.isnan(lonely.lower)
    assert lonely.reason
    constant = methods.welch([5, 5], [3, 3])
    assert (constant.lower, constant.upper) == (2, 2)
    assert math.isnan(constant.p)
    with pytest.raises(ValueError, match="finite"):
        methods.welch([math.nan, 1], [1, 2])


def test_a_linear_model_without_residual_freedom_has_no_interval() -> None:
    fit = methods.linear_model([1, 3], [[1, 0], [1, 1]], ["one", "arm"])
    result = fit.coefficient("arm")
    assert result.estimate == pytest.approx(2)
    assert math.isnan(result.lower)
    assert result.reason


def test_a_linear_model_of_nobody_is_all_aliased() -> None:
    fit = methods.linear_model([], np.empty((0, 2)), ["one", "arm"])
    assert fit.aliased == ("one", "arm")
    assert math.isnan(fit.coefficient("arm").estimate)


def test_ranks_of_equal_values_do_not_differ() -> None:
    result = methods.wilcoxon([2, 2, 2], [2, 2])
    assert (result.estimate, result.p) == (0, 1)
    assert result.reason


def test_ranks_of_an_empty_arm_are_undefined() -> None:
    assert methods.wilcoxon([], [1.0]).reason == "an arm has nobody with an outcome yet"


def test_fisher_with_a_zero_margin_has_one_table() -> None:
    assert methods.fisher(0, 5, 0, 7).p == 1
    assert methods.fisher(0, 0, 3, 7).p == 1
    assert methods.fisher(3, 5, 0, 7).estimate == math.inf

"""Laws that the methods keep for all data, and agreement with SciPy where SciPy has the method."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis import methods
from equipoise.analysis.methods.score import restricted_proportions


@st.composite
def counts(draw: st.DrawFn, largest: int = 120) -> tuple[int, int, int, int]:
    total_1, total_2 = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    return draw(st.integers(0, total_1)), total_1, draw(st.integers(0, total_2)), total_2


def likelihood(table: tuple[int, int, int, int], share_1: float, share_2: float) -> float:
    value = 0.0
    for events, total, share in ((*table[:2], share_1), (*table[2:], share_2)):
        for count, probability in ((events, share), (total - events, 1 - share)):
            if count:
                value += count * math.log(probability) if probability > 0 else -math.inf
    return value


@given(counts(), st.floats(-0.98, 0.98))
@settings(max_examples=300, deadline=None)
def test_the_restricted_proportions_have_the_greatest_likelihood(
    table: tuple[int, int, int, int], difference: float
) -> None:
    share_1, share_2 = restricted_proportions(*table, difference)
    assert share_1 - share_2 == pytest.approx(difference, abs=1e-12)
    best = likelihood(table, share_1, share_2)
    low, high = max(0.0, -difference), min(1.0, 1.0 - difference)
    grid = [low + (high - low) * k / 400 for k in range(1, 400)]
    others = max(likelihood(table, share + difference, share) for share in grid)
    assert best >= others - 1e-5


@given(counts())
@settings(max_examples=200, deadline=None)
def test_a_score_interval_holds_the_values_the_score_test_keeps(
    table: tuple[int, int, int, int],
) -> None:
    """The limits are ordered, contain the estimate, and exclude zero exactly when p is below 5 %."""
    result = methods.miettinen_nurminen_difference(*table)
    assert -1 <= result.lower <= result.estimate <= result.upper <= 1
    if abs(result.p - 0.05) > 1e-6:
        assert (result.lower > 0 or result.upper < 0) == (result.p < 0.05)
    swapped = methods.miettinen_nurminen_difference(*table[2:], *table[:2])
    assert swapped.lower == pytest.approx(-result.upper, abs=1e-7)
    complement = methods.miettinen_nurminen_difference(
        table[1] - table[0], table[1], table[3] - table[2], table[3]
    )
    assert complement.upper == pytest.approx(-result.lower, abs=1e-7)


@given(counts())
@settings(max_examples=100, deadline=None)
def test_one_stratum_is_no_stratification(table: tuple[int, int, int, int]) -> None:
    plain = methods.miettinen_nurminen_difference(*table)
    stratified = methods.stratified_miettinen_nurminen_difference([table])
    assert stratified.lower == pytest.approx(plain.lower, abs=1e-12)
    test = methods.cochran_mantel_haenszel([table])
    if not math.isnan(test.p):
        assert test.p == pytest.approx(plain.p, rel=1e-6, abs=1e-12)
    assert test.risk_difference.estimate == pytest.approx(plain.estimate, abs=1e-12)


@given(counts(60))
@settings(max_examples=100, deadline=None)
def test_the_ratio_turned_over_is_the_ratio_of_the_arms_exchanged(
    table: tuple[int, int, int, int],
) -> None:
    result = methods.miettinen_nurminen_ratio(*table)
    swapped = methods.miettinen_nurminen_ratio(*table[2:], *table[:2])
    if 0 < result.estimate < math.inf:
        assert swapped.lower == pytest.approx(1 / result.upper, rel=1e-6)
        assert result.lower <= result.estimate <= result.upper


@given(counts(60))
@settings(max_examples=100, deadline=None)
def test_fisher_agrees_with_scipy(table: tuple[int, int, int, int]) -> None:
    a, n, c, m = table
    expected = scipy.stats.fisher_exact(np.array([[a, n - a], [c, m - c]])).pvalue
    assert methods.fisher(*table).p == pytest.approx(expected, rel=1e-7, abs=1e-14)


@st.composite
def survival_times(draw: st.DrawFn) -> tuple[list[int], list[bool], list[str]]:
    size = draw(st.integers(4, 60))
    days = draw(st.lists(st.integers(0, 40), min_size=size, max_size=size))
    events = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    groups = draw(st.lists(st.sampled_from("ab"), min_size=size, max_size=size))
    return days, events, groups


@given(survival_times())
@settings(max_examples=100, deadline=None)
def test_kaplan_meier_agrees_with_scipy(data: tuple[list[int], list[bool], list[str]]) -> None:
    days, events, _ = data
    curve = methods.kaplan_meier(days, events)
    censored: scipy.stats.CensoredData[np.float64] = scipy.stats.CensoredData(
        uncensored=[d for d, e in zip(days, events, strict=True) if e],
        right=[d for d, e in zip(days, events, strict=True) if not e],
    )
    theirs = scipy.stats.ecdf(censored).sf
    for day in range(42):
        assert curve.at(day) == pytest.approx(
            float(theirs.evaluate(np.array([float(day)]))[0]), abs=1e-12
        )
    assert (np.diff(curve.survival) <= 0).all()
    assert curve.total == len(days)
    inside = ~np.isnan(curve.lower)
    assert (curve.lower[inside] <= curve.survival[inside] + 1e-12).all()
    assert (curve.upper[inside] >= curve.survival[inside] - 1e-12).all()


@given(survival_times())
@settings(max_examples=100, deadline=None)
def test_log_rank_agrees_with_scipy(data: tuple[list[int], list[bool], list[str]]) -> None:
    days, events, groups = data
    ours = methods.log_rank(days, events, groups)
    assert sum(ours.observed) == pytest.approx(sum(events))
    assert sum(ours.expected) == pytest.approx(sum(events))
    if ours.reason:
        return
    sides: list[scipy.stats.CensoredData[np.float64]] = []
    for label in "ab":
        rows = [(d, e) for d, e, g in zip(days, events, groups, strict=True) if g == label]
        sides.append(
            scipy.stats.CensoredData(
                uncensored=[d for d, e in rows if e], right=[d for d, e in rows if not e]
            )
        )
    theirs = scipy.stats.logrank(sides[0], sides[1])
    assert ours.statistic == pytest.approx(theirs.statistic**2, rel=1e-9)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-7)


@given(survival_times())
@settings(max_examples=50, deadline=None)
def test_a_stratum_repeated_doubles_the_evidence(
    data: tuple[list[int], list[bool], list[str]],
) -> None:
    days, events, groups = data
    once = methods.log_rank(days, events, groups)
    strata = ["x"] * len(days) + ["y"] * len(days)
    twice = methods.log_rank(days * 2, events * 2, groups * 2, strata)
    if not once.reason:
        assert twice.statistic == pytest.approx(2 * once.statistic, rel=1e-9)


values = st.lists(st.integers(-20, 20).map(lambda k: k / 4), min_size=2, max_size=30)


@given(values, values)
@settings(max_examples=100, deadline=None)
def test_means_and_ranks_agree_with_scipy(x: list[float], y: list[float]) -> None:
    welch = methods.welch(x, y)
    if not welch.reason and len(set(x)) > 1 and len(set(y)) > 1:  # SciPy warns of a constant group
        theirs = scipy.stats.ttest_ind(x, y, equal_var=False)
        assert welch.p == pytest.approx(theirs.pvalue, rel=1e-8, abs=1e-14)
        limits = theirs.confidence_interval(0.95)
        assert (welch.lower, welch.upper) == pytest.approx((limits.low, limits.high), rel=1e-8)
    ranks = methods.wilcoxon(x, y)
    if not ranks.reason and len(set(x + y)) < len(x + y):
        expected = scipy.stats.mannwhitneyu(x, y, method="asymptotic")
        assert ranks.statistic == expected.statistic
        if ranks.statistic != len(x) * len(y) / 2:  # there SciPy corrects past the center
            assert ranks.p == pytest.approx(min(1.0, expected.pvalue), rel=1e-8)
    assert ranks.lower <= ranks.estimate <= ranks.upper


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=40, unique=True), st.data())
@settings(max_examples=60, deadline=None)
def test_exact_ranks_agree_with_scipy(pool: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(pool) - 1))
    result = methods.wilcoxon(pool[:cut], pool[cut:])
    expected = scipy.stats.mannwhitneyu(pool[:cut], pool[cut:], method="exact")
    assert result.p == pytest.approx(expected.pvalue, rel=1e-9)


@given(st.lists(st.tuples(st.integers(-9, 9), st.booleans(), st.integers(0, 3)), min_size=8))
@settings(max_examples=60, deadline=None)
def test_a_linear_model_with_one_indicator_is_the_pooled_t_test(
    rows: list[tuple[int, bool, int]],
) -> None:
    treated = [y for y, arm, _ in rows if arm]
    control = [y for y, arm, _ in rows if not arm]
    fit = methods.linear_model(
        [y for y, _, _ in rows], [[1.0, arm, 0.0] for _, arm, _ in rows], ["one", "arm", "empty"]
    )
    assert "empty" in fit.aliased
    if len(set(treated)) > 1 and len(set(control)) > 1 and fit.residual_standard_error > 1e-9:
        expected = scipy.stats.ttest_ind(treated, control)
        assert fit.coefficient("arm").p == pytest.approx(expected.pvalue, rel=1e-6, abs=1e-12)

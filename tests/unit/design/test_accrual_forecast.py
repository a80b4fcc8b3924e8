"""When the last participant will be randomized: the forecast's laws."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma, nbinom, poisson

from equipoise.design import DesignError, SiteAccrual, forecast
from equipoise.design.forecast import DAYS_A_MONTH

OPENS = date(2026, 12, 1)


def site(name="01", per_month=20.0, **more) -> SiteAccrual:
    return SiteAccrual(name, more.pop("opens", OPENS), per_month, **more)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 90), st.integers(0, 400), st.integers(0, 400))
def test_exposure_adds_up_and_a_start_up_costs_half_of_its_days(start_up, first, more):
    one = site(start_up_days=start_up)
    middle = OPENS + timedelta(days=first)
    last = middle + timedelta(days=more)
    whole = one.exposure(OPENS, last)
    assert whole == pytest.approx(
        one.exposure(OPENS, middle) + one.exposure(middle + timedelta(days=1), last), abs=1e-9
    )
    days = (last - OPENS).days + 1
    if days >= start_up:
        assert whole * DAYS_A_MONTH == pytest.approx(days - start_up / 2)


def test_before_the_opening_and_after_the_closure_nobody_is_recruited():
    one = site(closes=OPENS + timedelta(days=9))
    assert one.exposure(date(2026, 1, 1), OPENS - timedelta(days=1)) == 0
    assert one.exposure(OPENS, date(2030, 1, 1)) * DAYS_A_MONTH == pytest.approx(10)


def test_what_was_seen_updates_the_rate_as_bayes_says():
    """Gamma prior of mean 20 and shape 4; 30 randomized in three months: (4 + 30)/(4/20 + 3)."""
    until = OPENS + timedelta(days=round(3 * DAYS_A_MONTH) - 1)
    one = site()
    months = one.exposure(OPENS, until)
    after = one.updated(30, until)
    assert after.shape == 34
    assert after.per_month == pytest.approx(34 / (0.2 + months))
    assert site(shape=math.inf).updated(30, until).per_month == 20


def test_the_number_after_a_year_is_negative_binomial():
    """A Poisson count whose rate is gamma distributed."""
    found = forecast([site()], 10_000, horizon_days=365, futures=20_000, confidence=0.8)
    assert found.reached.median is None
    months = site().exposure(OPENS, OPENS + timedelta(days=364))
    exact = nbinom(4, 4 / (4 + 20 * months))
    median, low, high = found.expected[-1]
    assert median == pytest.approx(exact.median(), rel=0.03)
    assert low == pytest.approx(exact.ppf(0.1), rel=0.05)
    assert high == pytest.approx(exact.ppf(0.9), rel=0.03)


def test_the_day_of_the_target_is_that_of_a_poisson_process_where_the_rate_is_known():
    """The k-th arrival of a Poisson process is gamma distributed."""
    found = forecast([site(shape=math.inf, per_month=30.0)], 200, futures=20_000)
    daily = 30 / DAYS_A_MONTH
    for day, share in zip(
        (found.reached.lower, found.reached.median, found.reached.upper), (0.05, 0.5, 0.95),
        strict=True,
    ):  # fmt: skip
        assert day is not None
        assert (day - OPENS).days == pytest.approx(gamma(200).ppf(share) / daily, abs=3)


def test_the_last_one_finishes_after_the_follow_up_and_one_more_site_brings_the_day_forward():
    sites = [site("01"), site("02", 7.0)]
    found = forecast(sites, 200, follow_up_days=90, deadline=OPENS + timedelta(days=240))
    assert found.reached.median is not None
    assert found.finished.median == found.reached.median + timedelta(days=90)
    more = forecast([*sites, site("03", 7.0)], 200, deadline=OPENS + timedelta(days=240))
    assert more.reached.median is not None
    assert more.reached.median < found.reached.median
    assert found.chance is not None
    assert more.chance is not None
    assert more.chance > found.chance


def test_it_goes_on_from_what_has_been_randomized():
    today = OPENS + timedelta(days=90)
    slow = forecast([site()], 200, randomized={"01": 20}, today=today)
    fast = forecast([site()], 200, randomized={"01": 90}, today=today)
    assert slow.expected[0][0] == 20
    assert fast.expected[0][0] == 90
    assert fast.reached.median is not None
    assert slow.reached.median is None or fast.reached.median < slow.reached.median


def test_equal_questions_get_equal_answers_and_another_site_leaves_the_others_alone():
    assert forecast([site()], 50) == forecast([site()], 50)
    assert forecast([site()], 50, seed=2) != forecast([site()], 50)


def test_a_target_reached_already_is_reached_today():
    today = OPENS + timedelta(days=5)
    found = forecast([site()], 3, randomized={"01": 3}, today=today)
    assert found.reached.median == today


def test_a_poisson_site_of_known_rate_recruits_as_many_as_it_should():
    found = forecast([site(shape=math.inf)], 10_000, horizon_days=100, futures=20_000)
    mean = 20 * 100 / DAYS_A_MONTH
    assert found.expected[-1][0] == pytest.approx(poisson(mean).median(), abs=1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: site(per_month=-1.0), "per_month = -1"),
        (lambda: site(closes=date(2026, 1, 1)), "closes"),
        (lambda: site(shape=0.0), "shape"),
        (lambda: site(start_up_days=-3), "start_up_days"),
        (lambda: forecast([], 200), "one site at least"),
        (lambda: forecast([site()], 0), "target = 0"),
        (lambda: forecast([site()], 5, confidence=1.0), "confidence"),
        (lambda: forecast([site()], 5, randomized={"09": 3}), "sites of the trial"),
        (lambda: site().updated(-1, OPENS), "randomized = -1"),
    ],
)
def test_nonsense_is_refused(make, said):
    with pytest.raises(DesignError, match=said):
        make()

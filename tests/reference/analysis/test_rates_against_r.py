"""The exact interval for a rate, against R.

Made with R 4.2.2, package stats: `t <- poisson.test(x, T, conf.level = level)`; `t$estimate`, `t$conf.int`.
"""

from __future__ import annotations

import math

import pytest

from equipoise.analysis.methods.rates import poisson_rate

VALUES = [
    (0, 10, 0.95, 0, 0, 0.368887945411394),
    (0, 10, 0.9, 0, 0, 0.299573227355399),
    (0, 10, 0.99, 0, 0, 0.529831736654804),
    (1, 10, 0.95, 0.1, 0.00253178079842899, 0.55716433909389),
    (1, 10, 0.9, 0.1, 0.00512932943875505, 0.474386451839058),
    (1, 10, 0.99, 0.1, 0.000501254182354429, 0.743012950028012),
    (3, 57.2, 0.95, 0.0524475524475524, 0.0108159462044686, 0.153274004715775),
    (3, 57.2, 0.9, 0.0524475524475524, 0.0142953050203488, 0.13555343580302),
    (3, 57.2, 0.99, 0.0524475524475524, 0.0059067026001352, 0.191913942226045),
    (12, 8.75, 0.95, 1.37142857142857, 0.708637155282539, 2.39560971979165),
    (12, 8.75, 0.9, 1.37142857142857, 0.791338572981155, 2.22200792341886),
    (12, 8.75, 0.99, 1.37142857142857, 0.564927628699513, 2.75942184756896),
    (120, 95.4, 0.95, 1.25786163522013, 1.04289230215869, 1.50409418626155),
    (120, 95.4, 0.9, 1.25786163522013, 1.07513302021546, 1.46377172046604),
    (120, 95.4, 0.99, 1.25786163522013, 0.98178330755175, 1.58499441415016),
    (7, 1, 0.95, 7, 2.81436305151987, 14.4226753617024),
    (7, 1, 0.9, 7, 3.28531569189467, 13.1481138024321),
    (7, 1, 0.99, 7, 2.03733747869967, 17.1335932689133),
]


@pytest.mark.parametrize(("events", "time", "level", "rate", "lower", "upper"), VALUES)
def test_rate_and_limits_are_those_of_poisson_test(
    events: int, time: float, level: float, rate: float, lower: float, upper: float
) -> None:
    found = poisson_rate(events, time, level)
    assert found.estimate == pytest.approx(rate, rel=1e-12)
    assert found.lower == pytest.approx(lower, rel=1e-12)
    assert found.upper == pytest.approx(upper, rel=1e-12)


def test_no_time_at_risk_has_no_rate() -> None:
    found = poisson_rate(0, 0)
    assert math.isnan(found.estimate)
    assert found.reason == "no time at risk"


@pytest.mark.parametrize(("events", "time"), [(-1, 1.0), (1, -1.0), (1, math.inf), (1, math.nan)])
def test_what_is_no_count_is_refused(events: int, time: float) -> None:
    with pytest.raises(ValueError, match="is no count over a time at risk"):
        poisson_rate(events, time)


def test_a_level_outside_zero_and_one_is_refused() -> None:
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        poisson_rate(1, 1.0, 95)

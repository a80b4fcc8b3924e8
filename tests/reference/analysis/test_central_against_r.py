"""The comparisons of central monitoring agree with R. `central_values.R` makes the values and holds each R call.

R 4.2.2, package stats: glm(quasipoisson), binom.test, wilcox.test, fligner.test, chisq.test, fisher.test, p.adjust.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from equipoise.analysis.central.comparing import (
    benjamini_yekutieli,
    compare_categories,
    compare_levels,
    compare_rates,
    compare_shares,
    compare_spreads,
    dispersion,
    funnel_limits,
)

R: dict[str, Any] = json.loads((Path(__file__).parent / "central_values.json").read_text())
COUNTS = R["counts"]
SITES = np.array(COUNTS["site"])
CLOSE = 1e-9


def test_over_dispersion_is_that_of_a_quasi_poisson_model() -> None:
    phi, freedom = dispersion(
        np.array(COUNTS["count"], float), np.array(COUNTS["exposure"], float), SITES
    )
    assert phi == pytest.approx(COUNTS["dispersion"], rel=1e-6)
    assert phi > 1.5
    assert freedom == 57


@pytest.mark.parametrize("site", ["a", "b", "c"])
def test_a_rate_without_over_dispersion_is_compared_exactly(site: str) -> None:
    counts, exposure = np.array(COUNTS["count"], float), np.array(COUNTS["exposure"], float)
    expected = COUNTS["exact"]["abc".index(site)] if isinstance(COUNTS["exact"], list) else COUNTS["exact"][site]  # fmt: skip
    found = compare_rates(counts, exposure, site == SITES, 0.9, 57)
    assert found.p == pytest.approx(expected, rel=CLOSE)
    wide = compare_rates(counts, exposure, site == SITES, COUNTS["dispersion"], 57)
    share = exposure[site == SITES].sum() / exposure.sum()
    z = (found.observed - found.expected) / math.sqrt(
        COUNTS["dispersion"] * counts.sum() * share * (1 - share)
    )
    assert wide.p == pytest.approx(max(expected, 2 * stats.t.sf(abs(z), 57)), rel=CLOSE)


@pytest.mark.parametrize("site", ["a", "b", "c"])
def test_levels_and_spreads_are_compared_as_r_does(site: str) -> None:
    y, inside = np.array(R["numbers"]["y"], float), site == SITES
    place = "abc".index(site)
    for ours, theirs in (
        (compare_levels(y, inside), R["numbers"]["wilcoxon"]),
        (compare_spreads(y, inside), R["numbers"]["fligner"]),
    ):
        expected = theirs[place] if isinstance(theirs, list) else theirs[site]
        assert ours == pytest.approx(expected, rel=CLOSE)


def test_digits_are_compared_by_chi_square_and_in_small_samples_by_the_exact_distribution() -> None:
    digits = R["digits"]
    large = compare_categories(np.array(digits["d"]), np.array(digits["g"]))
    assert large == pytest.approx(digits["chisq"], rel=CLOSE)
    small = compare_categories(np.array(digits["small"]), np.array(digits["h"]))
    error = 4 * math.sqrt(digits["exact"] * (1 - digits["exact"]) / 19_999)
    assert abs(small - digits["exact"]) <= error + 2 / 20_000
    asymptotic = stats.chi2_contingency(
        np.array([
            [sum(1 for d, h in zip(digits["small"], digits["h"], strict=True) if h == side and d == digit)
             for digit in sorted(set(digits["small"]))]
            for side in (True, False)
        ]), correction=False,
    ).pvalue  # fmt: skip
    assert abs(asymptotic - digits["exact"]) > error, "the sample is too large to tell them apart"


def test_shares_are_compared_by_fishers_exact_test() -> None:
    a, b, c, d = R["shares"]["table"]
    assert compare_shares(a, a + b, c, c + d) == pytest.approx(R["shares"]["fisher"], rel=1e-7)


def test_p_values_are_adjusted_as_benjamini_and_yekutieli_do() -> None:
    found = benjamini_yekutieli(np.array(R["by"]["p"]))
    np.testing.assert_allclose(found, R["by"]["adjusted"], rtol=CLOSE)
    assert len(benjamini_yekutieli(np.array([]))) == 0


def test_funnel_limits_are_the_poisson_distributions_and_widen_with_over_dispersion() -> None:
    """Interpolated between counts: the limits enclose what the distribution encloses, and reach no count further."""
    rate, exposure = 0.02, 1000.0
    low, high = funnel_limits(rate, exposure, 1.0, 0.95)
    mean = rate * exposure
    below, above = stats.poisson.ppf([0.025, 0.975], mean)
    assert below - 1 <= low * exposure <= below
    assert above - 1 <= high * exposure <= above
    wide_low, wide_high = funnel_limits(rate, exposure, 4.0, 0.95)
    assert wide_high - rate == pytest.approx(2 * (high - rate))
    assert rate - wide_low == pytest.approx(2 * (rate - low))
    near = funnel_limits(rate, 1e6, 1.0, 0.95)
    assert near[1] == pytest.approx(rate + 1.96 * math.sqrt(rate / 1e6), rel=1e-3)
    assert funnel_limits(0.0, 100.0, 1.0, 0.95) == (0.0, 0.0)

"""Standard trials by simulation against exact and asymptotic values, and the words against published ones."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from equipoise.design import (
    Boundaries,
    DesignError,
    beta_spending_boundaries,
    crossing,
    exact_two_proportions,
    futility_bounds,
    obrien_fleming,
    spending_boundaries,
)
from equipoise.rehearsal.bulk.kernels.standard import GROUP, fill
from equipoise.rehearsal.bulk.standard import (
    as_designed,
    simulate_two_proportions,
    simulate_two_survival_curves,
)
from support.played import with_futility
from support.story import seed_protocol

CRITICAL = (2.962588, 1.968596)
REPLICATES = 400_000


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0), 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((3, 2**62 + 7), 0xFFFFFFFF, None),
        # from one upper word of the replicate to the next
        ((1, 2**32 - 5), 0xFFFFFFFF, None),
    ],
)
def test_words_are_philox_4x32_10(counter: tuple[int, int], key: int, expected: str | None) -> None:
    """The known answer of Random123 for counter and key zero; other addresses by the rule in whole numbers."""
    stream, replicate = counter
    rows = np.zeros((12, GROUP), dtype=np.uint32)
    fill(rows, 3, np.uint64(key), np.uint64(key), replicate, stream)
    for block, lane in itertools.product(range(3), range(GROUP)):
        found = " ".join(f"{rows[word * 3 + block, lane]:08x}" for word in range(4))
        number = replicate + lane
        words = philox((block, number & 0xFFFFFFFF, number >> 32, stream), (key, key))
        assert found == " ".join(f"{word:08x}" for word in words)
        if (block, lane) == (0, 0) and expected is not None:
            assert found == expected


def philox(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Philox 4x32-10 in whole numbers of any size."""
    a, b, c, d = counter
    first, second = key
    low = 0xFFFFFFFF
    for _ in range(10):
        left, right = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (right >> 32) ^ b ^ first, right & low, (left >> 32) ^ d ^ second, left & low
        first, second = (first + 0x9E3779B9) & low, (second + 0xBB67AE85) & low
    return a, b, c, d


def test_power_is_the_exact_one() -> None:
    """0.60 against 0.40, n = 200, one look at 100, fixed blocks of four: exactly 0.826940."""
    found = simulate_two_proportions(0.6, 0.4, [100, 200], CRITICAL, replicates=REPLICATES)
    assert found.rejects.value == pytest.approx(0.826940, abs=3 * (found.rejects.error or 0))
    exact = exact_two_proportions(0.6, 0.4, [(50, 50), (100, 100)], CRITICAL)
    assert exact.reject == pytest.approx(0.826940, abs=2e-6)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_type_i_error_is_the_exact_one_in_each_direction(rate: float) -> None:
    """At 0.5 it is above the nominal 0.025: the pooled test does not hold its level."""
    found = simulate_two_proportions(rate, rate, [100, 200], CRITICAL, replicates=REPLICATES)
    exact = exact_two_proportions(rate, rate, [(50, 50), (100, 100)], CRITICAL).reject
    for side in (found.above, found.below):
        share = math.fsum(figure.value or 0 for figure in side)
        assert share == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / REPLICATES))


def test_stopping_early_makes_the_estimate_larger() -> None:
    """Without a look the estimate is unbiased; with one, the mean at the end exceeds the truth."""
    alone = simulate_two_proportions(0.6, 0.4, [200], [1.959964], replicates=REPLICATES)
    assert alone.estimate.value == pytest.approx(0.2, abs=4 * (alone.estimate.error or 0))
    looked = simulate_two_proportions(0.6, 0.4, [100, 200], CRITICAL, replicates=REPLICATES)
    assert (looked.estimate.value or 0) > 0.2 + 10 * (looked.estimate.error or 0)


@pytest.mark.parametrize("ratio", [0.6, 0.8, 1.0])
def test_the_power_of_the_log_rank_test_is_near_that_of_its_normal_limit(ratio: float) -> None:
    """70 and 140 events of 200: drift is half the log hazard ratio times the root of the events."""
    boundaries = spending_boundaries([0.5, 1.0], 0.05, obrien_fleming, sided=2)
    limit = crossing(boundaries, -math.log(ratio) * math.sqrt(140) / 2)
    found = simulate_two_survival_curves(
        300 / ratio, 300, [70, 140], boundaries.upper,
        participants=200, accrual=365, horizon=4000, replicates=100_000,
    )  # fmt: skip
    for figure, expected in zip(found.above, limit.upper, strict=True):
        assert figure.value == pytest.approx(expected, abs=0.012)
    assert found.rejects.value == pytest.approx(limit.reject + sum(limit.lower), abs=0.012)
    # the mean of the final look alone would be the log hazard ratio; stopping early moves it away from 0
    assert (found.estimate.value or 0) == pytest.approx(math.log(ratio), abs=0.06)


def test_the_first_trial_as_its_sample_size_assumes_it() -> None:
    """46 % against 26 % with a tenth lost: near the power that `equipoise design` computes."""
    from equipoise.design import design_protocol

    protocol = seed_protocol()
    found = as_designed(protocol, replicates=200_000)
    assert found["assumed"].rejects.value == pytest.approx(
        design_protocol(protocol).comparison.power, abs=0.02
    )
    assert found["null"].rejects.value == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(
    ("sided", "binding", "rates"),
    [(1, True, (0.6, 0.4)), (2, False, (0.6, 0.4)), (1, False, (0.5, 0.5))],
)
def test_stopping_for_futility_is_the_exact_one(
    sided: int, binding: bool, rates: tuple[float, float]
) -> None:
    """At each look, above, below and for futility, and the size: within 3 Monte Carlo errors of enumeration; and the
    same trial with the groups exchanged, where smaller is hoped for."""
    bounds = beta_spending_boundaries(
        [0.4, 0.7, 1.0], 0.025 * sided, obrien_fleming, beta=0.2, beta_spending=obrien_fleming,
        sided=sided, binding=binding,
    )  # fmt: skip
    futility = [bound if math.isfinite(bound) else None for bound in futility_bounds(bounds)[:-1]]
    none = (-math.inf,) * 3
    exact = exact_two_proportions(
        *rates, [(40, 40), (70, 70), (100, 100)], bounds.upper,
        [max(one, two) for one, two in zip(bounds.lower, harm(bounds) if sided == 2 else none, strict=True)],
    )  # fmt: skip
    for favorable in (1, -1):
        high, low = bounds.upper, harm(bounds) if sided == 2 else none
        if favorable < 0:
            high, low = [-b for b in low], [-b for b in high]
        found = simulate_two_proportions(
            *rates[::favorable], [80, 140, 200], high, low, futility=futility, favorable=favorable,
            replicates=REPLICATES,
        )  # fmt: skip
        good, bad = (found.above, found.below)[::favorable]
        for at in range(3):
            for figures, expected in (
                ((good[at],), exact.upper[at]),
                ((bad[at], found.futile[at]), exact.lower[at]),
            ):
                share = math.fsum(figure.value or 0.0 for figure in figures)
                error = math.sqrt(expected * (1 - expected) / REPLICATES)
                assert abs(share - expected) <= 3 * error + 1e-9, (favorable, at)
        assert found.futile[2].value == 0.0
        power = math.fsum(figure.value or 0.0 for figure in good)
        assert power == pytest.approx(
            exact.reject, abs=3 * math.sqrt(exact.reject * (1 - exact.reject) / REPLICATES)
        )
        assert found.size.value == pytest.approx(
            exact.expected_size, abs=3 * (found.size.error or 0)
        )


def harm(bounds: Boundaries) -> tuple[float, ...]:
    """Where a two-sided design stops in the other direction."""
    return tuple(-bound for bound in bounds.upper)


@pytest.mark.parametrize(
    ("futility", "favorable", "named"),
    [([0.1, 0.2], 1, "for every look but the last"), ([3.0], 1, "below those for efficacy"),
     ([math.nan], 1, "finite"), ([0.1], 0, "favorable = 0")],
)  # fmt: skip
def test_bounds_that_make_no_trial_are_refused(
    futility: list[float], favorable: int, named: str
) -> None:
    with pytest.raises(DesignError, match=named):
        simulate_two_proportions(
            0.6, 0.4, [100, 200], CRITICAL, futility=futility, favorable=favorable, replicates=8
        )


def test_the_trial_of_a_sample_size_with_a_bound_for_futility() -> None:
    """As `equipoise design` computes it, heeded and overruled; what is not binding costs power and no level."""
    from equipoise.design import design_protocol

    protocol = with_futility(seed_protocol(), method="conditional_power", below="0.2")
    found = as_designed(protocol, replicates=200_000)
    designed = design_protocol(protocol).comparison
    assert designed.power < (designed.power_overruled or 0)
    for name, expected in (
        ("assumed", designed.power),
        ("assumed_overruled", designed.power_overruled),
    ):
        assert found[name].rejects.value == pytest.approx(expected, abs=0.02)
    look = designed.looks[0]
    for name, share in (("assumed", look.futile_if_effect), ("null", look.futile_if_none)):
        assert found[name].futile[0].value == pytest.approx(share, abs=0.02)
    assert (found["null"].rejects.value or 0) < (found["null_overruled"].rejects.value or 0)
    assert found["null_overruled"] == as_designed(seed_protocol(), replicates=200_000)["null"]

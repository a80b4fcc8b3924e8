"""The compiled kernels do what their rules say: replicates computed again by hand, patient by patient, agree."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.analysis.methods import log_rank
from equipoise.rehearsal.bulk.kernels import standard
from equipoise.rehearsal.bulk.kernels.standard import (
    GROUP,
    arrangement_tables,
    blocks_for,
    fill,
    key_of,
)

SCHEMES = st.sampled_from(
    [
        ((4,), 1, 1),
        ((4, 6), 1, 1),
        ((2, 4, 8), 1, 1),
        ((3, 6), 2, 1),
        ((5,), 1, 4),
        # longer than the 32 places of one word of bits
        ((35,), 1, 34),
        ((40, 80), 1, 39),
    ]
)
# one group of replicates, part of one, and more than one
MANY = st.sampled_from([1, GROUP - 1, GROUP, GROUP + 2])


def words(count: int, key: Any, replicate: int, stream: int) -> list[int]:
    """A row of random words."""
    blocks = blocks_for(count)
    rows = np.zeros((4 * blocks, GROUP), dtype=np.uint32)
    fill(rows, blocks, *key, replicate, stream)
    return [int(word) for word in rows[:count, 0]]


def allocated(
    participants: int,
    key: Any,
    replicate: int,
    sizes: tuple[int, ...],
    treatment: int,
    control: int,
) -> list[int]:
    """Arms (1 treatment) in the order of allocation, block by block."""
    blocks = -(-participants // min(sizes))
    drawn = iter(words(blocks if len(sizes) == 1 else 2 * blocks, key, replicate, 1))
    arms: list[int] = []
    while len(arms) < participants:
        size = sizes[0] if len(sizes) == 1 else sizes[next(drawn) * len(sizes) >> 32]
        treated = size * treatment // (treatment + control)
        orders = list(itertools.combinations(range(size), treated))
        chosen = orders[next(drawn) * len(orders) >> 32]
        arms += [int(place in chosen) for place in range(size)]
    return arms[:participants]


@settings(max_examples=60, deadline=None)
@given(
    scheme=SCHEMES,
    half=st.integers(1, 40),
    more=st.integers(1, 40),
    rates=st.tuples(st.sampled_from([0.0, 0.3, 0.6, 1.0]), st.sampled_from([0.0, 0.4, 1.0])),
    lost=st.sampled_from([0.0, 0.2]),
    favorable=st.sampled_from([0, 1, -1]),
    first=st.integers(0, 2**40),
    many=MANY,
    seed=st.integers(0, 1000),
)
def test_two_proportions(
    scheme: tuple[tuple[int, ...], int, int],
    half: int,
    more: int,
    rates: tuple[float, float],
    lost: float,
    favorable: int,
    first: int,
    many: int,
    seed: int,
) -> None:
    """Counts at each look, the pooled z, and where the trial ends."""
    sizes, treatment, control = scheme
    looks, key = [half, half + more], key_of(seed)
    # at the first look futility stops up to 0.4 if larger is hoped for, or from -0.4 on if smaller is
    high, low = {1: ((1.5, 1.5), (0.4, -1.5)), -1: ((-0.4, 1.5), (-1.5, -1.5))}.get(
        favorable, ((1.5, 1.5), (-1.5, -1.5))
    )
    crossings, ends, undefined = [[0, 0, 0], [0, 0, 0]], 0, 0
    total = squares = 0.0
    for replicate in range(first, first + many):
        arms = allocated(looks[-1], key, replicate, *scheme)
        outcome, loss = (words(looks[-1], key, replicate, stream) for stream in (0, 2))
        size, estimate = looks[-1], math.nan
        for at, look in enumerate(looks):
            seen, events = [0, 0], [0, 0]
            for arm, word, gone in zip(arms[:look], outcome, loss, strict=False):
                if gone >> 1 < round(lost * 2**31):
                    continue
                seen[arm] += 1
                events[arm] += word >> 1 < round(rates[1 - arm] * 2**31)
            if not all(seen):
                continue
            estimate = events[1] / seen[1] - events[0] / seen[0]
            share = sum(events) / sum(seen)
            spread = share * (1 - share) * (1 / seen[1] + 1 / seen[0])
            z = estimate / math.sqrt(spread) if 0 < sum(events) < sum(seen) else 0.0
            if abs(z) >= 1.5:
                crossings[at][int(z < 0)] += 1
                size = look
                break
            if favorable and at == 0 and favorable * z <= 0.4:
                crossings[at][2] += 1
                size = look
                break
        ends += size
        undefined += math.isnan(estimate)
        if not math.isnan(estimate):
            total += estimate
            squares += estimate * estimate
    found, sums = np.zeros((2, 3), dtype=np.int64), np.zeros(6)
    standard.two_proportions(
        first, many, *key, np.array(looks), np.array([1.5, 1.5]), np.array([-1.5, -1.5]), np.array(high), np.array(low),
        *(np.uint32(round(rate * 2**31)) for rate in (*rates, lost)),
        np.array(sizes), *arrangement_tables(sizes, treatment, control), found, sums,
    )  # fmt: skip
    assert found.tolist() == crossings
    assert sums[0] == ends
    assert sums[2:].tolist() == [total, squares, undefined, many]


@settings(max_examples=40, deadline=None)
@given(
    scheme=SCHEMES,
    participants=st.integers(4, 60),
    ratio=st.sampled_from([0.3, 1.0, 2.0]),
    accrual=st.integers(1, 300),
    lost=st.sampled_from([math.inf, 200.0]),
    first=st.integers(0, 2**40),
    many=MANY,
)
def test_two_survival_curves(
    scheme: tuple[tuple[int, ...], int, int],
    participants: int,
    ratio: float,
    accrual: int,
    lost: float,
    first: int,
    many: int,
) -> None:
    """The day of each look, who is at risk on it, and the log-rank test of the trial's own analyses."""
    sizes, treatment, control = scheme
    looks, key, horizon = [max(participants // 3, 1), max(participants // 2, 2)], key_of(5), 500
    means = (100.0, 100.0 / ratio)
    crossings, days_at_end, ratios, undefined = [[0, 0], [0, 0]], 0, 0.0, 0
    for replicate in range(first, first + many):
        arms = allocated(participants, key, replicate, *scheme)
        entry = [word * accrual >> 32 for word in words(participants, key, replicate, 3)]

        def days(stream: int, mean: list[float], replicate: int = replicate) -> list[int]:
            drawn = words(participants, key, replicate, stream)
            times = [-math.log((w + 0.5) * 2.0**-32) * m for w, m in zip(drawn, mean, strict=False)]
            return [int(min(time, float(horizon))) + 1 for time in times]

        event = days(0, [means[arm] for arm in arms])
        until = days(2, [lost] * participants) if lost < math.inf else [horizon + 1] * participants
        on = sorted(
            e + t
            for e, t, u in zip(entry, event, until, strict=True)
            if t <= u and e + t <= horizon
        )
        ended, ratio_at_end = horizon, math.nan
        for at, look in enumerate(looks):
            ended = on[look - 1] if len(on) >= look else horizon
            times, seen, groups = [], [], []
            for e, t, u, arm in zip(entry, event, until, arms, strict=True):
                if e <= ended:
                    last = min(t, u, ended - e)
                    times.append(float(last))
                    seen.append(t == last and t <= u)
                    groups.append("treatment" if arm else "untreated")
            test = log_rank(times, seen, groups)
            if test.reason or not math.isfinite(test.statistic):
                ratio_at_end = math.nan
                continue
            one = test.one_step_hazard_ratio(0.95)
            ratio_at_end = math.log(one.estimate)
            z = math.copysign(math.sqrt(test.statistic), -ratio_at_end)
            if abs(z) >= 1.2:
                crossings[at][int(z < 0)] += 1
                break
        days_at_end += ended
        undefined += math.isnan(ratio_at_end)
        ratios += 0.0 if math.isnan(ratio_at_end) else ratio_at_end
    found, sums = np.zeros((2, 2), dtype=np.int64), np.zeros(10)
    standard.two_survival_curves(
        first, many, *key, participants, accrual, horizon, np.array(looks),
        np.array([1.2, 1.2]), np.array([-1.2, -1.2]), means[1], means[0], lost,
        np.array(sizes), *arrangement_tables(sizes, treatment, control), found, sums,
    )  # fmt: skip
    assert found.tolist() == crossings
    assert sums[2] == days_at_end
    assert sums[8:].tolist() == [undefined, many]
    assert math.isclose(sums[6], ratios, rel_tol=1e-9, abs_tol=1e-12 * many)

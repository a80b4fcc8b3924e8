"""Standard trials by simulation: two proportions, two survival curves; patient by patient, in compiled kernels.

They know no protocol: rates or hazards, permuted blocks, looks with their boundaries. A replicate is a pure function
of seed and number; figures are the same to the last bit for any number of threads.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.design.errors import DesignError, positive, probability, whole
from equipoise.design.interim import monitoring
from equipoise.protocol.document import Protocol
from equipoise.protocol.document.design import PermutedBlocks

from .operating import Figure

CHUNK = 8192
"""Replicates a kernel adds up before the sums of all chunks are added in their order."""
_FINEST = 2**31
"""Rates are held to multiples of 1 / 2^31."""
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class StandardFigures:
    """What a standard trial does. Probabilities are by look, the end last; each figure has its Monte Carlo error.

    `above` and `below` are the chances to cross the upper and lower boundary at each look, having crossed none
    before; `rejects` is the chance of either at any; `futile` the chance to fall short of a bound for futility (empty
    where there is none). `estimate` is the mean of the estimate with which the trial ends
    (difference of proportions, or log hazard ratio), so that what stopping early does to it can be seen;
    `undefined` counts trials without one. `days` and `events` are of survival trials only.
    """

    replicates: int
    rejects: Figure
    above: tuple[Figure, ...]
    below: tuple[Figure, ...]
    size: Figure
    estimate: Figure
    undefined: int
    days: Figure | None = None
    events: Figure | None = None
    futile: tuple[Figure, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def simulate_two_proportions(
    p_treatment: float,
    p_control: float,
    looks: Sequence[int],
    upper: Sequence[float],
    lower: Sequence[float] | None = None,
    *,
    futility: Sequence[float | None] = (),
    favorable: int = 1,
    block_sizes: Sequence[int] = (4,),
    ratio: tuple[int, int] = (1, 1),
    attrition: float = 0.0,
    replicates: int = 100_000,
    seed: int = 1,
    first: int = 0,
    threads: int = 1,
) -> StandardFigures:
    """A trial of two proportions with the pooled z test at each look.

    `looks` are participants randomized at each analysis, the last being the trial's size; `upper` and `lower` bound z of
    treatment less control (default: mirrored). `futility` gives at each look but the last the z down to which it stops for
    futility, or None; it is positive in the direction hoped for, which `favorable` names (+1 or −1). `ratio` is treatment to control; one of `block_sizes` is drawn for each block.
    Each participant is lost with probability `attrition`. Raises `DesignError` for what makes no trial.
    """
    sizes, table = _blocks(block_sizes, ratio)
    probability("p_treatment", p_treatment)
    probability("p_control", p_control)
    probability("attrition", attrition)
    if attrition == 1:
        raise DesignError("attrition", attrition, "a proportion below 1")
    at, up, down = _looks(looks, upper, lower, "participants")
    high, low = _stopping(up, down, futility, favorable)
    below = [np.uint32(round(rate * _FINEST)) for rate in (p_treatment, p_control, attrition)]

    def run(kernel: Any, key: tuple[Any, Any], start: int, count: int) -> _Sums:
        crossings, sums = np.zeros((at.size, 3), dtype=np.int64), np.zeros(6)
        kernel(start, count, *key, at, up, down, high, low, *below, sizes, *table, crossings, sums)
        return crossings, sums

    from .kernels.standard import two_proportions

    crossings, sums = _all(two_proportions, run, replicates, seed, first, threads)
    among = int(sums[5])
    return StandardFigures(
        replicates=among,
        **_crossed(crossings, among),
        size=_mean(sums[0], sums[1], among),
        estimate=_mean(sums[2], sums[3], among - int(sums[4])),
        undefined=int(sums[4]),
        futile=tuple(Figure.of_count(int(count), among) for count in crossings[:, 2])
        if futility
        else (),
    )


def simulate_two_survival_curves(
    median_treatment: float,
    median_control: float,
    looks: Sequence[int],
    upper: Sequence[float],
    lower: Sequence[float] | None = None,
    *,
    participants: int,
    accrual: int,
    horizon: int,
    loss_a_year: float = 0.0,
    block_sizes: Sequence[int] = (4,),
    ratio: tuple[int, int] = (1, 1),
    replicates: int = 100_000,
    seed: int = 1,
    first: int = 0,
    threads: int = 1,
) -> StandardFigures:
    """A trial of two survival curves with the log-rank test at each look.

    Medians, `accrual` (over which entry is uniform) and `horizon` (when the trial ends at the latest) are in days;
    `looks` are numbers of events. z is positive where the treatment has fewer events than expected. `loss_a_year` is
    the chance to be lost within a year. Times are exponential, recorded in whole days. Raises `DesignError` for what
    makes no trial.
    """
    sizes, table = _blocks(block_sizes, ratio)
    positive("median_treatment", median_treatment)
    positive("median_control", median_control)
    probability("loss_a_year", loss_a_year)
    if loss_a_year == 1:
        raise DesignError("loss_a_year", loss_a_year, "a proportion below 1")
    whole("participants", participants, 2)
    whole("accrual", accrual, 1)
    whole("horizon", horizon, accrual)
    at, high, low = _looks(looks, upper, lower, "events")
    if at[-1] > participants:
        raise DesignError("looks", list(looks), f"at most {participants} events: one a participant")
    mean_1, mean_0 = (median / math.log(2) for median in (median_treatment, median_control))
    lost = math.inf if loss_a_year == 0 else -365.25 / math.log1p(-loss_a_year)

    def run(kernel: Any, key: tuple[Any, Any], start: int, count: int) -> _Sums:
        crossings, sums = np.zeros((at.size, 2), dtype=np.int64), np.zeros(10)
        kernel(
            start, count, *key, participants, accrual, horizon, at, high, low, mean_1, mean_0, lost,
            sizes, *table, crossings, sums,
        )  # fmt: skip
        return crossings, sums

    from .kernels.standard import two_survival_curves

    crossings, sums = _all(two_survival_curves, run, replicates, seed, first, threads)
    among = int(sums[9])
    return StandardFigures(
        replicates=among,
        **_crossed(crossings, among),
        size=_mean(sums[0], sums[1], among),
        estimate=_mean(sums[6], sums[7], among - int(sums[8])),
        undefined=int(sums[8]),
        days=_mean(sums[2], sums[3], among),
        events=_mean(sums[4], sums[5], among),
    )


_Sums = tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]
_Run = Callable[[Any, tuple[Any, Any], int, int], _Sums]


def _all(kernel: Any, run: _Run, replicates: int, seed: int, first: int, threads: int) -> _Sums:
    """Chunks of replicates, added up in their order whoever computed them."""
    from .kernels.standard import key_of

    whole("replicates", replicates, 1)
    whole("seed", seed)
    whole("first", first)
    whole("threads", threads, 1)
    key = key_of(seed)
    starts = range(first, first + replicates, CHUNK)

    def one(start: int) -> _Sums:
        return run(kernel, key, start, min(CHUNK, first + replicates - start))

    # no replicates: the kernel is compiled before threads ask for it, and zeros have the right shape
    crossings, sums = run(kernel, key, first, 0)
    for more, further in map(one, starts) if threads == 1 else _spread(one, starts, threads):
        crossings, sums = crossings + more, sums + further
    return crossings, sums


def _spread(one: Callable[[int], _Sums], starts: range, threads: int) -> Iterator[_Sums]:
    """The sums of all chunks in their order, computed by threads that never wait for one another."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[_Sums]] = deque()
        for start in starts:
            # a bounded number, so that memory does not grow with that of the chunks
            if len(ahead) == 4 * threads:
                yield ahead.popleft().result()
            ahead.append(pool.submit(one, start))
        while ahead:
            yield ahead.popleft().result()


def _blocks(block_sizes: Sequence[int], ratio: tuple[int, int]) -> tuple[Any, tuple[Any, ...]]:
    from .kernels.standard import MOST_ARRANGEMENTS, arrangement_tables, arrangements

    treatment, control = ratio
    if treatment < 1 or control < 1:
        raise DesignError("ratio", f"{treatment}:{control}", "whole numbers from 1")
    shares = treatment + control
    if not block_sizes or any(size < 1 or size % shares for size in block_sizes):
        raise DesignError("block_sizes", list(block_sizes), f"multiples of {shares}")
    for size in block_sizes:
        if arrangements(size, size * treatment // shares) > MOST_ARRANGEMENTS:
            raise DesignError(
                "block_sizes", size, f"blocks of at most {MOST_ARRANGEMENTS} arrangements"
            )
    table = arrangement_tables(tuple(block_sizes), treatment, control)
    return np.array(block_sizes, dtype=np.int64), table


def _looks(
    looks: Sequence[int], upper: Sequence[float], lower: Sequence[float] | None, what: str
) -> tuple[Any, Any, Any]:
    at = list(looks)
    if not at or at[0] < 1 or any(a >= b for a, b in itertools.pairwise(at)):
        raise DesignError("looks", at, f"rising numbers of {what}")
    low = [-bound for bound in upper] if lower is None else list(lower)
    if len(upper) != len(at) or len(low) != len(at):
        raise DesignError("upper", list(upper), f"a boundary for each of {len(at)} looks")
    if any(math.isnan(a) or math.isnan(b) or b >= a for a, b in zip(upper, low, strict=True)):
        raise DesignError("lower", low, "numbers below the upper boundaries")
    return (
        np.array(at, dtype=np.int64),
        np.array(upper, dtype=np.float64),
        np.array(low, dtype=np.float64),
    )


def _stopping(
    upper: Any, lower: Any, futility: Sequence[float | None], favorable: int
) -> tuple[Any, Any]:
    """The boundaries at which a trial stops, for whatever reason."""
    if favorable not in (1, -1):
        raise DesignError("favorable", favorable, "1 or -1")
    if not futility:
        return upper, lower
    if len(futility) != upper.size - 1:
        raise DesignError(
            "futility", list(futility), "a bound, or None, for every look but the last"
        )
    if any(bound is not None and not math.isfinite(bound) for bound in futility):
        raise DesignError("futility", list(futility), "finite bounds, or None")
    bounds = np.array([-math.inf if one is None else one for one in (*futility, None)])
    goal = upper if favorable > 0 else -lower
    if (bounds >= goal).any():
        raise DesignError("futility", list(futility), "bounds below those for efficacy")
    if favorable > 0:
        return upper, np.maximum(lower, bounds)
    return np.minimum(upper, -bounds), lower


def _crossed(crossings: npt.NDArray[np.int64], among: int) -> dict[str, Any]:
    return {
        "rejects": Figure.of_count(int(crossings[:, :2].sum()), among),
        "above": tuple(Figure.of_count(int(count), among) for count in crossings[:, 0]),
        "below": tuple(Figure.of_count(int(count), among) for count in crossings[:, 1]),
    }


def _mean(total: float, squares: float, among: int) -> Figure:
    if among == 0:
        return Figure(None, None)
    mean = float(total) / among
    if among == 1:
        return Figure(mean, None)
    variance = max(float(squares) - among * mean * mean, 0.0) / (among - 1)
    return Figure(mean, math.sqrt(variance / among))


def as_designed(
    protocol: Protocol, *, replicates: int, seed: int = 1, first: int = 0, threads: int = 1
) -> dict[str, StandardFigures]:
    """The trial a protocol's sample size assumes, as `assumed` and as `null` (the control's rate in both groups); where
    it has bounds for futility also as `assumed_overruled` and `null_overruled`, in which nobody heeds them.

    Rates, attrition, ratio, looks and boundaries are the protocol's, and its block sizes where it has permuted
    blocks (else the smallest that hold the ratio), without strata. Raises `DesignError` where the sample size
    gives no two rates.
    """
    size, randomization = protocol.design.sample_size, protocol.randomization
    if size is None or size.control_rate is None or size.treatment_rate is None:
        raise DesignError(
            "design.sample_size", None, "a rate in each group; no other trial is standard"
        )
    if randomization is None:
        raise DesignError("randomization", None, "an allocation ratio")
    plan = monitoring(protocol)
    treatment, control = next(
        one.comparisons[0] for one in protocol.analyses if one.endpoint == plan.endpoint
    )
    ratio = (randomization.ratio[treatment], randomization.ratio[control])
    scheme = randomization.scheme
    arms = len(randomization.ratio)
    sizes = scheme.sizes if isinstance(scheme, PermutedBlocks) and arms == 2 else [sum(ratio)]
    both = size.target * sum(ratio) // sum(randomization.ratio.values())
    looks = [math.ceil(look.fraction * both) for look in plan.looks]
    critical = [*(look.critical for look in plan.looks), plan.critical]
    upper, lower = critical, [-bound for bound in critical]
    if plan.sided == 1 and plan.favorable > 0:
        lower = [-math.inf] * len(critical)
    elif plan.sided == 1:
        upper = [math.inf] * len(critical)
    rates = {"assumed": float(size.treatment_rate), "null": float(size.control_rate)}
    futility: dict[str, list[float | None]] = {"": []}
    if plan.stops_for_futility:
        futility = {"": [look.futility for look in plan.looks], "_overruled": []}
    return {
        name + kind: simulate_two_proportions(
            rate,
            float(size.control_rate),
            [*looks, both],
            upper,
            lower,
            futility=bounds,
            favorable=plan.favorable or 1,
            block_sizes=sizes,
            ratio=ratio,
            attrition=float(size.attrition or 0),
            replicates=replicates,
            seed=seed,
            first=first,
            threads=threads,
        )
        for kind, bounds in futility.items()
        for name, rate in rates.items()
    }

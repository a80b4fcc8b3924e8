"""Operating characteristics: what a trial does over many replicates, each figure with its Monte Carlo error.

Replicates are computed in batches of fixed size and added up in their order, so that the figures are the same to
the last bit for any number of workers, and memory does not grow with the number of replicates.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from equipoise.analysis.endpoints import Outcome
from equipoise.analysis.methods import cochran_mantel_haenszel
from equipoise.analysis.results import RATIOS, comparison_name
from equipoise.design.interim import Monitoring
from equipoise.protocol.document import Analysis, Protocol

from ..generate import Replicate
from .cutting import END, Virtual
from .enrollment import Enrolled
from .outcomes import Outcomes
from .replicates import Simulated, Simulator

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

BATCH = 16
"""Replicates computed on arrays and added up together."""
PILOT = 320
"""Replicates computed in a kernel and added up together, and those from whose potential outcomes the true effect is taken, at most."""
FUTILE = 2
"""In `Batch.crossings`: short of the bound for futility."""
_DAYS_A_MONTH = 365.25 / 12
_DIGEST_BITS, _NO_NUMBER = 34, 1 << 20
_COLLAPSIBLE = frozenset({"risk_difference", "mean_difference", "adjusted_mean_difference"})


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison of an operating analysis; `id` is the analysis' own, with the arms where it makes several."""

    id: str
    analysis: str
    treatment: str
    control: str


def compared(analyses: Sequence[Analysis]) -> tuple[Compared, ...]:
    """All comparisons of the analyses, in the protocol's order."""
    found = []
    for one in analyses:
        for treatment, control in one.comparisons:
            name = comparison_name(one.id, len(one.comparisons), treatment, control)
            found.append(Compared(name, one.id, treatment, control))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some replicates' results as arrays.

    `values[replicate, comparison]` are estimate, lower, upper and p of the final analysis;
    `crossings[replicate, comparison, look]` +1 or −1 where a boundary was crossed, `FUTILE` where it fell short of the
    bound for futility, the end last. `size` and `days` are those of the trial as it would have ended: at the look that stopped it, or complete.
    """

    first: int
    values: Floats
    crossings: npt.NDArray[np.int8]
    stopped: Integers
    size: Integers
    days: Integers
    randomized: Integers

    def digest(self) -> bytes:
        """A hash of the batch; floats are rounded to 34 bits, ten digits, first."""
        said = hashlib.sha256()
        known = np.isfinite(self.values)
        part, exponent = np.frexp(np.where(known, self.values, 0.0))
        # what is no number by its sign: NaN 0, infinities 1 and -1
        other = np.where(np.isnan(self.values), 0, np.sign(self.values))
        said.update(_bytes(np.where(known, np.rint(part * 2.0**_DIGEST_BITS), other)))
        said.update(_bytes(np.where(known, exponent, _NO_NUMBER)))
        for whole in (self.crossings, self.stopped, self.size, self.days, self.randomized):
            said.update(_bytes(whole))
        return said.digest()


def _bytes(numbers: npt.NDArray[Any]) -> bytes:
    return numbers.astype("<i8").tobytes()


def batch_of(simulated: Sequence[Simulated], plan: Monitoring) -> Batch:
    """The results of consecutive replicates as arrays."""
    places = {look.id: at for at, look in enumerate(plan.looks)}
    values, crossings, stopped, size, days = [], [], [], [], []
    for one in simulated:
        rows = [
            (analysis, comparison) for analysis in one.final for comparison in analysis.comparisons
        ]
        values.append(
            [
                (c.estimate.estimate, c.estimate.lower, c.estimate.upper, c.estimate.p)
                for _, c in rows
            ]
        )
        crossed = np.zeros((len(rows), len(plan.looks) + 1), dtype=np.int8)
        for at, (analysis, comparison) in enumerate(rows):
            end = plan.critical_at_the_end(analysis.endpoint)
            crossed[at, -1] = plan.crosses(comparison, end)
        for taken in one.looks:
            early = {
                (analysis.id, c.treatment, c.control): FUTILE
                if plan.futile(c, taken.look)
                else plan.crosses(c, taken.look.critical)
                for analysis in taken.analyses
                for c in analysis.comparisons
            }
            for at, (analysis, comparison) in enumerate(rows):
                key = (analysis.id, comparison.treatment, comparison.control)
                crossed[at, places[taken.look.id]] = early.get(key, 0)
        crossings.append(crossed)
        stop = one.stopped
        stopped.append(-1 if stop is None else places[stop.look.id])
        size.append(one.randomized if stop is None else stop.randomized)
        days.append(((one.ends if stop is None else stop.day) - one.starts).days)
    return Batch(
        simulated[0].replicate,
        np.array(values, dtype=np.float64),
        np.array(crossings, dtype=np.int8),
        np.array(stopped, dtype=np.int64),
        np.array(size, dtype=np.int64),
        np.array(days, dtype=np.int64),
        np.array([one.randomized for one in simulated], dtype=np.int64),
    )


# -- the truth -----------------------------------------------------------------------------------


Potential = dict[tuple[str, tuple[str, ...]], tuple[int, float, float]]
"""By comparison and stratum: participants, and sums of their outcomes under treatment and under control."""


def potential_outcomes(
    simulator: Simulator, arrays: Replicate, followed: Outcomes | Virtual
) -> Potential:
    """What the participants of a replicate would have shown in each arm, had all been followed to the end."""
    strata = {one.id: one.strata for one in enrolled_in(followed)}
    seen: dict[tuple[str, str], Mapping[str, Outcome]] = {}
    for index, arm in enumerate(arrays.arms):
        everyone = followed.everyone_in(index)
        data = everyone.cut(END)
        for name in {analysis.endpoint for analysis in simulator.analyses}:
            seen[name, arm] = simulator.outcomes(everyone, data, name).by_participant
    found: Potential = {}
    for analysis in simulator.analyses:
        for one in compared([analysis]):
            treated = seen[analysis.endpoint, one.treatment]
            controls = seen[analysis.endpoint, one.control]
            for participant, outcome in treated.items():
                other = controls[participant]
                if outcome.value is None or other.value is None:
                    continue
                stratum = tuple(strata[participant].get(f, "") for f in analysis.stratified_by)
                count, first, second = found.get((one.id, stratum), (0, 0.0, 0.0))
                found[one.id, stratum] = (count + 1, first + outcome.value, second + other.value)
    return found


def enrolled_in(followed: Outcomes | Virtual) -> Sequence[Enrolled]:
    """The participants' allocations."""
    if isinstance(followed, Outcomes):
        return followed.enrolled
    return [one.enrolled for one in followed.participations]


def pooled(parts: Iterable[Potential]) -> Potential:
    """The sums over several replicates."""
    whole: Potential = {}
    for part in parts:
        for key, (count, first, second) in part.items():
            before = whole.get(key, (0, 0.0, 0.0))
            whole[key] = (before[0] + count, before[1] + first, before[2] + second)
    return whole


def truth_of(one: Compared, measure: str, sums: Potential) -> float:
    """The effect in the population randomized: what the analysis would find in an endless trial without dropout.

    A difference of means or proportions is that of the potential outcomes; a common odds ratio is that of the
    tables they give. `nan` for measures of which neither is the limit (hazard ratio, location shift).
    """
    rows = {
        stratum: value for (name, stratum), value in sums.items() if name == one.id and value[0]
    }
    if not rows:
        return math.nan
    if measure in _COLLAPSIBLE:
        count = sum(row[0] for row in rows.values())
        return math.fsum(row[1] - row[2] for row in rows.values()) / count
    if measure == "odds_ratio":
        tables = [
            (round(first), count, round(second), count)
            for _, (count, first, second) in sorted(rows.items())
        ]
        return cochran_mantel_haenszel(tables).odds_ratio.estimate
    return math.nan


# -- adding up -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its Monte Carlo standard error; None where it is undefined."""

    value: float | None
    error: float | None

    @classmethod
    def of_count(cls, count: int, among: int) -> Figure:
        """A proportion. Its error is that of a binomial count."""
        if among == 0:
            return cls(None, None)
        share = count / among
        return cls(share, math.sqrt(share * (1 - share) / among))


@dataclass
class _Moments:
    """Count, mean and squared deviations (Welford; batches by Chan, Golub and LeVeque 1983)."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, values: Floats) -> None:
        kept = values[np.isfinite(values)]
        if kept.size == 0:
            return
        mean = math.fsum(kept) / kept.size
        squares = math.fsum((value - mean) ** 2 for value in kept)
        count = self.count + kept.size
        gap = mean - self.mean
        self.squares += squares + gap * gap * self.count * kept.size / count
        self.mean += gap * kept.size / count
        self.count = count

    def figure(self) -> Figure:
        if self.count == 0:
            return Figure(None, None)
        if self.count == 1:
            return Figure(self.mean, None)
        return Figure(self.mean, math.sqrt(self.squares / (self.count - 1) / self.count))

    @property
    def sd(self) -> float | None:
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else None


@dataclass(frozen=True, slots=True)
class AnalysisFigures:
    """How one comparison of an analysis does.

    `rejects` is the probability of crossing a boundary at any look, in either direction: power where there is an
    effect, type I error where there is none. `favorable` and `unfavorable` split it by direction. Where looks have
    bounds for futility, these figures are of a trial that ends when it falls short of one; `futile_at` by look is the
    probability that it does, `rejects_overruled` what the same trials reject where nobody heeds them (the type I
    error that counts where the bounds are not binding); both are empty otherwise. `bias` is the mean
    of the final estimate less `truth` (of logarithms for ratios), `coverage` how often its interval holds
    the truth. `undefined` counts replicates without a p-value.
    """

    id: str
    analysis: str
    treatment: str
    control: str
    measure: str
    rejects: Figure
    favorable: Figure
    unfavorable: Figure
    rejects_at: tuple[Figure, ...]
    mean: Figure
    sd: float | None
    truth: float | None
    bias: Figure
    coverage: Figure
    undefined: int
    futile_at: tuple[Figure, ...] = ()
    rejects_overruled: Figure | None = None


@dataclass(frozen=True, slots=True)
class Characteristics:
    """The operating characteristics of a trial in one scenario.

    `size` is of those randomized when the trial ends or is stopped, `months` the time from the start of recruitment
    to then; `stops` by look is the probability that the first operating analysis stops the trial there, which
    `stops_for_efficacy` and `stops_for_futility` split where looks have bounds for futility (empty otherwise).
    """

    scenario: str
    effect: bool
    replicates: int
    looks: tuple[str, ...]
    analyses: tuple[AnalysisFigures, ...]
    stops: tuple[Figure, ...]
    size: Figure
    months: Figure
    digest: str
    computed: str = "on arrays"
    """How: in a compiled kernel, or on arrays (and why, where the numbers would allow a kernel)."""
    stops_for_efficacy: tuple[Figure, ...] = ()
    stops_for_futility: tuple[Figure, ...] = ()
    binding: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


@dataclass
class Tally:
    """Adds batches up in their order."""

    protocol: Protocol
    plan: Monitoring
    comparisons: Sequence[Compared]
    measures: Sequence[str]
    truths: Sequence[float]
    replicates: int = 0
    _counts: dict[str, Integers] = field(default_factory=dict)
    _moments: list[_Moments] = field(default_factory=list)
    _size: _Moments = field(default_factory=_Moments)
    _days: _Moments = field(default_factory=_Moments)
    _said: Any = field(default_factory=hashlib.sha256)
    _decides: int | None = None

    def __post_init__(self) -> None:
        many, looks = len(self.comparisons), len(self.plan.looks) + 1
        self._counts = {
            "up": np.zeros((many, looks), dtype=np.int64),
            "down": np.zeros((many, looks), dtype=np.int64),
            "covered": np.zeros(many, dtype=np.int64),
            "intervals": np.zeros(many, dtype=np.int64),
            "undefined": np.zeros(many, dtype=np.int64),
            "stopped": np.zeros(len(self.plan.looks), dtype=np.int64),
            "futile": np.zeros((many, looks), dtype=np.int64),
            "overruled": np.zeros(many, dtype=np.int64),
            "given_up": np.zeros(len(self.plan.looks), dtype=np.int64),
        }
        endpoints = {one.id: one.endpoint for one in self.protocol.analyses}
        # that of the looks' endpoint which decides (`take_look`)
        self._decides = next(
            (at for at, one in enumerate(self.comparisons)
             if endpoints[one.analysis] == self.plan.endpoint), None,
        )  # fmt: skip
        self._moments = [_Moments() for _ in self.comparisons]

    def add(self, batch: Batch) -> None:
        """Count one batch; batches come in the order of their replicates."""
        counts = self._counts
        crossings = batch.crossings
        earlier = np.zeros(crossings.shape[:2], dtype=np.bool_)
        for look in range(crossings.shape[2]):
            here = np.where(earlier, 0, crossings[:, :, look])
            counts["up"][:, look] += (here == 1).sum(axis=0)
            counts["down"][:, look] += (here == -1).sum(axis=0)
            counts["futile"][:, look] += (here == FUTILE).sum(axis=0)
            earlier |= here != 0
        counts["overruled"] += ((crossings == 1) | (crossings == -1)).any(axis=2).sum(axis=0)
        counts["undefined"] += np.isnan(batch.values[:, :, 3]).sum(axis=0)
        for at, truth in enumerate(self.truths):
            estimate, lower, upper = (batch.values[:, at, part] for part in range(3))
            if self.measures[at] in RATIOS:
                with np.errstate(divide="ignore", invalid="ignore"):
                    estimate = np.log(estimate)
            self._moments[at].add(estimate)
            if math.isfinite(truth):
                known = np.isfinite(lower) & np.isfinite(upper)
                counts["intervals"][at] += known.sum()
                counts["covered"][at] += (known & (lower <= truth) & (truth <= upper)).sum()
        for look in range(len(self.plan.looks)):
            here = batch.stopped == look
            counts["stopped"][look] += here.sum()
            if self._decides is not None:
                futile = crossings[:, self._decides, look] == FUTILE
                counts["given_up"][look] += (here & futile).sum()
        self._size.add(batch.size.astype(np.float64))
        self._days.add(batch.days / _DAYS_A_MONTH)
        self.replicates += batch.randomized.size
        self._said.update(batch.digest())

    def characteristics(self, scenario: str, effect: bool) -> Characteristics:
        """The figures so far."""
        counts, among = self._counts, self.replicates
        futility = self.plan.stops_for_futility

        def of(each: Integers) -> tuple[Figure, ...]:
            return tuple(Figure.of_count(int(n), among) for n in each)

        analyses = []
        for at, one in enumerate(self.comparisons):
            up, down = int(counts["up"][at].sum()), int(counts["down"][at].sum())
            good, bad = (down, up) if self.plan.favorable < 0 else (up, down)
            moments, truth = self._moments[at], self.truths[at]
            mean = moments.figure()
            ratio = self.measures[at] in RATIOS
            center = math.log(truth) if ratio and truth > 0 else truth
            known = math.isfinite(center) and mean.value is not None
            analyses.append(
                AnalysisFigures(
                    id=one.id,
                    analysis=one.analysis,
                    treatment=one.treatment,
                    control=one.control,
                    measure=self.measures[at],
                    rejects=Figure.of_count(up + down, among),
                    favorable=Figure.of_count(good, among),
                    unfavorable=Figure.of_count(bad, among),
                    rejects_at=tuple(
                        Figure.of_count(int(u + d), among)
                        for u, d in zip(counts["up"][at], counts["down"][at], strict=True)
                    ),
                    mean=mean,
                    sd=moments.sd,
                    truth=truth if math.isfinite(truth) else None,
                    bias=Figure((mean.value or 0.0) - center, mean.error)
                    if known
                    else Figure(None, None),
                    coverage=Figure.of_count(
                        int(counts["covered"][at]), int(counts["intervals"][at])
                    ),
                    undefined=int(counts["undefined"][at]),
                    futile_at=of(counts["futile"][at, :-1]) if futility else (),
                    rejects_overruled=Figure.of_count(int(counts["overruled"][at]), among)
                    if futility
                    else None,
                )
            )
        return Characteristics(
            scenario=scenario,
            effect=effect,
            replicates=among,
            looks=tuple(look.id for look in self.plan.looks),
            analyses=tuple(analyses),
            stops=of(counts["stopped"]),
            size=self._size.figure(),
            months=self._days.figure(),
            digest=self._said.hexdigest(),
            stops_for_efficacy=of(counts["stopped"] - counts["given_up"]) if futility else (),
            stops_for_futility=of(counts["given_up"]) if futility else (),
            binding=self.plan.binding,
        )


def batches(first: int, replicates: int, many: int = BATCH) -> Iterator[range]:
    """The replicates in batches of so many."""
    end = first + replicates
    for start in range(first, end, many):
        yield range(start, min(start + many, end))

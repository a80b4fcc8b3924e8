"""The kernel's tables together, and batches of replicates computed with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, ndtr

from ...lean import key_words, stream_word, waiting_levels
from ..operating import Batch, Potential, batch_of, compared
from .allocation import allocation
from .analyses import analyses
from .course import course
from .errors import DisagreementError
from .known import Known
from .leaving import leaving
from .recruitment import recruitment
from .screening import check_screening

if TYPE_CHECKING:
    from ..kernels.trial import Trial
    from ..replicates import Simulator


class WholeTrials:
    """A simulator's replicates, computed in a kernel. Raises `BeyondError` where the protocol asks for more than it knows."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._comparisons = compared(simulator.analyses)
        self.trial, self._strata = _tables(Known(simulator))
        self._methods = {one.id: one.method for one in simulator.analyses}
        self._stratified = {one.id: one.stratified_by for one in simulator.analyses}

    @property
    def measures(self) -> tuple[str, ...]:
        """What each comparison estimates."""
        kinds = {"cmh": "odds_ratio", "risk_difference_mn": "risk_difference"}
        return tuple(kinds[self._methods[one.analysis]] for one in self._comparisons)

    def batch(self, first: int, count: int) -> Batch:
        """The results of consecutive replicates. Those of which the kernel is in doubt are computed on arrays."""
        return self._computed(first, count, np.zeros((0, 0), dtype=np.int64))

    def with_potential(self, first: int, count: int) -> tuple[Batch, Potential]:
        """The same, and the sums of what the participants would have shown in each arm."""
        arms = [arm.id for arm in self._simulator.protocol.arms]
        sums = np.zeros((len(self._strata), 1 + len(arms)), dtype=np.int64)
        batch = self._computed(first, count, sums)
        found: Potential = {}
        for one in self._comparisons:
            treated, control = arms.index(one.treatment), arms.index(one.control)
            for levels, row in zip(self._strata, sums.tolist(), strict=True):
                stratum = tuple(levels.get(name, "") for name in self._stratified[one.analysis])
                many, first_sum, second = found.get((one.id, stratum), (0, 0.0, 0.0))
                found[one.id, stratum] = (
                    many + row[0],
                    first_sum + row[1 + treated],
                    second + row[1 + control],
                )
        return batch, {key: sums_of for key, sums_of in found.items() if sums_of[0]}

    def check(self, replicates: Sequence[int]) -> None:
        """Compute some replicates on arrays as well. Raises `DisagreementError` where the results are not equal."""
        for replicate in replicates:
            mine = self.batch(replicate, 1)
            other = batch_of([self._simulator.simulate(replicate)], self._simulator.plan)
            alike = np.allclose(mine.values, other.values, rtol=1e-9, atol=1e-12, equal_nan=True)
            for part in ("crossings", "stopped", "size", "days", "randomized"):
                alike = alike and bool((getattr(mine, part) == getattr(other, part)).all())
            if not alike:
                raise DisagreementError(
                    f"replicate {replicate} of seed {self._simulator.seed}: the kernel and the arrays give different "
                    "results; this is a fault of Equipoise, please report it; simulate with --numbers 1"
                )

    def _computed(self, first: int, count: int, potential: npt.NDArray[np.int64]) -> Batch:
        from ..kernels.trial import ANALYSES, whole_trials

        many, looks = len(self._comparisons), len(self._simulator.plan.looks) + 1
        values = np.full((count, many, 4), np.nan)
        crossings = np.zeros((count, many, looks), dtype=np.int8)
        stopped, size, days, randomized = (np.zeros(count, dtype=np.int64) for _ in range(4))
        doubtful = np.zeros(count, dtype=np.bool_)
        at = 0
        while at < count:
            # a key holds for 2^32 replicates
            piece = min(count - at, 2**32 - (first + at) % 2**32)
            key = (np.uint64(word) for word in key_words(self._simulator.seed, first + at))
            rows = slice(at, at + piece)
            whole_trials(
                first + at, piece, *key, self.trial, ANALYSES, values[rows], crossings[rows], stopped[rows],
                size[rows], days[rows], randomized[rows], doubtful[rows], potential,
            )  # fmt: skip
            at += piece
        # the tests of the analyses: two-sided normal, and chi-squared with one degree of freedom
        for place, measure in enumerate(self.measures):
            statistic = values[:, place, 3]
            values[:, place, 3] = (
                2 * ndtr(-np.abs(statistic))
                if measure == "risk_difference"
                else chdtrc(1, statistic)
            )
        for place in np.nonzero(doubtful)[0].tolist():
            one = batch_of([self._simulator.simulate(first + place)], self._simulator.plan)
            values[place], crossings[place] = one.values[0], one.crossings[0]
            stopped[place], size[place] = one.stopped[0], one.size[0]
            days[place], randomized[place] = one.days[0], one.randomized[0]
        return Batch(first, values, crossings, stopped, size, days, randomized)


def _tables(known: Known) -> tuple[Trial, tuple[Mapping[str, str], ...]]:
    """All tables of the kernel; and of each stratum the levels of its factors."""
    from ..kernels.trial import Allocation, Analyses, Course, Leaving, Recruitment, Trial

    check_screening(known)
    streams = (
        "candidate", "failure", "history/radiotherapy", "history/frailty", "history/lag", "history/kind",
        "history/noise", "adherence/level", "adherence/doses", "attrition/day", "attrition/kind",
    )  # fmt: skip
    recruited = recruitment(known)
    allocated, strata = allocation(known)
    trial = Trial(
        streams=np.array([stream_word(name) for name in streams], dtype=np.uint64),
        waiting=waiting_levels().astype(np.uint32),
        recruitment=Recruitment(**recruited),
        allocation=Allocation(**allocated),
        course=Course(**course(known)),
        leaving=Leaving(**leaving(known)),
        analyses=Analyses(**analyses(known, strata)),
    )
    return trial, strata

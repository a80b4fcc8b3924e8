"""What the mistakes of staff cost: the same replicates played out with staff of each kind, and compared.

Persons, their course and their days are the same in all; what differs is what staff did with them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from equipoise.analysis.cut import cut
from equipoise.analysis.effects import run_analysis
from equipoise.analysis.endpoints import endpoint_data
from equipoise.design.interim import operating_analyses
from equipoise.protocol.document import Protocol
from equipoise.rehearsal import first_instant, play, replicate_of
from equipoise.rehearsal.options import STAFF
from equipoise.trial import Trial

from .home import RehearsalSettings, memory_trial

KINDS = tuple(reversed(STAFF))
"""Kinds of staff, the best first: `faultless`, `careful`, `assumed`."""
COUNTED = (
    "queries",
    "queries_automatic",
    "visits_missed",
    "visits_out_of_window",
    "strata_wrong",
    "commands_refused",
)
"""What is counted in a trial: queries raised, and by edit checks; visits missed and outside their window; participants
allocated in a stratum that was not theirs; commands that were refused."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A replicate as one kind of staff played it: the first operating comparisons, and what was counted.

    `estimates` are estimate and p-value by comparison; NaN where it has none.
    """

    replicate: int
    staff: str
    randomized: int
    estimates: dict[str, tuple[float, float]]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over replicates with its Monte Carlo standard error (None of a single replicate)."""

    value: float
    error: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> Mean:
        """Of those that are defined."""
        known = [value for value in values if math.isfinite(value)]
        if not known:
            return cls(math.nan, None)
        mean = sum(known) / len(known)
        if len(known) == 1:
            return cls(mean, None)
        variance = sum((value - mean) ** 2 for value in known) / (len(known) - 1)
        return cls(mean, math.sqrt(variance / len(known)))


def outcomes(
    protocol: Protocol, replicates: Sequence[int], seed: int, kinds: Sequence[str] = KINDS
) -> Iterator[Outcome]:
    """Play each replicate out in memory with each kind of staff. Raises what `play` and `generate` raise."""
    for replicate in replicates:
        for staff in kinds:
            options = {"staff": staff}
            arrays = replicate_of(protocol, seed, replicate, options)
            start = first_instant(arrays).isoformat()
            trial = memory_trial(protocol, RehearsalSettings(seed, replicate, start, options))
            played = play(trial, arrays)
            yield Outcome(
                replicate,
                staff,
                played.randomized,
                _estimates(trial),
                {**_counts(trial), "commands_refused": len(played.refused)},
            )


def _estimates(trial: Trial) -> dict[str, tuple[float, float]]:
    data = cut(trial)
    found = {}
    for analysis in operating_analyses(data.protocol):
        endpoint = data.protocol.endpoint_by_id[analysis.endpoint]
        result = run_analysis(data, analysis, endpoint_data(data, endpoint))
        for comparison in result.comparisons:
            estimate = comparison.estimate
            found[result.comparison_id(comparison)] = (estimate.estimate, estimate.p)
    return found


def _counts(trial: Trial) -> dict[str, int]:
    counts = dict.fromkeys(COUNTED, 0)
    for state in trial.participants():
        counts["queries"] += len(state.queries)
        counts["queries_automatic"] += sum(1 for one in state.queries.values() if one.check)
        counts["visits_missed"] += len(state.missed)
        counts["visits_out_of_window"] += sum(
            1 for one in state.deviations if one.kind == "visit_out_of_window"
        )
        counts["strata_wrong"] += bool(state.arm) and state.strata_used != state.strata_true
    return counts


def compared(found: Sequence[Outcome], staff: str, against: str) -> dict[str, Mean]:
    """The mean difference, replicate by replicate, of everything counted and of each estimate."""
    first = {one.replicate: one for one in found if one.staff == against}
    pairs = [
        (first[one.replicate], one)
        for one in found
        if one.staff == staff and one.replicate in first
    ]
    differences = {
        name: Mean.of([b.estimates[name][0] - a.estimates[name][0] for a, b in pairs])
        for name in (pairs[0][1].estimates if pairs else {})
    }
    return differences | {
        name: Mean.of([float(b.counts[name] - a.counts[name]) for a, b in pairs])
        for name in COUNTED
    }


def rejected(found: Sequence[Outcome], staff: str, comparison: str, alpha: float) -> Mean:
    """The share of replicates in which a comparison's p-value lies below alpha."""
    shares = [float(one.estimates[comparison][1] < alpha) for one in found if one.staff == staff]
    return Mean.of(shares)

"""Replicates worth opening: the one in the middle, the extremes, the one that stopped early, the worst balanced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .bulk import Simulator
from .bulk.cutting import END as _END


@dataclass(frozen=True, slots=True)
class Seen:
    """What a replicate came to, as far as one is picked by it.

    `estimates` are by comparison of the operating analyses (`compared`): estimate, lower, upper, p. `arms` counts
    those randomized to each arm. `days` is how long the trial lasted, `stopped` the look that stopped it; `rejects`:
    the first analysis crossed its boundary there or, where none stopped it, at the end.
    """

    replicate: int
    estimates: tuple[tuple[float, float, float, float], ...]
    stopped: str | None
    rejects: bool
    randomized: int
    arms: tuple[int, ...]
    days: int

    @property
    def estimate(self) -> float:
        """The first comparison's estimate."""
        return self.estimates[0][0]


@dataclass(frozen=True, slots=True)
class Pick:
    """A replicate and why it is worth opening: `median`, `lowest`, `highest`, `stopped`, `imbalance` or `longest`."""

    reason: str
    seen: Seen


def look_at(simulator: Simulator, replicate: int) -> Seen:
    """Simulate one replicate and keep what it is picked by."""
    arrays = simulator.generate(replicate)
    followed = simulator.followed(arrays)
    found = simulator.analyze(arrays, followed)
    stop = found.stopped
    arms = [one.id for one in simulator.protocol.arms]
    allocated = [subject.arm for subject in followed.cut(_END).subjects]
    return Seen(
        replicate=replicate,
        estimates=tuple(
            (c.estimate.estimate, c.estimate.lower, c.estimate.upper, c.estimate.p)
            for analysis in found.final
            for c in analysis.comparisons
        ),
        stopped=None if stop is None else stop.look.id,
        rejects=stop.stops != 0
        if stop is not None
        else simulator.plan.crosses(
            found.final[0].comparisons[0],
            simulator.plan.critical_at_the_end(found.final[0].endpoint),
        )
        != 0,
        randomized=found.randomized if stop is None else stop.randomized,
        arms=tuple(allocated.count(arm) for arm in arms),
        days=((found.ends if stop is None else stop.day) - found.starts).days,
    )


def imbalance(seen: Seen, ratio: Sequence[int]) -> float:
    """By how many participants the arm farthest from its share misses it."""
    total, parts = sum(seen.arms), sum(ratio)
    return max(
        abs(count - total * part / parts) for count, part in zip(seen.arms, ratio, strict=True)
    )


def picks(seen: Sequence[Seen], ratio: Sequence[int]) -> tuple[Pick, ...]:
    """One replicate for each reason there is; the earlier one where two are as good.

    `ratio` is the arms' ratio of allocation. Replicates whose first estimate is undefined are not compared by it.
    """
    found: list[Pick] = []
    known = sorted(
        (one for one in seen if math.isfinite(one.estimate)),
        key=lambda one: (one.estimate, one.replicate),
    )
    if known:
        found.append(Pick("median", known[(len(known) - 1) // 2]))
        found.append(Pick("lowest", known[0]))
        found.append(Pick("highest", known[-1]))
    stopped = [one for one in seen if one.stopped is not None]
    if stopped:
        found.append(Pick("stopped", min(stopped, key=lambda one: one.replicate)))
    if seen:
        worst = max(seen, key=lambda one: (imbalance(one, ratio), -one.replicate))
        if imbalance(worst, ratio) > 0:
            found.append(Pick("imbalance", worst))
        found.append(Pick("longest", max(seen, key=lambda one: (one.days, -one.replicate))))
    return tuple(found)

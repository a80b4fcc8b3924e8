"""What a monitoring board is told at a look: the boundary, and the chance of success at the end given what was seen."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from scipy.special import ndtri

from equipoise.conduct.state import ParticipantState
from equipoise.protocol.document import CountedEvents, Protocol

from .inference import predictive_power
from .interim import LookTaken, Monitoring, direction
from .plan import hoped_drift
from .sequential import conditional_power
from .stopping import RuleStanding, matches, rule_standing


@dataclass(frozen=True, slots=True)
class Outlook:
    """Conditional power at a look: the chance that the final Z crosses its boundary in the favorable direction.

    `z` is positive where the data favor the treatment. `trend` goes on as seen, `hoped` assumes the design's effect,
    `null` no effect (Lan and Wittes, Biometrics 1988;44:579); `predictive` averages over what the data say of the
    effect, with a flat prior. All `nan` where the look's analysis is undefined.
    """

    z: float
    trend: float
    hoped: float
    null: float
    predictive: float


def outlook(taken: LookTaken, plan: Monitoring, protocol: Protocol) -> Outlook | None:
    """The outlook at a look, from its first operating analysis; None where there is none."""
    if not taken.analyses:
        return None
    comparison = taken.analyses[0].comparisons[0]
    found = comparison.estimate
    size = protocol.design.sample_size
    if math.isnan(found.p) or not plan.favorable:
        return Outlook(math.nan, math.nan, math.nan, math.nan, math.nan)
    way = direction(comparison.measure, found) * plan.favorable
    z = way * abs(float(ndtri(found.p / 2)))
    t, end = taken.look.fraction, plan.critical
    drift = hoped_drift(size) if size is not None else math.nan
    return Outlook(
        z,
        conditional_power(z, t, end),
        conditional_power(z, t, end, drift) if math.isfinite(drift) else math.nan,
        conditional_power(z, t, end, 0.0),
        predictive_power(z, t, end),
    )


def standings(protocol: Protocol, states: Iterable[ParticipantState]) -> tuple[RuleStanding, ...]:
    """Every stopping rule as it stands for these participants, in the protocol's order."""
    known = {state.id: state for state in states}

    def with_events(counted: CountedEvents) -> list[str]:
        return [
            state.id
            for state in known.values()
            if any(matches(one, counted) for one in state.adverse_events.values())
        ]

    def randomized(arms: Iterable[str]) -> int:
        wanted = set(arms)
        return sum(
            1
            for state in known.values()
            if state.randomized is not None and (not wanted or state.arm in wanted)
        )

    return tuple(
        rule_standing(rule, with_events, known.get, randomized)
        for rule in protocol.safety.stopping_rules
    )

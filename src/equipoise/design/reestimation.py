"""Sample size looked at again while the trial runs: blinded for a nuisance parameter, unblinded for the effect.

Blinded re-estimation leaves the level practically where it was; unblinded re-estimation keeps it exactly by
combining the stages with weights fixed beforehand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from .errors import DesignError, number, positive, probability, whole
from .size import GroupSizes, two_means, two_proportions


def blinded_proportions(
    pooled_rate: float,
    difference: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    sided: int = 2,
) -> GroupSizes:
    """The size for the planned difference p1 − p2 around the rate seen in both arms together
    (Gould, Stat Med 1992;11:55). `ratio` is n1 : n2."""
    probability("pooled_rate", pooled_rate)
    share = positive("ratio", ratio)
    p2 = pooled_rate - difference * share / (1 + share)
    p1 = p2 + difference
    if not (0 <= p1 <= 1 and 0 <= p2 <= 1):
        raise DesignError(
            "difference", difference, f"a difference that rates around {pooled_rate} can have"
        )
    return two_proportions(p1, p2, alpha=alpha, power=power, ratio=ratio, sided=sided)


def blinded_means(
    pooled_deviation: float,
    difference: float,
    *,
    alpha: float = 0.05,
    power: float = 0.8,
    ratio: float = 1.0,
    sided: int = 2,
) -> GroupSizes:
    """The size for the planned difference with the deviation of the pooled data, corrected for that difference
    (Gould and Shih, Commun Stat 1992;21:2833; Zucker and others, Stat Med 1999;18:3493)."""
    deviation = positive("pooled_deviation", pooled_deviation)
    share = positive("ratio", ratio)
    within = deviation**2 - share / (1 + share) ** 2 * difference**2
    if within <= 0:
        raise DesignError(
            "difference", difference, f"a difference that leaves some of the deviation {deviation}"
        )
    return two_means(
        difference, math.sqrt(within), alpha=alpha, power=power, ratio=ratio, sided=sided
    )


def inverse_normal(z1: float, z2: float, weight: float) -> float:
    """The combined Z of two stages, `z2` of the second stage's own data (Lehmacher and Wassmer, Biometrics
    1999;55:1286).

    `weight` is the first stage's planned share of the information; it must not follow from the data.
    """
    probability("weight", weight, open_interval=True)
    number("z1", z1)
    number("z2", z2)
    return math.sqrt(weight) * z1 + math.sqrt(1 - weight) * z2


@dataclass(frozen=True, slots=True)
class Reestimated:
    """Participants (both arms) for the second stage, why, and the conditional power they give."""

    second_stage: int
    zone: str
    conditional_power: float


def promising_zone(
    z1: float,
    first_stage: int,
    planned: int,
    most: int,
    critical: float,
    *,
    power: float = 0.8,
    promising_from: float = 0.5,
) -> Reestimated:
    """Enlarge the second stage where the first is promising (Mehta and Pocock, Stat Med 2011;30:3267).

    `planned` and `most` are total sizes, planned and largest. Conditional power is at the effect seen in the
    first stage, of the inverse normal test with the planned weights, so that the level holds whatever is chosen.
    Zones: `unfavorable` (below `promising_from`: as planned), `promising` (as many as give `power`, at most
    `most`), `favorable` (as planned).
    """
    number("z1", z1)
    number("critical", critical)
    n1 = whole("first_stage", first_stage, 1)
    if not n1 < whole("planned", planned, 2) <= whole("most", most, 2):
        raise DesignError("planned", planned, "first_stage < planned <= most")
    probability("power", power, open_interval=True)
    probability("promising_from", promising_from)
    weight = n1 / planned

    def conditional(n2: int) -> float:
        needed = (critical - math.sqrt(weight) * z1) / math.sqrt(1 - weight)
        return float(ndtr(z1 * math.sqrt(n2 / n1) - needed))

    as_planned = planned - n1
    now = conditional(as_planned)
    if now < promising_from or z1 <= 0:
        return Reestimated(as_planned, "unfavorable", now)
    if now >= power:
        return Reestimated(as_planned, "favorable", now)
    needed = (critical - math.sqrt(weight) * z1) / math.sqrt(1 - weight)
    wanted = math.ceil(n1 * ((needed + float(ndtri(power))) / z1) ** 2)
    chosen = min(max(wanted, as_planned), most - n1)
    return Reestimated(chosen, "promising", conditional(chosen))

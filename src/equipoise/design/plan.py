"""A protocol's own sample size, recomputed: required size, power at the target, boundaries, exact level.

The protocol states `design.sample_size` (endpoint, level, power, expected effect, attrition), the allocation
ratio and the interim looks. The effect it states is that of the first comparison of the primary analysis.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from scipy.special import ndtr, ndtri

from equipoise.protocol.document import Protocol, SampleSize

from .errors import DesignError
from .exact import exact_two_proportions, worst_level
from .sequential import Boundaries, crossing, drift_for_power, expected_fraction, inflation
from .sequential import spending_boundaries as spend
from .size import (
    GroupSizes,
    power_two_means,
    power_two_proportions,
    two_means,
    two_proportions,
)
from .spending import SPENDING

_BOTH_RATES = "a rate in each group, or a difference with its standard deviation"


@dataclass(frozen=True, slots=True)
class Look:
    """One analysis: when, its critical value, the one-sided nominal p, and the chance to stop there."""

    fraction: float
    participants: tuple[int, int]
    critical: float
    nominal_p: float
    spent: float
    stop_if_effect: float


@dataclass(frozen=True, slots=True)
class ExactCheck:
    """What the design does, enumerated: one-sided level at the control rate and at worst, and power."""

    nominal: float
    level_at_control_rate: float
    worst_level: float
    worst_rate: float
    power: float

    @property
    def held(self) -> bool:
        """Whether the nominal level holds at every rate."""
        return self.worst_level <= self.nominal


@dataclass(frozen=True, slots=True)
class Comparison:
    """Treatment against control: what is needed, and what the target gives.

    `required` is evaluable participants a group, `required_randomized` with attrition; `power` is at the
    target after attrition, `power_complete` if nobody is lost.
    """

    treatment: str
    control: str
    test: str
    required: tuple[int, int]
    required_randomized: tuple[int, int]
    at_target: tuple[int, int]
    power: float
    power_complete: float
    inflation: float
    expected_fraction_if_effect: float
    looks: tuple[Look, ...]
    exact: ExactCheck | None


@dataclass(frozen=True, slots=True)
class DesignReport:
    """The design of a protocol's primary endpoint."""

    endpoint: str
    alpha: float
    sided: int
    planned_power: float
    attrition: float
    target: int
    ratio: dict[str, int]
    comparison: Comparison
    warnings: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For programs; numbers in full precision."""
        return asdict(self)


def design_protocol(protocol: Protocol) -> DesignReport:
    """Recompute the protocol's sample size. `DesignError` names what the protocol does not say."""
    size = protocol.design.sample_size
    if size is None:
        raise DesignError(
            "design.sample_size", None, "a sample size with endpoint, alpha and power"
        )
    if size.endpoint is None or size.alpha is None or size.power is None:
        raise DesignError("design.sample_size", "incomplete", "endpoint, alpha and power")
    if protocol.randomization is None:
        raise DesignError("randomization", None, "an allocation ratio")
    alpha, power = float(size.alpha), float(size.power)
    attrition = float(size.attrition or 0)
    if not 0 <= attrition < 1:
        raise DesignError("design.sample_size.attrition", attrition, "a proportion below 1")
    ratio = dict(protocol.randomization.ratio)
    boundaries = _boundaries(protocol, size)
    treatment, control = _compared(protocol, size.endpoint)
    comparison = _comparison(size, ratio, boundaries, treatment, control, attrition)
    return DesignReport(
        size.endpoint, alpha, size.sided, power, attrition, size.target, ratio, comparison,
        tuple(_warnings(size, power, comparison)),
    )  # fmt: skip


def _compared(protocol: Protocol, endpoint: str) -> tuple[str, str]:
    analyses = [one for one in protocol.analyses if one.endpoint == endpoint]
    primary = [one for one in analyses if one.role == "primary"] or analyses
    if not primary:
        raise DesignError("analyses", endpoint, "an analysis of the sample size's endpoint")
    treatment, control = primary[0].comparisons[0]
    return treatment, control


def _boundaries(protocol: Protocol, size: SampleSize) -> Boundaries:
    looks = [look for look in protocol.design.interim_looks if look.endpoint == size.endpoint]
    looks.sort(key=lambda look: look.fraction)
    spending = {look.spending for look in looks} or {"obrien_fleming"}
    if len(spending) > 1:
        raise DesignError("design.interim_looks", sorted(spending), "one spending function for all")
    fractions = [float(look.fraction) for look in looks] + [1.0]
    return spend(fractions, float(size.alpha or 0), SPENDING[spending.pop()], sided=size.sided)


def _comparison(
    size: SampleSize,
    ratio: dict[str, int],
    boundaries: Boundaries,
    treatment: str,
    control: str,
    attrition: float,
) -> Comparison:
    alpha, sided = float(size.alpha or 0), size.sided
    share = ratio[treatment] / ratio[control]
    planned = float(size.power or 0)
    if size.control_rate is not None and size.treatment_rate is not None:
        p1, p2 = float(size.treatment_rate), float(size.control_rate)
        fixed = two_proportions(p1, p2, power=planned, ratio=share, alpha=alpha, sided=sided)
        test = "pooled z test of two proportions"

        def drift(n1: float, n2: float) -> float:
            return _drift(
                power_two_proportions(p1, p2, n1, n2, alpha=alpha, sided=sided), alpha / sided
            )
    elif size.difference is not None and size.standard_deviation is not None:
        change, deviation = float(size.difference), float(size.standard_deviation)
        fixed = two_means(change, deviation, power=planned, ratio=share, alpha=alpha, sided=sided)
        test = "t test of two means"

        def drift(n1: float, n2: float) -> float:
            return _drift(
                power_two_means(change, deviation, n1, n2, alpha=alpha, sided=sided), alpha / sided
            )
    else:
        raise DesignError("design.sample_size", "no effect", _BOTH_RATES)
    more = inflation(boundaries, planned) if len(boundaries.fractions) > 1 else 1.0
    needed = GroupSizes(fixed.treatment * more, fixed.control * more)
    randomized = GroupSizes(needed.treatment / (1 - attrition), needed.control / (1 - attrition))
    whole = sum(ratio.values())
    full = (
        size.target * ratio[treatment] // whole,
        size.target * ratio[control] // whole,
    )
    evaluable = (math.floor(full[0] * (1 - attrition)), math.floor(full[1] * (1 - attrition)))
    reached = drift(*evaluable)
    power = crossing(boundaries, reached).reject
    return Comparison(
        treatment,
        control,
        test,
        needed.whole_groups(),
        randomized.whole_groups(),
        full,
        power,
        crossing(boundaries, drift(*full)).reject,
        more,
        expected_fraction(boundaries, drift_for_power(boundaries, planned)),
        _looks(boundaries, evaluable, reached),
        _exact(size, boundaries, evaluable),
    )


def _drift(power: float, level: float) -> float:
    """The expected Z that gives a fixed design of this one-sided level this power."""
    critical = -ndtri(level)
    return float(critical + ndtri(min(power, 1 - 1e-15)))


def _sizes(boundaries: Boundaries, evaluable: tuple[int, int]) -> list[tuple[int, int]]:
    return [(round(t * evaluable[0]), round(t * evaluable[1])) for t in boundaries.fractions]


def _looks(boundaries: Boundaries, evaluable: tuple[int, int], drift: float) -> tuple[Look, ...]:
    null, alternative = crossing(boundaries), crossing(boundaries, drift)
    spent = 0.0
    looks = []
    for at, n in enumerate(_sizes(boundaries, evaluable)):
        spent += null.upper[at]
        critical = boundaries.upper[at]
        nominal = float(ndtr(-critical))
        looks.append(
            Look(boundaries.fractions[at], n, critical, nominal, spent, alternative.upper[at])
        )
    return tuple(looks)


def _exact(
    size: SampleSize, boundaries: Boundaries, evaluable: tuple[int, int]
) -> ExactCheck | None:
    if size.control_rate is None or size.treatment_rate is None:
        return None
    control, treated = float(size.control_rate), float(size.treatment_rate)
    sizes = _sizes(boundaries, evaluable)
    better = treated > control
    first, second = (treated, control) if better else (control, treated)
    ordered = sizes if better else [(b, a) for a, b in sizes]
    at_control = exact_two_proportions(control, control, ordered, boundaries.upper)
    worst = worst_level(ordered, boundaries.upper)
    power = exact_two_proportions(first, second, ordered, boundaries.upper)
    return ExactCheck(
        boundaries.level / boundaries.sided,
        at_control.reject,
        worst.reject,
        float(worst.p1),
        power.reject,
    )


def _warnings(size: SampleSize, power: float, one: Comparison) -> list[str]:
    found = []
    if one.power < power:
        found.append(
            f"the target of {size.target} gives {one.power:.3f} power after attrition, {power:g} is "
            f"planned; {one.required_randomized[0]} and {one.required_randomized[1]} would be needed"
        )
    if one.exact is not None and not one.exact.held:
        found.append(
            "the normal test does not hold its level: exactly "
            f"{one.exact.worst_level:.4f} one-sided at a rate of {one.exact.worst_rate:.2f}, "
            f"{one.exact.nominal:g} is nominal"
        )
    return found

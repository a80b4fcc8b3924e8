"""A protocol's own sample size, recomputed: required size, power at the target, boundaries, exact level.

The protocol states `design.sample_size` (endpoint, level, power, expected effect, attrition), the allocation
ratio and the interim looks. The effect it states is that of the first comparison of the primary analysis.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from scipy.special import ndtr, ndtri

from equipoise.protocol.document import Futility, InterimLook, Protocol, SampleSize

from .errors import DesignError
from .exact import exact_two_proportions, worst_level
from .futility import (
    PowerBound,
    beta_spending_boundaries,
    conditional_power_bound,
    futility_bounds,
    futility_crossing,
    power_boundaries,
    predictive_power_bound,
    without_futility,
)
from .sequential import Boundaries, crossing, drift_for_power, expected_fraction, inflation
from .sequential import spending_boundaries as spend
from .size import (
    GroupSizes,
    power_two_means,
    power_two_proportions,
    two_means,
    two_proportions,
)
from .spending import SPENDING, Spending

_BOTH_RATES = "a rate in each group, or a difference with its standard deviation"


@dataclass(frozen=True, slots=True)
class Look:
    """One analysis: when, its critical value, the one-sided nominal p, and the chance to stop there.

    `futility` is the bound of Z below which it stops for futility, None where it has none; the chances to do so are
    those with the effect assumed and without any.
    """

    fraction: float
    participants: tuple[int, int]
    critical: float
    nominal_p: float
    spent: float
    stop_if_effect: float
    futility: float | None = None
    futile_if_effect: float | None = None
    futile_if_none: float | None = None


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
    target after attrition, `power_complete` if nobody is lost. Both heed bounds for futility, `power_overruled` (as
    `power`; None where the design has none) does not.
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
    binding: bool = False
    power_overruled: float | None = None
    expected_fraction_if_none: float | None = None


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
    boundaries = planned_boundaries(protocol, size)
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


def planned_boundaries(protocol: Protocol, size: SampleSize) -> Boundaries:
    """The critical values at the interim looks of the sample size's endpoint, and at the end."""
    looks = [look for look in protocol.design.interim_looks if look.endpoint == size.endpoint]
    looks.sort(key=lambda look: look.fraction)
    spending = {look.spending for look in looks} or {"obrien_fleming"}
    if len(spending) > 1:
        raise DesignError("design.interim_looks", sorted(spending), "one spending function for all")
    fractions = [float(look.fraction) for look in looks] + [1.0]
    spends = SPENDING[spending.pop()]
    rules = [look.futility for look in looks]
    if not any(rules):
        return spend(fractions, float(size.alpha or 0), spends, sided=size.sided)
    return _with_futility(size, looks, fractions, spends)


def hoped_drift(size: SampleSize) -> float:
    """The drift for which the sample size is planned: that of a fixed design of its level with its power; `nan` where
    the protocol names no power."""
    if size.power is None or size.alpha is None:
        return math.nan
    return float(-ndtri(float(size.alpha) / size.sided) + ndtri(float(size.power)))


def _with_futility(
    size: SampleSize, looks: list[InterimLook], fractions: list[float], spends: Spending
) -> Boundaries:
    """The boundaries with the bounds for futility, which all looks must decide on in the same way."""
    rules = [look.futility for look in looks]
    first, *others = (rule for rule in rules if rule is not None)
    for key in ("method", "binding", "spending", "effect"):
        found = {getattr(rule, key) for rule in (first, *others)}
        if len(found) > 1:
            raise DesignError(f"futility.{key}", sorted(found), "one for all looks")
    drift = hoped_drift(size)
    if math.isnan(drift) and (first.method == "beta_spending" or first.effect == "design"):
        raise DesignError("design.sample_size.power", None, "the power that futility rests on")
    if not favorable(size):
        raise DesignError("design.sample_size", "no effect", _BOTH_RATES)
    alpha = float(size.alpha or 0)
    if first.method == "beta_spending":
        return beta_spending_boundaries(
            fractions,
            alpha,
            spends,
            beta=1 - float(size.power or 0),
            beta_spending=SPENDING[first.spending],
            sided=size.sided,
            binding=first.binding,
            looks=[rule is not None for rule in rules],
        )
    bounds = [None if rule is None else _power_bound(rule, drift) for rule in rules]
    return power_boundaries(
        fractions, alpha, spends, bounds, sided=size.sided, binding=first.binding
    )


def _power_bound(rule: Futility, drift: float) -> PowerBound:
    if rule.below is None:
        raise DesignError("futility.below", None, "the power under which the trial stops")
    below = float(rule.below)
    if rule.method == "predictive_power":
        return lambda t, critical: predictive_power_bound(t, critical, below)
    assumed = drift if rule.effect == "design" else None
    return lambda t, critical: conditional_power_bound(t, critical, below, assumed)


def favorable(size: SampleSize) -> int:
    """+1 where the treatment is hoped to give more than the control, −1 less, 0 where the sample size does not say."""
    if size.treatment_rate is not None and size.control_rate is not None:
        hoped = float(size.treatment_rate) - float(size.control_rate)
    else:
        hoped = float(size.difference or 0)
    return (hoped > 0) - (hoped < 0)


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
    heeded = any(math.isfinite(bound) for bound in futility_bounds(boundaries)[:-1])
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
        boundaries.binding,
        crossing(without_futility(boundaries), reached).reject if heeded else None,
        expected_fraction(boundaries, 0.0) if heeded else None,
    )


def _drift(power: float, level: float) -> float:
    """The expected Z that gives a fixed design of this one-sided level this power."""
    critical = -ndtri(level)
    return float(critical + ndtri(min(power, 1 - 1e-15)))


def _sizes(boundaries: Boundaries, evaluable: tuple[int, int]) -> list[tuple[int, int]]:
    return [(round(t * evaluable[0]), round(t * evaluable[1])) for t in boundaries.fractions]


def _looks(boundaries: Boundaries, evaluable: tuple[int, int], drift: float) -> tuple[Look, ...]:
    # what is spent counts on a bound for futility only where that is binding
    held = boundaries if boundaries.binding else without_futility(boundaries)
    null, alternative = crossing(held), crossing(boundaries, drift)
    bounds = futility_bounds(boundaries)
    futile, without = futility_crossing(boundaries, drift), futility_crossing(boundaries)
    spent = 0.0
    looks = []
    for at, n in enumerate(_sizes(boundaries, evaluable)):
        spent += null.upper[at]
        critical = boundaries.upper[at]
        nominal = float(ndtr(-critical))
        stops = math.isfinite(bounds[at])
        looks.append(
            Look(
                boundaries.fractions[at],
                n,
                critical,
                nominal,
                spent,
                alternative.upper[at],
                bounds[at] if stops else None,
                futile[at] if stops else None,
                without[at] if stops else None,
            )
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
    heeded = futility_bounds(boundaries)
    kept = heeded if boundaries.binding else None
    at_control = exact_two_proportions(control, control, ordered, boundaries.upper, kept)
    worst = worst_level(ordered, boundaries.upper, kept)
    power = exact_two_proportions(first, second, ordered, boundaries.upper, heeded)
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

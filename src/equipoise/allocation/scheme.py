"""A randomization scheme: arms in their ratio, factors, and the rule that allocates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

from equipoise.protocol import document

from .rules import (
    BiasedCoin,
    CountingRule,
    Counts,
    Minimization,
    PermutedBlocks,
    Rule,
    Simple,
    Urn,
)
from .uniforms import Uniforms, choose


class AllocationError(ValueError):
    """A scheme that cannot be, or strata that do not fit it; the message is one line."""


@dataclass(frozen=True, slots=True)
class Factor:
    """A stratification or minimization factor and its levels."""

    id: str
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Allocation:
    """An arm, the stratum it was drawn in, and the number before it in that stratum."""

    arm: str
    stratum: str
    index: int


class Tally:
    """What a scheme needs to know of the past: how many per arm, by stratum and by factor level."""

    __slots__ = ("_cells", "_margins", "_scheme", "_total")

    def __init__(self, scheme: Scheme) -> None:
        self._scheme = scheme
        self._cells: dict[str, list[int]] = {}
        self._margins: dict[tuple[str, str], list[int]] = {}
        self._total = 0

    def add(self, strata: Mapping[str, str], arm: str) -> None:
        """Count one allocation."""
        scheme = self._scheme
        stratum, at = scheme.stratum(strata), scheme.arm_ids.index(arm)
        self._counts(self._cells, stratum)[at] += 1
        for factor in scheme.factors:
            self._counts(self._margins, (factor.id, strata[factor.id]))[at] += 1
        self._total += 1

    def _counts(self, counts: dict[Any, list[int]], key: Any) -> list[int]:
        return counts.setdefault(key, [0] * len(self._scheme.arms))

    @property
    def total(self) -> int:
        """All allocations so far."""
        return self._total

    def in_stratum(self, stratum: str) -> Counts:
        """Allocations so far in the stratum, by arm in the scheme's order."""
        return tuple(self._cells.get(stratum, (0,) * len(self._scheme.arms)))

    def margins(self, strata: Mapping[str, str]) -> tuple[Counts, ...]:
        """For each factor the allocations so far at this participant's level, by arm."""
        empty = (0,) * len(self._scheme.arms)
        return tuple(
            tuple(self._margins.get((factor.id, strata[factor.id]), empty))
            for factor in self._scheme.factors
        )


@dataclass(frozen=True, slots=True)
class Scheme:
    """Arms with their integer ratio in order, factors in order, and the rule."""

    arms: tuple[tuple[str, int], ...]
    factors: tuple[Factor, ...]
    rule: Rule

    def __post_init__(self) -> None:
        if len(self.arms) < 2:
            raise AllocationError("randomization needs two arms at least")
        if any(ratio < 1 for _, ratio in self.arms):
            raise AllocationError("each arm's share in the ratio is a whole number from 1")
        for factor in self.factors:
            for level in factor.levels:
                if "|" in level or "=" in level:
                    raise AllocationError(
                        f"factor {factor.id}: the level {level!r} may not contain | or ="
                    )
        try:
            self.rule.check(self.ratio, tuple(factor.id for factor in self.factors))
        except ValueError as error:
            raise AllocationError(str(error)) from None

    @property
    def arm_ids(self) -> tuple[str, ...]:
        """The arms' ids in order."""
        return tuple(arm for arm, _ in self.arms)

    @property
    def ratio(self) -> tuple[int, ...]:
        """The arms' shares in order."""
        return tuple(ratio for _, ratio in self.arms)

    def stratum(self, strata: Mapping[str, str]) -> str:
        """The stratum's name, `factor=level` joined by bars in the scheme's order.

        Raises `AllocationError` for a missing factor, one too many, or an unknown level.
        """
        unknown = set(strata) - {factor.id for factor in self.factors}
        if unknown:
            raise AllocationError(f"no factor of this scheme: {', '.join(sorted(unknown))}")
        parts = []
        for factor in self.factors:
            level = strata.get(factor.id)
            if level not in factor.levels:
                raise AllocationError(
                    f"factor {factor.id}: {level!r} is not one of {', '.join(factor.levels)}"
                )
            parts.append(f"{factor.id}={level}")
        return "|".join(parts)

    def as_document(self) -> dict[str, Any]:
        """The scheme as it is committed to: flat JSON, numbers with decimals as strings."""
        rule = {
            name: _plain(value) for name, value in asdict(self.rule).items() if value is not None
        }
        return {
            "arms": [{"arm": arm, "ratio": ratio} for arm, ratio in self.arms],
            "factors": [{"id": f.id, "levels": list(f.levels)} for f in self.factors],
            "rule": {"type": self.rule.type, **rule},
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


_RULES: dict[str, type[Rule]] = {
    rule.type: rule for rule in (Simple, PermutedBlocks, Minimization, BiasedCoin, Urn)
}


def scheme_from_document(given: Mapping[str, Any]) -> Scheme:
    """The scheme that `Scheme.as_document` wrote; `AllocationError` where it is none."""
    try:
        arms = tuple((arm["arm"], int(arm["ratio"])) for arm in given["arms"])
        factors = tuple(Factor(f["id"], tuple(f["levels"])) for f in given["factors"])
        fields = dict(given["rule"])
        rule = _RULES[fields.pop("type")].from_document(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise AllocationError(f"this is no randomization scheme: {error!r}") from None
    return Scheme(arms, factors, rule)


def scheme_of(randomization: document.Randomization) -> Scheme:
    """The scheme a protocol declares."""
    declared = randomization.scheme
    rule: Rule
    if isinstance(declared, document.PermutedBlocks):
        rule = PermutedBlocks(tuple(declared.sizes))
    elif isinstance(declared, document.Minimization):
        rule = Minimization(
            probability=Fraction(declared.probability),
            measure=declared.measure,
            weights={name: Fraction(weight) for name, weight in declared.weights.items()},
            coin=declared.coin,
        )
    elif isinstance(declared, document.BiasedCoin):
        rule = BiasedCoin(Fraction(declared.probability))
    elif isinstance(declared, document.Urn):
        rule = Urn(declared.alpha, declared.beta)
    else:
        rule = Simple()
    return Scheme(
        arms=tuple(randomization.ratio.items()),
        factors=tuple(Factor(f.id, tuple(f.levels)) for f in randomization.strata),
        rule=rule,
    )


def next_allocation(
    scheme: Scheme, tally: Tally, strata: Mapping[str, str], uniforms: Uniforms
) -> Allocation:
    """The next allocation for a participant with these strata. Nothing is changed; see `Tally.add`.

    Permuted blocks draw from a list per stratum that depends on the seed alone; the other rules
    draw once per allocation, in the stratum or, for minimization, over the whole trial.
    """
    stratum = scheme.stratum(strata)
    rule = scheme.rule
    if isinstance(rule, PermutedBlocks):
        index = sum(tally.in_stratum(stratum))
        arm = rule.arm_at(index, scheme.ratio, stratum, uniforms)
        return Allocation(scheme.arm_ids[arm], stratum, index)
    if isinstance(rule, Minimization):
        index, place = tally.total, ""
        probabilities = rule.probabilities(
            scheme.ratio, tally.margins(strata), tuple(f.id for f in scheme.factors)
        )
    else:
        assert isinstance(rule, CountingRule)
        counts = tally.in_stratum(stratum)
        index, place = sum(counts), stratum
        probabilities = rule.probabilities(scheme.ratio, counts)
    arm = choose(uniforms.draw(place, index), probabilities)
    return Allocation(scheme.arm_ids[arm], stratum, index)

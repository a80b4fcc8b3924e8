"""The rules: for a state of the trial, the probability of each arm, exactly.

Counts are numbers of allocations by arm, in the scheme's order. Probabilities are fractions, so
that no rule depends on a platform's arithmetic.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

from .uniforms import Uniforms, below

Counts = tuple[int, ...]
Probabilities = tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Base of the rules."""

    type: ClassVar[str]

    def check(self, ratio: Counts, factors: tuple[str, ...]) -> None:
        """Raise `ValueError` where the rule cannot serve these arms and factors."""

    @classmethod
    def from_document(cls, fields: Mapping[str, Any]) -> Self:
        """The rule from its committed form."""
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class CountingRule(Rule, ABC):
    """A rule that looks at the counts by arm in the stratum."""

    @abstractmethod
    def probabilities(self, ratio: Counts, counts: Counts) -> Probabilities:
        """The probability of each arm for the next participant."""


def _shares(ratio: Counts) -> Probabilities:
    total = sum(ratio)
    return tuple(Fraction(share, total) for share in ratio)


@dataclass(frozen=True, slots=True)
class Simple(CountingRule):
    """Independent draws in the given ratio."""

    type = "simple"

    def probabilities(self, ratio: Counts, counts: Counts) -> Probabilities:
        """The ratio, whatever came before."""
        return _shares(ratio)


@dataclass(frozen=True, slots=True)
class PermutedBlocks(Rule):
    """Blocks of random size, each holding the arms in their ratio in random order.

    Block b (from 0) of a stratum with stride S = largest size + 1 uses the draws from index b * S:
    the first chooses the size among `sizes` (in the order given); then the arms, in the
    scheme's order and each as often as its share, are shuffled by Fisher and Yates from the end:
    for i = size - 1 down to 1 the draw at offset size - i exchanges place i with a place below
    i + 1.
    """

    sizes: tuple[int, ...]
    type = "permuted_blocks"

    def check(self, ratio: Counts, factors: tuple[str, ...]) -> None:
        """Every size must hold the ratio a whole number of times."""
        if not self.sizes:
            raise ValueError("permuted blocks need a block size")
        for size in self.sizes:
            if size < 1 or size % sum(ratio):
                raise ValueError(
                    f"a block of {size} does not hold the ratio {':'.join(map(str, ratio))};"
                    f" use a multiple of {sum(ratio)}"
                )

    def block(self, number: int, ratio: Counts, stratum: str, uniforms: Uniforms) -> Counts:
        """The arms (as indices) of one block of a stratum."""
        return _block(self, number, ratio, stratum, uniforms)

    def _shuffled(self, number: int, ratio: Counts, stratum: str, uniforms: Uniforms) -> Counts:
        first = number * (max(self.sizes) + 1)
        size = self.sizes[below(uniforms.draw(stratum, first), len(self.sizes))]
        times = size // sum(ratio)
        places = [arm for arm, share in enumerate(ratio) for _ in range(share * times)]
        for i in range(size - 1, 0, -1):
            j = below(uniforms.draw(stratum, first + size - i), i + 1)
            places[i], places[j] = places[j], places[i]
        return tuple(places)

    def arm_at(self, index: int, ratio: Counts, stratum: str, uniforms: Uniforms) -> int:
        """The arm at a place (from 0) of the stratum's list."""
        # no block is longer than the longest: the place does not lie before this stretch of blocks
        stretch = index // (max(self.sizes) * _STRETCH)
        number = stretch * _STRETCH
        index -= _places_before(self, stretch, ratio, stratum, uniforms)
        while True:
            block = self.block(number, ratio, stratum, uniforms)
            if index < len(block):
                return block[index]
            index -= len(block)
            number += 1

    @classmethod
    def from_document(cls, fields: Mapping[str, Any]) -> Self:
        """The rule from its committed form."""
        return cls(tuple(int(size) for size in fields["sizes"]))


@lru_cache(maxsize=8192)
def _block(
    rule: PermutedBlocks, number: int, ratio: Counts, stratum: str, uniforms: Uniforms
) -> Counts:
    """A block, made once: who asks for a later place of the list passes by blocks before it."""
    return rule._shuffled(number, ratio, stratum, uniforms)


_STRETCH = 64
"""Blocks whose places are counted together, so that a long list is not gone through for each of its places."""


@lru_cache(maxsize=8192)
def _places_before(
    rule: PermutedBlocks, stretch: int, ratio: Counts, stratum: str, uniforms: Uniforms
) -> int:
    """Places of the stratum's list before a stretch (from 0) of blocks."""
    if stretch == 0:
        return 0
    before = _places_before(rule, stretch - 1, ratio, stratum, uniforms)
    first = (stretch - 1) * _STRETCH
    blocks = range(first, first + _STRETCH)
    return before + sum(len(rule.block(one, ratio, stratum, uniforms)) for one in blocks)


@dataclass(frozen=True, slots=True)
class BiasedCoin(CountingRule):
    """Efron's biased coin (Biometrika 1971;58:403): two arms, 1:1.

    The arm that is behind is allocated with `probability`, either with 1/2 when even.
    """

    probability: Fraction = Fraction(2, 3)
    type = "biased_coin"

    def check(self, ratio: Counts, factors: tuple[str, ...]) -> None:
        """Two arms in equal shares; a probability from 1/2 to 1."""
        if len(ratio) != 2 or ratio[0] != ratio[1]:
            raise ValueError("the biased coin is for two arms in the ratio 1:1")
        _check_probability(self.probability, Fraction(1, 2))

    def probabilities(self, ratio: Counts, counts: Counts) -> Probabilities:
        """From the difference of the two counts."""
        if counts[0] == counts[1]:
            return Fraction(1, 2), Fraction(1, 2)
        ahead = 1 - self.probability
        return (self.probability, ahead) if counts[0] < counts[1] else (ahead, self.probability)

    @classmethod
    def from_document(cls, fields: Mapping[str, Any]) -> Self:
        """The rule from its committed form."""
        return cls(Fraction(fields["probability"]))


@dataclass(frozen=True, slots=True)
class Urn(CountingRule):
    """Wei's urn UD(alpha, beta) (JASA 1978;73:559), for any number of arms in equal shares.

    The urn begins with `alpha` balls for each arm; a ball is drawn and put back with `beta` balls
    for each of the other arms. An empty urn (alpha 0) gives equal chances.
    """

    alpha: int = 0
    beta: int = 1
    type = "urn"

    def check(self, ratio: Counts, factors: tuple[str, ...]) -> None:
        """Equal shares; balls that are not negative, and some that are added."""
        if len(set(ratio)) != 1:
            raise ValueError("the urn is for arms in equal shares")
        if self.alpha < 0 or self.beta < 1:
            raise ValueError("the urn needs alpha from 0 and beta from 1")

    def probabilities(self, ratio: Counts, counts: Counts) -> Probabilities:
        """Each arm's share of the balls."""
        total = sum(counts)
        balls = [self.alpha + self.beta * (total - count) for count in counts]
        if not any(balls):
            return _shares(ratio)
        return tuple(Fraction(ball, sum(balls)) for ball in balls)


Measure = Literal["range", "variance"]


@dataclass(frozen=True, slots=True)
class Minimization(Rule):
    """Pocock and Simon's minimization (Biometrics 1975;31:103) with a biased coin.

    For each arm in turn the participant is added to it, and G is the sum over factors of weight
    times the imbalance of the counts at the participant's levels, counts divided by the arm's
    share. `coin` `best`: the arm with the least G is preferred with `probability` for the arm of
    the smallest share; with unequal shares the others' high and low probabilities follow Han,
    Enas and McEntegart (Statistics in Medicine 2009;28:3329), which keeps the ratio. `coin`
    `rank`: the arm of rank k by G gets q - 2 (N q - 1) k / (N (N + 1)), q = `probability`, for N
    arms in equal shares. Tied arms stand in every order with equal chances.
    """

    probability: Fraction = Fraction(4, 5)
    measure: Measure = "range"
    weights: Mapping[str, Fraction] = field(default_factory=dict)
    coin: Literal["best", "rank"] = "best"
    type = "minimization"

    def check(self, ratio: Counts, factors: tuple[str, ...]) -> None:
        """A factor at least, weights of known factors, and a probability that prefers."""
        if not factors:
            raise ValueError("minimization needs a factor to balance on")
        unknown = sorted(set(self.weights) - set(factors))
        if unknown:
            raise ValueError(
                f"a weight is given for no factor of this scheme: {', '.join(unknown)}"
            )
        if any(weight < 0 for weight in self.weights.values()):
            raise ValueError("weights are not negative")
        if self.measure not in ("range", "variance") or self.coin not in ("best", "rank"):
            raise ValueError(f"unknown measure or coin: {self.measure}, {self.coin}")
        if self.coin == "best":
            _check_probability(self.probability, Fraction(min(ratio), sum(ratio)))
            return
        arms = len(ratio)
        if len(set(ratio)) != 1:
            raise ValueError("the coin by rank is for arms in equal shares")
        if not Fraction(1, arms) <= self.probability <= Fraction(2, arms - 1):
            raise ValueError(f"for {arms} arms by rank q lies from 1/{arms} to 2/{arms - 1}")

    def imbalances(
        self, ratio: Counts, margins: tuple[Counts, ...], factors: tuple[str, ...]
    ) -> Probabilities:
        """G by arm: the weighted imbalance if the participant were added to that arm."""
        totals = []
        for arm in range(len(ratio)):
            total = Fraction(0)
            for factor, counts in zip(factors, margins, strict=True):
                weight = self.weights.get(factor, Fraction(1))
                total += weight * _imbalance_with(counts, arm, ratio, self.measure)
            totals.append(total)
        return tuple(totals)

    def probabilities(
        self, ratio: Counts, margins: tuple[Counts, ...], factors: tuple[str, ...]
    ) -> Probabilities:
        """From the margins at the participant's levels, one tuple of counts per factor."""
        totals = self.imbalances(ratio, margins, factors)
        if self.coin == "rank":
            return by_rank(totals, self.probability)
        least = min(totals)
        tied = [arm for arm, total in enumerate(totals) if total == least]
        # Ties are broken in the ratio, so that an empty trial allocates in it.
        weight = sum(ratio[arm] for arm in tied)
        mixed = [Fraction(0)] * len(ratio)
        for arm in tied:
            for other, p in enumerate(preferring(arm, ratio, self.probability)):
                mixed[other] += Fraction(ratio[arm], weight) * p
        return tuple(mixed)

    def highest(self, ratio: Counts) -> Fraction:
        """The highest probability any arm can have."""
        if self.coin == "rank":
            return max(by_rank(tuple(map(Fraction, range(len(ratio)))), self.probability))
        return max(max(preferring(a, ratio, self.probability)) for a in range(len(ratio)))

    @classmethod
    def from_document(cls, fields: Mapping[str, Any]) -> Self:
        """The rule from its committed form."""
        return cls(
            Fraction(fields["probability"]),
            fields["measure"],
            {name: Fraction(weight) for name, weight in fields["weights"].items()},
            fields["coin"],
        )


@lru_cache(maxsize=65536)
def _imbalance_with(counts: Counts, arm: int, ratio: Counts, measure: Measure) -> Fraction:
    """The imbalance of counts divided by shares, one more being added to an arm; the same counts come again and again."""
    after = [Fraction(count + (other == arm), ratio[other]) for other, count in enumerate(counts)]
    return imbalance(after, measure)


def imbalance(counts: list[Fraction], measure: Measure) -> Fraction:
    """The range, or the sample variance (divisor N - 1), of counts."""
    if measure == "range":
        return max(counts) - min(counts)
    mean = sum(counts, Fraction(0)) / len(counts)
    return sum(((count - mean) ** 2 for count in counts), Fraction(0)) / (len(counts) - 1)


@lru_cache(maxsize=256)
def preferring(arm: int, ratio: Counts, probability: Fraction) -> Probabilities:
    """Probabilities when `arm` is preferred (Han, Enas and McEntegart 2009).

    `probability` is that of the arm with the smallest share when it is preferred.
    """
    smallest = min(ratio)
    others = sum(ratio) - ratio[arm]
    high = 1 - (1 - probability) * Fraction(others, sum(ratio) - smallest)
    return tuple(
        high if other == arm else (1 - high) * Fraction(share, others)
        for other, share in enumerate(ratio)
    )


def marginal_sums(margins: Sequence[Counts]) -> tuple[int, ...]:
    """By arm: how many already hold the participant's levels, summed over the factors (Pocock, Clinical Trials,
    1983, chapter 5). With two equal arms and equal weights the arm with the smaller sum is the one that
    minimization by range prefers."""
    return tuple(sum(counts) for counts in zip(*margins, strict=True))


def by_rank(totals: Probabilities, q: Fraction) -> Probabilities:
    """Pocock and Simon's probabilities by rank of G; tied arms share those of their ranks."""
    arms = len(totals)
    ordered = [q - 2 * (arms * q - 1) * Fraction(k, arms * (arms + 1)) for k in range(1, arms + 1)]
    probabilities = []
    for total in totals:
        lower = sum(other < total for other in totals)
        ties = sum(other == total for other in totals)
        probabilities.append(sum(ordered[lower : lower + ties], Fraction(0)) / ties)
    return tuple(probabilities)


def _check_probability(probability: Fraction, least: Fraction) -> None:
    if not least <= probability <= 1:
        raise ValueError(f"the probability {float(probability)} lies outside {float(least)} to 1")

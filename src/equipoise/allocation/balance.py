"""How far two arms come apart under a rule, exactly: what balance costs, and what it buys.

The figures in which rules of randomization are compared: the distribution of the difference between two arms after
so many participants, and the number of sequences that a block can hold.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from .rules import CountingRule, Counts, PermutedBlocks


@dataclass(frozen=True, slots=True)
class Imbalance:
    """The first of two arms less the second, D, after so many participants: each difference with its probability."""

    participants: int
    chances: Mapping[int, Fraction]

    @property
    def even(self) -> float:
        """P(D = 0)."""
        return float(self.chances.get(0, Fraction(0)))

    @property
    def mean_absolute(self) -> float:
        """E|D|."""
        return float(sum(weight * abs(d) for d, weight in self.chances.items()))

    @property
    def mean_square(self) -> float:
        """E[D²]: the variance, since neither arm is preferred in the mean."""
        return float(sum(weight * d * d for d, weight in self.chances.items()))


def imbalance_after(rule: CountingRule | PermutedBlocks, participants: int) -> Imbalance:
    """The difference of two arms in the ratio 1:1 after `participants` of one stratum, enumerated.

    For `Simple`, `BiasedCoin` (Efron), `Urn` (Wei) and `PermutedBlocks` of one size; ValueError for a rule that cannot
    serve two equal arms.
    """
    if participants != int(participants) or participants < 0:
        raise ValueError(f"participants {participants}: give a whole number from 0 on")
    ratio: Counts = (1, 1)
    rule.check(ratio, ())
    if isinstance(rule, PermutedBlocks) and len(rule.sizes) != 1:
        raise ValueError("blocks of several sizes: give one size")
    states: dict[int, Fraction] = {0: Fraction(1)}
    for before in range(int(participants)):
        later: dict[int, Fraction] = defaultdict(Fraction)
        for difference, weight in states.items():
            to_first = _chance_of_first(rule, before, difference)
            if to_first:
                later[difference + 1] += weight * to_first
            if to_first < 1:
                later[difference - 1] += weight * (1 - to_first)
        states = later
    return Imbalance(int(participants), dict(sorted(states.items())))


def _chance_of_first(rule: CountingRule | PermutedBlocks, before: int, difference: int) -> Fraction:
    """The first arm's chance, after `before` participants of whom it has `difference` more than the second."""
    if isinstance(rule, CountingRule):
        first = (before + difference) // 2
        return rule.probabilities((1, 1), (first, before - first))[0]
    size = rule.sizes[0]
    # every block closes even, so that the difference is that of the open one
    used = before % size
    return Fraction(size // 2 - (used + difference) // 2, size - used)


def block_sequences(size: int, ratio: Counts = (1, 1)) -> int:
    """How many different sequences a permuted block of `size` can hold; ValueError where it does not hold the ratio."""
    PermutedBlocks((size,)).check(ratio, ())
    times = size // sum(ratio)
    sequences = math.factorial(size)
    for share in ratio:
        sequences //= math.factorial(share * times)
    return sequences

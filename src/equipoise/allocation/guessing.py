"""How well the next allocation can be guessed: the price of balance in an open trial.

The guesser knows the scheme, every earlier allocation and where a block ends, and names the arm that
is most probable now, at random where several are. The figure is the expected proportion of right
guesses. For arms in equal shares this is the convergence strategy of Blackwell and Hodges (Annals of
Mathematical Statistics 1957;28:449): guess the arm that is behind. With unequal shares that strategy
falls short of always naming the arm with the largest share, so it would flatter the scheme.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction

from .rules import CountingRule, Counts, Minimization, PermutedBlocks
from .scheme import Scheme


@dataclass(frozen=True, slots=True)
class Guessing:
    """The expected proportion of right guesses, and whether it is exact or only an upper bound."""

    proportion: Fraction
    bound: bool


def right_in_block(size: int, ratio: Counts) -> Fraction:
    """The expected number of right guesses in one permuted block."""
    times = size // sum(ratio)
    supply = tuple(share * times for share in ratio)
    states: dict[Counts, Fraction] = {(0,) * len(ratio): Fraction(1)}
    right = Fraction(0)
    for used in range(size):
        later: dict[Counts, Fraction] = defaultdict(Fraction)
        for counts, weight in states.items():
            left = [s - c for s, c in zip(supply, counts, strict=True)]
            right += weight * Fraction(max(left), size - used)
            for arm, places in enumerate(left):
                if places:
                    later[_plus(counts, arm)] += weight * Fraction(places, size - used)
        states = later
    return right


def _plus(counts: Counts, arm: int) -> Counts:
    return (*counts[:arm], counts[arm] + 1, *counts[arm + 1 :])


def _by_counts(rule: CountingRule, ratio: Counts, participants: int) -> Fraction:
    states: dict[Counts, Fraction] = {(0,) * len(ratio): Fraction(1)}
    right = Fraction(0)
    for _ in range(participants):
        later: dict[Counts, Fraction] = defaultdict(Fraction)
        for counts, weight in states.items():
            probabilities = rule.probabilities(ratio, counts)
            right += weight * max(probabilities)
            for arm, p in enumerate(probabilities):
                if p:
                    later[_plus(counts, arm)] += weight * p
        states = later
    return right / participants


def guessing_probability(scheme: Scheme, participants: int) -> Guessing:
    """The expected proportion of right guesses, in one stratum of so many participants.

    For permuted blocks it is the long-run proportion over whole blocks and does not depend on the
    number; it is a bound where shares are unequal and sizes vary, since only who knows the size of the
    open block can guess so well. For minimization it is the preferred arm's probability: nobody, however well he
    knows the state of the trial, guesses better.
    """
    rule, ratio = scheme.rule, scheme.ratio
    if isinstance(rule, PermutedBlocks):
        right = sum((right_in_block(size, ratio) for size in rule.sizes), Fraction(0))
        varied = len(rule.sizes) > 1 and len(set(ratio)) > 1
        return Guessing(right / sum(rule.sizes), bound=varied)
    if isinstance(rule, Minimization):
        return Guessing(rule.highest(ratio), bound=True)
    assert isinstance(rule, CountingRule)
    return Guessing(_by_counts(rule, ratio, participants), bound=False)

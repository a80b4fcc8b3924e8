"""The rules of randomization give the published figures (`randomization.csv` names their sources)."""

from __future__ import annotations

import csv
import itertools
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

from equipoise.allocation.guessing import guessing_probability
from equipoise.allocation.rules import (
    BiasedCoin,
    CountingRule,
    Minimization,
    PermutedBlocks,
    Urn,
    by_rank,
    imbalance,
    marginal_sums,
)
from equipoise.allocation.scheme import Scheme

with Path(__file__).with_name("randomization.csv").open(encoding="utf-8", newline="") as file:
    ROWS = {row["id"]: row for row in csv.DictReader(file)}

PARTICIPANTS = {"A": 0, "B": 1, "C": 2}
MARGINS = ((9, 10, 9), (9, 11, 9), (4, 5, 3))
FACTORS = ("f1", "f2", "f3")
EQUAL = (1, 1, 1)


def minimization(measure: str, probability: Fraction = Fraction(2, 3)) -> Minimization:
    weights = {"f1": Fraction(2), "f2": Fraction(1), "f3": Fraction(1)}
    return Minimization(probability, measure, weights)  # type: ignore[arg-type]


def difference_after(rule: CountingRule, n: int) -> dict[int, Fraction]:
    """The exact distribution of the difference of two arms after n participants."""
    states: dict[tuple[int, int], Fraction] = {(0, 0): Fraction(1)}
    for _ in range(n):
        later: dict[tuple[int, int], Fraction] = defaultdict(Fraction)
        for (a, b), weight in states.items():
            to_a, to_b = rule.probabilities((1, 1), (a, b))
            later[a + 1, b] += weight * to_a
            later[a, b + 1] += weight * to_b
        states = later
    differences: dict[int, Fraction] = defaultdict(Fraction)
    for (a, b), weight in states.items():
        differences[a - b] += weight
    return differences


def expected_difference(rule: CountingRule, n: int, power: int) -> float:
    return float(sum(w * abs(d) ** power for d, w in difference_after(rule, n).items()))


def blocks(size: int) -> Scheme:
    return Scheme((("a", 1), ("b", 1)), (), PermutedBlocks((size,)))


def sequences(size: int) -> int:
    return len(set(itertools.permutations("ab" * (size // 2))))


FIGURES = {
    "bcd_100_absD": lambda: expected_difference(BiasedCoin(), 100, 1),
    "bcd_10_absD": lambda: expected_difference(BiasedCoin(), 10, 1),
    "bcd_10_p0": lambda: float(difference_after(BiasedCoin(), 10)[0]),
    "bcd_10_var": lambda: expected_difference(BiasedCoin(), 10, 2),
    "bcd_20_p0": lambda: float(difference_after(BiasedCoin(), 20)[0]),
    "bcd_20_var": lambda: expected_difference(BiasedCoin(), 20, 2),
    "han2009_range": lambda: float(imbalance([Fraction(n) for n in (41, 47, 45)], "range")),
    "han2009_var": lambda: float(imbalance([Fraction(n) for n in (41, 47, 45)], "variance")),
    "pb2_guess": lambda: float(guessing_probability(blocks(2), 100).proportion),
    "pb8_guess": lambda: float(guessing_probability(blocks(8), 100).proportion),
    "ps1983_min_A": lambda: float(marginal_sums([(30, 31), (18, 17), (9, 8), (19, 21)])[0]),
    "ps1975_G_A": lambda: float(minimization("range").imbalances(EQUAL, MARGINS, FACTORS)[0]),
    "ps1975_G_B": lambda: float(minimization("range").imbalances(EQUAL, MARGINS, FACTORS)[1]),
    "ps1975_Gvar_B": lambda: float(minimization("variance").imbalances(EQUAL, MARGINS, FACTORS)[1]),
    "ps1975_Gvar_C": lambda: float(minimization("variance").imbalances(EQUAL, MARGINS, FACTORS)[2]),
    "ps1975_p_B": lambda: float(minimization("range").probabilities(EQUAL, MARGINS, FACTORS)[1]),
    "ps1975_p_C": lambda: float(minimization("range").probabilities(EQUAL, MARGINS, FACTORS)[2]),
    "ps1975_rank_1": lambda: float(by_rank(tuple(map(Fraction, (3, 5, 4, 7))), Fraction(1, 2))[0]),
    "ps1975_rank_3": lambda: float(by_rank(tuple(map(Fraction, (3, 5, 4, 7))), Fraction(1, 2))[2]),
    "urn01_10_var": lambda: expected_difference(Urn(0, 1), 10, 2),
    "urn01_50_var": lambda: expected_difference(Urn(0, 1), 50, 2),
}


@pytest.mark.parametrize("name", FIGURES)
def test_the_published_figure_comes_out(name: str) -> None:
    row = ROWS[name]
    assert FIGURES[name]() == pytest.approx(
        float(row["expected"]), abs=float(row["tolerance"]) or 1e-12
    )


@pytest.mark.parametrize(("size", "name"), [(4, "pb4_nseq"), (8, "pb8_nseq")])
def test_every_sequence_of_a_block_occurs_and_no_other(size: int, name: str) -> None:
    """Over many strata each of the sequences is drawn, about equally often."""
    from equipoise.allocation.uniforms import HmacUniforms

    rule, drawn = PermutedBlocks((size,)), defaultdict(int)
    uniforms = HmacUniforms(b"reference")
    draws = 4000
    for number in range(draws):
        drawn[rule.block(number, (1, 1), "", uniforms)] += 1
    expected = int(ROWS[name]["expected"])
    assert len(drawn) == expected
    chi_squared = sum((n - draws / expected) ** 2 / (draws / expected) for n in drawn.values())
    # The 99.99 % quantiles of chi-squared with 5 and 69 degrees of freedom.
    assert chi_squared < {6: 25.74, 70: 121.0}[expected]


def test_every_row_of_the_file_is_used() -> None:
    used = {*FIGURES, "pb4_nseq", "pb8_nseq"}
    assert used == set(ROWS)


def test_two_equal_arms_are_minimized_by_their_marginal_sums():
    """Pocock's simple rule and minimization by range prefer the same arm, or neither."""
    rule = Minimization(Fraction(2, 3), "range", {})
    for counts in itertools.product(range(4), repeat=4):
        margins = (counts[:2], counts[2:])
        sums = marginal_sums(margins)
        to_first, to_second = rule.imbalances((1, 1), margins, ("f1", "f2"))
        balanced = abs(sums[0] - sums[1]) == 0
        if balanced:
            assert to_first == to_second
        same_sign = (counts[0] - counts[1]) * (counts[2] - counts[3]) >= 0
        if same_sign and not balanced:
            assert (to_first < to_second) == (sums[0] < sums[1])

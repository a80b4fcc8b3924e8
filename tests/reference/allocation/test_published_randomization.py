"""The rules of randomization give the published figures (`randomization.csv` names their sources)."""

from __future__ import annotations

import csv
import itertools
import math
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest

from equipoise.design import (
    BiasedCoin,
    Minimization,
    PermutedBlocks,
    Scheme,
    Simple,
    Urn,
    block_sequences,
    by_rank,
    guessing_probability,
    imbalance,
    imbalance_after,
    marginal_sums,
)

with Path(__file__).with_name("randomization.csv").open(encoding="utf-8", newline="") as file:
    ROWS = {row["id"]: row for row in csv.DictReader(file)}

PARTICIPANTS = {"A": 0, "B": 1, "C": 2}
MARGINS = ((9, 10, 9), (9, 11, 9), (4, 5, 3))
FACTORS = ("f1", "f2", "f3")
EQUAL = (1, 1, 1)


def minimization(measure: str, probability: Fraction = Fraction(2, 3)) -> Minimization:
    weights = {"f1": Fraction(2), "f2": Fraction(1), "f3": Fraction(1)}
    return Minimization(probability, measure, weights)  # type: ignore[arg-type]


def blocks(size: int) -> Scheme:
    return Scheme((("a", 1), ("b", 1)), (), PermutedBlocks((size,)))


FIGURES = {
    "bcd_100_absD": lambda: imbalance_after(BiasedCoin(), 100).mean_absolute,
    "bcd_10_absD": lambda: imbalance_after(BiasedCoin(), 10).mean_absolute,
    "bcd_10_p0": lambda: imbalance_after(BiasedCoin(), 10).even,
    "bcd_10_var": lambda: imbalance_after(BiasedCoin(), 10).mean_square,
    "bcd_20_p0": lambda: imbalance_after(BiasedCoin(), 20).even,
    "bcd_20_var": lambda: imbalance_after(BiasedCoin(), 20).mean_square,
    "han2009_range": lambda: float(imbalance([Fraction(n) for n in (41, 47, 45)], "range")),
    "han2009_var": lambda: float(imbalance([Fraction(n) for n in (41, 47, 45)], "variance")),
    "pb2_guess": lambda: float(guessing_probability(blocks(2), 100).proportion),
    "pb8_guess": lambda: float(guessing_probability(blocks(8), 100).proportion),
    "pb4_nseq": lambda: block_sequences(4),
    "pb8_nseq": lambda: block_sequences(8),
    "ps1983_min_A": lambda: float(marginal_sums([(30, 31), (18, 17), (9, 8), (19, 21)])[0]),
    "ps1975_G_A": lambda: float(minimization("range").imbalances(EQUAL, MARGINS, FACTORS)[0]),
    "ps1975_G_B": lambda: float(minimization("range").imbalances(EQUAL, MARGINS, FACTORS)[1]),
    "ps1975_Gvar_B": lambda: float(minimization("variance").imbalances(EQUAL, MARGINS, FACTORS)[1]),
    "ps1975_Gvar_C": lambda: float(minimization("variance").imbalances(EQUAL, MARGINS, FACTORS)[2]),
    "ps1975_p_B": lambda: float(minimization("range").probabilities(EQUAL, MARGINS, FACTORS)[1]),
    "ps1975_p_C": lambda: float(minimization("range").probabilities(EQUAL, MARGINS, FACTORS)[2]),
    "ps1975_rank_1": lambda: float(by_rank(tuple(map(Fraction, (3, 5, 4, 7))), Fraction(1, 2))[0]),
    "ps1975_rank_3": lambda: float(by_rank(tuple(map(Fraction, (3, 5, 4, 7))), Fraction(1, 2))[2]),
    "urn01_10_var": lambda: imbalance_after(Urn(0, 1), 10).mean_square,
    "urn01_50_var": lambda: imbalance_after(Urn(0, 1), 50).mean_square,
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
    assert set(FIGURES) == set(ROWS)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 12])
def test_independent_draws_come_apart_as_a_random_walk(n: int) -> None:
    """Simple randomization: D = 2·Bin(n, 1/2) − n; its second moment is n."""
    found = imbalance_after(Simple(), n)
    expected = {2 * k - n: Fraction(math.comb(n, k), 2**n) for k in range(n + 1)}
    assert found.chances == expected
    assert found.mean_square == n


@pytest.mark.parametrize("size", [2, 4, 6])
def test_blocks_close_even_and_come_apart_as_their_sequences_say(size: int) -> None:
    sequences = set(itertools.permutations((1,) * (size // 2) + (-1,) * (size // 2)))
    assert block_sequences(size) == len(sequences)
    for n in range(size + 1):
        among: dict[int, Fraction] = defaultdict(Fraction)
        for one in sequences:
            among[sum(one[:n])] += Fraction(1, len(sequences))
        for after in (n, n + size, n + 3 * size):
            assert imbalance_after(PermutedBlocks((size,)), after).chances == among
    assert imbalance_after(PermutedBlocks((size,)), 5 * size).even == 1


def test_a_block_of_unequal_shares_holds_its_sequences() -> None:
    assert block_sequences(6, (2, 1)) == 15
    assert block_sequences(6, (1, 1, 1)) == 90


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: imbalance_after(BiasedCoin(), -1), "whole number"),
        (lambda: imbalance_after(PermutedBlocks((3,)), 4), "does not hold"),
        (lambda: imbalance_after(PermutedBlocks((4, 6)), 4), "one size"),
        (lambda: imbalance_after(BiasedCoin(Fraction(1, 3)), 4), "lies outside"),
        (lambda: block_sequences(4, (2, 1)), "multiple of 3"),
    ],
)
def test_what_no_two_arms_can_have_is_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


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

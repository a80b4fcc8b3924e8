"""Schemes and groups of people for property tests: every rule, ratio and order of arrival."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from equipoise.allocation.rules import BiasedCoin, Minimization, PermutedBlocks, Rule, Simple, Urn
from equipoise.allocation.scheme import Factor, Scheme

SITE = Factor("site", ("01", "02", "03"))
SEX = Factor("sex", ("female", "male"))
ratios = st.lists(st.integers(1, 3), min_size=2, max_size=4).map(tuple)
seeds = st.binary(min_size=32, max_size=32)
people = st.lists(st.tuples(st.sampled_from(SITE.levels), st.sampled_from(SEX.levels)), max_size=80)


def scheme_for(rule: Rule, ratio: tuple[int, ...]) -> Scheme:
    return Scheme(tuple(zip("abcd", ratio, strict=False)), (SITE, SEX), rule)


def named(group: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"site": site, "sex": sex} for site, sex in group]


@st.composite
def any_scheme(draw: st.DrawFn) -> Scheme:
    ratio: tuple[int, ...] = draw(ratios)
    equal, unit = len(set(ratio)) == 1, sum(ratio)
    rules: list[Any] = [Simple(), PermutedBlocks((unit, 2 * unit))]
    rules.append(Minimization(Fraction(4, 5), draw(st.sampled_from(["range", "variance"]))))
    if equal:
        rules += [Urn(0, 1), Urn(2, 3)]
        rules.append(Minimization(Fraction(1, 2), coin="rank"))
    if equal and len(ratio) == 2:
        rules.append(BiasedCoin())
    return scheme_for(draw(st.sampled_from(rules)), ratio)

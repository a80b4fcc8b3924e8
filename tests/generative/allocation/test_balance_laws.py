"""What each scheme promises of balance, whatever the ratio, the strata and the seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.allocation.guessing import guessing_probability, right_in_block
from equipoise.allocation.rules import BiasedCoin, Minimization, PermutedBlocks, Urn
from equipoise.allocation.scheme import Scheme, Tally, next_allocation, scheme_from_document
from equipoise.allocation.uniforms import HmacUniforms
from support.schemes import any_scheme, named, people, ratios, scheme_for, seeds


def allocated(scheme: Scheme, strata: list[dict[str, str]], seed: bytes) -> list[tuple[str, str]]:
    """Stratum and arm of each, one after the other."""
    tally, given_out = Tally(scheme), []
    for one in strata:
        drawn = next_allocation(scheme, tally, one, HmacUniforms(seed))
        tally.add(one, drawn.arm)
        given_out.append((drawn.stratum, drawn.arm))
    return given_out


@settings(max_examples=60, deadline=None)
@given(ratio=ratios, multiples=st.sets(st.integers(1, 3), min_size=1), group=people, seed=seeds)
def test_in_permuted_blocks_no_stratum_strays_further_than_its_open_block(
    ratio: tuple[int, ...], multiples: set[int], group: list[tuple[str, str]], seed: bytes
) -> None:
    """Every block holds the ratio, so an arm is never further from its share than one block allows."""
    sizes = tuple(sum(ratio) * times for times in sorted(multiples))
    scheme = scheme_for(PermutedBlocks(sizes), ratio)
    lists = defaultdict(list)
    for stratum, arm in allocated(scheme, named(group), seed):
        lists[stratum].append(arm)
    for stratum, arms in lists.items():
        number, left = 0, list(arms)
        while left:
            block = scheme.rule.block(number, ratio, stratum, HmacUniforms(seed))  # type: ignore[attr-defined]
            counts = Counter(block)
            times = len(block) // sum(ratio)
            assert all(counts[arm] == share * times for arm, share in enumerate(ratio))
            taken = left[: len(block)]
            assert taken == [scheme.arm_ids[arm] for arm in block[: len(taken)]]
            left, number = left[len(block) :], number + 1


@settings(max_examples=40, deadline=None)
@given(group=people, seed=seeds, ratio=st.sampled_from([(1, 1), (1, 1, 1)]))
def test_minimization_that_always_prefers_keeps_every_margin_close(
    group: list[tuple[str, str]], seed: bytes, ratio: tuple[int, ...]
) -> None:
    """With probability 1 the sum over factors never lets one level run away (bound by search: 4)."""
    scheme = scheme_for(Minimization(Fraction(1)), ratio)
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for person, (_, arm) in zip(named(group), allocated(scheme, named(group), seed), strict=True):
        for factor, level in person.items():
            counts[factor, level][arm] += 1
            at = [counts[factor, level][name] for name in scheme.arm_ids]
            assert max(at) - min(at) <= 4


@settings(max_examples=60, deadline=None)
@given(seed=seeds, n=st.integers(1, 120))
def test_efrons_coin_stays_closer_than_tosses_would(seed: bytes, n: int) -> None:
    """A coin of probability 1 alternates around balance: the difference is never above one."""
    scheme = Scheme((("a", 1), ("b", 1)), (), BiasedCoin(Fraction(1)))
    arms = Counter()
    for _, arm in allocated(scheme, [{}] * n, seed):
        arms[arm] += 1
        assert abs(arms["a"] - arms["b"]) <= 1


@settings(max_examples=60, deadline=None)
@given(seed=seeds)
def test_weis_urn_without_balls_gives_the_second_place_to_the_other_arm(seed: bytes) -> None:
    """UD(0, 1): after the first, the urn holds balls of the other arm only."""
    scheme = Scheme((("a", 1), ("b", 1)), (), Urn(0, 1))
    first, second = (arm for _, arm in allocated(scheme, [{}] * 2, seed))
    assert first != second


@settings(max_examples=80, deadline=None)
@given(scheme=any_scheme(), group=people, seed=seeds)
def test_a_list_depends_on_scheme_seed_and_order_alone(
    scheme: Scheme, group: list[tuple[str, str]], seed: bytes
) -> None:
    """Read back from its committed form, the scheme gives the same list; and the ids are its own."""
    read = scheme_from_document(scheme.as_document())
    first = allocated(scheme, named(group), seed)
    assert read == scheme
    assert allocated(read, named(group), seed) == first
    assert {arm for _, arm in first} <= set(scheme.arm_ids)


@settings(max_examples=60, deadline=None)
@given(scheme=any_scheme())
def test_naming_the_largest_arm_each_time_never_beats_the_figure(scheme: Scheme) -> None:
    """The figure is what the best guesser reaches; and no scheme here is guessed with certainty."""
    figure = guessing_probability(scheme, 20)
    assert Fraction(max(scheme.ratio), sum(scheme.ratio)) <= figure.proportion < 1


@settings(max_examples=30, deadline=None)
@given(ratio=ratios, times=st.integers(1, 2))
def test_in_a_block_the_guesser_is_right_at_least_as_often_as_by_chance(
    ratio: tuple[int, ...], times: int
) -> None:
    size = sum(ratio) * times
    assert size * Fraction(max(ratio), sum(ratio)) <= right_in_block(size, ratio) <= size

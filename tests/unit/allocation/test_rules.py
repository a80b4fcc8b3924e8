"""Each rule by its definition: ratios, refusals, draws that anyone can make again."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from equipoise.allocation.commitment import commitment_hash
from equipoise.allocation.guessing import guessing_probability, right_in_block
from equipoise.allocation.rules import (
    BiasedCoin,
    Minimization,
    PermutedBlocks,
    Rule,
    Simple,
    Urn,
    by_rank,
    marginal_sums,
    preferring,
)
from equipoise.allocation.scheme import (
    AllocationError,
    Factor,
    Scheme,
    Tally,
    next_allocation,
    scheme_from_document,
    scheme_of,
)
from equipoise.allocation.uniforms import (
    HmacUniforms,
    PhiloxUniforms,
    Uniforms,
    below,
    choose,
    philox4x64,
    stratum_word,
)
from equipoise.protocol import document

SITE, CHEMO = Factor("site", ("01", "02")), Factor("chemo", ("true", "false"))


def scheme(rule: Rule, ratio: tuple[int, ...] = (1, 1), factors: tuple[Factor, ...] = ()) -> Scheme:
    return Scheme(tuple(zip("abcdef", ratio, strict=False)), factors, rule)


def allocate(chosen: Scheme, strata: list[dict[str, str]], uniforms: Uniforms) -> list[str]:
    tally, arms = Tally(chosen), []
    for one in strata:
        drawn = next_allocation(chosen, tally, one, uniforms)
        tally.add(one, drawn.arm)
        arms.append(drawn.arm)
    return arms


# Draws


def test_a_real_trials_draw_is_an_hmac_of_stratum_and_index() -> None:
    digest = hmac.new(b"seed", b"site=01|chemo=true|7", hashlib.sha256).digest()
    expected = int.from_bytes(digest[:8], "big") >> 11
    assert HmacUniforms(b"seed").draw("site=01|chemo=true", 7) == expected


@pytest.mark.parametrize("seed", [0, 1, 7312656, 2**63 + 5, 2**64 - 1])
def test_philox_is_numpys(seed: int) -> None:
    """The counter words and key given to NumPy as the module documents give the same draws."""
    uniforms = PhiloxUniforms(seed, 3)
    for index in (0, 1, 2, 3, 4, 5, 4001):
        words = (index // 4, stratum_word("site=01"), int.from_bytes(b"allocate", "big"), 0)
        counter = (sum(word << 64 * at for at, word in enumerate(words)) - 1) % 2**256
        bits = np.random.Philox(key=seed | 3 << 64, counter=counter).random_raw(4)
        assert uniforms.draw("site=01", index) == int(bits[index % 4]) >> 11


def test_philox_gives_the_published_vector() -> None:
    """The known-answer test of Random123 for philox4x64-10 with zero counter and key."""
    assert philox4x64((0, 0, 0, 0), (0, 0)) == (
        0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B,
    )  # fmt: skip


@pytest.mark.parametrize("uniforms", [HmacUniforms(b"s"), PhiloxUniforms(5, 0)])
def test_draws_fill_the_unit_interval_evenly(uniforms: Uniforms) -> None:
    counts = Counter(below(uniforms.draw("s", i), 10) for i in range(5000))
    assert set(counts) == set(range(10))
    assert sum((n - 500) ** 2 / 500 for n in counts.values()) < 33.7, "99.99 % of chi-squared, 9 df"
    assert all(0 <= uniforms.draw("t", i) < 2**53 for i in range(100))


def test_a_choice_follows_the_cumulated_probabilities() -> None:
    half, never = Fraction(1, 2), Fraction(0)
    assert choose(0, (never, half, half)) == 1
    assert choose(2**52 - 1, (half, half)) == 0
    assert choose(2**52, (half, half)) == 1
    assert choose(2**53 - 1, (Fraction(1, 3),) * 3) == 2
    with pytest.raises(ValueError, match="do not sum to 1"):
        choose(2**53 - 1, (half,))


# Blocks


@pytest.mark.parametrize(
    ("ratio", "sizes"), [((1, 1), (4, 6)), ((2, 1), (3, 6)), ((1, 1, 1), (6,))]
)
def test_every_block_holds_the_ratio(ratio: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    rule, seen = PermutedBlocks(sizes), set()
    for number in range(60):
        block = rule.block(number, ratio, "s", HmacUniforms(b"k"))
        seen.add(len(block))
        for arm, share in enumerate(ratio):
            assert block.count(arm) == len(block) * share // sum(ratio)
    assert seen == set(sizes)


def test_the_list_of_a_stratum_does_not_depend_on_the_others() -> None:
    chosen = scheme(PermutedBlocks((4, 6)), factors=(SITE,))
    uniforms = HmacUniforms(b"k")
    alone = allocate(chosen, [{"site": "01"}] * 40, uniforms)
    mixed = [{"site": "01"}, {"site": "02"}] * 40
    both = allocate(chosen, mixed, uniforms)
    assert both[::2] == alone
    assert both[1::2] == allocate(chosen, [{"site": "02"}] * 40, uniforms)
    assert both[1::2] != alone


def test_a_block_by_hand() -> None:
    """One block drawn step by step as the documentation says, without the rule's code."""
    uniforms, stratum, stride = HmacUniforms(b"by hand"), "site=02", 7

    def draw(index: int, n: int) -> int:
        digest = hmac.new(b"by hand", f"{stratum}|{index}".encode(), hashlib.sha256).digest()
        return (int.from_bytes(digest[:8], "big") >> 11) * n >> 53

    for number in range(20):
        size = (4, 6)[draw(number * stride, 2)]
        places = [0] * (size // 2) + [1] * (size // 2)
        for i in range(size - 1, 0, -1):
            j = draw(number * stride + size - i, i + 1)
            places[i], places[j] = places[j], places[i]
        assert PermutedBlocks((4, 6)).block(number, (1, 1), stratum, uniforms) == tuple(places)


@pytest.mark.parametrize("sizes", [(4,), (4, 6), (2, 4, 8)])
def test_every_place_of_a_long_list_is_the_blocks_one_after_the_other(
    sizes: tuple[int, ...],
) -> None:
    rule, uniforms = PermutedBlocks(sizes), HmacUniforms(b"long")
    listed = [arm for number in range(400) for arm in rule.block(number, (1, 1), "s", uniforms)]
    # a source of its own: nothing is remembered of the list just made
    fresh = HmacUniforms(b"long")
    places = [*range(len(listed) - 1, 0, -97), *range(len(listed))]
    assert [rule.arm_at(place, (1, 1), "s", fresh) for place in places] == [
        listed[place] for place in places
    ]


def test_the_next_place_of_a_long_list_asks_for_few_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rule, uniforms = PermutedBlocks((4,)), HmacUniforms(b"few")
    asked = 0
    block = PermutedBlocks.block

    def counted(self: PermutedBlocks, *given: object) -> tuple[int, ...]:
        nonlocal asked
        asked += 1
        return block(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(PermutedBlocks, "block", counted)
    costs = []
    for place in range(4_000):
        before = asked
        rule.arm_at(place, (1, 1), "s", uniforms)
        costs.append(asked - before)
    assert max(costs) <= 128, "a thousand blocks are not gone through"
    early, late = sum(costs[:1_000]), sum(costs[3_000:])
    assert late <= 1.2 * early, "a later place costs no more than an earlier one"


# Minimization


def test_an_empty_trial_is_allocated_in_the_ratio() -> None:
    rule = Minimization(Fraction(4, 5))
    assert rule.probabilities((1, 1), ((0, 0),), ("site",)) == (Fraction(1, 2), Fraction(1, 2))
    two_to_one = rule.probabilities((2, 1), ((0, 0),), ("site",))
    assert two_to_one[0] > two_to_one[1]


@pytest.mark.parametrize("ratio", [(1, 1), (2, 1), (1, 2, 3), (1, 1, 1)])
def test_preferring_each_arm_in_turn_keeps_the_ratio(ratio: tuple[int, ...]) -> None:
    """Han, Enas and McEntegart: weighting the preferred arms by the ratio gives the ratio back."""
    total = sum(ratio)
    for probability in (Fraction(1, 2), Fraction(4, 5), Fraction(1)):
        mean = [
            sum(Fraction(ratio[arm], total) * preferring(arm, ratio, probability)[other] for arm in range(len(ratio)))
            for other in range(len(ratio))
        ]  # fmt: skip
        assert mean == [Fraction(share, total) for share in ratio]
        for arm in range(len(ratio)):
            assert sum(preferring(arm, ratio, probability)) == 1


def test_minimization_prefers_the_arm_that_is_behind_at_the_participants_levels() -> None:
    chosen = scheme(Minimization(Fraction(1)), factors=(SITE, CHEMO))
    tally = Tally(chosen)
    tally.add({"site": "01", "chemo": "true"}, "a")
    drawn = next_allocation(chosen, tally, {"site": "01", "chemo": "false"}, HmacUniforms(b"s"))
    assert drawn.arm == "b"
    assert (drawn.index, drawn.stratum) == (1, "site=01|chemo=false")


def test_weights_decide_between_factors() -> None:
    margins = ((3, 1), (1, 2))
    heavy_first = Minimization(Fraction(1), weights={"site": Fraction(5)})
    heavy_second = Minimization(Fraction(1), weights={"chemo": Fraction(5)})
    assert heavy_first.probabilities((1, 1), margins, ("site", "chemo")) == (0, 1)
    assert heavy_second.probabilities((1, 1), margins, ("site", "chemo")) == (1, 0)


def test_minimization_balances_better_than_chance() -> None:
    import random

    rng = random.Random(1)
    strata = [
        {"site": rng.choice(SITE.levels), "chemo": rng.choice(CHEMO.levels)} for _ in range(400)
    ]

    def worst(rule: Rule) -> int:
        arms = allocate(scheme(rule, factors=(SITE, CHEMO)), strata, PhiloxUniforms(1, 0))
        gaps = []
        for factor in (SITE, CHEMO):
            for level in factor.levels:
                here = Counter(
                    a for a, s in zip(arms, strata, strict=True) if s[factor.id] == level
                )
                gaps.append(abs(here["a"] - here["b"]))
        return max(gaps)

    assert worst(Minimization(Fraction(4, 5))) <= 6 < worst(Simple())


def test_a_factor_may_weigh_nothing_and_none_may_be_left_out() -> None:
    """A weight of nought is a factor that is kept and not balanced; a margin that is missing is a mistake."""
    chosen = scheme(Minimization(Fraction(1), weights={"site": Fraction(0)}), factors=(SITE, CHEMO))
    assert isinstance(chosen.rule, Minimization)
    assert chosen.rule.probabilities((1, 1), ((9, 0), (0, 1)), ("site", "chemo")) == (1, 0)
    for margins in (((9, 0),), ((9, 0), (0, 1), (1, 1))):
        with pytest.raises(ValueError, match="argument 2 is"):
            chosen.rule.imbalances((1, 1), margins, ("site", "chemo"))
    with pytest.raises(ValueError, match="argument 2 is"):
        marginal_sums([(9, 0), (0, 1, 1)])


# Coin and urn


def test_the_coin_favors_the_arm_behind_and_the_urn_the_more_the_further() -> None:
    assert BiasedCoin().probabilities((1, 1), (2, 5)) == (Fraction(2, 3), Fraction(1, 3))
    assert BiasedCoin().probabilities((1, 1), (5, 5)) == (Fraction(1, 2), Fraction(1, 2))
    assert Urn(0, 1).probabilities((1, 1), (2, 5)) == (Fraction(5, 7), Fraction(2, 7))
    assert Urn(1, 2).probabilities((1, 1), (1, 0)) == (Fraction(1, 4), Fraction(3, 4))
    assert Urn(0, 1).probabilities((1, 1, 1), (0, 0, 0)) == (Fraction(1, 3),) * 3


# Schemes


@pytest.mark.parametrize(
    ("rule", "ratio", "factors", "said"),
    [
        (PermutedBlocks(()), (1, 1), (), "need a block size"),
        (PermutedBlocks((4, 5)), (1, 1), (), "a block of 5 does not hold the ratio 1:1"),
        (PermutedBlocks((4,)), (2, 1), (), "use a multiple of 3"),
        (BiasedCoin(), (2, 1), (), "1:1"),
        (BiasedCoin(Fraction(1, 3)), (1, 1), (), "outside 0.5 to 1"),
        (Urn(), (2, 1), (), "equal shares"),
        (Urn(0, 0), (1, 1), (), "beta from 1"),
        (Minimization(), (1, 1), (), "needs a factor"),
        (
            Minimization(weights={"age": Fraction(1)}),
            (1, 1),
            (SITE,),
            "no factor of this scheme: age",
        ),
        (Minimization(weights={"site": Fraction(-1)}), (1, 1), (SITE,), "not negative"),
        (Minimization(Fraction(2)), (1, 1), (SITE,), "outside"),
        (Minimization(Fraction(1, 2), coin="rank"), (2, 1), (SITE,), "equal shares"),
        (Minimization(Fraction(9, 10), coin="rank"), (1, 1, 1, 1), (SITE,), "lies from 1/4 to 2/3"),
        (Simple(), (1,), (), "two arms at least"),
        (Simple(), (1, 0), (), "from 1"),
        (Simple(), (1, 1), (Factor("site", ("a|b",)),), "may not contain"),
    ],
)
def test_a_scheme_that_cannot_be_is_refused(
    rule: Rule, ratio: tuple[int, ...], factors: tuple[Factor, ...], said: str
) -> None:
    with pytest.raises(AllocationError, match=said):
        scheme(rule, ratio, factors)


@pytest.mark.parametrize(
    ("strata", "said"),
    [({}, "None is not one of"), ({"site": "09"}, "'09' is not one of 01, 02"),
     ({"site": "01", "sex": "m"}, "no factor of this scheme: sex")],
)  # fmt: skip
def test_strata_that_do_not_fit_are_refused(strata: dict[str, str], said: str) -> None:
    with pytest.raises(AllocationError, match=said):
        scheme(Simple(), factors=(SITE,)).stratum(strata)


@pytest.mark.parametrize(
    "rule",
    [
        Simple(), PermutedBlocks((4, 6)), BiasedCoin(), Urn(1, 2),
        Minimization(Fraction("0.85"), "variance", {"site": Fraction(3, 2)}),
        Minimization(Fraction(2, 3), coin="rank"),
    ],
)  # fmt: skip
def test_a_scheme_is_the_same_after_it_was_written_down(rule: Rule) -> None:
    chosen = scheme(rule, factors=(SITE, CHEMO))
    assert scheme_from_document(json.loads(json.dumps(chosen.as_document()))) == chosen


@pytest.mark.parametrize(
    "given", [{}, {"arms": 3}, {"arms": [], "factors": [], "rule": {"type": "x"}}]
)
def test_what_is_no_scheme_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(AllocationError):
        scheme_from_document(given)


def test_a_protocols_scheme_is_read_whole() -> None:
    declared = document.Randomization(
        ratio={"spray": 2, "control": 1},
        scheme=document.Minimization(
            type="minimization", probability=Decimal("0.85"), weights={"site": Decimal("1.5")}
        ),
        strata=[document.StratumFactor(id="site", source="site", levels=["01", "02"])],
    )
    chosen = scheme_of(declared)
    assert chosen.arms == (("spray", 2), ("control", 1))
    assert chosen.factors == (SITE,)
    assert chosen.rule == Minimization(Fraction("0.85"), "range", {"site": Fraction(3, 2)})
    blocks = document.Randomization(
        ratio={"a": 1, "b": 1}, scheme=document.PermutedBlocks(type="permuted_blocks", sizes=[4, 6])
    )
    assert scheme_of(blocks).rule == PermutedBlocks((4, 6))
    simple = document.Randomization(
        ratio={"a": 1, "b": 1}, scheme=document.SimpleRandomization(type="simple")
    )
    assert scheme_of(simple).rule == Simple()


@pytest.mark.parametrize(
    ("declared", "rule"),
    [
        (document.BiasedCoin(type="biased_coin"), BiasedCoin(Fraction(2, 3))),
        (document.BiasedCoin(type="biased_coin", probability="3/4"), BiasedCoin(Fraction(3, 4))),
        (document.Urn(type="urn"), Urn(0, 1)),
        (document.Urn(type="urn", alpha=2, beta=3), Urn(2, 3)),
        (
            document.Minimization(type="minimization", probability="1/2", coin="rank"),
            Minimization(Fraction(1, 2), coin="rank"),
        ),
    ],
)
def test_every_rule_can_be_declared_in_a_protocol(
    declared: document.BiasedCoin | document.Urn | document.Minimization, rule: Rule
) -> None:
    randomization = document.Randomization(
        ratio={"a": 1, "b": 1},
        scheme=declared,
        strata=[document.StratumFactor(id="site", source="site", levels=["01", "02"])],
    )
    assert scheme_of(randomization).rule == rule


@pytest.mark.parametrize("written", ["1.5", "two thirds", "1/0", "-1/3", True])
def test_a_probability_is_a_number_from_nought_to_one(written: object) -> None:
    with pytest.raises(ValueError, match="probability"):
        document.BiasedCoin(type="biased_coin", probability=written)


def test_the_edges_of_what_a_rule_allows() -> None:
    """A coin of one half and one of certainty; a block of one place per arm; the urn's own default."""
    for probability in (Fraction(1, 2), Fraction(1)):
        scheme(BiasedCoin(probability))
    assert scheme(PermutedBlocks((2,))).rule == PermutedBlocks((2,))
    one_each = Scheme((("a", 1), ("b", 2)), (), PermutedBlocks((3,)))
    assert one_each.ratio == (1, 2)
    assert Urn() == Urn(0, 1)
    assert Minimization().probability == Fraction(4, 5)
    scheme(Minimization(weights={"site": Fraction(1, 2)}), factors=(SITE,))
    four = scheme(Minimization(Fraction(1, 2), coin="rank"), (1, 1, 1, 1), (SITE,))
    assert four.arm_ids == tuple("abcd")
    heavier = Minimization(weights={"site": Fraction(3, 2)})
    margins = ((1, 0), (0, 1))
    assert heavier.imbalances((1, 1), margins, ("site", "chemo")) == (3, 2)
    assert not guessing_probability(scheme(PermutedBlocks((3,)), (2, 1)), 9).bound
    assert guessing_probability(scheme(PermutedBlocks((3, 6)), (2, 1)), 9).bound
    for wrong in (Minimization(measure="spread"), Minimization(coin="worst")):  # type: ignore[arg-type]
        with pytest.raises(AllocationError, match="unknown measure or coin"):
            scheme(wrong, factors=(SITE,))
    assert Urn().probabilities((1, 1), (1, 0)) == (0, 1)
    with pytest.raises(AllocationError, match="a block of 0 does not hold"):
        scheme(PermutedBlocks((0,)))


def test_a_scheme_is_committed_to_in_the_script_it_is_written_in() -> None:
    """UTF-8 in Unicode NFC: whoever recomputes it in another language need not know Python's escapes."""
    levels = ("南宁", "nin\u0303o")
    written = scheme(PermutedBlocks((2,)), factors=(Factor("site", levels),)).as_document()
    text = (
        '{"scheme":{"arms":[{"arm":"a","ratio":1},{"arm":"b","ratio":1}],'
        '"factors":[{"id":"site","levels":["南宁","ni\u00f1o"]}],"rule":{"sizes":[2],"type":"permuted_blocks"}},'
        '"seed":"5e5e","source":"hmac-sha256"}'
    )
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert commitment_hash("5e5e", "hmac-sha256", written) == expected


# Guessing


def test_guessing_lies_between_chance_and_certainty() -> None:
    blocks = guessing_probability(scheme(PermutedBlocks((4, 6))), 200)
    assert blocks.proportion == (right_in_block(4, (1, 1)) + right_in_block(6, (1, 1))) / 10
    assert guessing_probability(scheme(Simple()), 20).proportion == Fraction(1, 2)
    coin = guessing_probability(scheme(BiasedCoin()), 50).proportion
    urn = guessing_probability(scheme(Urn()), 50).proportion
    assert Fraction(1, 2) < urn < coin < blocks.proportion < 1
    bound = guessing_probability(scheme(Minimization(Fraction(4, 5)), factors=(SITE,)), 200)
    assert (bound.proportion, bound.bound) == (Fraction(4, 5), True)
    assert right_in_block(2, (1, 1)) == Fraction(3, 2)


def test_the_guesser_does_as_well_as_calculated() -> None:
    """Played out against the list itself, stratum by stratum."""
    chosen = scheme(PermutedBlocks((4, 6)))
    right = tries = 0
    for replicate in range(60):
        counts, arms = [0, 0], allocate(chosen, [{}] * 60, PhiloxUniforms(11, replicate))
        for number, arm in enumerate(arms):
            guess = number % 2 if counts[0] == counts[1] else counts.index(min(counts))
            right += "ab"[guess] == arm
            counts["ab".index(arm)] += 1
            tries += 1
    expected = float(guessing_probability(chosen, 60).proportion)
    assert right / tries == pytest.approx(expected, abs=4 * (0.25 / tries) ** 0.5)


@pytest.mark.parametrize(
    ("totals", "probabilities"),
    [((0, 1, 2), (5, 4, 3)), ((0, 0, 1), (4.5, 4.5, 3)), ((1, 0, 1), (3.5, 5, 3.5)), ((2, 2, 2), (4, 4, 4))],
)  # fmt: skip
def test_arms_that_tie_in_rank_share_the_probabilities_of_their_ranks(
    totals: tuple[int, ...], probabilities: tuple[float, ...]
) -> None:
    """Three arms and q = 1/2: 5, 4 and 3 twelfths by rank (Pocock and Simon 1975)."""
    found = by_rank(tuple(map(Fraction, totals)), Fraction(1, 2))
    assert found == tuple(Fraction(twelfths) / 12 for twelfths in probabilities)
    assert sum(found) == 1

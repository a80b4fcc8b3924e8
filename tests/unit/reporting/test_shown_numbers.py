"""Numbers as they are shown: rounded once, here, with nothing undefined passed off as a number."""

from __future__ import annotations

import math
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.analysis import methods
from equipoise.reporting import format as shown
from equipoise.reporting import words


def places(phrase: str) -> set[str | None]:
    """The names of the places a phrase has for values."""
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0.125, 2, "0.12"), (0.375, 2, "0.38"), (-0.04, 1, "0.0"), (-34.07, 1, "−34.1"),
        (math.nan, 1, "–"), (math.inf, 2, "∞"), (-math.inf, 2, "−∞"), (12, 0, "12"), (1e-9, 3, "0.000"),
    ],
)  # fmt: skip
def test_numbers_are_rounded_half_to_even_with_a_true_minus(
    value: float, decimals: int, text: str
) -> None:
    assert shown.number(value, decimals) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.0004, "<0.001"), (0.0495, "0.050"), (0.9996, ">0.999"), (1.0, ">0.999"), (math.nan, "–")],
)
def test_p_values_have_three_decimals_and_honest_ends(p: float, text: str) -> None:
    assert shown.p_value(p) == text


def test_a_share_of_nobody_is_no_number() -> None:
    assert shown.percent(0, 0) == "–"
    assert shown.count_percent(0, 0) == "0"
    assert shown.count_percent(5, 20) == "5 (25.0%)"


def test_limits_read_in_both_languages() -> None:
    assert shown.interval(-0.5, math.inf, 2, "en") == "−0.50 to ∞"
    assert shown.interval(1, 2, 0, "zh-Hans") == "1 至 2"
    assert shown.interval(math.nan, math.nan, 2, "en") == "–"


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_what_is_shown_is_within_half_a_unit(value: float, decimals: int) -> None:
    text = shown.number(value, decimals).replace("−", "-")
    assert abs(float(text) - value) <= 0.5 * 10.0**-decimals * (1 + 1e-9)
    assert re.fullmatch(r"-?\d+" + (rf"\.\d{{{decimals}}}" if decimals else ""), text)


def test_every_phrase_has_the_same_places_in_both_languages() -> None:
    for key, (english, chinese) in words._WORDS.items():
        assert places(english) == places(chinese), key
        assert english.strip()
        assert chinese.strip()


def test_every_reason_a_method_gives_is_translated() -> None:
    results = [
        methods.miettinen_nurminen_difference(0, 0, 1, 2), methods.welch([1], [1, 2]),
        methods.welch([1, 1], [2, 2]), methods.wilcoxon([1], [1]), methods.miettinen_nurminen_ratio(0, 2, 0, 2),
        methods.cochran_mantel_haenszel([]).odds_ratio, methods.wilson(0, 0),
        methods.cochran_mantel_haenszel([(0, 5, 2, 5)]).risk_ratio,
        methods.linear_model([1, 2], [[1, 0], [1, 1]], ["a", "b"]).coefficient("b"),
    ]  # fmt: skip
    reasons = [result.reason for result in results]
    reasons += [
        methods.log_rank([1], [False], ["a"]).reason,
        methods.log_rank([1], [True], ["a"]).reason,
    ]
    reasons += [methods.cochran_mantel_haenszel([(0, 5, 0, 5)]).reason]
    for reason in reasons:
        assert reason
        assert words.reason_in(reason, "zh-Hans") != reason

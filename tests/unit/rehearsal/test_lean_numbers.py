"""The second scheme of random numbers: its addresses, its tables, and the course by half weeks."""

from __future__ import annotations

import numpy as np
import pytest

from equipoise.rehearsal import OptionError, generate, replicate_of
from equipoise.rehearsal.histories.cells import (
    cell_of,
    declines,
    first_day_of,
    logarithm,
    tables,
)
from equipoise.rehearsal.lean import (
    UNIT,
    LeanStreams,
    middles,
    normal_levels,
    philox32,
    reached_on,
    subject_word,
    waiting_levels,
)
from support.played import small_protocol

SEED_TABLES = tables(0.3, 10.0, 0.0, 14.0, 2.0, 0.1, 0.93, 8.0, 2.0, 3)


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_words_are_those_published_with_the_generator(
    counter: tuple[int, ...], key: tuple[int, int], words: tuple[int, ...]
) -> None:
    """Random123's known answers for Philox 4x32 with ten rounds (kat_vectors, Random123 1.14)."""
    a, b, c, d = (np.array([word], dtype=np.uint64) for word in counter)
    assert tuple(philox32(key, (a, b, c, d))[0].tolist()) == words


def test_a_number_has_its_address_alone() -> None:
    """More persons, more numbers or other streams change none; replicates beyond 2^32 are others."""
    persons = np.array([3, (2 << 32) | 7], dtype=np.uint64)
    streams = LeanStreams(5, 2)
    few, many = streams.words("candidate", persons[1:], 3), streams.words("candidate", persons, 9)
    assert (few == many[1:, :3]).all()
    assert (many < 2**32).all()
    for other in (LeanStreams(5, 3), LeanStreams(6, 2), LeanStreams(5, 2 + 2**32)):
        assert (other.words("candidate", persons, 9) != many).all()
    assert subject_word(persons).tolist() == [3, (2 << 20) | 7]
    with pytest.raises(ValueError, match="sites of"):
        subject_word([1 << 20])


def test_levels_have_the_moments_of_their_laws() -> None:
    """Normal: mean 0, variance 1, kurtosis nearly 3; waiting: mean 1 and the medians in the middle."""
    normal = normal_levels().astype(np.float64)
    assert abs(normal.mean()) < 1e-9
    assert abs((normal**2).mean() - 1) < 1e-6
    assert abs((normal**4).mean() - 3) < 0.03
    waiting = waiting_levels() / UNIT
    assert abs(waiting.mean() - 1) < 1e-3
    assert abs(waiting[2048] - np.log(2)) < 1e-3


def test_the_first_place_beyond_a_time() -> None:
    """Nothing is expected on the second day, so nobody comes on it; the last is reached late or never."""
    times = (np.array([0.0, 0.49, 0.5, 1.2, 1.6]) * UNIT).astype(np.int64)
    assert reached_on(np.array([0.5, 0.0, 1.0]), times).tolist() == [0, 0, 2, 2, 3]


def test_the_logarithm_is_that_of_a_library_to_single_precision() -> None:
    """Over the whole range of injuries, floor included."""
    values = np.exp(np.linspace(np.log(1e-6), np.log(1e4), 20_001)).astype(np.float32)
    error = logarithm(values).astype(np.float64) - np.log(values.astype(np.float64))
    assert np.abs(error).max() < 1e-6
    assert logarithm(np.array([1], dtype=np.float32))[0] == 0


def test_cells_cut_the_course_into_half_weeks() -> None:
    """Days 0 to 2 and 3 to 6 of each week; nothing before the course."""
    assert cell_of(np.arange(-2, 11)).tolist() == [-1, -1, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3]
    assert [first_day_of(cell) for cell in range(4)] == [0, 3, 7, 10]


def test_a_week_s_doses_are_binomial() -> None:
    """By chance of taking one: mean and variance of 21 doses; the share that is left falls with each."""
    chances = (np.arange(256) + 0.5) / 256
    drawn = SEED_TABLES.doses.astype(np.float64)
    assert SEED_TABLES.planned == 21
    assert np.abs(drawn.mean(axis=1) - 21 * chances).max() < 0.01
    assert np.abs(drawn.var(axis=1) - 21 * chances * (1 - chances)).max() < 0.08
    assert SEED_TABLES.remaining(0.2)[[0, 21]].tolist() == pytest.approx([1.0, 0.8])
    levels = SEED_TABLES.adherence.astype(np.float64)
    assert levels.mean() == pytest.approx(0.8, abs=1e-3)  # beta(8, 2)
    assert middles().size == levels.size


def test_adherence_declines_as_assumed() -> None:
    """Whole before the decline, falling in a straight line, and another level afterwards."""
    replicate = generate(small_protocol(), 5, numbers=2)
    left = declines(replicate.assumptions.adherence, range(9))
    assert left[:3].tolist() == [1, 1, pytest.approx(1)]
    assert (np.diff(left[2:7]) < 0).all()
    assert left[7:].tolist() == pytest.approx([0.8, 0.8])


def test_doses_by_day_are_those_of_their_week() -> None:
    """On whatever days they are taken, their number is the week's; it differs between arms only where severity does."""
    replicate = generate(small_protocol(), 5, candidates=60, numbers=2)
    taken = replicate.course.taken
    week = taken[:, :, replicate.course.days_before :][:, :, : 7 * 20]
    sums = week.reshape(2, 60, 20, 21).sum(axis=3)
    assert 0.55 < sums[:, :, 1:3].mean() / 21 < 0.95
    assert (sums[0, :, 0] == sums[1, :, 0]).all()
    assert taken[:, :, :35].mean() == pytest.approx(0.8, abs=0.06)


def test_another_scheme_is_another_trial_of_the_same_kind() -> None:
    """Both schemes give grades, leaving and arrivals alike in law, from other numbers."""
    first, second = (
        generate(small_protocol(), 5, candidates=1500, numbers=numbers) for numbers in (1, 2)
    )
    assert (first.screened != second.screened).any()
    severe = [
        (one.series["who_grade"].values[:, :, 35:82] >= 3).any(axis=2).mean(axis=1)
        for one in (first, second)
    ]
    # scheme 1 looks every day, scheme 2 twice a week: a little fewer are ever seen severe
    assert (severe[0] > severe[1]).all()
    assert (severe[0] - severe[1] < 0.12).all()
    left = [(one.attrition.day < 9_000_000).mean(axis=1) for one in (first, second)]
    assert np.abs(left[0] - left[1]).max() < 0.05
    pace = [one.screened[-1] - one.screened[0] for one in (first, second)]
    assert abs(pace[0] / pace[1] - 1) < 0.15


def test_an_unknown_scheme_is_refused() -> None:
    """With those there are."""
    with pytest.raises(OptionError, match="use one of 1, 2"):
        replicate_of(small_protocol(), 5, 0, {"numbers": "3"})

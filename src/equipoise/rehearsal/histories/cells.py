"""The injury of the mucosa by half weeks: what `latent_mucosal_injury` computes under the second scheme of addresses.

The course is cut into cells, two a week counted from its first day: days 0 to 2 and 3 to 6. What is seen in a cell is
the state on its second day, with a noise of its own: AR(1), whose autocorrelation over the days between the beginnings
of two cells is known. The doses of a week are one binomial number, and act by their share on each fraction of the
week. All is computed in single precision, operation by operation as a compiled kernel repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv
from scipy.stats import binom

from ..assumptions import Adherence
from ..lean import LeanStreams, Short, Whole, level_of, middles, normal_levels

WEEK = 7
SECOND_CELL = 3
"""The day of a week on which its second cell begins."""
SEEN_ON = (1, 4)
"""The days of a week whose state is seen in its two cells."""
_CHANCES = 256
_DOSE_BITS = 10


def cell_of(day: Whole) -> Whole:
    """The cell of a day counted from the course's first; −1 before it."""
    cell = 2 * (day // WEEK) + (day % WEEK >= SECOND_CELL)
    return np.where(day < 0, -1, cell)


def first_day_of(cell: int) -> int:
    """The day on which a cell begins."""
    return WEEK * (cell // 2) + SECOND_CELL * (cell % 2)


_LN_2 = np.float32(0.693147180559945)
_LN_POLYNOMIAL = tuple(
    np.float32(number)
    for number in (
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    )
)  # fmt: skip
_HALF_ROOT = 0x3F3504F3
"""The bits of √½ in single precision."""


def logarithm(values: Short) -> Short:
    """The natural logarithm of positive numbers in single precision (the polynomial of Cephes' `logf`).

    Written out, because a library's logarithm differs in its last bit from machine to machine.
    """
    bits = values.view(np.int32)
    exponent = (bits - np.int32(_HALF_ROOT)) >> np.int32(23)
    t = (bits - (exponent << np.int32(23))).view(np.float32) - np.float32(1)
    square = t * t
    y = np.full_like(t, _LN_POLYNOMIAL[0])
    for number in _LN_POLYNOMIAL[1:]:
        y = y * t + number
    y = y * t * square
    y = y - np.float32(0.5) * square
    return np.asarray(t + y + exponent.astype(np.float32) * _LN_2, dtype=np.float32)


@dataclass(frozen=True)
class Tables:
    """What the course needs of the parameters, as tables. All but the doses are in single precision."""

    frailty: Short
    """By level: the factor of a person's susceptibility."""
    transit: Short
    """By level: what leaves a compartment in a day; one entry where every person has the same delay."""
    healing: np.float32
    healing_slowly: np.float32
    noise: Short
    """Standard deviation, then keeping and freshness over three and over four days."""
    adherence: Short
    """By level: a person's own chance of taking a dose."""
    doses: npt.NDArray[np.uint8]
    """By chance (1/256) and the upper ten bits of a word: doses taken in a week."""
    planned: int
    """Doses of a week."""

    def remaining(self, effect: float) -> Short:
        """By doses taken in a week: the share of a fraction that is left."""
        taken = np.arange(self.planned + 1) / self.planned
        return np.asarray(1 - effect * taken, dtype=np.float32)


@lru_cache(maxsize=8)
def tables(
    frailty_sd: float,
    lag_days: float,
    lag_jitter: float,
    healing_days: float,
    slower: float,
    noise_sd: float,
    kept: float,
    alpha: float,
    beta: float,
    occasions: int,
) -> Tables:
    """The tables of a model's parameters."""
    normal = normal_levels().astype(np.float64)
    lags = lag_days * np.exp(lag_jitter * (normal if lag_jitter else normal[:1] * 0))
    noise = [noise_sd]
    for days in (SECOND_CELL, WEEK - SECOND_CELL):
        noise += [kept**days, noise_sd * np.sqrt(1 - kept ** (2 * days))]
    planned = WEEK * occasions
    chances = (np.arange(_CHANCES) + 0.5) / _CHANCES
    drawn = (np.arange(1 << _DOSE_BITS) + 0.5) / (1 << _DOSE_BITS)
    return Tables(
        frailty=np.exp(frailty_sd * normal).astype(np.float32),
        transit=np.asarray(1 - np.exp(-2 / lags), dtype=np.float32),
        healing=np.float32(1 - np.exp(-1 / healing_days)),
        healing_slowly=np.float32(1 - np.exp(-1 / (healing_days * slower))),
        noise=np.array(noise, dtype=np.float32),
        adherence=np.asarray(betaincinv(alpha, beta, middles()), dtype=np.float32),
        doses=np.stack(
            [
                np.searchsorted(binom.cdf(np.arange(planned), planned, chance), drawn)
                for chance in chances
            ]
        ).astype(np.uint8),
        planned=planned,
    )


def declines(plan: Adherence, weeks: Sequence[int]) -> Short:
    """By week: what is left of a person's chance of taking a dose, as it is in the middle of the week."""
    days = np.asarray(weeks) * WEEK + SECOND_CELL
    span = max(plan.decline_until - plan.decline_from, 1)
    through = np.clip((days - plan.decline_from) / span, 0.0, 1.0)
    left = np.where(
        days > plan.decline_until, plan.afterwards, 1.0 - (1.0 - plan.declines_to) * through
    )
    return left.astype(np.float32)


def doses_taken(known: Tables, level: Short, words: npt.NDArray[np.uint64]) -> Whole:
    """The doses taken in a week, from the chance to take one and a word."""
    chance = np.minimum((level * np.float32(_CHANCES)).astype(np.int64), _CHANCES - 1)
    place = (words >> np.uint64(32 - _DOSE_BITS)).astype(np.int64)
    return known.doses[chance, place].astype(np.int64)


@dataclass(frozen=True)
class Persons:
    """What the course needs of each person, `[person]`; `fractions[person, day]` from the course's first day."""

    strength: Short
    transit: Short
    slow: npt.NDArray[np.bool_]
    shift: Short
    last: Whole
    """The day of the last fraction, counted from the first."""
    fractions: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Seen:
    """The course by cell and week: grades `[arm, person, cell]`, doses taken `[arm, person, week]`."""

    grades: npt.NDArray[np.int8]
    observed: npt.NDArray[np.int8]
    taken: Whole


def follow(
    known: Tables,
    persons: Persons,
    streams: LeanStreams,
    subjects: npt.NDArray[np.uint64],
    plan: Adherence,
    effect: Sequence[float],
    bias: Sequence[float],
    thresholds: Sequence[float],
    floor: float,
) -> Seen:
    """The course of everybody in every arm, over the weeks that `fractions` covers."""
    arms, size = len(effect), subjects.size
    weeks = persons.fractions.shape[1] // WEEK
    shape = (arms, size)
    bars = np.array(thresholds, dtype=np.float32)
    lower = np.array(bias, dtype=np.float32)[:, None]
    left = np.stack([known.remaining(share) for share in effect])
    noise = _noise(known, streams, subjects, 2 * weeks)
    own = known.adherence[streams.levels("adherence/level", subjects)[:, 0]]
    words = streams.words("adherence/doses", subjects, weeks)
    decline = declines(plan, range(weeks))
    above = plan.while_above
    one, two, injury = (np.zeros(shape, dtype=np.float32) for _ in range(3))
    severe = np.zeros(shape, dtype=np.bool_)
    grades = np.zeros((*shape, 2 * weeks), dtype=np.int8)
    observed = np.zeros_like(grades)
    taken = np.zeros((*shape, weeks), dtype=np.int64)
    nothing = np.float32(0)
    for week in range(weeks):
        level = np.broadcast_to(own * decline[week], shape)
        if above is not None:
            level = np.where(severe, level * np.float32(above.factor), level)
        taken[:, :, week] = doses_taken(known, level, words[None, :, week])
        dose = persons.strength * np.take_along_axis(left, taken[:, :, week], axis=1)
        for turn in range(WEEK):
            day = WEEK * week + turn
            given = np.where(persons.fractions[:, day], dose, nothing)
            out_one, out_two = persons.transit * one, persons.transit * two
            one = (one - out_one) + given
            two = (two - out_two) + out_one
            after = persons.slow & (day > persons.last)
            rate = np.where(after, known.healing_slowly, known.healing)
            injury = (injury - rate * injury) + out_two
            if turn not in SEEN_ON:
                continue
            cell = 2 * week + SEEN_ON.index(turn)
            x = logarithm(np.maximum(injury, np.float32(floor)))
            x = (x + noise[:, cell]) - persons.shift
            grades[:, :, cell] = (x[:, :, None] > bars).sum(axis=2)
            observed[:, :, cell] = ((x - lower)[:, :, None] > bars).sum(axis=2)
            if above is not None:
                severe = grades[:, :, cell] >= above.at_least
    return Seen(grades, observed, taken)


def _noise(
    known: Tables, streams: LeanStreams, subjects: npt.NDArray[np.uint64], cells: int
) -> Short:
    """AR(1) noise in its stationary law, `[person, cell]`."""
    fresh = normal_levels()[level_of(streams.words("history/noise", subjects, cells))]
    noise = np.empty_like(fresh)
    if cells:
        noise[:, 0] = known.noise[0] * fresh[:, 0]
    for cell in range(1, cells):
        keep, new = known.noise[1:3] if cell % 2 else known.noise[3:5]
        noise[:, cell] = keep * noise[:, cell - 1] + new * fresh[:, cell]
    return noise


def daily(by_cell: npt.NDArray[np.int8], days_before: int, length: int) -> npt.NDArray[np.int8]:
    """What is seen on each day, `[arm, person, day]`: nothing before the course."""
    cells = cell_of(np.arange(length) - days_before)
    return np.where(cells < 0, 0, by_cell[:, :, cells]).astype(np.int8)


def doses_by_day(
    known: Tables,
    streams: LeanStreams,
    subjects: npt.NDArray[np.uint64],
    plan: Adherence,
    within: Whole,
    days_before: int,
    length: int,
    occasions: int,
) -> npt.NDArray[np.bool_]:
    """On which occasions the doses of each week were taken, `[arm, person, day, occasion]`.

    Those of the weeks before the course are drawn here, with a chance that nothing has lowered yet.
    """
    arms, size, weeks = within.shape
    before = -(-days_before // WEEK)
    planned = known.planned
    own = known.adherence[streams.levels("adherence/level", subjects)[:, 0]]
    words = streams.words("adherence/before", subjects, before)
    early = np.stack(
        [
            doses_taken(known, own * decline, words[:, week])
            for week, decline in enumerate(declines(plan, range(-before, 0)))
        ],
        axis=1,
    ) if before else np.zeros((size, 0), dtype=np.int64)  # fmt: skip
    taken = np.concatenate([np.broadcast_to(early, (arms, size, before)), within], axis=2)
    order = streams.words("adherence/pattern", subjects, (before + weeks) * planned)
    order = order.reshape(size, before + weeks, planned)
    rank = np.argsort(np.argsort(order, axis=2, kind="stable"), axis=2, kind="stable")
    slots = rank[None] < taken[:, :, :, None]
    days = slots.reshape(arms, size, (before + weeks) * WEEK, occasions)
    start = before * WEEK - days_before
    return np.asarray(days[:, :, start : start + length])

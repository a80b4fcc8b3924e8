"""The course of the mucosa, week after week, with participants as the inner loop."""

from __future__ import annotations

import numpy as np

from ..compiling import step
from .calendar import WEEK
from .rows import (
    ADHERENCE_ROW,
    BIAS_ROW,
    COMPARTMENT_ONE_ROW,
    COMPARTMENT_TWO_ROW,
    DOSE_ROW,
    DOSES_ROW,
    EVENTS_ROW,
    FACTOR_ROW,
    FRACTION_BITS_ROW,
    HEALING_AFTER_ROW,
    INJURY_ROW,
    LANES,
    LAST_DAY_ROW,
    NOISE_ROW,
    PLACE_ROW,
    READ_ROW,
    RISKS_ROW,
    SHIFT_ROW,
    STATE_ROW,
    STRENGTH_ROW,
    TRANSIT_ROW,
)
from .single import NOTHING, ONE, what_is_seen
from .words import LEVEL_SHIFT

_SEEN_FIRST, _SEEN_SECOND = 1, 4
"""The days of a week on which its two cells are seen."""
_CHANCES = np.float32(256)
_DOSE_SHIFT, _DOSE_BITS = np.uint32(22), np.uint32(10)


@step
def _days(numbers, words, lanes, week, turn, days, row, healing):
    """Some days of the course; what is in a lane's compartments is loaded and stored once for all of them."""
    bits = words[row * LANES :]
    first, from_day = np.uint32(turn), np.float32(WEEK * week + turn)
    for lane in range(lanes):
        dose, given = numbers[DOSE_ROW * LANES + lane], np.uint32(bits[lane] >> first)
        transit, last = numbers[TRANSIT_ROW * LANES + lane], numbers[LAST_DAY_ROW * LANES + lane]
        after, injury = (
            numbers[HEALING_AFTER_ROW * LANES + lane],
            numbers[INJURY_ROW * LANES + lane],
        )
        one, two = (
            numbers[COMPARTMENT_ONE_ROW * LANES + lane],
            numbers[COMPARTMENT_TWO_ROW * LANES + lane],
        )
        for later in range(days):
            out_one, out_two = transit * one, transit * two
            one = (one - out_one) + (dose if given & np.uint32(1 << later) else NOTHING)
            two = (two - out_two) + out_one
            rate = after if from_day + np.float32(later) > last else healing
            injury = (injury - rate * injury) + out_two
        numbers[COMPARTMENT_ONE_ROW * LANES + lane] = one
        numbers[COMPARTMENT_TWO_ROW * LANES + lane] = two
        numbers[INJURY_ROW * LANES + lane] = injury


@step
def noise_of_a_cell(numbers, words, lanes, row, normal):
    """The new noise of a cell. Apart from what vector units do with it, since they read no tables faster."""
    drawn = words[row * LANES :]
    for lane in range(lanes):
        numbers[READ_ROW * LANES + lane] = normal[drawn[lane] >> LEVEL_SHIFT]


@step
def _look(
    numbers, words, lanes, cell, keep, fresh, event_bar, risk_bar, dose_bar, factor, floor
):  # fmt: skip
    """See what there is in a cell, whose noise follows that of the one before: bits of what counts and of what makes
    leaving likelier; what lowers doses."""
    mark = np.uint32(np.uint32(1) << np.uint32(cell % 32))
    none = np.uint32(0)
    for lane in range(lanes):
        state = keep * numbers[STATE_ROW * LANES + lane] + fresh * numbers[READ_ROW * LANES + lane]
        x = what_is_seen(
            numbers[INJURY_ROW * LANES + lane], state, numbers[SHIFT_ROW * LANES + lane], floor
        )
        seen = x - numbers[BIAS_ROW * LANES + lane]
        numbers[STATE_ROW * LANES + lane] = state
        words[EVENTS_ROW * LANES + lane] |= mark if seen > event_bar else none
        words[RISKS_ROW * LANES + lane] |= mark if seen > risk_bar else none
        numbers[FACTOR_ROW * LANES + lane] = factor if x > dose_bar else ONE


@step
def week_of_doses(numbers, words, lanes, row, decline, doses, left, arms, begin):
    """The doses of a week, and what they leave of its fractions."""
    drawn, places, arm = words[row * LANES :], words[PLACE_ROW * LANES :], arms[begin:]
    for lane in range(lanes):
        level = numbers[ADHERENCE_ROW * LANES + lane] * decline
        level = level * numbers[FACTOR_ROW * LANES + lane]
        chance = np.int32(min(np.int32(level * _CHANCES), np.int32(255)))
        places[lane] = (np.uint32(chance) << _DOSE_BITS) | (drawn[lane] >> _DOSE_SHIFT)
    for lane in range(lanes):
        numbers[READ_ROW * LANES + lane] = left[arm[lane], doses[places[lane]]]
    for lane in range(lanes):
        numbers[DOSE_ROW * LANES + lane] = (
            numbers[STRENGTH_ROW * LANES + lane] * numbers[READ_ROW * LANES + lane]
        )


@step
def week_of_course(
    numbers, words, lanes, week, row, noise_row, bars, normal, noise, healing, factor, floor
):  # fmt: skip
    """A week of the course, whose fractions and noise stand in these rows, with both looks."""
    event_bar, risk_bar, dose_bar = bars[0], bars[1], bars[2]
    cell = 2 * week
    _days(numbers, words, lanes, week, np.int64(0), 2, row, healing)
    noise_of_a_cell(numbers, words, lanes, noise_row, normal)
    keep, fresh = (NOTHING, noise[0]) if cell == 0 else (noise[3], noise[4])
    _look(numbers, words, lanes, cell, keep, fresh, event_bar, risk_bar, dose_bar, factor, floor)
    _days(numbers, words, lanes, week, np.int64(_SEEN_FIRST + 1), 3, row, healing)
    noise_of_a_cell(numbers, words, lanes, noise_row + 1, normal)
    _look(
        numbers, words, lanes, cell + 1, noise[1], noise[2], event_bar, risk_bar, dose_bar, factor, floor
    )  # fmt: skip
    _days(numbers, words, lanes, week, np.int64(_SEEN_SECOND + 1), 2, row, healing)


@step
def course_of_lanes(
    numbers, words, lanes, acting, weeks, arms, begin, bars, declines, doses, left, normal, noise, healing,
    factor, floor,
):  # fmt: skip
    """The course of all lanes over some weeks; the first `acting` lanes are in arms in which doses change something."""
    for lane in range(lanes):
        numbers[COMPARTMENT_ONE_ROW * LANES + lane] = NOTHING
        numbers[COMPARTMENT_TWO_ROW * LANES + lane] = NOTHING
        numbers[INJURY_ROW * LANES + lane] = NOTHING
        numbers[STATE_ROW * LANES + lane] = NOTHING
        numbers[FACTOR_ROW * LANES + lane] = ONE
        numbers[DOSE_ROW * LANES + lane] = numbers[STRENGTH_ROW * LANES + lane]
        words[EVENTS_ROW * LANES + lane] = np.uint32(0)
        words[RISKS_ROW * LANES + lane] = np.uint32(0)
    for week in range(weeks):
        week_of_doses(
            numbers, words, acting, DOSES_ROW + week, declines[week], doses, left, arms, begin
        )
        week_of_course(
            numbers, words, lanes, week, FRACTION_BITS_ROW + week, NOISE_ROW + 2 * week, bars, normal, noise,
            healing, factor, floor,
        )  # fmt: skip


@step
def in_every_arm(t, all_seen, people, arm, rows, begin, lanes, weeks, potential):
    """Add up who would have the event in each arm, were all followed to the end. `arm` is room for one."""
    words, numbers = rows.words, rows.numbers
    for other in range(potential.shape[1] - 1):
        for lane in range(lanes):
            arm[begin + lane] = other
            numbers[BIAS_ROW * LANES + lane] = t.bias[other]
        course_of_lanes(
            numbers, words, lanes, lanes if t.acts[other] else 0, weeks, arm, begin, t.bars, t.declines,
            t.doses, t.left, t.normal, t.noise, t.healing, t.severe_factor, t.floor,
        )  # fmt: skip
        for lane in range(lanes):
            seen = (
                words[EVENTS_ROW * LANES + lane] & all_seen[rows.weekday[lane], rows.last_day[lane]]
            )
            potential[people.stratum[begin + lane], 1 + other] += np.int64(seen != 0)
    for lane in range(lanes):
        potential[people.stratum[begin + lane], 0] += 1
        numbers[BIAS_ROW * LANES + lane] = t.bias[people.arm[begin + lane]]

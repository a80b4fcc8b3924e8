"""The days of radiotherapy, each participant's own numbers, and the words of the course."""

from __future__ import annotations

import numpy as np

from ..compiling import step
from .calendar import WEEK, first_of_week
from .rows import (
    ADHERENCE_ROW,
    BEFORE_ROW,
    BIAS_ROW,
    DOSES_ROW,
    FRACTION_BITS_ROW,
    FRACTIONS_ROW,
    FRAILTY_ROW,
    GAP_ROW,
    HEALING_AFTER_ROW,
    KIND_ROW,
    LAG_ROW,
    LANES,
    LAST_DAY_ROW,
    LEAVING_ROW,
    LEVEL_ROW,
    NOISE_ROW,
    RADIOTHERAPY_ROW,
    SHIFT_ROW,
    STRENGTH_ROW,
    TRANSIT_ROW,
    WEEKDAY_ROW,
)
from .single import NOTHING
from .tables import DOSES, FRAILTY, KIND, LAG, LEAVING, LEVEL, NOISE, RADIOTHERAPY
from .words import LEVEL_SHIFT, among, draw, uniform


@step
def fractions_of_week(words, lanes, week, row):
    """The days of a week with a fraction: those before the break, and those after it but for the break itself."""
    bits, earlier = words[row * LANES :], np.int32(5 * week)
    for lane in range(lanes):
        weekday = np.int32(words[WEEKDAY_ROW * LANES + lane])
        given, before = (
            np.int32(words[FRACTIONS_ROW * LANES + lane]),
            np.int32(words[BEFORE_ROW * LANES + lane]),
        )
        gap = np.int32(words[GAP_ROW * LANES + lane])
        until = first_of_week(np.int32(given + gap - earlier), weekday)
        left_out = first_of_week(np.int32(before + gap - earlier), weekday)
        bits[lane] = first_of_week(np.int32(before - earlier), weekday) | (until & ~left_out)


@step
def _days_of_course(t, weekday_0, people, rows, begin, lanes):
    """First and last day of each course, and its weekday; fractions and breaks. How many weeks the longest takes, and the
    longest of those without a break."""
    words, on, category = rows.words, people.on[begin:], people.category[begin:]
    first_day, last_day, weekdays = rows.first_day, rows.last_day, rows.weekday
    fractions, stopped, interrupted = t.fractions, t.stopped_early, t.interruption[0]
    first_weekday, start_after = np.uint32(weekday_0), np.uint32(t.start_after)
    shifted, soonest = t.shift[0], np.uint32(t.shift[1])
    shifts = np.uint64(np.uint32(t.shift[2]) - soonest + 1)
    shortest = np.uint32(t.interruption[1])
    gaps = np.uint64(np.uint32(t.interruption[2]) - shortest + 1)
    for lane in range(lanes):
        # the weekday wished for, from the first possible day on, and so many working days later
        earliest = np.uint32(np.uint32(on[lane]) + start_after)
        wish = np.uint32(among(words[lane], np.uint64(5)))
        weekday = np.uint32(earliest + first_weekday) % np.uint32(WEEK)
        start = np.uint32(
            earliest + wish - weekday + (np.uint32(WEEK) if wish < weekday else np.uint32(0))
        )
        moved = np.uint32(soonest + np.uint32(among(words[2 * LANES + lane], shifts)))
        moved = moved if uniform(words[LANES + lane]) < shifted else np.uint32(0)
        later = np.uint32(wish + moved)
        weeks = np.uint32(later // np.uint32(5))
        first_day[lane] = np.int64(np.uint32(start + moved + np.uint32(2) * weeks))
        words[WEEKDAY_ROW * LANES + lane] = np.uint32(later - np.uint32(5) * weeks)
        words[BEFORE_ROW * LANES + lane] = np.uint32(0)
        words[GAP_ROW * LANES + lane] = np.uint32(0)
    for lane in range(lanes):
        given = fractions[category[lane]]
        early = uniform(words[4 * LANES + lane])
        if early < stopped:
            given = np.int64(given * (0.5 + 0.4 * early / max(stopped, 1e-6)))
        words[FRACTIONS_ROW * LANES + lane] = np.uint32(given)
        if uniform(words[5 * LANES + lane]) < interrupted:
            before = np.int64(given * (0.4 + 0.4 * uniform(words[6 * LANES + lane])))
            # a break after the last fraction changes nothing
            if before < given:
                gap = shortest + np.uint32(among(words[7 * LANES + lane], gaps))
                words[BEFORE_ROW * LANES + lane] = np.uint32(before)
                words[GAP_ROW * LANES + lane] = np.uint32(gap)
    longest, usual = np.int64(0), np.int64(0)
    for lane in range(lanes):
        weekday = np.uint32(words[WEEKDAY_ROW * LANES + lane])
        after = np.uint32(
            words[FRACTIONS_ROW * LANES + lane] + words[GAP_ROW * LANES + lane] - np.uint32(1)
        )
        weeks = np.uint32(np.uint32(weekday + after) // np.uint32(5))
        last = np.int64(np.uint32(after + np.uint32(2) * weeks))
        weekdays[lane], last_day[lane] = weekday, last
        longest = max(longest, last)
        usual = max(usual, last if words[GAP_ROW * LANES + lane] == 0 else 0)
    return longest // WEEK + 1, usual // WEEK + 1


@step
def schedule(t, streams, weekday_0, people, rows, begin, lanes, dosed, whole, at_random):
    """The days of radiotherapy and each person's own numbers, with the words of the course.

    For how many weeks all are followed, and how many the longest course takes: more, where few lanes have courses with a
    break and not all are to be followed to the end (`whole`).
    """
    category, arm, subject = people.category[begin:], people.arm[begin:], people.subject
    words, numbers, last_day = rows.words, rows.numbers, rows.last_day
    frailties, susceptibility, bias = t.frailty, t.susceptibility, t.bias
    insensitive, less_seen, slow = t.insensitive[0], t.insensitive[1], t.slow
    healing, healing_slowly = t.healing, t.healing_slowly
    transit, adherence = t.transit, t.adherence
    for block in range(2):
        draw(
            words, RADIOTHERAPY_ROW + 4 * block, subject, begin, lanes, block, streams[RADIOTHERAPY], at_random
        )  # fmt: skip
    draw(words, FRAILTY_ROW, subject, begin, lanes, 0, streams[FRAILTY], at_random)
    draw(words, KIND_ROW, subject, begin, lanes, 0, streams[KIND], at_random)
    draw(words, LEVEL_ROW, subject, begin, dosed, 0, streams[LEVEL], at_random)
    draw(words, LEAVING_ROW, subject, begin, lanes, 0, streams[LEAVING], at_random)
    longest, weeks = _days_of_course(t, weekday_0, people, rows, begin, lanes)
    several = 0
    for lane in range(lanes):
        several += 1 if last_day[lane] >= WEEK * weeks else 0
    if whole or several > lanes // 4:
        weeks = longest
    for lane in range(lanes):
        frailty = frailties[words[FRAILTY_ROW * LANES + lane] >> LEVEL_SHIFT]
        numbers[STRENGTH_ROW * LANES + lane] = susceptibility[category[lane]] * frailty
        numbers[BIAS_ROW * LANES + lane] = bias[arm[lane]]
    for lane in range(lanes):
        shifted = uniform(words[KIND_ROW * LANES + lane]) < insensitive
        numbers[SHIFT_ROW * LANES + lane] = less_seen if shifted else NOTHING
        slowly = uniform(words[(KIND_ROW + 1) * LANES + lane]) < slow
        numbers[HEALING_AFTER_ROW * LANES + lane] = healing_slowly if slowly else healing
        numbers[LAST_DAY_ROW * LANES + lane] = np.float32(last_day[lane])
        numbers[TRANSIT_ROW * LANES + lane] = transit[0]
    if transit.size > 1:
        draw(words, LAG_ROW, subject, begin, lanes, 0, streams[LAG], at_random)
        for lane in range(lanes):
            lag = words[LAG_ROW * LANES + lane] >> LEVEL_SHIFT
            numbers[TRANSIT_ROW * LANES + lane] = transit[lag]
    for lane in range(dosed):
        numbers[ADHERENCE_ROW * LANES + lane] = adherence[
            words[LEVEL_ROW * LANES + lane] >> LEVEL_SHIFT
        ]
    for week in range(weeks):
        fractions_of_week(words, lanes, week, FRACTION_BITS_ROW + week)
    for block in range((2 * weeks + 3) // 4):
        draw(words, NOISE_ROW + 4 * block, subject, begin, lanes, block, streams[NOISE], at_random)
    for block in range((weeks + 3) // 4):
        draw(words, DOSES_ROW + 4 * block, subject, begin, dosed, block, streams[DOSES], at_random)
    return weeks, longest

"""Who leaves, and on which day; some have to be followed further for it than all are."""

from __future__ import annotations

import numpy as np

from ..compiling import part, step
from .calendar import WEEK
from .course import week_of_course, week_of_doses
from .rooms import NEVER
from .rows import (
    BIAS_ROW,
    COMPARTMENT_ONE_ROW,
    COMPARTMENT_TWO_ROW,
    DOSES_ROW,
    EVENTS_ROW,
    FRACTION_BITS_ROW,
    GAP_ROW,
    HIGH_ROW,
    INJURY_ROW,
    KEPT_ROW,
    KEPT_WEEKS,
    LANES,
    LEAVING_ROW,
    NOISE_ROW,
    NUMBER_ROWS,
    RISKS_ROW,
    SHIFT_ROW,
    WEEKDAY_ROW,
)
from .schedule import fractions_of_week
from .single import what_is_seen
from .tables import DOSES, NOISE
from .words import LEVEL_SHIFT, draw

_OPEN = NEVER + 1
_STAYS, _STAYS_OPEN, _LEAVES, _LOOKED_AT_LATER = range(4)
"""Those with an odd number are looked at week after week: of the last the hazard is cumulated only then."""


@step
def _cumulate(few, many, week, until):
    """Add a week's hazard for those of whom it is open whether they leave; of some it is certain then."""
    words, state, day, reached = few.words, few.state, few.day, few.reached
    low, likelier, units = few.low, few.likelier, few.units
    ends, shift = WEEK * (week + 1), np.uint32(2 * (week % KEPT_WEEKS))
    for place in range(many):
        seen = np.uint32(words[RISKS_ROW * LANES + place] >> shift)
        # three days, and four
        longer = np.int64(
            np.uint32(3) * (seen & np.uint32(1)) + np.uint32(2) * (seen & np.uint32(2))
        )
        comes_to = reached[place] + WEEK * low[place] + likelier[place] * longer
        most = comes_to + (low[place] + max(likelier[place], 0)) * (until + 1 - ends)
        goes_on = (state[place] == _STAYS_OPEN) & (comes_to < units[place])
        leaves = (state[place] == _STAYS_OPEN) & (comes_to >= units[place])
        never = goes_on & (most < units[place])
        reached[place] = comes_to if goes_on else reached[place]
        day[place] = ends if goes_on else day[place]
        changed = _LEAVES if leaves else state[place]
        state[place] = _STAYS if never else changed


@step
def _go_on(t, streams, rows, few, many, dosed, weeks, longest, until, at_random):
    """Follow a few lanes further than all: some to the end of a longer course, the others as long as it is not certain
    whether they leave. For how many weeks they have been followed."""
    numbers, words, subject, lane_of = few.numbers, few.words, few.subject, few.lane
    for place in range(many):
        lane = lane_of[place]
        for row in range(NUMBER_ROWS):
            numbers[row * LANES + place] = rows.numbers[row * LANES + lane]
        for row in range(EVENTS_ROW, FRACTION_BITS_ROW):
            words[row * LANES + place] = rows.words[row * LANES + lane]
        for row in range(WEEKDAY_ROW, GAP_ROW + 1):
            words[row * LANES + place] = rows.words[row * LANES + lane]
    bar, week = t.bars[1] - np.float32(0.01), weeks
    drawn_noise, drawn_doses = -1, -1
    while True:
        if week == longest:
            # nobody has the event after the course
            for place in range(many):
                rows.words[EVENTS_ROW * LANES + lane_of[place]] = words[EVENTS_ROW * LANES + place]
        if week >= longest:
            # nothing is added any more: the injury never exceeds what is in all compartments
            risky = 0
            for place in range(many):
                injury = (
                    numbers[COMPARTMENT_ONE_ROW * LANES + place]
                    + numbers[COMPARTMENT_TWO_ROW * LANES + place]
                )
                injury = injury + numbers[INJURY_ROW * LANES + place]
                most = what_is_seen(injury, t.widest, numbers[SHIFT_ROW * LANES + place], t.floor)
                most = most - numbers[BIAS_ROW * LANES + place]
                risky += few.state[place] & 1 if most >= bar else 0
            if risky == 0 or WEEK * week > until:
                break
        if week % KEPT_WEEKS == 0:
            # no more bits in a word
            for place in range(many):
                words[(KEPT_ROW + week // KEPT_WEEKS - 1) * LANES + place] = words[
                    RISKS_ROW * LANES + place
                ]
                words[RISKS_ROW * LANES + place] = np.uint32(0)
        if week // 2 != drawn_noise:
            drawn_noise = week // 2
            draw(words, NOISE_ROW, subject, 0, many, drawn_noise, streams[NOISE], at_random)
        if week < longest:
            if week // 4 != drawn_doses:
                drawn_doses = week // 4
                draw(words, DOSES_ROW, subject, 0, dosed, drawn_doses, streams[DOSES], at_random)
            week_of_doses(
                numbers, words, dosed, DOSES_ROW + week % 4, t.declines[week], t.doses, t.left, few.arm, np.int64(0)
            )  # fmt: skip
        if week <= longest:
            fractions_of_week(words, many, week, np.int64(FRACTION_BITS_ROW))
        week_of_course(
            numbers, words, many, week, np.int64(FRACTION_BITS_ROW), NOISE_ROW + 2 * (week % 2), t.bars, t.normal,
            t.noise, t.healing, t.severe_factor, t.floor,
        )  # fmt: skip
        if WEEK * (week + 1) <= until + 1:
            _cumulate(few, many, week, until)
        week += 1
    for place in range(many):
        words[(KEPT_ROW + (week - 1) // KEPT_WEEKS) * LANES + place] = words[
            RISKS_ROW * LANES + place
        ]
    return week


@part
def _ones(word):
    """How many bits of 32 are set."""
    word = np.uint32(word - (np.uint32(word >> np.uint32(1)) & np.uint32(0x55555555)))
    word = np.uint32(
        (word & np.uint32(0x33333333)) + (np.uint32(word >> np.uint32(2)) & np.uint32(0x33333333))
    )
    word = np.uint32(np.uint32(word + np.uint32(word >> np.uint32(4))) & np.uint32(0x0F0F0F0F))
    return np.uint32(np.uint32(word * np.uint32(0x01010101)) >> np.uint32(24))


@step
def _leaving_day(words, row, lane, weeks, day, reached, until, units, hazard, arm):
    """The day on which the cumulated hazard reaches the person's number, from a day on at which it stands at `reached`;
    both are counted from the course's first. `NEVER` where it does not in these weeks; then what stands at their end.

    What makes leaving likelier is seen in the rows from `row` on.
    """
    cell = 2 * (day // WEEK) + (1 if day % WEEK >= 3 else 0)
    while cell < 2 * weeks and day <= until:
        risks = words[np.uint64((row + (cell >> 5)) * LANES + lane)]
        rate = hazard[arm, np.uint64((risks >> np.uint32(cell & 31)) & np.uint32(1))]
        ends = min(WEEK * (cell >> 1) + 3 + 4 * (cell & 1), until + 1)
        comes_to = reached + rate * (ends - day)
        if comes_to >= units:
            return day + (units - reached + rate - 1) // rate - 1, day, reached
        reached, day = comes_to, ends
        cell += 1
    return NEVER, day, reached


@step
def _leaves_later(few, place, seen, until, hazard):
    """The day of leaving of somebody of whom it is certain what is seen, and that nothing is after the weeks `seen`."""
    arm, units, low = few.arm[place], few.units[place], few.low[place]
    leaves, day, reached = _leaving_day(
        few.words, np.int64(KEPT_ROW), place, seen, few.day[place], few.reached[place], until, units, hazard, arm
    )  # fmt: skip
    beyond = until + 1 - day
    if leaves == NEVER and beyond > 0 and low > 0 and reached + low * beyond >= units:
        return day + (units - reached + low - 1) // low - 1
    return leaves


@step
def leave(
    t, course, streams, waiting, people, rows, few, begin, lanes, acting, weeks, longest, at_random
):  # fmt: skip
    """In `leaves` the day on which each leaves, or `NEVER`; and the events of courses longer than these weeks."""
    first_day, last_day, words, leaves = rows.first_day, rows.last_day, rows.words, rows.leaves
    begins, units, chosen = rows.begins, rows.units, rows.chosen
    on, arm, subject = people.on[begin:], people.arm[begin:], people.subject[begin:]
    hazard, until, risk_from, lane_of = t.hazard, t.risk_until, t.risk_from, few.lane
    from_day, reached = rows.from_day, rows.reached
    for lane in range(lanes):
        risks = words[RISKS_ROW * LANES + lane]
        words[HIGH_ROW * LANES + lane] = np.uint32(
            np.uint32(3) * _ones(risks) + _ones(risks & np.uint32(0xAAAAAAAA))
        )
    followed, many = WEEK * weeks, 0
    covers = until + 1 >= followed
    # what the hazard comes to at the end of these weeks; most never leave, however likely that becomes afterwards
    for lane in range(lanes):
        units[lane] = waiting[words[LEAVING_ROW * LANES + lane] >> LEVEL_SHIFT]
        low, high = hazard[arm[lane], 0], hazard[arm[lane], 1]
        risk = max(on[lane] - first_day[lane], risk_from) + 1
        before = max(min(0, until + 1) - risk, 0)
        # some days of the first half week may be without a hazard
        whole, late = covers and risk <= 3, max(risk, 0)
        days = np.int64(words[HIGH_ROW * LANES + lane])
        days -= late * np.int64(words[RISKS_ROW * LANES + lane] & np.uint32(1))
        in_course = low * (followed - late) + (high - low) * days
        from_day[lane] = followed if whole else max(risk, 0)
        reached[lane] = low * before + (in_course if whole else 0)
        leaves[lane], begins[lane], chosen[many] = NEVER, risk, lane
        most = max(low, high) * max(until + 1 - from_day[lane], 0)
        many += 1 if units[lane] <= reached[lane] + most else 0
    for at in range(many):
        lane = chosen[at]
        low, high = hazard[arm[lane], 0], hazard[arm[lane], 1]
        before = max(min(0, until + 1) - begins[lane], 0)
        whole = from_day[lane] == followed
        if low * before >= units[lane]:
            leaves[lane] = begins[lane] + (units[lane] - 1) // low
        elif units[lane] > reached[lane] if whole else last_day[lane] >= followed:
            leaves[lane] = _OPEN
        else:
            day, here, so_far = _leaving_day(
                words, np.int64(RISKS_ROW), lane, weeks, max(begins[lane], 0), low * before, until, units[lane], hazard, arm[lane]
            )  # fmt: skip
            beyond = until + 1 - here
            open_still = beyond > 0 and units[lane] - so_far <= max(low, high) * beyond
            leaves[lane] = _OPEN if day == NEVER and open_still else day
    many, dosed = 0, 0
    for lane in range(lanes):
        lane_of[many] = lane
        many += 1 if leaves[lane] == _OPEN or last_day[lane] >= followed else 0
        # those come first for whom doses matter
        dosed = many if lane < acting else dosed
    if many == 0:
        return
    for at in range(many):
        lane = lane_of[at]
        low, high = hazard[arm[lane], 0], hazard[arm[lane], 1]
        kind = _STAYS_OPEN if from_day[lane] == followed else _LOOKED_AT_LATER
        few.state[at] = kind if leaves[lane] == _OPEN else _STAYS
        few.day[at], few.reached[at], few.units[at] = from_day[lane], reached[lane], units[lane]
        few.low[at], few.likelier[at] = low, high - low
        few.subject[at], few.arm[at] = subject[lane], arm[lane]
    seen = _go_on(course, streams, rows, few, many, dosed, weeks, longest, until, at_random)
    for at in range(many):
        lane = lane_of[at]
        if leaves[lane] == _OPEN:
            leaves[lane] = NEVER
            if few.state[at] != _STAYS:
                leaves[lane] = _leaves_later(few, at, seen, until, hazard)

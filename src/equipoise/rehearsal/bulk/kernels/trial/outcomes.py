"""Deaths, what leaving and death mean for a participant's data, completing, and the outcome of each."""

from __future__ import annotations

import numpy as np

from ..compiling import step
from .calendar import WEEK, working_day
from .rooms import NEVER
from .rows import DEATH_ROW, EVENTS_ROW, LANES
from .tables import DATA_USE, FOLLOW_UP, SCOPE, TREATMENT
from .words import chosen_level, draw, one_block, uniform


@step
def deaths(t, people, rows, gone, begin, lanes, at_random):
    """In `gone` the day on which each dies, or `NEVER`."""
    arm = people.arm
    category = people.category
    subject = people.subject
    streams = t.death_streams
    chances = t.death_chances
    arms = t.death_arms
    categories = t.death_categories
    grades = t.death_grades
    fatal_grades = t.death_fatal
    serious = t.death_serious
    days = t.death_days
    first_day = rows.first_day
    words = rows.words
    for lane in range(lanes):
        gone[begin + lane] = NEVER
    for fatal in range(streams.size):
        stream = streams[fatal]
        draw(words, DEATH_ROW, subject, begin, lanes, 0, stream, at_random)
        for lane in range(lanes):
            at = begin + lane
            if uniform(words[DEATH_ROW * LANES + lane]) >= chances[fatal]:
                continue
            if not (arms[fatal, arm[at]] and categories[fatal, category[at]]):
                continue
            level = chosen_level(grades[fatal], uniform(words[(DEATH_ROW + 3) * LANES + lane]))
            kills = fatal_grades[fatal, level]
            if not kills and serious[fatal] > 0:
                more = one_block(
                    subject[at], 1, stream, at_random.key_a, at_random.key_b, at_random.replicate
                )  # fmt: skip
                kills = uniform(more[0]) < serious[fatal]
            if kills:
                low, high = days[fatal, 0], days[fatal, 1]
                day = low + np.int64(
                    uniform(words[(DEATH_ROW + 1) * LANES + lane]) * (high - low + 1)
                )
                gone[at] = min(gone[at], first_day[lane] + day)


@step
def _ended_early(t, streams, weekday_0, people, rows, fates, at, lane, at_random):
    """What leaving and death mean for one participant; the day on which that is written down, or `NEVER`."""
    words, start, last, weekday = (
        rows.words, rows.first_day[lane], rows.last_day[lane], rows.weekday[lane]
    )  # fmt: skip
    leaves, death, on = rows.leaves[lane], fates.gone[at], people.on[at]
    leaves += start if leaves < NEVER else 0
    recorded = max(working_day(min(leaves, death), weekday_0), working_day(on + 1, weekday_0))
    dies = death <= recorded
    scope = FOLLOW_UP
    if not dies:
        drawn = one_block(
            people.subject[at], 0, streams[SCOPE], at_random.key_a, at_random.key_b, at_random.replicate
        )  # fmt: skip
        scope = t.scope_kinds[chosen_level(t.scopes, uniform(drawn[0]))]
        if scope == TREATMENT and not t.products[people.arm[at]]:
            scope = FOLLOW_UP
    stays = not dies and scope == TREATMENT
    later = stays and death < NEVER
    if later:
        recorded = max(working_day(death, weekday_0), working_day(recorded + 1, weekday_0))
    fates.gone[at] = NEVER
    if (stays and not later) or recorded > start + t.completes[weekday, last]:
        return NEVER
    if not dies and scope == DATA_USE:
        fates.gone[at] = recorded
    fates.settled[at] = min(recorded, start + last)
    fates.awaited[at] = min(death if dies or later else leaves, start + last)
    mask = np.uint32(0)
    for visit in range(t.visits[weekday, last]):
        day = t.seen_on[weekday, last, visit]
        if start + day >= recorded:
            break
        cell = 2 * (day // WEEK) + (1 if day % WEEK >= 3 else 0)
        mask |= np.uint32(1) << np.uint32(cell)
    fates.event[at] = 1 if words[EVENTS_ROW * LANES + lane] & mask else 0
    return recorded


@step
def follow(t, streams, weekday_0, people, rows, fates, begin, lanes, counts, at_random):
    """Completing, and the outcome of each, counted in `counts`; the day on which the last has ended."""
    first_day, last_day, weekdays, words = rows.first_day, rows.last_day, rows.weekday, rows.words
    leaves, chosen, completes, all_seen = rows.leaves, rows.chosen, t.completes, t.all_seen
    gone, settled, awaited = fates.gone[begin:], fates.settled[begin:], fates.awaited[begin:]
    event, stratum, arm = fates.event[begin:], people.stratum[begin:], people.arm[begin:]
    ends, ended = np.int64(-1), rows.units
    many = 0
    for lane in range(lanes):
        weekday, last = weekdays[lane], last_day[lane]
        settled[lane] = awaited[lane] = first_day[lane] + last
        ended[lane] = first_day[lane] + completes[weekday, last]
        event[lane] = 1 if words[EVENTS_ROW * LANES + lane] & all_seen[weekday, last] else 0
        chosen[many] = lane
        many += 1 if min(leaves[lane], gone[lane]) < NEVER else 0
    for place in range(many):
        lane = chosen[place]
        recorded = _ended_early(
            t, streams, weekday_0, people, rows, fates, begin + lane, lane, at_random
        )
        ended[lane] = recorded if recorded < NEVER else ended[lane]
    for lane in range(lanes):
        ends = max(ends, ended[lane])
        counted = 1 if gone[lane] == NEVER else 0
        counts[stratum[lane], arm[lane], 0] += counted
        counts[stratum[lane], arm[lane], 1] += counted * event[lane]
    return ends

"""Who comes, who is randomized, and when."""

from __future__ import annotations

import numpy as np

from ..compiling import step
from .calendar import WEEK
from .rows import DAY_ROW, LANES, MINUTE_ROW, PASSED_ROW
from .tables import CANDIDATE, FAILURE
from .words import LEVEL_SHIFT, among, draw, uniform

ORDINAL_BITS = 20
"""The bits of a candidate's number: among those of the site in the subject's, among all in the order of randomization."""
AT_ONCE = 32
"""How many candidates of a site are awaited together."""
_SITE_BITS, _GAP_BLOCK = 12, 1


@step
def _await_more(t, streams, waiting, rows, words, place, at_random):
    """The days on which the next candidates of a site come, in `coming`."""
    rises, rises_on, rises_from = t.rises[place], t.rises_on[place], t.rises_from[place]
    some, coming, shift, last = (
        rows.some,
        rows.coming[place],
        t.rises_shift,
        t.rises_from.shape[1] - 1,
    )
    here, time = rows.ready[place], rows.elapsed[place]
    for lane in range(AT_ONCE):
        some[lane] = np.uint32((place << ORDINAL_BITS) + here + lane)
    draw(words, 0, some, 0, np.int64(AT_ONCE), _GAP_BLOCK, streams[CANDIDATE], at_random)
    for lane in range(AT_ONCE):
        time += np.int64(waiting[words[LANES + lane] >> LEVEL_SHIFT])
        rise = np.uint64(rises_from[np.uint64(min(time >> shift, last))])
        # the next one is common, and cannot be foreseen; those after it are rare
        rise += np.uint64(1 if rises[rise] <= time else 0)
        while rises[rise] <= time:
            rise += np.uint64(1)
        coming[lane] = (np.int64(rises_on[rise]) << _SITE_BITS) + place
    rows.elapsed[place] = time
    rows.ready[place] = here + AT_ONCE


@step
def _screen(t, rows, words, begin, lanes, reached):
    """Put those of a turn who are randomized among `keys`, which stay in order; how many there are with them."""
    refusal, fails, rescreening = t.refusal, t.fails, t.rescreening
    mornings, weekday_0, starts = t.mornings, np.uint32(t.weekday_0), np.uint32(t.starts)
    came, site, keys, some = rows.day[begin:], rows.site[begin:], rows.keys, rows.passed
    shortest, waits = np.uint32(t.wait[0]), np.uint64(t.wait[1] - t.wait[0] + 1)
    soonest = np.uint32(t.rescreened_after[0])
    returns = np.uint64(t.rescreened_after[1] - t.rescreened_after[0] + 1)
    latest = mornings.shape[1] - 1
    first = np.uint32(begin)
    # nothing branches on what cannot be foreseen
    for lane in range(lanes):
        failed = uniform(words[4 * LANES + lane]) < fails
        fits = (uniform(words[2 * LANES + lane]) < rescreening) | (not failed)
        fits &= uniform(words[lane]) >= refusal
        again = soonest + np.uint32(among(words[3 * LANES + lane], returns))
        day = np.uint32(came[lane]) + (again if failed else np.uint32(0))
        weekday = np.uint32(day + weekday_0) % np.uint32(WEEK)
        over = weekday > np.uint32(4)
        day = np.uint32(day + (np.uint32(WEEK) - weekday if over else np.uint32(0)))
        weekday = np.uint32(0) if over else weekday
        wait = np.uint32(shortest + np.uint32(among(words[LANES + lane], waits)))
        day = np.uint32(day + wait + np.uint32(2) * (np.uint32(weekday + wait) // np.uint32(5)))
        # the remainders of 7919 and 104729 by 480
        minute = np.uint32(
            (first + np.uint32(lane)) * np.uint32(239) + (day + starts) * np.uint32(89)
        )
        words[PASSED_ROW * LANES + lane] = np.uint32(1) if fits else np.uint32(0)
        words[DAY_ROW * LANES + lane] = day
        words[MINUTE_ROW * LANES + lane] = minute % np.uint32(480)
    many = 0
    for lane in range(lanes):
        day = np.int64(words[DAY_ROW * LANES + lane])
        morning = mornings[site[lane], min(day, latest)]
        minute = morning + np.int64(words[MINUTE_ROW * LANES + lane])
        some[many] = (((day << 13) + minute) << ORDINAL_BITS) + begin + lane
        many += np.int64(words[PASSED_ROW * LANES + lane])
    for at in range(many):
        key, to = some[at], reached
        while to > 0 and keys[to - 1] > key:
            keys[to] = keys[to - 1]
            to -= 1
        keys[to] = key
        reached += 1
    return reached


@step
def recruit(t, streams, waiting, rows, words, at_random):
    """Candidates in the order of their coming, and in `keys` those randomized, in theirs; how many there are of these."""
    target, wanted, calendar = t.target, t.wanted, t.days
    coming, ready, used, following = rows.coming, rows.ready, rows.used, rows.following
    subject, site, came, keys = rows.subject, rows.site, rows.day, rows.keys
    sites = used.size
    for at in range(sites):
        ready[at] = used[at] = rows.elapsed[at] = 0
        _await_more(t, streams, waiting, rows, words, at, at_random)
        following[at] = coming[at, 0]
    persons, screened, reached = 0, 0, 0
    limit, closed = min(t.enough, wanted), False
    while True:
        while persons < limit:
            # the first day, and on it the first site
            chosen = following[0]
            for at in range(1, sites):
                chosen = min(chosen, following[at])
            day, place = chosen >> _SITE_BITS, chosen & ((1 << _SITE_BITS) - 1)
            if day >= calendar:
                closed = True
                break
            here = used[place]
            subject[persons] = np.uint32((place << ORDINAL_BITS) + here)
            site[persons], came[persons] = place, day
            persons += 1
            here += 1
            used[place] = here
            if here == ready[place]:
                _await_more(t, streams, waiting, rows, words, place, at_random)
            following[place] = coming[place, here % AT_ONCE]
        # who of them is randomized, and when
        for begin in range(screened, persons, LANES):
            lanes = min(LANES, persons - begin)
            draw(words, 0, subject, begin, lanes, 0, streams[CANDIDATE], at_random)
            draw(words, 4, subject, begin, lanes, 0, streams[FAILURE], at_random)
            reached = _screen(t, rows, words, begin, lanes, reached)
        screened = persons
        if closed or persons == wanted:
            return reached
        # nobody who comes later is randomized before tomorrow
        if reached >= target and keys[target - 1] >> 33 <= came[persons - 1]:
            return reached
        limit = min(limit + AT_ONCE, wanted)

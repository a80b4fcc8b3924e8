"""Standard trials, patient by patient: two proportions with the pooled z test, two survival curves with the log-rank test.

Words are counter-based, Philox 4x32-10: a pure function of key, replicate, stream and place.

Address of a word
    key      the first 64 bits of SHA-256(`equipoise-standard-1|seed`), two words, little endian
    counter  (block, replicate modulo 2^32, replicate div 2^32, stream); output word w of block b is place
             w · blocks + b

Layout
    A group of replicates is computed side by side. Arrays have a column for each of them, so that the innermost
    loop always runs over the same number of neighbors in memory; over the places of one replicate some would be left
    over that fill no vector, and take six times as long. Whether a participant is treated, has the event, is lost: a
    bit each, 32 to a row.
"""

from __future__ import annotations

import hashlib
import itertools
import math

import numpy as np
import numpy.typing as npt

from .compiling import kernel, step
from .philox import HALF, LOW, words_of_32

Words = npt.NDArray[np.uint32]

GROUP = 16
"""Replicates computed side by side: the 32-bit words of the widest vectors."""


def key_of(seed: int) -> tuple[np.uint64, np.uint64]:
    """The two key words of a seed."""
    digest = hashlib.sha256(f"equipoise-standard-1|{seed}".encode()).digest()
    first, second = (int.from_bytes(digest[at : at + 4], "little") for at in (0, 4))
    return np.uint64(first), np.uint64(second)


def blocks_for(words: int) -> int:
    """Blocks that hold so many words."""
    return -(-words // 4)


@step
def _whole_number(word, among):
    """A whole number from 0 to below `among`."""
    return (np.uint64(word) * np.uint64(among)) >> HALF


@kernel
def fill(words, blocks, key_a, key_b, first, stream):
    """Fill `words`, 4 · blocks rows by `GROUP` columns: a column for each replicate from `first` on."""
    for block in range(blocks):
        for lane in range(GROUP):
            replicate = np.uint64(first) + np.uint64(lane)
            low, high = replicate & LOW, replicate >> HALF
            a, b, c, d = words_of_32(np.uint64(block), low, high, np.uint64(stream), key_a, key_b)
            words[block, lane] = np.uint32(a)
            words[blocks + block, lane] = np.uint32(b)
            words[2 * blocks + block, lane] = np.uint32(c)
            words[3 * blocks + block, lane] = np.uint32(d)


OUTCOMES, BLOCKS, LOSS, ENTRY = (np.uint64(stream) for stream in range(4))
"""The streams of random words; outcomes are events of proportions, or times to the event."""


# -- permuted blocks ---------------------------------------------------------------------------

MOST_ARRANGEMENTS = 5000
"""A block may have this many arrangements: 1:1 in blocks of up to 14."""


def arrangements(size: int, treated: int) -> int:
    """In how many orders a block can come."""
    return math.comb(size, treated)


def arrangement_tables(
    sizes: tuple[int, ...], treatment: int, control: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Arrangements of each size after the other, a column each; where each size's columns begin, and how many.

    A bit is a place (1 treatment, 0 control), the first place the lowest bit of the first row. A column chosen with
    equal chances is what shuffling the block gives.
    """
    columns: list[list[int]] = []
    begins, counts = [], []
    pieces = -(-max(sizes) // 32)
    for size in sizes:
        treated = size * treatment // (treatment + control)
        begins.append(len(columns))
        for places in itertools.combinations(range(size), treated):
            column = [0] * pieces
            for place in places:
                column[place // 32] |= 1 << place % 32
            columns.append(column)
        counts.append(len(columns) - begins[-1])
    return (
        np.array(columns, dtype=np.uint32).T.copy(),
        np.array(begins, dtype=np.int64),
        np.array(counts, dtype=np.int64),
    )


@step
def _set(arms, lane, begin, bits):
    """Set the bits of up to 32 participants from `begin` on."""
    row, shifted = begin >> 5, np.uint64(bits) << np.uint64(begin & 31)
    arms[row, lane] |= np.uint32(shifted & LOW)
    arms[row + 1, lane] |= np.uint32(shifted >> HALF)


@step
def _allocate(arms, participants, words, sizes, table, begins, counts):
    """Set the bits of `arms`, 1 for treatment, block by block; it has a row more than the last block needs.

    Where there is one size, a word a block chooses the arrangement; else two words choose size and arrangement.
    """
    arms[:] = 0
    pieces = table.shape[0]
    if sizes.size == 1:
        size = sizes[0]
        for block in range((participants + size - 1) // size):
            for piece in range(pieces):
                begin = block * size + 32 * piece
                for lane in range(GROUP):
                    chosen = _whole_number(words[block, lane], counts[0])
                    _set(arms, lane, begin, table[piece, chosen])
        return
    for lane in range(GROUP):
        place, word = 0, 0
        while place < participants:
            which = _whole_number(words[word, lane], sizes.size)
            chosen = np.uint64(begins[which]) + _whole_number(words[word + 1, lane], counts[which])
            word += 2
            for piece in range(pieces):
                _set(arms, lane, place + 32 * piece, table[piece, chosen])
            place += sizes[which]


# -- two proportions ---------------------------------------------------------------------------

_TOGETHER = 8
"""Participants whose bits are found in registers before they are stored."""


@step
def _mark(marked, words, arms, participants, treated_below, control_below):
    """Set the bits of those whose word, halved, is below the bound of their arm."""
    marked[:] = 0
    for begin in range(0, participants, _TOGETHER):
        row, shift = begin >> 5, np.uint32(begin & 31)
        for lane in range(GROUP):
            treated = arms[row, lane] >> shift
            found = np.uint32(0)
            for at in range(_TOGETHER):
                below = treated_below if treated & np.uint32(1 << at) else control_below
                if words[begin + at, lane] >> np.uint32(1) < below:
                    found |= np.uint32(1 << at)
            marked[row, lane] |= np.uint32(found << shift)


_PAIRS, _FOURS = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
_EIGHTS, _BYTES = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)


@step
def _ones(bits):
    """How many bits are set; compilers know this form and use the processor's own count."""
    pairs = bits - ((bits >> np.uint64(1)) & _PAIRS)
    fours = (pairs & _FOURS) + ((pairs >> np.uint64(2)) & _FOURS)
    eights = (fours + (fours >> np.uint64(4))) & _EIGHTS
    return np.int32((eights * _BYTES) >> np.uint64(56))


CASES, EVENTS_1, SEEN, SEEN_1 = 0, 1, 2, 3


@step
def _count(counted, events, lost, arms, start, end):
    """Add participants `start` to `end`, but those lost, to each replicate's counts."""
    for row in range(start >> 5, (end + 31) >> 5):
        asked = LOW
        if 32 * row < start:
            asked = (asked << np.uint64(start - 32 * row)) & LOW
        if 32 * row + 32 > end:
            asked &= LOW >> np.uint64(32 * row + 32 - end)
        for lane in range(GROUP):
            seen = asked & ~np.uint64(lost[row, lane])
            cases = np.uint64(events[row, lane]) & seen
            treated = np.uint64(arms[row, lane])
            counted[CASES, lane] += _ones(cases)
            counted[EVENTS_1, lane] += _ones(cases & treated)
            counted[SEEN, lane] += _ones(seen)
            counted[SEEN_1, lane] += _ones(seen & treated)


@step
def _pooled(estimates, statistics, look, counted):
    """The difference of proportions and the pooled z of each replicate; neither is a number while a group is empty."""
    for lane in range(GROUP):
        cases, events_1 = counted[CASES, lane], counted[EVENTS_1, lane]
        seen, seen_1 = counted[SEEN, lane], counted[SEEN_1, lane]
        seen_0, events_0 = seen - seen_1, cases - events_1
        estimate = events_1 / seen_1 - events_0 / seen_0
        share = cases / seen
        z = estimate / math.sqrt(share * (1 - share) * (1 / seen_1 + 1 / seen_0))
        if cases == 0 or cases == seen:
            z = 0.0
        if seen_1 == 0 or seen_0 == 0:
            estimate, z = math.nan, math.nan
        estimates[look, lane] = estimate
        statistics[look, lane] = z


@kernel
def two_proportions(
    first, replicates, key_a, key_b, looks, upper, lower, high, low, treated_below, control_below, lost_below,
    sizes, table, begins, counts, crossings, sums,
):  # fmt: skip
    """Add replicates up.

    `looks` are participants randomized at each look, `upper` and `lower` the boundaries of z (treatment less control),
    `high` and `low` those at which the trial stops: the same, or for futility already where z is less far out. An
    outcome is an event where its word, halved, is below 2^31 times the arm's rate. `crossings[look]` counts crossings
    (above, below, futile); `sums` gets participants, estimates and their squares at the end of each trial, trials
    without an estimate, and their number.
    """
    participants = looks[-1]
    outcome_blocks = (participants + 3) // 4
    # blocks of the smallest size ask for the most words
    blocks = (participants + sizes.min() - 1) // sizes.min()
    order_blocks = ((blocks if sizes.size == 1 else 2 * blocks) + 3) // 4
    words = np.empty((4 * outcome_blocks + _TOGETHER, GROUP), dtype=np.uint32)
    orders = np.empty((4 * order_blocks, GROUP), dtype=np.uint32)
    rows = participants // 32 + table.shape[0] + 2
    arms = np.empty((rows, GROUP), dtype=np.uint32)
    events = np.empty((rows, GROUP), dtype=np.uint32)
    lost = np.zeros((rows, GROUP), dtype=np.uint32)
    counted = np.empty((4, GROUP), dtype=np.int32)
    estimates = np.empty((looks.size, GROUP), dtype=np.float64)
    statistics = np.empty((looks.size, GROUP), dtype=np.float64)
    # of each replicate: the look and kind of its crossing, none at the end; what it ends with
    crossed = np.empty(GROUP, dtype=np.int64)
    size = np.empty(GROUP, dtype=np.int64)
    estimate = np.empty(GROUP, dtype=np.float64)
    tally = np.zeros(3 * looks.size + 1, dtype=np.int64)
    end = first + replicates
    for group in range(first, end, GROUP):
        fill(orders, order_blocks, key_a, key_b, group, BLOCKS)
        _allocate(arms, participants, orders, sizes, table, begins, counts)
        fill(words, outcome_blocks, key_a, key_b, group, OUTCOMES)
        _mark(events, words, arms, participants, treated_below, control_below)
        if lost_below > 0:
            fill(words, outcome_blocks, key_a, key_b, group, LOSS)
            _mark(lost, words, arms, participants, lost_below, lost_below)
        counted[:] = 0
        for look in range(looks.size):
            start = looks[look - 1] if look > 0 else 0
            _count(counted, events, lost, arms, start, looks[look])
            _pooled(estimates, statistics, look, counted)
        for lane in range(GROUP):
            crossed[lane] = 3 * looks.size
            size[lane] = participants
            estimate[lane] = estimates[-1, lane]
        # backwards, so that the first look which stops has the last word
        for look in range(looks.size - 1, -1, -1):
            for lane in range(GROUP):
                z = statistics[look, lane]
                if z >= high[look] or z <= low[look]:
                    above = z >= high[look] and z >= upper[look]
                    crossed[lane] = 3 * look + (0 if above else 1 if z <= lower[look] else 2)
                    size[lane] = looks[look]
                    estimate[lane] = estimates[look, lane]
        for lane in range(min(GROUP, end - group)):
            tally[crossed[lane]] += 1
            sums[0] += size[lane]
            sums[1] += size[lane] * size[lane]
            if math.isnan(estimate[lane]):
                sums[4] += 1
            else:
                sums[2] += estimate[lane]
                sums[3] += estimate[lane] * estimate[lane]
            sums[5] += 1
    for look in range(looks.size):
        for kind in range(3):
            crossings[look, kind] += tally[3 * look + kind]


# -- two survival curves -----------------------------------------------------------------------

_UNIT = 2.0**-32


@step
def _day(word, mean, horizon):
    """The day after entry, from 1 on, of an exponential time; what is beyond the horizon comes on the day after it."""
    time = -math.log((word + 0.5) * _UNIT) * mean
    return np.int64(min(time, float(horizon))) + 1


@kernel
def two_survival_curves(
    first, replicates, key_a, key_b, participants, accrual, horizon, looks, upper, lower,
    treated_mean, control_mean, lost_mean, sizes, table, begins, counts, crossings, sums,
):  # fmt: skip
    """Add replicates up; times are recorded in whole days, as a trial records them.

    Ties are counted as the hypergeometric variance of the test asks. Entry is uniform over `accrual` days; event and
    loss have exponential times of these means in days (`lost_mean` infinite: nobody is lost). A look is taken at the
    end of the day on which its number of events (`looks`) is reached, or on the day `horizon`, whichever comes first.
    `upper` and `lower` bound z, which is positive where the treatment has fewer events than expected.
    `crossings[look]` counts crossings (above, below); `sums` gets participants entered, days, events, and their
    squares at the end of each trial, one-step log hazard ratios and their squares, trials without one, and the number
    of trials.
    """
    blocks = (participants + 3) // 4
    needed = (participants + sizes.min() - 1) // sizes.min()
    order_blocks = ((needed if sizes.size == 1 else 2 * needed) + 3) // 4
    entries = np.empty((4 * blocks, GROUP), dtype=np.uint32)
    outcomes = np.empty((4 * blocks, GROUP), dtype=np.uint32)
    losses = np.empty((4 * blocks if lost_mean < math.inf else 0, GROUP), dtype=np.uint32)
    orders = np.empty((4 * order_blocks, GROUP), dtype=np.uint32)
    allocated = np.empty((participants // 32 + table.shape[0] + 2, GROUP), dtype=np.uint32)
    arms = np.empty(participants, dtype=np.int64)
    entry = np.empty(participants, dtype=np.int64)
    event = np.empty(participants, dtype=np.int64)
    until = np.empty(participants, dtype=np.int64)
    calendar = np.zeros(horizon + 1, dtype=np.int64)
    # by day of follow-up: who stops being at risk, and who has the event; all, and the treated
    gone = np.zeros(horizon + 2, dtype=np.int64)
    gone_1 = np.zeros(horizon + 2, dtype=np.int64)
    died = np.zeros(horizon + 2, dtype=np.int64)
    died_1 = np.zeros(horizon + 2, dtype=np.int64)
    never = horizon + 1
    for replicate in range(first, first + replicates):
        lane = (replicate - first) % GROUP
        if lane == 0:
            fill(orders, order_blocks, key_a, key_b, replicate, BLOCKS)
            _allocate(allocated, participants, orders, sizes, table, begins, counts)
            fill(entries, blocks, key_a, key_b, replicate, ENTRY)
            fill(outcomes, blocks, key_a, key_b, replicate, OUTCOMES)
            if lost_mean < math.inf:
                fill(losses, blocks, key_a, key_b, replicate, LOSS)
        for at in range(participants):
            entry[at] = np.int64(_whole_number(entries[at, lane], accrual))
            arms[at] = (allocated[at >> 5, lane] >> np.uint32(at & 31)) & np.uint32(1)
            mean = treated_mean if arms[at] else control_mean
            event[at] = _day(outcomes[at, lane], mean, horizon)
            until[at] = never
        if lost_mean < math.inf:
            for at in range(participants):
                until[at] = _day(losses[at, lane], lost_mean, horizon)
        calendar[:] = 0
        for at in range(participants):
            day = entry[at] + event[at]
            if event[at] <= until[at] and day <= horizon:
                calendar[day] += 1
        reached, day = 0, -1
        ended, log_ratio, entered, events = horizon, math.nan, 0, 0
        for look in range(looks.size):
            while reached < looks[look] and day < horizon:
                day += 1
                reached += calendar[day]
            # without a branch: nothing predicts who has entered and who has had the event
            entered, at_risk_1, longest = 0, 0, 0
            for at in range(participants):
                followed = day - entry[at]
                present = np.int64(followed >= 0)
                present_1 = present & arms[at]
                last = max(min(event[at], until[at], followed), 0)
                dead = np.int64(event[at] == last) & np.int64(event[at] <= until[at])
                entered += present
                at_risk_1 += present_1
                longest = max(longest, last)
                gone[last] += present
                gone_1[last] += present_1
                died[last] += dead
                died_1[last] += dead & arms[at]
            at_risk = entered
            observed, expected, variance, events = 0, 0.0, 0.0, 0
            for time in range(longest + 1):
                deaths = died[time]
                if deaths > 0:
                    events += deaths
                    observed += died_1[time]
                    share = at_risk_1 / at_risk
                    expected += deaths * share
                    if at_risk > 1:
                        left = (at_risk - deaths) / (at_risk - 1)
                        variance += deaths * share * (1 - share) * left
                at_risk -= gone[time]
                at_risk_1 -= gone_1[time]
                gone[time] = 0
                gone_1[time] = 0
                died[time] = 0
                died_1[time] = 0
            ended = day
            if variance <= 0:
                log_ratio = math.nan
                continue
            log_ratio = (observed - expected) / variance
            z = (expected - observed) / math.sqrt(variance)
            if z >= upper[look]:
                crossings[look, 0] += 1
                break
            if z <= lower[look]:
                crossings[look, 1] += 1
                break
        sums[0] += entered
        sums[1] += entered * entered
        sums[2] += ended
        sums[3] += ended * ended
        sums[4] += events
        sums[5] += events * events
        if math.isnan(log_ratio):
            sums[8] += 1
        else:
            sums[6] += log_ratio
            sums[7] += log_ratio * log_ratio
        sums[9] += 1

"""Standard trials, patient by patient: two proportions with the pooled z test, two survival curves with the log-rank test.

All kernels of standard trials stand in this one file: what Numba has compiled is taken anew when the file changes, and
not when a file changes whose kernels it calls.

Words are counter-based, Philox 4x32-10 (Salmon et al., SC 2011), whole rows at once: a pure function of key, replicate,
stream and place. Products of 32-bit words fit 64 bits, so that the compiler computes several blocks at a time; the
64-bit variant that the rehearsal's arrays use is not vectorized.

Address of a word
    key      the first 64 bits of SHA-256(`equipoise-standard-1|seed`), two words, little endian
    counter  (block, replicate modulo 2^32, replicate div 2^32, stream); output word w of block b is place
             w · blocks + b of the row
"""

from __future__ import annotations

import hashlib
import itertools
import math

import numpy as np
import numpy.typing as npt

from .compiling import kernel, part

Words = npt.NDArray[np.uint32]

_FACTOR_A, _FACTOR_C = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_A, _WEYL_B = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_ROUNDS = 10


def key_of(seed: int) -> tuple[np.uint64, np.uint64]:
    """The two key words of a seed."""
    digest = hashlib.sha256(f"equipoise-standard-1|{seed}".encode()).digest()
    first, second = (int.from_bytes(digest[at : at + 4], "little") for at in (0, 4))
    return np.uint64(first), np.uint64(second)


def blocks_for(words: int) -> int:
    """Blocks that hold so many words."""
    return -(-words // 4)


@part
def _turn(a, b, c, d, first, second):
    left, right = _FACTOR_A * a, _FACTOR_C * c
    return (right >> _HALF) ^ b ^ first, right & _LOW, (left >> _HALF) ^ d ^ second, left & _LOW


@kernel
def fill(row, blocks, key_a, key_b, replicate, stream):
    """Fill a row of 4 · blocks words."""
    for block in range(blocks):
        a = np.uint64(block)
        b = np.uint64(replicate) & _LOW
        c = np.uint64(replicate) >> _HALF
        d = np.uint64(stream)
        first, second = np.uint64(key_a), np.uint64(key_b)
        for _ in range(_ROUNDS):
            a, b, c, d = _turn(a, b, c, d, first, second)
            first = (first + _WEYL_A) & _LOW
            second = (second + _WEYL_B) & _LOW
        row[block] = np.uint32(a)
        row[blocks + block] = np.uint32(b)
        row[2 * blocks + block] = np.uint32(c)
        row[3 * blocks + block] = np.uint32(d)


# -- permuted blocks ---------------------------------------------------------------------------

MOST_ARRANGEMENTS = 5000
"""A block may have this many arrangements: 1:1 in blocks of up to 14."""


def arrangements(size: int, treated: int) -> int:
    """In how many orders a block can come."""
    return math.comb(size, treated)


def arrangement_tables(
    sizes: tuple[int, ...], treatment: int, control: int
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of arms (1 treatment, 0 control) for each size after the other; where each size's rows begin, and how many.

    A row chosen with equal chances is what shuffling the block gives.
    """
    rows: list[list[int]] = []
    begins, counts = [], []
    longest = max(sizes)
    for size in sizes:
        treated = size * treatment // (treatment + control)
        begins.append(len(rows))
        for places in itertools.combinations(range(size), treated):
            row = [0] * longest
            for place in places:
                row[place] = 1
            rows.append(row)
        counts.append(len(rows) - begins[-1])
    return (
        np.array(rows, dtype=np.uint32),
        np.array(begins, dtype=np.int64),
        np.array(counts, dtype=np.int64),
    )


@kernel
def allocate(arms, participants, words, sizes, table, begins, counts):
    """Fill `arms`, which has room for one block more, block by block.

    Where there is one size, a word a block chooses the arrangement; else two words choose size and arrangement.
    """
    width = table.shape[1]
    if sizes.size == 1:
        for block in range((participants + width - 1) // width):
            row = np.int64((np.uint64(words[block]) * np.uint64(counts[0])) >> np.uint64(32))
            for place in range(width):
                arms[block * width + place] = table[row, place]
        return
    done, word = 0, 0
    while done < participants:
        which = (np.uint64(words[word]) * np.uint64(sizes.size)) >> np.uint64(32)
        row = begins[which] + np.int64(
            (np.uint64(words[word + 1]) * np.uint64(counts[which])) >> np.uint64(32)
        )
        word += 2
        # the whole row: what is beyond the block is overwritten by the next
        for place in range(width):
            arms[done + place] = table[row, place]
        done += sizes[which]


# -- two proportions ---------------------------------------------------------------------------

OUTCOMES, BLOCKS, LOSS, ENTRY = 0, 1, 2, 3
"""The streams of random words; outcomes are events of proportions, or times to the event."""


@kernel
def _count(words, arms, start, end, control_below, further):
    """Events, events under treatment, participants, participants under treatment."""
    cases, events_1, seen_1 = 0, 0, 0
    for at in range(start, end):
        arm = arms[at]
        event = np.int64((words[at] >> np.uint32(1)) < np.uint32(control_below + arm * further))
        cases += event
        events_1 += event & np.int64(arm)
        seen_1 += np.int64(arm)
    return cases, events_1, end - start, seen_1


@kernel
def _count_kept(words, losses, arms, start, end, control_below, further, lost_below):
    """The same, of those who are not lost."""
    cases, events_1, total, seen_1 = 0, 0, 0, 0
    for at in range(start, end):
        arm = arms[at]
        kept = np.int64((losses[at] >> np.uint32(1)) >= lost_below)
        below = np.uint32(control_below + arm * further)
        event = np.int64((words[at] >> np.uint32(1)) < below) & kept
        cases += event
        events_1 += event & np.int64(arm)
        total += kept
        seen_1 += kept & np.int64(arm)
    return cases, events_1, total, seen_1


@kernel
def two_proportions(
    first, replicates, key_a, key_b, looks, upper, lower, high, low, treated_below, control_below, lost_below,
    sizes, table, begins, counts, crossings, sums,
):  # fmt: skip
    """Add replicates up.

    `looks` are participants randomized at each look, `upper` and `lower` the boundaries of z (treatment less
    control), `high` and `low` those at which the trial stops: the same, or for futility already where z is less far out. An outcome is an event where its word, halved, is below 2^31 times the arm's rate. `crossings[look]`
    counts crossings (above, below, futile); `sums` gets participants, estimates and their squares at the end of each trial,
    trials without an estimate, and their number.
    """
    participants = looks[-1]
    outcome_blocks = (participants + 3) // 4
    # blocks of the smallest size ask for the most words
    blocks = (participants + sizes.min() - 1) // sizes.min()
    order_blocks = ((blocks if sizes.size == 1 else 2 * blocks) + 3) // 4
    words = np.empty(4 * outcome_blocks, dtype=np.uint32)
    losses = np.zeros(4 * outcome_blocks, dtype=np.uint32)
    orders = np.empty(4 * order_blocks, dtype=np.uint32)
    arms = np.empty(participants + table.shape[1], dtype=np.uint32)
    further = np.uint32(treated_below - control_below)
    for replicate in range(first, first + replicates):
        fill(words, outcome_blocks, key_a, key_b, replicate, OUTCOMES)
        fill(orders, order_blocks, key_a, key_b, replicate, BLOCKS)
        allocate(arms, participants, orders, sizes, table, begins, counts)
        if lost_below > 0:
            fill(losses, outcome_blocks, key_a, key_b, replicate, LOSS)
        cases, events_1, total, seen_1 = 0, 0, 0, 0
        start, size, estimate = 0, participants, math.nan
        for look in range(looks.size):
            end = looks[look]
            if lost_below > 0:
                counted = _count_kept(
                    words, losses, arms, start, end, control_below, further, lost_below
                )
            else:
                counted = _count(words, arms, start, end, control_below, further)
            cases += counted[0]
            events_1 += counted[1]
            total += counted[2]
            seen_1 += counted[3]
            start = end
            seen_0, events_0 = total - seen_1, cases - events_1
            if seen_1 == 0 or seen_0 == 0:
                continue
            estimate = events_1 / seen_1 - events_0 / seen_0
            z = 0.0
            if 0 < cases < total:
                share = cases / total
                z = estimate / math.sqrt(share * (1 - share) * (1 / seen_1 + 1 / seen_0))
            if z >= high[look]:
                crossings[look, 0 if z >= upper[look] else 1 if z <= lower[look] else 2] += 1
                size = looks[look]
                break
            if z <= low[look]:
                crossings[look, 1 if z <= lower[look] else 2] += 1
                size = looks[look]
                break
        sums[0] += size
        sums[1] += size * size
        if math.isnan(estimate):
            sums[4] += 1
        else:
            sums[2] += estimate
            sums[3] += estimate * estimate
        sums[5] += 1


# -- two survival curves -----------------------------------------------------------------------

_UNIT = 2.0**-32


@kernel
def two_survival_curves(
    first, replicates, key_a, key_b, participants, accrual, horizon, looks, upper, lower,
    treated_mean, control_mean, lost_mean, sizes, table, begins, counts, crossings, sums,
):  # fmt: skip
    """Add replicates up; times are recorded in whole days, as a trial records them.

    Ties are counted as the hypergeometric variance of the test asks. Entry is uniform over `accrual` days; event and loss have exponential times of these means in days
    (`lost_mean` infinite: nobody is lost). A look is taken at the end of the day on which its number of events
    (`looks`) is reached, or on the day `horizon`, whichever comes first. `upper` and `lower` bound z, which is
    positive where the treatment has fewer events than expected. `crossings[look]` counts crossings (above, below); `sums` gets
    participants entered, days, events, and their squares at the end of each trial, one-step log hazard ratios and
    their squares, trials without one, and the number of trials.
    """
    blocks = (participants + 3) // 4
    needed = (participants + sizes.min() - 1) // sizes.min()
    order_blocks = ((needed if sizes.size == 1 else 2 * needed) + 3) // 4
    words = np.empty(4 * blocks, dtype=np.uint32)
    orders = np.empty(4 * order_blocks, dtype=np.uint32)
    arms = np.empty(participants + table.shape[1], dtype=np.uint32)
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
        fill(orders, order_blocks, key_a, key_b, replicate, BLOCKS)
        allocate(arms, participants, orders, sizes, table, begins, counts)
        fill(words, blocks, key_a, key_b, replicate, ENTRY)
        for at in range(participants):
            entry[at] = np.int64((np.uint64(words[at]) * np.uint64(accrual)) >> np.uint64(32))
        fill(words, blocks, key_a, key_b, replicate, OUTCOMES)
        for at in range(participants):
            mean = treated_mean if arms[at] else control_mean
            # on the day after entry at the earliest
            time = -math.log((words[at] + 0.5) * _UNIT) * mean
            event[at] = np.int64(min(time, float(horizon))) + 1
            until[at] = never
        if lost_mean < math.inf:
            fill(words, blocks, key_a, key_b, replicate, LOSS)
            for at in range(participants):
                time = -math.log((words[at] + 0.5) * _UNIT) * lost_mean
                until[at] = np.int64(min(time, float(horizon))) + 1
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
            entered, at_risk, at_risk_1, longest = 0, 0, 0, 0
            for at in range(participants):
                followed = day - entry[at]
                if followed < 0:
                    continue
                entered += 1
                arm = np.int64(arms[at])
                last = min(event[at], until[at], followed)
                at_risk += 1
                at_risk_1 += arm
                gone[last] += 1
                gone_1[last] += arm
                longest = max(longest, last)
                if event[at] == last and event[at] <= until[at]:
                    died[last] += 1
                    died_1[last] += arm
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

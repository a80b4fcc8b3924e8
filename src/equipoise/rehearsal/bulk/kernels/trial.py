"""Whole trials, replicate after replicate: from random words to the counts, looks and analyses that a protocol asks for.

It repeats under the second scheme of addresses (`rehearsal.lean`) what `generate` and the bulk engine do on arrays: the same
numbers, captured values, allocations, days, looks and counts. What it is told of a trial are tables that `bulk.whole`
makes of the protocol; nothing here knows one. Participants are the inner loop over contiguous rows in single precision.

A replicate with a comparison too close for the last bits of a library's function, or with counts for which a method
has rules of its own, is marked as doubtful; the caller computes it on arrays.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .compiling import kernel, part, step


class Recruitment(NamedTuple):
    """Who comes and who is randomized. Days are counted from `starts`, whose weekday is `weekday_0` (0 for Monday)."""

    target: Any
    wanted: Any
    """The most candidates there are."""
    enough: Any
    """Candidates among whom the target is usually found; no result depends on it."""
    starts: Any
    weekday_0: Any
    expected: Any
    """`[site, day]`: candidates expected up to the end of a day, in units."""
    mornings: Any
    """`[site, day]`: minutes at which work begins."""
    refusal: Any
    fails: Any
    """The chance of being made to fail."""
    wait: Any
    """Least and most working days to randomization."""
    rescreening: Any
    rescreened_after: Any
    """Least and most days to a second screening."""


class Allocation(NamedTuple):
    """Strata and permuted blocks. A category is a joint level of the items that decide strata, susceptibility and deaths."""

    item_streams: Any
    item_levels: Any
    item_cumulated: Any
    """`[item, level]`: cumulated chances; the last of an item is 1."""
    stratum_of: Any
    """`[site, category]`."""
    stratum_words: Any
    """The counter word of each stratum, of 64 bits."""
    block_sizes: Any
    ratio: Any
    arm_of: Any
    """The arm's place in the protocol, by its place in the scheme."""
    seed: Any
    stream: Any


class Course(NamedTuple):
    """Radiotherapy and what it does."""

    start_after: Any
    shift: Any
    """Probability, then least and most days."""
    stopped_early: Any
    interruption: Any
    """Probability, then least and most days."""
    fractions: Any
    """`[category]`."""
    susceptibility: Any
    """`[category]`."""
    patterns: Any
    """`[weekday of the first day · (most fractions + 1) + fractions, week]`: bits of the days with a fraction, where
    there is no break."""
    insensitive: Any
    """Share, and how much less is seen."""
    slow: Any
    """Share of those who heal slowly."""
    frailty: Any
    transit: Any
    healing: Any
    healing_slowly: Any
    floor: Any
    normal: Any
    noise: Any
    adherence: Any
    declines: Any
    doses: Any
    left: Any
    """`[arm, doses taken in a week]`: the share of a fraction that is left."""
    acts: Any
    """`[arm]`: whether doses change anything."""
    bias: Any
    """`[arm]`."""
    bars: Any
    """The thresholds of what counts as an event, of what makes leaving likelier, and of what lowers doses."""
    severe_factor: Any
    widest: Any
    """More than the noise can ever be."""


class Leaving(NamedTuple):
    """Visits, leaving and dying. Days of visits and of completing are counted from the course's first."""

    seen_on: Any
    """`[weekday of the first day, day of the last]`: the days of the visits in the endpoint's window, in order."""
    visits: Any
    """`[weekday, last day]`: how many these are."""
    all_seen: Any
    """`[weekday, last day]`: bits of the cells into which they fall."""
    completes: Any
    """`[weekday, last day]`: the day of completing."""
    hazard: Any
    """`[arm, whether it is high]`: a day's hazard, in units."""
    risk_from: Any
    risk_until: Any
    scopes: Any
    """Cumulated chances of the scopes of leaving."""
    scope_kinds: Any
    """0 treatment, 1 follow-up, 2 the use of data."""
    products: Any
    """`[arm]`: whether there is a treatment that can be left."""
    death_streams: Any
    death_chances: Any
    death_days: Any
    """`[event, 2]`: first and last day on which it begins."""
    death_arms: Any
    """`[event, arm]`."""
    death_categories: Any
    """`[event, category]`."""
    death_grades: Any
    """`[event, level]`: cumulated chances of the grades."""
    death_fatal: Any
    """`[event, level]`: whether the grade is fatal by itself."""
    death_serious: Any
    """`[event]`: chance of being serious, where that is fatal; else 0."""


class Analyses(NamedTuple):
    """Looks and analyses."""

    looks: Any
    """Participants of whom nothing more is awaited at each look."""
    comparisons: Any
    """`[comparison, 2]`: arms."""
    methods: Any
    """0 Miettinen–Nurminen, 1 Cochran–Mantel–Haenszel."""
    tables: Any
    """`[comparison, stratum]`: the table of a stratum."""
    bounds: Any
    """`[comparison, look]`: the p at which a boundary is crossed, the end last; −1 where a look does not ask."""
    one_sided: Any
    """The direction that alone counts, or 0."""
    quantiles: Any
    """`[comparison]`: for the limits."""
    futile: Any
    """`[look]`: the bound for futility as a signed p (`design.interim.futile_p`), 0 where there is none."""
    favorable: Any
    """The direction hoped for."""
    first: Any
    """The comparison that stops the trial, by place."""


class Trial(NamedTuple):
    """A protocol's tables."""

    streams: Any
    """The counter words of the streams, by the constants below."""
    waiting: Any
    """Exponential numbers by level, in units."""
    recruitment: Any
    allocation: Any
    course: Any
    leaving: Any
    analyses: Any


class _Numbers(NamedTuple):
    """Where a replicate's words are found."""

    key_a: Any
    key_b: Any
    replicate: Any


class _Candidates(NamedTuple):
    """Room for the candidates of a replicate: by site, then in the order of their coming."""

    gaps: Any
    ready: Any
    used: Any
    elapsed: Any
    next_day: Any
    some: Any
    subject: Any
    site: Any
    day: Any
    keys: Any
    """Day, minute and person of those randomized, in this order, as one number."""


class _People(NamedTuple):
    """Room for the participants: in the order of allocation, then with those first in whose arms doses act."""

    subject: Any
    site: Any
    on: Any
    """The day of randomization."""
    category: Any
    stratum: Any
    arm: Any


class _Blocks(NamedTuple):
    """Room for the permuted blocks of each stratum."""

    listed: Any
    length: Any
    used: Any
    number: Any
    draws: Any


class _Lanes(NamedTuple):
    """Room for the participants gone through together."""

    words: Any
    numbers: Any
    plain: Any
    broken: Any
    first_day: Any
    last_day: Any
    weekday: Any


class _Fates(NamedTuple):
    """Room for what becomes of the participants, and for tables."""

    event: Any
    settled: Any
    """The day from which the outcome is known."""
    awaited: Any
    """The day from which nothing more is awaited."""
    gone: Any
    """The day on which the use of data is withdrawn, or `NEVER`."""
    histogram: Any
    counts: Any
    """`[look, stratum, arm, 2]`: participants and events, the end last."""
    table: Any
    terms: Any
    found: Any


(
    CANDIDATE, FAILURE, RADIOTHERAPY, FRAILTY, LAG, KIND, NOISE, LEVEL, DOSES, LEAVING, SCOPE
) = range(11)  # fmt: skip
"""The places of the streams."""
RECRUITMENT, ALLOCATION, SCHEDULES, COURSE, OUTCOMES, ANALYSES = range(6)
"""The stages of a replicate. A benchmark stops after one to see what it takes; results are there after the last alone."""
NEVER = 10_000_000
RISK_DIFFERENCE, ODDS_RATIO = 0, 1
TREATMENT, FOLLOW_UP, DATA_USE = 0, 1, 2
_GAP_BLOCK, _AT_ONCE = 1, 64
_LEVEL_SHIFT = np.uint32(20)
_DOSE_SHIFT = np.uint32(22)
_UNIT = 2.0**-32
_WEEK = 7
_SEEN_FIRST, _SEEN_SECOND = 1, 4
_MOST_DAYS = 128
_CLOSE = 1e-9
_FUTILE, _DOUBT = 2, 3
"""What `_analyze` answers besides directions; the first is `operating.FUTILE`."""

# -- words -----------------------------------------------------------------------------------------

_FACTOR_A, _FACTOR_C = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_A, _WEYL_B = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_ROUNDS = 10


@part
def _turn(a, b, c, d, first, second):
    left, right = _FACTOR_A * a, _FACTOR_C * c
    return (right >> _HALF) ^ b ^ first, right & _LOW, (left >> _HALF) ^ d ^ second, left & _LOW


@step
def _one_block(subject, block, stream, key_a, key_b, replicate):
    a = np.uint64(block)
    b = np.uint64(subject)
    c = np.uint64(replicate)
    d = np.uint64(stream)
    one, two = np.uint64(key_a), np.uint64(key_b)
    for _ in range(_ROUNDS):
        a, b, c, d = _turn(a, b, c, d, one, two)
        one = (one + _WEYL_A) & _LOW
        two = (two + _WEYL_B) & _LOW
    return np.uint32(a), np.uint32(b), np.uint32(c), np.uint32(d)


@part
def _uniform(word):
    return (np.float64(word) + 0.5) * _UNIT


@part
def _chosen(cumulated, u):
    """The level chosen: how many cumulated chances lie at or below the number."""
    level = 0
    while level < cumulated.size - 1 and cumulated[level] <= u:
        level += 1
    return level


# -- allocation: Philox 4x64, as the keeper of a rehearsal draws -----------------------------------

_WIDE_A, _WIDE_C = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_WIDE_WEYL_A, _WIDE_WEYL_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


@part
def _high(a, b):
    """The upper 64 bits of a product of 128."""
    a_low, a_high, b_low, b_high = a & _LOW, a >> _HALF, b & _LOW, b >> _HALF
    middle = a_high * b_low + ((a_low * b_low) >> _HALF)
    crossed = a_low * b_high + (middle & _LOW)
    return a_high * b_high + (middle >> _HALF) + (crossed >> _HALF)


@step
def _draws(row, block, stratum, stream, key_a, key_b):
    """Four draws of 53 bits."""
    a, b, c, d = np.uint64(block), np.uint64(stratum), np.uint64(stream), np.uint64(0)
    first, second = np.uint64(key_a), np.uint64(key_b)
    for _ in range(_ROUNDS):
        a, b, c, d = (
            _high(_WIDE_C, c) ^ b ^ first,
            _WIDE_C * c,
            _high(_WIDE_A, a) ^ d ^ second,
            _WIDE_A * a,
        )
        first, second = first + _WIDE_WEYL_A, second + _WIDE_WEYL_B
    row[0], row[1] = a >> np.uint64(11), b >> np.uint64(11)
    row[2], row[3] = c >> np.uint64(11), d >> np.uint64(11)


@part
def _below(draw, many):
    return np.int64((np.uint64(draw) * np.uint64(many)) >> np.uint64(53))


# -- the calendar ----------------------------------------------------------------------------------


@part
def _weekday(day, starts_weekday):
    """0 for Monday; days of the calendar may be negative."""
    return (day + starts_weekday) % _WEEK


@part
def _working(day, starts_weekday):
    """The day itself, or the Monday after a weekend day."""
    over = _weekday(day, starts_weekday) - 4
    return day if over <= 0 else day + 3 - over


@part
def _work_days_after(start, weekday, count):
    return start + count + 2 * ((weekday + count) // 5)


# -- single precision ------------------------------------------------------------------------------

_LN_2 = np.float32(0.693147180559945)
_P0, _P1, _P2 = (
    np.float32(7.0376836292e-2),
    np.float32(-1.1514610310e-1),
    np.float32(1.1676998740e-1),
)
_P3, _P4, _P5 = (
    np.float32(-1.2420140846e-1),
    np.float32(1.4249322787e-1),
    np.float32(-1.6668057665e-1),
)
_P6, _P7, _P8 = (
    np.float32(2.0000714765e-1),
    np.float32(-2.4999993993e-1),
    np.float32(3.3333331174e-1),
)
_HALF_ROOT = np.int32(0x3F3504F3)
_ONE, _MIDDLE, _NOTHING = np.float32(1), np.float32(0.5), np.float32(0)
_CHANCES = np.float32(256)
_MANTISSA = np.int32(23)


@part
def _logarithm(bits, mantissa, exponent):
    """`cells.logarithm`, from the mantissa in [√½, √2) and the exponent."""
    t = mantissa - _ONE
    square = t * t
    y = _P0
    y = y * t + _P1
    y = y * t + _P2
    y = y * t + _P3
    y = y * t + _P4
    y = y * t + _P5
    y = y * t + _P6
    y = y * t + _P7
    y = y * t + _P8
    y = y * t * square
    y = y - _MIDDLE * square
    return t + y + np.float32(exponent) * _LN_2


# -- analyses --------------------------------------------------------------------------------------


@step
def _variance(e1, n1, e0, n0, difference, exact):
    """`score._difference_variance`, times N / (N − 1); `exact` takes the library's power, for the same last bits."""
    total, cases = n1 + n0, e1 + e0
    cubic_2 = (n1 + 2 * n0) * difference - total - cases
    cubic_1 = (n0 * difference - total - 2 * e0) * difference + cases
    cubic_0 = e0 * difference * (1 - difference)
    shift = cubic_2 / (3 * total)
    cube = math.pow(shift, 3.0) if exact else shift * shift * shift
    q = cube - cubic_1 * cubic_2 / (6 * total * total) + cubic_0 / (2 * total)
    p = math.copysign(math.sqrt(max(shift * shift - cubic_1 / (3 * total), 0.0)), q)
    cube = math.pow(p, 3.0) if exact else p * p * p
    cosine = 1.0 if p == 0 else min(1.0, max(-1.0, q / cube))
    angle = (math.pi + math.acos(cosine)) / 3
    share_0 = 2 * p * math.cos(angle) - shift
    share_0 = min(max(share_0, 0.0, -difference), 1.0, 1.0 - difference)
    share_1 = min(max(share_0 + difference, 0.0), 1.0)
    return (share_1 * (1 - share_1) / n1 + share_0 * (1 - share_0) / n0) * (total / (total - 1))


@step
def _score_limit(e1, n1, e0, n0, estimate, quantile, sign):
    """Where the score statistic reaches the quantile, above (`sign` 1) or below (−1) the estimate; by secants."""
    end = 1.0 if sign > 0 else -1.0
    inside, outside = estimate, end
    before = estimate
    gap_before = -quantile * math.sqrt(_variance(e1, n1, e0, n0, before, False))
    now = estimate - sign * gap_before
    if (now - end) * sign >= 0:
        now = 0.5 * (estimate + end)
    for _ in range(100):
        gap = sign * (now - estimate) - quantile * math.sqrt(_variance(e1, n1, e0, n0, now, False))
        if gap > 0:
            outside = now
        else:
            inside = now
        if gap == 0.0 or gap == gap_before:
            return now
        following = now - gap * (now - before) / (gap - gap_before)
        low, high = min(inside, outside), max(inside, outside)
        if not low < following < high:
            following = 0.5 * (low + high)
        if abs(following - now) <= 4e-16:
            return following
        before, gap_before, now = now, gap, following
    return now


@step
def _risk_difference(e1, n1, e0, n0, quantile, limits, found):
    """Estimate, limits, z and p of one table; False where the method has rules of its own."""
    if n1 == 0 or n0 == 0 or e1 + e0 == 0 or e1 + e0 == n1 + n0:
        return False
    estimate = e1 / n1 - e0 / n0
    if estimate <= -1 or estimate >= 1:
        return False
    found[0] = estimate
    z = estimate / math.sqrt(_variance(e1, n1, e0, n0, 0.0, True))
    found[3], found[4] = z, math.erfc(abs(z) / math.sqrt(2.0))
    if limits:
        found[1] = _score_limit(e1, n1, e0, n0, estimate, quantile, -1.0)
        found[2] = _score_limit(e1, n1, e0, n0, estimate, quantile, 1.0)
    return True


@step
def _sum(values, many):
    """NumPy's sum of up to 128 numbers: eight sums side by side, then the rest; so that the last bits are the same."""
    if many < 8:
        total = 0.0
        for at in range(many):
            total += values[at]
        return total
    a, b, c, d = values[0], values[1], values[2], values[3]
    e, f, g, h = values[4], values[5], values[6], values[7]
    at = 8
    while at + 8 <= many:
        a += values[at]
        b += values[at + 1]
        c += values[at + 2]
        d += values[at + 3]
        e += values[at + 4]
        f += values[at + 5]
        g += values[at + 6]
        h += values[at + 7]
        at += 8
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    while at < many:
        total += values[at]
        at += 1
    return total


@step
def _odds_ratio(counts, quantile, terms, found):
    """The common odds ratio, its limits, the CMH statistic and p, from `[table, e1 n1 e0 n0]`; False as above."""
    many = 0
    for at in range(counts.shape[0]):
        a, n1, c, n0 = counts[at, 0], counts[at, 1], counts[at, 2], counts[at, 3]
        if n1 == 0 or n0 == 0:
            continue
        total, cases = n1 + n0, a + c
        terms[0, many] = a - n1 * cases / total
        terms[1, many] = n1 * n0 * cases * (total - cases) / (total * total * (total - 1))
        b, d = n1 - a, n0 - c
        upward, downward = a * d / total, b * c / total
        concordant, discordant = (a + d) / total, (b + c) / total
        terms[2, many], terms[3, many] = upward, downward
        terms[4, many] = concordant * upward
        terms[5, many] = concordant * downward + discordant * upward
        terms[6, many] = discordant * downward
        many += 1
    deviation, variance = _sum(terms[0], many), _sum(terms[1], many)
    r, s = _sum(terms[2], many), _sum(terms[3], many)
    rr, rs, ss = _sum(terms[4], many), _sum(terms[5], many), _sum(terms[6], many)
    if variance <= 0 or r == 0 or s == 0:
        return False
    log_variance = rr / (2 * r * r) + rs / (2 * r * s) + ss / (2 * s * s)
    log_ratio, spread = math.log(r / s), math.sqrt(log_variance)
    found[0] = r / s
    found[1] = math.exp(log_ratio - quantile * spread)
    found[2] = math.exp(log_ratio + quantile * spread)
    statistic = deviation * deviation / variance
    found[3], found[4] = statistic, math.erfc(math.sqrt(statistic / 2))
    return True


# -- rows ------------------------------------------------------------------------------------------

LANES = 256
"""Participants that are gone through together. Rows lie this far apart in one buffer, so that a compiler sees that they
do not overlap."""
_RADIOTHERAPY, _FRAILTY, _KIND, _LEVEL, _LEAVING, _LAG, _DEATH = 0, 8, 12, 16, 20, 24, 28
_EVENTS, _RISKS, _BITS, _NOISE, _DOSES = 32, 33, 34, 52, 90
_WORD_ROWS = 110
_MOST_WEEKS = 15
_A, _B, _INJURY, _STATE, _STRENGTH, _TRANSIT, _SHIFT, _OWN, _DOSE, _AFTER, _LAST, _FACTOR, _BIAS = (
    range(13)
)
_NUMBER_ROWS = 13


@step
def _words(words, row, subjects, begin, lanes, block, stream, key_a, key_b, replicate):
    """Words of one block for some persons, from `begin` on, in the four rows from `row` on."""
    rows, who = words[row * LANES :], subjects[begin:]
    for lane in range(lanes):
        a = np.uint64(block)
        b = np.uint64(who[lane])
        c = np.uint64(replicate)
        d = np.uint64(stream)
        one, two = np.uint64(key_a), np.uint64(key_b)
        for _ in range(_ROUNDS):
            a, b, c, d = _turn(a, b, c, d, one, two)
            one = (one + _WEYL_A) & _LOW
            two = (two + _WEYL_B) & _LOW
        rows[lane] = np.uint32(a)
        rows[LANES + lane] = np.uint32(b)
        rows[2 * LANES + lane] = np.uint32(c)
        rows[3 * LANES + lane] = np.uint32(d)


@step
def _look(numbers, words, lanes, cell, event_bar, risk_bar, dose_bar, factor, floor):
    """See what there is in a cell: bits of what counts and of what makes leaving likelier; what lowers doses."""
    bit = np.uint32(cell)
    for lane in range(lanes):
        injury = np.float32(max(numbers[_INJURY * LANES + lane], floor))
        bits = np.float32(injury).view(np.int32)
        exponent = (bits - _HALF_ROOT) >> _MANTISSA
        mantissa = np.int32(bits - (exponent << _MANTISSA)).view(np.float32)
        x = _logarithm(bits, mantissa, exponent)
        x = (x + numbers[_STATE * LANES + lane]) - numbers[_SHIFT * LANES + lane]
        seen = x - numbers[_BIAS * LANES + lane]
        words[_EVENTS * LANES + lane] |= np.uint32(seen > event_bar) << bit
        words[_RISKS * LANES + lane] |= np.uint32(seen > risk_bar) << bit
        numbers[_FACTOR * LANES + lane] = factor if x > dose_bar else _ONE


@step
def _day(numbers, words, lanes, week, turn, healing):
    """One day of the course."""
    bits = words[(_BITS + week) * LANES :]
    day = np.float32(_WEEK * week + turn)
    place = np.uint32(turn)
    for lane in range(lanes):
        dose = numbers[_DOSE * LANES + lane]
        given = dose if (bits[lane] >> place) & np.uint32(1) else _NOTHING
        transit = numbers[_TRANSIT * LANES + lane]
        one, two = numbers[_A * LANES + lane], numbers[_B * LANES + lane]
        injury = numbers[_INJURY * LANES + lane]
        out_one, out_two = transit * one, transit * two
        one = (one - out_one) + given
        two = (two - out_two) + out_one
        rate = numbers[_AFTER * LANES + lane] if day > numbers[_LAST * LANES + lane] else healing
        injury = (injury - rate * injury) + out_two
        numbers[_A * LANES + lane] = one
        numbers[_B * LANES + lane] = two
        numbers[_INJURY * LANES + lane] = injury


@step
def _noise(numbers, words, lanes, cell, normal, keep, fresh):
    """The noise of a cell, from that of the one before."""
    drawn = words[(_NOISE + cell) * LANES :]
    for lane in range(lanes):
        new = normal[drawn[lane] >> _LEVEL_SHIFT]
        numbers[_STATE * LANES + lane] = keep * numbers[_STATE * LANES + lane] + fresh * new


@step
def _week_of_doses(numbers, words, lanes, week, decline, doses, left, arms, begin):
    """The doses of a week, and what they leave of its fractions."""
    drawn, arm = words[(_DOSES + week) * LANES :], arms[begin:]
    for lane in range(lanes):
        level = numbers[_OWN * LANES + lane] * decline
        level = level * numbers[_FACTOR * LANES + lane]
        chance = min(np.int64(level * _CHANCES), np.int64(255))
        taken = doses[chance, drawn[lane] >> _DOSE_SHIFT]
        numbers[_DOSE * LANES + lane] = numbers[_STRENGTH * LANES + lane] * left[arm[lane], taken]


@step
def _course(
    numbers, words, lanes, acting, weeks, arms, begin, bars, declines, doses, left, normal, noise, healing,
    factor, floor,
):  # fmt: skip
    """The course of all lanes over some weeks; the first `acting` lanes are in arms in which doses change something."""
    event_bar, risk_bar, dose_bar = bars[0], bars[1], bars[2]
    for lane in range(lanes):
        numbers[_A * LANES + lane] = _NOTHING
        numbers[_B * LANES + lane] = _NOTHING
        numbers[_INJURY * LANES + lane] = _NOTHING
        numbers[_STATE * LANES + lane] = _NOTHING
        numbers[_FACTOR * LANES + lane] = _ONE
        numbers[_DOSE * LANES + lane] = numbers[_STRENGTH * LANES + lane]
        words[_EVENTS * LANES + lane] = np.uint32(0)
        words[_RISKS * LANES + lane] = np.uint32(0)
    for week in range(weeks):
        _week_of_doses(numbers, words, acting, week, declines[week], doses, left, arms, begin)
        cell = 2 * week
        for turn in range(_WEEK):
            _day(numbers, words, lanes, week, turn, healing)
            if turn in (_SEEN_FIRST, _SEEN_SECOND):
                if cell == 0:
                    _noise(numbers, words, lanes, cell, normal, _NOTHING, noise[0])
                elif cell % 2 == 1:
                    _noise(numbers, words, lanes, cell, normal, noise[1], noise[2])
                else:
                    _noise(numbers, words, lanes, cell, normal, noise[3], noise[4])
                _look(
                    numbers, words, lanes, cell, event_bar, risk_bar, dose_bar, factor,
                    floor,
                )  # fmt: skip
                cell += 1


@step
def _with_a_break(words, lane, weekday, given, before, gap):
    """Write down on which days the fractions are given where there is a break."""
    for week in range(_MOST_WEEKS):
        words[(_BITS + week) * LANES + lane] = np.uint32(0)
    ordinal, day = 0, 0
    while True:
        if (weekday + day) % _WEEK < 5:
            ordinal += 1
            after = ordinal - gap
            if ordinal <= min(before, given) or before < after <= given:
                words[(_BITS + day // _WEEK) * LANES + lane] |= np.uint32(1) << np.uint32(
                    day % _WEEK
                )
            if after >= given:
                return
        day += 1


@step
def _week_of_fractions(words, lanes, week, plain, patterns):
    """The days of a week with a fraction, of courses without a break."""
    bits = words[(_BITS + week) * LANES :]
    for lane in range(lanes):
        bits[lane] = patterns[plain[lane], week]


@step
def _one_look(injury, state, shift, floor):
    value = max(injury, floor)
    bits = np.float32(value).view(np.int32)
    exponent = (bits - _HALF_ROOT) >> _MANTISSA
    mantissa = np.int32(bits - (exponent << _MANTISSA)).view(np.float32)
    return (_logarithm(bits, mantissa, exponent) + state) - shift


@step
def _leaving_day(
    numbers, words, lane, subject, weeks, begins, until, units, low, high, normal, noise, healing, floor, bar,
    widest, stream, key_a, key_b, replicate,
):  # fmt: skip
    """The day on which the cumulated hazard reaches the person's number, counted from the course's first; or `NEVER`.

    Where the weeks that all lanes have gone through do not suffice, the course of this person is followed further.
    """
    # before the course nothing stands high
    day, reached = begins, np.int64(0)
    if day < 0:
        before = min(0, until + 1) - day
        if low * before >= units:
            return day + (units - 1) // low if units > 0 else day
        reached = low * before
        day = 0
    risks = words[_RISKS * LANES + lane]
    one, two = numbers[_A * LANES + lane], numbers[_B * LANES + lane]
    injury, state = numbers[_INJURY * LANES + lane], numbers[_STATE * LANES + lane]
    transit, shift = numbers[_TRANSIT * LANES + lane], numbers[_SHIFT * LANES + lane]
    bias, last = numbers[_BIAS * LANES + lane], numbers[_LAST * LANES + lane]
    followed = 2 * weeks
    quiet = False
    a = b = c = d = np.uint32(0)
    block = -1
    while day <= until:
        week, turn = day // _WEEK, day % _WEEK
        cell = 2 * week + (1 if turn >= 3 else 0)
        ends = _WEEK * week + (_WEEK if turn >= 3 else 3)
        if followed <= cell and units - reached > max(low, high) * (until - day + 1):
            return NEVER
        while followed <= cell and not quiet:
            # the state stands at the end of the cell's first look but one: go on to the next look
            at = followed
            start = _WEEK * (at // 2) + (_SEEN_FIRST + 1 if at % 2 else -(_WEEK - _SEEN_SECOND - 1))
            if at == 2 * weeks:
                start = _WEEK * weeks
            look = _WEEK * (at // 2) + (_SEEN_SECOND if at % 2 else _SEEN_FIRST)
            for when in range(start, look + 1):
                out_one, out_two = transit * one, transit * two
                one = one - out_one
                two = (two - out_two) + out_one
                rate = numbers[_AFTER * LANES + lane] if np.float32(when) > last else healing
                injury = (injury - rate * injury) + out_two
            if at // 4 != block:
                block = at // 4
                a, b, c, d = _one_block(subject, block, stream, key_a, key_b, replicate)
            place = at % 4
            word = a if place == 0 else b if place == 1 else c if place == 2 else d
            new = normal[word >> _LEVEL_SHIFT]
            if at % 2 == 1:
                state = noise[1] * state + noise[2] * new
            else:
                state = noise[3] * state + noise[4] * new
            seen = _one_look(injury, state, shift, floor) - bias
            if seen > bar:
                risks |= np.uint32(1) << np.uint32(at % 32)
            else:
                risks &= ~(np.uint32(1) << np.uint32(at % 32))
            followed += 1
            # nothing is added any more: the injury never exceeds what is in all compartments
            most = _one_look((one + two) + injury, widest, shift, floor) - bias
            quiet = most < bar - np.float32(0.01) and at >= 1
        stands = cell < followed and (risks >> np.uint32(cell % 32)) & np.uint32(1) != 0
        rate_of = high if stands else low
        stretch = min(ends, until + 1) - day
        if rate_of > 0 and reached + rate_of * stretch >= units:
            return day + (units - reached + rate_of - 1) // rate_of - 1
        reached += rate_of * stretch
        day = ends
    return NEVER


@part
def _draw(words, row, subjects, begin, lanes, block, stream, numbers):
    """`_words` of a replicate."""
    _words(
        words, row, subjects, begin, lanes, block, stream, numbers.key_a, numbers.key_b, numbers.replicate
    )  # fmt: skip


@step
def _recruit(t, streams, waiting, rows, words, at_random):
    """Candidates in the order of their coming, and in `keys` those randomized, in theirs; how many there are of these."""
    refusal = t.refusal
    fails = t.fails
    rescreening = t.rescreening
    starts = t.starts
    mornings = t.mornings
    some = rows.some
    target = t.target
    wanted = t.wanted
    sites, calendar = t.expected.shape
    expected, ready, used, elapsed = t.expected, rows.ready, rows.used, rows.elapsed
    next_day, gaps, subject, site, came = (
        rows.next_day,
        rows.gaps,
        rows.subject,
        rows.site,
        rows.day,
    )
    keys, weekday_0, wait, again = rows.keys, t.weekday_0, t.wait, t.rescreened_after
    for at in range(sites):
        ready[at] = used[at] = elapsed[at] = next_day[at] = 0
    persons, place, screened, reached = 0, 0, 0, 0
    limit, closed = min(t.enough, wanted), False
    while True:
        while persons < limit:
            # the next candidate of a site: of each in its turn, then of the one that has been taken
            here = used[place]
            if here == ready[place]:
                for lane in range(_AT_ONCE):
                    some[lane] = np.uint32((place << 20) + here + lane)
                _draw(words, 0, some, 0, _AT_ONCE, _GAP_BLOCK, streams[CANDIDATE], at_random)
                for lane in range(_AT_ONCE):
                    gaps[place, lane] = waiting[words[LANES + lane] >> _LEVEL_SHIFT]
                ready[place] += _AT_ONCE
            time = elapsed[place] + gaps[place, here % _AT_ONCE]
            elapsed[place] = time
            day = next_day[place]
            while day < calendar and expected[place, day] <= time:
                day += 1
            next_day[place] = day
            if here == 0 and place < sites - 1:
                place += 1
                continue
            place, day = 0, next_day[0]
            for at in range(1, sites):
                if next_day[at] < day:
                    place, day = at, next_day[at]
            if day >= calendar:
                closed = True
                break
            subject[persons] = np.uint32((place << 20) + used[place])
            site[persons], came[persons] = place, day
            persons += 1
            used[place] += 1
        # who of them is randomized, and when
        for begin in range(screened, persons, LANES):
            lanes = min(LANES, persons - begin)
            _draw(words, 0, subject, begin, lanes, 0, streams[CANDIDATE], at_random)
            _draw(words, 4, subject, begin, lanes, 0, streams[FAILURE], at_random)
            for lane in range(lanes):
                if _uniform(words[lane]) < refusal:
                    continue
                person = begin + lane
                day = came[person]
                if _uniform(words[4 * LANES + lane]) < fails:
                    if _uniform(words[2 * LANES + lane]) >= rescreening:
                        continue
                    drawn = _uniform(words[3 * LANES + lane]) * (again[1] - again[0] + 1)
                    day += again[0] + np.int64(drawn)
                day = _working(day, weekday_0)
                drawn = _uniform(words[LANES + lane]) * (wait[1] - wait[0] + 1)
                day = _work_days_after(day, _weekday(day, weekday_0), wait[0] + np.int64(drawn))
                minute = (person * 7919 + (day + starts) * 104729) % 480
                morning = mornings[site[person], min(day, mornings.shape[1] - 1)]
                key = (((day << 13) + morning + minute) << 20) + person
                at = reached
                while at > 0 and keys[at - 1] > key:
                    keys[at] = keys[at - 1]
                    at -= 1
                keys[at] = key
                reached += 1
        screened = persons
        if closed or persons == wanted:
            return reached
        # nobody who comes later is randomized before tomorrow
        if reached >= target and keys[target - 1] >> 33 <= came[persons - 1]:
            return reached
        limit = min(limit + _AT_ONCE, wanted)


@step
def _block(listed, draws, begin, sizes, ratio, shares, stratum_word, stream, seed, replicate):
    """List a block whose draws begin at a place, as `PermutedBlocks` says; how long it is."""
    offset, drawn, size = begin % 4, 0, 1
    # the first draw says how long the block is, and so how many draws follow it
    while drawn < offset + size:
        _draws(draws[drawn:], begin // 4 + drawn // 4, stratum_word, stream, seed, replicate)
        if drawn == 0:
            size = sizes[_below(draws[offset], sizes.size)]
        drawn += 4
    place, times = 0, size // shares
    for arm in range(ratio.size):
        for _ in range(ratio[arm] * times):
            listed[place] = arm
            place += 1
    for i in range(size - 1, 0, -1):
        j = _below(draws[offset + size - i], i + 1)
        listed[i], listed[j] = listed[j], listed[i]
    return size


@step
def _allocate(t, acts, many, candidates, blocks, people, ordered, words, at_random, whole_number):
    """Categories, strata and arms; `ordered` gets those first in whose arms doses act. How many these are."""
    site = people.site
    on = people.on
    keys = candidates.keys
    came_subject = candidates.subject
    came_site = candidates.site
    cumulated = t.item_cumulated
    stratum_of = t.stratum_of
    arm_of = t.arm_of
    listed = blocks.listed
    block_number = blocks.number
    stratum_words = t.stratum_words
    stream = t.stream
    seed = t.seed
    subject_2 = ordered.subject
    on_2 = ordered.on
    category_2 = ordered.category
    stratum_2 = ordered.stratum
    arm_2 = ordered.arm
    item_levels = t.item_levels
    item_streams = t.item_streams
    subject, category, stratum, arm = people.subject, people.category, people.stratum, people.arm
    for at in range(many):
        key = keys[at]
        person = key & ((1 << 20) - 1)
        subject[at], site[at] = came_subject[person], came_site[person]
        on[at] = key >> 33
        category[at] = 0
    for item in range(item_streams.size):
        levels = item_levels[item]
        for begin in range(0, many, LANES):
            lanes = min(LANES, many - begin)
            _draw(words, 0, subject, begin, lanes, 0, item_streams[item], at_random)
            for lane in range(lanes):
                u = _uniform(words[lane])
                level = 0
                while level < levels - 1 and cumulated[item, level] <= u:
                    level += 1
                category[begin + lane] = category[begin + lane] * levels + level
    length, used, draws, sizes, ratio = (
        blocks.length,
        blocks.used,
        blocks.draws,
        t.block_sizes,
        t.ratio,
    )
    stride, shares = sizes.max() + 1, ratio.sum()
    for at in range(length.size):
        length[at] = used[at] = block_number[at] = 0
    acting = 0
    for at in range(many):
        where = stratum_of[site[at], category[at]]
        stratum[at] = where
        if used[where] == length[where]:
            length[where] = _block(
                listed[where], draws, block_number[where] * stride, sizes, ratio, shares,
                stratum_words[where], stream, seed, whole_number,
            )  # fmt: skip
            used[where] = 0
            block_number[where] += 1
        arm[at] = arm_of[listed[where, used[where]]]
        used[where] += 1
        acting += acts[arm[at]]
    front, back = 0, acting
    for at in range(many):
        if acts[arm[at]]:
            to = front
            front += 1
        else:
            to = back
            back += 1
        subject_2[to], on_2[to] = subject[at], on[at]
        category_2[to], stratum_2[to], arm_2[to] = (
            category[at],
            stratum[at],
            arm[at],
        )
    return acting


@step
def _schedule(t, streams, weekday_0, people, rows, begin, lanes, dosed, at_random):
    """The days of radiotherapy and each person's own numbers, with all words of the course; how many weeks it takes."""
    on = people.on
    category = people.category
    arm = people.arm
    start_after = t.start_after
    fractions = t.fractions
    stopped_early = t.stopped_early
    plain = rows.plain
    all_broken = rows.broken
    first_day = rows.first_day
    last_day = rows.last_day
    weekdays = rows.weekday
    frailties = t.frailty
    susceptibility = t.susceptibility
    insensitivity = t.insensitive
    slow_share = t.slow
    healing_slowly = t.healing_slowly
    healing = t.healing
    bias = t.bias
    transit = t.transit
    adherence = t.adherence
    patterns = t.patterns
    words, numbers, subject = rows.words, rows.numbers, people.subject
    shift, interruption, several_lags = t.shift, t.interruption, transit.size > 1
    for block in range(2):
        _draw(
            words, _RADIOTHERAPY + 4 * block, subject, begin, lanes, block, streams[RADIOTHERAPY], at_random
        )  # fmt: skip
    _draw(words, _FRAILTY, subject, begin, lanes, 0, streams[FRAILTY], at_random)
    _draw(words, _KIND, subject, begin, lanes, 0, streams[KIND], at_random)
    _draw(words, _LEVEL, subject, begin, dosed, 0, streams[LEVEL], at_random)
    _draw(words, _LEAVING, subject, begin, lanes, 0, streams[LEAVING], at_random)
    if several_lags:
        _draw(words, _LAG, subject, begin, lanes, 0, streams[LAG], at_random)
    longest, breaks = np.int64(0), 0
    for lane in range(lanes):
        at = begin + lane
        earliest = on[at] + start_after
        wish = np.int64(_uniform(words[lane]) * 5)
        start = earliest + (wish - _weekday(earliest, weekday_0)) % _WEEK
        if _uniform(words[LANES + lane]) < shift[0]:
            low, high = np.int64(shift[1]), np.int64(shift[2])
            moved = low + np.int64(_uniform(words[2 * LANES + lane]) * (high - low + 1))
            start = _work_days_after(start, _weekday(start, weekday_0), moved)
        given = fractions[category[at]]
        early = _uniform(words[4 * LANES + lane])
        if early < stopped_early:
            given = np.int64(given * (0.5 + 0.4 * early / max(stopped_early, 1e-6)))
        gap, before = np.int64(0), np.int64(0)
        if _uniform(words[5 * LANES + lane]) < interruption[0]:
            low, high = np.int64(interruption[1]), np.int64(interruption[2])
            gap = low + np.int64(_uniform(words[7 * LANES + lane]) * (high - low + 1))
            before = np.int64(given * (0.4 + 0.4 * _uniform(words[6 * LANES + lane])))
        weekday = _weekday(start, weekday_0)
        # a break before the last fraction moves it
        last = _work_days_after(0, weekday, given - 1 + (gap if before < given else 0))
        plain[lane] = weekday * (patterns.shape[0] // 5) + given
        if gap > 0:
            broken = all_broken[breaks]
            broken[0], broken[1], broken[2], broken[3], broken[4] = (
                lane,
                weekday,
                given,
                before,
                gap,
            )
            breaks += 1
        first_day[lane], last_day[lane], weekdays[lane] = start, last, weekday
        longest = max(longest, last)
        frailty = frailties[words[_FRAILTY * LANES + lane] >> _LEVEL_SHIFT]
        numbers[_STRENGTH * LANES + lane] = susceptibility[category[at]] * frailty
        insensitive = _uniform(words[_KIND * LANES + lane]) < insensitivity[0]
        numbers[_SHIFT * LANES + lane] = insensitivity[1] if insensitive else _NOTHING
        slow = _uniform(words[(_KIND + 1) * LANES + lane]) < slow_share
        numbers[_AFTER * LANES + lane] = healing_slowly if slow else healing
        numbers[_LAST * LANES + lane] = np.float32(last)
        numbers[_BIAS * LANES + lane] = bias[arm[at]]
        lag = words[_LAG * LANES + lane] >> _LEVEL_SHIFT if several_lags else np.uint32(0)
        numbers[_TRANSIT * LANES + lane] = transit[lag]
    for lane in range(dosed):
        numbers[_OWN * LANES + lane] = adherence[words[_LEVEL * LANES + lane] >> _LEVEL_SHIFT]
    weeks = longest // _WEEK + 1
    for week in range(weeks):
        _week_of_fractions(words, lanes, week, plain, patterns)
    for one in range(breaks):
        broken = all_broken[one]
        _with_a_break(words, broken[0], broken[1], broken[2], broken[3], broken[4])
    for block in range((2 * weeks + 3) // 4):
        _draw(words, _NOISE + 4 * block, subject, begin, lanes, block, streams[NOISE], at_random)
    for block in range((weeks + 3) // 4):
        _draw(words, _DOSES + 4 * block, subject, begin, dosed, block, streams[DOSES], at_random)
    return weeks


@step
def _in_every_arm(t, all_seen, people, arm, rows, begin, lanes, weeks, potential):
    """Add up who would have the event in each arm, were all followed to the end. `arm` is room for one."""
    words, numbers = rows.words, rows.numbers
    for other in range(potential.shape[1] - 1):
        for lane in range(lanes):
            arm[begin + lane] = other
            numbers[_BIAS * LANES + lane] = t.bias[other]
        _course(
            numbers, words, lanes, lanes if t.acts[other] else 0, weeks, arm, begin, t.bars, t.declines,
            t.doses, t.left, t.normal, t.noise, t.healing, t.severe_factor, t.floor,
        )  # fmt: skip
        for lane in range(lanes):
            seen = words[_EVENTS * LANES + lane] & all_seen[rows.weekday[lane], rows.last_day[lane]]
            potential[people.stratum[begin + lane], 1 + other] += np.int64(seen != 0)
    for lane in range(lanes):
        potential[people.stratum[begin + lane], 0] += 1
        numbers[_BIAS * LANES + lane] = t.bias[people.arm[begin + lane]]


@step
def _deaths(t, people, rows, gone, begin, lanes, at_random):
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
        _draw(words, _DEATH, subject, begin, lanes, 0, stream, at_random)
        for lane in range(lanes):
            at = begin + lane
            if _uniform(words[_DEATH * LANES + lane]) >= chances[fatal]:
                continue
            if not (arms[fatal, arm[at]] and categories[fatal, category[at]]):
                continue
            level = _chosen(grades[fatal], _uniform(words[(_DEATH + 3) * LANES + lane]))
            kills = fatal_grades[fatal, level]
            if not kills and serious[fatal] > 0:
                more = _one_block(
                    subject[at], 1, stream, at_random.key_a, at_random.key_b, at_random.replicate
                )  # fmt: skip
                kills = _uniform(more[0]) < serious[fatal]
            if kills:
                low, high = days[fatal, 0], days[fatal, 1]
                day = low + np.int64(
                    _uniform(words[(_DEATH + 1) * LANES + lane]) * (high - low + 1)
                )
                gone[at] = min(gone[at], first_day[lane] + day)


@step
def _follow(
    t, course, streams, waiting, weekday_0, people, rows, fates, begin, lanes, weeks, counts, at_random
):  # fmt: skip
    """Leaving, completing, and the outcome of each, counted in `counts`; the day on which the last has ended."""
    first_day = rows.first_day
    last_day = rows.last_day
    weekdays = rows.weekday
    numbers = rows.numbers
    subject = people.subject
    stratum = people.stratum
    risk_from = t.risk_from
    risk_until = t.risk_until
    scope_kinds = t.scope_kinds
    scopes = t.scopes
    products = t.products
    visits = t.visits
    seen_on = t.seen_on
    words, arm, on = rows.words, people.arm, people.on
    normal, noise, healing, floor = course.normal, course.noise, course.healing, course.floor
    bar, widest, stream = course.bars[1], course.widest, streams[NOISE]
    hazard, completing, all_seen = t.hazard, t.completes, t.all_seen
    key_a, key_b, replicate = at_random.key_a, at_random.key_b, at_random.replicate
    event, settled, awaited, gone = fates.event, fates.settled, fates.awaited, fates.gone
    ends = np.int64(-1)
    for lane in range(lanes):
        at = begin + lane
        start, last, weekday = first_day[lane], last_day[lane], weekdays[lane]
        death = gone[at]
        risk = max(on[at] - start, risk_from) + 1
        units = waiting[words[_LEAVING * LANES + lane] >> _LEVEL_SHIFT]
        low, high = hazard[arm[at], 0], hazard[arm[at], 1]
        leaves = NEVER
        # most never leave, whatever is seen after the weeks followed; nor before them if nothing was seen
        most, least = max(low, high), low
        if words[_RISKS * LANES + lane] != 0:
            least = most
        within = max(min(_WEEK * weeks, risk_until + 1) - risk, 0)
        beyond = max(risk_until + 1 - max(_WEEK * weeks, risk), 0)
        if units <= least * within + most * beyond:
            leaves = _leaving_day(
                numbers, words, lane, subject[at], weeks, risk, risk_until, units, low, high,
                normal, noise, healing, floor, bar, widest, stream, key_a, key_b, replicate,
            )  # fmt: skip
            if leaves < NEVER:
                leaves += start
        completes = start + completing[weekday, last]
        off_on, off_recorded, data_use = NEVER, NEVER, False
        earliest = min(leaves, death)
        if earliest < NEVER:
            recorded = max(_working(earliest, weekday_0), _working(on[at] + 1, weekday_0))
            dies = death <= recorded
            scope = FOLLOW_UP
            if not dies:
                drawn = _one_block(subject[at], 0, streams[SCOPE], key_a, key_b, replicate)
                scope = scope_kinds[_chosen(scopes, _uniform(drawn[0]))]
                if scope == TREATMENT and not products[arm[at]]:
                    scope = FOLLOW_UP
            stays = not dies and scope == TREATMENT
            later = stays and death < NEVER
            if later:
                recorded = max(_working(death, weekday_0), _working(recorded + 1, weekday_0))
            if (not stays or later) and recorded <= completes:
                off_on = death if dies or later else leaves
                off_recorded = recorded
                data_use = not dies and scope == DATA_USE
        mask = all_seen[weekday, last]
        if off_recorded < NEVER:
            mask = np.uint32(0)
            for visit in range(visits[weekday, last]):
                day = seen_on[weekday, last, visit]
                if start + day >= off_recorded:
                    break
                cell = 2 * (day // _WEEK) + (1 if day % _WEEK >= 3 else 0)
                mask |= np.uint32(1) << np.uint32(cell)
        event[at] = 1 if words[_EVENTS * LANES + lane] & mask else 0
        gone[at] = off_recorded if data_use else NEVER
        settled[at] = min(off_recorded, start + last)
        awaited[at] = min(off_on, start + last)
        ends = max(ends, off_recorded if off_recorded < NEVER else completes)
        if not data_use:
            counts[stratum[at], arm[at], 0] += 1
            counts[stratum[at], arm[at], 1] += event[at]
    return ends


@step
def _reached_on(awaited, many, wanted, histogram):
    """The day at whose end nothing more is awaited of so many."""
    low, high = histogram.size, 0
    for at in range(many):
        histogram[awaited[at]] += 1
        low, high = min(low, awaited[at]), max(high, awaited[at])
    day = low - 1
    while wanted > 0:
        day += 1
        wanted -= histogram[day]
    for at in range(low, high + 1):
        histogram[at] = 0
    return day


@step
def _seen_by(day, people, fates, many, counts):
    """Count those whose outcome is known at the end of a day; how many there are in the data."""
    on = people.on
    stratum = people.stratum
    arm = people.arm
    gone = fates.gone
    settled = fates.settled
    event = fates.event
    seen = 0
    for at in range(many):
        if on[at] <= day < gone[at]:
            seen += 1
            if settled[at] <= day:
                counts[stratum[at], arm[at], 0] += 1
                counts[stratum[at], arm[at], 1] += event[at]
    return seen


@step
def _analyze(t, one, look, counts, fates, limits):
    """One comparison: its numbers in `found`, and the direction in which it crosses; `_FUTILE` where it falls short,
    `_DOUBT` where any of this is in doubt."""
    tables = t.tables
    found, table = fates.found, fates.table
    treated, control, bound = t.comparisons[one, 0], t.comparisons[one, 1], t.bounds[one, look]
    table[:] = 0.0
    for where in range(counts.shape[0]):
        to = tables[one, where]
        table[to, 0] += counts[where, treated, 1]
        table[to, 1] += counts[where, treated, 0]
        table[to, 2] += counts[where, control, 1]
        table[to, 3] += counts[where, control, 0]
    if t.methods[one] == RISK_DIFFERENCE:
        sure = _risk_difference(
            table[0, 0], table[0, 1], table[0, 2], table[0, 3], t.quantiles[one], limits, found
        )  # fmt: skip
        away = found[0]
    else:
        sure = _odds_ratio(table, t.quantiles[one], fates.terms, found)
        away = found[0] - 1.0
    if not sure or abs(found[4] - bound) <= _CLOSE * bound:
        return _DOUBT
    if away != 0.0 and abs(away) <= _CLOSE:
        return _DOUBT
    way = 0 if away == 0.0 else 1 if away > 0 else -1
    if not (found[4] > bound or (t.one_sided != 0 and way != t.one_sided)):
        return way
    short = t.futile[look]
    if short == 0.0:
        return 0
    if abs(found[4] - abs(short)) <= _CLOSE * abs(short):
        return _DOUBT
    way *= t.favorable
    if short > 0.0:
        return _FUTILE if way <= 0 or found[4] >= short else 0
    return _FUTILE if way < 0 and found[4] <= -short else 0


@part
def _room(many):
    return _People(
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.int64),
        np.zeros(many, dtype=np.int64),
        np.zeros(many, dtype=np.int64),
        np.zeros(many, dtype=np.int64),
        np.zeros(many, dtype=np.int64),
    )


@kernel
def whole_trials(
    first, count, key_a, key_b, t, until_stage,
    values, crossings, stopped, sizes, durations, randomized, doubtful, potential,
):  # fmt: skip
    """Compute `count` replicates from `first` on (all of one key), a row of each output for each.

    `values[replicate, comparison]` are estimate, limits and statistic of the final analyses, `crossings[replicate,
    comparison, look]` +1 or −1 where a boundary is crossed, 2 where it falls short, the end last; `stopped` is the look that stops the trial
    or −1, `sizes` and `durations` those of the trial as it ends. `doubtful` says that these must be computed on
    arrays. Stages after `until_stage` are left out.

    `potential[stratum]`, where it has strata, gets participants and, by arm, how many would have the event in it if
    all were followed to the end.
    """
    target, strata = t.recruitment.target, t.allocation.stratum_words.size
    arms, looks, analyses = t.course.acts.size, t.analyses.looks.size, t.analyses
    weekday_0, acts, streams, waiting = t.recruitment.weekday_0, t.course.acts, t.streams, t.waiting
    rows = _Lanes(
        np.zeros(_WORD_ROWS * LANES, dtype=np.uint32),
        np.zeros(_NUMBER_ROWS * LANES, dtype=np.float32),
        np.zeros(LANES, dtype=np.int64),
        np.zeros((LANES, 5), dtype=np.int64),
        np.zeros(LANES, dtype=np.int64),
        np.zeros(LANES, dtype=np.int64),
        np.zeros(LANES, dtype=np.int64),
    )
    words = rows.words
    sites, calendar = t.recruitment.expected.shape
    wanted = t.recruitment.wanted
    candidates = _Candidates(
        np.zeros((sites, _AT_ONCE), dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(_AT_ONCE, dtype=np.uint32),
        np.zeros(wanted, dtype=np.uint32),
        np.zeros(wanted, dtype=np.int64),
        np.zeros(wanted, dtype=np.int64),
        np.zeros(wanted, dtype=np.int64),
    )
    people, ordered = _room(target), _room(target)
    largest = t.allocation.block_sizes.max()
    blocks = _Blocks(
        np.zeros((strata, largest), dtype=np.int64),
        np.zeros(strata, dtype=np.int64),
        np.zeros(strata, dtype=np.int64),
        np.zeros(strata, dtype=np.int64),
        np.zeros(largest + 9, dtype=np.uint64),
    )
    fates = _Fates(
        np.zeros(target, dtype=np.int64),
        np.zeros(target, dtype=np.int64),
        np.zeros(target, dtype=np.int64),
        np.zeros(target, dtype=np.int64),
        np.zeros(calendar + 2000, dtype=np.int64),
        np.zeros((looks + 1, strata, arms, 2), dtype=np.int64),
        np.zeros((strata, 4), dtype=np.float64),
        np.zeros((7, strata), dtype=np.float64),
        np.zeros(5, dtype=np.float64),
    )
    counts, course = fates.counts, t.course
    for number in range(count):
        at_random = _Numbers(key_a, key_b, np.uint64(first + number) & _LOW)
        reached = _recruit(t.recruitment, streams, waiting, candidates, words, at_random)
        if until_stage <= RECRUITMENT:
            continue
        many = min(reached, target)
        acting = _allocate(
            t.allocation, acts, many, candidates, blocks, people, ordered, words, at_random,
            np.uint64(first + number),
        )  # fmt: skip
        if until_stage <= ALLOCATION:
            continue
        ends = np.int64(-1)
        counts[:] = 0
        for begin in range(0, many, LANES):
            lanes = min(LANES, many - begin)
            here = min(max(acting - begin, 0), lanes)
            # whose doses are looked at: of all, where they are put into every arm
            dosed = here if potential.shape[1] == 0 else lanes
            weeks = _schedule(
                course, streams, weekday_0, ordered, rows, begin, lanes, dosed, at_random
            )
            if until_stage <= SCHEDULES:
                continue
            if potential.shape[1] > 0:
                _in_every_arm(
                    course, t.leaving.all_seen, ordered, people.arm, rows, begin, lanes, weeks, potential
                )  # fmt: skip
            _course(
                rows.numbers, words, lanes, here, weeks, ordered.arm, begin, course.bars, course.declines,
                course.doses, course.left, course.normal, course.noise, course.healing,
                course.severe_factor, course.floor,
            )  # fmt: skip
            if until_stage <= COURSE:
                continue
            _deaths(t.leaving, ordered, rows, fates.gone, begin, lanes, at_random)
            ended = _follow(
                t.leaving, course, streams, waiting, weekday_0, ordered, rows, fates, begin, lanes, weeks,
                counts[looks], at_random,
            )  # fmt: skip
            ends = max(ends, ended)
        if until_stage <= OUTCOMES:
            continue
        stopped[number], sizes[number], durations[number] = -1, many, ends
        randomized[number], doubtful[number] = many, many == 0
        crossings[number] = 0
        for look in range(looks + 1):
            seen, day = many, ends
            if look < looks:
                if many < analyses.looks[look]:
                    continue
                day = _reached_on(fates.awaited, many, analyses.looks[look], fates.histogram)
                seen = _seen_by(day, ordered, fates, many, counts[look])
            for one in range(analyses.methods.size):
                if look < looks and analyses.bounds[one, look] < 0:
                    continue
                way = _analyze(analyses, one, look, counts[look], fates, look == looks)
                if way == _DOUBT:
                    doubtful[number] = True
                    continue
                crossings[number, one, look] = way
                if look == looks:
                    for place in range(4):
                        values[number, one, place] = fates.found[place]
                elif one == analyses.first and way != 0 and stopped[number] < 0:
                    stopped[number], sizes[number], durations[number] = look, seen, day


@kernel
def words_alone(count, key_a, key_b, t, normals):
    """The random words of so many replicates and nothing else, or the noise normals read from their table as well.

    What a benchmark holds whole trials against. Words are those of as many candidates and participants as a trial has,
    over eight weeks of course.
    """
    words = np.zeros(_WORD_ROWS * LANES, dtype=np.uint32)
    numbers = np.zeros(_NUMBER_ROWS * LANES, dtype=np.float32)
    enough, target, acts = t.recruitment.enough, t.recruitment.target, t.course.acts
    subjects = np.arange(max(enough, target)).astype(np.uint32)
    streams, normal, noise = t.streams, t.course.normal, t.course.noise
    single = t.allocation.item_streams.size + t.leaving.death_streams.size + 5
    for replicate in range(count):
        at_random = _Numbers(key_a, key_b, np.uint64(replicate))
        for begin in range(0, enough, LANES):
            lanes = min(LANES, enough - begin)
            for block in range(3):
                # gaps, candidates, failures
                _draw(words, 0, subjects, begin, lanes, block, streams[CANDIDATE], at_random)
        for begin in range(0, target, LANES):
            lanes = min(LANES, target - begin)
            for block in range(single):
                # items and deaths; radiotherapy twice, frailty, kind and leaving
                _draw(words, 4, subjects, begin, lanes, block, streams[RADIOTHERAPY], at_random)
            half = lanes // 2 if acts.sum() < acts.size else lanes
            for block in range(3):
                # own chance of taking a dose, and the doses of eight weeks, where they act
                _draw(words, 12, subjects, begin, half, block, streams[DOSES], at_random)
            for block in range(4):
                _draw(
                    words,
                    _NOISE + 4 * block,
                    subjects,
                    begin,
                    lanes,
                    block,
                    streams[NOISE],
                    at_random,
                )
            if normals:
                for cell in range(16):
                    _noise(numbers, words, lanes, cell, normal, noise[1], noise[2])

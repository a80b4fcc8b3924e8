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
from numba import types
from numba.extending import intrinsic

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
    days: Any
    """How many days the calendar has."""
    rises: Any
    """`[site, rise]`: candidates expected up to the end of a day, in units, of the days on which this rises; the last
    is more than any."""
    rises_on: Any
    """`[site, rise]`: these days, and at last the one after the calendar."""
    rises_from: Any
    """`[site, time >> rises_shift]`: a rise that no time of the interval comes before."""
    rises_shift: Any
    """Powers of two by which these intervals are longer than a unit."""
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
    """Doses taken in a week, by chance (of 256) and draw (of 1,024) together."""
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

    coming: Any
    """`[site, place]`: day and site, as one number, of those who come next."""
    ready: Any
    used: Any
    elapsed: Any
    following: Any
    """`[site]`: the next of these."""
    some: Any
    passed: Any
    """The numbers of those of a turn who are randomized, as in `keys`."""
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

    needed: Any
    """How many participants a stratum has."""
    following: Any
    """The place of its next participant in `listed`."""
    listed: Any
    """Arms, stratum after stratum."""
    draws: Any


class _Lanes(NamedTuple):
    """Room for the participants gone through together."""

    words: Any
    numbers: Any
    first_day: Any
    last_day: Any
    weekday: Any
    leaves: Any
    """The day of leaving, from the course's first, or `NEVER`."""
    begins: Any
    """The first day with a hazard, from the course's first."""
    units: Any
    """The hazard at which each leaves."""
    from_day: Any
    """The day from which the hazard is still to be cumulated, from the course's first."""
    reached: Any
    """What it comes to before."""
    chosen: Any


class _Few(NamedTuple):
    """Room for the lanes that are followed further than the others."""

    words: Any
    numbers: Any
    lane: Any
    state: Any
    """What is known of leaving: `_STAYS` and so on."""
    day: Any
    """The day up to which the hazard has been cumulated, from the course's first."""
    reached: Any
    units: Any
    low: Any
    likelier: Any
    """How much more the hazard of a day is where that is so."""
    subject: Any
    arm: Any


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
_OPEN = NEVER + 1
_STAYS, _STAYS_OPEN, _LEAVES, _LOOKED_AT_LATER = range(4)
"""Those with an odd number are looked at week after week: of the last the hazard is cumulated only then."""
RISK_DIFFERENCE, ODDS_RATIO = 0, 1
TREATMENT, FOLLOW_UP, DATA_USE = 0, 1, 2
_GAP_BLOCK, _AT_ONCE = 1, 32
_ORDINAL_BITS, _SITE_BITS = 20, 12
_LEVEL_SHIFT = np.uint32(20)
_DOSE_SHIFT, _DOSE_BITS = np.uint32(22), np.uint32(10)
_UNIT = 2.0**-32
_WEEK = 7
_SEEN_FIRST, _SEEN_SECOND = 1, 4
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


@intrinsic
def _high(context, one, other):
    """The upper 64 bits of a product of 128, by the processor's own instruction."""

    def build(context, builder, signature, factors):
        narrow = factors[0].type
        wide = type(narrow)(128)
        product = builder.mul(*(builder.zext(factor, wide) for factor in factors))
        return builder.trunc(builder.lshr(product, wide(64)), narrow)

    return types.uint64(types.uint64, types.uint64), build


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
def _seen(injury, state, shift, floor):
    """`cells.logarithm` of what there is of an injury, with noise and the person's own shift.

    Each step says that it has 32 bits: with the 64 that the compiler takes otherwise, half as many go into a register.
    """
    value = np.float32(max(injury, floor))
    bits = value.view(np.int32)
    exponent = np.int32(np.int32(bits - _HALF_ROOT) >> _MANTISSA)
    # the mantissa is in [√½, √2)
    mantissa = np.int32(bits - np.int32(exponent << _MANTISSA)).view(np.float32)
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
    return (t + y + np.float32(exponent) * _LN_2 + state) - shift


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
_PASSED, _ON, _MINUTE, _PLACE = 8, 9, 10, 11
_WEEKDAY, _GIVEN, _BEFORE, _GAP, _HIGH, _KEPT = 110, 111, 112, 113, 114, 115
_EVENTS, _RISKS, _BITS, _NOISE, _DOSES = 32, 33, 34, 52, 90
KEPT_WEEKS, KEPT_ROWS = 16, 3
"""Weeks whose bits go into one word (two for each), and words that are kept of them: `leaving.MOST_DAYS` fit."""
_WORD_ROWS = _KEPT + KEPT_ROWS
(
    _A, _B, _INJURY, _STATE, _STRENGTH, _TRANSIT, _SHIFT, _OWN, _DOSE, _AFTER, _LAST, _FACTOR, _BIAS, _NEW
) = range(14)  # fmt: skip
_NUMBER_ROWS = 14


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
def _days(numbers, words, lanes, week, turn, days, row, healing):
    """Some days of the course; what is in a lane's compartments is loaded and stored once for all of them."""
    bits = words[row * LANES :]
    first, from_day = np.uint32(turn), np.float32(_WEEK * week + turn)
    for lane in range(lanes):
        dose, given = numbers[_DOSE * LANES + lane], np.uint32(bits[lane] >> first)
        transit, last = numbers[_TRANSIT * LANES + lane], numbers[_LAST * LANES + lane]
        after, injury = numbers[_AFTER * LANES + lane], numbers[_INJURY * LANES + lane]
        one, two = numbers[_A * LANES + lane], numbers[_B * LANES + lane]
        for later in range(days):
            out_one, out_two = transit * one, transit * two
            one = (one - out_one) + (dose if given & np.uint32(1 << later) else _NOTHING)
            two = (two - out_two) + out_one
            rate = after if from_day + np.float32(later) > last else healing
            injury = (injury - rate * injury) + out_two
        numbers[_A * LANES + lane] = one
        numbers[_B * LANES + lane] = two
        numbers[_INJURY * LANES + lane] = injury


@step
def _noise(numbers, words, lanes, row, normal):
    """The new noise of a cell. Apart from what vector units do with it, since they read no tables faster."""
    drawn = words[row * LANES :]
    for lane in range(lanes):
        numbers[_NEW * LANES + lane] = normal[drawn[lane] >> _LEVEL_SHIFT]


@step
def _look(
    numbers, words, lanes, cell, keep, fresh, event_bar, risk_bar, dose_bar, factor, floor
):  # fmt: skip
    """See what there is in a cell, whose noise follows that of the one before: bits of what counts and of what makes
    leaving likelier; what lowers doses."""
    mark = np.uint32(np.uint32(1) << np.uint32(cell % 32))
    none = np.uint32(0)
    for lane in range(lanes):
        state = keep * numbers[_STATE * LANES + lane] + fresh * numbers[_NEW * LANES + lane]
        x = _seen(numbers[_INJURY * LANES + lane], state, numbers[_SHIFT * LANES + lane], floor)
        seen = x - numbers[_BIAS * LANES + lane]
        numbers[_STATE * LANES + lane] = state
        words[_EVENTS * LANES + lane] |= mark if seen > event_bar else none
        words[_RISKS * LANES + lane] |= mark if seen > risk_bar else none
        numbers[_FACTOR * LANES + lane] = factor if x > dose_bar else _ONE


@step
def _week_of_doses(numbers, words, lanes, row, decline, doses, left, arms, begin):
    """The doses of a week, and what they leave of its fractions."""
    drawn, places, arm = words[row * LANES :], words[_PLACE * LANES :], arms[begin:]
    for lane in range(lanes):
        level = numbers[_OWN * LANES + lane] * decline
        level = level * numbers[_FACTOR * LANES + lane]
        chance = np.int32(min(np.int32(level * _CHANCES), np.int32(255)))
        places[lane] = (np.uint32(chance) << _DOSE_BITS) | (drawn[lane] >> _DOSE_SHIFT)
    for lane in range(lanes):
        numbers[_NEW * LANES + lane] = left[arm[lane], doses[places[lane]]]
    for lane in range(lanes):
        numbers[_DOSE * LANES + lane] = (
            numbers[_STRENGTH * LANES + lane] * numbers[_NEW * LANES + lane]
        )


@step
def _week(
    numbers, words, lanes, week, row, noise_row, bars, normal, noise, healing, factor, floor
):  # fmt: skip
    """A week of the course, whose fractions and noise stand in these rows, with both looks."""
    event_bar, risk_bar, dose_bar = bars[0], bars[1], bars[2]
    cell = 2 * week
    _days(numbers, words, lanes, week, np.int64(0), 2, row, healing)
    _noise(numbers, words, lanes, noise_row, normal)
    keep, fresh = (_NOTHING, noise[0]) if cell == 0 else (noise[3], noise[4])
    _look(numbers, words, lanes, cell, keep, fresh, event_bar, risk_bar, dose_bar, factor, floor)
    _days(numbers, words, lanes, week, np.int64(_SEEN_FIRST + 1), 3, row, healing)
    _noise(numbers, words, lanes, noise_row + 1, normal)
    _look(
        numbers, words, lanes, cell + 1, noise[1], noise[2], event_bar, risk_bar, dose_bar, factor, floor
    )  # fmt: skip
    _days(numbers, words, lanes, week, np.int64(_SEEN_SECOND + 1), 2, row, healing)


@step
def _course(
    numbers, words, lanes, acting, weeks, arms, begin, bars, declines, doses, left, normal, noise, healing,
    factor, floor,
):  # fmt: skip
    """The course of all lanes over some weeks; the first `acting` lanes are in arms in which doses change something."""
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
        _week_of_doses(
            numbers, words, acting, _DOSES + week, declines[week], doses, left, arms, begin
        )
        _week(
            numbers, words, lanes, week, _BITS + week, _NOISE + 2 * week, bars, normal, noise, healing,
            factor, floor,
        )  # fmt: skip


@step
def _cumulate(few, many, week, until):
    """Add a week's hazard for those of whom it is open whether they leave; of some it is certain then."""
    words, state, day, reached = few.words, few.state, few.day, few.reached
    low, likelier, units = few.low, few.likelier, few.units
    ends, shift = _WEEK * (week + 1), np.uint32(2 * (week % KEPT_WEEKS))
    for place in range(many):
        seen = np.uint32(words[_RISKS * LANES + place] >> shift)
        # three days, and four
        longer = np.int64(
            np.uint32(3) * (seen & np.uint32(1)) + np.uint32(2) * (seen & np.uint32(2))
        )
        comes_to = reached[place] + _WEEK * low[place] + likelier[place] * longer
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
        for row in range(_NUMBER_ROWS):
            numbers[row * LANES + place] = rows.numbers[row * LANES + lane]
        for row in range(_EVENTS, _BITS):
            words[row * LANES + place] = rows.words[row * LANES + lane]
        for row in range(_WEEKDAY, _GAP + 1):
            words[row * LANES + place] = rows.words[row * LANES + lane]
    bar, week = t.bars[1] - np.float32(0.01), weeks
    drawn_noise, drawn_doses = -1, -1
    while True:
        if week == longest:
            # nobody has the event after the course
            for place in range(many):
                rows.words[_EVENTS * LANES + lane_of[place]] = words[_EVENTS * LANES + place]
        if week >= longest:
            # nothing is added any more: the injury never exceeds what is in all compartments
            risky = 0
            for place in range(many):
                injury = numbers[_A * LANES + place] + numbers[_B * LANES + place]
                injury = injury + numbers[_INJURY * LANES + place]
                most = _seen(injury, t.widest, numbers[_SHIFT * LANES + place], t.floor)
                most = most - numbers[_BIAS * LANES + place]
                risky += few.state[place] & 1 if most >= bar else 0
            if risky == 0 or _WEEK * week > until:
                break
        if week % KEPT_WEEKS == 0:
            # no more bits in a word
            for place in range(many):
                words[(_KEPT + week // KEPT_WEEKS - 1) * LANES + place] = words[
                    _RISKS * LANES + place
                ]
                words[_RISKS * LANES + place] = np.uint32(0)
        if week // 2 != drawn_noise:
            drawn_noise = week // 2
            _draw(words, _NOISE, subject, 0, many, drawn_noise, streams[NOISE], at_random)
        if week < longest:
            if week // 4 != drawn_doses:
                drawn_doses = week // 4
                _draw(words, _DOSES, subject, 0, dosed, drawn_doses, streams[DOSES], at_random)
            _week_of_doses(
                numbers, words, dosed, _DOSES + week % 4, t.declines[week], t.doses, t.left, few.arm, np.int64(0)
            )  # fmt: skip
        if week <= longest:
            _fractions(words, many, week, np.int64(_BITS))
        _week(
            numbers, words, many, week, np.int64(_BITS), _NOISE + 2 * (week % 2), t.bars, t.normal, t.noise, t.healing,
            t.severe_factor, t.floor,
        )  # fmt: skip
        if _WEEK * (week + 1) <= until + 1:
            _cumulate(few, many, week, until)
        week += 1
    for place in range(many):
        words[(_KEPT + (week - 1) // KEPT_WEEKS) * LANES + place] = words[_RISKS * LANES + place]
    return week


@part
def _first_of_week(count, weekday):
    """Bits of the first so many working days of a week of the course, which begins on this weekday."""
    count = min(max(count, np.int32(0)), np.int32(5))
    # the weekend lies after the days up to Friday
    before = np.int32(np.int32(5) - weekday)
    until = np.int32(count + (np.int32(2) if count > before else np.int32(0)))
    working = np.uint32(0x7F) & ~np.uint32(np.uint32(3) << np.uint32(before))
    return np.uint32(np.uint32(np.uint32(1) << np.uint32(until)) - np.uint32(1)) & working


@step
def _fractions(words, lanes, week, row):
    """The days of a week with a fraction: those before the break, and those after it but for the break itself."""
    bits, earlier = words[row * LANES :], np.int32(5 * week)
    for lane in range(lanes):
        weekday = np.int32(words[_WEEKDAY * LANES + lane])
        given, before = (
            np.int32(words[_GIVEN * LANES + lane]),
            np.int32(words[_BEFORE * LANES + lane]),
        )
        gap = np.int32(words[_GAP * LANES + lane])
        until = _first_of_week(np.int32(given + gap - earlier), weekday)
        left_out = _first_of_week(np.int32(before + gap - earlier), weekday)
        bits[lane] = _first_of_week(np.int32(before - earlier), weekday) | (until & ~left_out)


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
    cell = 2 * (day // _WEEK) + (1 if day % _WEEK >= 3 else 0)
    while cell < 2 * weeks and day <= until:
        risks = words[np.uint64((row + (cell >> 5)) * LANES + lane)]
        rate = hazard[arm, np.uint64((risks >> np.uint32(cell & 31)) & np.uint32(1))]
        ends = min(_WEEK * (cell >> 1) + 3 + 4 * (cell & 1), until + 1)
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
        few.words, np.int64(_KEPT), place, seen, few.day[place], few.reached[place], until, units, hazard, arm
    )  # fmt: skip
    beyond = until + 1 - day
    if leaves == NEVER and beyond > 0 and low > 0 and reached + low * beyond >= units:
        return day + (units - reached + low - 1) // low - 1
    return leaves


@part
def _draw(words, row, subjects, begin, lanes, block, stream, numbers):
    """`_words` of a replicate. A number written down would have a copy of them compiled of its own; one of a type has not."""
    _words(
        words, np.int64(row), subjects, np.int64(begin), lanes, np.uint64(block), stream, numbers.key_a,
        numbers.key_b, numbers.replicate,
    )  # fmt: skip


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
    for lane in range(_AT_ONCE):
        some[lane] = np.uint32((place << _ORDINAL_BITS) + here + lane)
    _draw(words, 0, some, 0, np.int64(_AT_ONCE), _GAP_BLOCK, streams[CANDIDATE], at_random)
    for lane in range(_AT_ONCE):
        time += np.int64(waiting[words[LANES + lane] >> _LEVEL_SHIFT])
        rise = np.uint64(rises_from[np.uint64(min(time >> shift, last))])
        # the next one is common, and cannot be foreseen; those after it are rare
        rise += np.uint64(1 if rises[rise] <= time else 0)
        while rises[rise] <= time:
            rise += np.uint64(1)
        coming[lane] = (np.int64(rises_on[rise]) << _SITE_BITS) + place
    rows.elapsed[place] = time
    rows.ready[place] = here + _AT_ONCE


@part
def _among(word, many):
    """The same as `np.int64(_uniform(word) * many)`, of less than 2^20, in whole numbers."""
    return ((np.uint64(word) * np.uint64(2) + np.uint64(1)) * many) >> np.uint64(33)


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
        failed = _uniform(words[4 * LANES + lane]) < fails
        fits = (_uniform(words[2 * LANES + lane]) < rescreening) | (not failed)
        fits &= _uniform(words[lane]) >= refusal
        again = soonest + np.uint32(_among(words[3 * LANES + lane], returns))
        day = np.uint32(came[lane]) + (again if failed else np.uint32(0))
        weekday = np.uint32(day + weekday_0) % np.uint32(_WEEK)
        over = weekday > np.uint32(4)
        day = np.uint32(day + (np.uint32(_WEEK) - weekday if over else np.uint32(0)))
        weekday = np.uint32(0) if over else weekday
        wait = np.uint32(shortest + np.uint32(_among(words[LANES + lane], waits)))
        day = np.uint32(day + wait + np.uint32(2) * (np.uint32(weekday + wait) // np.uint32(5)))
        # the remainders of 7919 and 104729 by 480
        minute = np.uint32(
            (first + np.uint32(lane)) * np.uint32(239) + (day + starts) * np.uint32(89)
        )
        words[_PASSED * LANES + lane] = np.uint32(1) if fits else np.uint32(0)
        words[_ON * LANES + lane] = day
        words[_MINUTE * LANES + lane] = minute % np.uint32(480)
    many = 0
    for lane in range(lanes):
        day = np.int64(words[_ON * LANES + lane])
        morning = mornings[site[lane], min(day, latest)]
        minute = morning + np.int64(words[_MINUTE * LANES + lane])
        some[many] = (((day << 13) + minute) << _ORDINAL_BITS) + begin + lane
        many += np.int64(words[_PASSED * LANES + lane])
    for at in range(many):
        key, to = some[at], reached
        while to > 0 and keys[to - 1] > key:
            keys[to] = keys[to - 1]
            to -= 1
        keys[to] = key
        reached += 1
    return reached


@step
def _recruit(t, streams, waiting, rows, words, at_random):
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
            subject[persons] = np.uint32((place << _ORDINAL_BITS) + here)
            site[persons], came[persons] = place, day
            persons += 1
            here += 1
            used[place] = here
            if here == ready[place]:
                _await_more(t, streams, waiting, rows, words, place, at_random)
            following[place] = coming[place, here % _AT_ONCE]
        # who of them is randomized, and when
        for begin in range(screened, persons, LANES):
            lanes = min(LANES, persons - begin)
            _draw(words, 0, subject, begin, lanes, 0, streams[CANDIDATE], at_random)
            _draw(words, 4, subject, begin, lanes, 0, streams[FAILURE], at_random)
            reached = _screen(t, rows, words, begin, lanes, reached)
        screened = persons
        if closed or persons == wanted:
            return reached
        # nobody who comes later is randomized before tomorrow
        if reached >= target and keys[target - 1] >> 33 <= came[persons - 1]:
            return reached
        limit = min(limit + _AT_ONCE, wanted)


@step
def _greatest(values):
    greatest = values[0]
    for at in range(1, values.size):
        greatest = max(greatest, values[at])
    return greatest


@step
def _list_blocks(t, blocks, where, begin, end, largest, replicate):
    """List the blocks of a stratum for the places from `begin` up to `end`, as `PermutedBlocks` says."""
    sizes, ratio, arm_of, listed, draws = (
        t.block_sizes,
        t.ratio,
        t.arm_of,
        blocks.listed,
        blocks.draws,
    )
    shares = 0
    for arm in range(ratio.size):
        shares += ratio[arm]
    first, drawn = 0, 0
    while begin < end:
        # the first draw of a block says how long it is, and so how many draws follow it
        while drawn < first + largest:
            _draws(draws[drawn:], drawn // 4, t.stratum_words[where], t.stream, t.seed, replicate)
            drawn += 4
        size = sizes[_below(draws[first], sizes.size)]
        place, times = begin, size // shares
        for arm in range(ratio.size):
            for _ in range(ratio[arm] * times):
                listed[place] = arm_of[arm]
                place += 1
        for i in range(size - 1, 0, -1):
            one, other = begin + i, begin + _below(draws[first + size - i], i + 1)
            listed[one], listed[other] = listed[other], listed[one]
        begin += size
        first += largest + 1


@step
def _strata(t, many, candidates, blocks, people, words, at_random):
    """Who the participants are, with their categories and strata, and how many these have."""
    keys, came_subject, came_site = candidates.keys, candidates.subject, candidates.site
    cumulated, stratum_of, needed = t.item_cumulated, t.stratum_of, blocks.needed
    subject, site, on, category = people.subject, people.site, people.on, people.category
    for at in range(many):
        key = keys[at]
        person = key & ((1 << _ORDINAL_BITS) - 1)
        subject[at], site[at] = came_subject[person], came_site[person]
        on[at] = key >> 33
        category[at] = 0
    for item in range(t.item_streams.size):
        levels = t.item_levels[item]
        for begin in range(0, many, LANES):
            lanes, joint = min(LANES, many - begin), category[begin:]
            _draw(words, 0, subject, begin, lanes, 0, t.item_streams[item], at_random)
            for lane in range(lanes):
                joint[lane] *= levels
            for level in range(levels - 1):
                bound = cumulated[item, level]
                for lane in range(lanes):
                    joint[lane] += 1 if bound <= _uniform(words[lane]) else 0
    for where in range(needed.size):
        needed[where] = 0
    for at in range(many):
        where = stratum_of[site[at], category[at]]
        people.stratum[at] = where
        needed[where] += 1


@step
def _allocate(t, acts, many, candidates, blocks, people, ordered, words, at_random, whole_number):
    """Categories, strata and arms; `ordered` gets those first in whose arms doses act. How many these are."""
    _strata(t, many, candidates, blocks, people, words, at_random)
    listed, following, largest = blocks.listed, blocks.following, _greatest(t.block_sizes)
    subject, on, category = people.subject, people.on, people.category
    stratum, arm = people.stratum, people.arm
    begin = 0
    for where in range(following.size):
        end = begin + blocks.needed[where]
        _list_blocks(t, blocks, where, begin, end, largest, whole_number)
        following[where] = begin
        # the last block may go on behind the last participant
        begin = end + largest
    acting = 0
    for at in range(many):
        where = stratum[at]
        place = following[where]
        following[where] = place + 1
        arm[at] = listed[place]
        acting += acts[listed[place]]
    front, back = 0, acting
    for at in range(many):
        act = acts[arm[at]]
        to = front if act != 0 else back
        front += act
        back += 1 - act
        ordered.subject[to], ordered.on[to] = subject[at], on[at]
        ordered.category[to], ordered.stratum[to] = category[at], stratum[at]
        ordered.arm[to] = arm[at]
    return acting


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
        wish = np.uint32(_among(words[lane], np.uint64(5)))
        weekday = np.uint32(earliest + first_weekday) % np.uint32(_WEEK)
        start = np.uint32(
            earliest + wish - weekday + (np.uint32(_WEEK) if wish < weekday else np.uint32(0))
        )
        moved = np.uint32(soonest + np.uint32(_among(words[2 * LANES + lane], shifts)))
        moved = moved if _uniform(words[LANES + lane]) < shifted else np.uint32(0)
        later = np.uint32(wish + moved)
        weeks = np.uint32(later // np.uint32(5))
        first_day[lane] = np.int64(np.uint32(start + moved + np.uint32(2) * weeks))
        words[_WEEKDAY * LANES + lane] = np.uint32(later - np.uint32(5) * weeks)
        words[_BEFORE * LANES + lane] = np.uint32(0)
        words[_GAP * LANES + lane] = np.uint32(0)
    for lane in range(lanes):
        given = fractions[category[lane]]
        early = _uniform(words[4 * LANES + lane])
        if early < stopped:
            given = np.int64(given * (0.5 + 0.4 * early / max(stopped, 1e-6)))
        words[_GIVEN * LANES + lane] = np.uint32(given)
        if _uniform(words[5 * LANES + lane]) < interrupted:
            before = np.int64(given * (0.4 + 0.4 * _uniform(words[6 * LANES + lane])))
            # a break after the last fraction changes nothing
            if before < given:
                gap = shortest + np.uint32(_among(words[7 * LANES + lane], gaps))
                words[_BEFORE * LANES + lane] = np.uint32(before)
                words[_GAP * LANES + lane] = np.uint32(gap)
    longest, usual = np.int64(0), np.int64(0)
    for lane in range(lanes):
        weekday = np.uint32(words[_WEEKDAY * LANES + lane])
        after = np.uint32(words[_GIVEN * LANES + lane] + words[_GAP * LANES + lane] - np.uint32(1))
        weeks = np.uint32(np.uint32(weekday + after) // np.uint32(5))
        last = np.int64(np.uint32(after + np.uint32(2) * weeks))
        weekdays[lane], last_day[lane] = weekday, last
        longest = max(longest, last)
        usual = max(usual, last if words[_GAP * LANES + lane] == 0 else 0)
    return longest // _WEEK + 1, usual // _WEEK + 1


@step
def _schedule(t, streams, weekday_0, people, rows, begin, lanes, dosed, whole, at_random):
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
        _draw(
            words, _RADIOTHERAPY + 4 * block, subject, begin, lanes, block, streams[RADIOTHERAPY], at_random
        )  # fmt: skip
    _draw(words, _FRAILTY, subject, begin, lanes, 0, streams[FRAILTY], at_random)
    _draw(words, _KIND, subject, begin, lanes, 0, streams[KIND], at_random)
    _draw(words, _LEVEL, subject, begin, dosed, 0, streams[LEVEL], at_random)
    _draw(words, _LEAVING, subject, begin, lanes, 0, streams[LEAVING], at_random)
    longest, weeks = _days_of_course(t, weekday_0, people, rows, begin, lanes)
    several = 0
    for lane in range(lanes):
        several += 1 if last_day[lane] >= _WEEK * weeks else 0
    if whole or several > lanes // 4:
        weeks = longest
    for lane in range(lanes):
        frailty = frailties[words[_FRAILTY * LANES + lane] >> _LEVEL_SHIFT]
        numbers[_STRENGTH * LANES + lane] = susceptibility[category[lane]] * frailty
        numbers[_BIAS * LANES + lane] = bias[arm[lane]]
    for lane in range(lanes):
        shifted = _uniform(words[_KIND * LANES + lane]) < insensitive
        numbers[_SHIFT * LANES + lane] = less_seen if shifted else _NOTHING
        slowly = _uniform(words[(_KIND + 1) * LANES + lane]) < slow
        numbers[_AFTER * LANES + lane] = healing_slowly if slowly else healing
        numbers[_LAST * LANES + lane] = np.float32(last_day[lane])
        numbers[_TRANSIT * LANES + lane] = transit[0]
    if transit.size > 1:
        _draw(words, _LAG, subject, begin, lanes, 0, streams[LAG], at_random)
        for lane in range(lanes):
            lag = words[_LAG * LANES + lane] >> _LEVEL_SHIFT
            numbers[_TRANSIT * LANES + lane] = transit[lag]
    for lane in range(dosed):
        numbers[_OWN * LANES + lane] = adherence[words[_LEVEL * LANES + lane] >> _LEVEL_SHIFT]
    for week in range(weeks):
        _fractions(words, lanes, week, _BITS + week)
    for block in range((2 * weeks + 3) // 4):
        _draw(words, _NOISE + 4 * block, subject, begin, lanes, block, streams[NOISE], at_random)
    for block in range((weeks + 3) // 4):
        _draw(words, _DOSES + 4 * block, subject, begin, dosed, block, streams[DOSES], at_random)
    return weeks, longest


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
def _leave(
    t, course, streams, waiting, people, rows, few, begin, lanes, acting, weeks, longest, at_random
):  # fmt: skip
    """In `leaves` the day on which each leaves, or `NEVER`; and the events of courses longer than these weeks."""
    first_day, last_day, words, leaves = rows.first_day, rows.last_day, rows.words, rows.leaves
    begins, units, chosen = rows.begins, rows.units, rows.chosen
    on, arm, subject = people.on[begin:], people.arm[begin:], people.subject[begin:]
    hazard, until, risk_from, lane_of = t.hazard, t.risk_until, t.risk_from, few.lane
    from_day, reached = rows.from_day, rows.reached
    for lane in range(lanes):
        risks = words[_RISKS * LANES + lane]
        words[_HIGH * LANES + lane] = np.uint32(
            np.uint32(3) * _ones(risks) + _ones(risks & np.uint32(0xAAAAAAAA))
        )
    followed, many = _WEEK * weeks, 0
    covers = until + 1 >= followed
    # what the hazard comes to at the end of these weeks; most never leave, however likely that becomes afterwards
    for lane in range(lanes):
        units[lane] = waiting[words[_LEAVING * LANES + lane] >> _LEVEL_SHIFT]
        low, high = hazard[arm[lane], 0], hazard[arm[lane], 1]
        risk = max(on[lane] - first_day[lane], risk_from) + 1
        before = max(min(0, until + 1) - risk, 0)
        # some days of the first half week may be without a hazard
        whole, late = covers and risk <= 3, max(risk, 0)
        days = np.int64(words[_HIGH * LANES + lane])
        days -= late * np.int64(words[_RISKS * LANES + lane] & np.uint32(1))
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
                words, np.int64(_RISKS), lane, weeks, max(begins[lane], 0), low * before, until, units[lane], hazard, arm[lane]
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


@step
def _ended_early(t, streams, weekday_0, people, rows, fates, at, lane, at_random):
    """What leaving and death mean for one participant; the day on which that is written down, or `NEVER`."""
    words, start, last, weekday = (
        rows.words, rows.first_day[lane], rows.last_day[lane], rows.weekday[lane]
    )  # fmt: skip
    leaves, death, on = rows.leaves[lane], fates.gone[at], people.on[at]
    leaves += start if leaves < NEVER else 0
    recorded = max(_working(min(leaves, death), weekday_0), _working(on + 1, weekday_0))
    dies = death <= recorded
    scope = FOLLOW_UP
    if not dies:
        drawn = _one_block(
            people.subject[at], 0, streams[SCOPE], at_random.key_a, at_random.key_b, at_random.replicate
        )  # fmt: skip
        scope = t.scope_kinds[_chosen(t.scopes, _uniform(drawn[0]))]
        if scope == TREATMENT and not t.products[people.arm[at]]:
            scope = FOLLOW_UP
    stays = not dies and scope == TREATMENT
    later = stays and death < NEVER
    if later:
        recorded = max(_working(death, weekday_0), _working(recorded + 1, weekday_0))
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
        cell = 2 * (day // _WEEK) + (1 if day % _WEEK >= 3 else 0)
        mask |= np.uint32(1) << np.uint32(cell)
    fates.event[at] = 1 if words[_EVENTS * LANES + lane] & mask else 0
    return recorded


@step
def _follow(t, streams, weekday_0, people, rows, fates, begin, lanes, counts, at_random):
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
        event[lane] = 1 if words[_EVENTS * LANES + lane] & all_seen[weekday, last] else 0
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
    # what places are looked up by has no sign: nobody has to ask whether it counts from the end
    return _People(
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.int64),
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.uint32),
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
        np.zeros(LANES, dtype=np.uint32),
        np.zeros(LANES, dtype=np.uint32),
        np.zeros(LANES, dtype=np.int64),
        np.zeros(LANES, dtype=np.int64),
        np.zeros(LANES, dtype=np.int64),
        np.zeros(LANES, dtype=np.int64),
        np.zeros(LANES, dtype=np.int64),
        np.zeros(LANES + 1, dtype=np.uint32),
    )
    few = _Few(
        np.zeros(_WORD_ROWS * LANES, dtype=np.uint32),
        np.zeros(_NUMBER_ROWS * LANES, dtype=np.float32),
        np.zeros(LANES + 1, dtype=np.uint32),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(LANES + 1, dtype=np.uint32),
        np.zeros(LANES + 1, dtype=np.uint32),
    )
    words = rows.words
    sites, calendar = t.recruitment.rises.shape[0], t.recruitment.days
    wanted = t.recruitment.wanted
    candidates = _Candidates(
        np.zeros((sites, _AT_ONCE), dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(_AT_ONCE, dtype=np.uint32),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(wanted, dtype=np.uint32),
        np.zeros(wanted, dtype=np.int64),
        np.zeros(wanted, dtype=np.int64),
        np.zeros(wanted, dtype=np.int64),
    )
    people, ordered = _room(target), _room(target)
    largest = _greatest(t.allocation.block_sizes)
    blocks = _Blocks(
        np.zeros(strata, dtype=np.int64),
        np.zeros(strata, dtype=np.int64),
        np.zeros(target + (strata + 1) * largest, dtype=np.uint32),
        np.zeros((target + 1) * (largest + 1) + 4, dtype=np.uint64),
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
            weeks, longest = _schedule(
                course, streams, weekday_0, ordered, rows, begin, lanes, dosed, potential.shape[1] > 0,
                at_random,
            )  # fmt: skip
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
            _leave(
                t.leaving, course, streams, waiting, ordered, rows, few, begin, lanes, here, weeks, longest,
                at_random,
            )  # fmt: skip
            ended = _follow(
                t.leaving,
                streams,
                weekday_0,
                ordered,
                rows,
                fates,
                begin,
                lanes,
                counts[looks],
                at_random,
            )
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
    streams, normal = t.streams, t.course.normal
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
                    _noise(numbers, words, lanes, _NOISE + cell, normal)

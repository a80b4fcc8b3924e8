"""Room for what a replicate is while it is computed: made once, and used by each replicate in turn."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..compiling import part
from .recruitment import AT_ONCE
from .rows import LANES, NUMBER_ROWS, WORD_ROWS

NEVER = 10_000_000
"""The day of what does not come."""
_DAYS_AFTER = 2000
"""Days after the calendar on which something may still be awaited: who comes on its last day may be screened again, waits
for randomization and has a course."""


class Candidates(NamedTuple):
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


@part
def room_for_candidates(sites, wanted):
    """Room for the most candidates there are, `wanted`."""
    return Candidates(
        np.zeros((sites, AT_ONCE), dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(sites, dtype=np.int64),
        np.zeros(AT_ONCE, dtype=np.uint32),
        np.zeros(LANES + 1, dtype=np.int64),
        np.zeros(wanted, dtype=np.uint32),
        np.zeros(wanted, dtype=np.int64),
        np.zeros(wanted, dtype=np.int64),
        np.zeros(wanted, dtype=np.int64),
    )


class People(NamedTuple):
    """Room for the participants: in the order of allocation, then with those first in whose arms doses act."""

    subject: Any
    site: Any
    on: Any
    """The day of randomization."""
    category: Any
    stratum: Any
    arm: Any


@part
def room_for_people(many):
    """Room for so many. What places are looked up by has no sign: nobody has to ask whether it counts from the end."""
    return People(
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.int64),
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.uint32),
        np.zeros(many, dtype=np.uint32),
    )


class Blocks(NamedTuple):
    """Room for the permuted blocks of each stratum."""

    needed: Any
    """How many participants a stratum has."""
    following: Any
    """The place of its next participant in `listed`."""
    listed: Any
    """Arms, stratum after stratum."""
    draws: Any


@part
def room_for_blocks(target, strata, largest):
    """Room for `target` participants in blocks of at most `largest`, one of which a stratum may have begun."""
    return Blocks(
        np.zeros(strata, dtype=np.int64),
        np.zeros(strata, dtype=np.int64),
        np.zeros(target + (strata + 1) * largest, dtype=np.uint32),
        np.zeros((target + 1) * (largest + 1) + 4, dtype=np.uint64),
    )


class Lanes(NamedTuple):
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


@part
def room_for_lanes():
    """Room for `LANES` of them, and a place to spare for who is chosen."""
    return Lanes(
        np.zeros(WORD_ROWS * LANES, dtype=np.uint32),
        np.zeros(NUMBER_ROWS * LANES, dtype=np.float32),
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


class Few(NamedTuple):
    """Room for the lanes that are followed further than the others."""

    words: Any
    numbers: Any
    lane: Any
    state: Any
    """What is known of leaving: `leaving._STAYS` and so on."""
    day: Any
    """The day up to which the hazard has been cumulated, from the course's first."""
    reached: Any
    units: Any
    low: Any
    likelier: Any
    """How much more the hazard of a day is where that is so."""
    subject: Any
    arm: Any


@part
def room_for_few():
    """Room for as many; each list of chosen lanes has a place to spare."""
    return Few(
        np.zeros(WORD_ROWS * LANES, dtype=np.uint32),
        np.zeros(NUMBER_ROWS * LANES, dtype=np.float32),
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


class Fates(NamedTuple):
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
    """`[stratum, 4]`: events and participants of the one arm, and of the other, for one analysis."""
    terms: Any
    """`[7, stratum]`: what a sum over strata is made of."""
    found: Any
    """Estimate, limits and statistic, and the p-value."""


@part
def room_for_fates(target, days, looks, strata, arms):
    """Room for `target` participants of a trial whose calendar has so many days."""
    return Fates(
        np.zeros(target, dtype=np.int64),
        np.zeros(target, dtype=np.int64),
        np.zeros(target, dtype=np.int64),
        np.zeros(target, dtype=np.int64),
        np.zeros(days + _DAYS_AFTER, dtype=np.int64),
        np.zeros((looks + 1, strata, arms, 2), dtype=np.int64),
        np.zeros((strata, 4), dtype=np.float64),
        np.zeros((7, strata), dtype=np.float64),
        np.zeros(5, dtype=np.float64),
    )

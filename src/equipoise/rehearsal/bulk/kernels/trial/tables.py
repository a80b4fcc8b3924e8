"""What the kernel of whole trials is told of a protocol: tables that `bulk.whole` makes of it. Nothing in this folder knows a protocol."""

from __future__ import annotations

from typing import Any, NamedTuple

(
    CANDIDATE, FAILURE, RADIOTHERAPY, FRAILTY, LAG, KIND, NOISE, LEVEL, DOSES, LEAVING, SCOPE
) = range(11)  # fmt: skip
"""The places of the streams in `Trial.streams`."""
TREATMENT, FOLLOW_UP, DATA_USE = 0, 1, 2
"""The kinds of scopes in `Leaving.scope_kinds`."""
RISK_DIFFERENCE = 0
"""The method of Miettinen–Nurminen in `Analyses.methods`; the other is Cochran–Mantel–Haenszel."""


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
    """`TREATMENT`, `FOLLOW_UP` or `DATA_USE`."""
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
    """The counter words of the streams, by the constants above."""
    waiting: Any
    """Exponential numbers by level, in units."""
    recruitment: Any
    allocation: Any
    course: Any
    leaving: Any
    analyses: Any

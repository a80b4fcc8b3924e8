"""Central monitoring: each statistic of the trial over its sites, with false discovery controlled over all of them.

A statistic is one question (the rate of adverse events, the last digits of weight). Each site is compared with all
others; the smallest p, times the number of comparisons, answers whether any site differs; and over all
statistics together Benjamini and Yekutieli's procedure keeps the expected share of false signals among all
at `LEVEL`, whatever the statistics' dependence. While no site differs, the chance of any signal is at most that.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .comparing import (
    Inside,
    Numbers,
    benjamini_yekutieli,
    compare_categories,
    compare_levels,
    compare_rates,
    compare_shares,
    compare_spreads,
    dispersion,
)
from .data import LEVELS, RATES, Row

LEVEL = 0.05
"""The false discovery rate."""
FEWEST = 5
"""Participants with a value that a site, and the others together, need to be compared."""
_DISTINCT = 5
"""Distinct values an item needs to be looked at."""
_COPIES_ELSEWHERE = 0.01
"""Where more pairs from different sites than this agree on a whole form, agreement is no sign of copying."""


@dataclass(frozen=True, slots=True)
class SiteValue:
    """One site in one statistic: its value, that of the others together, and the p-value of their comparison.

    `value` and `others` are rates, shares or medians, as the statistic's kind says; `observed`, `exposure` the counts
    behind a rate or a share; `n` participants.
    """

    site: str
    n: int
    value: float
    others: float
    p: float
    observed: float = 0.0
    exposure: float = 0.0


@dataclass(frozen=True, slots=True)
class Statistic:
    """A question asked of all sites. `kind` and `subject` make its id.

    Kinds: `rate` (events over exposure), `level` and `variation` (medians), `spread` (standard deviations), `digits`
    and `weekday` (share of the commonest category), `heaping` (share of last digits 0 and 5), `copies` (share of pairs
    with the same numbers). `p` is over the sites, `q` over all statistics. `dispersion` belongs to a rate.
    """

    kind: str
    subject: str
    sites: tuple[SiteValue, ...]
    p: float
    q: float = 1.0
    dispersion: float = 1.0
    named: tuple[str, ...] = ()
    """The site a signal is about, without which the others agree best; of two sites both."""

    @property
    def id(self) -> str:
        """The statistic's name in the ledger and in addresses."""
        return f"{self.kind}.{self.subject}"

    @property
    def signal(self) -> bool:
        """Whether some site differs, at the level of the false discovery rate."""
        return self.q <= LEVEL


def statistics_of(rows: Sequence[Row]) -> tuple[Statistic, ...]:
    """Every statistic that the data allow, with p and q: signals first, then by p."""
    found = [
        one
        for kind, subject in _questions(rows)
        if (one := _answer(rows, kind, subject)) is not None
    ]
    adjusted = benjamini_yekutieli(np.array([one.p for one in found]))
    made = [replace(one, q=float(q)) for one, q in zip(found, adjusted, strict=True)]
    made = [replace(one, named=_named(rows, one)) if one.signal else one for one in made]
    return tuple(sorted(made, key=lambda one: (not one.signal, one.p, one.id)))


def _named(rows: Sequence[Row], signal: Statistic) -> tuple[str, ...]:
    """Whom a signal is about. A site that differs pulls the others' comparisons along; set aside, they agree."""
    sites = [one.site for one in signal.sites]
    if len(sites) == 2:
        return tuple(sites)
    agreement = {}
    for one in signal.sites:
        rest = _answer([row for row in rows if row.site != one.site], signal.kind, signal.subject)
        agreement[one.site] = (rest.p if rest else 1.0, -one.p)
    return (max(sites, key=lambda site: agreement[site]),)


def _questions(rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    yield from (("rate", name) for name in RATES)
    yield from (("level", name) for name in LEVELS)
    yield "weekday", "randomization"
    for item in sorted({name for row in rows for name in row.latest}):
        if len({row.latest[item] for row in rows if item in row.latest}) >= _DISTINCT:
            yield "spread", item
            if len({row.digits[item] for row in rows if item in row.digits}) >= _DISTINCT:
                yield "digits", item
                yield "heaping", item
            yield "variation", item
    yield from (("copies", form) for form in sorted({name for row in rows for name in row.vectors}))


def _answer(rows: Sequence[Row], kind: str, subject: str) -> Statistic | None:
    """One statistic; None where too little can be compared."""
    match kind:
        case "rate":
            return _rate(rows, subject)
        case "level":
            levels = [row.levels.get(subject) for row in rows]
            return _numbers(rows, kind, subject, levels, compare_levels)
        case "weekday":
            return _categories(rows, kind, subject, [row.weekday for row in rows])
        case "spread":
            latest = [row.latest.get(subject) for row in rows]
            return _numbers(rows, kind, subject, latest, compare_spreads, _deviation)
        case "variation":
            variation = [row.variation.get(subject) for row in rows]
            return _numbers(rows, kind, subject, variation, compare_levels)
        case "digits":
            return _categories(rows, kind, subject, [row.digits.get(subject) for row in rows])
        case "heaping":
            return _heaping(rows, subject, [row.digits.get(subject) for row in rows])
        case "copies":
            return _copies(rows, subject)
    raise ValueError(f"{kind} is no kind of statistic")


def _deviation(values: Numbers) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else 0.0


def _median(values: Numbers) -> float:
    return float(np.median(values))


def _over_sites(
    kind: str,
    subject: str,
    sites: NDArray[np.str_],
    one: Callable[[str, Inside], SiteValue],
    phi: float = 1.0,
) -> Statistic | None:
    """Each site that has enough against the others; None where fewer than two can be compared."""
    compared = []
    for site in sorted(set(sites.tolist())):
        inside = sites == site
        if inside.sum() >= FEWEST and (~inside).sum() >= FEWEST:
            compared.append(one(site, inside))
    if len(compared) < 2:
        return None
    # two sites are compared once, whichever of them is asked
    once = len(compared) == 2 and math.isclose(compared[0].p, compared[1].p, rel_tol=1e-9)
    comparisons = 1 if once else len(compared)
    p = min(1.0, comparisons * min(value.p for value in compared))
    return Statistic(kind, subject, tuple(compared), p, dispersion=phi)


def _rate(rows: Sequence[Row], name: str) -> Statistic | None:
    kept = [row for row in rows if row.counts[name][1] > 0]
    counts = np.array([row.counts[name][0] for row in kept])
    exposure = np.array([row.counts[name][1] for row in kept])
    sites = np.array([row.site for row in kept])
    if not len(kept) or counts.sum() == 0:
        return None
    phi, freedom = dispersion(counts, exposure, sites)

    def one(site: str, inside: Inside) -> SiteValue:
        found = compare_rates(counts, exposure, inside, phi, freedom)
        here, there = exposure[inside].sum(), exposure[~inside].sum()
        return SiteValue(
            site,
            int(inside.sum()),
            float(found.observed / here),
            float(counts[~inside].sum() / there),
            found.p,
            found.observed,
            float(here),
        )

    return _over_sites("rate", name, sites, one, phi)


def _numbers(
    rows: Sequence[Row],
    kind: str,
    subject: str,
    values: Sequence[float | None],
    compare: Callable[[Numbers, Inside], float],
    summary: Callable[[Numbers], float] = _median,
) -> Statistic | None:
    pairs = [(row.site, one) for row, one in zip(rows, values, strict=True) if one is not None]
    sites = np.array([site for site, _one in pairs])
    numbers = np.array([one for _site, one in pairs])

    def one(site: str, inside: Inside) -> SiteValue:
        return SiteValue(
            site,
            int(inside.sum()),
            summary(numbers[inside]),
            summary(numbers[~inside]),
            compare(numbers, inside),
        )

    return _over_sites(kind, subject, sites, one)


def _categories(
    rows: Sequence[Row], kind: str, subject: str, values: Sequence[int | None]
) -> Statistic | None:
    pairs = [(row.site, one) for row, one in zip(rows, values, strict=True) if one is not None]
    sites = np.array([site for site, _one in pairs])
    codes = np.array([one for _site, one in pairs], dtype=int)

    def one(site: str, inside: Inside) -> SiteValue:
        common = np.bincount(codes[inside]).argmax()
        here, there = codes[inside] == common, codes[~inside] == common
        return SiteValue(
            site,
            int(inside.sum()),
            float(here.mean()),
            float(there.mean()),
            compare_categories(codes, inside, _seed(kind, subject, site)),
            float(here.sum()),
            float(len(here)),
        )

    return _over_sites(kind, subject, sites, one)


def _heaping(rows: Sequence[Row], item: str, digits: Sequence[int | None]) -> Statistic | None:
    pairs = [(row.site, one) for row, one in zip(rows, digits, strict=True) if one is not None]
    sites = np.array([site for site, _one in pairs])
    heaped = np.array([one in (0, 5) for _site, one in pairs])

    def one(site: str, inside: Inside) -> SiteValue:
        here, there = heaped[inside], heaped[~inside]
        p = compare_shares(int(here.sum()), len(here), int(there.sum()), len(there))
        return SiteValue(
            site, int(inside.sum()), float(here.mean()), float(there.mean()), p,
            float(here.sum()), float(len(here)),
        )  # fmt: skip

    return _over_sites("heaping", item, sites, one)


def _copies(rows: Sequence[Row], form: str) -> Statistic | None:
    """Pairs of one site's participants with the same numbers on a form, against pairs of different sites."""
    kept = [row for row in rows if form in row.vectors]
    sites = np.array([row.site for row in kept])
    across = across_same = 0
    within: Counter[str] = Counter()
    same: Counter[str] = Counter()
    sizes = Counter(row.site for row in kept)
    groups: dict[tuple[float, ...], Counter[str]] = {}
    for row in kept:
        groups.setdefault(row.vectors[form], Counter())[row.site] += 1
    for site, n in sizes.items():
        within[site] = n * (n - 1) // 2
    for first, second in combinations(sorted(sizes), 2):
        across += sizes[first] * sizes[second]
    for group in groups.values():
        for site, n in group.items():
            same[site] += n * (n - 1) // 2
        across_same += sum(group[a] * group[b] for a, b in combinations(sorted(group), 2))
    if not across or across_same / across > _COPIES_ELSEWHERE:
        return None

    def one(site: str, inside: Inside) -> SiteValue:
        p = compare_shares(same[site], within[site], across_same, across)
        return SiteValue(
            site, int(inside.sum()), same[site] / within[site], across_same / across, p,
            float(same[site]), float(within[site]),
        )  # fmt: skip

    found = _over_sites("copies", form, sites, one)
    if found is None:
        return None
    # each site is held against the same pairs across sites: as many comparisons as sites, two included
    return replace(found, p=min(1.0, len(found.sites) * min(one.p for one in found.sites)))


def _seed(*words: str) -> int:
    return zlib.crc32("/".join(words).encode())

"""Comparing one site with all others: the tests of central monitoring, each of participants who are independent.

Every test takes one number, category or count a participant, so that repeated values of one person are never
taken for several persons. Two-sided throughout.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Numbers = NDArray[np.float64]
Inside = NDArray[np.bool_]

FIRST_DRAWS, DRAWS, ENOUGH = 999, 19_999, 20
SMALL = 5.0
"""Below this expected count the chi-square distribution is not trusted (Cochran, 1954)."""


@dataclass(frozen=True, slots=True)
class RateComparison:
    """Events counted at a site against those expected at the common rate."""

    observed: float
    expected: float
    p: float


def dispersion(counts: Numbers, exposure: Numbers, sites: NDArray[Any]) -> tuple[float, int]:
    """Pearson's chi-square of participants around their own site's rate over its degrees of freedom, and these.

    1 for Poisson counts, more where participants of one site differ among themselves. As R's
    `summary(glm(count ~ site + offset(log(exposure)), quasipoisson))$dispersion`.
    """
    total, groups = 0.0, 0
    for site in np.unique(sites):
        here = sites == site
        rate = counts[here].sum() / exposure[here].sum()
        groups += 1
        if rate > 0:
            expected = rate * exposure[here]
            total += float(((counts[here] - expected) ** 2 / expected).sum())
    freedom = len(counts) - groups
    return (total / freedom if freedom > 0 else 1.0), freedom


def compare_rates(
    counts: Numbers, exposure: Numbers, inside: Inside, phi: float, freedom: int
) -> RateComparison:
    """Exact, given the total (R's `binom.test`), and over-dispersed where `phi` exceeds 1; the larger p holds.

    Given the total of all sites, Poisson counts of one are binomial with its share of the exposure. With
    over-dispersion the variance of that binomial is multiplied by `phi` (Spiegelhalter, Stat Med 2005) and Student's t
    with the dispersion's degrees of freedom is the reference.
    """
    total, share = counts.sum(), exposure[inside].sum() / exposure.sum()
    observed, expected = float(counts[inside].sum()), float(total * share)
    if total == 0:
        return RateComparison(0.0, 0.0, 1.0)
    p = float(stats.binomtest(round(observed), round(total), float(share)).pvalue)
    if phi > 1 and freedom > 0:
        z = (observed - expected) / math.sqrt(phi * total * share * (1 - share))
        p = max(p, float(2 * stats.t.sf(abs(z), freedom)))
    return RateComparison(observed, expected, min(p, 1.0))


def compare_levels(values: Numbers, inside: Inside) -> float:
    """Wilcoxon–Mann–Whitney with mid-ranks, correction for ties and for continuity.

    As R's `wilcox.test(x, y, exact = FALSE)`.
    """
    n, n1 = len(values), int(inside.sum())
    n2 = n - n1
    ranks = stats.rankdata(values)
    u = ranks[inside].sum() - n1 * (n1 + 1) / 2
    _, ties = np.unique(values, return_counts=True)
    variance = n1 * n2 / 12 * (n + 1 - (ties**3 - ties).sum() / (n * (n - 1)))
    if variance <= 0:
        return 1.0
    distance = u - n1 * n2 / 2
    z = (distance - math.copysign(0.5, distance) if distance else 0.0) / math.sqrt(variance)
    return float(min(1.0, 2 * stats.norm.sf(abs(z))))


def compare_spreads(values: Numbers, inside: Inside) -> float:
    """Fligner–Killeen test of equal spread (1976), median-centered: as R's `fligner.test(x, g)` for two groups."""
    centered = np.abs(
        np.where(inside, values - np.median(values[inside]), values - np.median(values[~inside]))
    )
    n = len(values)
    scores = stats.norm.ppf((1 + stats.rankdata(centered) / (n + 1)) / 2)
    mean, variance = scores.mean(), scores.var(ddof=1)
    if variance <= 0:
        return 1.0
    groups = (scores[inside], scores[~inside])
    statistic = sum(len(one) * (one.mean() - mean) ** 2 for one in groups) / variance
    return float(stats.chi2.sf(statistic, 1))


def compare_shares(yes: int, n: int, other_yes: int, other_n: int) -> float:
    """Fisher's exact test of a 2 × 2 table: as R's `fisher.test`."""
    table = np.array([[yes, n - yes], [other_yes, other_n - other_yes]])
    return float(stats.fisher_exact(table).pvalue)


def compare_categories(categories: NDArray[Any], inside: Inside, seed: int = 0) -> float:
    """Whether a site's categories (last digits, weekdays) are distributed as those of the others.

    Pearson's chi-square (R's `chisq.test`) where every expected count is at least 5; else the exact conditional
    distribution given both margins, drawn (R's `chisq.test(simulate.p.value = TRUE)`; Besag and Clifford, 1991, stop
    early when 20 draws of the first 999 reach it). `seed` fixes the draws.
    """
    known, codes = np.unique(categories, return_inverse=True)
    if len(known) < 2:
        return 1.0
    here = np.bincount(codes[inside], minlength=len(known))
    everywhere = np.bincount(codes, minlength=len(known))
    n, n1 = len(codes), int(inside.sum())
    share = n1 / n
    expected, rest = everywhere * share, everywhere * (1 - share)

    def statistic(table: NDArray[Any]) -> NDArray[Any]:
        moved = (table - expected) ** 2
        found: NDArray[Any] = (moved / expected + moved / rest).sum(axis=-1)
        return found

    observed = float(statistic(here))
    if min(expected.min(), rest.min()) >= SMALL:
        return float(stats.chi2.sf(observed, len(known) - 1))
    draws = np.random.Generator(np.random.Philox(seed))
    reached = done = 0
    for wanted in (FIRST_DRAWS, DRAWS - FIRST_DRAWS):
        tables = draws.multivariate_hypergeometric(everywhere, n1, size=wanted)
        reached += int((statistic(tables) >= observed - 1e-9).sum())
        done += wanted
        if reached >= ENOUGH:
            break
    return (1 + reached) / (1 + done)


def benjamini_yekutieli(p: Numbers) -> Numbers:
    """P-values adjusted for false discovery under any dependence (2001): as R's `p.adjust(p, "BY")`."""
    m = len(p)
    if m == 0:
        return p
    order = np.argsort(p)[::-1]
    harmonic = (1 / np.arange(1, m + 1)).sum()
    adjusted = np.minimum.accumulate(harmonic * m / np.arange(m, 0, -1) * p[order])
    found = np.empty(m)
    found[order] = np.minimum(adjusted, 1.0)
    return found


def funnel_limits(
    rate: float, exposure: float, phi: float, confidence: float
) -> tuple[float, float]:
    """The range of a site's rate at this exposure, were its true rate `rate`.

    Exact Poisson limits, interpolated between counts so that the funnel is smooth (Spiegelhalter, 2005, appendix
    A.1.1); with `phi` above 1 their distance from `rate` is multiplied by its root.
    """
    mean = rate * exposure
    if mean <= 0 or exposure <= 0:
        return 0.0, 0.0
    limits = []
    for level in ((1 - confidence) / 2, (1 + confidence) / 2):
        count = float(stats.poisson.ppf(level, mean))
        upto, at = float(stats.poisson.cdf(count, mean)), float(stats.poisson.pmf(count, mean))
        limits.append((count - (upto - level) / at) / exposure)
    wide = math.sqrt(max(phi, 1.0))
    low, high = (rate + (limit - rate) * wide for limit in limits)
    return max(low, 0.0), high

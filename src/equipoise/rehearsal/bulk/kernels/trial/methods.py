"""Miettinen–Nurminen and Cochran–Mantel–Haenszel, as `analysis.methods` computes them."""

from __future__ import annotations

import math

from ..compiling import step


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
def risk_difference(e1, n1, e0, n0, quantile, limits, found):
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
def odds_ratio(counts, quantile, terms, found):
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

"""When a look is taken, what is known by then, and what an analysis of it decides."""

from __future__ import annotations

from ..compiling import step
from .methods import odds_ratio, risk_difference
from .tables import RISK_DIFFERENCE

_CLOSE = 1e-9
_FUTILE, DOUBT = 2, 3
"""What `analyze` answers besides directions; the first is `operating.FUTILE`."""


@step
def reached_on(awaited, many, wanted, histogram):
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
def seen_by(day, people, fates, many, counts):
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
def analyze(t, one, look, counts, fates, limits):
    """One comparison: its numbers in `found`, and the direction in which it crosses; `_FUTILE` where it falls short,
    `DOUBT` where any of this is in doubt."""
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
        sure = risk_difference(
            table[0, 0], table[0, 1], table[0, 2], table[0, 3], t.quantiles[one], limits, found
        )  # fmt: skip
        away = found[0]
    else:
        sure = odds_ratio(table, t.quantiles[one], fates.terms, found)
        away = found[0] - 1.0
    if not sure or abs(found[4] - bound) <= _CLOSE * bound:
        return DOUBT
    if away != 0.0 and abs(away) <= _CLOSE:
        return DOUBT
    way = 0 if away == 0.0 else 1 if away > 0 else -1
    if not (found[4] > bound or (t.one_sided != 0 and way != t.one_sided)):
        return way
    short = t.futile[look]
    if short == 0.0:
        return 0
    if abs(found[4] - abs(short)) <= _CLOSE * abs(short):
        return DOUBT
    way *= t.favorable
    if short > 0.0:
        return _FUTILE if way <= 0 or found[4] >= short else 0
    return _FUTILE if way < 0 and found[4] <= -short else 0

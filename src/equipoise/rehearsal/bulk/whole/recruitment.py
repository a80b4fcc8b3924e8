"""Who comes, and who is randomized when: the kernel's table of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ...accrual import YEARS, candidates_wanted, expected_by_day, rate_of, registered_start
from ...lean import UNIT
from ...play.calendar import morning
from .arrays import whole_numbers
from .known import Known

_NEVER = 2**62
"""More candidates than are ever expected, in units."""
_INTERVALS = 2**13


def recruitment(known: Known) -> dict[str, Any]:
    """The fields of `kernels.trial.Recruitment`."""
    protocol, given = known.protocol, known.given
    plan = given.accrual
    starts = (plan.starts or registered_start(protocol)).toordinal()
    days = YEARS * 366
    working = (starts + np.arange(days) - 1) % 7 < 5
    rates = [rate_of(protocol, plan, site) for site in known.sites]
    expected = [np.cumsum(expected_by_day(rate, working)) * UNIT for rate in rates]
    size = protocol.design.sample_size
    assert size is not None
    zones = [protocol.site_by_id[site].timezone for site in known.sites]
    later = days + 200
    mornings = np.array([_mornings(zone, starts, later) for zone in zones], dtype=np.int64)
    specs = given.participants.screening_failures
    shares = np.cumsum([*(one.probability for one in specs), 1 - sum(s.probability for s in specs)])
    fails = sum(one.probability for one in specs) * (1 - plan.rescreening)
    stays = (1 - plan.consent_refusal) * (1 - fails)
    return {
        "target": size.target,
        "wanted": candidates_wanted(protocol, given),
        "enough": math.ceil(size.target / max(stays, 0.05) * 1.03) + 4,
        "starts": starts,
        "weekday_0": (starts - 1) % 7,
        "days": days,
        **_rises(np.floor(np.array(expected)).astype(np.int64), candidates_wanted(protocol, given)),
        "mornings": mornings,
        "refusal": float(plan.consent_refusal),
        "fails": float(shares[-2] / shares[-1]) if specs else 0.0,
        "wait": whole_numbers(plan.days_to_randomization),
        "rescreening": float(plan.rescreening),
        "rescreened_after": whole_numbers(plan.rescreening_after_days),
    }


def _rises(expected: npt.NDArray[np.int64], wanted: int) -> dict[str, Any]:
    """The days on which more candidates are expected than before, by site; and where to look for those of a time.

    No result depends on how fine that is: it is for the times that a trial lasts, with some intervals for each candidate.
    """
    found = [np.unique(row, return_index=True) for row in expected]
    longest = max(values.size for values, _ in found) + 1
    rises = np.full((len(found), longest), _NEVER, dtype=np.int64)
    on = np.full((len(found), longest), expected.shape[1], dtype=np.uint32)
    for at, (values, days) in enumerate(found):
        rises[at, : values.size], on[at, : values.size] = values, days
    lasts = 2 * wanted * UNIT
    shift = (lasts // _INTERVALS).bit_length()
    begins = np.arange((lasts >> shift) + 1) << shift
    return {
        "rises": rises,
        "rises_on": on,
        "rises_from": np.array(
            [np.searchsorted(row, begins, side="right") for row in rises], dtype=np.uint32
        ),
        "rises_shift": shift,
    }


def _mornings(zone: str, starts: int, days: int) -> list[int]:
    """Minutes from the midnight before, of Greenwich, at which work begins, by day."""
    found = []
    for day in range(starts, starts + days):
        begins = morning(zone, day)
        found.append(1440 * (begins.toordinal() - day + 1) + 60 * begins.hour + begins.minute)
    return found

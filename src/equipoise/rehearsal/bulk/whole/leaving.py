"""Visits, leaving and dying: the kernel's table of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...generate import hazard_units, leaving_hazards
from ...histories import cells
from ...lean import stream_word
from ..attendance import Calendar
from .arrays import reals, whole_numbers
from .course import MOST_WEEKS, longest_course
from .errors import BeyondError
from .known import Known

_MONDAY = 700_001
"""The ordinal of some Monday."""
MOST_DAYS = 300
"""The day of the course after which nobody leaves any more, at the latest."""


def leaving(known: Known) -> dict[str, Any]:
    """The fields of `kernels.trial.Leaving`."""
    return {**_visits(known), **_departures(known)}


def _visits(known: Known) -> dict[str, Any]:
    """For every weekday of a first day and every last one: visits in the window, and the day of completing."""
    protocol, p = known.protocol, known.parameters
    longest = longest_course(known)
    if longest // cells.WEEK + 1 > MOST_WEEKS:
        raise BeyondError(f"a course of more than {MOST_WEEKS} weeks")
    weekdays, lasts = np.meshgrid(np.arange(5), np.arange(longest + 1), indexing="ij")
    first = _MONDAY + weekdays.ravel()
    last = first + lasts.ravel()
    true = {}
    for anchor in protocol.schedule.anchors:
        if anchor.event is None:
            if anchor.item not in (p.items.first, p.items.last):
                raise BeyondError(f"the anchor {anchor.id}, which is no day of the course")
            true[anchor.id] = first if anchor.item == p.items.first else last
    planned = [
        one for one in protocol.schedule.visits if one.phase not in ("screening", "baseline")
    ]
    for visit in planned:
        if visit.anchor not in true or (visit.until is not None and visit.until not in true):
            raise BeyondError(f"the visit {visit.id}, which does not follow the course")
    if p.radiotherapy.start_after_randomization < 4:
        raise BeyondError("a course that begins within days of randomization")
    nothing = np.zeros((first.size, len(protocol.schedule.visits)), dtype=np.int64)
    calendar = Calendar(protocol, true, first - 100, nothing, nothing.astype(np.bool_))
    variable = known.variable
    forms = {
        form.id for form in protocol.forms for entry in form.items if entry.item == variable.item
    }
    asks = np.array([bool(forms & set(visit.forms)) for visit in calendar.visits])
    day = calendar.day - first[:, None]
    inside = calendar.done & asks & (day >= variable.window.start.day)
    inside &= day <= (last - first)[:, None]
    held = np.sort(np.where(inside, day, 10_000), axis=1)
    counted = inside.sum(axis=1)
    shape = (5, longest + 1)
    bits = np.where(inside, np.left_shift(1, np.clip(cells.cell_of(day), 0, 31)), 0)
    return {
        "seen_on": held[:, : max(int(counted.max()), 1)].reshape(*shape, -1).astype(np.int64),
        "visits": counted.reshape(shape).astype(np.int64),
        "all_seen": np.bitwise_or.reduce(bits, axis=1).reshape(shape).astype(np.uint32),
        "completes": (calendar.completes - first).reshape(shape).astype(np.int64),
    }


def _departures(known: Known) -> dict[str, Any]:
    """Who leaves, and who dies."""
    given, p = known.given, known.parameters
    plan = given.attrition
    if plan.until_day > p.days_after or plan.until_day > MOST_DAYS:
        raise BeyondError("leaving later than the course is followed")
    first, last = -p.radiotherapy.start_after_randomization, 1000
    if any(one.from_day < first or one.until_day > last for one in known.fatal):
        raise BeyondError("deaths before randomization, or years after it")
    kinds = {"treatment": 0, "follow_up": 1, "data_use": 2}
    weights = np.cumsum(np.array(list(plan.scopes.values()), dtype=np.float64))
    fatal = known.fatal
    joint = known.joint
    most = max((len(one.grades) for one in fatal), default=1)
    grades = np.ones((len(fatal), most))
    kills = np.zeros((len(fatal), most), dtype=np.bool_)
    names: list[str] = []
    seen: dict[str, int] = {}
    for spec in given.adverse_events:
        turn = seen.get(spec.term, 0)
        seen[spec.term] = turn + 1
        if spec in fatal:
            names.append(f"event/{spec.term}" + (f"/{turn}" if turn else ""))
    for at, one in enumerate(fatal):
        cumulated = np.cumsum(np.array(list(one.grades.values()), dtype=np.float64))
        grades[at, : cumulated.size] = cumulated / cumulated[-1]
        kills[at, : cumulated.size] = [grade == 5 for grade in one.grades]
    return {
        "hazard": hazard_units(leaving_hazards(plan, known.arms)),
        "risk_from": plan.from_day,
        "risk_until": plan.until_day,
        "scopes": weights / weights[-1],
        "scope_kinds": whole_numbers([kinds[scope] for scope in plan.scopes]),
        "products": np.array([bool(arm.interventions) for arm in known.protocol.arms]),
        "death_streams": np.array([stream_word(name) for name in names], dtype=np.uint64),
        "death_chances": reals([one.probability for one in fatal]),
        "death_days": whole_numbers([(one.from_day, one.until_day) for one in fatal]).reshape(
            -1, 2
        ),
        "death_arms": np.array(
            [[not one.arms or arm in one.arms for arm in known.arms] for one in fatal],
            dtype=np.bool_,
        ).reshape(-1, len(known.arms)),
        "death_categories": np.array(
            [
                [
                    all(levels[name] == level for name, level in one.only_when.items())
                    for levels in joint
                ]
                for one in fatal
            ],
            dtype=np.bool_,
        ).reshape(-1, len(joint)),
        "death_grades": grades,
        "death_fatal": kills,
        "death_serious": reals([one.serious if one.serious_grade >= 5 else 0.0 for one in fatal]),
    }

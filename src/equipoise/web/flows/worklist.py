"""Reading the table of tasks: what is late, due and open at some sites, most harmful first.

Every question is one search for each site and priority along the index by site, priority and day, and
stops when it has what is shown. So a trial of twenty thousand costs what a trial of two hundred costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connections

from equipoise.protocol.document import Protocol
from equipoise.trial.projections import PRIORITIES

SHOWN = 25
"""Tasks shown under each heading; the rest is counted."""
COUNTED = 100
"""Counting stops here, so that a long list costs no more than a short one."""

DATED = tuple(PRIORITIES[kind] for kind in ("safety", "visit"))
"""What has a day by which it must be done; the rest is open until it is done."""
QUERY = PRIORITIES["query"]
"""A query has such a day where the protocol says so: its last day is then after the day it was asked."""
UNDATED = tuple(order for order in PRIORITIES.values() if order not in DATED)

_COLUMNS = "participant, kind, ref, opens, due, closes, priority, provisional"


@dataclass(frozen=True, slots=True)
class Task:
    """Something outstanding for a participant. Days are ISO dates, empty where there is none."""

    participant: str
    kind: str
    ref: str
    opens: str
    due: str
    closes: str
    priority: int
    provisional: int


@dataclass(frozen=True, slots=True)
class Found:
    """The first tasks of a heading, and how many there are; at `COUNTED` there may be more."""

    tasks: Sequence[Task]
    count: int


def widest_window(protocol: Protocol) -> int:
    """Days from a visit's target to the farthest edge of any visit's window."""
    return max((max(v.before, v.after) for v in protocol.schedule.visits), default=0)


def worklist(protocol: Protocol, sites: Sequence[str], today: date) -> dict[str, Found]:
    """`late`, `due`, `window` (open, neither late nor due today), `open`, and `next`, the one visit to come.

    At most nine statements, each reading a bounded number of rows.
    """
    day = str(today)
    far = timedelta(days=widest_window(protocol))
    overdue = f"due < %s AND closes < %s AND (priority <> {QUERY} OR closes > due)"
    late = Found(*_first(sites, (*DATED, QUERY), overdue, [day, day]))
    due = Found(*_first(sites, DATED, "due = %s AND closes >= %s", [day, day]))
    window = Found(
        *_first(
            sites,
            DATED,
            "due BETWEEN %s AND %s AND due <> %s AND opens <= %s AND closes >= %s",
            [str(today - far), str(today + far), day, day, day],
        )
    )
    still = "due <= %s AND (closes = due OR closes >= %s)"
    undated = Found(*_first(sites, UNDATED, still, [day, day]))
    following = Found(_tasks(sites, DATED, "due > %s", [day], 1, "due, participant"), 0)
    return {"late": late, "due": due, "window": window, "open": undated, "next": following}


def waiting(sites: Sequence[str], kinds: Sequence[str], most: int) -> list[Task]:
    """The first `most` tasks of some kinds, by kind in order of priority, the longest waiting first."""
    return _tasks(sites, sorted(PRIORITIES[kind] for kind in kinds), "due >= %s", [""], most)


def _first(
    sites: Sequence[str], priorities: Sequence[int], condition: str, values: Sequence[str]
) -> tuple[list[Task], int]:
    tasks = _tasks(sites, priorities, condition, values, SHOWN)
    if len(tasks) < SHOWN:
        return tasks, len(tasks)
    searches, parameters = _searches(sites, priorities, "1", condition, values)
    counted = _read(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM ({searches}) AS found LIMIT {COUNTED}) AS counted",
        parameters,
    )
    return tasks, int(counted[0][0])


def _tasks(
    sites: Sequence[str],
    priorities: Sequence[int],
    condition: str,
    values: Sequence[str],
    most: int,
    order: str = "priority, due, participant",
) -> list[Task]:
    searches, parameters = _searches(
        sites, priorities, _COLUMNS, f"{condition} ORDER BY due, participant LIMIT {most}", values
    )
    rows = _read(f"SELECT * FROM ({searches}) AS found ORDER BY {order} LIMIT {most}", parameters)
    return [Task(*row) for row in rows]


def _searches(
    sites: Sequence[str], priorities: Sequence[int], what: str, rest: str, values: Sequence[str]
) -> tuple[str, list[Any]]:
    search = f"SELECT * FROM (SELECT {what} FROM task WHERE site = %s AND priority = %s AND {rest}) AS one"
    parameters: list[Any] = []
    for priority in priorities:
        for site in sites:
            parameters += [site, priority, *values]
    return " UNION ALL ".join([search] * (len(priorities) * len(sites))), parameters


def _read(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connections["ledger"].cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found

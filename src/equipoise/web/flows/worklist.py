"""Reading the table of tasks: what is late, due and open at some sites, most harmful first.

Every question is one search for each site and priority along the index by site, priority and day, and
stops when it has what is shown. So a trial of twenty thousand costs what a trial of two hundred costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connections

from equipoise.protocol.document import Protocol
from equipoise.trial.projections import PRIORITIES

SHOWN = 25
"""Tasks shown under each heading at a time; the rest is counted."""
PAGES = 40
"""How far a list can be turned: a thousand tasks, so that a page has a bounded cost."""
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
    page: int = 1
    more: bool = False
    """Whether there are tasks after these."""


def widest_window(protocol: Protocol) -> int:
    """Days from a visit's target to the farthest edge of any visit's window."""
    return max((max(v.before, v.after) for v in protocol.schedule.visits), default=0)


def worklist(
    protocol: Protocol, sites: Sequence[str], today: date, pages: Mapping[str, int] | None = None
) -> dict[str, Found]:
    """`late`, `due`, `window` (open, neither late nor due today), `open`, and `next`, the one visit to come.

    `pages` turns the lists, from 1. At most nine statements, each reading a bounded number of rows.
    """
    turned = pages or {}
    day = str(today)
    far = timedelta(days=widest_window(protocol))
    overdue = f"due < %s AND closes < %s AND (priority <> {QUERY} OR closes > due)"
    late = _page(turned.get("late", 1), sites, (*DATED, QUERY), overdue, [day, day])
    due = _page(turned.get("due", 1), sites, DATED, "due = %s AND closes >= %s", [day, day])
    window = _page(
        turned.get("window", 1),
        sites,
        DATED,
        "due BETWEEN %s AND %s AND due <> %s AND opens <= %s AND closes >= %s",
        [str(today - far), str(today + far), day, day, day],
    )
    still = "due <= %s AND (closes = due OR closes >= %s)"
    undated = _page(turned.get("open", 1), sites, UNDATED, still, [day, day])
    following = Found(_tasks(sites, DATED, "due > %s", [day], 1, "due, participant"), 0)
    return {"late": late, "due": due, "window": window, "open": undated, "next": following}


def waiting(sites: Sequence[str], kinds: Sequence[str], most: int) -> list[Task]:
    """The first `most` tasks of some kinds, by kind in order of priority, the longest waiting first."""
    return _tasks(sites, sorted(PRIORITIES[kind] for kind in kinds), "due >= %s", [""], most)


def _page(
    page: int,
    sites: Sequence[str],
    priorities: Sequence[int],
    condition: str,
    values: Sequence[str],
) -> Found:
    before = (page - 1) * SHOWN
    tasks = _tasks(sites, priorities, condition, values, before + SHOWN + 1)
    more = len(tasks) > before + SHOWN and page < PAGES
    shown = tasks[before : before + SHOWN]
    if len(tasks) <= before + SHOWN and (shown or page == 1):
        return Found(shown, len(tasks), page)
    searches, parameters = _searches(sites, priorities, "1", condition, values)
    counted = _read(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM ({searches}) AS found LIMIT {COUNTED}) AS counted",
        parameters,
    )
    return Found(shown, max(int(counted[0][0]), before + len(shown)), page, more)


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

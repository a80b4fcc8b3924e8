"""Reading the table of tasks: what is late, due and open at some sites, most harmful first.

Every question is one search for each site and priority along the index by site, priority and day, and
stops when it has what is shown. So a trial of twenty thousand costs what a trial of two hundred costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connections

from equipoise.protocol.document import Protocol
from equipoise.trial.projections import PRIORITIES

SHOWN = 25
"""Tasks shown under each heading at a time; the rest is counted."""
PAGES = 40
"""How far a list can be turned: a thousand tasks, so that a page has a bounded cost."""
COUNTED = 100
"""Counting stops here, so that a long list costs no more than a short one."""

SAFETY, VISIT, QUERY = PRIORITIES["safety"], PRIORITIES["visit"], PRIORITIES["query"]
"""What has a time by which it must be done: a safety report an hour, a visit a day, a query a day where the protocol
says so (its last day is then after the day it was asked)."""
DATED = (SAFETY, VISIT)
_PRESSING = timedelta(days=1)
"""What is left of a safety report's clock when the report is due."""
UNDATED = tuple(order for order in PRIORITIES.values() if order not in DATED)
"""What is open until it is done."""

_COLUMNS = "participant, kind, ref, opens, due, closes, until, priority, provisional"


@dataclass(frozen=True, slots=True)
class Task:
    """Something outstanding for a participant. Days are ISO dates, `until` is an instant; empty where there is none."""

    participant: str
    kind: str
    ref: str
    opens: str
    due: str
    closes: str
    until: str
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


class _Search(NamedTuple):
    """Tasks of some priorities that a condition holds for."""

    priorities: Sequence[int]
    condition: str
    values: Sequence[str]


def worklist(
    protocol: Protocol,
    sites: Sequence[str],
    today: date,
    now: datetime,
    pages: Mapping[str, int] | None = None,
) -> dict[str, Found]:
    """`late`, `due`, `window` (open, neither late nor due), `open`, and `next`, the one visit to come.

    A safety report is late once its clock has run out, due while less than a day of it is left, and open from the
    report of the event on; all else goes by days. `pages` turns the lists, from 1. At most nine statements, each
    reading a bounded number of rows.
    """
    turned = pages or {}
    day = str(today)
    instant, soon = (
        one.astimezone(UTC).isoformat(timespec="microseconds") for one in (now, now + _PRESSING)
    )
    far = timedelta(days=widest_window(protocol))
    late = (
        _Search([SAFETY], "until < %s", [instant]),
        _Search([VISIT], "due < %s AND closes < %s", [day, day]),
        _Search([QUERY], "due < %s AND closes < %s AND closes > due", [day, day]),
    )
    due = (
        _Search([SAFETY], "until >= %s AND until < %s", [instant, soon]),
        _Search([VISIT], "due = %s AND closes >= %s", [day, day]),
    )
    window = (
        _Search([SAFETY], "until >= %s", [soon]),
        _Search(
            [VISIT],
            "due BETWEEN %s AND %s AND due <> %s AND opens <= %s AND closes >= %s",
            [str(today - far), str(today + far), day, day, day],
        ),
    )
    still = _Search(UNDATED, "due <= %s AND (closes = due OR closes >= %s)", [day, day])
    coming = _Search(DATED, "due > %s", [day])
    found = {"late": late, "due": due, "window": window, "open": (still,)}
    return {
        **{name: _page(turned.get(name, 1), sites, searches) for name, searches in found.items()},
        "next": Found(_tasks(sites, [coming], 1, "due, participant"), 0),
    }


def waiting(sites: Sequence[str], kinds: Sequence[str], most: int) -> list[Task]:
    """The first `most` tasks of some kinds, by kind in order of priority, the longest waiting first."""
    wanted = _Search(sorted(PRIORITIES[kind] for kind in kinds), "due >= %s", [""])
    return _tasks(sites, [wanted], most)


def _page(page: int, sites: Sequence[str], searches: Sequence[_Search]) -> Found:
    before = (page - 1) * SHOWN
    tasks = _tasks(sites, searches, before + SHOWN + 1)
    more = len(tasks) > before + SHOWN and page < PAGES
    shown = tasks[before : before + SHOWN]
    if len(tasks) <= before + SHOWN and (shown or page == 1):
        return Found(shown, len(tasks), page)
    every, parameters = _statement(sites, searches, "1")
    counted = _read(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM ({every}) AS found LIMIT {COUNTED}) AS counted",
        parameters,
    )
    return Found(shown, max(int(counted[0][0]), before + len(shown)), page, more)


def _tasks(
    sites: Sequence[str],
    searches: Sequence[_Search],
    most: int,
    order: str = "priority, due, participant",
) -> list[Task]:
    every, parameters = _statement(
        sites, searches, _COLUMNS, f" ORDER BY due, participant LIMIT {most}"
    )
    rows = _read(f"SELECT * FROM ({every}) AS found ORDER BY {order} LIMIT {most}", parameters)
    return [Task(*row) for row in rows]


def _statement(
    sites: Sequence[str], searches: Sequence[_Search], what: str, rest: str = ""
) -> tuple[str, list[Any]]:
    """A search for each priority and site, one after another, and their parameters."""
    parts: list[str] = []
    parameters: list[Any] = []
    for search in searches:
        one = (
            f"SELECT * FROM (SELECT {what} FROM task WHERE site = %s AND priority = %s"
            f" AND {search.condition}{rest}) AS one"
        )
        for priority in search.priorities:
            for site in sites:
                parts.append(one)
                parameters += [site, priority, *search.values]
    return " UNION ALL ".join(parts), parameters


def _read(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connections["ledger"].cursor() as cursor:
        cursor.execute(sql, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found

"""Today: what is late, due and open, sorted by what harms most if missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.db import connections
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.trial.projections import PRIORITIES
from equipoise.web.access import may_open
from equipoise.web.addresses import address_of
from equipoise.web.request import TrialRequest

SHOWN = 25
"""Rows of each heading; the rest is counted."""
COUNTED = 300
"""Counting stops here, so that a long list costs no more than a short one."""

WIDEST = 31
"""Days from a visit's target to the farthest edge of its window, for finding open windows."""

DATED = tuple(PRIORITIES[kind] for kind in ("safety", "visit"))
"""What has a day by which it must be done; the rest is open until it is done."""
UNDATED = tuple(order for kind, order in PRIORITIES.items() if kind not in ("safety", "visit"))

_COLUMNS = "participant, kind, ref, opens, due, closes, priority, provisional"

KIND_WORDS = {
    "safety": noop("Safety report"),
    "randomize": noop("Randomize"),
    "sign": noop("Eligibility to be signed"),
    "eligibility": noop("Eligibility to be decided"),
    "consent": noop("Consent to be recorded"),
    "diary": noop("Diary"),
    "query": noop("Query"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the worklist."""

    participant: str
    what: str
    action: str
    address: str
    page: str
    due: str
    closes: str
    days: int
    provisional: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under a heading, and how many there are in all."""

    name: str
    title: str
    tasks: Sequence[Task]
    count: str
    empty: str


def _search(
    sites: Sequence[str], priorities: Sequence[int], what: str, rest: str, values: Sequence[str]
) -> tuple[str, list[Any]]:
    """One search for each site and priority, all along the index by site, priority and due day."""
    parts = []
    parameters: list[Any] = []
    for priority in priorities:
        for site in sites:
            parts.append(
                f"SELECT * FROM (SELECT {what} FROM task WHERE site = %s AND priority = %s AND {rest}) AS one"
            )
            parameters += [site, priority, *values]
    return " UNION ALL ".join(parts), parameters


def _read(sites: Sequence[str], today: str) -> dict[str, tuple[list[tuple[Any, ...]], int]]:
    """Rows and count of each heading, and the next visit: two statements a heading.

    Rows come most harmful first. However many tasks there are, a search reads a bounded number.
    """
    day = date.fromisoformat(today)
    before, after = str(day - timedelta(days=WIDEST)), str(day + timedelta(days=WIDEST))
    wanted = {
        "late": (DATED, "due < %s AND closes < %s", [today, today]),
        "due": (DATED, "due = %s AND closes >= %s", [today, today]),
        # the window has opened and not closed
        "window": (
            DATED,
            "due BETWEEN %s AND %s AND due <> %s AND opens <= %s AND closes >= %s",
            [before, after, today, today, today],
        ),
        "open": (UNDATED, "due <= %s", [today]),
    }
    found = {}
    with connections["ledger"].cursor() as cursor:
        for name, (priorities, condition, values) in wanted.items():
            sql, parameters = _search(
                sites, priorities, _COLUMNS, f"{condition} ORDER BY due LIMIT {SHOWN}", values
            )
            cursor.execute(
                f"SELECT * FROM ({sql}) AS found ORDER BY priority, due, participant LIMIT {SHOWN}",
                parameters,
            )
            rows = cursor.fetchall()
            count = len(rows)
            if count == SHOWN:
                sql, parameters = _search(
                    sites, priorities, "1", f"{condition} LIMIT {COUNTED}", values
                )
                cursor.execute(f"SELECT COUNT(*) FROM ({sql}) AS found", parameters)
                count = cursor.fetchone()[0]
            found[name] = (rows, count)
        sql, parameters = _search(sites, DATED, _COLUMNS, "due > %s ORDER BY due LIMIT 1", [today])
        cursor.execute(f"SELECT * FROM ({sql}) AS found ORDER BY due LIMIT 1", parameters)
        found["next"] = (cursor.fetchall(), 0)
    return found


def today(request: TrialRequest) -> HttpResponseBase:
    """The worklist of the person's site."""
    person = request.someone
    day = request.today()
    sites = [person.site] if person.site else list(request.trial.protocol.site_by_id)
    found = _read(sites, str(day))
    words = {
        "late": (_("Late"), _("Nothing is late.")),
        "due": (_("Due today"), _("Nothing is due today.")),
        "window": (_("Window open"), _("No other visit can be made now.")),
        "open": (_("Open"), _("Nothing is open.")),
    }
    groups = [
        Group(
            name,
            title,
            [_task(request, row, day) for row in found[name][0]],
            _count(found[name][1]),
            empty,
        )
        for name, (title, empty) in words.items()
    ]
    following = [_task(request, row, day) for row in found["next"][0]]
    context = {
        "groups": groups,
        "day": day,
        "next": following[0] if following else None,
        "may_screen": may_open("screen", person.role),
    }
    return render(request, "today.html", context)


def _count(counted: int) -> str:
    return f"{COUNTED}+" if counted >= COUNTED else str(counted)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@lru_cache(maxsize=4096)
def day_words(day: str, language: str) -> str:
    """A day with its weekday, in the language that is active."""
    return date_format(date.fromisoformat(day), "D Y-m-d") if day else ""


def _task(request: TrialRequest, row: tuple[Any, ...], today: date) -> Task:
    participant, kind, ref, _opens, due, closes, _priority, provisional = row
    what, action, address = _words(request, participant, kind, ref, due)
    closing = _day(closes)
    late_by = (today - closing).days if closing else 0
    due_words = day_words(due, request.LANGUAGE_CODE)
    page = address_of("participant", participant)
    return Task(
        participant, what, action, address, page, due_words, closes, late_by, bool(provisional)
    )


def _words(
    request: TrialRequest, participant: str, kind: str, ref: str, due: str
) -> tuple[str, str, str]:
    """What it is, what to press, and where that leads."""
    protocol = request.trial.protocol
    page = address_of("participant", participant)
    writes = may_open("form", request.someone.role, "POST")
    if kind == "visit":
        visit = protocol.visit_by_id.get(ref)
        words = visit.label.in_language(request.language) if visit else ref
        if visit is None or not visit.forms:
            return words, _("Open"), page
        action = _("Enter") if writes else _("Open")
        return words, action, address_of("visit", participant, ref)
    what = _(KIND_WORDS[kind])
    if kind == "safety":
        number, _slash, clock = ref.partition("/")
        rule = next((one for one in protocol.safety.clocks if one.id == clock), None)
        words = rule.label.in_language(request.language) if rule else clock
        if not may_open("safety_report", request.someone.role):
            return (
                f"{what}: {words}",
                _("Open"),
                address_of("adverse_event", participant, number),
            )
        address = address_of("safety_report", participant, number, clock)
        return f"{what}: {words}", _("Report sent"), address
    if kind == "query":
        if may_open("query", request.someone.role):
            return f"{what} {ref}", _("Answer"), address_of("query", participant, ref)
        return f"{what} {ref}", _("Open"), page
    if kind == "diary":
        diary = next((one for one in protocol.schedule.diaries if one.id == ref), None)
        label = diary.label.in_language(request.language) if diary else ref
        words = _("%(diary)s: no entry for %(day)s") % {"diary": label, "day": due}
        action = _("Enter") if writes else _("Open")
        return words, action, address_of("diary_day", participant, ref, due)
    targets = {
        "randomize": ("randomize", _("Randomize")),
        "sign": ("sign_eligibility", _("Sign")),
        "eligibility": ("screening", _("Screen")),
        "consent": ("consent", _("Record")),
    }
    name, action = targets[kind]
    if not may_open(name, request.someone.role):
        return what, _("Open"), page
    return what, action, address_of(name, participant)

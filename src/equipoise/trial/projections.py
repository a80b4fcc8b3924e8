"""The tables that pages read: one row per participant, task, query, adverse event, deviation, site.

They are derived from the events, change in the same transaction as the events, and hold nothing
that is sealed in the ledger: allocations stay sealed here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from equipoise.conduct.coding import targets
from equipoise.conduct.decide.context import local_day_of
from equipoise.conduct.queries import query_due
from equipoise.conduct.schedule import PlannedVisit, next_diary_day
from equipoise.conduct.state import ParticipantState, Query
from equipoise.conduct.verification import Progress
from equipoise.ledger.tables import Row, Table

PARTICIPANT = Table(
    "participant",
    {
        "id": "text",
        "site": "text",
        "status": "text",
        "screened_on": "text",
        "consented_on": "text",
        "randomized_on": "text",
        "number": "integer",
        "allocation": "text",
        "next_visit": "text",
        "next_due": "text",
        "open_queries": "integer",
        "adverse_events": "integer",
        "serious_events": "integer",
        "withdrawn": "text",
        "data_use_withdrawn": "integer",
        "source_planned": "integer",
        "source_verified": "integer",
        "source_void": "integer",
        "version": "integer",
        "last_at": "text",
    },
    ("id",),
    (
        *(
            (*filtered, *sorted_by, "id")
            for filtered in ((), ("site",), ("status",), ("site", "status"))
            for sorted_by in ((), ("next_due",), ("randomized_on",))
            if filtered or sorted_by
        ),
    ),
)
"""`allocation` is the sealed arm as JSON; empty dates are empty text, so that sorting is total. There is an
index for each filter with each order, so that a page of the list is found without passing over others."""

TASK = Table(
    "task",
    {
        "participant": "text",
        "kind": "text",
        "ref": "text",
        "site": "text",
        "opens": "text",
        "due": "text",
        "closes": "text",
        "until": "text",
        "priority": "integer",
        "provisional": "integer",
    },
    ("participant", "kind", "ref"),
    (("site", "priority", "due", "participant", "closes", "opens"),),
)
"""`kind`: safety, visit, randomize, sign, eligibility, consent, diary, query. `ref` names the visit,
the query's number, or `<event>/<clock>`. Days are those of the site. Late is what has `closes` before today; a query
whose `closes` is the day it was asked has no deadline, and a safety report is late from an instant on: `until` (UTC;
empty for all else). The index answers what is late, due and open at a site without reading the rows it passes over."""

QUERY = Table(
    "query",
    {
        "participant": "text",
        "number": "integer",
        "site": "text",
        "visit": "text",
        "form": "text",
        "repeat": "text",
        "item": "text",
        "check_id": "text",
        "status": "text",
        "raised_at": "text",
        "raised_by": "text",
        "due_on": "text",
    },
    ("participant", "number"),
    (
        ("site", "status", "raised_at", "participant", "number"),
        ("status", "raised_at", "participant", "number"),
        ("site", "status", "due_on", "participant", "number"),
        ("status", "due_on", "participant", "number"),
    ),
)
"""`due_on` is the day by which an open query is to be answered, or an answered one to be settled; empty
where the protocol has no rule for it."""

ADVERSE_EVENT = Table(
    "adverse_event",
    {
        "participant": "text",
        "number": "integer",
        "site": "text",
        "term": "text",
        "grade": "integer",
        "serious": "integer",
        "started_on": "text",
        "ended_on": "text",
        "outcome": "text",
        "clock_due": "text",
    },
    ("participant", "number"),
    (
        ("site", "serious", "started_on"),
        ("serious", "started_on"),
        ("site", "serious", "clock_due"),
        ("serious", "clock_due"),
    ),
)
"""`clock_due` is the earliest deadline still running, else empty."""

DEVIATION = Table(
    "deviation",
    {
        "participant": "text",
        "number": "integer",
        "site": "text",
        "kind": "text",
        "severity": "text",
        "occurred_on": "text",
        "automatic": "integer",
        "important": "text",
    },
    ("participant", "number"),
    (("site", "occurred_on", "participant", "number"), ("occurred_on", "participant", "number")),
)
"""`important` as assessed last: `yes`, `no`, or empty where nobody has assessed it."""

CODING = Table(
    "coding",
    {
        "participant": "text",
        "target": "text",
        "site": "text",
        "purpose": "text",
        "term": "text",
        "status": "text",
        "dictionary": "text",
        "code": "text",
        "since": "text",
    },
    ("participant", "target"),
    (
        ("purpose", "status", "participant", "target"),
        ("purpose", "status", "dictionary", "participant", "target"),
        ("purpose", "term", "status"),
    ),
)
"""What is to be coded: `status` is `open`, `void` (the words changed) or `coded`, `dictionary` the hash of the one
it was coded with, `term` the id of a protocol term. The words themselves are sealed and not here."""

TALLY = Table(
    "tally",
    {"name": "text", "site": "text", "value": "text", "n": "integer"},
    ("name", "site", "value"),
)
"""Counts kept as they change: `name` is `status` (participants by status)."""

SITE = Table(
    "site",
    {"id": "text", "open": "integer", "screened": "integer", "randomized": "integer"},
    ("id",),
)

TABLES = (PARTICIPANT, TASK, QUERY, ADVERSE_EVENT, DEVIATION, CODING, TALLY, SITE)

PRIORITIES = {
    "safety": 0,
    "visit": 1,
    "randomize": 2,
    "sign": 3,
    "eligibility": 4,
    "consent": 5,
    "diary": 6,
    "query": 7,
}
"""What harms most if missed comes first."""


def next_visit(plan: list[PlannedVisit]) -> Row:
    """The columns that name the first visit still to be done."""
    upcoming = min(
        (p for p in plan if p.target and p.status in ("due", "part")),
        key=lambda planned: (planned.target, planned.visit.id),
        default=None,
    )
    if upcoming is None:
        return {"next_visit": "", "next_due": ""}
    return {"next_visit": upcoming.visit.id, "next_due": _text(upcoming.target)}


def participant_row(
    state: ParticipantState, plan: list[PlannedVisit], allocation: str, last_at: str
) -> Row:
    """The participant's row."""
    return {
        "id": state.id,
        "site": state.site,
        "status": state.status,
        "screened_on": _text(state.screened_on),
        "consented_on": _text(state.consents[0].signed_on if state.consents else None),
        "randomized_on": _text(state.randomized_on),
        "number": state.randomization_number,
        "allocation": allocation,
        **next_visit(plan),
        "open_queries": state.open_queries,
        "adverse_events": len(state.adverse_events),
        "serious_events": sum(1 for ae in state.adverse_events.values() if ae.serious),
        "withdrawn": state.withdrawals[-1].scope if state.withdrawals else "",
        "data_use_withdrawn": int(state.data_use_withdrawn),
        "version": state.version,
        "last_at": last_at,
    }


def source_columns(progress: Progress) -> Row:
    """The columns that count source verification."""
    return {
        "source_planned": progress.planned,
        "source_verified": progress.verified,
        "source_void": progress.void,
    }


def _text(day: date | None) -> str:
    return str(day) if day else ""


def tasks_of(state: ParticipantState, plan: list[PlannedVisit]) -> list[Row]:
    """What is outstanding for this participant, late or still to come."""
    visits = (visit_task(state, planned) for planned in plan)
    return [*(row for row in visits if row), *diary_tasks(state), *step_tasks(state)]


def visit_task(state: ParticipantState, planned: PlannedVisit) -> Row | None:
    """The task of a visit that is due or begun."""
    if planned.status not in ("due", "part") or planned.target is None:
        return None
    return _task(
        state, "visit", planned.visit.id,
        planned.opens, planned.target, planned.closes, planned.provisional,
    )  # fmt: skip


def diary_tasks(state: ParticipantState) -> Iterator[Row]:
    """One task a diary: the first day without an entry."""
    if state.status != "randomized":
        return
    for diary in state.protocol.schedule.diaries:
        day = next_diary_day(state.protocol, diary, state)
        if day is not None:
            yield _task(state, "diary", diary.id, day, day, day)


def step_tasks(state: ParticipantState) -> Iterator[Row]:
    """The next step towards allocation, open queries, and safety reports that are due."""
    status = state.status
    screened = state.screened_on
    if status == "screening":
        yield _task(state, "consent", "", screened, screened, screened)
    elif status == "consented":
        last = state.assessments[-1] if state.assessments else None
        kind = "sign" if last is not None and last.eligible else "eligibility"
        yield _task(state, kind, "", screened, screened, screened)
    elif status == "eligible":
        yield _task(state, "randomize", "", screened, screened, screened)
    if status in ("consented", "eligible", "randomized"):
        yield from _consent_task(state)
    for query in state.queries.values():
        if query.status == "open":
            raised = _site_day(state, query.raised.at)
            due = query_due(state.protocol, state.site, query) or raised
            yield _task(state, "query", str(query.number), raised, raised, due)
    for event in state.adverse_events.values():
        for clock in event.clocks:
            if clock.submitted_at is None:
                opens, due = _site_day(state, event.reported.at), _site_day(state, clock.due_at)
                yield _task(
                    state, "safety", f"{event.number}/{clock.clock}", opens, due, due,
                    until=clock.due_at,
                )  # fmt: skip


def _site_day(state: ParticipantState, instant: str) -> date:
    """The day of an instant of the ledger, on the calendar of the participant's site."""
    return local_day_of(state.protocol, state.site, instant)


def _consent_task(state: ParticipantState) -> Iterator[Row]:
    """Whoever signed an older version of the consent form than the one in force signs again."""
    versions = [one.version for one in state.protocol.consents]
    if versions and all(record.version != versions[-1] for record in state.consents):
        due = state.consents[-1].signed_on
        yield _task(state, "consent", versions[-1], due, due, due)


def _task(
    state: ParticipantState,
    kind: str,
    ref: str,
    opens: date | None,
    due: date | None,
    closes: date | None,
    provisional: bool = False,
    until: str = "",
) -> Row:
    return {
        "participant": state.id,
        "kind": kind,
        "ref": ref,
        "site": state.site,
        "opens": _text(opens),
        "due": _text(due),
        "closes": _text(closes),
        "until": until,
        "priority": PRIORITIES[kind],
        "provisional": int(provisional),
    }


def query_rows(state: ParticipantState, before: ParticipantState | None) -> Iterator[Row]:
    """Rows of queries that are new or changed since `before`."""
    known: Mapping[int, Query] = {}
    if before and before.site == state.site and before.protocol is state.protocol:
        known = before.queries
    for number, query in state.queries.items():
        if known.get(number) is query:
            continue
        yield {
            "participant": state.id,
            "number": number,
            "site": state.site,
            "visit": query.address.visit,
            "form": query.address.form,
            "repeat": query.address.repeat,
            "item": query.item,
            "check_id": query.check,
            "status": query.status,
            "raised_at": query.raised.at,
            "raised_by": query.raised.actor,
            "due_on": _text(query_due(state.protocol, state.site, query)),
        }


def adverse_event_rows(state: ParticipantState, before: ParticipantState | None) -> Iterator[Row]:
    """Rows of adverse events that are new or changed since `before`."""
    known = before.adverse_events if before and before.site == state.site else {}
    for number, event in state.adverse_events.items():
        if known.get(number) is event:
            continue
        running = [clock.due_at for clock in event.clocks if clock.submitted_at is None]
        yield {
            "participant": state.id,
            "number": number,
            "site": state.site,
            "term": event.term,
            "grade": event.grade,
            "serious": int(event.serious),
            "started_on": str(event.started_on),
            "ended_on": _text(event.ended_on),
            "outcome": event.outcome,
            "clock_due": min(running, default=""),
        }


def coding_rows(state: ParticipantState, beside: ParticipantState | None = None) -> dict[str, Row]:
    """A row for everything of the participant that is to be coded, by target (`coding.targets`)."""
    rows: dict[str, Row] = {}
    if not state.adverse_events and not state.protocol.coded_items:
        return rows
    for target in targets(state, beside):
        coding = state.codings.get(target.key)
        rows[target.key] = {
            "participant": state.id,
            "target": target.key,
            "site": state.site,
            "purpose": target.purpose,
            "term": target.term,
            "status": "open" if coding is None else "void" if coding.void else "coded",
            "dictionary": coding.sha256 if coding else "",
            "code": coding.code if coding else "",
            "since": target.since,
        }
    return rows


def deviation_rows(state: ParticipantState, before: ParticipantState | None) -> Iterator[Row]:
    """Rows of deviations logged or assessed since `before`; all of them after a transfer."""
    known = before.deviations if before and before.site == state.site else ()
    if known is state.deviations:
        return
    for number, deviation in enumerate(state.deviations, 1):
        if number <= len(known) and known[number - 1] is deviation:
            continue
        yield {
            "participant": state.id,
            "number": number,
            "site": state.site,
            "kind": deviation.kind,
            "severity": deviation.severity,
            "occurred_on": str(deviation.occurred_on),
            "automatic": int(deviation.automatic),
            "important": {None: "", True: "yes", False: "no"}[deviation.important],
        }

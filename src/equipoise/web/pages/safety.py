"""Adverse events by seriousness and clock: what must be reported first stands first."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct.decide.context import zone_of
from equipoise.conduct.events import ParticipantUnblinded
from equipoise.conduct.state import AdverseEvent
from equipoise.design.stopping import RuleStanding, rule_standing
from equipoise.protocol.document import CountedEvents, Protocol
from equipoise.trial import Trial

from ..access import may_open, site_seen
from ..labels import OUTCOME_LABELS, SERIOUSNESS_LABELS, said, site_label
from ..models import AdverseEventRow
from ..request import TrialRequest
from ..sight import sees_allocations
from ..vocabulary import local_time, moment, text_said, unbroken

PAGE_SIZE = 50
SHOWN = 20
"""Participants named beside a stopping rule."""
CLOCKED = 50
"""Events with a running clock that are shown: those whose next deadline comes first."""


@dataclass(frozen=True, slots=True)
class Running:
    """A reporting clock that runs, with the rule it comes from."""

    participant: str
    number: int
    site: str
    event: str
    why: str
    rule: str
    source: str
    to: str
    due_at: str
    due: str
    over: bool
    address: str
    report: str
    """Address at which the report is noted as sent; empty for who may not."""


@dataclass(frozen=True, slots=True)
class Line:
    """An adverse event in the list."""

    participant: str
    site: str
    event: str
    grade: int
    days: str
    outcome: str
    address: str


def safety(request: TrialRequest) -> HttpResponse:
    """The list for the person's sites."""
    trial, person, language = request.trial, request.someone, request.language
    protocol = trial.protocol
    rows = AdverseEventRow.objects.all()
    only = site_seen("safety", person)
    everywhere = not only
    if only:
        rows = rows.filter(site=only)
    terms = {term.id: term.term.in_language(language) for term in protocol.safety.terms}
    clocked = list(
        rows.filter(serious=1, clock_due__gt="").order_by("clock_due", "participant", "number")[
            : CLOCKED + 1
        ]
    )
    running = [
        line
        for row in clocked[:CLOCKED]
        for line in _running(trial, row.participant, row.number, terms, language, person.role)
    ]
    running.sort(key=lambda line: line.due_at)
    more = "+" if len(clocked) > CLOCKED else ""
    serious, others = _Pages(request, rows, 1), _Pages(request, rows, 0)
    context = {
        "answer": unbroken(_answer(running, more)),
        "tone": "bad" if any(line.over for line in running) else "warn" if running else "good",
        "running": running,
        "running_count": f"{len(running)}{more}",
        "serious": [_line(row, protocol, terms, language) for row in serious.rows],
        "serious_total": serious.total,
        "serious_pager": serious.pager(others),
        "others": [_line(row, protocol, terms, language) for row in others.rows],
        "total": others.total,
        "pager": others.pager(serious),
        "rules": _rules(request) if everywhere else [],
        "unblinded": _unblinded(trial, only),
        "ended": _ended(trial),
        "may_unblind": not trial.permission("UnblindTrial", person.actor)
        and may_open("unblind_trial", person.role, "POST"),
        "now": trial.clock_peek().isoformat(),
        "grading": protocol.safety.grading,
        "everywhere": everywhere,
        "place": site_label(protocol, only, language),
    }
    return render(request, "safety.html", context)


_lock = threading.Lock()
_made: WeakKeyDictionary[Trial, tuple[int, tuple[RuleStanding, ...]]] = WeakKeyDictionary()


def current_standings(trial: Trial) -> tuple[RuleStanding, ...]:
    """The stopping rules as of the ledger's head; made once for each head, whoever asks."""
    with _lock:
        head = trial.ledger.head().seq
        made = _made.get(trial)
        if made is None or made[0] != head:
            rules = trial.protocol.safety.stopping_rules
            stand = [
                rule_standing(rule, _with_events, trial.participant, partial(_randomized, trial))
                for rule in rules
            ]
            made = _made[trial] = (head, tuple(stand))
        return made[1]


def _with_events(counted: CountedEvents) -> Iterable[str]:
    """Who has an adverse event of such a term, grade and seriousness."""
    rows = AdverseEventRow.objects.filter(grade__gte=counted.grade)
    if counted.terms:
        rows = rows.filter(term__in=counted.terms)
    if counted.serious:
        rows = rows.filter(serious=1)
    return rows.values_list("participant", flat=True).distinct()


def _randomized(trial: Trial, arms: Sequence[str]) -> int:
    if not arms:
        return sum(site.randomized for site in trial.state.sites.values())
    return sum(1 for state in trial.participants() if state.arm in arms)


def _rules(request: TrialRequest) -> list[dict[str, object]]:
    """The stopping rules for somebody who looks at the whole trial.

    What a rule over arms counts tells of allocations: only who may see all of them is told.
    """
    trial, language = request.trial, request.language
    if not trial.protocol.safety.stopping_rules:
        return []
    sees_all = sees_allocations(request)
    return [
        {
            "text": one.rule.text.in_language(language),
            "hidden": bool(one.rule.arms) and not sees_all,
            "judged": one.reached is None,
            "reached": one.reached,
            "participants": one.participants[:SHOWN],
            "more": max(len(one.participants) - SHOWN, 0),
            "count": len(one.participants),
            "limit": one.rule.at_least,
            "randomized": one.randomized,
            "probability": None if one.probability is None else f"{100 * one.probability:.1f}",
        }
        for one in current_standings(trial)
    ]


def _ended(trial: Trial) -> tuple[str, str, str] | None:
    """When, by whom and why the whole trial was unblinded."""
    end = trial.state.unblinding
    return (moment(end.at), end.by, text_said(end.reason)) if end is not None else None


def _unblinded(trial: Trial, site: str) -> list[tuple[str, bool, str, str, str]]:
    """Who was unblinded, the latest first: participant, emergency or not, when, by whom, why. No arm."""
    found = []
    for event, happening in trial.events(types=["ParticipantUnblinded"], descending=True):
        if isinstance(happening, ParticipantUnblinded) and site in ("", event.site):
            at = local_time(event.server_time, zone_of(trial.protocol, event.site))
            participant = event.stream.partition("/")[2]
            emergency = happening.kind == "emergency"
            found.append((participant, emergency, at, event.actor, text_said(happening.reason)))
    return found


class _Pages:
    """One of the two lists, the latest event first, a page at a time; the other stays on its page."""

    def __init__(
        self, request: TrialRequest, rows: QuerySet[AdverseEventRow], serious: int
    ) -> None:
        self.name = "serious" if serious else "page"
        self.page = max(1, _number(request.GET.get(self.name, "1")))
        mine = rows.filter(serious=serious)
        self.total = mine.count()
        begin = (self.page - 1) * PAGE_SIZE
        ordered = mine.order_by("-started_on", "participant", "number")
        self.rows = list(ordered[begin : begin + PAGE_SIZE])

    def pager(self, other: _Pages) -> dict[str, Any] | None:
        """The links to this list's other pages; None where one page holds it."""
        if self.total <= PAGE_SIZE:
            return None

        def address(page: int) -> str:
            pages = {self.name: page, other.name: other.page}
            query = urlencode({name: at for name, at in pages.items() if at > 1})
            return (
                f"{reverse('safety')}?{query}#{'serious' if self.name == 'serious' else 'others'}"
            )

        first = (self.page - 1) * PAGE_SIZE
        last = first + len(self.rows)
        return {
            "first": first + 1 if self.rows else 0,
            "last": last,
            "total": self.total,
            "previous_url": address(self.page - 1) if self.page > 1 else "",
            "next_url": address(self.page + 1) if last < self.total else "",
            "last_url": address(-(-self.total // PAGE_SIZE)) if last < self.total else "",
        }


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _answer(running: list[Running], more: str) -> str:
    over = sum(1 for line in running if line.over)
    if over:
        return _("Safety reports overdue: %(n)s.") % {
            "n": f"{over}{more if over == len(running) else ''}"
        }
    if running:
        first = running[0]
        return _("The next safety report is due %(when)s, for %(participant)s.") % {
            "when": first.due, "participant": first.participant,
        }  # fmt: skip
    return _("No safety report is due.")


def _words(event: AdverseEvent | AdverseEventRow, terms: dict[str, str], verbatim: str = "") -> str:
    return terms.get(event.term) or verbatim or _("other event")


def _running(
    trial: Trial, participant: str, number: int, terms: dict[str, str], language: str, role: str
) -> list[Running]:
    state = trial.participant(participant)
    event = state.adverse_events.get(number) if state else None
    if state is None or event is None:
        return []
    protocol = trial.protocol
    rules = {clock.id: clock for clock in protocol.safety.clocks}
    zone = zone_of(protocol, state.site)
    address = reverse("adverse_event", args=[participant, number])
    now = trial.clock_peek().isoformat()
    may_report = may_open("safety_report", role, "POST")
    lines = []
    for clock in event.clocks:
        if clock.submitted_at is not None:
            continue
        rule = rules.get(clock.clock)
        report = (
            reverse("safety_report", args=[participant, number, clock.clock]) if may_report else ""
        )
        lines.append(
            Running(
                participant,
                number,
                site_label(protocol, state.site, language),
                f"{_words(event, terms, text_said(event.verbatim))}, {event.scale} {event.grade}",
                ", ".join(said(SERIOUSNESS_LABELS, code) for code in event.seriousness),
                rule.label.in_language(language) if rule else clock.clock,
                rule.source.in_language(language) if rule and rule.source else "",
                rule.to.in_language(language) if rule else clock.to,
                clock.due_at,
                local_time(clock.due_at, zone),
                clock.due_at < now,
                address,
                report,
            )
        )
    return lines


def _line(row: AdverseEventRow, protocol: Protocol, terms: dict[str, str], language: str) -> Line:
    return Line(
        row.participant,
        site_label(protocol, row.site, language),
        _words(row, terms),
        row.grade,
        f"{row.started_on} – {row.ended_on or _('ongoing')}",
        said(OUTCOME_LABELS, row.outcome),
        reverse("adverse_event", args=[row.participant, row.number]),
    )

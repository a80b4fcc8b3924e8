"""The list of queries: filtered, sorted, with their age by site; several answered or closed at once."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db.models import Count, Min, Q, QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.web.access import site_seen
from equipoise.web.labels import QUERY_STATUS_LABELS, choices_of, site_label
from equipoise.web.models import QueryRow
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import day_words, days_late

from .acting import ShownReason, act, fresh_client_id, shown_reasons
from .form import place_words
from .posted import MAX_TEXT, strange, text_error
from .queries import item_words

PAGE_SIZE = 50
SORTS = {"since": "raised_at", "due": "due_on", "number": "participant"}
"""What the list may be sorted by, and the column behind it."""
AGES = (7, 14, 28)
"""Days up to which open queries are counted together."""
_CHOSEN = re.compile(r"([0-9A-Za-z-]{1,20})/([0-9]{1,6})")

Place = tuple[str, str, int]
"""Where a page ends: the value of the column it is sorted by, the participant, the query's number."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Filter, order and place in the list, read from the address; anything unknown is ignored."""

    status: str
    site: str
    form: str
    asked_by: str
    overdue: bool
    sort: str
    descending: bool
    after: Place | None

    @classmethod
    def of(cls, request: TrialRequest) -> Choice:
        """What the address asks for."""
        get, protocol = request.GET.get, request.protocol

        def one_of(name: str, known: Any, otherwise: str = "") -> str:
            given = get(name, otherwise)
            return given if given in known else otherwise

        return cls(
            status=one_of("status", QUERY_STATUS_LABELS, "open"),
            site=site_seen("queries", request.someone) or one_of("site", protocol.site_by_id),
            form=one_of("form", protocol.form_by_id),
            asked_by=one_of("by", ("check", "person")),
            overdue=get("overdue") == "1",
            sort=one_of("sort", SORTS, "since"),
            descending=get("order") == "down",
            after=place_in(get("after", "")),
        )

    def address(self, **changes: str) -> str:
        """The list's address with this filter and order and the given changes."""
        asked = {
            "status": self.status if self.status != "open" else "",
            "site": self.site, "form": self.form, "by": self.asked_by,
            "overdue": "1" if self.overdue else "",
            "sort": self.sort if self.sort != "since" else "",
            "order": "down" if self.descending else "",
            **changes,
        }  # fmt: skip
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{reverse('queries')}?{query}" if query else reverse("queries")


def place_after(last: QueryRow, column: str) -> str:
    """A row's place in the list sorted by a column, as an address gives it."""
    return f"{getattr(last, column)}~{last.participant}~{last.number}"


def place_in(text: str) -> Place | None:
    """What `place_after` wrote; None for anything else."""
    key, participant, number = (*text.split("~"), "", "")[:3]
    if len(text) > 80 or not (number.isascii() and number.isdigit() and len(number) < 7):
        return None
    return key, participant, int(number)


def beyond(
    rows: QuerySet[QueryRow], column: str, place: Place, *, descending: bool = False
) -> QuerySet[QueryRow]:
    """What follows a place. One save may raise several queries at the same instant."""
    side = "lt" if descending else "gt"
    key, participant, number = place
    return rows.filter(**{f"{column}__{side}e": key}).filter(
        Q(**{f"{column}__{side}": key})
        | Q(**{f"participant__{side}": participant})
        | Q(participant=participant, **{f"number__{side}": number})
    )


def _rows(choice: Choice, today: date) -> tuple[list[QueryRow], str]:
    """The rows of a page, and the place of the next one (empty: none follows)."""
    rows = QueryRow.objects.filter(status=choice.status)
    if choice.site:
        rows = rows.filter(site=choice.site)
    if choice.form:
        rows = rows.filter(form=choice.form)
    if choice.asked_by:
        automatic = ~Q(check_id="")
        rows = rows.filter(automatic if choice.asked_by == "check" else ~automatic)
    if choice.overdue:
        rows = rows.filter(due_on__gt="", due_on__lt=str(today))
    column = SORTS[choice.sort]
    if choice.after is not None:
        rows = beyond(rows, column, choice.after, descending=choice.descending)
    sign = "-" if choice.descending else ""
    order = dict.fromkeys((column, "participant", "number"))
    found = list(rows.order_by(*(f"{sign}{name}" for name in order))[: PAGE_SIZE + 1])
    if len(found) <= PAGE_SIZE:
        return found, ""
    return found[:PAGE_SIZE], place_after(found[PAGE_SIZE - 1], column)


def queries(request: TrialRequest) -> HttpResponseBase:
    """Queries by status, the oldest first unless asked otherwise."""
    choice, today, person = Choice.of(request), request.today(), request.someone
    rows, following = _rows(choice, today)
    permission = request.trial.permission
    acts = [
        (name, words)
        for name, command, words in (
            ("answer", "AnswerQuery", _("Answer them")),
            ("close", "CloseQuery", _("Close them: the questions are settled")),
        )
        if not permission(command, person.actor)
    ]
    limits = request.protocol.monitoring.queries
    dated = limits is not None and (choice.status == "open" or limits.close_days is not None)
    context = {
        "choice": choice,
        "dated": dated and choice.status != "closed",
        "statuses": choices_of(QUERY_STATUS_LABELS),
        "sites": [] if site_seen("queries", person) else _sites(request),
        "forms": [
            (one.id, one.title.in_language(request.language)) for one in request.protocol.forms
        ],
        "columns": {name: _column(choice, name) for name in SORTS},
        "rows": [_shown(request, row, today) for row in rows],
        "next_url": choice.address(after=following) if following else None,
        "acts": acts if choice.status != "closed" and rows else [],
        "client_id": fresh_client_id(),
        "listed": choice.address().partition("?")[2],
        "ages": _ages(request, today),
        "age_words": _age_words(),
        "limits": limits,
        "max_text": MAX_TEXT,
    }
    return render(request, "queries.html", context)


def _sites(request: TrialRequest) -> list[tuple[str, str]]:
    return [
        (one.id, one.city.in_language(request.language)) for one in request.protocol.identity.sites
    ]


def _column(choice: Choice, name: str) -> dict[str, str]:
    here = choice.sort == name
    turned = "down" if here and not choice.descending else ""
    return {
        "address": choice.address(sort=name if name != "since" else "", order=turned),
        "sorted": ("descending" if choice.descending else "ascending") if here else "",
    }


def _shown(request: TrialRequest, row: QueryRow, today: date) -> dict[str, Any]:
    due = date.fromisoformat(row.due_on) if row.due_on else None
    late = (today - due).days if due else 0
    raised = datetime.fromisoformat(row.raised_at).astimezone(timezone.get_current_timezone())
    return {
        "row": row,
        "item": item_words(request, row.item),
        "place": place_words(request, row.visit, row.form),
        "site": site_label(request.protocol, row.site, request.language),
        "since": str(raised.date()),
        "age": max((today - raised.date()).days, 0),
        "due": day_words(row.due_on, request.LANGUAGE_CODE),
        "late": days_late(late) if late > 0 else "",
        "automatic": bool(row.check_id),
    }


# -- their age ------------------------------------------------------------------------------------


def _age_words() -> list[str]:
    first, *_rest = AGES
    edges = itertools.pairwise(AGES)
    return [
        _("up to %(n)s days") % {"n": first},
        *(_("%(low)s to %(high)s days") % {"low": low + 1, "high": high} for low, high in edges),
        _("over %(n)s days") % {"n": AGES[-1]},
    ]


def _ages(request: TrialRequest, today: date) -> list[dict[str, Any]]:
    """For each site the person sees: open queries by age, what is overdue, and what waits to be settled."""
    zone = timezone.get_current_timezone()

    def start_of(days_ago: int) -> str:
        day = datetime.combine(today - timedelta(days=days_ago), time(), zone)
        return day.astimezone(UTC).isoformat(timespec="microseconds")

    still, overdue = Q(status="open"), Q(due_on__gt="", due_on__lt=str(today))
    edges = [start_of(days) for days in AGES]
    within = [Q(raised_at__gte=edges[0])]
    within += [
        Q(raised_at__gte=old, raised_at__lt=young) for young, old in itertools.pairwise(edges)
    ]
    within.append(Q(raised_at__lt=edges[-1]))
    counts = {
        "open": Count("number", filter=still),
        "overdue": Count("number", filter=still & overdue),
        "oldest": Min("raised_at", filter=still),
        "answered": Count("number", filter=Q(status="answered")),
        "to_settle": Count("number", filter=Q(status="answered") & overdue),
        **{f"age_{n}": Count("number", filter=still & one) for n, one in enumerate(within)},
    }
    rows = QueryRow.objects.filter(status__in=("open", "answered"))
    only = site_seen("queries", request.someone)
    if only:
        rows = rows.filter(site=only)
    told = []
    for found in rows.values("site").annotate(**counts).order_by("site"):
        oldest = found["oldest"]
        raised = datetime.fromisoformat(oldest).astimezone(zone).date() if oldest else None
        told.append(
            {
                **found,
                "city": site_label(request.protocol, found["site"], request.language),
                "days": max((today - raised).days, 0) if raised else None,
                "ages": [found[f"age_{n}"] for n in range(len(within))],
            }
        )
    return told


# -- several at once ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one query: no reasons where it was done."""

    participant: str
    number: int
    reasons: Sequence[ShownReason]


def settle_queries(request: TrialRequest) -> HttpResponseBase:
    """Answer or close the chosen queries, each by a command of its own, and say what became of each."""
    back = f"{reverse('queries')}?{urlencode(parse_qsl(request.POST.get('list', '')[:400]))}"
    chosen = [_CHOSEN.fullmatch(one) for one in dict.fromkeys(request.POST.getlist("q"))]
    what, text = request.POST.get("act", ""), request.POST.get("text", "").strip()
    labels = {"q": _("Query"), "act": _("What do you do?"), "text": _("In words"), "list": ""}
    errors = list(strange(request, labels, ("q",)).values())
    if not chosen:
        errors.append(_("No query is chosen. Go back and tick the ones you mean."))
    if None in chosen or len(chosen) > PAGE_SIZE:
        errors.append(_("Choose from the list."))
    if what not in ("answer", "close"):
        errors.append(_("Say whether to answer or to close."))
    wrong = text_error(text)
    if wrong:
        errors.append(f"{_('In words')}: {wrong}")
    if errors:
        return _settled(request, back, what, (), errors)
    outcomes = []
    for one in chosen:
        assert one is not None
        participant, number = one[1], int(one[2])
        kind = c.AnswerQuery if what == "answer" else c.CloseQuery
        done = act(request, kind(participant=participant, query=number, text=text), one[0])
        reasons = shown_reasons(done.reasons, request.language) if isinstance(done, Refusal) else ()
        outcomes.append(Outcome(participant, number, reasons))
    return _settled(request, back, what, outcomes, ())


def _settled(
    request: TrialRequest,
    back: str,
    what: str,
    outcomes: Sequence[Outcome],
    errors: Sequence[str],
) -> HttpResponse:
    done = sum(not one.reasons for one in outcomes)
    context = {
        "back": back,
        "act": what,
        "outcomes": outcomes,
        "done": done,
        "errors": [("", words) for words in errors],
    }
    return render(request, "queries_settled.html", context, status=200 if done else 422)

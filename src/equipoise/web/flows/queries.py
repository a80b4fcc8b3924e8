"""Queries: the list, one query with its answer, and asking a new one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.state import ParticipantState, Query
from equipoise.web.access import site_seen
from equipoise.web.labels import QUERY_STATUS_LABELS, choices_of, said
from equipoise.web.models import QueryRow
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment, text_said

from .form import address_and_form, place_words
from .sheet import Field, Sheet, Typed, serve_sheet

PAGE_SIZE = 50


def _item_words(request: TrialRequest, item: str) -> str:
    known = request.protocol.item_by_id.get(item)
    return known.label.in_language(request.language) if known else ""


def queries(request: TrialRequest) -> HttpResponseBase:
    """Queries by status, the oldest first."""
    status = request.GET.get("status", "open")
    if status not in QUERY_STATUS_LABELS:
        status = "open"
    rows = QueryRow.objects.filter(status=status)
    only = site_seen("queries", request.someone)
    if only:
        rows = rows.filter(site=only)
    place = place_in(request.GET.get("after", ""))
    if place is not None:
        rows = beyond(rows, *place)
    found = list(rows.order_by("raised_at", "participant", "number")[: PAGE_SIZE + 1])
    more = found[PAGE_SIZE:]
    found = found[:PAGE_SIZE]
    context = {
        "status": status,
        "statuses": choices_of(QUERY_STATUS_LABELS),
        "rows": [
            {
                "row": row,
                "item": _item_words(request, row.item),
                "place": place_words(request, row.visit, row.form),
                "since": row.raised_at[:10],
                "automatic": bool(row.check_id),
            }
            for row in found
        ],
        "next_url": _after(status, found[-1]) if more else None,
    }
    return render(request, "queries.html", context)


def _after(status: str, last: QueryRow) -> str:
    """The address of what follows a row."""
    return f"{reverse('queries')}?{urlencode({'status': status, 'after': place_after(last)})}"


def place_after(last: QueryRow) -> str:
    """A row's place in the list, as an address gives it."""
    return f"{last.raised_at}~{last.participant}~{last.number}"


def place_in(text: str) -> tuple[str, str, int] | None:
    """What `place_after` wrote; None for anything else."""
    raised_at, participant, number = (*text.split("~"), "", "")[:3]
    if len(text) > 80 or not (number.isascii() and number.isdigit() and len(number) < 7):
        return None
    return raised_at, participant, int(number)


def beyond(
    rows: QuerySet[QueryRow], raised_at: str, participant: str, number: int
) -> QuerySet[QueryRow]:
    """What follows a place. One save may raise several queries at the same instant."""
    return rows.filter(raised_at__gte=raised_at).filter(
        Q(raised_at__gt=raised_at)
        | Q(participant__gt=participant)
        | Q(participant=participant, number__gt=number)
    )


def query_of(state: ParticipantState, number: int) -> Query:
    """The participant's query with this number."""
    query = state.queries.get(number)
    if query is None:
        raise Http404
    return query


def query(request: TrialRequest, participant: str, number: int) -> HttpResponseBase:
    """One query: what is asked, about which value, what was answered; answer it or close it."""
    state = request.someone_studied
    asked = query_of(state, number)
    actor = request.someone.actor
    acts = []
    if asked.status != "closed":
        if not request.trial.permission("AnswerQuery", actor):
            acts.append(("answer", _("Answer it")))
        if not request.trial.permission("CloseQuery", actor):
            acts.append(("close", _("Close it: the question is settled")))
    if asked.status != "open" and not request.trial.permission("ReopenQuery", actor):
        acts.append(("reopen", _("Ask again: it is not settled")))
    form = state.forms.get(asked.address)
    captured = form.values.get(asked.item) if form else None
    facts = [
        (_("Question"), text_said(asked.text)),
        (_("Asked"), f"{moment(asked.raised.at)}, {asked.raised.actor}"),
        (_("Where"), place_words(request, asked.address.visit, asked.address.form)),
    ]
    if asked.item:
        value = captured.value.raw or captured.value.value or "–" if captured else "–"
        facts.append((_item_words(request, asked.item), value))
    if asked.answer:
        who = asked.answered.actor if asked.answered else ""
        facts.append((_("Answer"), f"{text_said(asked.answer)} ({who})"))
    for text, stamp in asked.again:
        facts.append((_("Asked again"), f"{text} ({stamp.actor}, {moment(stamp.at)})"))
    facts.append((_("Status"), said(QUERY_STATUS_LABELS, asked.status)))

    def command(typed: Typed) -> c.Command:
        if typed["act"] == "reopen":
            return c.ReopenQuery(participant=participant, query=number, text=typed["text"] or "")
        if typed["act"] == "close":
            return c.CloseQuery(participant=participant, query=number, text=typed["text"] or "")
        return c.AnswerQuery(participant=participant, query=number, text=typed["text"] or "")

    place = (asked.address.visit, asked.address.form, asked.address.repeat)
    form_url = (
        reverse("diary_day", args=[participant, asked.address.form, asked.address.repeat])
        if asked.address.visit == "diary"
        else reverse("form", args=[participant, *place])
    )
    return serve_sheet(
        request,
        Sheet(
            title=_("Query %(number)s") % {"number": number},
            facts=facts,
            fields=[
                Field(
                    "act",
                    _("What do you do?"),
                    "code",
                    value=acts[0][0] if len(acts) == 1 else "",
                    choices=acts,
                    long=True,
                ),
                Field("text", _("In words"), "longtext", required=False),
            ]
            if acts
            else [],
            submit=_("Record") if acts else "",
            command=command,
            then=lambda done: (reverse("queries"), _("The query is updated.")),
            back=reverse("queries"),
            template="query.html",
            extra={"form_url": form_url},
        ),
    )


def raise_query(
    request: TrialRequest, participant: str, visit: str, form: str, repeat: str
) -> HttpResponseBase:
    """Ask about a value, or about the form as a whole."""
    address, found = address_and_form(request, visit, form, repeat)
    instance = request.someone_studied.forms.get(address)
    if instance is None:
        raise Http404
    items = [(one.item, _item_words(request, one.item)) for one in found.items]

    def then(done: Any) -> tuple[str, str]:
        return reverse("form", args=[participant, visit, form, repeat]), _("The query is raised.")

    return serve_sheet(
        request,
        Sheet(
            title=_("Ask about a value"),
            facts=[(_("Where"), place_words(request, visit, form))],
            fields=[
                Field(
                    "item",
                    _("Which value?"),
                    "code",
                    choices=[*items, ("", _("The form as a whole"))],
                    required=False,
                    long=True,
                ),
                Field("text", _("Your question"), "longtext"),
            ],
            submit=_("Ask"),
            command=lambda typed: c.RaiseQuery(
                participant=participant,
                address=address,
                item=typed["item"] or "",
                text=typed["text"],
            ),
            then=then,
            back=reverse("form", args=[participant, visit, form, repeat]),
        ),
    )

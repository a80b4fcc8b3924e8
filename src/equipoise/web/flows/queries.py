"""One query with its answer, and asking a new one."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.queries import query_due
from equipoise.conduct.state import ParticipantState, Query
from equipoise.web.labels import QUERY_STATUS_LABELS, said
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import days_late, moment, planned_day, text_said

from .form import place_words, saved_form
from .sheet import Field, Sheet, Typed, serve_sheet


def item_words(request: TrialRequest, item: str) -> str:
    """An item as the page calls it; empty for a form as a whole."""
    known = request.protocol.item_by_id.get(item)
    return known.label.in_language(request.language) if known else ""


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
        facts.append((item_words(request, asked.item), value))
    if asked.answer:
        who = asked.answered.actor if asked.answered else ""
        facts.append((_("Answer"), f"{text_said(asked.answer)} ({who})"))
    for text, stamp in asked.again:
        facts.append((_("Asked again"), f"{text} ({stamp.actor}, {moment(stamp.at)})"))
    facts.append((_("Status"), said(QUERY_STATUS_LABELS, asked.status)))
    due = query_due(state.protocol, state.site, asked)
    if due is not None:
        late = (request.trial.today(state.site) - due).days
        facts.append((_("Due"), planned_day(due) + (f" · {days_late(late)}" if late > 0 else "")))

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
                Field("text", _("In words"), "longtext", required="close" not in dict(acts)),
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
    address, found, _instance = saved_form(request, visit, form, repeat)
    items = [(one.item, item_words(request, one.item)) for one in found.items]

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

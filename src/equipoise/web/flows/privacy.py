"""Personal data: erasing what identifies a person, and redacting a text, asked by one and approved by another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct import commands as c
from equipoise.conduct.sealed import SealedValue
from equipoise.conduct.state import Redaction, TrialRedaction
from equipoise.web.access import may_open
from equipoise.web.labels import said
from equipoise.web.request import TrialRequest
from equipoise.web.sight import sees_identity
from equipoise.web.vocabulary import FIELD_LABELS, moment, text_said

from .sheet import Field, Sheet, Typed, serve_sheet

STATUS_LABELS = {
    "open": noop("waits for approval"),
    "done": noop("redacted"),
    "declined": noop("declined"),
}
REDACTION_MARKS = {"open": "warn", "done": "", "declined": ""}


@dataclass(frozen=True, slots=True)
class TextRow:
    """A text of the participant as a row: what it belongs to, what it says, and where to ask for its redaction."""

    seq: int
    about: str
    words: str
    gone: bool
    address: str


def _about(request: TrialRequest, name: str) -> str:
    item = request.protocol.item_by_id.get(name)
    if item is not None:
        return item.label.in_language(request.language)
    return said(FIELD_LABELS, name)


def _words(request: TrialRequest, one: SealedValue) -> str:
    if one.text is None:
        return _("(erased)") if one.identity else _("(redacted)")
    if one.identity and not sees_identity(request.protocol, request.someone.role):
        return _("not shown to your role")
    return one.text


def texts(request: TrialRequest, participant: str) -> HttpResponse:
    """Every text of the participant, the newest first, and the redactions asked for."""
    state = request.someone_studied
    may_ask = may_open("redact", request.someone.role, "POST")
    own = [one for one in request.trial.sealed_values(participant) if one.own and one.single]
    by_place = {one.place: one for one in own}
    rows = [
        TextRow(
            one.seq,
            _about(request, one.name),
            _words(request, one),
            one.text is None,
            reverse("redact", args=[participant, one.version, one.name])
            if may_ask and one.text is not None
            else "",
        )
        for one in reversed(own)
    ]
    asked = [
        {
            "number": one.number,
            "address": reverse("redaction", args=[participant, one.number]),
            "about": _about(request, one.value.partition("/")[2]),
            "seq": by_place[one.value].seq if one.value in by_place else "",
            "status": said(STATUS_LABELS, one.status),
            "mark": REDACTION_MARKS[one.status],
            "who": one.requested.actor,
            "at": moment(one.requested.at),
            "by": one.decided.actor if one.decided else "",
            "open": one.status == "open" and may_open("redaction", request.someone.role, "POST"),
        }
        for one in reversed(list(state.redactions.values()))
    ]
    context = {"participant": state, "rows": rows, "asked": asked}
    return render(request, "texts.html", context)


def redact(request: TrialRequest, participant: str, version: int, name: str) -> HttpResponseBase:
    """Ask for the redaction of one text."""
    place = f"{version}/{name}"
    chosen = _chosen(request, participant, place)
    back = reverse("texts", args=[participant])
    facts = [(_("What"), _about(request, name)), (_("Text"), _words(request, chosen))]
    return serve_asking(
        request,
        facts,
        lambda typed: c.RequestRedaction(
            participant=participant, value=place, reason=typed["reason"]
        ),
        back,
    )


def serve_asking(
    request: TrialRequest,
    facts: list[tuple[str, str]],
    command: Callable[[Typed], c.Command],
    back: str,
) -> HttpResponseBase:
    """The sheet on which the redaction of a text is asked for; `facts` say which text it is about."""
    return serve_sheet(
        request,
        Sheet(
            title=_("Ask for a redaction"),
            lead=_(
                "For a text that should never have been written, such as one that names a person. Another "
                "person decides. Once approved, nobody can read it any more, on any page, in any export."
            ),
            facts=facts,
            fields=[
                Field("reason", _("Why"), "longtext", hint=_("Do not repeat the text itself."))
            ],
            submit=_("Ask"),
            command=command,
            then=lambda done: (
                back,
                _("The redaction is asked for. Another person has to approve it."),
            ),
            back=back,
        ),
    )


def _chosen(request: TrialRequest, participant: str, place: str) -> SealedValue:
    for one in request.trial.sealed_values(participant):
        if one.own and one.single and one.place == place:
            return one
    raise Http404


def redaction(request: TrialRequest, participant: str, number: int) -> HttpResponseBase:
    """One request: approve it, or decline it."""
    asked = request.someone_studied.redactions.get(number)
    if asked is None:
        raise Http404
    chosen = _chosen(request, participant, asked.value)
    back = reverse("texts", args=[participant])

    def command(typed: Typed) -> c.Command:
        if typed["answer"] == "approve":
            return c.ApproveRedaction(participant=participant, redaction=number)
        return c.DeclineRedaction(
            participant=participant, redaction=number, reason=typed["reason"] or ""
        )

    facts = [(_("What"), _about(request, chosen.name)), (_("Text"), _words(request, chosen))]
    by, at = asked.requested.actor, asked.requested.at
    return serve_decision(request, asked, facts, (by, at), command, back)


def serve_decision(
    request: TrialRequest,
    asked: Redaction | TrialRedaction,
    facts: list[tuple[str, str]],
    requested: tuple[str, str],
    command: Callable[[Typed], c.Command],
    back: str,
) -> HttpResponseBase:
    """The sheet on which somebody else approves or declines what was asked; it only tells, once that is done.

    `facts` say which text it is about, `requested` who asked and when (ISO 8601).
    """

    def then(done: Any) -> tuple[str, str]:
        if "keys" in done.answer:
            return back, _("Redacted. The key of the text is destroyed.")
        return back, _("Recorded.")

    who, when = requested
    told = [
        *facts,
        (_("Asked by"), f"{who}, {moment(when)}"),
        (_("Why"), text_said(asked.reason)),
        (_("State"), said(STATUS_LABELS, asked.status)),
    ]
    if asked.answer:
        told.append((_("Why declined"), text_said(asked.answer)))
    answers = [
        ("approve", _("Approve: make it unreadable for ever")),
        ("decline", _("Decline: leave it")),
    ]
    fields = [
        Field("answer", _("Your answer"), "code", choices=answers, long=True),
        Field("reason", _("Why it is declined"), "longtext", required=False),
    ]
    waits = asked.status == "open"
    return serve_sheet(
        request,
        Sheet(
            title=_("Redaction %(number)s") % {"number": asked.number},
            facts=told,
            fields=fields if waits else [],
            submit=_("Record") if waits else "",
            command=command,
            then=then,
            back=back,
            signed=waits,
        ),
    )


def erase(request: TrialRequest, participant: str) -> HttpResponseBase:
    """Erase what identifies the person: with the number typed once more, and the password."""
    back = reverse("participant", args=[participant])
    return serve_sheet(
        request,
        Sheet(
            title=_("Erase what identifies the person"),
            lead=_(
                "Name, telephone number and whatever else identifies the person become unreadable, here, in every "
                "export and in every backup; a copy of the keys made earlier opens them until it expires. "
                "The data of the trial stay under the number."
            ),
            fields=[
                Field("reason", _("Why"), "longtext"),
                Field(
                    "number", _("The participant's number, once more"), must_be=participant,
                    hint=_("Type %(number)s") % {"number": participant},
                ),
            ],
            submit=_("Erase for ever"),
            command=lambda typed: c.EraseIdentity(participant=participant, reason=typed["reason"]),
            then=lambda done: (back, _("Erased. The key is destroyed.")),
            back=back,
            signed=True,
            grave=True,
        ),
    )  # fmt: skip

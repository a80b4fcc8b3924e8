"""A participant's copy of their own data: made, handed over as a file, and recorded as given."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from equipoise.conduct import commands as c
from equipoise.web.labels import choices_of, role_label
from equipoise.web.personal_copy import RENDERERS, OwnCopy, copy_of
from equipoise.web.request import TrialRequest
from equipoise.web.vocabulary import moment, text_said

from .sheet import Field, Sheet, Typed, serve_sheet

COPY_LANGUAGE_LABELS = {"en": "English", "zh-Hans": "简体中文"}
FILE_FORMAT_LABELS = {
    "html": noop("A document to read and print (HTML)"),
    "json": noop("A file for a machine (JSON)"),
}
CONTENT_TYPES = {"html": "text/html; charset=utf-8", "json": "application/json"}


def own_copy(request: TrialRequest, participant: str) -> HttpResponseBase:
    """Say to whom and why, sign, and receive the file; below stand the copies given before."""
    state = request.someone_studied
    made: list[tuple[OwnCopy, Literal["html", "json"]]] = []

    def command(typed: Typed) -> c.Command:
        copy = copy_of(
            request.trial,
            state,
            language=typed["language"],
            role=request.someone.role,
            given_to=typed["given_to"],
            reason=typed["reason"],
        )
        made.append((copy, typed["file_format"]))
        return c.GiveCopy(
            participant=participant,
            given_to=typed["given_to"],
            reason=typed["reason"],
            language=typed["language"],
            file_format=typed["file_format"],
            upto=copy.upto,
        )

    given = [
        {
            "to": text_said(one.given_to),
            "at": moment(one.stamp.at),
            "by": f"{role_label(one.stamp.role)}, {one.stamp.actor}",
            "why": text_said(one.reason),
            "kind": f"{COPY_LANGUAGE_LABELS[one.language]}, {one.file_format.upper()}",
            "upto": one.upto,
        }
        for one in reversed(state.copies)
    ]
    back = reverse("participant", args=[participant])
    return serve_sheet(
        request,
        Sheet(
            title=_("Copy for the participant"),
            lead=_(
                "Everything recorded about this participant, in plain words, to be handed to the person or to "
                "whom the person names. Staff are named by role, other participants not at all, and the group "
                "not while it is masked. Read it before you hand it over: a text that somebody wrote can name "
                "another person. Have such a text redacted first."
            ),
            facts=[(_("Entries in the record"), str(state.version))],
            fields=[
                Field("given_to", _("Given to"), max_length=400, hint=_("The participant, or who receives it for them")),
                Field("reason", _("Why"), "longtext", hint=_("For example: asked for in writing on 2026-03-14")),
                Field(
                    "language", _("Language"), "code", value=request.language,
                    choices=list(COPY_LANGUAGE_LABELS.items()),
                ),
                Field(
                    "file_format", _("As"), "code", value="html", choices=choices_of(FILE_FORMAT_LABELS), long=True,
                ),
            ],
            submit=_("Record, and save the file"),
            command=command,
            then=lambda done: (back, ""),
            answer=partial(_file, participant, made),
            back=back,
            signed=True,
            template="own_copy.html",
            extra={"given": given},
        ),
    )  # fmt: skip


def _file(
    participant: str, made: list[tuple[OwnCopy, Literal["html", "json"]]], done: Any
) -> HttpResponseBase:
    copy, file_format = made[-1]
    if done.repeated and copy.upto > done.happenings[0].upto + 1:
        # sent again after more had been recorded: what it would hold now is not what was recorded as given
        return HttpResponseRedirect(reverse("own_copy", args=[participant]))
    response = HttpResponse(RENDERERS[file_format](copy), content_type=CONTENT_TYPES[file_format])
    name = f"{participant}-copy.{copy.language}.{file_format}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

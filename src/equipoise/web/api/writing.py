"""What is changed: each operation is one command of the trial."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import ParticipantState
from equipoise.web.flows.form import address_and_form
from equipoise.web.flows.queries import query_of
from equipoise.web.request import TrialRequest
from equipoise.web.sight import sees_identity

from . import bodies as b
from .problems import ProblemError, ProblemReason, refused
from .reading import (
    diary_answer,
    diary_of,
    event_answer,
    event_of,
    form_answer,
    query_answer,
)

if TYPE_CHECKING:
    from equipoise.trial import Done

KEY_HEADER = "Idempotency-Key"
MAX_KEY = 100
_NAMESPACE = uuid.UUID("0b8f0c0e-53f0-5a3f-9f0c-9d3c2f6f7a11")


def _key(request: TrialRequest, given: b.Write) -> str:
    """The command's client id: the key given, bound to who sent it, where to, and what.

    The same request sent again changes nothing; another content under a key used before is another request,
    so that a machine that numbers badly loses no value.
    """
    key = request.headers.get(KEY_HEADER, "")
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise ProblemError(
            "unreadable",
            _("Send the header %(name)s with 1 to %(count)s printable characters.")
            % {"name": KEY_HEADER, "count": MAX_KEY},
        )
    content = json.dumps(given.model_dump(mode="json"), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    name = "\n".join((key, request.someone.username, request.method or "", request.path, digest))
    return str(uuid.uuid5(_NAMESPACE, name))


def _do(request: TrialRequest, command: c.Command, given: b.Write) -> Done:
    outcome = request.trial.do(
        command,
        request.someone.actor,
        client_id=_key(request, given),
        device_time=given.device_time,
    )
    if isinstance(outcome, Refusal):
        raise refused(outcome, request.language)
    return outcome


def _now(request: TrialRequest) -> ParticipantState:
    """The participant after the command."""
    state = request.trial.participant(request.someone_studied.id)
    assert state is not None
    return state


def _visible(request: TrialRequest, values: Mapping[str, str]) -> Mapping[str, str]:
    """The values, where the role sees every item among them: nobody overwrites what they cannot read."""
    if sees_identity(request.protocol, request.someone.role):
        return values
    items = request.protocol.item_by_id
    hidden = [name for name in values if name in items and items[name].type == "identity"]
    if hidden:
        reasons = [
            ProblemReason(
                code="identity-hidden",
                message=_("This value is not shown to your role."),
                rule="protocol roles.sees_identity",
                remedy=_("Leave it out."),
                field=name,
            )
            for name in hidden
        ]
        raise ProblemError("invalid", reasons[0].message, reasons)
    return values


def save_form(
    request: TrialRequest, given: b.FormGiven, participant: str, visit: str, form: str, repeat: str
) -> b.FormSaved:
    """Save a form, part-filled or whole."""
    address, _found = address_and_form(request, visit, form, repeat)
    command = c.SaveForm(
        participant=participant,
        address=address,
        values=_visible(request, given.values),
        performed_on=given.performed_on,
        based_on=given.based_on,
        reason=given.reason,
    )
    done = _do(request, command, given)
    return b.FormSaved(
        repeated=done.repeated,
        form=form_answer(request, _now(request), address),
        missing=list(done.answer.get("missing", ())),
        queries=list(done.answer.get("queries", ())),
    )


def record_diary_day(
    request: TrialRequest, given: b.DiaryGiven, participant: str, diary: str, day: str
) -> b.DiarySaved:
    """Record a day of a diary."""
    kept, on = diary_of(request, diary, day)
    command = c.RecordDiaryDay(
        participant=participant,
        diary=kept.id,
        day=on,
        values=_visible(request, given.values),
        assisted=given.assisted,
        reason=given.reason,
    )
    done = _do(request, command, given)
    return b.DiarySaved(
        repeated=done.repeated, diary_day=diary_answer(request, _now(request), kept, on)
    )


def raise_query(
    request: TrialRequest,
    given: b.QuestionGiven,
    participant: str,
    visit: str,
    form: str,
    repeat: str,
) -> b.QueryDone:
    """Ask about a value, or about the form as a whole."""
    address, _found = address_and_form(request, visit, form, repeat)
    command = c.RaiseQuery(
        participant=participant, address=address, item=given.item, text=given.text
    )
    done = _do(request, command, given)
    number = done.answer["queries"][0]
    query = query_answer(participant, query_of(_now(request), number))
    return b.QueryDone(repeated=done.repeated, query=query)


def act_on_query(
    request: TrialRequest, given: b.QueryGiven, participant: str, number: int
) -> b.QueryDone:
    """Answer a query, close it, or ask again."""
    query_of(request.someone_studied, number)
    kinds: dict[str, type[c.AnswerQuery] | type[c.CloseQuery] | type[c.ReopenQuery]] = {
        "answer": c.AnswerQuery, "close": c.CloseQuery, "reopen": c.ReopenQuery,
    }  # fmt: skip
    command = kinds[given.act](participant=participant, query=number, text=given.text)
    done = _do(request, command, given)
    return b.QueryDone(
        repeated=done.repeated, query=query_answer(participant, query_of(_now(request), number))
    )


def report_adverse_event(
    request: TrialRequest, given: b.AdverseEventGiven, participant: str
) -> b.AdverseEventDone:
    """The first report of an adverse event."""
    command = c.ReportAdverseEvent(
        participant=participant,
        term=given.term,
        grade=given.grade,
        started_on=given.started_on,
        ended_on=given.ended_on,
        seriousness=tuple(given.seriousness),
        causality=given.causality,
        outcome=given.outcome,
        action=given.action,
        narrative=given.narrative,
    )
    done = _do(request, command, given)
    event = event_of(_now(request), done.answer["number"])
    return b.AdverseEventDone(
        repeated=done.repeated, adverse_event=event_answer(participant, event)
    )


def update_adverse_event(
    request: TrialRequest, given: b.AdverseEventChange, participant: str, number: int
) -> b.AdverseEventDone:
    """What was learned of an adverse event since."""
    event_of(request.someone_studied, number)
    command = c.UpdateAdverseEvent(
        participant=participant,
        number=number,
        grade=given.grade,
        ended_on=given.ended_on,
        seriousness=None if given.seriousness is None else tuple(given.seriousness),
        causality=given.causality,
        outcome=given.outcome,
        action=given.action,
        narrative=given.narrative,
        reason=given.reason,
    )
    done = _do(request, command, given)
    event = event_answer(participant, event_of(_now(request), number))
    return b.AdverseEventDone(repeated=done.repeated, adverse_event=event)

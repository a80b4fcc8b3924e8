"""Giving a command to the trial, and showing a refusal."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from equipoise.conduct.commands import Command
from equipoise.conduct.refusal import Reason, Refusal
from equipoise.web.factors.proof import FIELDS
from equipoise.web.log import note_refusal
from equipoise.web.request import TrialRequest

if TYPE_CHECKING:
    from equipoise.trial import Done

_NAMESPACE = uuid.UUID("6c0c7d2e-5a3e-5a53-8a53-0d7a4a6f4f11")


def fresh_client_id() -> str:
    """For the hidden field of a form: the same form sent twice is one request."""
    return str(uuid.uuid4())


def client_id(request: TrialRequest, part: str = "") -> str:
    """The request's own id for the trial, bound to the person, the page and what was typed.

    The same form sent twice is one request; a form that was mended after it had been taken in part, or
    that a browser kept and somebody changed, is another. `part` tells apart the several commands that
    one page may send. Without a sound id in the form the request counts as a new one.
    """
    typed = request.POST.get("client_id", "")
    try:
        given = uuid.UUID(typed)
    except ValueError:
        given = uuid.uuid4()
    name = "\n".join((str(given), request.someone.username, request.path, part, _content(request)))
    return str(uuid.uuid5(_NAMESPACE, name))


def _content(request: TrialRequest) -> str:
    typed = {
        name: values
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "client_id") and name not in FIELDS
    }
    return hashlib.sha256(json.dumps(typed, sort_keys=True).encode()).hexdigest()


def act(request: TrialRequest, command: Command, part: str = "") -> Done | Refusal:
    """Give the command to the trial in the person's name."""
    outcome = request.trial.do(command, request.someone.actor, client_id=client_id(request, part))
    if isinstance(outcome, Refusal):
        note_refusal(outcome.codes)
    return outcome


ShownReason = tuple[str, str, str, str]
"""Message, rule, remedy, and the id of the field at fault (empty: none on the page)."""


def shown_reasons(
    reasons: Sequence[Reason], language: str, fields: Mapping[str, str] | None = None
) -> list[ShownReason]:
    """Reasons for `_refusal.html`; `fields` maps argument or item to the field's id on the page."""
    places = fields or {}
    return [
        (
            _sentence(reason.message.in_language(language)),
            reason.rule,
            _sentence(reason.remedy.in_language(language)),
            places.get(reason.field or "", ""),
        )
        for reason in reasons
    ]


def _sentence(words: str) -> str:
    words = words.strip()
    if not words:
        return words
    if words[-1] not in ".!?。！？":
        words += "。" if ord(words[-1]) > 0x2E80 else "."
    return words[0].upper() + words[1:]

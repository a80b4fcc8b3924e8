"""Refusals as problem details (RFC 9457), in the language the request asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop
from pydantic import BaseModel, ConfigDict

from equipoise.conduct.refusal import Reason, Refusal
from equipoise.web.log import note_refusal

MEDIA_TYPE = "application/problem+json"
ROOT = "/api/"
"""Every address below it answers in JSON, its errors too."""

TITLES = {
    "unreadable": (400, noop("The request cannot be read.")),
    "unauthorized": (401, noop("A token that holds is needed.")),
    "forbidden": (403, noop("The role may not do this.")),
    "not-found": (
        404,
        noop("Nothing stands at this address, or nothing your role and site may see."),
    ),
    "wrong-method": (405, noop("This address has no such method.")),
    "stale": (409, noop("Somebody else has saved this meanwhile.")),
    "too-large": (413, noop("The body is too large.")),
    "wrong-type": (415, noop("The body has to be JSON.")),
    "refused": (422, noop("The trial refuses this.")),
    "invalid": (422, noop("The request does not have the form described.")),
    "broken": (500, noop("This is our fault. Nothing was changed.")),
    "unavailable": (503, noop("The database does not answer. Nothing was changed: try again.")),
}
"""Kinds of problem: status and title. The kind is the last part of the problem's `type`."""
TYPE = "urn:equipoise:problem:"

_FORBIDDING = frozenset({"not-permitted", "not-granted", "not-delegated", "not-trained"})


class ProblemReason(BaseModel):
    """One reason. `code` is the catalog's, `rule` what it rests on, `remedy` the way out, `field` where."""

    model_config = ConfigDict(extra="forbid")

    code: str
    message: str
    rule: str
    remedy: str
    field: str | None = None


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str = ""
    reasons: list[ProblemReason] = []


class ProblemError(Exception):
    """Ends a request with a problem."""

    def __init__(self, kind: str, detail: str = "", reasons: Sequence[ProblemReason] = ()) -> None:
        super().__init__(kind)
        self.kind, self.detail, self.reasons = kind, detail, tuple(reasons)


def refused(refusal: Refusal, language: str) -> ProblemError:
    """The trial's refusal: every reason from the catalog."""
    note_refusal(refusal.codes)
    codes = set(refusal.codes)
    kind = "refused"
    if codes <= _FORBIDDING:
        kind = "forbidden"
    elif "stale" in codes:
        kind = "stale"
    reasons = [reason_of(reason, language) for reason in refusal.reasons]
    return ProblemError(kind, "; ".join(one.message for one in reasons), reasons)


def reason_of(reason: Reason, language: str) -> ProblemReason:
    """A reason of the trial in one language."""
    return ProblemReason(
        code=reason.code,
        message=reason.message.in_language(language),
        rule=reason.rule,
        remedy=reason.remedy.in_language(language),
        field=reason.field,
    )


def answer(kind: str, detail: str = "", reasons: Iterable[ProblemReason] = ()) -> HttpResponse:
    """The problem as a response."""
    status, title = TITLES[kind]
    problem = Problem(
        type=TYPE + kind, title=_(title), status=status, detail=detail, reasons=list(reasons)
    )
    body = json.dumps(problem.model_dump(), ensure_ascii=False)
    response = HttpResponse(body, status=status, content_type=MEDIA_TYPE)
    response["Content-Language"] = get_language() or "en"
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="equipoise"'
    return response


def asks_for_json(request: HttpRequest) -> bool:
    """Whether the request goes to the interface, so that errors are no pages."""
    return request.path_info.startswith(ROOT)

"""From a request to an operation and back: who asks, what was given, and problems in JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import (
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils.translation import get_language
from pydantic import BaseModel, ValidationError

from equipoise.web.access import admit
from equipoise.web.request import TrialRequest

from .document import document
from .operations import BASE, Operation, by_path
from .problems import ProblemError, ProblemReason, answer

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024
"""Bytes of a body; the longest form is a few thousand."""
_SHOWN_FAULTS = 20


def _served(operations: dict[str, Operation]) -> Callable[..., HttpResponseBase]:
    """The view of one address."""
    allowed = [*operations, *(["HEAD"] if "GET" in operations else [])]

    def view(request: TrialRequest, **arguments: Any) -> HttpResponseBase:
        method = "GET" if request.method == "HEAD" else request.method or "GET"
        operation = operations.get(method)
        if operation is None:
            refused = answer("wrong-method")
            refused["Allow"] = ", ".join(sorted(allowed))
            return refused
        try:
            return _answered(request, operation, arguments)
        except ProblemError as problem:
            return answer(problem.kind, problem.detail, problem.reasons)
        except PermissionDenied:
            return answer("forbidden")
        except Http404:
            return answer("not-found")
        except RequestDataTooBig:
            return answer("too-large")
        except SuspiciousOperation:
            return answer("unreadable")

    # a token in a header is sent by no browser on its own: there is nothing to forge
    view.csrf_exempt = True  # type: ignore[attr-defined]
    view.operations = operations  # type: ignore[attr-defined]
    return view


def _answered(
    request: TrialRequest, operation: Operation, arguments: dict[str, Any]
) -> HttpResponse:
    if request.person is None:
        raise ProblemError("unauthorized")
    request.page = operation.page
    admit(request, operation.page, arguments)
    given = _given(request, operation)
    answered = operation.handler(request, given, **arguments)
    body = answered.model_dump_json()
    response = HttpResponse(body, status=operation.status, content_type="application/json")
    response["Content-Language"] = get_language() or "en"
    return response


# -- what was given -------------------------------------------------------------------------------


def _given(request: TrialRequest, operation: Operation) -> BaseModel | None:
    if not operation.changes:
        return _parameters(request, operation.given)
    if request.GET:
        raise ProblemError("invalid", "?" + next(iter(request.GET))[:80])
    assert operation.given is not None
    body = _body(request)
    try:
        return operation.given.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from None


def _parameters(request: TrialRequest, model: type[BaseModel] | None) -> BaseModel | None:
    """Parameters of the address. One that is not known, or given twice, is refused and not ignored."""
    twice = [name for name, values in request.GET.lists() if len(values) > 1]
    known = model.model_fields if model else {}
    strange = [name for name in request.GET if name not in known]
    if twice or strange:
        reasons = [
            ProblemReason(
                code="invalid", message="given twice" if name in twice else "not known", rule="openapi",
                remedy="", field=name[:80],
            )
            for name in [*twice, *strange][:_SHOWN_FAULTS]
        ]  # fmt: skip
        raise ProblemError("invalid", "", reasons)
    if model is None:
        return None
    if any("\0" in value for value in request.GET.values()):
        raise ProblemError("invalid")
    try:
        return model.model_validate(dict(request.GET.items()))
    except ValidationError as error:
        raise _invalid(error) from None


def _body(request: TrialRequest) -> bytes:
    """The body: JSON in UTF-8, an object, no name twice."""
    if (request.content_type or "").lower() != "application/json":
        raise ProblemError("wrong-type")
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise ProblemError("wrong-type")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY:
        raise ProblemError("too-large")
    body = request.body
    if len(body) > MAX_BODY:
        raise ProblemError("too-large")
    try:
        json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ProblemError("unreadable", str(error)[:200]) from None
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object: one of the two would be lost")
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _invalid(error: ValidationError) -> ProblemError:
    """Every fault by its place; what was sent is not repeated."""
    reasons = [
        ProblemReason(
            code=fault["type"],
            message=fault["msg"],
            rule="openapi",
            remedy="",
            field="/".join(str(part) for part in fault["loc"])[:200],
        )
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return ProblemError("invalid", "", reasons[:_SHOWN_FAULTS])


# -- addresses ------------------------------------------------------------------------------------


def openapi(request: TrialRequest) -> HttpResponse:
    """The description of the interface."""
    if request.method not in ("GET", "HEAD"):
        refused = answer("wrong-method")
        refused["Allow"] = "GET, HEAD"
        return refused
    body = json.dumps(document(), ensure_ascii=False)
    return HttpResponse(body, content_type="application/json")


def nothing(request: HttpRequest, rest: str) -> HttpResponse:
    """An address of the interface at which nothing stands."""
    return answer("not-found")


openapi.csrf_exempt = True  # type: ignore[attr-defined]
nothing.csrf_exempt = True  # type: ignore[attr-defined]


def addresses() -> list[URLPattern]:
    """Every address of the interface; a name for each, after its first operation."""
    served = [
        path(BASE + where, _served(operations), name=f"api:{where}")
        for where, operations in by_path().items()
    ]
    return [
        *served,
        path(BASE + "openapi.json", openapi, name="api:openapi"),
        path("api/<path:rest>", nothing, name="api:nothing"),
    ]

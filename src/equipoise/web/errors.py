"""Error pages of our own. They say what happened and what to do, and nothing about the inside."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import get_template

from .api.problems import answer, asks_for_json
from .log import request_number


def _page(request: HttpRequest, status: int) -> HttpResponse:
    response = render(request, f"errors/{status}.html", status=status)
    response["Cache-Control"] = "no-store"
    return response


def malformed(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """400: the request cannot be read."""
    if asks_for_json(request):
        return answer("unreadable")
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """403: the role may not open this page."""
    return _page(request, 403)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form did not come from a page of this session."""
    response = render(request, "errors/forged.html", status=403)
    response["Cache-Control"] = "no-store"
    return response


def not_found(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """404: there is nothing here, or nothing this person may know of."""
    if asks_for_json(request):
        return answer("not-found")
    return _page(request, 404)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503: the ledger's database does not answer. Drawn without the shell, which would ask it too."""
    if request.path_info == "/health":
        response: HttpResponse = JsonResponse(
            {"status": "failing", "why": ["database"]}, status=503
        )
    elif asks_for_json(request):
        response = answer("unavailable")
    else:
        page = get_template("errors/503.html").render({})
        response = HttpResponse(page, status=503)
    response["Cache-Control"] = "no-store"
    response["Retry-After"] = "30"
    return response


def broken(request: HttpRequest) -> HttpResponse:
    """500: our fault. Rendered without the shell, which may be what broke."""
    if asks_for_json(request):
        return answer("broken")
    response = HttpResponse(
        get_template("errors/500.html").render({"number": request_number()}), status=500
    )
    response["Cache-Control"] = "no-store"
    return response

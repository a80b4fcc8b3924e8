"""The guard before every page: it denies whatever the table does not grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import (
    Http404,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.urls import reverse
from django.utils import timezone

from equipoise.conduct.decide.context import zone_of

from ..request import Person, TrialRequest
from .page import READ, Right
from .table import MENU, PAGES

View = Callable[..., HttpResponseBase]


def first_page(role: str) -> str:
    """The page a role starts with: the first of the menu that it may open."""
    return next(name for name in MENU if may_open(name, role))


def right_of(page: str, role: str) -> Right | None:
    """What the role may do on the page; None where it has no business there."""
    return PAGES[page].rights.get(role)


def may_open(page: str, role: str, method: str = "GET") -> bool:
    """Whether the role may use the page with this method (wherever its grant reaches)."""
    if PAGES[page].everyone:
        return True
    right = right_of(page, role)
    return right is not None and (method in ("GET", "HEAD") or right.endswith(":write"))


def guarded(name: str, view: View) -> View:
    """The view behind its row of the table; without a row there is no view.

    Anonymous visitors are led to the sign-in page; a role without the right gets 403; a participant
    of another site does not exist (404).
    """
    page = PAGES.get(name)
    if page is None:
        raise ImproperlyConfigured(
            f"page {name!r} has no row in the permission table: "
            "add it to PAGES in equipoise.web.access.table"
        )

    @wraps(view)
    def guard(request: TrialRequest, **arguments: Any) -> HttpResponseBase:
        request.page = name
        method = request.method or "GET"
        if method not in page.methods and not (method == "HEAD" and "GET" in page.methods):
            return HttpResponseNotAllowed(page.methods)
        if page.everyone:
            return view(request, **arguments)
        if request.person is None:
            return HttpResponseRedirect(_sign_in_address(request))
        admit(request, name, arguments)
        timezone.activate(zone_of(request.protocol, request.clock_site()))
        return view(request, **arguments)

    guard.page_name = name  # type: ignore[attr-defined]
    return guard


def admit(request: TrialRequest, name: str, arguments: Mapping[str, Any]) -> None:
    """Let who is signed in do what a page's row grants, with this method and these parts of the address.

    Raises `PermissionDenied` where the role has no such right, and `Http404` for a participant whom the
    person may not know of.
    """
    right = right_of(name, request.someone.role)
    if right is None:
        raise PermissionDenied
    if "participant" in arguments:
        # before the method: another site's participant must look the same to every method
        _find(request, arguments["participant"], any_site=right.startswith("any:"))
    if request.method not in ("GET", "HEAD") and not right.endswith(":write"):
        raise PermissionDenied


def site_seen(name: str, person: Person) -> str:
    """The only site whose records the person sees on a list; empty where they see every site's."""
    return "" if (right_of(name, person.role) or READ).startswith("any:") else person.site


def _sign_in_address(request: TrialRequest) -> str:
    if request.owes_factor:
        return reverse("second_factors")
    address = reverse("sign_in" if request.account is None else "choose_role")
    if request.method == "GET" and request.path != "/":
        address += "?" + urlencode({"next": request.get_full_path()})
    return address


def _find(request: TrialRequest, participant: str, *, any_site: bool) -> None:
    state = request.trial.participant(participant)
    if state is None or not (any_site or request.someone.covers(state.site)):
        raise Http404
    request.participant = state

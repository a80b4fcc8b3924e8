"""Accounts and signing in: passwords here, roles and sites from the ledger's grants."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import urlencode

from django.contrib import auth, messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _

from equipoise.home import Home

from . import sign_in_issuer
from .access import first_page
from .factors.proof import BY_ISSUER, LEFT, MAX_TYPED, begin_half, has_factor
from .labels import role_label, site_label
from .models import Account
from .request import TrialRequest


def granted_to(request: TrialRequest, username: str) -> list[tuple[str, str]]:
    """Role and site of each grant the person holds, in a stable order."""
    return sorted(
        (role, site) for name, role, site in request.trial.state.grants if name == username
    )


def safe_next(request: HttpRequest, address: str | None) -> str | None:
    """The address if it leads within this application."""
    allowed = url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())
    return address if address and allowed else None


def home(request: TrialRequest) -> HttpResponseBase:
    """The door: to the role's first page, to the choice of a role, or to the public record."""
    if request.person is not None:
        return HttpResponseRedirect(reverse(first_page(request.person.role)))
    if request.owes_factor:
        return HttpResponseRedirect(reverse("second_factors"))
    return HttpResponseRedirect(reverse("public" if request.account is None else "choose_role"))


def sign_in(request: TrialRequest) -> HttpResponseBase:
    """Name and password; then the second factor, where there is one, and the role, where there is a choice."""
    error = None
    username = request.POST.get("username", "")
    then = safe_next(request, request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        password = request.POST.get("password", "")
        account = None
        if (
            0 < len(username) <= MAX_TYPED
            and 0 < len(password) <= MAX_TYPED
            and "\0" not in username
        ):
            account = auth.authenticate(request, username=username, password=password)
        if isinstance(account, Account) and has_factor(account):
            begin_half(request, account, then)
            return HttpResponseRedirect(reverse("second_factor"))
        if isinstance(account, Account):
            auth.login(request, account)
            return enter(request, account, then)
        error = _("Name or password is wrong. Both matter: capital letters too.")
    context = {
        "error": error,
        "username": username[:MAX_TYPED],
        "next": then or "",
        "issuer": issuer_called(request),
    }
    return render(request, "sign_in.html", context, status=400 if error else 200)


def issuer_called(request: TrialRequest) -> str:
    """What people call the issuer that is set here; empty where none is."""
    provider = sign_in_issuer()
    return provider.settings.name.in_language(request.language) if provider is not None else ""


def enter(request: TrialRequest, account: Account, then: str | None) -> HttpResponseBase:
    """Who has just signed in goes on: in the only role granted, or to the choice of one."""
    grants = granted_to(request, account.username)
    if len(grants) != 1:
        address = reverse("choose_role")
        return HttpResponseRedirect(f"{address}?{urlencode({'next': then})}" if then else address)
    return _act_as(request, *grants[0], then)


def _act_as(request: TrialRequest, role: str, site: str, then: str | None) -> HttpResponseBase:
    # another role is another power: what was known of the session before does not carry over
    request.session.cycle_key()
    request.session["role"], request.session["site"] = role, site
    return HttpResponseRedirect(then or reverse(first_page(role)))


def choose_role(request: TrialRequest) -> HttpResponseBase:
    """Which of the granted roles to act in; a person without any is told so."""
    if request.account is None:
        return HttpResponseRedirect(reverse("sign_in"))
    grants = granted_to(request, request.account.username)
    then = safe_next(request, request.POST.get("next") or request.GET.get("next"))
    if request.method == "POST":
        role, _slash, site = request.POST.get("grant", "").partition("/")
        if (role, site) in grants:
            return _act_as(request, role, site, then)
    language = request.language
    choices = [
        (
            f"{role}/{site}",
            role_label(role),
            site_label(request.protocol, site, language),
        )
        for role, site in grants
    ]
    context = {
        "choices": choices,
        "next": then or "",
        "wrong": request.method == "POST",
    }
    return render(request, "choose_role.html", context, status=400 if context["wrong"] else 200)


def sign_out(request: TrialRequest) -> HttpResponseBase:
    """End the session, here and on the server."""
    by_issuer = request.session.get(BY_ISSUER)
    auth.logout(request)
    if sign_in_issuer() is not None:
        request.session[LEFT] = True
    if by_issuer:
        words = _(
            "You are signed out here. At %(issuer)s you may still be signed in: on a shared computer, sign out "
            "there, too."
        )
        messages.warning(request, words % {"issuer": issuer_called(request)}, extra_tags="warn")
    return HttpResponseRedirect(reverse("sign_in"))


def language(request: TrialRequest) -> HttpResponseBase:
    """Keep the choice of language in a cookie and go back."""
    from django.conf import settings

    chosen = request.POST.get("language", "")
    response = HttpResponseRedirect(safe_next(request, request.POST.get("next")) or "/")
    if chosen in dict(settings.LANGUAGES) and check_for_language(chosen):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            chosen,
            max_age=settings.LANGUAGE_COOKIE_AGE,
            samesite="Lax",
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """After too many wrong passwords: the answer of django-axes, as a page of ours."""
    return render(request, "locked_out.html", status=429)


def peer_address(request: HttpRequest) -> str:
    """The address of the connection's other end."""
    return str(request.META.get("REMOTE_ADDR") or "unknown")


# -- accounts of a home -----------------------------------------------------------------------------


def create_account(username: str, password: str | None = None) -> str:
    """A new account, or an old one with a new password; answers with the password."""
    password = password or secrets.token_urlsafe(12)
    account, _new = Account.objects.get_or_create(username=username)
    if not account.has_usable_password() or not account.check_password(password):
        account.set_password(password)
        account.save()
    return password


def create_demo_accounts(home: Home) -> list[tuple[str, str, str, str]]:
    """An account for every person with a role in a rehearsal: (name, password, role, site).

    Passwords follow from the rehearsal's secret, so that the same demo has the same sign-ins. In
    a real trial this is refused: nobody's password may be guessed from anything.
    """
    if home.rehearsal is None:
        raise ValueError(
            "sign-ins are made for everybody only in a rehearsal, and this is a real trial"
        )
    secret = home.rehearsal.secret
    created = []
    for username, role, site in sorted(home.trial().state.grants):
        digest = hmac.new(secret, f"password|{username}".encode(), hashlib.sha256).digest()
        text = base64.b32encode(digest).decode().lower()
        password = f"{text[:4]}-{text[4:8]}"
        created.append((username, create_account(username, password), role, site))
    return created

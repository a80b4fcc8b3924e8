"""From here to the issuer and back: the authorization code flow, with PKCE, state and nonce.

What was asked for waits in the session that asked, under the random `state`, and is forgotten with the first
look at it: an answer counts once, in the browser that asked, and leads where it was meant to when it began.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from equipoise.web import sign_in_policy
from equipoise.web.request import TrialRequest

from .id_token import LEEWAY, Claims, NotAcceptedError
from .provider import Provider

Purpose = Literal["sign_in", "link", "invitation", "renew"]

DEPARTED = "departed"
DEPARTED_SECONDS = 600
"""How long the issuer's answer is waited for."""
_MOST = 4
"""Journeys of one session at once: a tab for each. The oldest gives way."""
_MAX_CODE = 4096
_SWEEP_SECONDS = 60.0
_ROUNDING = 2
"""Seconds that two times, each rounded to a second, may differ by that alone."""


_swept = {"at": 0.0}


def _sweep(request: TrialRequest) -> None:
    """Delete sessions that are over: whoever only sets out leaves one behind, without ever signing in."""
    now = time.time()
    if now - _swept["at"] >= _SWEEP_SECONDS:
        _swept["at"] = now
        request.session.clear_expired()


@dataclass(frozen=True, slots=True)
class Departure:
    """What was asked of the issuer, and what for. `facts` are the purpose's own."""

    purpose: Purpose
    at: float
    nonce: str
    verifier: str
    fresh: bool
    """Whether the person has to show the issuer anew who they are, however lately they did."""
    longest: int
    """Seconds for which the issuer may remember the person otherwise."""
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """An answer that holds."""

    departure: Departure
    claims: Claims


def depart(
    request: TrialRequest, provider: Provider, purpose: Purpose, *, fresh: bool, **facts: Any
) -> HttpResponse:
    """A page that leads to the issuer at once. Raises `IssuerUnavailableError`.

    It is a page and no redirect, since a browser that keeps to `form-action 'self'` does not follow a form's
    answer to another host.
    """
    departure = Departure(
        purpose=purpose,
        at=time.time(),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        fresh=fresh,
        longest=sign_in_policy().idle_seconds,
        facts=facts,
    )
    challenge = hashlib.sha256(departure.verifier.encode()).digest()
    state = secrets.token_urlsafe(32)
    asked = {
        "response_type": "code",
        "scope": "openid",
        "redirect_uri": returning(request),
        "state": state,
        "nonce": departure.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "max_age": "0" if fresh else str(departure.longest),
        "ui_locales": "zh-CN" if request.language == "zh-Hans" else "en",
    }
    if fresh:
        asked["prompt"] = "login"
    address = provider.authorization_address(asked)
    _sweep(request)
    waiting = request.session.get(DEPARTED, {})
    newest = sorted(waiting, key=lambda one: waiting[one]["at"])[-(_MOST - 1) :]
    request.session[DEPARTED] = {
        **{one: waiting[one] for one in newest},
        state: asdict(departure),
    }
    name = provider.settings.name.in_language(request.language)
    response = render(request, "issuer_departure.html", {"address": address, "name": name})
    response["Refresh"] = f"0; url={address}"
    return response


def returning(request: TrialRequest) -> str:
    """The address to which the issuer sends the browser back, as it is registered there."""
    return request.build_absolute_uri(reverse("issuer_return"))


def asked_for(request: TrialRequest) -> Departure:
    """What the answer in this request is an answer to. It is forgotten with the look at it.

    Raises `NotAcceptedError` where this session has asked nothing of the kind, or too long ago.
    """
    state = request.GET.get("state", "")
    waiting = request.session.get(DEPARTED, {})
    kept = waiting.get(state) if len(request.GET.getlist("state")) == 1 else None
    if kept is None:
        raise NotAcceptedError("state")
    request.session[DEPARTED] = {one: waiting[one] for one in waiting if one != state}
    departure = Departure(**kept)
    if not 0 <= time.time() - departure.at <= DEPARTED_SECONDS:
        raise NotAcceptedError("too-late")
    return departure


def arrive(request: TrialRequest, provider: Provider, departure: Departure) -> Arrival:
    """The answer, verified. Raises `NotAcceptedError` or `IssuerUnavailableError`."""
    named = request.GET.get("iss")
    if named is None and provider.description().names_itself:
        raise NotAcceptedError("issuer-unnamed")
    if named not in (None, provider.settings.issuer):
        raise NotAcceptedError("issuer")
    if "error" in request.GET:
        raise NotAcceptedError("refused-there")
    code = request.GET.get("code", "")
    if not 0 < len(code) <= _MAX_CODE or len(request.GET.getlist("code")) > 1:
        raise NotAcceptedError("code")
    token = provider.exchange(code, verifier=departure.verifier, returned_to=returning(request))
    claims = provider.claims(token, nonce=departure.nonce)
    _check_times(departure, claims)
    return Arrival(departure, claims)


def _check_times(departure: Departure, claims: Claims) -> None:
    """Whether the token was made for this journey, and the person showed themselves lately enough."""
    if claims.issued_at < departure.at - LEEWAY:
        raise NotAcceptedError("issued-before")
    if claims.auth_time is None:
        # asked for by `max_age`, it must be there (OpenID Connect Core 1.0, section 2)
        raise NotAcceptedError("auth-time-missing")
    # both times are the issuer's, so that the clocks need not agree
    age = claims.issued_at - claims.auth_time
    longest = time.time() - departure.at if departure.fresh else departure.longest
    if age > longest + _ROUNDING:
        raise NotAcceptedError("auth-time")

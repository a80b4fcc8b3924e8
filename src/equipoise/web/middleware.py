"""What surrounds every view: who asks, of which trial, and that private pages are not kept."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from csp.utils import build_policy
from django.conf import settings
from django.contrib import auth
from django.http import HttpResponse, HttpResponseBase

from equipoise.ledger.errors import LedgerError

from . import serving, sign_in_policy
from .api.problems import asks_for_json
from .errors import unavailable
from .models import Account
from .request import Person, TrialRequest
from .tokens import bearer

Handler = Callable[[TrialRequest], HttpResponseBase]

BELIEVED_SECONDS = 10.0
"""How long a session found valid is believed. Within this process a change of the account ends it at
once; a password set by another process (the command line) takes these seconds."""
BELIEVED_AMONG_SEVERAL = 2.0
"""The same where several processes serve, each of which must notice what another one changed. Sessions
themselves are read anew with every request there: signing out ends them everywhere."""

SEEN = "seen"
"""When the person last asked for something, in a session: seconds since 1970."""
SEEN_SECONDS = 60.0
PROVEN = "second"
"""When the second factor was last given, in a session: seconds since 1970."""

_SESSION_KEY = re.compile("[a-z0-9]{32}")
"""The shape Django gives the keys of sessions."""

_believed: dict[tuple[Any, Any, Any], tuple[float, Account]] = {}


def person_and_trial(get_response: Handler) -> Handler:
    """Puts the home, the trial and the person into the request; nothing it answers is stored.

    The role chosen at sign-in must still be granted in the ledger: a role taken back ends at once.
    """

    def middleware(request: TrialRequest) -> HttpResponseBase:
        # server and test client both make plain WSGI requests; from here on they are ours
        request.__class__ = TrialRequest
        request.get_host()  # a name that is not ours is refused here, whatever the page
        request.home = serving()
        request.trial = request.home.trial()
        try:
            request.trial.catch_up()
        except LedgerError:
            return unavailable(request)
        request.participant = None
        request.page = ""
        request.account = None
        request.person = None
        request.must_have_factor = request.owes_factor = False
        if asks_for_json(request):
            request.person = bearer(request)
        else:
            account = _account(request)
            if account is not None:
                request.account = account
                request.person = _person(request, account)
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        if isinstance(response, HttpResponse) and not response.has_header("Content-Length"):
            response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def _account(request: TrialRequest) -> Account | None:
    """Who is signed in. An account found valid is believed for a few seconds without asking again."""
    proof = (
        request.session.get(auth.SESSION_KEY),
        request.session.get(auth.HASH_SESSION_KEY),
        request.session.session_key,
    )
    if proof[0] is None:
        return None
    if _idle(request):
        auth.logout(request)
        return None
    known = _believed.get(proof)
    now = time.monotonic()
    if known is not None and known[0] > now:
        return known[1]
    account = auth.get_user(request)
    if not isinstance(account, Account):
        _believed.pop(proof, None)
        return None
    if len(_believed) > 5000:
        _believed.clear()
    several = request.home.several_processes
    _believed[proof] = (now + (BELIEVED_AMONG_SEVERAL if several else BELIEVED_SECONDS), account)
    return account


def _idle(request: TrialRequest) -> bool:
    """Whether the session was left alone too long. Pages that ask again by themselves keep nothing awake.

    The time of the last request is kept to the minute: a session is written once a minute at most.
    """
    now = time.time()
    seen = request.session.get(SEEN, now)
    if now - seen > sign_in_policy().idle_seconds:
        return True
    by_itself = request.method == "GET" and request.headers.get("HX-Request") == "true"
    if SEEN not in request.session or (now - seen >= SEEN_SECONDS and not by_itself):
        request.session[SEEN] = now
    return False


def forget_accounts(**_signal: Any) -> None:
    """Ask the database again: an account was changed, or another home is served."""
    _believed.clear()


def sound_session_key(get_response: Handler) -> Handler:
    """Forget a session cookie that no session can have: a cookie may hold anything, of any length."""

    def middleware(request: TrialRequest) -> HttpResponseBase:
        name = settings.SESSION_COOKIE_NAME
        if not _SESSION_KEY.fullmatch(request.COOKIES.get(name, "")):
            request.COOKIES.pop(name, None)
        return get_response(request)

    return middleware


def content_policy(get_response: Handler) -> Handler:
    """The content security policy on every answer; it is the same for all, so it is made once."""
    header, policy = "Content-Security-Policy", build_policy()

    def middleware(request: TrialRequest) -> HttpResponseBase:
        response = get_response(request)
        response[header] = policy
        return response

    return middleware


def _person(request: TrialRequest, account: Account) -> Person | None:
    role, site = request.session.get("role"), request.session.get("site")
    if not isinstance(role, str) or not isinstance(site, str):
        return None
    if (account.username, role, site) not in request.trial.state.grants:
        return None
    state = request.trial.state
    if sign_in_policy().demands_factor(request.trial.protocol, role, live=state.live):
        request.must_have_factor = True
        if PROVEN not in request.session:
            request.owes_factor = True
            return None
    return Person(account.username, role, site)

"""What surrounds every view: who asks, of which trial, and that private pages are not kept."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import auth
from django.http import HttpResponseBase

from . import serving
from .models import Account
from .request import Person, TrialRequest

Handler = Callable[[TrialRequest], HttpResponseBase]


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
        request.participant = None
        request.page = ""
        request.account = None
        request.person = None
        if request.session.get(auth.SESSION_KEY) is not None:
            account = auth.get_user(request)
            if isinstance(account, Account):
                request.account = account
                request.person = _person(request, account)
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return middleware


def _person(request: TrialRequest, account: Account) -> Person | None:
    role, site = request.session.get("role"), request.session.get("site")
    if not isinstance(role, str) or not isinstance(site, str):
        return None
    if (account.username, role, site) not in request.trial.state.grants:
        return None
    return Person(account.username, role, site)

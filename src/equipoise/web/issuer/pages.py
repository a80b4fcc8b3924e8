"""The pages on the way: to the issuer, back from it, and what an identity is linked with."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from django.contrib import auth, messages
from django.db import transaction
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor
from equipoise.web import sign_in_issuer
from equipoise.web.accounts import enter, granted_to, safe_next
from equipoise.web.factors.proof import (
    BY_ISSUER,
    LEFT,
    PASSWORD_BACKEND,
    RENEWED,
    asked_of,
    begin_half,
    end_sessions,
    has_factor,
    issuer_name,
    keep_session,
    prove,
    renewed_for,
)
from equipoise.web.log import note_refusal, request_number, tell
from equipoise.web.middleware import PROVEN
from equipoise.web.models import Account, Invitation
from equipoise.web.request import TrialRequest

from .id_token import NotAcceptedError
from .journey import Arrival, Departure, Purpose, arrive, asked_for, depart
from .provider import Provider
from .recognition import identity_of, recognized
from .wire import IssuerUnavailableError

_MAX_PATH = 300


def issuer_sign_in(request: TrialRequest) -> HttpResponseBase:
    """To the issuer, to sign in."""
    then = safe_next(request, request.POST.get("next"))
    fresh = bool(request.session.get(LEFT))
    return _led(request, "sign_in", reverse("sign_in"), fresh=fresh, then=then)


def invited_by_issuer(request: TrialRequest, invitation: Invitation) -> HttpResponseBase:
    """To the issuer, to accept an invitation without a password."""
    return _led(
        request, "invitation", request.path, fresh=True, invitation=invitation.pk,
        digest=invitation.digest, page=request.path,
    )  # fmt: skip


def issuer_again(request: TrialRequest) -> HttpResponseBase:
    """To the issuer, to be confirmed for a signature on a page that stays open meanwhile; and what came of it."""
    account = request.account
    if account is None or not issuer_name(request):
        return HttpResponseRedirect(reverse("sign_in" if account is None else "second_factors"))
    if request.method != "POST":
        kept = request.session.get(RENEWED)
        page = kept["for"] if kept is not None else ""
        context = {"confirmed": bool(page and renewed_for(request, page)), "name": account.username}
        return render(request, "issuer_renewed.html", context)
    page = request.POST.get("for", "")
    if not page.startswith("/") or len(page) > _MAX_PATH:
        return render(request, "issuer_renewed.html", {"confirmed": False}, status=400)
    return _led(
        request, "renew", reverse("issuer_again"), fresh=True, account=account.pk, page=page
    )  # fmt: skip


def link_identity(request: TrialRequest) -> HttpResponseBase:
    """Link one's identity at the issuer with one's account: a proof here, then one there."""
    account, provider = request.account, sign_in_issuer()
    if account is None or provider is None:
        return HttpResponseRedirect(reverse("second_factors"))
    proof = asked_of(request, grave=True)
    if request.method == "POST":
        proof = prove(request, grave=True)
        if not proof.wrong:
            return _led(
                request, "link", reverse("second_factors"), fresh=True, account=account.pk,
                hash=account.get_session_auth_hash(),
            )  # fmt: skip
    name = provider.settings.name.in_language(request.language)
    title = _("Link: %(issuer)s") % {"issuer": name}
    lead = _(
        "Show here that it is you, then there. From then on you can sign in, and sign, with that identity."
    )
    errors = [("f-" + proof.wrong, proof.words)] if proof.wrong else []
    context = {
        "proof": proof, "errors": errors, "title": title, "lead": lead, "submit": _("Go on"),
    }  # fmt: skip
    return render(request, "factor_act.html", context, status=400 if errors else 200)


def issuer_return(request: TrialRequest) -> HttpResponseBase:
    """Back from the issuer: on to where it was meant to lead, or to the page it began on, with what is wrong."""
    provider = sign_in_issuer()
    if provider is None:
        return HttpResponseRedirect(reverse("sign_in"))
    departure: Departure | None = None
    try:
        departure = asked_for(request)
        arrival = arrive(request, provider, departure)
        return _PURPOSES[departure.purpose](request, provider, arrival)
    except NotAcceptedError as error:
        _refused(request, provider, str(error))
    except IssuerUnavailableError as error:
        _unavailable(request, provider, str(error))
    return HttpResponseRedirect(_back(departure))


def _back(departure: Departure | None) -> str:
    """The page on which a journey that failed began."""
    if departure is None or departure.purpose == "sign_in":
        return reverse("sign_in")
    if departure.purpose == "invitation":
        return str(departure.facts["page"])
    return reverse("issuer_again" if departure.purpose == "renew" else "second_factors")


def _led(
    request: TrialRequest, purpose: Purpose, back: str, *, fresh: bool, **facts: object
) -> HttpResponseBase:
    """To the issuer; or back, where there is none or it does not answer."""
    provider = sign_in_issuer()
    if provider is None:
        return HttpResponseRedirect(reverse("sign_in"))
    try:
        return depart(request, provider, purpose, fresh=fresh, **facts)
    except IssuerUnavailableError as error:
        _unavailable(request, provider, str(error))
    return HttpResponseRedirect(back)


def _refused(request: TrialRequest, provider: Provider, why: str) -> None:
    """One sentence for whatever is wrong; the log has which part it was, and not whose."""
    tell("issuer refused", logging.WARNING, request=request_number(), why=why)
    name = provider.settings.name.in_language(request.language)
    words = _(
        "Not accepted: %(issuer)s did not confirm you just now, or your identity there is not linked with "
        "an open account here. Try again, or sign in with name and password; the administrator can help."
    )
    messages.error(request, words % {"issuer": name}, extra_tags="bad")


def _unavailable(request: TrialRequest, provider: Provider, why: str) -> None:
    tell("issuer unavailable", logging.WARNING, request=request_number(), why=why)
    name = provider.settings.name.in_language(request.language)
    words = _(
        "%(issuer)s does not answer now. Try again in a minute, or sign in with name and password."
    )
    messages.error(request, words % {"issuer": name}, extra_tags="bad")


# -- what an answer that holds is good for --------------------------------------------------------------


def _signed_in(request: TrialRequest, provider: Provider, arrival: Arrival) -> HttpResponseBase:
    account = recognized(request, _identity(provider, arrival))
    if account is None:
        raise NotAcceptedError("unlinked")
    return _enter(request, provider, arrival, account)


def _enter(
    request: TrialRequest, provider: Provider, arrival: Arrival, account: Account
) -> HttpResponseBase:
    """The session begins: at once where the issuer states a second factor, or there is none to ask for."""
    then = arrival.departure.facts.get("then")
    if request.account is not None and request.account.pk != account.pk:
        auth.logout(request)
    stated = provider.states_second_factor(arrival.claims)
    if not stated and has_factor(account):
        begin_half(request, account, then, by_issuer=True)
        return HttpResponseRedirect(reverse("second_factor"))
    auth.login(request, account, backend=PASSWORD_BACKEND)
    request.session.pop(LEFT, None)
    request.session.pop(PROVEN, None)
    request.session[BY_ISSUER] = True
    if stated:
        # as old as the proof itself is: a sign-in of this morning is none for a signature now
        request.session[PROVEN] = min(time.time(), arrival.claims.auth_time or 0.0)
    return enter(request, account, then)


def _renewed(request: TrialRequest, provider: Provider, arrival: Arrival) -> HttpResponseBase:
    account, facts = request.account, arrival.departure.facts
    if account is None or account.pk != facts["account"]:
        raise NotAcceptedError("somebody-else")
    if recognized(request, _identity(provider, arrival), expected=account.username) is None:
        raise NotAcceptedError("somebody-else")
    request.session[BY_ISSUER] = True
    request.session[RENEWED] = {"for": facts["page"], "at": time.time()}
    if provider.states_second_factor(arrival.claims):
        request.session[PROVEN] = time.time()
    return HttpResponseRedirect(reverse("issuer_again"))


def _linked(request: TrialRequest, provider: Provider, arrival: Arrival) -> HttpResponseBase:
    account, facts = request.account, arrival.departure.facts
    if account is None or account.pk != facts["account"] or request.person is None:
        raise NotAcceptedError("somebody-else")
    if account.get_session_auth_hash() != facts["hash"]:
        raise NotAcceptedError("changed-meanwhile")
    _link(request, provider, arrival, request.person.actor)
    proven = request.session.get(PROVEN)
    end_sessions(account)
    keep_session(request, account)
    request.session[BY_ISSUER] = True
    if proven is not None:
        request.session[PROVEN] = proven
    messages.success(request, _("Your identity is linked."), extra_tags="good")
    return HttpResponseRedirect(reverse("second_factors"))


def _accepted(request: TrialRequest, provider: Provider, arrival: Arrival) -> HttpResponseBase:
    facts = arrival.departure.facts
    with transaction.atomic():
        found = (
            Invitation.objects.select_related("account")
            .filter(
                pk=facts["invitation"],
                digest=facts["digest"],
                expires_at__gt=timezone.now(),
                account__is_active=True,
            )
            .first()
        )
        # of two requests with one link only one deletes it
        if found is None or not Invitation.objects.filter(pk=found.pk).delete()[0]:
            raise Http404
        account = found.account
        grants = granted_to(request, account.username)
        if not grants:
            raise NotAcceptedError("no-role")
        role, site = grants[0]
        _link(request, provider, arrival, Actor(account.username, role, site))
        # a password set before may be why there is a new invitation
        account.set_unusable_password()
        account.save()
        end_sessions(account)
    return _enter(request, provider, arrival, account)


def _link(request: TrialRequest, provider: Provider, arrival: Arrival, actor: Actor) -> None:
    command = c.LinkIdentity(issuer=provider.settings.issuer, identity=_identity(provider, arrival))
    outcome = request.trial.do(command, actor)
    if isinstance(outcome, Refusal):
        note_refusal(outcome.codes)
        raise NotAcceptedError("not-linked")


def _identity(provider: Provider, arrival: Arrival) -> str:
    return identity_of(provider.settings.issuer, arrival.claims.subject)


_PURPOSES: dict[Purpose, Callable[[TrialRequest, Provider, Arrival], HttpResponseBase]] = {
    "sign_in": _signed_in,
    "link": _linked,
    "invitation": _accepted,
    "renew": _renewed,
}

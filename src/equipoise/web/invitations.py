"""Invitations and passwords: a link that opens once, after which only its owner knows the password."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.contrib import auth, messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from . import sign_in_issuer
from .accounts import issuer_called
from .factors.proof import MAX_TYPED, asked_of, password_is_right, spend_renewal
from .issuer.pages import invited_by_issuer
from .models import Account, Invitation
from .request import TrialRequest

VALID_FOR = timedelta(days=7)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invite(username: str) -> str:
    """The path of a link with which the person sets a password; earlier links end.

    An account that has a password keeps it until the link is used. Only the token's hash is kept.
    """
    account, new = Account.objects.get_or_create(username=username)
    if new:
        account.set_unusable_password()
        account.save()
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(account=account).delete()
        Invitation.objects.create(
            account=account, digest=_digest(token), expires_at=timezone.now() + VALID_FOR
        )
    return reverse("invitation", args=[token])


def invitation(request: TrialRequest, token: str) -> HttpResponseBase:
    """Set a password by invitation. A link that was used, replaced or is too old does not exist."""
    found = (
        Invitation.objects.select_related("account")
        .filter(digest=_digest(token), expires_at__gt=timezone.now(), account__is_active=True)
        .first()
    )
    if found is None:
        raise Http404
    errors: list[str] = []
    if request.method == "POST" and "issuer" in request.POST and sign_in_issuer() is not None:
        return invited_by_issuer(request, found)
    if request.method == "POST":
        errors = _set_password(request, found.account, found)
        if not errors:
            auth.logout(request)
            messages.success(
                request, _("Your password is set. Sign in with it."), extra_tags="good"
            )
            return HttpResponseRedirect(reverse("sign_in"))
    context = {
        "errors_found": errors,
        "name": found.account.username,
        "asks_old": False,
        "issuer": issuer_called(request),
    }
    return _shown(request, context)


def change_password(request: TrialRequest) -> HttpResponseBase:
    """A new password for who is signed in; every other session of the account ends."""
    account = request.account
    if account is None:
        return HttpResponseRedirect(reverse("sign_in"))
    errors: list[str] = []
    proof = asked_of(request)
    if request.method == "POST":
        if not proof.password and not proof.renewed:
            errors = [_("Confirm first that it is you; then send this again.")]
        elif proof.password and not password_is_right(request, request.POST.get("old", "")):
            errors = [_("The old password is not the right one.")]
        else:
            errors = _set_password(request, account, None)
        if not errors:
            spend_renewal(request)
            request.session.cycle_key()
            request.session[auth.HASH_SESSION_KEY] = account.get_session_auth_hash()
            messages.success(request, _("Your password is changed."), extra_tags="good")
            return HttpResponseRedirect(reverse("home"))
    context = {
        "errors_found": errors,
        "name": account.username,
        "asks_old": proof.password,
        "proof": None if proof.password else proof,
    }
    return _shown(request, context)


def _shown(request: TrialRequest, context: dict[str, object]) -> HttpResponse:
    status = 400 if context["errors_found"] else 200
    return render(request, "set_password.html", context, status=status)


def _set_password(request: TrialRequest, account: Account, used: Invitation | None) -> list[str]:
    """Set what was typed twice, or say what is wrong with it. An invitation counts once."""
    password = request.POST.get("password", "")
    if len(password) > MAX_TYPED or "\0" in password:
        return [_("Use at most %(count)s characters.") % {"count": MAX_TYPED}]
    if password != request.POST.get("again", ""):
        return [_("The two passwords differ. Type the same one twice.")]
    try:
        validate_password(password, account)
    except ValidationError as error:
        return [str(words) for words in error.messages]
    with transaction.atomic():
        # of two requests with one link only one deletes it
        if used is not None and not Invitation.objects.filter(pk=used.pk).delete()[0]:
            raise Http404
        account.set_password(password)
        account.save()
    return []

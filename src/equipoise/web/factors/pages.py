"""The pages of the second factor: asked at sign-in, set up, removed."""

from __future__ import annotations

import json
import time
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _

from equipoise.web.accounts import enter, issuer_called
from equipoise.web.models import Account, Authenticator, Passkey, RecoveryCode
from equipoise.web.request import TrialRequest

from . import codes, passkeys
from .proof import (
    MAX_TYPED,
    Proof,
    asked_of,
    begin_half,
    drop_factors,
    end_sessions,
    factor_is_right,
    finish_half,
    half_by_issuer,
    half_signed_in,
    has_app,
    has_factor,
    keep_session,
    prove,
)
from .trail import leave_trail

_NEW_APP = "new_app"
_NEW_APP_SECONDS = 900
_MAX_NAME = 60


def second_factor(request: TrialRequest) -> HttpResponseBase:
    """After the right password: the code, or a passkey."""
    half = half_signed_in(request)
    if half is None:
        return HttpResponseRedirect(reverse("sign_in"))
    account, then = half
    wrong = ""
    if request.method == "POST":
        if factor_is_right(request, account):
            finish_half(request, account)
            return enter(request, account, then)
        wrong = "code"
    proof = Proof(True, has_app(account), bool(passkeys.of(request, account)), wrong)
    status = 400 if wrong else 200
    context = {"proof": proof, "name": account.username, "by_issuer": half_by_issuer(request)}
    return render(request, "second_factor.html", context, status=status)


def passkey_challenge(request: TrialRequest) -> HttpResponseBase:
    """What a passkey has to sign, for the page's script."""
    half = half_signed_in(request)
    account = request.account or (half[0] if half else None)
    if account is None or not passkeys.of(request, account):
        return JsonResponse({"error": "no passkey"}, status=400)
    return JsonResponse(passkeys.ask_for_proof(request, account))


def second_factors(request: TrialRequest) -> HttpResponseBase:
    """One's own second factors, and what can be done about them."""
    account = request.account
    if account is None:
        return HttpResponseRedirect(reverse("sign_in"))
    if request.owes_factor and has_factor(account):
        # enrolled, but not shown in this session
        begin_half(request, account, None)
        return HttpResponseRedirect(reverse("second_factor"))
    context = {
        "app": Authenticator.objects.filter(account=account).first(),
        "passkeys": Passkey.objects.filter(account=account).order_by("pk"),
        "codes_left": RecoveryCode.objects.filter(account=account).count(),
        "owed": request.owes_factor,
        "passkeys_possible": passkeys.possible(request),
        "name": account.username,
        "issuer": issuer_called(request),
        "linked": request.trial.state.identities.get(account.username),
    }
    return render(request, "second_factors.html", context)


def _form(
    request: TrialRequest,
    template: str,
    errors: list[tuple[str, str]],
    proof: Proof,
    context: dict[str, Any],
) -> HttpResponseBase:
    shown = [("f-" + proof.wrong, proof.words)] if proof.wrong else []
    context |= {"proof": proof, "errors": [*shown, *errors]}
    return render(request, template, context, status=400 if context["errors"] else 200)


def add_authenticator(request: TrialRequest) -> HttpResponseBase:
    """Set up an authenticator app: scan, and type the first code. It replaces an app set up before."""
    account = request.account
    if account is None:
        return HttpResponseRedirect(reverse("sign_in"))
    secret = _secret_under_way(request)
    errors: list[tuple[str, str]] = []
    proof = asked_of(request, grave=True)
    if request.method == "POST":
        typed = "".join(request.POST.get("new_code", "").split())
        step = codes.matching_step(secret, typed, 0) if typed.isascii() else None
        if step is None:
            words = _("The app's code is not right. Type the one it shows now.")
            errors.append(("f-new_code", words))
        proof = prove(request, grave=True, otherwise_fine=step is not None)
        if step is not None and not proof.wrong:
            del request.session[_NEW_APP]
            with transaction.atomic():
                Authenticator.objects.filter(account=account).delete()
                Authenticator.objects.create(
                    account=account, secret=codes.sealed(secret), last_step=step
                )
                leave_trail(request, account, "app_set_up")
            return _enrolled(request, account, _("The authenticator app is set up."))
    address = codes.provisioning_address(secret, account.username, request.trial.protocol.id)
    context = {
        # drawn by segno from an address we made: paths and numbers
        "qr": mark_safe(codes.qr_code(address)),
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    }
    return _form(request, "add_authenticator.html", errors, proof, context)


def _secret_under_way(request: TrialRequest) -> str:
    """The secret shown to this session until it is confirmed; a new one after a quarter of an hour."""
    kept = request.session.get(_NEW_APP)
    if kept is not None and 0 <= time.time() - kept["at"] <= _NEW_APP_SECONDS:
        secret = codes.opened(kept["secret"])
        if secret is not None:
            return secret
    secret = codes.new_secret()
    request.session[_NEW_APP] = {"secret": codes.sealed(secret), "at": time.time()}
    return secret


def add_passkey(request: TrialRequest) -> HttpResponseBase:
    """Set up a passkey of this device or a key in hand."""
    account = request.account
    if account is None:
        return HttpResponseRedirect(reverse("sign_in"))
    if not passkeys.possible(request):
        raise Http404
    errors: list[tuple[str, str]] = []
    proof = asked_of(request, grave=True)
    name = " ".join(request.POST.get("name", "").split())
    if request.method == "POST":
        if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
            words = _("Name: give 1 to %(count)s characters.") % {"count": _MAX_NAME}
            errors.append(("f-name", words))
        proof = prove(request, grave=True, otherwise_fine=not errors)
        if not errors and not proof.wrong:
            try:
                with transaction.atomic():
                    passkeys.keep_new(request, account, request.POST.get("credential", ""), name)
                    leave_trail(request, account, "passkey_set_up")
            except passkeys.PasskeyError:
                errors.append(("", _("The passkey was not made. Try again.")))
            else:
                return _enrolled(request, account, _("The passkey is set up."))
    context = {
        "options": json.dumps(passkeys.ask_for_new(request, account)),
        "name": name[:MAX_TYPED],
    }
    return _form(request, "add_passkey.html", errors, proof, context)


def _enrolled(request: TrialRequest, account: Account, words: str) -> HttpResponseBase:
    """A factor was added: other sessions end; recovery codes are shown with the first one."""
    end_sessions(account)
    keep_session(request, account)
    if not RecoveryCode.objects.filter(account=account).exists():
        return _show_codes(request, account, words)
    messages.success(request, words, extra_tags="good")
    return HttpResponseRedirect(reverse("second_factors"))


def _show_codes(request: TrialRequest, account: Account, words: str) -> HttpResponseBase:
    context = {"codes": codes.new_recovery_codes(account), "words": words, "name": account.username}
    return render(request, "recovery_codes.html", context)


def recovery_codes(request: TrialRequest) -> HttpResponseBase:
    """New recovery codes, shown once; earlier ones end."""
    account = request.account
    if account is None:
        return HttpResponseRedirect(reverse("sign_in"))
    if not has_factor(account):
        return HttpResponseRedirect(reverse("second_factors"))
    proof = asked_of(request, grave=True)
    if request.method == "POST":
        proof = prove(request, grave=True)
        if not proof.wrong:
            leave_trail(request, account, "codes_renewed")
            return _show_codes(request, account, _("The earlier codes are no longer good."))
    return _form(request, "factor_act.html", [], proof, _act_words(_("New recovery codes"), ""))


def remove_factor(request: TrialRequest, factor: str) -> HttpResponseBase:
    """Remove an app or a passkey; the last one stays where the role may not be without."""
    account = request.account
    if account is None:
        return HttpResponseRedirect(reverse("sign_in"))
    kind, _dash, number = factor.partition("-")
    found: Authenticator | Passkey | None
    if kind == "app":
        found = Authenticator.objects.filter(account=account).first()
        label = _("Authenticator app")
    else:
        pk = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
        found = Passkey.objects.filter(account=account, pk=pk).first()
        label = found.name if isinstance(found, Passkey) else ""
    if found is None:
        return HttpResponseRedirect(reverse("second_factors"))
    errors: list[tuple[str, str]] = []
    proof = asked_of(request, grave=True)
    if request.method == "POST":
        if request.must_have_factor and _is_last(account):
            words = _("Your role needs a second factor: set up another one first.")
            errors.append(("", words))
        proof = prove(request, grave=True, otherwise_fine=not errors)
        if not errors and not proof.wrong:
            with transaction.atomic():
                if _is_last(account):
                    drop_factors(account)
                else:
                    found.delete()
                    end_sessions(account)
                leave_trail(request, account, "app_removed" if kind == "app" else "passkey_removed")
            keep_session(request, account)
            messages.success(request, _("The second factor is removed."), extra_tags="good")
            return HttpResponseRedirect(reverse("second_factors"))
    title = _("Remove: %(factor)s") % {"factor": label}
    return _form(request, "factor_act.html", errors, proof, _act_words(title, _("Remove")))


def _is_last(account: Account) -> bool:
    return has_app(account) + Passkey.objects.filter(account=account).count() == 1


def _act_words(title: str, submit: str) -> dict[str, Any]:
    return {"title": title, "submit": submit or title}

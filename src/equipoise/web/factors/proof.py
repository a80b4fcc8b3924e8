"""Whether it is really them: the password, and the second factor where the account has one."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from equipoise.web import sign_in_issuer, sign_in_policy
from equipoise.web.middleware import PROVEN
from equipoise.web.models import Account, Authenticator, Passkey, RecoveryCode, WrongFactor
from equipoise.web.request import TrialRequest

from . import passkeys
from .codes import code_is_right

HALF = "half"
"""Who has given the right password and not yet the second factor."""
HALF_SECONDS = 300
GRAVE_SECONDS = 60
"""Before what cannot be taken back the second factor counts for a minute only: long enough to mend a
refused form, since a code is spent with its first use."""
MAX_WRONG = 20
WRONG_WITHIN = timedelta(minutes=15)
"""So many wrong codes from wherever they come, within this time, and no further one is looked at."""
MAX_TYPED = 200
"""Longest password or code looked at; hashing a megabyte would be a gift to an attacker."""
BY_ISSUER = "by_issuer"
"""Whether the issuer has seen the person in this browser during the session, and may remember them."""
LEFT = "left"
"""Whether somebody has signed out in this browser: who comes next has to show the issuer who they are."""
RENEWED = "renewed"
"""The page for which the issuer has confirmed the person anew, and when."""
RENEWED_SECONDS = 180
"""How long that waits for the signature: the way back to a form that is filled in already."""
FIELDS = frozenset({"password", "code", "passkey"})
"""What a page asks for a proof; none of it is content of what is signed."""
PASSWORD_BACKEND = "django.contrib.auth.backends.ModelBackend"


def has_app(account: Account) -> bool:
    """Whether the account has an authenticator app."""
    return Authenticator.objects.filter(account=account).exists()


def has_factor(account: Account) -> bool:
    """Whether the account has a second factor of any kind."""
    return has_app(account) or Passkey.objects.filter(account=account).exists()


def drop_factors(account: Account) -> None:
    """Take every second factor and recovery code away, and end the account's sessions."""
    with transaction.atomic():
        for kind in (Authenticator, Passkey, RecoveryCode, WrongFactor):
            kind.objects.filter(account=account).delete()
        end_sessions(account)


def end_sessions(account: Account) -> None:
    """End every session of the account: one that was opened under fewer proofs is not to go on."""
    Account.objects.filter(pk=account.pk).update(epoch=F("epoch") + 1)
    account.refresh_from_db()
    account.save(update_fields=["epoch"])  # says so to who remembers sessions


def keep_session(request: TrialRequest, account: Account) -> None:
    """Let this session go on after the account's others were ended; proven while there is a factor."""
    request.session.cycle_key()
    request.session[auth.HASH_SESSION_KEY] = account.get_session_auth_hash()
    request.session.pop(PROVEN, None)
    if has_factor(account):
        request.session[PROVEN] = time.time()


class SecondFactorBackend(BaseBackend):
    """The second factor as credentials of Django, so that wrong ones count towards the lockout."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        second: tuple[str, str] | None = None,
        **other: Any,
    ) -> Account | None:
        """The account, where `second` (code and passkey as posted) proves it."""
        if not isinstance(request, TrialRequest) or second is None:
            return None
        account = Account.objects.filter(username=username, is_active=True).first()
        if account is None:
            return None
        since = timezone.now() - WRONG_WITHIN
        if WrongFactor.objects.filter(account=account, at__gt=since).count() >= MAX_WRONG:
            request.axes_locked_out = True  # type: ignore[attr-defined]  # the middleware's sign
            return None
        code, passkey = second
        if passkey:
            right = passkeys.proof_holds(request, account, passkey)
        else:
            right = 0 < len(code) <= MAX_TYPED and code_is_right(account, code)
        if right:
            WrongFactor.objects.filter(account=account).delete()
            return account
        WrongFactor.objects.filter(at__lte=since).delete()
        WrongFactor.objects.create(account=account, at=timezone.now())
        return None


def password_is_right(request: TrialRequest, password: str) -> bool:
    """Whether this is the password of who is signed in. Wrong ones count as at the sign-in: an open
    session is no place to guess."""
    account = request.account
    if account is None or not 0 < len(password) <= MAX_TYPED or "\0" in password:
        return False
    return auth.authenticate(request, username=account.username, password=password) is not None


def factor_is_right(request: TrialRequest, account: Account) -> bool:
    """Whether the second factor was sent along, and is right; what was given is spent."""
    second = (request.POST.get("code", "").strip(), request.POST.get("passkey", "").strip())
    found = auth.authenticate(request, username=account.username, second=second)
    return found is not None


def issuer_name(request: TrialRequest) -> str:
    """What people call the issuer with which the account is linked; empty where it is not, or none is set."""
    provider, account = sign_in_issuer(), request.account
    if provider is None or account is None:
        return ""
    linked = request.trial.state.identities.get(account.username)
    if linked is None or linked.issuer != provider.settings.issuer:
        return ""
    return provider.settings.name.in_language(request.language)


def renewed_for(request: TrialRequest, page: str) -> bool:
    """Whether the issuer has just confirmed the person, for this page."""
    kept = request.session.get(RENEWED)
    if kept is None or kept["for"] != page or not issuer_name(request):
        return False
    return bool(0 <= time.time() - kept["at"] <= RENEWED_SECONDS)


@dataclass(frozen=True, slots=True)
class Proof:
    """What a page asks for before it acts, and what was wrong with it; drawn by `_proof.html`."""

    second: bool
    app: bool
    passkeys: bool
    wrong: str = ""
    """The field that was wrong: `password`, `code`, or nothing."""
    password: bool = True
    """Whether the account has one."""
    issuer: str = ""
    """Who can confirm the person in the password's place; empty where nobody can."""
    renewed: bool = False
    """Whether that has been done, for this page."""

    @property
    def words(self) -> str:
        """What is wrong, for the list of errors."""
        if self.wrong == "password" and not self.password:
            return _("Confirm first that it is you; then send this again.")
        if self.wrong == "password":
            return _("Password: it is not the right one.")
        return _("Second factor: it is not right, or was used before.") if self.wrong else ""


def asked_of(request: TrialRequest, *, grave: bool = False, wrong: str = "") -> Proof:
    """What has to be proven for an act now.

    The password each time, or the issuer's word in its place (decision record 024); the second factor, where there is one, unless it was given in this session
    within the policy's minutes (`grave` acts: within the last one). See decision record 023.
    """
    account = request.account
    if account is None:
        return Proof(False, False, False, wrong)
    second = has_factor(account)
    if second:
        lasting = GRAVE_SECONDS if grave else sign_in_policy().second_factor_minutes * 60
        second = not 0 <= time.time() - request.session.get(PROVEN, 0) < lasting
    return Proof(
        second,
        second and has_app(account),
        second and bool(passkeys.of(request, account)),
        wrong,
        password=account.has_usable_password(),
        issuer=issuer_name(request),
        renewed=renewed_for(request, request.path),
    )


def prove(request: TrialRequest, *, grave: bool = False, otherwise_fine: bool = True) -> Proof:
    """Look at what was posted: the answer's `wrong` is empty where everything asked for is right.

    The second factor, and the issuer's word, are looked at only when all else is right (`otherwise_fine`): they can be
    used once.
    """
    asked = asked_of(request, grave=grave)
    account = request.account
    password = request.POST.get("password", "")
    if (password or not asked.renewed) and not password_is_right(request, password):
        return asked_of(request, grave=grave, wrong="password")
    if not otherwise_fine or account is None:
        return asked
    if asked.second:
        if not factor_is_right(request, account):
            return asked_of(request, grave=grave, wrong="code")
        request.session[PROVEN] = time.time()
    if not password:
        spend_renewal(request)
    return asked_of(request, grave=grave)


def spend_renewal(request: TrialRequest) -> None:
    """The issuer's word was used; it is good once."""
    request.session.pop(RENEWED, None)


# -- between password and second factor ---------------------------------------------------------------


def begin_half(
    request: TrialRequest, account: Account, then: str | None, *, by_issuer: bool = False
) -> None:
    """Remember for some minutes that the password was right, or the identity from outside."""
    request.session.cycle_key()
    request.session[HALF] = {
        "account": account.pk,
        "hash": account.get_session_auth_hash(),
        "at": time.time(),
        "next": then or "",
        "by_issuer": by_issuer,
    }


def half_by_issuer(request: TrialRequest) -> bool:
    """Whether what was right is an identity from outside."""
    return bool(request.session.get(HALF, {}).get("by_issuer"))


def half_signed_in(request: TrialRequest) -> tuple[Account, str | None] | None:
    """Who still owes the second factor, and where to go then; None where nobody does."""
    half = request.session.get(HALF)
    if half is None or not 0 <= time.time() - half["at"] <= HALF_SECONDS:
        return None
    account = Account.objects.filter(pk=half["account"], is_active=True).first()
    if account is None or account.get_session_auth_hash() != half["hash"]:
        return None
    return account, half["next"] or None


def finish_half(request: TrialRequest, account: Account) -> None:
    """Both were right: the session begins."""
    by_issuer = half_by_issuer(request)
    del request.session[HALF]
    auth.login(request, account, backend=PASSWORD_BACKEND)
    request.session[BY_ISSUER] = by_issuer
    request.session[PROVEN] = time.time()

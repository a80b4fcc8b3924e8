"""Tokens: what a machine signs in with instead of a name and a password.

The secret is shown once, when it is made. The web's database keeps its hash; the ledger keeps whose it
is, for which role and site, until when, and who issued or revoked it.
"""

from __future__ import annotations

import hashlib
import secrets

from django.utils import timezone

from .models import Credential
from .request import Person, TrialRequest

_MARK = "eqp_"
"""Begins every secret, so that one that was committed or mailed by mistake is found by searching."""
_LONGEST = 100


def new_name() -> str:
    """A name for a token that no other has: 48 random bits in hexadecimal digits."""
    return secrets.token_hex(6)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def make_secret(token: str) -> str:
    """A secret of 256 random bits for the token, to be shown once; only its hash is kept."""
    secret = _MARK + secrets.token_urlsafe(32)
    Credential.objects.create(token=token, digest=_digest(secret))
    return secret


def bearer(request: TrialRequest) -> Person | None:
    """Who sent the request, by its `Authorization: Bearer` header; None without a token that holds.

    The token must stand in the ledger, neither revoked nor past its last day, and the role it was
    issued for must still be granted. A cookie counts for nothing here: no browser can be made to send
    a request of this kind in somebody's name.
    """
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(_MARK) or len(secret) > _LONGEST:
        return None
    kept = Credential.objects.filter(digest=_digest(secret)).first()
    state = request.trial.state
    token = state.tokens.get(kept.token) if kept else None
    if kept is None or token is None or not token.holds(request.trial.today(token.site)):
        return None
    if not state.may_act(token.person, token.role, token.site):
        return None
    today = timezone.now().date()
    if kept.last_used != today:
        Credential.objects.filter(pk=kept.pk).update(last_used=today)
    return Person(token.person, token.role, token.site)

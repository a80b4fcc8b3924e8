"""Whose identity it is, as credentials of Django's: so that strangers count towards the lockout as wrong passwords do."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.contrib import auth
from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from equipoise.web.models import Account
from equipoise.web.request import TrialRequest


def identity_of(issuer: str, subject: str) -> str:
    """What the ledger keeps of an identity: the SHA-256 (hex) of the JSON list of issuer and subject."""
    text = json.dumps([issuer, subject], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class IssuerBackend(BaseBackend):
    """An identity that has been verified, as credentials: it opens the account it is linked with, and no other."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        identity: str | None = None,
        **other: Any,
    ) -> Account | None:
        """The account of this name, where the ledger says that the identity is linked with it."""
        if not isinstance(request, TrialRequest) or identity is None:
            return None
        if request.trial.state.who_has(identity) != username:
            return None
        return Account.objects.filter(username=username, is_active=True).first()


def recognized(request: TrialRequest, identity: str, expected: str | None = None) -> Account | None:
    """The account that the identity opens: anybody's, or only that of the person `expected`.

    None for a stranger, a closed account, somebody else than expected, or while the account is locked out.
    """
    name = expected or request.trial.state.who_has(identity)
    # a stranger has no name here: attempts are counted under a piece of what nobody can read
    name = name or f"identity {identity[:16]}"
    account = auth.authenticate(request, username=name, identity=identity)
    return account if isinstance(account, Account) else None

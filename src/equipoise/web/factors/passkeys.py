"""Passkeys (W3C Web Authentication, level 2): what is asked of the browser, and whether its answer holds."""

from __future__ import annotations

import ipaddress
import json
import struct
import time
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from django.utils.crypto import salted_hmac
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from equipoise.web.models import Account, Passkey
from equipoise.web.request import TrialRequest

ASKED_SECONDS = 300
"""How long a challenge waits for its answer."""
MAX_ANSWER = 20_000
"""Longest answer of a browser that is looked at, in characters."""
_ASKED = {"new": "passkey_new", "proof": "passkey_proof"}
_MALFORMED = (
    ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, struct.error,
    UnsupportedAlgorithm, RecursionError,
)  # fmt: skip
"""What the library raises over an answer that no browser gives, or that does not hold."""


class PasskeyError(Exception):
    """The browser's answer does not hold."""


def relying_party(request: TrialRequest) -> str:
    """The name a passkey is bound to: the server's, as the browser knows it."""
    return urlsplit(f"//{request.get_host()}").hostname or ""


def possible(request: TrialRequest) -> bool:
    """Whether browsers make passkeys here: for a name, not for a number."""
    try:
        ipaddress.ip_address(relying_party(request))
    except ValueError:
        return True
    return False


def _server(request: TrialRequest) -> Fido2Server:
    name = relying_party(request)

    def ours(origin: str) -> bool:
        # stricter than the library's own rule, which takes every name under ours too
        parts = urlsplit(origin)
        return parts.hostname == name and (parts.scheme == "https" or name == "localhost")

    entity = PublicKeyCredentialRpEntity(id=name, name="Equipoise")
    return Fido2Server(entity, verify_origin=ours)


def of(request: TrialRequest, account: Account) -> list[Passkey]:
    """The account's passkeys for the name under which the server is asked now."""
    kept = Passkey.objects.filter(account=account, relying_party=relying_party(request))
    return list(kept.order_by("pk"))


def _credentials(passkeys: list[Passkey]) -> list[AttestedCredentialData]:
    return [AttestedCredentialData(bytes(one.credential)) for one in passkeys]


def _remember(request: TrialRequest, kind: str, state: dict[str, Any]) -> None:
    request.session[_ASKED[kind]] = {"at": time.time(), "state": state}


def _recall(request: TrialRequest, kind: str) -> dict[str, Any]:
    """What was asked. It is forgotten with the look at it: an answer counts once."""
    asked = request.session.pop(_ASKED[kind], None)
    if asked is None or not 0 <= time.time() - asked["at"] <= ASKED_SECONDS:
        raise PasskeyError("nothing was asked, or too long ago")
    state: dict[str, Any] = asked["state"]
    return state


def ask_for_new(request: TrialRequest, account: Account) -> dict[str, Any]:
    """Options for `navigator.credentials.create`."""
    opaque = salted_hmac("equipoise.passkey", str(account.pk), algorithm="sha256").digest()
    options, state = _server(request).register_begin(
        PublicKeyCredentialUserEntity(
            id=opaque, name=account.username, display_name=account.username
        ),
        _credentials(of(request, account)),
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    _remember(request, "new", state)
    asked: dict[str, Any] = dict(options)["publicKey"]
    return asked


def keep_new(request: TrialRequest, account: Account, answer: str, name: str) -> Passkey:
    """Keep the passkey the browser made; `PasskeyError` where the answer does not hold."""
    state = _recall(request, "new")
    try:
        made = _server(request).register_complete(state, _parsed(answer))
        credential = made.credential_data
        if credential is None:
            raise ValueError("no credential in the answer")
    except _MALFORMED as error:
        raise PasskeyError(str(error)) from error
    if Passkey.objects.filter(credential_id=credential.credential_id.hex()).exists():
        raise PasskeyError("this passkey is known already")
    return Passkey.objects.create(
        account=account,
        name=name,
        relying_party=relying_party(request),
        credential_id=credential.credential_id.hex(),
        credential=bytes(credential),
        counter=made.counter,
    )


def ask_for_proof(request: TrialRequest, account: Account) -> dict[str, Any]:
    """Options for `navigator.credentials.get`."""
    options, state = _server(request).authenticate_begin(
        _credentials(of(request, account)), user_verification=UserVerificationRequirement.PREFERRED
    )
    _remember(request, "proof", state)
    asked: dict[str, Any] = dict(options)["publicKey"]
    return asked


def proof_holds(request: TrialRequest, account: Account, answer: str) -> bool:
    """Whether one of the account's passkeys signed the challenge of this session, for the first time."""
    passkeys = of(request, account)
    try:
        state = _recall(request, "proof")
        parsed = _parsed(answer)
        used = _server(request).authenticate_complete(state, _credentials(passkeys), parsed)
        counter = AuthenticationResponse.from_dict(parsed).response.authenticator_data.counter
    except (PasskeyError, *_MALFORMED):
        return False
    found = next(one for one in passkeys if one.credential_id == used.credential_id.hex())
    if counter == 0 and found.counter == 0:
        return True  # this kind of authenticator does not count
    # a counter that does not grow is that of a copied key (WebAuthn, section 6.1.1)
    moved = Passkey.objects.filter(pk=found.pk, counter__lt=counter).update(counter=counter)
    return moved == 1


def _parsed(answer: str) -> dict[str, Any]:
    if len(answer) > MAX_ANSWER:
        raise ValueError("the answer is too long")
    parsed = json.loads(answer)
    if not isinstance(parsed, dict):
        raise ValueError("the answer is no object")
    return parsed

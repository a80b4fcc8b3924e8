"""Whether an ID token holds (OpenID Connect Core 1.0, section 3.1.3.7): who signed it, for whom, when, and what for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import OKPAlgorithm

ALGORITHMS = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519",
)  # fmt: skip
"""Signatures that are looked at. None with a shared secret, whose key could be anybody's public one, and not `none`."""
LEEWAY = 60
"""Seconds by which the issuer's clock and ours may differ."""
MAX_TOKEN = 16_384
_KINDS = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_MIN_RSA_BITS = 2048
_ED25519 = "Ed25519"
"""The newer name of EdDSA on this curve (RFC 9864, section 2.2), under which issuers begin to sign."""
with suppress(ValueError):  # a later PyJWT knows the name by itself
    jwt.register_algorithm(_ED25519, OKPAlgorithm())


class NotAcceptedError(Exception):
    """The issuer's answer does not hold; the argument says which part, in a word of ours for the log."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What an ID token that holds says. Times are seconds since 1970, by the issuer's clock."""

    subject: str
    issued_at: float
    auth_time: float | None
    """When the person last showed the issuer who they are."""
    methods: frozenset[str]
    """`amr`: how they did."""
    context: str
    """`acr`: at which level."""


def verified(
    token: str,
    keys: Iterable[Mapping[str, Any]],
    *,
    issuer: str,
    client_id: str,
    algorithms: Sequence[str],
    nonce: str,
) -> Claims:
    """The claims of a token of this issuer, for this client, signed by one of its keys in one of these ways.

    Raises `NotAcceptedError` where any of it is not so, and `KeyError` where no key fits: the issuer may have new ones.
    """
    if not token or len(token) > MAX_TOKEN:
        raise NotAcceptedError("token-size")
    if not token.isascii():
        raise NotAcceptedError("token-form")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise NotAcceptedError("token-form") from error
    algorithm = header.get("alg")
    if algorithm not in algorithms or algorithm not in ALGORITHMS:
        raise NotAcceptedError("algorithm")
    if "crit" in header or "b64" in header:
        raise NotAcceptedError("token-form")
    for key in _fitting(keys, algorithm, header.get("kid")):
        try:
            found = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=client_id,
                issuer=issuer,
                leeway=LEEWAY,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.InvalidSignatureError:
            continue  # keys without a name: another one may fit
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
            raise NotAcceptedError(_WORDS.get(type(error), "token-form")) from error
        return _claims(found, client_id, nonce)
    raise NotAcceptedError("signature")


_WORDS: dict[type[Exception], str] = {
    jwt.ExpiredSignatureError: "expired",
    jwt.ImmatureSignatureError: "not-yet",
    jwt.InvalidIssuedAtError: "not-yet",
    jwt.InvalidIssuerError: "issuer",
    jwt.InvalidAudienceError: "audience",
    jwt.MissingRequiredClaimError: "claim-missing",
}


def _fitting(keys: Iterable[Mapping[str, Any]], algorithm: str, name: Any) -> list[Any]:
    """The public keys of the set that may have made a signature of this kind, under this name."""
    kind = _KINDS[algorithm[:2]]
    found = []
    for one in keys:
        if not isinstance(one, Mapping) or one.get("kty") != kind:
            continue
        if one.get("use", "sig") != "sig" or one.get("alg", algorithm) != algorithm:
            continue
        if name is not None and one.get("kid") != name:
            continue
        if algorithm == _ED25519 and one.get("crv") != _ED25519:
            continue
        public = {part: value for part, value in one.items() if part != "d"}
        try:
            key = jwt.PyJWK(public, "EdDSA" if algorithm == _ED25519 else algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError):
            continue  # a kind of key the library does not know stands beside those it knows
        if isinstance(key, RSAPublicKey) and key.key_size < _MIN_RSA_BITS:
            continue
        found.append(key)
    if not found:
        raise KeyError(str(name))
    return found


def _claims(found: Mapping[str, Any], client_id: str, nonce: str) -> Claims:
    """What the library does not look at: the client acted for, the nonce, the types of the rest."""
    said = found.get("nonce")
    if said != nonce:
        raise NotAcceptedError("nonce")
    several = isinstance(found["aud"], list) and len(found["aud"]) > 1
    party = found.get("azp", None if several else client_id)
    if party != client_id:
        raise NotAcceptedError("authorized-party")
    subject = found["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise NotAcceptedError("subject")
    methods = found.get("amr", [])
    if not isinstance(methods, list) or not all(isinstance(one, str) for one in methods):
        raise NotAcceptedError("claim-type")
    context = found.get("acr", "")
    if not isinstance(context, str):
        raise NotAcceptedError("claim-type")
    issued_at, auth_time = _instant(found["iat"]), found.get("auth_time")
    return Claims(
        subject=subject,
        issued_at=issued_at,
        auth_time=None if auth_time is None else _instant(auth_time),
        methods=frozenset(methods),
        context=context,
    )


def _instant(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAcceptedError("claim-type")
    if not 0 <= value <= time.time() + LEEWAY:
        raise NotAcceptedError("not-yet")
    return float(value)

"""An OpenID Connect issuer on the loopback, with keys of its own: honest unless a test says otherwise.

It keeps to OpenID Connect Core 1.0 and checks what a client must send: the redirect address to the letter, PKCE, the
secret, each code once. A test makes it lie through `claims`, `signed` and `answers`.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from support.patience import PATIENCE

CLIENT, SECRET = "equipoise", "a-secret-for-tests-only"


@lru_cache(maxsize=4)
def rsa_key(bits: int = 2048, _number: int = 0) -> rsa.RSAPrivateKey:
    """A key, made once in a process for each number."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def published(key: Any, name: str | None, algorithm: str, **more: str) -> dict[str, Any]:
    """The public half of a key as a JSON Web Key."""
    kinds: dict[type[Any], Any] = {
        rsa.RSAPrivateKey: jwt.algorithms.RSAAlgorithm,
        ec.EllipticCurvePrivateKey: jwt.algorithms.ECAlgorithm,
        ed25519.Ed25519PrivateKey: jwt.algorithms.OKPAlgorithm,
    }
    kind = next(found for base, found in kinds.items() if isinstance(key, base))
    made = dict(kind.to_jwk(key.public_key(), as_dict=True))
    made.pop("key_ops", None)
    named = {} if name is None else {"kid": name}
    return {**made, **named, "use": "sig", "alg": algorithm, **more}


@dataclass
class Issuer:
    """What the issuer is, who sits in front of it, and how it lies. Times are seconds."""

    address: str
    subject: str = "subject-1"
    signed_in_at: float | None = None
    """When the person before the browser last gave a password there; None: they give one when asked at all."""
    remembers: bool = False
    """Whether it overlooks that it was asked for a new proof (`prompt=login`, `max_age`)."""
    key: Any = field(default_factory=rsa_key)
    algorithm: str = "RS256"
    key_name: str | None = "k1"
    keys: list[dict[str, Any]] = field(default_factory=list)
    """Other keys it publishes."""
    publishes: bool = True
    """Whether it publishes its own key."""
    amr: list[str] | None = None
    acr: str | None = None
    reticent: bool = False
    """Whether it tells `amr` only to who asks for it by name (the parameter `claims`)."""
    takes: str = ""
    """The one way in which it takes the client's secret, whatever it offers; empty: any."""
    described: dict[str, Any] = field(default_factory=dict)
    """What it says otherwise about itself."""
    claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    signed: Callable[[dict[str, Any]], str] | None = None
    """How it makes a token of claims, where not by its key."""
    answers: dict[str, Callable[[BaseHTTPRequestHandler], bool]] = field(default_factory=dict)
    """By path, what it does in place of its own answer; False lets the answer go on."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of every request."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    spends: bool = True
    """Whether a code is good once."""

    def reform(self) -> None:
        """Be honest again, and forget what was asked."""
        self.__dict__.update(Issuer(self.address).__dict__)

    def described_as(self) -> dict[str, Any]:
        """Its discovery document."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.algorithm],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "authorization_response_iss_parameter_supported": True,
            "claims_parameter_supported": self.reticent,
            **self.described,
        }

    def published_keys(self) -> list[dict[str, Any]]:
        """Its key set."""
        own = [published(self.key, self.key_name, self.algorithm)] if self.publishes else []
        return [*own, *self.keys]

    def authorized(self, asked: dict[str, str]) -> str:
        """The address to which the browser goes after the person has shown themselves."""
        now = time.time()
        fresh = asked.get("prompt") == "login" or self.signed_in_at is None
        longest = asked.get("max_age")
        if longest is not None and not fresh and self.signed_in_at is not None:
            fresh = now - self.signed_in_at > int(longest)
        if fresh and not self.remembers:
            self.signed_in_at = now
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "auth_time": str(self.signed_in_at or now)}
        back = {"code": code, "state": asked["state"], "iss": self.address}
        return asked["redirect_uri"] + "?" + urlencode(back)

    def exchanged(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint."""
        kind, _space, pair = authorization.partition(" ")
        if self.takes not in (
            "",
            "client_secret_basic" if kind == "Basic" else "client_secret_post",
        ):
            return 401, {"error": "invalid_client"}
        given = base64.b64decode(pair).decode().split(":") if kind == "Basic" else [
            form.get("client_id", ""), form.get("client_secret", "")
        ]  # fmt: skip
        if [unquote_plus(one) for one in given] != [CLIENT, SECRET]:
            return 401, {"error": "invalid_client"}
        asked = self.codes.get(form.get("code", ""))
        if asked is None:
            return 400, {"error": "invalid_grant"}
        if self.spends:
            del self.codes[form["code"]]
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked["code_challenge_method"] != "S256" or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": "of no use here", "token_type": "Bearer", "id_token": self.token(asked),
        }  # fmt: skip

    def token(self, asked: dict[str, str]) -> str:
        """An ID token for what was asked."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.address, "sub": self.subject, "aud": asked["client_id"], "exp": now + 300,
            "iat": now, "auth_time": int(float(asked["auth_time"])), "nonce": asked["nonce"],
        }  # fmt: skip
        by_name = json.loads(asked.get("claims", "{}")).get("id_token", {})
        if self.amr is not None and (not self.reticent or "amr" in by_name):
            claims["amr"] = self.amr
        claims |= {} if self.acr is None else {"acr": self.acr}
        claims = self.claims(claims)
        if self.signed is not None:
            return self.signed(claims)
        named = {} if self.key_name is None else {"kid": self.key_name}
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers=named)

    def settings(self, folder: Path, **changes: Any) -> Path:
        """Write `oidc.json` and the secret into a home's folder."""
        secret = folder / "oidc-secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        given = {
            "issuer": self.address, "client_id": CLIENT, "client_secret_file": str(secret),
            "name": {"en": "Hospital sign-in", "zh-Hans": "医院统一登录"}, **changes,
        }  # fmt: skip
        file = folder / "oidc.json"
        file.write_text(json.dumps({name: one for name, one in given.items() if one is not None}))
        return file


class _Handler(BaseHTTPRequestHandler):
    issuer: Issuer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_given: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self._answer(_flat(body))

    def _answer(self, form: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        self.issuer.asked.append((self.command, parts.path))
        instead = self.issuer.answers.get(parts.path)
        if instead is not None and instead(self):
            self.close_connection = True
            return
        if parts.path == "/.well-known/openid-configuration":
            self._send(200, self.issuer.described_as())
        elif parts.path == "/keys":
            self._send(200, {"keys": self.issuer.published_keys()})
        elif parts.path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.issuer.authorized(_flat(parts.query)))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif parts.path == "/token" and self.command == "POST":
            self._send(*self.issuer.exchanged(form, self.headers.get("Authorization", "")))
        else:
            self._send(404, {})

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _flat(query: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}


@contextmanager
def issuing(context: Any = None) -> Iterator[Issuer]:
    """An issuer that answers until the end of the block; over TLS with the context of a server."""

    class Handler(_Handler):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_given: None  # type: ignore[method-assign]  # a client that went away
    scheme = "http" if context is None else "https"
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    Handler.issuer = Issuer(f"{scheme}://localhost:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Handler.issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def followed(address: str) -> str:
    """Go where the page leads, as a browser does, and give the address to which the issuer sends back."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PATIENCE)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302, answer.status
        return answer.headers["Location"] or ""
    finally:
        connection.close()

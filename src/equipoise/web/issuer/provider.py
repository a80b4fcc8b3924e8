"""The issuer as it describes itself (OpenID Connect Discovery 1.0), its keys, and a code exchanged for a token."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from equipoise.home import HomeError

from .id_token import ALGORITHMS, Claims, NotAcceptedError, verified
from .settings import BASIC, POST, IssuerSettings, fault_of_address
from .wire import IssuerUnavailableError, ask

KNOWN_SECONDS = 3600.0
"""How long a description is believed before it is asked for again."""
KEYS_SECONDS = 300.0
"""How long keys are: a key that the issuer has withdrawn is not believed for longer."""
PATIENCE_SECONDS = 10.0
"""After a failure nobody waits for the issuer again for so long: it is told as unavailable at once."""
_AGAIN_SECONDS = 30.0
"""A token with a name of a key we do not know asks for the keys again, this often at most."""
_MAX_KEYS = 100


@dataclass(frozen=True, slots=True)
class Description:
    """What the issuer publishes about itself, as far as it is used."""

    authorization: str
    token: str
    keys: str
    basic: bool
    """Whether the secret goes into a header (`client_secret_basic`), or else into the form."""
    names_itself: bool
    """Whether every answer it sends back names the issuer (RFC 9207)."""
    algorithms: tuple[str, ...]
    claims_on_request: bool
    """Whether single claims can be asked for (section 5.5); some issuers tell `amr` to nobody who does not ask."""


class Provider:
    """An issuer that is asked when somebody signs in; what it publishes is kept for a while."""

    def __init__(self, settings: IssuerSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._described: tuple[float, Description] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None
        self._failed_until = 0.0

    def description(self) -> Description:
        """The description, fetched or remembered; raises `IssuerUnavailableError`."""
        with self._lock:
            described = self._described
        if described is not None and described[0] > time.monotonic():
            return described[1]
        if time.monotonic() < self._failed_until:
            raise IssuerUnavailableError("failed-before")
        address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            _status, given = ask(address, ca_file=self.settings.ca_file)
            found = self._read(given)
        except IssuerUnavailableError as error:
            if error.args != ("busy",):
                self._failed_until = time.monotonic() + PATIENCE_SECONDS
            raise
        with self._lock:
            self._described = time.monotonic() + KNOWN_SECONDS, found
        return found

    def _read(self, given: dict[str, Any]) -> Description:
        if given.get("issuer") != self.settings.issuer:
            raise IssuerUnavailableError("described-as-another")
        here = urlsplit(self.settings.issuer).scheme == "http"
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        places = [given.get(name) for name in names]
        if any(fault_of_address(one, loopback=here) for one in places):
            raise IssuerUnavailableError("described-address")
        if "code" not in _words(given, "response_types_supported", ["code"]):
            raise IssuerUnavailableError("described-no-code-flow")
        # RS256 is the one every issuer has (OpenID Connect Core 1.0, section 15.1)
        offered = _words(given, "id_token_signing_alg_values_supported", ["RS256"])
        algorithms = tuple(one for one in ALGORITHMS if one in offered)
        if not algorithms:
            raise IssuerUnavailableError("described-no-algorithm")
        ways = _words(given, "token_endpoint_auth_methods_supported", [BASIC])
        if self.settings.authentication:
            ways = [self.settings.authentication]
        if not {BASIC, POST} & {*ways}:
            raise IssuerUnavailableError("described-no-client-secret")
        authorization, token, keys = (str(one) for one in places)
        return Description(
            authorization=authorization,
            token=token,
            keys=keys,
            basic=BASIC in ways,
            names_itself=given.get("authorization_response_iss_parameter_supported") is True,
            algorithms=algorithms,
            claims_on_request=given.get("claims_parameter_supported") is True,
        )

    def _published_keys(self, *, older_than: float) -> list[dict[str, Any]]:
        """The issuer's keys, asked for again where they were fetched so many seconds ago or more."""
        with self._lock:
            kept = self._keys
        if kept is not None and time.monotonic() - kept[0] < older_than:
            return kept[1]
        _status, given = ask(self.description().keys, ca_file=self.settings.ca_file)
        found = given.get("keys")
        if not isinstance(found, list) or len(found) > _MAX_KEYS:
            raise IssuerUnavailableError("keys")
        with self._lock:
            self._keys = time.monotonic(), found
        return found

    def authorization_address(self, asked: dict[str, str]) -> str:
        """Where the browser is sent, with what is asked of the second factor beside what the caller asks."""
        described = self.description()
        address = described.authorization
        if self.settings.second_factor_acr:
            asked = {**asked, "acr_values": " ".join(self.settings.second_factor_acr)}
        if self.settings.second_factor_amr and described.claims_on_request:
            asked = {**asked, "claims": '{"id_token":{"amr":null}}'}
        joint = "&" if urlsplit(address).query else "?"
        return address + joint + urlencode({"client_id": self.settings.client_id, **asked})

    def exchange(self, code: str, *, verifier: str, returned_to: str) -> str:
        """The ID token for a code. The secret goes to the token endpoint and nowhere else.

        Raises `NotAcceptedError` where the issuer does not take the code, `IssuerUnavailableError` where it does not answer.
        """
        described = self.description()
        try:
            secret = self.settings.secret()
        except HomeError as error:
            raise IssuerUnavailableError("secret") from error
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": returned_to,
            "code_verifier": verifier,
        }
        headers = {}
        if described.basic:
            # each half is encoded by itself first (RFC 6749, section 2.3.1)
            pair = f"{quote_plus(self.settings.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": self.settings.client_id, "client_secret": secret}
        status, given = ask(
            described.token,
            form=form,
            headers=headers,
            ca_file=self.settings.ca_file,
            refusable=True,
        )
        if status != 200:
            mine = status == 401 or given.get("error") in ("invalid_client", "unauthorized_client")
            if mine:  # our secret is not the right one: nobody's fault who signs in
                raise IssuerUnavailableError("client-refused")
            raise NotAcceptedError("code")
        token = given.get("id_token")
        if not isinstance(token, str):
            raise NotAcceptedError("no-token")
        return token

    def claims(self, token: str, *, nonce: str) -> Claims:
        """What the token says, if it holds; keys are asked for once more where none fits."""
        described = self.description()

        def looked_at(older_than: float) -> Claims:
            return verified(
                token,
                self._published_keys(older_than=older_than),
                issuer=self.settings.issuer,
                client_id=self.settings.client_id,
                algorithms=described.algorithms,
                nonce=nonce,
            )

        try:
            return looked_at(KEYS_SECONDS)
        except KeyError:
            pass
        try:
            return looked_at(_AGAIN_SECONDS)
        except KeyError as error:
            raise NotAcceptedError("key-unknown") from error

    def states_second_factor(self, claims: Claims) -> bool:
        """Whether the issuer says that a second factor was given, in words that are trusted here."""
        settings = self.settings
        return bool(settings.second_factor_amr & claims.methods) or (
            claims.context != "" and claims.context in settings.second_factor_acr
        )


def _words(given: dict[str, Any], name: str, otherwise: Sequence[str]) -> list[str]:
    values = given.get(name, otherwise)
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise IssuerUnavailableError("described-type")
    return values

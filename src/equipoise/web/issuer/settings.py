"""Which issuer may vouch for people here: `oidc.json` in the home. Without the file nobody may."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from equipoise.home import HomeError
from equipoise.quantity.text import Text

FILE = "oidc.json"
_NEEDED = ("issuer", "client_id", "name")
_KNOWN = (
    *_NEEDED, "client_secret_file", "client_secret_env", "second_factor_amr", "second_factor_acr",
    "ca_file", "client_authentication",
)  # fmt: skip
BASIC, POST = "client_secret_basic", "client_secret_post"
"""The secret in a header, or in the form (OpenID Connect Core 1.0, section 9)."""
_MAX_NAME = 60
_MAX_SECRET = 4096


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """An OpenID Connect issuer, and what is known of it here.

    The secret itself is never held: `secret` reads it where it lies, so that it can be renewed there.
    `second_factor_amr` and `second_factor_acr` are values of the claims `amr` (RFC 8176) and `acr` by which the
    issuer states that a second factor was given; empty, its word on that is not taken.
    """

    issuer: str
    client_id: str
    name: Text
    """What people call it, for the button."""
    secret_file: Path | None = None
    secret_variable: str = ""
    second_factor_amr: frozenset[str] = frozenset()
    second_factor_acr: tuple[str, ...] = ()
    """In the order in which they are asked for."""
    ca_file: Path | None = None
    """Certificates of a house's own authority (PEM), in place of the system's. Paths that are not absolute begin
    in the home."""
    authentication: str = ""
    """`BASIC` or `POST`, where the issuer takes one of what it offers from this client; empty: what it offers decides."""

    def secret(self) -> str:
        """The client's secret; `HomeError` says where it was looked for, never what was found."""
        if self.secret_file is None:
            found = os.environ.get(self.secret_variable, "")
            where = f"the environment variable {self.secret_variable}"
        else:
            where = str(self.secret_file)
            try:
                if stat.S_IMODE(self.secret_file.stat().st_mode) & 0o007:
                    raise HomeError(f"{where}: everybody on this machine may read it; chmod 640 it")
                found = self.secret_file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                raise HomeError(f"{where}: is not text") from None
            except OSError as error:
                raise HomeError(f"{where}: cannot be read: {error.strerror}") from None
        found = found.strip()
        if not 0 < len(found) <= _MAX_SECRET or not found.isprintable():
            raise HomeError(f"{where}: holds no client secret (one line of printable characters)")
        return found


def read_issuer(home: Path) -> IssuerSettings | None:
    """The issuer of a home, or None where the file is missing; `HomeError` names what in it is wrong."""
    path = home / FILE
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise HomeError(f"{path}: cannot be read: {error}") from None
    if not isinstance(given, dict) or set(given) - set(_KNOWN) or set(_NEEDED) - set(given):
        raise HomeError(
            f"{path}: holds a JSON object with {', '.join(_NEEDED)}, one of client_secret_file and"
            " client_secret_env, perhaps client_authentication, second_factor_amr, second_factor_acr and ca_file, and nothing else"
        )
    issuer = _words(path, given, "issuer")
    fault = fault_of_address(issuer, loopback=True)
    if fault or urlsplit(issuer).query:
        raise HomeError(f"{path}: issuer is {issuer!r}; {fault or 'give it without a query'}")
    file, variable = given.get("client_secret_file"), given.get("client_secret_env")
    if (file is None) == (variable is None):
        raise HomeError(f"{path}: give client_secret_file or client_secret_env, and only one")
    way = given.get("client_authentication", "")
    if "client_authentication" in given and way not in (BASIC, POST):
        raise HomeError(f"{path}: client_authentication is {way!r}; give {BASIC} or {POST}")
    return IssuerSettings(
        issuer=issuer,
        client_id=_words(path, given, "client_id"),
        name=_name(path, given["name"]),
        # whether the secret can be read is asked when it is needed: most commands do not need it
        secret_file=None
        if file is None
        else path.parent / _words(path, given, "client_secret_file"),
        secret_variable="" if variable is None else _words(path, given, "client_secret_env"),
        second_factor_amr=frozenset(_list(path, given, "second_factor_amr")),
        second_factor_acr=_list(path, given, "second_factor_acr"),
        ca_file=_file(path, given, "ca_file") if "ca_file" in given else None,
        authentication=way,
    )


def fault_of_address(address: Any, *, loopback: bool) -> str:
    """What is wrong with the address of an issuer or of a place there; empty where nothing is.

    Only https will do; `loopback` lets plain http pass to this very machine, where nobody can listen.
    """
    if not isinstance(address, str) or not address.isascii() or not address.isprintable():
        return "give an address in ASCII"
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        return "give an address as https://name/path"
    if not parts.hostname or parts.fragment or parts.username is not None or " " in address:
        return "give an address as https://name/path, with no name or fragment in it"
    if parts.scheme == "https" or (parts.scheme == "http" and loopback and _here(parts.hostname)):
        return ""
    return "it must begin with https://"


def _here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _words(path: Path, given: dict[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or not 0 < len(value) <= 500 or not value.isprintable():
        raise HomeError(f"{path}: {name} is {value!r}; give 1 to 500 printable characters")
    return value


def _file(path: Path, given: dict[str, Any], name: str) -> Path:
    file = path.parent / _words(path, given, name)
    if not file.is_file():
        raise HomeError(f"{path}: {name}: {file}: there is no such file")
    return file


def _list(path: Path, given: dict[str, Any], name: str) -> tuple[str, ...]:
    values = given.get(name, [])
    if not isinstance(values, list) or not all(
        isinstance(one, str) and one and one.isprintable() and " " not in one for one in values
    ):
        raise HomeError(f"{path}: {name} is {values!r}; give a list of words without spaces")
    return tuple(values)


def _name(path: Path, given: Any) -> Text:
    try:
        if not isinstance(given, str | dict):
            raise ValueError("it is no text")
        name = Text(given)
        if any(len(name.in_language(one)) > _MAX_NAME for one in ("en", "zh-Hans")):
            raise ValueError(f"it is longer than {_MAX_NAME} characters")
    except ValueError as error:
        raise HomeError(
            f'{path}: name is {given!r}; give a text, or {{"en": …, "zh-Hans": …}}: {error}'
        ) from None
    return name

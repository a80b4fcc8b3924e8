"""One request to the issuer: bounded in time and size, over TLS, never led on to another address."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

CALL_SECONDS = 5.0
"""From the first byte sent to the last one read; then the connection is cut."""
MAX_ANSWER = 262_144
"""Bytes of an answer that are read. A large house's keys take a tenth of that."""
PLACES = 2
"""Requests under way at once. A thread that waits for the issuer answers nobody else, and there are few."""
WAIT_SECONDS = 0.5
"""How long a further request waits for its place."""

_places = threading.BoundedSemaphore(PLACES)


class IssuerUnavailableError(Exception):
    """The issuer gave no answer that can be used; the argument says why, in a word."""


def ask(
    address: str,
    *,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    ca_file: Path | None = None,
    refusable: bool = False,
) -> tuple[int, dict[str, Any]]:
    """Status and JSON object of the answer: 200, or with `refusable` 400 and 401 as well.

    Raises `IssuerUnavailableError`; so does a third request while two are under way and stay so.
    """
    if not _places.acquire(timeout=WAIT_SECONDS):
        raise IssuerUnavailableError("busy")
    try:
        status, body = _asked(address, form, headers or {}, ca_file)
    except (OSError, http.client.HTTPException, ValueError) as error:
        kind = "tls" if isinstance(error, ssl.SSLError) else "no-answer"
        raise IssuerUnavailableError(kind) from error
    finally:
        _places.release()
    if status != 200 and not (refusable and status in (400, 401)):
        raise IssuerUnavailableError("status")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        if status != 200:
            return status, {}
        raise IssuerUnavailableError("not-json")
    return status, answer


def _asked(
    address: str, form: Mapping[str, str] | None, headers: Mapping[str, str], ca_file: Path | None
) -> tuple[int, bytes]:
    parts = urlsplit(address)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"Accept": "application/json", "Connection": "close", **headers}
    body = None
    if form is not None:
        body = urlencode(form).encode()
        sent["Content-Type"] = "application/x-www-form-urlencoded"
    trusted = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    ends = time.monotonic() + CALL_SECONDS
    link = socket.create_connection((host, port), timeout=CALL_SECONDS)
    if secure:
        # the handshake comes later, so that it can be cut off, too
        link = trusted.wrap_socket(link, server_hostname=host, do_handshake_on_connect=False)
    with link, _cut_off(link, ends):
        if isinstance(link, ssl.SSLSocket):
            link.do_handshake()
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(host, port)
        connection.sock = link
        connection.request("GET" if body is None else "POST", target, body, sent)
        with connection.getresponse() as answer:
            read = answer.read(MAX_ANSWER + 1)
        if time.monotonic() > ends:
            raise TimeoutError  # what was read ends where it was cut off
        if len(read) > MAX_ANSWER:
            raise ValueError("the answer is too long")
        return answer.status, read


@contextmanager
def _cut_off(link: socket.socket, ends: float) -> Iterator[None]:
    """Cut the connection at the end of its time, however it is dripping on."""

    def cut() -> None:
        with suppress(OSError):
            link.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(0.0, ends - time.monotonic()), cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

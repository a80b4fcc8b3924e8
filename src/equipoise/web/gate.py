"""What stands between the connections and Django: a request is whole, and small, before it is worked on.

Few threads work on requests, since the ledger writes one command after the other anyway. A thread that
waited for a body would be one of them, and a handful of slow connections could hold them all.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_CHUNK = 65536


class Gate:
    """A WSGI application before another: reads bodies of at most `limit` bytes, then works on `places` at a time."""

    def __init__(self, application: Application, *, places: int, limit: int) -> None:
        self._application = application
        self._limit = limit
        self._work = ThreadPoolExecutor(places, thread_name_prefix="request")
        self._counting = threading.Lock()
        self.begun = 0
        """Requests whose bodies were whole, and were worked on since."""
        self.ended = 0

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; a body over the limit is refused before any of it is read."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self._limit:
            return _refused(
                environ, start_response, "413 Content Too Large", "The body is too large."
            )
        body = _read(environ["wsgi.input"], length)
        if len(body) < length:
            return _refused(environ, start_response, "400 Bad Request", "The body is cut off.")
        environ["wsgi.input"] = io.BytesIO(body)
        with self._counting:
            self.begun += 1
        try:
            status, headers, content = self._work.submit(self._answered, environ).result()
        finally:
            with self._counting:
                self.ended += 1
        start_response(status, headers)
        return [content]

    def _answered(self, environ: Environ) -> tuple[str, list[tuple[str, str]], bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_error: Any) -> None:
            started.append((status, headers))

        chunks = self._application(environ, start)
        try:
            content = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        status, headers = started[-1]
        return status, headers, content


def _read(stream: Any, length: int) -> bytes:
    """The body; shorter where the connection ended before it did."""
    parts: list[bytes] = []
    while length > 0:
        part = stream.read(min(length, _CHUNK))
        if not part:
            break
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _refused(
    environ: Environ, start_response: StartResponse, status: str, words: str
) -> list[bytes]:
    if environ.get("PATH_INFO", "").startswith("/api/"):
        problem = {"type": "about:blank", "title": words, "status": int(status[:3])}
        kind, body = "application/problem+json", json.dumps(problem).encode()
    else:
        kind, body = "text/plain; charset=utf-8", words.encode()
    headers = [
        ("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]  # fmt: skip
    start_response(status, headers)
    return [body]

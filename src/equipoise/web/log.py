"""The server's log: one JSON object a line, and nothing in it that is about a person.

A line holds the time, a number of the request, the role, the name of the page (never its address, which names
participants and invitations), the answer's status, how long it took, how many statements the databases were asked, and
the codes of refusals. No user name, address, header, value, form or query string is ever given to a log; an
exception is told by its type and where it arose, since its words may quote what was typed.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connections
from django.http import HttpRequest, HttpResponseBase

LOGGER = "equipoise.server"
"""The one logger whose words are written as they are: they are fixed, and made here."""
_FRAMES = 12
_STANDARD_ERROR = "-"


@dataclass(slots=True)
class Noted:
    """What is known of the request that this thread is answering."""

    id: str
    page: str = ""
    role: str = ""
    statements: int = 0
    refused: list[str] = field(default_factory=list)

    def counted(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        """Run a statement of Django's, and count it."""
        self.statements += 1
        return execute(*arguments)


_current: ContextVar[Noted | None] = ContextVar("request", default=None)


def request_number() -> str:
    """The number under which this request stands in the log; empty outside one."""
    noted = _current.get()
    return noted.id if noted is not None else ""


def note_refusal(codes: Iterable[str]) -> None:
    """Keep the codes of a refusal for the request's line."""
    noted = _current.get()
    if noted is not None:
        noted.refused += codes


def tell(event: str, level: int = logging.INFO, **facts: str | int | float | bool) -> None:
    """Write a line about the server itself. `facts` are measures and words of ours, never somebody's."""
    logging.getLogger(LOGGER).log(level, event, extra={"facts": facts})


def logged(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Write a line for each request that a page answered; files are not worth one."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        noted = Noted(uuid.uuid4().hex[:12])
        token = _current.set(noted)
        began = time.perf_counter()
        status = 500
        try:
            with ExitStack() as counting:
                for name in connections:
                    counting.enter_context(connections[name].execute_wrapper(noted.counted))
                response = get_response(request)
            status = response.status_code
            return response
        finally:
            person = getattr(request, "person", None)
            page = getattr(request, "page", "") or ""
            tell(
                "request",
                logging.ERROR if status >= 500 else logging.INFO,
                request=noted.id,
                page=page,
                method=request.method if request.method in _METHODS else "other",
                role=person.role if person is not None else "",
                status=status,
                ms=round((time.perf_counter() - began) * 1e3, 1),
                statements=noted.statements,
                refused=",".join(dict.fromkeys(noted.refused)),
            )
            _current.reset(token)

    return middleware


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class JsonLines(logging.Formatter):
    """A record as one line of JSON. Of other loggers only their name, place and level are taken: what
    they say may hold a name or an address."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        if record.name == LOGGER:
            line |= {"event": record.msg, **getattr(record, "facts", {})}
        else:
            line |= {"event": "said", "by": record.name, "line": f"{record.module}:{record.lineno}"}
            if request_number():
                line["request"] = request_number()
        if record.exc_info and record.exc_info[0] is not None:
            kind, _error, trace = record.exc_info
            line["exception"] = kind.__name__
            line["where"] = [
                f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(trace)[-_FRAMES:]
            ]
        return json.dumps(line, ensure_ascii=False)


def keep_log(destination: str) -> None:
    """Begin to write the log: into a file (one that was moved away is made anew), or `-` for standard error."""
    handler: logging.Handler
    if destination == _STANDARD_ERROR:
        handler = logging.StreamHandler(sys.stderr)
    else:
        # Several processes may write it, and whoever rotates it only renames it.
        handler = logging.handlers.WatchedFileHandler(destination, encoding="utf-8", delay=True)
    handler.setFormatter(JsonLines())
    # What other loggers say below an error (a page not found, a form refused) stands in the request's line.
    handler.addFilter(lambda record: record.name == LOGGER or record.levelno >= logging.ERROR)
    own = logging.getLogger(LOGGER)
    own.setLevel(logging.INFO)
    own.propagate = False
    own.handlers = [handler]
    root = logging.getLogger()
    root.setLevel(logging.ERROR)
    root.handlers = [handler]


def drop_log() -> None:
    """End the log, and close its file."""
    for name in (LOGGER, None):
        logger = logging.getLogger(name)
        for handler in logger.handlers:
            handler.close()
        logger.handlers = []

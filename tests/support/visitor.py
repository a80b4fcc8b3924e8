"""Just enough of a browser to use a served home over HTTP: cookies, tokens, no script."""

from __future__ import annotations

import http.client
import http.cookies
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from support.patience import PATIENCE

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Answer:
    """What came back."""

    status: int
    location: str
    text: str


@dataclass
class Visitor:
    """One person's session; each request has a connection of its own, so threads may share it."""

    address: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, fields: Mapping[str, str] | None = None) -> Answer:
        """One request."""
        host, _colon, port = self.address.partition(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        body = None
        if fields is not None:
            body = urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            for line in answer.headers.get_all("Set-Cookie") or []:
                for name, morsel in http.cookies.SimpleCookie(line).items():
                    self.cookies[name] = morsel.value
        finally:
            connection.close()
        return Answer(answer.status, answer.headers.get("Location") or "", text)

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of the page's own form: its token and its client id."""
        page = self.ask("GET", path)
        assert page.status == 200, (path, page.status)
        token = _TOKEN.search(page.text)
        client = re.search(r'name="client_id" value="([^"]+)"', page.text)
        assert token is not None, path
        found = {"csrfmiddlewaretoken": token[1]}
        return found | ({"client_id": client[1]} if client else {})

    def sign_in(self, username: str, password: str) -> Visitor:
        """Begin the session."""
        fields = {"username": username, "password": password}
        answer = self.ask("POST", "/sign-in/", self.hidden("/sign-in/") | fields)
        assert answer.status == 302, answer.status
        return self

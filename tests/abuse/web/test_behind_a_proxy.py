"""Behind a proxy that ends TLS: cookies travel encrypted only, and nobody lends himself another's address."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from equipoise.web.server import Address, UnsafeServingError, behind_proxy, check_address
from support.patience import PATIENCE
from support.web_home import new_home, serving

NAME = "trial.example.org"


def seen(forwarded: str | None) -> dict[str, Any]:
    """What the application is given when the proxy sends this `X-Forwarded-For`."""
    given: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Any) -> list[bytes]:
        given.update(environ)
        return []

    environ = {"wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1"}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    behind_proxy(application)(environ, None)
    return given


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.9, 198.51.100.7", "198.51.100.7"),  # the first was written by the client
        ("2001:db8::1", "2001:db8::1"),
        ("198.51.100.7, evil", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_the_client_is_whom_the_proxy_itself_names(forwarded: str | None, address: str) -> None:
    given = seen(forwarded)
    assert (given["REMOTE_ADDR"], given["wsgi.url_scheme"]) == (address, "https")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (Address("0.0.0.0", 8000, (NAME,), behind_proxy=True), "in the proxy's place"),
        (Address("127.0.0.1", 8000, (), behind_proxy=True), "--name"),
        (Address("127.0.0.1", 8000, (NAME,), Path("c.pem"), Path("k.pem"), True), "--certificate"),
    ],
)
def test_what_would_let_others_speak_for_the_proxy_is_refused(address: Address, said: str) -> None:
    with pytest.raises(UnsafeServingError, match=said):
        check_address(address)


def test_signing_in_through_the_proxy(tmp_path: Path) -> None:
    from equipoise.web import configure
    from equipoise.web import serving as served_home
    from support.web_home import stage

    kept = stage()
    # only where a home is served are there models to import
    from equipoise.web.accounts import create_demo_accounts

    home = new_home(tmp_path / "home")
    configure(home)
    passwords = {name: word for name, word, _role, _site in create_demo_accounts(home)}
    configure(kept.home)
    assert served_home() is kept.home
    home.close()
    log = tmp_path / "server.log"
    options = ("--behind-proxy", "--name", NAME, "--log", str(log))
    with serving(tmp_path / "home", *options) as (address, _process):

        def ask(method: str, path: str, **more: str) -> http.client.HTTPResponse:
            host, _colon, port = address.partition(":")
            connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)
            headers = {"Host": NAME, "X-Forwarded-For": "198.51.100.7"}
            body = more.pop("body", None)
            connection.request(method, path, body, headers | more)
            answer = connection.getresponse()
            answer.text = answer.read().decode()
            connection.close()
            return answer

        page = ask("GET", "/sign-in/")
        assert page.headers["Strict-Transport-Security"]
        cookie = page.headers["Set-Cookie"]
        assert "Secure" in cookie
        token = page.text.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        form = urlencode(
            {"csrfmiddlewaretoken": token, "username": "monitor", "password": passwords["monitor"]}
        )
        sent = {
            "body": form, "Cookie": cookie.partition(";")[0], "Origin": f"https://{NAME}",
            "Content-Type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        answer = ask("POST", "/sign-in/", **sent)
        assert answer.status == 302
        assert all("Secure" in one for one in answer.headers.get_all("Set-Cookie"))
        foreign = ask("POST", "/sign-in/", **{**sent, "Origin": "https://elsewhere.example"})
        assert foreign.status == 403
        assert ask("GET", "/health").status == 200
    told = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in told if line["event"] != "request"] == ["started", "ended"]
    # a form from elsewhere is refused before any page is asked
    pages = {line["page"]: line["status"] for line in told if line["event"] == "request"}
    assert pages == {"sign_in": 302, "": 403, "health": 200}
    assert log.stat().st_mode & 0o777 == 0o600

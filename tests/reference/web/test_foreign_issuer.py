"""Signing in at an issuer that others wrote: django-oauth-toolkit 3.4, unchanged, in a process of its own.

`tests/support/issuer.py` reads the standard as we do; what both read wrongly shows only here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from equipoise.web.policy import SignInPolicy
from support.foreign_issuer import Browser, Foreign, foreign
from support.outside import departs, led_to, linked, trusting
from support.web_home import free_port, stage


@pytest.fixture(scope="module")
def running() -> Iterator[Foreign]:
    with foreign(free_port(), "http://localhost/sign-in/issuer/return/") as made:
        yield made


@pytest.fixture
def issuer(running: Foreign, tmp_path: Path) -> Iterator[Foreign]:
    """The issuer, set at the stage; its only person is linked with an account."""
    with trusting(running, tmp_path):
        linked("outside-foreign", running, running.subject)
        yield running


def comes_back(browser: Browser, departure: Any) -> str:
    """From a page of departure through the issuer: the address here to which it sends back."""
    parts = urlsplit(browser.follow(led_to(departure)))
    return f"{parts.path}?{parts.query}"


def changed(address: str, **changes: str) -> str:
    """The address with other parameters."""
    parts = urlsplit(address)
    query = urlencode({**dict(parse_qsl(parts.query)), **changes})
    return urlunsplit(parts._replace(query=query))


def let_in(client: Any) -> bool:
    return bool(client.get("/today/").status_code == 200)


def test_a_linked_person_signs_in_and_the_next_time_without_a_password(issuer: Foreign) -> None:
    browser = Browser()
    for _time in range(2):
        client = stage().client()
        assert client.get(comes_back(browser, departs(client)))["location"] == "/today/"
        assert "outside-foreign" in client.get("/today/").content.decode()
    assert browser.passwords_given == 1


def test_after_signing_out_and_for_a_signature_the_password_is_asked_there_again(
    issuer: Foreign,
) -> None:
    browser, client = Browser(), stage().client()
    client.get(comes_back(browser, departs(client)))
    client.post("/sign-out/")
    assert not let_in(client)
    client.get(comes_back(browser, departs(client)))
    assert let_in(client)
    assert browser.passwords_given == 2
    back = comes_back(browser, client.post("/sign-in/issuer/again/", {"for": "/access-review/"}))
    answer = client.get(back, follow=True)
    assert "It is you, outside-foreign" in answer.content.decode()
    assert browser.passwords_given == 3


def test_the_issuer_overlooks_how_long_it_may_remember_and_we_do_not(
    issuer: Foreign, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one does not know `max_age`; the token says when the password was given."""
    browser, client = Browser(), stage().client()
    client.get(comes_back(browser, departs(client)))
    time.sleep(3.1)  # two seconds may be rounding
    at_once = SignInPolicy(idle_minutes=0)
    monkeypatch.setattr("equipoise.web.issuer.journey.sign_in_policy", lambda: at_once)
    other = stage().client()
    assert other.get(comes_back(browser, departs(other)))["location"] == "/sign-in/"
    assert not let_in(other)
    assert browser.passwords_given == 1


def test_the_issuer_takes_no_code_without_the_secret_of_the_journey(issuer: Foreign) -> None:
    """PKCE: the code of one journey, brought into another that its own browser began."""
    mine, theirs = stage().client(), stage().client()
    own = comes_back(Browser(), departs(mine))
    stolen = parse_qs(urlsplit(comes_back(Browser(), departs(theirs))).query)["code"][0]
    assert mine.get(changed(own, code=stolen))["location"] == "/sign-in/"
    assert not let_in(mine)


def test_a_token_for_another_question_is_not_taken(issuer: Foreign) -> None:
    """The issuer signs whatever nonce it was sent; another one than ours is refused here."""
    client = stage().client()
    address = changed(led_to(departs(client)), nonce="another")
    parts = urlsplit(Browser().follow(address))
    assert client.get(f"{parts.path}?{parts.query}")["location"] == "/sign-in/"
    assert not let_in(client)


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post"])
def test_a_secret_and_a_name_of_any_characters_are_taken_either_way(
    running: Foreign, tmp_path: Path, way: str
) -> None:
    with trusting(running, tmp_path, client_authentication=way):
        linked("outside-foreign", running, running.subject)
        client = stage().client()
        client.get(comes_back(Browser(), departs(client)))
        assert let_in(client)
        (tmp_path / "oidc-secret").write_text("another one")
        other = stage().client()
        other.get(comes_back(Browser(), departs(other)))
        assert not let_in(other)


def test_a_stranger_there_is_a_stranger_here(running: Foreign, tmp_path: Path) -> None:
    with trusting(running, tmp_path):
        linked("outside-foreign", running, "somebody else's number")
        client = stage().client()
        client.get(comes_back(Browser(), departs(client)))
        assert not let_in(client)
        assert json.loads((tmp_path / "oidc.json").read_text())["issuer"].endswith("/o")

"""Passkeys with Chromium's virtual authenticator: set up, signing in, signing, a copied key, an app beside it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pyotp
import pytest

from support.browsing import Desk, desk, watched
from support.web_home import new_home, participant_at

pytestmark = pytest.mark.xdist_group("passkeys")
WHO = "investigator-nanning"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, list[str]]]:
    """A served home that demands a second factor of who signs, with participants to be signed for."""
    path: Path = tmp_path_factory.mktemp("home") / "home"
    home = new_home(path, seed=7)
    people = [participant_at(home.trial(), "assessed").id for _ in range(2)]
    home.close()
    (path / "web.json").write_text(json.dumps({"second_factor": "signing"}))
    with desk(path) as made:
        # a passkey is bound to a name
        made.address = made.address.replace("127.0.0.1", "localhost")
        yield made, people


def authenticator(page: Any) -> tuple[Any, str]:
    """A key plugged into this browser."""
    tools = page.context.new_cdp_session(page)
    tools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    added = tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return tools, added["authenticatorId"]


def enter(made: Desk, page: Any) -> None:
    """Name and password."""
    page.goto(f"{made.address}/sign-in/")
    page.fill("#f-username", WHO)
    page.fill("#f-password", made.passwords[WHO])
    page.click("main button")


def test_a_passkey_is_set_up_signs_in_and_signs(world: tuple[Desk, list[str]]) -> None:
    made, people = world
    page = made.browser.new_context().new_page()
    wrong = watched(page, made.address)
    tools, key = authenticator(page)

    # the role signs, so nothing opens before a second factor is there
    enter(made, page)
    page.wait_for_url("**/second-factors/")
    page.click("text=Set up a passkey")
    page.fill("#f-name", "Key on the ring")
    page.fill("#f-password", made.passwords[WHO])
    page.click("text=Make the passkey")
    page.wait_for_selector(".codes")
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    assert len(tools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"]) == 1
    page.click("text=I have kept them")
    assert "Key on the ring" in page.content()

    # signing in: the password, then the key
    page.goto(f"{made.address}/today/")
    page.click("text=Sign out")
    enter(made, page)
    page.wait_for_url("**/sign-in/second/")
    page.click("text=Use a passkey")
    page.wait_for_url("**/today/")

    # signing, within the quarter of an hour: the password alone
    page.goto(f"{made.address}/participants/{people[0]}/eligibility/sign/")
    assert page.locator("[data-passkey]").count() == 0
    page.fill("#f-password", made.passwords[WHO])
    page.click("main form[method=post].form button")
    page.wait_for_url(re.compile(rf"/participants/{people[0]}/(?!eligibility)"))

    # without the key a wrong code is refused, and a recovery code lets in once
    page.click("text=Sign out")
    enter(made, page)
    page.fill("#f-code", "123456")
    page.click("main button >> text=Sign in")
    assert page.locator("#errors").count() == 1
    page.fill("#f-code", codes[0])
    page.click("main button >> text=Sign in")
    page.wait_for_url("**/today/")
    assert [one for one in wrong if "status of 4" not in one] == []
    page.context.close()


def test_a_key_whose_counter_goes_back_is_a_copy_and_is_refused(
    world: tuple[Desk, list[str]], tmp_path: Path
) -> None:
    """And an answer recorded on the way is worth nothing a second time."""
    made, _people = world
    page = made.browser.new_context().new_page()
    tools, key = authenticator(page)
    who = "monitor"
    page.goto(f"{made.address}/sign-in/")
    page.fill("#f-username", who)
    page.fill("#f-password", made.passwords[who])
    page.click("main button")
    page.goto(f"{made.address}/second-factors/passkey/")
    page.fill("#f-name", "Key")
    page.fill("#f-password", made.passwords[who])
    page.click("text=Make the passkey")
    page.wait_for_selector(".codes")

    def sign_in(answer: str = "") -> str:
        page.context.clear_cookies()
        page.goto(f"{made.address}/sign-in/")
        page.fill("#f-username", who)
        page.fill("#f-password", made.passwords[who])
        page.click("main button")
        page.wait_for_url("**/sign-in/second/")
        sent: list[str] = []
        page.on(
            "request",
            lambda request: (
                sent.append(request.post_data or "")
                if request.url.endswith("/sign-in/second/") and request.method == "POST"
                else None
            ),
        )
        with page.expect_navigation():
            if answer:
                page.evaluate(
                    "answer => { const form = document.querySelector('main form');"
                    " form.elements.passkey.value = answer; form.submit(); }",
                    answer,
                )
            else:
                page.click("text=Use a passkey")
        return parse_qs(sent[-1])["passkey"][0] if sent else ""

    recorded = sign_in()
    assert not page.url.endswith("/sign-in/second/")
    sign_in(recorded)
    assert page.url.endswith("/sign-in/second/")

    credential = tools.send("WebAuthn.getCredentials", {"authenticatorId": key})["credentials"][0]
    assert credential["signCount"] >= 1
    tools.send(
        "WebAuthn.removeCredential",
        {"authenticatorId": key, "credentialId": credential["credentialId"]},
    )
    copied = credential | {"signCount": 0}
    tools.send("WebAuthn.addCredential", {"authenticatorId": key, "credential": copied})
    sign_in()
    assert page.url.endswith("/sign-in/second/")
    page.context.close()


def test_a_key_of_another_person_is_refused_and_an_app_can_stand_beside_a_key(
    world: tuple[Desk, list[str]],
) -> None:
    made, _people = world
    who = "sponsor"
    page = made.browser.new_context().new_page()
    authenticator(page)
    page.goto(f"{made.address}/sign-in/")
    page.fill("#f-username", who)
    page.fill("#f-password", made.passwords[who])
    page.click("main button")
    page.wait_for_url("**/second-factors/")
    page.click("text=Set up an authenticator app")
    secret = page.locator("main li code").inner_text().replace(" ", "")
    assert page.locator("svg.qr").count() == 1
    page.fill("#f-new_code", pyotp.TOTP(secret).at(time.time()))
    page.fill("#f-password", made.passwords[who])
    page.click("main form.form button")
    page.wait_for_selector(".codes")
    page.goto(f"{made.address}/second-factors/passkey/")
    page.fill("#f-name", "Key of the sponsor")
    page.fill("#f-password", made.passwords[who])
    page.click("text=Make the passkey")
    page.wait_for_url("**/second-factors/")
    body = page.content()
    assert "Key of the sponsor" in body
    assert "Authenticator app" in body

    # the sponsor's key in somebody else's hand
    page.context.clear_cookies()
    enter(made, page)
    page.wait_for_url("**/sign-in/second/")
    page.click("text=Use a passkey")
    page.locator("[data-passkey-failed]").filter(has_text="not used").wait_for()
    page.context.close()

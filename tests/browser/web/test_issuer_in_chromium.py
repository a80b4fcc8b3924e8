"""In Chromium: to the issuer and back under the pages' own content policy, and a signature confirmed in a second tab."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import Desk, desk
from support.issuer import Issuer, issuing
from support.web_home import new_home

WHO = "administrator"
PHONE, WIDE = {"width": 390, "height": 800}, {"width": 1280, "height": 900}

AXE_RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
  .filter(one => one.impact === "serious" || one.impact === "critical")
  .map(one => [one.id, one.nodes[0].html.slice(0, 200)])"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Issuer]]:
    """A home that names an issuer, served, and a browser in front of it."""
    path = tmp_path_factory.mktemp("home") / "home"
    home = new_home(path, seed=9)
    home.close()
    with issuing() as issuer:
        issuer.settings(path)
        with desk(path) as made:
            yield made, issuer


def sound(page: Any) -> bool:
    """Whether axe holds nothing serious against the page, on a desk and on a phone."""
    import axe_playwright_python

    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
    page.evaluate(source)
    for size in (PHONE, WIDE):
        page.set_viewport_size(size)
        assert page.evaluate(AXE_RUN) == [], page.url
        # nothing is wider than the screen
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    return True


def test_linked_signed_in_and_signed_with_an_identity_from_outside(
    world: tuple[Desk, Issuer],
) -> None:
    at_desk, issuer = world
    issuer.subject = "administrator-at-the-hospital"
    page = at_desk.signed_in(WHO, viewport=WIDE)

    at_desk.go(page, "/second-factors/")
    assert sound(page)
    page.click("text=Link Hospital sign-in")
    assert sound(page)
    page.click("main form.form button.button:not([form])")
    assert page.locator("#errors").count() == 1
    assert sound(page)
    page.fill("#f-password", at_desk.passwords[WHO])
    page.click("main form.form button.button:not([form])")
    page.wait_for_url("**/second-factors/")
    assert page.locator("text=Your identity is linked.").count() == 1
    assert sound(page)

    page.click("text=Sign out")
    assert page.locator("text=you may still be signed in").count() == 1
    assert sound(page)
    page.click("text=Sign in with Hospital sign-in")
    page.wait_for_selector(f".who >> text={WHO}")

    at_desk.go(page, "/access-review/identity/")
    page.fill("#f-reason", "typed before and still here")
    with page.context.expect_page() as opened:
        page.click("text=Confirm with Hospital sign-in")
    second = opened.value
    second.wait_for_selector("text=It is you")
    assert sound(second)
    second.close()
    assert page.input_value("#f-reason") == "typed before and still here"

    at_desk.go(page, "/access-review/")
    assert sound(page)
    page.click("main a.button")
    assert sound(page)
    with page.context.expect_page() as opened:
        page.click("text=Confirm with Hospital sign-in")
    opened.value.wait_for_selector("text=It is you")
    opened.value.close()
    page.click("main form[data-deliberate] button.button:not([form])")
    page.wait_for_url("**/access-review/")
    assert page.locator("text=The review is signed.").count() == 1
    page.context.close()


def test_refused_by_the_issuer_the_sign_in_page_says_so_and_takes_the_password(
    world: tuple[Desk, Issuer],
) -> None:
    at_desk, issuer = world
    issuer.subject = "nobody-here"
    page = at_desk.signed_in("", viewport=WIDE)
    at_desk.go(page, "/sign-in/")
    assert sound(page)
    page.click("text=Sign in with Hospital sign-in")
    page.wait_for_selector(".notice.bad")
    assert page.url.endswith("/sign-in/")
    assert sound(page)
    page.fill("#f-username", "monitor")
    page.fill("#f-password", at_desk.passwords["monitor"])
    page.click("main form button")
    page.wait_for_url(re.compile(r"/(?!sign-in)"))
    page.context.close()


def test_the_page_of_departure_leads_on_without_a_script_and_by_hand(
    world: tuple[Desk, Issuer],
) -> None:
    at_desk, issuer = world
    issuer.subject = "nobody-here"
    page = at_desk.signed_in("", viewport=WIDE, java_script_enabled=False)
    at_desk.go(page, "/sign-in/")
    with page.expect_request(lambda request: "/authorize?" in request.url) as asked:
        page.click("text=Sign in with Hospital sign-in")
    assert asked.value.headers.get("referer", "") == ""
    page.wait_for_selector(".notice.bad")
    page.context.close()

"""The reading pages in a real browser: by keyboard, on a phone, in the dark, in Chinese, for axe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.browsing import demo_passwords
from support.chromium import chromium, listened
from support.lived import lived_through
from support.web_home import new_home, served


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[dict[str, Any]]:
    """A served home with one participant in the sixth week, and a browser."""
    with chromium() as browser:
        path = tmp_path_factory.mktemp("home") / "home"
        home = new_home(path, seed=5)
        with home.trial().batch():
            person = lived_through(home.trial())
        home.close()
        passwords = demo_passwords(path)
        with served(Path(path)) as address:
            yield {
                "browser": browser,
                "address": f"http://{address}",
                "passwords": passwords,
                "participant": person.id,
            }


def signed_in(world: dict[str, Any], username: str, **options: Any) -> Any:
    """A page of this person, who signed in once."""
    options.setdefault("viewport", {"width": 1366, "height": 900})
    states = world.setdefault("sessions", {})
    if username not in states:
        context = world["browser"].new_context()
        page = context.new_page()
        page.goto(f"{world['address']}/sign-in/")
        page.fill("#f-username", username)
        page.fill("#f-password", world["passwords"][username])
        page.click("main button")
        page.wait_for_url(re.compile(r"/(?!sign-in)"))
        states[username] = context.storage_state()
        context.close()
    return world["browser"].new_context(storage_state=states[username], **options).new_page()


def test_a_day_is_read_by_keyboard_from_the_same_words_as_the_table(world):
    page = signed_in(world, "coordinator-nanning")
    errors = listened(page)
    page.goto(f"{world['address']}/participants/{world['participant']}/")
    reader = page.locator("[role=slider]").first
    reader.focus()
    said = reader.get_attribute("aria-valuetext")
    assert said.startswith("2027-01-27 Wed.")
    assert "Adverse events: Fatigue, 3 begins" in said
    page.keyboard.press("PageDown")
    assert reader.get_attribute("aria-valuetext").startswith("2027-01-20")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    said = reader.get_attribute("aria-valuetext")
    assert "Visits: Week 5 done" in said
    assert "WHO 1979: 3" in said
    assert page.locator("[data-reading]").first.text_content() == said
    page.keyboard.press("Home")
    assert reader.get_attribute("aria-valuenow") == "0"
    assert errors == []


def test_pointing_at_a_day_reads_it(world):
    page = signed_in(world, "coordinator-nanning")
    page.goto(f"{world['address']}/participants/{world['participant']}/")
    box = page.locator("[role=slider]").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 100)
    assert re.match(r"20\d\d-\d\d-\d\d", page.locator("[data-reading]").first.text_content())


@pytest.mark.parametrize("width", [1366, 390])
def test_the_participants_header_never_scrolls_away(world, width):
    page = signed_in(world, "coordinator-nanning", viewport={"width": width, "height": 800})
    page.goto(f"{world['address']}/participants/{world['participant']}/")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
    box = page.locator(".patient").bounding_box()
    assert abs(box["y"]) < 1
    assert box["height"] < 260


def test_the_clock_of_a_serious_event_counts_from_the_virtual_now(world):
    page = signed_in(world, "coordinator-nanning")
    page.goto(f"{world['address']}/safety/")
    assert re.search(
        r"2[34] h \d\d min left",
        page.locator("section[aria-labelledby=s-running] time[data-due]").first.text_content(),
    )


PAGES = (
    ("coordinator-nanning", "/participants/{participant}/"),
    ("coordinator-nanning", "/safety/"),
    ("coordinator-nanning", "/protocol/"),
    ("sponsor", "/trust/"),
    ("statistician", "/results/"),
    ("", "/record/"),
    ("", "/sign-in/"),
)


def opened(
    world: dict[str, Any], username: str, address: str, **options: Any
) -> tuple[Any, list[str]]:
    """The page, and what it complained of."""
    if username:
        page = signed_in(world, username, **options)
    else:
        page = world["browser"].new_context(**options).new_page()
    errors = listened(page)
    page.goto(world["address"] + address.format(**world))
    return page, errors


@pytest.mark.parametrize(("username", "address"), PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(world, username, address, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page, errors = opened(world, username, address, color_scheme=scheme)
    for details in page.locator("details").all():
        details.evaluate("one => { one.open = true }")
    found = Axe().run(page).response["violations"]
    serious = [
        (one["id"], one["nodes"][0]["html"][:160])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert errors == []


@pytest.mark.parametrize(("username", "address"), PAGES)
@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_on_a_phone_nothing_is_wider_than_the_screen(world, username, address, locale):
    page, errors = opened(
        world, username, address, viewport={"width": 390, "height": 800}, locale=locale
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.documentElement.lang") == ("en" if locale == "en" else "zh-Hans")
    assert errors == []


def test_on_a_phone_the_verdict_of_a_screening_stays_in_sight(world):
    page, errors = opened(
        world,
        "coordinator-nanning",
        "/participants/{participant}/screening/",
        viewport={"width": 390, "height": 800},
    )
    for place in ("0", "document.body.scrollHeight / 3"):
        page.evaluate(f"window.scrollTo(0, {place})")
        box = page.locator("#criteria [role=status]").bounding_box()
        assert 0 < box["y"] < 800
    assert errors == []


def test_the_card_is_for_paper_and_what_to_do_next_for_the_screen(world):
    page, _errors = opened(world, "coordinator-nanning", "/participants/{participant}/randomize/")
    card, steps = page.locator(".allocation .card"), page.locator("section.screen-only")
    assert (card.is_visible(), steps.is_visible()) == (False, True)
    page.emulate_media(media="print")
    assert (card.is_visible(), steps.is_visible()) == (True, False)
    assert not page.locator("nav.menu").is_visible()

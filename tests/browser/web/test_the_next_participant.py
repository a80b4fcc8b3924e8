"""A coordinator enrolls the next participant by hand, in English and in Chinese, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from equipoise.home import Home, RehearsalSettings
from equipoise.rehearsal import first_instant, play, replicate_of
from support.browsing import Desk, desk, watched
from support.story import SEED_PROTOCOL, screening_values, seed_protocol

pytestmark = pytest.mark.xdist_group("next-participant")  # one home, one server
WORDS = {
    "en": {
        "hemoglobin": "Hemoglobin", "met": "met", "not met": "not met",
        "eligible": "Eligible: every criterion is decided and lets the person in.",
        "not eligible": "Not eligible, because of",
        "saved": "is saved", "week 1": "Week 1",
    },
    "zh-CN": {
        "hemoglobin": "血红蛋白", "met": "符合", "not met": "不符合",
        "eligible": "符合入选：", "not eligible": "不符合入选，原因",
        "saved": "已保存", "week 1": "放疗第 1 周",
    },
}  # fmt: skip
BASELINE = {
    "mucositis_assessment": {
        "who_grade": "0", "rtog_grade": "0", "ctcae_om_grade": "0", "omas_ulceration": "0",
        "omas_erythema": "0", "photo_taken": "true",
    },
    "symptoms": {
        "weight": "62.0", "pain_nrs": "0", "opioid_use": "false", "diet_texture": "solid",
        "tube_feeding": "false",
    },
    "laboratory": screening_values()["laboratory"],
}  # fmt: skip


@pytest.fixture(scope="module")
def at_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A rehearsal stopped on the day on which six are randomized, served, and a browser."""
    path = tmp_path_factory.mktemp("home") / "home"
    replicate = replicate_of(seed_protocol(), 3, 0, {})
    start = first_instant(replicate).isoformat()
    settings = RehearsalSettings(seed=3, replicate=0, start=start, options={})
    home = Home.create(path, SEED_PROTOCOL, rehearsal=settings)
    play(home.trial(), replicate, randomized=6)
    home.close()
    with desk(path) as made:
        yield made


def virtual_day(page: Any) -> date:
    """The day that the band of the rehearsal names."""
    return date.fromisoformat(page.locator(".band time").get_attribute("datetime"))


def advance(page: Any, step: str) -> None:
    """Press a button of the band and wait for the day to have come."""
    day = virtual_day(page)
    with page.expect_navigation(timeout=60_000):
        page.click(f".band button[value={step}]")
    assert virtual_day(page) == day + timedelta(days={"day": 1, "week": 7}[step])


def enter(page: Any, prefix: str, values: dict[str, str]) -> None:
    """Type values into data fields, as a person would."""
    for item, value in values.items():
        name = f"v.{prefix}{item}"
        typed = {"yes": "true", "no": "false"}.get(value, value)
        radios = page.locator(f'input[type=radio][name="{name}"]')
        if radios.count():
            choice = radios.and_(page.locator(f'[value="{typed}"]'))
            (choice if choice.count() else radios.and_(page.locator(f'[value="{value}"]'))).check()
        else:
            page.fill(f'[name="{name}"]', value)


def press(page: Any, locator: str) -> None:
    """Press what leads to another page."""
    with page.expect_navigation():
        page.locator(locator).click()


def screening_of(day: date) -> dict[str, dict[str, str]]:
    """What the screening forms hold when radiotherapy begins eight days after this one."""
    return screening_values(
        rt_planned_start=str(day + timedelta(days=8)), rt_planned_end=str(day + timedelta(days=52))
    )


def hemoglobin_mark(page: Any, words: dict[str, str]) -> Any:
    """The mark of the criterion that rests on hemoglobin."""
    criterion = page.locator("#criteria li", has_text=re.compile("≥ ?90")).filter(
        has_text=words["hemoglobin"]
    )
    return criterion.locator(".mark").first


@pytest.mark.parametrize("locale", ["en", "zh-CN"])
def test_from_the_screening_log_to_what_is_due_a_week_later(at_desk: Desk, locale: str) -> None:
    from playwright.sync_api import expect

    words = WORDS[locale]
    site = {"en": "nanning", "zh-CN": "liuzhou"}[locale]
    page = at_desk.signed_in(f"coordinator-{site}", locale=locale)
    wrong = watched(page, at_desk.address)

    # the screening log
    at_desk.go(page, "/today/")
    assert (
        page.evaluate("document.documentElement.lang") == {"en": "en", "zh-CN": "zh-Hans"}[locale]
    )
    day = virtual_day(page)
    press(page, 'main a[href="/screening/new/"]')
    page.fill("#f-identity-person_name", "虚拟受试者 Virtual Participant")
    press(page, "main form button")
    number = re.search(r"/participants/(\d+-\d+)/consent/", page.url)[1]

    # consent
    page.locator("input[name=version]").last.check()
    page.locator("input[name=given][value=yes]").check()
    press(page, "main form button")
    assert page.url.endswith(f"/participants/{number}/screening/")

    # criteria decide themselves while values are typed, and nothing is saved by that
    decided = page.locator("#criteria .mark.good")
    before = decided.count()
    assert before < 3
    forms = screening_of(day)
    low = {**forms["laboratory"], "hemoglobin": "60"}
    enter(page, "screening.demography.", forms["demography"])
    enter(page, "screening.laboratory.", low)
    expect(hemoglobin_mark(page, words)).to_have_text(words["not met"])
    expect(page.locator("#criteria .answer")).to_contain_text(words["not eligible"])
    enter(page, "screening.laboratory.", {"hemoglobin": "132"})
    expect(hemoglobin_mark(page, words)).to_have_text(words["met"])
    for form, values in forms.items():
        enter(page, f"screening.{form}.", values)
    protocol = seed_protocol()
    for criterion in protocol.eligibility.criteria:
        if criterion.judgement:
            answer = "yes" if criterion.kind == "inclusion" else "no"
            page.locator(f'input[name="judge.{criterion.id}"][value={answer}]').check()
    expect(decided).to_have_count(len(protocol.eligibility.criteria))
    expect(page.locator("#criteria .answer")).to_contain_text(words["eligible"])
    aside = at_desk.signed_in(f"coordinator-{site}", locale=locale)
    at_desk.go(aside, f"/participants/{number}/screening/")
    assert aside.locator("#criteria .mark.good").count() == before
    press(page, "button[name=then][value=decide]")
    assert page.locator("#errors, #refusal").count() == 0

    # the investigator signs, with the password
    investigator = at_desk.signed_in(f"investigator-{site}", locale=locale)
    wrong_there = watched(investigator, at_desk.address)
    at_desk.go(investigator, f"/participants/{number}/eligibility/sign/")
    investigator.fill("#f-password", at_desk.passwords[f"investigator-{site}"])
    press(investigator, "main form button")
    assert investigator.url.endswith(f"/participants/{number}/randomize/")
    assert wrong_there == []

    # randomize: two pages stand open, both are pressed, one of them twice
    at_desk.go(page, "/randomize/")
    press(page, f'main a[href="/participants/{number}/randomize/"]')
    at_desk.go(aside, f"/participants/{number}/randomize/")
    with page.expect_navigation():
        page.locator("main form button").dblclick()
    allocated = page.locator(".allocation").inner_text()
    press(aside, "main form button")
    assert aside.locator(".allocation").inner_text() == allocated
    assert re.search(r"\d", allocated)
    page.reload()
    assert page.locator(".allocation").inner_text() == allocated

    # the first visit, on the last day of its window
    for _ in range(3):
        advance(page, "day")
    at_desk.go(page, "/today/")
    press(page, f'main a[href="/participants/{number}/visits/baseline/"]')
    for form, values in BASELINE.items():
        assert f"/forms/baseline/{form}/" in page.url
        enter(page, "", values)
        press(page, "main form.form button")
        expect(page.locator(".notice.good").first).to_contain_text(words["saved"])
    assert page.url.endswith(f"/participants/{number}/")

    # a week later: the visit of the first week of radiotherapy may be made; two days on it is due
    advance(page, "week")
    at_desk.go(page, "/today/")
    row = page.locator("#window tr", has=page.locator(f'a[href="/participants/{number}/"]'))
    expect(row.filter(has_text=words["week 1"])).to_have_count(1)
    advance(page, "day")
    advance(page, "day")
    row = page.locator("#due tr", has=page.locator(f'a[href="/participants/{number}/"]'))
    due = row.filter(has_text=words["week 1"])
    expect(due).to_have_count(1)
    with page.expect_navigation():
        due.locator("td.act a").click()
    assert f"/participants/{number}/forms/w1/" in page.url
    assert page.locator("main form.form button").count() == 1
    assert wrong == []

"""axe finds no serious violation on any page: empty, filled, with errors, refused; on a desk and a phone."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.home.home import ADMINISTRATOR
from equipoise.web.access import PAGES, may_open
from support.browsing import Desk, demo_passwords, desk, watched
from support.lived import lived_through
from support.overseen import oversee, trial_text_address
from support.story import SITE_ROLES, SITES, expect, seed_protocol
from support.web_home import new_home, participant_at, served

TWO_ROLES = "two-roles-nanning"
UNREFUSED = {
    "sign_access_review", "choose_role", "randomize", "rehearsal", "unblind_trial", "adopt_protocol",
    "acknowledge_visit", "open_signal", "open_site", "code_term", "recode", "retire_synonym", "link_identity",
    "unlink_identity", "issuer_again",
}  # fmt: skip
"""Pages whose buttons cannot be pressed wrongly, or that ask nothing in this trial."""
pytestmark = pytest.mark.xdist_group("axe")  # one home, one server
PHONE = {"width": 390, "height": 800}
WIDE = {"width": 1366, "height": 900}
ROLES = (
    "investigator", "coordinator", "pharmacist", "monitor", "dsmb", "sponsor", "statistician",
    "administrator",
)  # fmt: skip
"""In the order of how much they see on a page."""

AXE_RUN = """async () => {
  document.querySelectorAll("details").forEach(one => { one.open = true });
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations
    .filter(one => one.impact === "serious" || one.impact === "critical")
    .map(one => [one.id, one.nodes[0].html.slice(0, 200)]);
}"""


@dataclass(frozen=True)
class Numbers:
    """Who is where: participants of Nanning as far as their names say. Nobody is at Yulin."""

    screened: str
    consented: str
    assessed: str
    signed: str
    randomized: str
    lived: str
    clock: str
    """A reporting clock of the third event of who has lived through radiotherapy."""
    version: str
    text: str
    """The place of a text of theirs that can be redacted."""
    of_site: str
    """The address at which a text of the site is redacted."""


@pytest.fixture(scope="module")
def axe() -> str:
    """The source of axe."""
    import axe_playwright_python

    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Numbers]]:
    """A served home with participants in every state at one site, none at another."""
    path = tmp_path_factory.mktemp("home") / "home"
    home = new_home(path, seed=5)
    trial = home.trial()
    with trial.batch():
        lived = lived_through(trial)
        people = {
            step: participant_at(trial, step)
            for step in ("screened", "consented", "assessed", "signed")
        }
        randomized = participant_at(trial, "randomized")
        asked = c.RaiseQuery(
            participant=lived.id, address=Address("baseline", "laboratory"), item="hemoglobin",
            text="Please check.",
        )  # fmt: skip
        expect(lived.do(asked))
        for role in ("coordinator", "investigator"):
            grant = c.GrantRole(person=TWO_ROLES, role=role, site="01")
            expect(trial.do(grant, ADMINISTRATOR))
        log = c.LogDeviation(
            participant=lived.id, kind="other", severity="minor", text="late",
            occurred_on=lived.at.date(),
        )  # fmt: skip
        expect(lived.do(log))
        oversee(trial, standing=True)
        texts = [
            one for one in trial.sealed_values(lived.id) if one.own and one.single and one.text
        ]
        ask = c.RequestRedaction(
            participant=lived.id, value=texts[0].place, reason="names somebody else"
        )
        expect(lived.do(ask))
        until = trial.today("01") + timedelta(days=90)
        issue = c.IssueToken(token=TOKEN, person="monitor", role="monitor", until=until)
        expect(trial.do(issue, ADMINISTRATOR))
    clock = lived.state.adverse_events[3].clocks[0].clock
    of_site = trial_text_address(trial, PAGES["redact_trial_text"].path)
    home.close()
    with desk(path) as made:
        invite(path)
        yield (
            made,
            Numbers(
                **{step: person.id for step, person in people.items()},
                randomized=randomized.id,
                lived=lived.id,
                clock=clock,
                version=str(texts[-1].version),
                text=texts[-1].name,
                of_site=of_site,
            ),
        )


TOKEN = "invitation-for-axe"


def invite(path: Path) -> None:
    """An invitation that is open: the row that `equipoise account` would write."""
    with closing(sqlite3.connect(path / "web.sqlite", timeout=10)) as database, database:
        database.execute(
            "INSERT INTO web_invitation (account_id, digest, expires_at)"
            " SELECT min(id), ?, '2099-01-01 00:00:00' FROM web_account",
            [hashlib.sha256(TOKEN.encode()).hexdigest()],
        )


def opener(page: str) -> str:
    """Who opens a page in this test: somebody who may write there, else who may read."""
    row = PAGES[page]
    if page == "choose_role":
        return TWO_ROLES
    if page == "issuer_again":
        return "administrator"  # a visitor is led to the sign-in, whose page is looked at by its own name
    if row.everyone and not row.rights:
        return ""
    for method in ("POST", "GET"):
        for role in ROLES:
            if method in row.methods and may_open(page, role, method):
                return f"{role}-{SITES['01']}" if role in SITE_ROLES else role
    raise AssertionError(f"nobody opens {page}")


def addresses(page: str, numbers: Numbers) -> list[str]:
    """Addresses of a page: of every form and diary, of participants in the states it is made for."""
    protocol = seed_protocol()
    path = "/" + (numbers.of_site if page == "redact_trial_text" else PAGES[page].path)
    people = {
        "consent": [numbers.screened, numbers.lived],
        "screening": [numbers.consented, numbers.lived],
        "sign_eligibility": [numbers.assessed, numbers.consented, numbers.signed],
        "fail_screening": [numbers.consented],
        "randomize": [numbers.consented, numbers.signed, numbers.lived],
        "participant": [numbers.screened, numbers.randomized, numbers.lived],
    }.get(page, [numbers.lived])
    made = [path.replace("<str:participant>", number) for number in people]
    if "<slug:form>" in path and page == "form":
        seen = {}
        for visit in protocol.schedule.visits:
            for form in visit.forms:
                seen.setdefault(form, visit.id)
        places = [(visit, form) for form, visit in seen.items()]
        places += [("log", form) for form in protocol.schedule.log_forms]
        made = [
            one.replace("<slug:visit>", visit).replace("<slug:form>", form)
            for one in made
            for visit, form in places
        ]
    rest = {
        "<slug:visit>": "baseline", "<slug:form>": "laboratory", "<str:repeat>": "1",
        "<int:number>": "3" if "report" in path else "1", "<int:finding>": "1", "<str:statistic>": "rate.missed_visits", "<slug:clock>": numbers.clock,
        "<slug:diary>": protocol.schedule.diaries[0].id, "<str:day>": "2026-12-16",
        "<slug:intervention>": protocol.supply[0].intervention, "<slug:site>": "01",
        "<str:target>": "ae~1", "<int:version>": numbers.version, "<slug:name>": numbers.text,
        "<slug:token>": TOKEN, "<slug:digest>": "0", "<slug:factor>": "app", "<slug:file>": "html",
    }  # fmt: skip
    if page == "miss_visit":
        rest["<slug:visit>"] = "w6"
    for name, value in rest.items():
        made = [one.replace(name, value) for one in made]
    return made


def violations(page: Any, axe: str, *sizes: dict[str, int]) -> list[Any]:
    """What axe holds against the page, on a desk and on a phone."""
    page.evaluate(axe)
    found = []
    for size in sizes:
        page.set_viewport_size(size)
        found += [(size["width"], *one) for one in page.evaluate(AXE_RUN)]
    return found


def spoil(page: Any) -> bool:
    """Fill the page's form so that it is refused, and send it; False where the page has none."""
    form = page.locator("main form[method=post].form, main form[data-deliberate]").first
    if not form.count() or not form.locator("button").count():
        return False
    page.set_viewport_size(WIDE)
    for field in form.locator("input:not([type]), input[type=password], textarea").all():
        if field.is_visible() and field.is_editable():
            number = field.get_attribute("inputmode") == "decimal"
            required = field.get_attribute("required") is not None
            never = required or _is_date(field) or field.get_attribute("name") == "previous"
            field.fill("1e400" if number else "never" if never else "")
    with page.expect_navigation():
        form.locator("button").first.click()
    return page.locator("#errors, #refusal").count() > 0


def _is_date(field: Any) -> bool:
    return field.get_attribute("maxlength") == "10"


NOT_HTML = {"health", "trail_csv", "board_open", "board_closed", "analysis_plan_file"}
"""Answers for programs, of which Chromium makes a page of its own, and files it saves."""
GETS = [name for name, page in PAGES.items() if "GET" in page.methods and name not in NOT_HTML]


@pytest.mark.parametrize("name", GETS)
def test_axe_finds_no_serious_violation_on_any_page(
    world: tuple[Desk, Numbers], axe: str, name: str
) -> None:
    at_desk, numbers = world
    page = at_desk.signed_in(opener(name))
    wrong = watched(page, at_desk.address)
    refused = False
    for number, address in enumerate(addresses(name, numbers)):
        answer = at_desk.go(page, address)
        assert answer.status == 200, address
        # forms differ only in their fields, so a few stand for all on the phone
        sizes = (WIDE, PHONE) if number == 0 or name != "form" else (WIDE,)
        assert violations(page, axe, *sizes) == [], address
        assert wrong == []
        if number == 0 and "POST" in PAGES[name].methods:
            refused = spoil(page)
            assert violations(page, axe, WIDE, PHONE) == [], f"{address}, sent with errors"
            # Chromium notes on the console that the answer was a refusal
            wrong[:] = [
                one for one in wrong if "the server responded with a status of 4" not in one
            ]
    assert refused == ("POST" in PAGES[name].methods and name not in UNREFUSED)
    assert wrong == []
    page.context.close()


def test_axe_finds_nothing_where_an_access_review_is_signed(
    world: tuple[Desk, Numbers], axe: str
) -> None:
    at_desk, _numbers = world
    page = at_desk.signed_in("administrator")
    at_desk.go(page, "/access-review/")
    with page.expect_navigation():
        page.locator("main a.button").click()
    assert page.locator("#f-password").count() == 1
    assert violations(page, axe, WIDE, PHONE) == []
    assert spoil(page)
    assert violations(page, axe, WIDE, PHONE) == []
    page.context.close()


def test_axe_finds_nothing_where_a_second_factor_is_set_up_and_asked_for(
    world: tuple[Desk, Numbers], axe: str
) -> None:
    at_desk, _numbers = world
    who = "pharmacist-yulin"
    page = at_desk.signed_in(who)
    for address in ("/second-factors/", "/second-factors/app/"):
        at_desk.go(page, address)
        assert violations(page, axe, WIDE, PHONE) == [], address
    assert spoil(page)
    assert violations(page, axe, WIDE, PHONE) == []
    secret = page.locator("main li code").inner_text().replace(" ", "")
    page.fill("#f-new_code", pyotp.TOTP(secret).now())
    page.fill("#f-password", at_desk.passwords[who])
    page.click("main form.form button")
    page.wait_for_selector(".codes")
    assert violations(page, axe, WIDE, PHONE) == []
    for address in ("/second-factors/", "/second-factors/codes/", "/second-factors/app/remove/"):
        at_desk.go(page, address)
        assert violations(page, axe, WIDE, PHONE) == [], address
    page.context.clear_cookies()
    at_desk.go(page, "/sign-in/")
    page.fill("#f-username", who)
    page.fill("#f-password", at_desk.passwords[who])
    page.click("main button")
    page.wait_for_url("**/sign-in/second/")
    assert violations(page, axe, WIDE, PHONE) == []
    page.click("main button")
    assert page.locator("#errors").count() == 1
    assert violations(page, axe, WIDE, PHONE) == []
    del at_desk.sessions[who]
    page.context.close()


def test_axe_finds_nothing_where_several_queries_are_closed_at_once(
    world: tuple[Desk, Numbers], axe: str
) -> None:
    at_desk, _numbers = world
    page = at_desk.signed_in("monitor")
    at_desk.go(page, "/queries/")
    page.check("input[data-all=q]")
    chosen = page.locator("tbody input[name=q]:checked").count()
    assert chosen == page.locator("tbody input[name=q]").count() > 0
    with page.expect_navigation():
        page.click("main form[method=post] button")
    assert page.locator("tbody .mark.good").count() == chosen
    assert violations(page, axe, WIDE, PHONE) == []
    at_desk.go(page, "/queries/?status=closed")
    assert violations(page, axe, WIDE, PHONE) == []
    page.context.close()


@pytest.mark.parametrize("address", ["today", "participants", "randomize", "safety", "queries"])
def test_axe_finds_nothing_on_lists_without_anybody(
    world: tuple[Desk, Numbers], axe: str, address: str
) -> None:
    at_desk, _numbers = world
    page = at_desk.signed_in("coordinator-yulin")
    at_desk.go(page, f"/{address}/")
    assert page.locator("main .empty").count() > 0
    assert violations(page, axe, WIDE, PHONE) == []
    page.context.close()


@pytest.mark.parametrize("address", ["/participants/01-0001/supply/none/", "/no/such/page/"])
def test_axe_finds_nothing_on_pages_that_refuse(
    world: tuple[Desk, Numbers], axe: str, address: str
) -> None:
    at_desk, _numbers = world
    page = at_desk.signed_in("coordinator-yulin")
    assert at_desk.go(page, address).status == 404
    assert violations(page, axe, WIDE, PHONE) == []
    assert at_desk.go(page, "/results/").status == 403
    assert violations(page, axe, WIDE, PHONE) == []
    page.context.close()


def test_axe_finds_nothing_before_anybody_takes_part(
    tmp_path: Path, axe: str, world: tuple[Desk, Numbers]
) -> None:
    path = tmp_path / "home"
    new_home(path, seed=6).close()
    passwords = demo_passwords(path)
    with served(path) as address:
        empty = Desk(world[0].browser, f"http://{address}", passwords)
        page = empty.signed_in("statistician")
        for place in ("/results/", "/record/", "/protocol/", "/trust/"):
            assert empty.go(page, place).status == 200
            assert violations(page, axe, WIDE) == [], place
        page.context.close()

"""Scripts in every text of a protocol and in everything anybody types: none runs in Chromium.

The first trial's protocol with markup in every text of both languages, lived through by participants whose
names, answers and reasons are markup too. Every page is opened by somebody who may; a dialog, an error of
the content policy, an element that the markup made, or a request to another host is a failure. The report is a file
without a server's policy: there nothing but escaping stands between the text and the reader.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from equipoise.web.access import PAGES
from support.browsing import Desk, desk, watched
from support.story import (
    SITE_ROLES,
    SITES,
    START,
    Person,
    expect,
    open_trial,
    screening_values,
    seed_protocol,
)  # fmt: skip

pytestmark = pytest.mark.xdist_group("scripts")
SCRIPTS = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "</title></textarea><svg onload=alert(3)>",
    "'-alert(4)-'", "{{constructor.constructor('alert(5)')()}}", "<a href='javascript:alert(6)' id=xss>x</a>",
    "</script><script>alert(7)</script>", "]]><script xmlns='http://www.w3.org/1999/xhtml'>alert(8)</script>",
    "<div hx-get='/trust/' hx-trigger='load' id=xss></div>", "<style id=xss>*{display:none}</style>",
)  # fmt: skip
MADE = "#xss, [onerror], [onload], img[src=x], a[href^='javascript:'], main script, svg script"
"""Elements that only markup that came through can have made."""


def spoiled(node: Any, number: list[int]) -> Any:
    """The document with a script after every text that people read."""
    if isinstance(node, dict):
        if "en" in node and set(node) <= {"en", "zh-Hans"}:
            number[0] += 1
            script = SCRIPTS[number[0] % len(SCRIPTS)]
            return {language: f"{text} {script}" for language, text in node.items()}
        return {name: spoiled(value, number) for name, value in node.items()}
    return [spoiled(one, number) for one in node] if isinstance(node, list) else node


@dataclass
class World:
    """A served home full of markup, and who is in it."""

    at: Desk
    home: Path
    participant: str
    screened: str


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The home, lived through and served."""
    folder = tmp_path_factory.mktemp("scripts")
    document = seed_protocol().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    file = folder / "protocol.yaml"
    count = [0]
    file.write_text(json.dumps(spoiled(document, count), ensure_ascii=False), encoding="utf-8")
    assert count[0] > 300
    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    home = Home.create(folder / "home", file, rehearsal=settings)
    trial = home.trial()
    with trial.batch():
        open_trial(trial)
        participant, screened = _lived(trial)
    home.close()
    with desk(folder / "home") as made:
        yield World(made, folder / "home", participant, screened)


def _lived(trial: Any) -> tuple[str, str]:
    """A participant about whom everything that can be typed is markup; and one who is being screened."""
    script = "".join(SCRIPTS[:4])
    person = Person(trial).screen(person_name=script[:200]).consent()
    texts = {one.id for one in trial.protocol.items if one.type == "text"}
    for form, values in screening_values().items():
        more = {
            entry.item: script[:150] for entry in trial.protocol.form_by_id[form].items
            if entry.item in texts and entry.ask_when is None
        }  # fmt: skip
        expect(person.save("screening", form, **values, **more))
    expect(person.assess())
    person.sign().randomize()
    address = Address("screening", "laboratory")
    for text in SCRIPTS:
        asked = c.RaiseQuery(participant=person.id, address=address, item="hemoglobin", text=text)
        number = expect(person.do(asked)).answer["queries"][0]
        expect(person.do(c.AnswerQuery(participant=person.id, query=number, text=text)))
    day = person.at.date()
    for text in SCRIPTS:
        event = c.ReportAdverseEvent(
            participant=person.id, term=text[:200], grade=3, started_on=day, narrative=text,
            seriousness=("hospitalization",),
        )  # fmt: skip
        expect(person.do(event))
        deviation = c.LogDeviation(
            participant=person.id, kind="other", severity="minor", text=text, occurred_on=day
        )
        expect(person.do(deviation))
    changed = person.save("screening", "laboratory", reason=script, hemoglobin="131")
    expect(changed)
    sent = c.SubmitSafetyReport(
        participant=person.id, number=1, clock=person.state.adverse_events[1].clocks[0].clock,
        sent_to=script[:250],
    )  # fmt: skip
    expect(person.do(sent, person.investigator))
    unblind = c.UnblindParticipant(participant=person.id, kind="emergency", reason=script)
    person.do(unblind, person.investigator)
    expect(trial.do(c.GrantRole(person=SCRIPTS[0], role="monitor"), ADMINISTRATOR, at=person.at))
    until = trial.today("01").replace(year=trial.today("01").year + 1)
    issue = c.IssueToken(token="script", person=SCRIPTS[0], role="monitor", until=until)
    expect(trial.do(issue, ADMINISTRATOR, at=person.at))
    refused = Person(trial).screen(person_name=script[:200])
    return person.id, refused.id


def opener(name: str) -> str:
    """Somebody who may open the page."""
    row = PAGES[name]
    if not row.rights:
        return ""
    roles = sorted(row.rights, key=lambda role: not row.rights[role].endswith(":write"))
    return f"{roles[0]}-{SITES['01']}" if roles[0] in SITE_ROLES else roles[0]


def address_of(name: str, world: World) -> str:
    """An address of the page about who is full of markup."""
    protocol = seed_protocol()
    early = name in ("consent", "screening", "fail_screening")
    parts = {
        "<str:participant>": world.screened if early else world.participant,
        "<slug:visit>": "screening", "<slug:form>": "laboratory", "<str:repeat>": "1",
        "<int:number>": "2", "<slug:diary>": protocol.schedule.diaries[0].id, "<str:day>": "2026-12-16",
        "<slug:intervention>": protocol.supply[0].intervention, "<slug:site>": "01",
        "<slug:token>": "script", "<int:finding>": "1", "<str:statistic>": "rate.adverse_events", "<slug:digest>": "0", "<slug:clock>": protocol.safety.clocks[0].id,
    }  # fmt: skip
    path = "/" + PAGES[name].path
    for part, value in parts.items():
        path = path.replace(part, value)
    return path


def listening(page: Any, address: str) -> list[str]:
    """What a script would do that ran: errors, policies, other hosts, and dialogs."""
    wrong = watched(page, address)

    def asked(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("dialog", asked)
    return wrong


def held(wrong: list[str]) -> list[str]:
    """What counts: a page that is not there or forbidden is said on the console too."""
    return [one for one in wrong if "the server responded with a status of 4" not in one]


LANGUAGES = ("en", "zh-hans") if os.environ.get("EQUIPOISE_DEEP") else ("en",)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_runs_a_script_that_stands_in_a_text(world: World, language: str) -> None:
    opened = 0
    for name, row in PAGES.items():
        if "GET" not in row.methods or name in (
            "trail_csv",
            "board_open",
            "board_closed",
            "analysis_plan_file",
        ):  # a file is saved, and not shown
            continue
        page = world.at.signed_in(opener(name))
        page.context.add_cookies(
            [{"name": "equipoise_language", "value": language, "url": world.at.address}]
        )
        wrong = listening(page, world.at.address)
        answer = world.at.go(page, address_of(name, world))
        assert answer.status < 500, name
        opened += answer.status == 200
        for one in page.locator("details").all():
            one.evaluate("one => { one.open = true }")
        assert page.locator(MADE).count() == 0, (name, page.locator(MADE).first.inner_html())
        assert held(wrong) == [], name
        page.context.close()
    assert opened > 40


def test_the_markup_is_on_the_pages_as_text(world: World) -> None:
    """Otherwise that it did not run would say nothing."""
    page = world.at.signed_in("coordinator-nanning")
    world.at.go(page, f"/participants/{world.participant}/")
    shown = page.content()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    world.at.go(page, f"/participants/{world.participant}/queries/1/")
    assert "<script>alert(1)</script>" in page.locator("main").inner_text()
    page.context.close()


@pytest.mark.parametrize("kind", ["trial", "participants"])
def test_json_opened_in_a_browser_is_no_page(world: World, kind: str) -> None:
    """The interface's answers are JSON for a browser too: its type is told and not guessed."""
    page = world.at.signed_in("")
    wrong = listening(page, world.at.address)
    answer = world.at.go(page, f"/api/v1/{kind}?<script>alert(1)</script>")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "json" in answer.headers["content-type"]
    assert held(wrong) == []
    page.context.close()


def test_the_reports_files_run_nothing_without_a_policy(world: World, tmp_path: Path) -> None:
    """HTML and SVG opened from the disk; CSV cells begin no formula."""
    from equipoise.cli import main

    out = tmp_path / "report"
    made = CliRunner().invoke(main, ["report", "--home", str(world.home), "--out", str(out)])
    assert made.exit_code == 0, made.output
    files = sorted(one for one in out.rglob("*") if one.suffix in (".html", ".svg"))
    assert files
    for file in files:
        page = world.at.browser.new_page()
        wrong = listening(page, "")
        page.goto(file.as_uri())
        made_up = MADE.replace("main script, ", "")
        assert page.locator(made_up).count() == 0, file.name
        assert [one for one in wrong if not one.startswith("request to file:")] == [], file.name
        page.close()
    texts = [one.read_text(encoding="utf-8") for one in out.rglob("*.csv")]
    assert not any(line.startswith(("=", "@", "+")) for text in texts for line in text.splitlines())


def test_the_public_record_as_a_file_runs_nothing(world: World, tmp_path: Path) -> None:
    """`equipoise page` writes HTML that may stand on any server."""
    from equipoise.cli import main

    protocol = next(world.home.rglob("protocol*.yaml"))
    for language in ("en", "zh-Hans"):
        told = CliRunner().invoke(main, ["page", str(protocol), "--lang", language])
        assert told.exit_code == 0, told.output
        file = tmp_path / f"record-{language}.html"
        file.write_text(told.stdout, encoding="utf-8")
        page = world.at.browser.new_page()
        wrong = listening(page, "")
        page.goto(file.as_uri())
        assert "<script>alert(1)</script>" in page.locator("body").inner_text()
        assert page.locator(MADE.replace("main script, ", "")).count() == 0
        assert [one for one in wrong if one.startswith(("dialog", "script"))] == []
        page.close()

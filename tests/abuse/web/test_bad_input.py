"""Whatever is typed into any form of either trial: refused by name, nothing lost, nothing recorded.

Forms, items and bad values are generated from the protocol, and fields are read off the pages.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.values import Actor, Address
from equipoise.home import Home, RehearsalSettings
from equipoise.protocol.document import Item, Protocol
from equipoise.rehearsal import first_instant, play, replicate_of
from support.page_forms import PageField, as_sent, own_form
from support.played import SECOND_PROTOCOL
from support.story import SEED_PROTOCOL, expect
from support.web_home import stage

pytestmark = pytest.mark.xdist_group("bad-input")  # one home of each trial, made once
SCRIPT = "<script>alert('1')</script>"
HUGE = "9" * 1_000_000
UNREADABLE = b"abc%FF%FEdef"
"""Bytes that are no UTF-8, as a broken client would send them."""
FORM_TYPE = "application/x-www-form-urlencoded"


@dataclass
class World:
    """A served rehearsal of a trial in which a few are randomized and one is being screened."""

    home: Home
    screening: str
    randomized: str
    clients: dict[str, Any]

    @property
    def protocol(self) -> Protocol:
        return self.home.protocol

    def head(self) -> str:
        """The ledger's last hash: the same while nothing was recorded."""
        return str(self.home.trial().ledger.head().hash)

    def post(self, role: str, address: str, body: bytes) -> Any:
        return self.clients[role].post(address, body, content_type=FORM_TYPE)


def _world(path: Path, protocol_file: Path) -> World:
    from equipoise.protocol.reading import load_protocol

    replicate = replicate_of(load_protocol(protocol_file), 5, 0, {})
    start = first_instant(replicate).isoformat()
    home = Home.create(
        path,
        protocol_file,
        rehearsal=RehearsalSettings(seed=5, replicate=0, start=start, options={}),
    )
    trial = home.trial()
    play(trial, replicate, randomized=4)
    state = next(
        one
        for one in (trial.participant(str(row["id"])) for row in trial.ledger.rows("participant"))
        if one.randomized is not None and one.status == "randomized"
    )
    site = state.site
    staff = {
        role: next(
            name for name, held, at in sorted(trial.state.grants) if (held, at) == (role, site)
        )
        for role in ("coordinator", "investigator", "pharmacist")
    }
    actor = Actor(staff["coordinator"], "coordinator", site)
    screened = expect(trial.do(c.ScreenParticipant(site=site), actor)).answer["participant"]
    expect(
        trial.do(
            c.RecordConsent(
                participant=screened, version=trial.protocol.consents[-1].version,
                signed_on=trial.today(site),
            ),
            actor,
        )
    )  # fmt: skip
    term = trial.protocol.safety.terms[0].id
    serious = c.ReportAdverseEvent(
        participant=state.id, term=term, grade=3, started_on=trial.today(site),
        seriousness=("hospitalization",), causality={}, outcome="unknown",
    )  # fmt: skip
    expect(trial.do(serious, actor))
    held = next(iter(state.forms))
    asked = c.RaiseQuery(participant=state.id, address=held, item="", text="Please check.")
    expect(trial.do(asked, actor))
    return World(home, screened, state.id, _clients(home, staff, site))


def _clients(home: Home, staff: dict[str, str], site: str) -> dict[str, Any]:
    from equipoise.web import configure

    configure(home)
    from django.test import Client

    from equipoise.web.accounts import create_demo_accounts
    from equipoise.web.models import Account

    create_demo_accounts(home)
    clients = {}
    for role, username in staff.items():
        client = Client(SERVER_NAME="localhost")
        client.force_login(
            Account.objects.get(username=username),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        session = client.session
        session["role"], session["site"] = role, site
        session.save()
        clients[role] = client
    return clients


@pytest.fixture(
    scope="module", params=[SEED_PROTOCOL, SECOND_PROTOCOL], ids=lambda p: p.parent.name
)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """Each trial in turn; afterwards this process serves its usual home again."""
    usual = stage().home
    from equipoise.web import configure

    yield _world(tmp_path_factory.mktemp("home") / "home", request.param)
    configure(usual)


# -- the pages with a form ------------------------------------------------------------------------


def pages_of(world: World) -> list[tuple[str, str]]:
    """Role and address of every page that takes something typed."""
    protocol = world.protocol
    one, other = f"/participants/{world.screening}/", f"/participants/{world.randomized}/"
    trial = world.home.trial()
    state = trial.participant(world.randomized)
    held = next(iter(state.forms))
    place = f"{other}forms/{held.visit}/{held.form}/{held.repeat}/"
    number, event = next((n, e) for n, e in state.adverse_events.items() if e.clocks)
    query = next(n for n, q in state.queries.items() if q.status == "open")
    missable = next(
        visit for visit in protocol.schedule.visits
        if visit.phase != "screening" and Address(visit.id, visit.forms[0]) not in state.forms
    )  # fmt: skip
    pages = [
        ("coordinator", "/screening/new/"),
        ("coordinator", one + "screening/"),
        ("coordinator", one + "consent/"),
        ("coordinator", one + "screening/fail/"),
        ("investigator", one + "eligibility/sign/"),
        ("investigator", place + "sign/"),
        ("coordinator", place + "move/"),
        ("coordinator", place + "query/"),
        ("coordinator", f"{other}queries/{query}/"),
        ("coordinator", f"{other}visits/{missable.id}/missed/"),
        ("coordinator", other + "adverse-events/new/"),
        ("coordinator", f"{other}adverse-events/{number}/"),
        ("investigator", f"{other}adverse-events/{number}/report/{event.clocks[0].clock}/"),
        ("coordinator", other + "deviations/new/"),
        ("coordinator", other + "withdraw/"),
        ("coordinator", other + "transfer/"),
        ("coordinator", other + "complete/"),
    ]
    pages += [("pharmacist", f"{other}supply/{one.intervention}/") for one in protocol.supply]
    diaries = {diary.form for diary in protocol.schedule.diaries}
    for form in protocol.forms:
        if form.id not in diaries:
            visit = "log" if form.log else "unscheduled"
            pages.append(("coordinator", f"{other}forms/{visit}/{form.id}/77/"))
    for diary in protocol.schedule.diaries:
        pages.append(("coordinator", f"{other}diary/{diary.id}/{trial.today(state.site)}/"))
    return pages


def opened(world: World, role: str, address: str) -> dict[str, PageField]:
    """The page's own form."""
    answer = world.clients[role].get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    form = own_form(answer.content.decode())
    assert form is not None, address
    return form


def item_of(world: World, name: str) -> Item | None:
    """The item behind a data field."""
    return world.protocol.item_by_id.get(name.rpartition(".")[2]) if name.startswith("v.") else None


NEVER_A_CHOICE = ["maybe", SCRIPT, "9" * 300, "-1", "a\x01b"]


def bad_values(item: Item) -> list[str]:
    """What no item of this type may hold."""
    if item.type in ("integer", "decimal"):
        return ["1e400", "12 parsec", "NaN", SCRIPT, "5\x01", "-1e9", "9" * 300, "five"]
    if item.type in ("date", "partial_date"):
        return ["2026-02-30", "31/12/2026", "2026-13", "-1", SCRIPT, "2026-01-01\x01", "9" * 300]
    if item.type == "time":
        return ["25:00", "8.30", "-1:00", SCRIPT, "08:30\x01", "9" * 300]
    if item.type in ("boolean", "code"):
        return NEVER_A_CHOICE
    return ["x" * (max(item.max_length, 200) + 1), "a\x01b", "a\x7fb"]


def bad_answers(one: PageField) -> list[str]:
    """What no field of a sheet may hold: by its kind."""
    if one.kind in ("radio", "checkbox"):
        return NEVER_A_CHOICE
    return ["a\x01b", "a\x00b", "x" * 4001]


def error_beside(body: str, one: PageField) -> bool:
    """Whether the field has an error beside it and the list on top leads to the field."""
    return f'id="{one.id}-error"' in body and f'href="#{html.escape(one.id)}"' in body


def still_typed(body: str, one: PageField, typed: str) -> bool:
    """Whether what was typed stands in the field again."""
    after = own_form(body)
    assert after is not None
    values = after[one.name].values
    if one.kind in ("radio", "checkbox"):
        return typed in values or typed not in one.choices
    strange = str.maketrans("", "", "\r\n\x00\x01\x7f")
    # a control character may be gone from the page's text; what can be read is not
    return values[0].strip().translate(strange) == typed.strip().translate(strange)


def typed_fields(form: dict[str, PageField]) -> list[PageField]:
    """Fields somebody types or chooses in."""
    return [
        one for one in form.values() if one.kind not in ("hidden", "password") and not one.readonly
    ]


def body_of(form: dict[str, PageField], **changes: str) -> bytes:
    """The request a browser would send, with some fields typed over."""
    sent = [(name, value) for name, value in as_sent(form) if name not in changes]
    return urlencode([*sent, *changes.items()]).encode()


def test_every_item_refuses_what_it_cannot_hold_and_keeps_what_was_typed(world: World) -> None:
    """Huge, negative, other units, other types, control characters, script: round after round."""
    before = world.head()
    seen: set[str] = set()
    for role, address in pages_of(world):
        form = opened(world, role, address)
        items = {
            one.name: (one, item)
            for one in typed_fields(form)
            if (item := item_of(world, one.name))
        }
        rounds = max((len(bad_values(item)) for _one, item in items.values()), default=0)
        for at in range(rounds):
            typed = {
                name: (bad := bad_values(item))[at % len(bad)]
                for name, (_one, item) in items.items()
            }
            answer = world.post(role, address, body_of(form, **typed))
            body = answer.content.decode()
            assert answer.status_code == 422, (address, at, answer.status_code)
            assert "<script>alert" not in body, address
            for name, (one, item) in items.items():
                assert error_beside(body, one), (address, item.id, typed[name])
                assert still_typed(body, one, typed[name]), (address, item.id, typed[name])
        seen |= {item.id for _one, item in items.values()}
    assert world.head() == before
    captured = {item.id for item in world.protocol.items if item.derived is None}
    asked = {entry.item for form in world.protocol.forms for entry in form.items}
    assert captured & asked <= seen


def test_one_bad_field_of_a_page_is_named_and_everything_else_stays(world: World) -> None:
    """Sheets of every kind, one field at a time."""
    before = world.head()
    for role, address in pages_of(world):
        form = opened(world, role, address)
        fields = [one for one in typed_fields(form) if item_of(world, one.name) is None]
        prose = {
            one.name: f"typed into {one.name}"
            for one in fields if one.kind == "longtext" and one.name != "reason"
        }  # fmt: skip
        for one in fields:
            if one.name.startswith("judge."):
                continue
            for bad in bad_answers(one):
                others = {name: words for name, words in prose.items() if name != one.name}
                answer = world.post(role, address, body_of(form, **{**others, one.name: bad}))
                body = answer.content.decode()
                assert answer.status_code == 422, (address, one.name, bad[:20])
                assert error_beside(body, one), (address, one.name, bad[:20])
                assert "<script>alert" not in body
                for name, words in others.items():
                    assert still_typed(body, form[name], words), (address, name)
    assert world.head() == before


def test_judgements_other_than_yes_and_no_are_refused(world: World) -> None:
    """A judgement is not guessed."""
    address = f"/participants/{world.screening}/screening/"
    form = opened(world, "coordinator", address)
    judged = [one for one in form.values() if one.name.startswith("judge.")]
    for one in judged:
        before = world.head()
        answer = world.post("coordinator", address, body_of(form, **{one.name: "perhaps"}))
        assert answer.status_code == 422
        assert error_beside(answer.content.decode(), one), one.name
        assert world.head() == before


@pytest.mark.parametrize("kind", ["unknown", "unknown item", "twice", "unreadable", "huge"])
def test_requests_no_page_sends_are_refused_by_name(world: World, kind: str) -> None:
    """Unknown names, two answers for one field, bytes that are no text, a million characters."""
    before = world.head()
    tried = 0
    for role, address in pages_of(world):
        form = opened(world, role, address)
        body = body_of(form)
        fields = typed_fields(form)
        texts = [one for one in fields if one.kind in ("text", "longtext") and one.name != "reason"]
        named: PageField | None = None
        if kind == "unknown":
            body += b"&surprise=1"
        elif kind == "unknown item":
            body += b"&v.surprise=1"
        elif kind == "twice" and fields:
            named = fields[0]
            value = quote_plus(named.choices[0] if named.choices else "x")
            body = body_of({n: one for n, one in form.items() if one is not named})
            body += f"&{named.name}={value}&{named.name}=y".encode()
        elif kind in ("unreadable", "huge") and texts:
            named = texts[0]
            body = body_of({n: one for n, one in form.items() if one is not named})
            body += f"&{named.name}=".encode() + (
                UNREADABLE if kind == "unreadable" else HUGE.encode()
            )
        else:
            continue
        tried += 1
        answer = world.post(role, address, body)
        text = answer.content.decode()
        assert answer.status_code == 422, (address, kind, answer.status_code)
        if named is None:
            assert "surprise" in re.search(r'id="errors".*?</ul>', text, re.S)[0], address
        else:
            assert error_beside(text, named), (address, named.name)
    assert tried > 10
    assert world.head() == before


def test_a_request_from_elsewhere_is_refused_and_changes_nothing(world: World) -> None:
    """Without the page's own token (CSRF) nothing is done."""
    from django.test import Client

    before = world.head()
    for role, address in pages_of(world):
        form = opened(world, role, address)
        stranger = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
        stranger.cookies.update(world.clients[role].cookies)
        body = urlencode([pair for pair in as_sent(form) if pair[0] != "csrfmiddlewaretoken"])
        answer = stranger.post(address, body.encode(), content_type=FORM_TYPE)
        assert answer.status_code == 403, address
    assert world.head() == before


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"v.hemoglobin": 1}'),
        ("application/x-www-form-urlencoded; charset=utf-16", b"v.x=1"),
        ("multipart/form-data; boundary=x", b"--x\r\nnonsense"),
        ("multipart/form-data; boundary=x",
         b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nabc\r\n--x--\r\n'),
        (FORM_TYPE, b"&".join(b"f%d=1" % n for n in range(3000))),
        (FORM_TYPE, b"x=" + b"9" * 3_000_000),
        ("", b"\xff\xfe\x00"),
    ],
    ids=["json", "utf-16", "torn multipart", "file", "3000 fields", "3 MB", "no type"],
)  # fmt: skip
def test_no_request_whatever_breaks_a_page(world: World, content_type: str, body: bytes) -> None:
    """Answered with a refusal of our own, never with a fault of ours."""
    before = world.head()
    for role, address in pages_of(world):
        answer = world.clients[role].post(address, body, content_type=content_type)
        assert 400 <= answer.status_code < 500, (address, answer.status_code)
    assert world.head() == before


def test_markup_typed_as_text_is_shown_as_it_was_typed(world: World) -> None:
    """Text may hold anything that can be read; it never becomes part of the page."""
    address = f"/participants/{world.randomized}/deviations/new/"
    form = opened(world, "coordinator", address)
    kind, severity = form["kind"].choices[0], form["severity"].choices[0]
    answer = world.post(
        "coordinator", address, body_of(form, kind=kind, severity=severity, text=SCRIPT)
    )
    assert answer.status_code == 302
    page = world.clients["coordinator"].get(f"/participants/{world.randomized}/").content.decode()
    assert SCRIPT not in page
    assert html.escape(SCRIPT) in page


def test_what_a_browser_kept_and_somebody_changed_is_not_taken_for_the_first_request(
    world: World,
) -> None:
    """The same page sent twice is one request; changed in between it is another."""
    trial = world.home.trial()
    address = f"/participants/{world.randomized}/deviations/new/"
    form = opened(world, "coordinator", address)
    first = {"kind": "other", "severity": "minor", "text": "first"}
    counts = []
    for typed in (first, first, {**first, "text": "second"}):
        assert world.post("coordinator", address, body_of(form, **typed)).status_code == 302
        counts.append(len(trial.participant(world.randomized).deviations))
    assert counts[1] == counts[0]
    assert counts[2] == counts[0] + 1

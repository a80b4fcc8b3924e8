"""Requests that mean harm, by the thousand: drawn from a seed, sent to every page by everybody.

A world is a served trial in which everything of another site, every identity and every allocation carries
a mark of its own; an answer with a mark that its reader may not see is a leak.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from equipoise.conduct import commands as c
from equipoise.conduct.values import Actor
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from equipoise.rehearsal import first_instant, play, replicate_of
from support.machines import machine
from support.page_forms import own_form
from support.story import expect

SCRIPTS = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'-alert(1)-'", "javascript:alert(1)",
    "</title><svg onload=alert(1)>", "{{7*7}}{% debug %}", "${7*7}", "<!--#exec cmd=\"id\"-->", "]]><a/>",
    "&#x3C;script&#x3E;alert(1)", "=HYPERLINK(\"http://evil.example\")", "@SUM(1)", "+cmd|' /C calc'!A0",
)  # fmt: skip
HOSTILE = (
    *SCRIPTS, "", " ", "\0", "a\0b", "\r\nSet-Cookie: evil=1", "%0d%0aSet-Cookie:%20evil=1", "%00", "%2e%2e%2f",
    "%252e%252e%252f", "../../../../etc/passwd", "..\\..\\web.key", "/etc/passwd", "//evil.example/", "\\\\evil.example",
    "http://evil.example/", "' OR '1'='1", "1; DROP TABLE participant;--", "1 UNION SELECT 1", "\" OR \"\"=\"", "0", "-1",
    "1e400", "NaN", "Infinity", "9" * 30, "9" * 5000, "0x10", "1_000", "٣", "１", "\ud800", "\ufeff", "\u202e", "é" * 500,
    "a" * 30_000, "[]", "{}", "null", "true", "id;desc", "-id", "password", "allocation", "__class__", "account__password",
    "~", "~~", "2026-02-30", "0000-00-00", "9999-12-31", "1-1-1", "zh-hans", "en\r\n", "*", "%", "_", "?", "#", ";", "$",
)  # fmt: skip
PARAMETERS = (
    "site", "status", "number", "sort", "order", "after", "before", "at", "last", "page", "serious", "next", "language",
    "role", "grant", "to", "day", "step", "format", "seq", "limit", "id", "q", "allocation", "__proto__", "csrfmiddlewaretoken",
)  # fmt: skip
METHODS = (
    "HEAD",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "get",
    "BREW",
)
TYPES = (
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=nonsense", "multipart/form-data", "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 300, "application/json", "text/xml", "text/plain", "", "a/b/c", "*/*",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip
HEADERS = {
    "accept-language": ("zh-hans", "xx", "*", "en;q=nonsense", "a" * 5000, "zh-" * 500, "en\t"),
    "accept": ("application/json", "image/*", "nonsense", "text/html;q=2"),
    "x-forwarded-for": ("127.0.0.1", "' OR 1=1", "evil.example"),
    "x-forwarded-host": ("evil.example",), "x-forwarded-proto": ("https", "javascript"),
    "x-original-url": ("/trust/",), "x-rewrite-url": ("/people/",), "x-http-method-override": ("PUT", "DELETE"),
    "origin": ("http://evil.example", "null"), "referer": ("http://evil.example/", "javascript:alert(1)", "\x7f"),
    "hx-request": ("true", "nonsense"), "hx-current-url": ("http://evil.example/",),
    "authorization": ("Bearer eqp_x", "Basic YTpi", "Bearer", "Bearer eqp_" + "x" * 5000, "Bearer eqp_\udcff"),
    "cookie": ("equipoise_session=../../x", "equipoise_csrf=", "equipoise_language=<script>", "a=b; equipoise_session=" + "x" * 4000),
    "if-none-match": ("*", "\"x"), "if-modified-since": ("nonsense",), "range": ("bytes=0-", "bytes=5-1"),
    "host": ("evil.example", "localhost:0", "localhost:99999", "localhost@evil.example", "[::1", "loc alhost"),
}  # fmt: skip
XML = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;"><!ENTITY d SYSTEM "file:///etc/passwd">]><a>&c;&d;</a>'


@dataclass
class Reader:
    """Somebody who asks, and the marks that must never be in an answer."""

    name: str
    role: str
    site: str
    client: Any
    hidden: tuple[str, ...]
    open: list[str] = field(default_factory=list)
    """Addresses of pages and operations that the role may use."""
    secret: str = ""
    """The token of a machine with the same role and site."""


@dataclass
class World:
    """A served home, its readers, and addresses of every page, own and foreign."""

    home: Home
    readers: list[Reader]
    addresses: list[str]
    forms: dict[str, list[str]] = field(default_factory=dict)


def made(path: Path, protocol_file: Path, seed: int = 5) -> World:
    """A trial that was rehearsed a little, with marks at two of its sites."""
    from equipoise.protocol.reading import load_protocol

    replicate = replicate_of(load_protocol(protocol_file), seed, 0, {})
    start = first_instant(replicate).isoformat()
    settings = RehearsalSettings(seed=seed, replicate=0, start=start, options={})
    home = Home.create(path, protocol_file, rehearsal=settings)
    trial = home.trial()
    play(trial, replicate, randomized=6)
    sites = sorted({trial.participant(one).site for one in trial.participant_ids()})[:2]
    people = {site: _marked(trial, site) for site in sites}
    readers, addresses = _readers(home, sites), _addresses(home, people)
    _open(readers, addresses)
    return World(home, readers, addresses)


def _open(readers: list[Reader], addresses: list[str]) -> None:
    """Sort out which addresses each reader may use."""
    from django.urls import resolve

    from equipoise.web.access import PAGES
    from equipoise.web.api.operations import by_path

    rows: dict[str, set[str]] = {name: set(page.rights) for name, page in PAGES.items()}
    for path, operations in by_path().items():
        rows[f"api:{path}"] = set().union(*(PAGES[one.page].rights for one in operations.values()))
    for address in addresses:
        roles = rows.get(resolve(address).url_name or "", set())
        for reader in readers:
            foreign = "/participants/" in address and f"/participants/{reader.site}" not in address
            if reader.role in roles and not (reader.site and foreign):
                reader.open.append(address)


def mark(kind: str, site: str) -> str:
    """What stands in data of this kind at this site."""
    return f"Mark{kind}at{site}x"


def _staff(trial: Any, role: str, site: str) -> Actor:
    """Who acts in the role at the site, or in the whole trial."""
    found = {(held, at): name for name, held, at in sorted(trial.state.grants)}
    at = site if (role, site) in found else ""
    return Actor(found[role, at], role, at)


def _marked(trial: Any, site: str) -> list[str]:
    """Numbers at the site: one screened with a marked identity, one randomized with marked texts."""
    coordinator = _staff(trial, "coordinator", site)
    who = next(
        (
            one for one in trial.participant_ids()
            if trial.participant(one).site == site and trial.participant(one).status == "randomized"
        ),
        None,
    )  # fmt: skip
    screen = c.ScreenParticipant(site=site, identity={"person_name": mark("Identity", site)})
    screened = expect(trial.do(screen, coordinator)).answer["participant"]
    if who is None:
        return [screened]
    state = trial.participant(who)
    text = mark("Text", site)
    held = next(iter(state.forms))
    expect(trial.do(c.RaiseQuery(participant=who, address=held, item="", text=text), coordinator))
    event = c.ReportAdverseEvent(
        participant=who, term=mark("Term", site), grade=3, started_on=trial.today(site),
        seriousness=("hospitalization",), narrative=text,
    )  # fmt: skip
    expect(trial.do(event, coordinator))
    expect(
        trial.do(
            c.LogDeviation(
                participant=who, kind="other", severity="minor", text=text, occurred_on=trial.today(site)
            ),
            coordinator,
        )
    )  # fmt: skip
    _marked_oversight(trial, site, text)
    return [who, screened]


def _marked_oversight(trial: Any, site: str, text: str) -> None:
    """A monitoring visit with its finding, a document on file, and a halt, each with the site's marked text."""
    monitor, day = _staff(trial, "monitor", site), trial.today(site)
    investigator = _staff(trial, "investigator", site)
    visit = expect(
        trial.do(c.PlanMonitoringVisit(site=site, kind="routine", planned_on=day), monitor)
    ).answer["visit"]
    finding = c.RecordFinding(
        site=site, visit=visit, text=text, action=text, owner=investigator.id, due=day
    )
    expect(trial.do(finding, monitor))
    halt = c.HaltRecruitment(site=site, ordered_by="sponsor", ordered_on=day, reason=text)
    expect(trial.do(halt, investigator))
    kinds = trial.protocol.monitoring.essential_documents
    document = next((one.id for one in kinds if one.level == "site" and not one.expires), None)
    if document is not None:
        filed = c.FileDocument(document=document, site=site, dated=day, location=text)
        expect(trial.do(filed, investigator))


def _readers(home: Home, sites: list[str]) -> list[Reader]:
    """One for every role: those of sites at the first; and a visitor."""
    from django.test import Client

    from equipoise.web import configure

    configure(home)
    # the web's modules can be read only once Django knows its settings
    from equipoise.web.access import PAGES
    from equipoise.web.accounts import create_account
    from equipoise.web.models import Account

    trial = home.trial()
    here, other = sites[0], sites[-1]
    readers = [
        Reader(
            "nobody",
            "",
            "",
            Client(SERVER_NAME="localhost", raise_request_exception=False),
            _all(sites),
        )
    ]
    cast: list[tuple[Any, Actor]] = []
    for grant in trial.protocol.roles:
        role = grant.role
        if not any(role in page.rights for page in PAGES.values()):
            continue
        try:
            actor = _staff(trial, role, here)
        except KeyError:
            actor = Actor(f"fuzz-{role}", role)
            expect(trial.do(c.GrantRole(person=actor.id, role=role), ADMINISTRATOR))
        cast.append((grant, actor))
        if not actor.site and any(
            (page.rights.get(role) or "").startswith("own:") for page in PAGES.values()
        ):
            # who works for the whole trial may as well be granted the role at one site only
            bound = Actor(f"fuzz-{role}-{here}", role, here)
            expect(trial.do(c.GrantRole(person=bound.id, role=role, site=here), ADMINISTRATOR))
            cast.append((grant, bound))
    for grant, actor in cast:
        role = actor.role
        create_account(actor.id)
        client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        hidden: list[str] = []
        if actor.site and other != here:
            hidden += [mark("Identity", other), mark("Text", other), mark("Term", other)]
        if not grant.sees_identity:
            hidden += [mark("Identity", site) for site in sites]
        reader = Reader(actor.id, role, actor.site, client, tuple(hidden))
        sign_in(reader, Account)
        reader.secret = machine(home, role, actor.site).secret
        readers.append(reader)
    return readers


def _all(sites: list[str]) -> tuple[str, ...]:
    return tuple(mark(kind, site) for kind in ("Identity", "Text") for site in sites)


def sign_in(reader: Reader, accounts: Any) -> None:
    """Begin the reader's session."""
    reader.client.force_login(
        accounts.objects.get(username=reader.name),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    session = reader.client.session
    session["role"], session["site"] = reader.role, reader.site
    session.save()


def _addresses(home: Home, people: dict[str, list[str]]) -> list[str]:
    """Every page with parts that exist: participants of both sites, their forms, queries and events."""
    from equipoise.web.access import PAGES
    from equipoise.web.api.operations import BASE, OPERATIONS

    trial = home.trial()
    protocol = trial.protocol
    held = [
        address for numbers in people.values() for who in numbers for address in trial.participant(who).forms
    ]  # fmt: skip
    known = sorted({f"{one.visit}/{one.form}/{one.repeat}" for one in held})[:6]
    places = [*known, "log/none/1"]
    parts: dict[str, list[str]] = {
        "<slug:visit>/<slug:form>/<str:repeat>": places,
        "<str:participant>": [one for numbers in people.values() for one in numbers],
        "<slug:visit>": [protocol.schedule.visits[-1].id],
        "<int:number>": ["1"],
        "<slug:clock>": [protocol.safety.clocks[0].id],
        "<slug:diary>": [one.id for one in protocol.schedule.diaries][:1] or ["none"],
        "<str:day>": [str(trial.today())],
        "<slug:intervention>": [one.intervention for one in protocol.supply][:1] or ["none"],
        "<slug:site>": list(people),
        "<slug:token>": ["none"],
        "<slug:digest>": ["0" * 64],
        "<slug:version>": [protocol.version],
    }
    paths = [
        "/" + page.path for name, page in PAGES.items() if name not in ("rehearsal", "sign_out")
    ]
    paths += [f"/{BASE}{one.path}" for one in OPERATIONS]
    for name, values in parts.items():
        paths = [path.replace(name, value) for path in paths for value in values]
    return sorted({re.sub(r"<\w+:\w+>", "1", path) for path in paths})


# -- one request ----------------------------------------------------------------------------------


@dataclass
class Asked:
    """A request as it was drawn."""

    reader: Reader
    method: str
    path: str
    query: str
    body: bytes
    kind: str
    headers: dict[str, str]

    def __str__(self) -> str:
        return (
            f"{self.reader.name or 'nobody'}: {self.method} {self.path[:200]!r} ?{self.query[:200]!r} "
            f"{self.kind[:60]!r} {self.body[:300]!r} { {n: v[:80] for n, v in self.headers.items()} }"
        )


class Fuzzer:
    """Draws requests for a world; the same seed draws the same ones."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)

    def hostile(self) -> str:
        """A value that means harm, maybe two in one."""
        value = self.random.choice(HOSTILE)
        return value + self.random.choice(HOSTILE) if self.random.random() < 0.15 else value

    def path(self, reader: Reader) -> str:
        """An address, mostly one open to the reader, with maybe a part replaced or spelled in another way."""
        own = reader.open if reader.open and self.random.random() < 0.75 else self.world.addresses
        path = self.random.choice(own)
        roll = self.random.random()
        parts = path.split("/")
        if roll < 0.15 and len(parts) > 2:
            parts[self.random.randrange(1, len(parts))] = self.hostile()[:3000]
            path = "/".join(parts)
        elif roll < 0.22:
            path = self.random.choice(
                [
                    path.rstrip("/"), path + "/", "/" + path, path.upper(), path.replace("/", "//"),
                    path.replace("-", "%2d"), path + ";jsessionid=1", path + "%00", path + "/../../people/",
                    "/static/../" + path, path.replace("/", "%2f"), path.replace("/", "\\"),
                ]
            )  # fmt: skip
        return path

    def query(self) -> str:
        """Parameters, known and not, with hostile values, given once or more."""
        if self.random.random() < 0.4:
            return ""
        pairs = [
            (self.random.choice(PARAMETERS), self.hostile()[:6000])
            for _ in range(self.random.choice((1, 1, 2, 3, 8)))
        ]
        if self.random.random() < 0.1:
            return "&".join(f"{name}={value}" for name, value in pairs)
        return urlencode(pairs, errors="surrogatepass")

    def fields(self, reader: Reader, path: str) -> list[tuple[str, str]]:
        """The page's own fields with some of their values replaced, or names of no page."""
        names = self.world.forms.get(f"{reader.name} {path}")
        if names is None:
            names = []
            answer = reader.client.get(path if path in self.world.addresses else "/")
            if answer.status_code == 200 and answer["content-type"].startswith("text/html"):
                found = own_form(answer.content.decode())
                names = [one.name for one in found.values()] if found else []
            self.world.forms[f"{reader.name} {path}"] = names
        known = [name for name in names if name not in ("csrfmiddlewaretoken", "password")]
        pairs = [(name, self.hostile()) for name in known if self.random.random() < 0.8]
        if self.random.random() < 0.3:
            pairs.append((self.random.choice(PARAMETERS) + self.hostile()[:50], self.hostile()))
        if "password" in names:
            pairs.append(("password", self.random.choice(("", "\0", "x" * 300))))
        return pairs

    def body(self, reader: Reader, path: str) -> tuple[bytes, str]:
        """A body and its type, which need not fit."""
        roll = self.random.random()
        if roll < 0.6:
            pairs = self.fields(reader, path)
            return urlencode(pairs, errors="surrogatepass").encode(), TYPES[0]
        kind = self.random.choice(TYPES)
        if roll < 0.7:
            return json.dumps(
                {"values": {self.hostile(): self.hostile()}, "act": self.hostile()}
            ).encode(), kind
        if roll < 0.8:
            name, value = self.hostile(), self.hostile()
            part = f'--x\r\nContent-Disposition: form-data; name="{name}"; filename="{value}"\r\n\r\n{value}\r\n'
            end = self.random.choice(("--x--", "--x", "", "--y--"))
            return (part * self.random.choice((1, 3, 200)) + end).encode(
                "utf-8", "surrogatepass"
            ), kind
        if roll < 0.85:
            return XML, kind
        if roll < 0.9:
            return urlencode(
                [(f"v.{n}", "1") for n in range(self.random.choice((100, 2001, 5000)))]
            ).encode(), TYPES[0]
        return self.random.randbytes(self.random.choice((1, 100, 10_000))), kind

    def draw(self) -> Asked:
        """The next request."""
        reader = self.random.choice(self.world.readers)
        usual = self.random.random() < 0.85
        method = self.random.choice(("GET", "POST", "POST") if usual else METHODS)
        path = self.path(reader)
        body, kind = (b"", "") if method in ("GET", "HEAD") else self.body(reader, path)
        headers = {}
        for _ in range(self.random.choice((0, 0, 0, 1, 2))):
            name = self.random.choice(sorted(HEADERS))
            headers[name] = self.random.choice(HEADERS[name])
        if path.startswith("/api/") and reader.secret and self.random.random() < 0.8:
            headers["authorization"] = f"Bearer {reader.secret}"
            if method == "POST" and self.random.random() < 0.5:
                method = "PATCH"
            if self.random.random() < 0.7:
                headers["idempotency-key"], kind = str(self.random.random()), "application/json"
        return Asked(reader, method, path, self.query(), body, kind, headers)


def send(asked: Asked) -> Any:
    """Give the request to the application as a server would: the path decoded once."""
    environ = {
        f"HTTP_{name.upper().replace('-', '_')}": value for name, value in asked.headers.items()
    }
    cookie = environ.pop("HTTP_COOKIE", None)
    kept = {name: one.value for name, one in asked.reader.client.cookies.items()}
    if cookie is not None:
        asked.reader.client.cookies.load(cookie.replace("<", "").replace(">", ""))
    path = quote(asked.path, safe="/%;:@&=+$,~", errors="surrogatepass")
    try:
        return asked.reader.client.generic(
            asked.method, path, asked.body, asked.kind, QUERY_STRING=_latin(asked.query), **environ
        )
    finally:
        if cookie is not None:
            asked.reader.client.cookies.clear()
            for name, value in kept.items():
                asked.reader.client.cookies[name] = value


def _latin(text: str) -> str:
    """A query as it comes through WSGI: the bytes of UTF-8, each as one character."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


# -- what is wrong with an answer -----------------------------------------------------------------

_INSIDE = ("Traceback (most recent", "site-packages", "django.", "sqlite3.", "psycopg", "root:x:0")


def wrong_with(asked: Asked, answer: Any) -> Iterator[str]:
    """Everything an answer must not be."""
    if answer.status_code >= 500:
        yield f"status {answer.status_code}"
    body = b"".join(answer) if answer.streaming else answer.content
    text = body.decode("utf-8", "replace")
    spelled = html.unescape(text)
    for hidden in asked.reader.hidden:
        if hidden in spelled and hidden not in f"{asked.path}{asked.query}{asked.body!r}":
            yield f"tells {hidden}"
    if not asked.path.startswith("/static/"):
        for inside in _INSIDE:
            if inside in text:
                yield f"tells of the inside: {inside}"
    for name, value in answer.headers.items():
        if "\r" in value or "\n" in value:
            yield f"a line break in {name}"
    for name in answer.cookies:
        if not name.startswith(("equipoise_", "messages")):
            yield f"the cookie {name}"
    location = answer.headers.get("Location", "")
    if location and not re.match(r"/(?![/\\])", location):
        yield f"leads away: {location[:100]}"
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("text/html"):
        if "default-src 'none'" not in answer.headers.get("Content-Security-Policy", ""):
            yield "no content policy"
        for script in SCRIPTS[:5]:
            if script in text and "<" in script:
                yield f"said back as it came: {script}"
    if body and answer.headers.get("X-Content-Type-Options") != "nosniff":
        yield "its type may be guessed"


def fuzz(world: World, number: int, seed: int) -> tuple[list[str], Counter[int]]:
    """Send so many requests; what was wrong, and how often which status was answered."""
    from django.core.signals import got_request_exception

    from equipoise.web.models import Account

    raised: list[str] = []

    def note(sender: Any, **_signal: Any) -> None:
        import traceback

        raised.append(traceback.format_exc(limit=-4))

    got_request_exception.connect(note)
    fuzzer = Fuzzer(world, seed)
    wrong: list[str] = []
    statuses: Counter[int] = Counter()
    try:
        for n in range(number):
            if n % 50 == 0:
                for reader in world.readers[1:]:
                    sign_in(reader, Account)
            asked = fuzzer.draw()
            raised.clear()
            answer = send(asked)
            statuses[answer.status_code] += 1
            wrong += [
                f"{n}: {one}\n    {asked}\n    {''.join(raised)}"
                for one in wrong_with(asked, answer)
            ]
    finally:
        got_request_exception.disconnect(note)
    return wrong, statuses


__all__ = ["Asked", "Fuzzer", "World", "fuzz", "made", "mark", "send", "wrong_with"]

"""The second, double-blind trial as its web pages show it, with the arms as drawn or swapped underneath.

    python -m support.masked_story FOLDER STEPS

prints, as JSON, what every role is answered on every page it can reach, with the number of SQL
statements each answer took, and what is logged meanwhile. STEPS is by how many places every arm is
moved on behind the keeper: everything else is the same to the second.
"""

from __future__ import annotations

import html
import io
import json
import logging
import os
import re
import shutil
import sqlite3
import sys
import zipfile
from collections import deque
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from equipoise.conduct import commands as c
from equipoise.conduct.values import Actor, Address
from equipoise.home import Home, RehearsalSettings
from equipoise.home.home import ADMINISTRATOR
from equipoise.keeper import AllocationAnswer, AllocationRequest
from equipoise.trial import Trial
from support.played import SECOND_PROTOCOL
from support.story import expect

START = datetime(2027, 3, 1, 2, 0, tzinfo=UTC)
ALLOCATED = START + timedelta(days=14)
PEOPLE = 4
SCREENING = {
    "demography": {"sex": "female", "birth_date": "1969-03-05"},
    "medical_history": {
        "diabetes": "no", "prior_drug": "no", "vascular_event": "no", "product_allergy": "no",
    },
    "safety_laboratory": {"potassium": "4.2", "creatinine": "70", "egfr": "88", "alt": "21"},
    "pregnancy": {"pregnancy_test": "not_applicable", "breast_feeding": "no"},
}  # fmt: skip
BASELINE = {
    "blood_pressure": {"sbp": "162.3", "dbp": "98.0", "heart_rate": "72", "weight": "70.5"},
    "allocation_factors": {"baseline_day": "2027-03-15", "stage": "stage2"},
}
SITE_ROLES = ("coordinator", "investigator", "pharmacist")
PASSWORD = "a password for nobody"
_CLIENT = "0d8f6a1e-5a3e-4a53-8a53-0d7a4a6f4f11"
CENTRAL_ROLES = ("monitor", "statistician", "dsmb", "sponsor")
LANGUAGES = ("en", "zh-hans") if os.environ.get("EQUIPOISE_DEEP") else ("en",)


def actor(role: str) -> Actor:
    """The person who acts in a role."""
    return Actor(role, role, "11" if role in SITE_ROLES else "")


class Swapping:
    """A keeper whose every answer is moved on by so many arms."""

    def __init__(self, keeper: Any, arms: list[str], steps: int) -> None:
        self._keeper, self._arms, self._steps = keeper, arms, steps

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keeper, name)

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """The arm that stands so many places further on."""
        answer: AllocationAnswer = self._keeper.allocate(request)
        place = self._arms.index(answer.arm) + self._steps
        return replace(answer, arm=self._arms[place % len(self._arms)])


def ready(trial: Trial) -> str:
    """Somebody who can be randomized."""
    coordinator, investigator = actor("coordinator"), actor("investigator")
    screen = c.ScreenParticipant(site="11", identity={"person_name": "Virtual Participant"})
    participant: str = expect(trial.do(screen, coordinator, at=START)).answer["participant"]
    consent = c.RecordConsent(participant=participant, version="1.0", signed_on=START.date())
    expect(trial.do(consent, coordinator, at=START))
    for visit, forms, at in (("screening", SCREENING, START), ("baseline", BASELINE, ALLOCATED)):
        save(trial, participant, visit, forms, at)
    judged = {
        one.id: one.kind == "inclusion"
        for one in trial.protocol.eligibility.criteria
        if one.judgement
    }
    assess = c.AssessEligibility(participant=participant, judgements=judged)
    expect(trial.do(assess, investigator, at=ALLOCATED))
    expect(trial.do(c.SignEligibility(participant=participant), investigator, at=ALLOCATED))
    return participant


def save(
    trial: Trial, participant: str, visit: str, forms: dict[str, dict[str, str]], at: datetime
) -> None:
    """Forms of one visit."""
    for form, values in forms.items():
        command = c.SaveForm(participant=participant, address=Address(visit, form), values=values)
        expect(trial.do(command, actor("coordinator"), at=at))


def live(trial: Trial) -> None:
    """Four randomized: visits, diary, doses, an adverse event, a query, supply, an unblinding, an end."""
    for role in (*SITE_ROLES, *CENTRAL_ROLES):
        grant = c.GrantRole(person=role, role=role, site=actor(role).site)
        expect(trial.do(grant, ADMINISTRATOR, at=START))
    opened = c.OpenSite(site="11", ethics_approval="EX-1", approved_on=date(2027, 2, 1))
    expect(trial.do(opened, ADMINISTRATOR, at=START))
    for item, lower, upper, unit in (
        ("potassium", "3.5", "5.1", "mmol/L"),
        ("alt", None, "40", "U/L"),
    ):
        limits = c.SetLaboratoryRange(
            site="11", item=item, lower=lower, upper=upper, unit=unit, valid_from=date(2026, 1, 1)
        )
        expect(trial.do(limits, ADMINISTRATOR, at=START))
    later = ALLOCATED + timedelta(days=7)
    for n in range(PEOPLE):
        who = ready(trial)
        expect(trial.do(c.Randomize(participant=who), actor("coordinator"), at=ALLOCATED))
        dispense = c.DispenseSupply(participant=who, intervention="study_tablet", units=35)
        expect(trial.do(dispense, actor("pharmacist"), at=ALLOCATED))
        pressure = {"sbp": f"{150 - n}.0", "dbp": "91.0", "heart_rate": "70", "weight": "70.0"}
        save(trial, who, "w1", {"blood_pressure": pressure}, later)
        for day in range(1, 4):
            diary = c.RecordDiaryDay(
                participant=who, diary="tablet_diary", values={"tablet_taken": "yes"},
                day=(ALLOCATED + timedelta(days=day)).date(),
            )  # fmt: skip
            expect(trial.do(diary, actor("coordinator"), at=later))
    first, second, third = (f"11-000{n}" for n in (1, 2, 3))
    event = c.ReportAdverseEvent(
        participant=first, term="dizziness", grade=2, started_on=later.date(),
        causality={"study_tablet": "possible"},
    )  # fmt: skip
    expect(trial.do(event, actor("investigator"), at=later))
    query = c.RaiseQuery(
        participant=first, address=Address("w1", "blood_pressure"), item="sbp", text="Sure?"
    )
    expect(trial.do(query, actor("monitor"), at=later))
    deviation = c.LogDeviation(
        participant=second, kind="other", severity="minor", text="Late.", occurred_on=later.date()
    )
    expect(trial.do(deviation, actor("coordinator"), at=later))
    leave = c.Withdraw(participant=second, scope="treatment", reason="tired", on=later.date())
    expect(trial.do(leave, actor("coordinator"), at=later))
    unblind = c.UnblindParticipant(participant=third, kind="emergency", reason="Fell down.")
    expect(trial.do(unblind, actor("investigator"), at=later))


# -- what is answered ------------------------------------------------------------------------------

_STATEMENTS = [0]


def count_statements() -> None:
    """Count every SQL statement of this process, Django's and the ledger's."""
    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)

        def note(_: str) -> None:
            _STATEMENTS[0] += 1

        connection.set_trace_callback(note)
        return connection

    sqlite3.connect = counted  # type: ignore[assignment]


_CHANGING = (
    (re.compile(r'(name="csrfmiddlewaretoken" value=")[^"]+'), r"\1"),
    # drawn anew for everybody who sets up a second factor
    (re.compile(r'<svg[^>]*class="qr".*?</svg>', re.S), ""),
    (re.compile(r"<code>[A-Z2-7]{4}( [A-Z2-7]{4}){7}</code>"), ""),
    (re.compile(r'(data-passkey-new=")[^"]+'), r"\1"),
    (re.compile(r'(name="client_id" value=")[^"]+'), r"\1"),
    (re.compile(r'(nonce=")[^"]+'), r"\1"),
    (re.compile(r'("X-CSRFToken": ")[^"]+'), r"\1"),
    # how long the machine took, and how long ago by its clock a checkpoint was taken
    (re.compile(r"(answered in )[0-9.]+( ms)"), r"\1\2"),
    (re.compile(r"[0-9]+( minutes? ago)"), r"\1"),
)
"""What is new in every answer, whatever the trial: tokens, nonces, and what the machine's clock says."""


def settled(text: str, ledger: Trial) -> str:
    """The answer without its tokens, and without the hash of the chain.

    The chain's hash and its signature cover the sealed arms. They differ when the arms do, and say
    nothing about them: they are hashes over ciphertext under keys the reader does not have.
    """
    for pattern, put in _CHANGING:
        text = pattern.sub(put, text)
    for value, name in _chain(ledger, ledger.ledger.head().seq).items():
        text = text.replace(value, name)
    return text


@cache
def _chain(trial: Trial, seq: int) -> dict[str, str]:
    """Every spelling of the chain's hash, root and signature at a position, with what to put instead."""
    hashes = {"HEAD": trial.ledger.head().hash, "ROOT": trial.ledger.root()}
    checkpoint = trial.ledger.last_checkpoint()
    if checkpoint is not None:
        hashes |= {"SIGNATURE": checkpoint.signature, "SIGNED-ROOT": checkpoint.root}
        hashes |= {"SIGNED-HASH": checkpoint.hash}
        hashes |= {f"PEAK-{n}": peak for n, peak in enumerate(checkpoint.peaks.split())}
    spelled = {value: name for name, value in hashes.items()}
    for name, value in hashes.items():
        spelled[" ".join(value[at : at + 4] for at in range(0, 12, 4))] = f"{name}-CODE"
        spelled[value[:16]] = spelled[value[:12]] = f"{name}-CODE"
    return dict(sorted(spelled.items(), key=lambda pair: -len(pair[0])))


@cache
def readable(body: bytes) -> str:
    """What an answer says: of a PDF the text of its pages, of a Word file what stands in its parts."""
    if body.startswith(b"%PDF"):
        reader = PdfReader(io.BytesIO(body))
        assert reader.metadata is not None
        pages = [page.extract_text().replace("\n", " ") for page in reader.pages]
        return "\n".join([*pages, *map(str, reader.metadata.values())])
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = [archive.read(name) for name in archive.namelist()]
            return b"\n".join(parts).decode("utf-8", "surrogateescape")
    return body.decode("utf-8", "surrogateescape")


def crawled(home: Home, role: str, participants: list[str]) -> dict[str, Any]:
    """Every page a role reaches by links, and every page of the table with every participant."""
    from django.test import Client
    from django.urls import NoReverseMatch, reverse

    from equipoise.web.access import PAGES
    from equipoise.web.models import Account

    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    client.force_login(
        Account.objects.get(username=role), backend="django.contrib.auth.backends.ModelBackend"
    )
    session = client.session
    session["role"], session["site"] = role, actor(role).site
    session.save()
    waiting: deque[str] = deque(["/"])
    for name in PAGES:
        for participant in participants:
            for arguments in ({}, {"participant": participant}):
                try:
                    waiting.append(reverse(name, kwargs=arguments))
                except NoReverseMatch:
                    continue
    pages: dict[str, Any] = {}
    while waiting:
        address = waiting.popleft()
        for language in LANGUAGES:
            key = f"{language} {address}"
            if key in pages:
                continue
            before = _STATEMENTS[0]
            response = client.get(address, headers={"accept-language": language})
            body = b"".join(response) if response.streaming else response.content
            text = settled(readable(body), home.trial())
            pages[key] = {
                "status": response.status_code,
                "headers": sorted(
                    (name, value)
                    for name, value in response.headers.items()
                    if name not in ("Content-Security-Policy", "Content-Length")
                ),
                "statements": _STATEMENTS[0] - before,
                "body": text,
            }
            for link in re.findall(r'(?:href|src|action)="([^"]+)"', text):
                target = html.unescape(link).partition("#")[0]
                if target.startswith("/") and not target.startswith("/static/"):
                    waiting.append(target)
    return pages


def asked(home: Home, role: str, participants: list[str]) -> dict[str, Any]:
    """Every reading operation of the interface, as a machine of the role is answered."""
    from equipoise.web.api.operations import OPERATIONS
    from support.machines import machine

    trial = home.trial()
    asker = machine(home, role, actor(role).site, token=f"token-{role}")
    addresses = {
        one.path.replace("<slug:version>", trial.protocol.version)
        for one in OPERATIONS
        if not one.changes
    }
    parts = {
        "<slug:visit>/<slug:form>/<str:repeat>": [
            "w1/blood_pressure/1", "screening/demography/1", "baseline/allocation_factors/1",
        ],
        "<slug:diary>/<str:day>": ["tablet_diary/2027-03-16"],
        "<int:number>": ["1"],
        "<str:participant>": participants,
    }  # fmt: skip
    for name, values in parts.items():
        addresses = {one.replace(name, value) for one in addresses for value in values}
    answers = {}
    for address in sorted(addresses | {"events?limit=1000"}):
        before = _STATEMENTS[0]
        response = asker.ask("GET", address)
        text = response.content.decode()
        for event in trial.ledger.events():
            text = text.replace(event.hash, f"HASH-{event.seq}")
        answers[f"en /api/v1/{address}"] = {
            "status": response.status_code,
            "headers": sorted(
                (name, value) for name, value in response.headers.items()
                if name not in ("Content-Security-Policy", "Content-Length")
            ),
            "statements": _STATEMENTS[0] - before,
            "body": settled(text, trial),
        }  # fmt: skip
    return answers


def randomized_by_page(home: Home, participant: str) -> dict[str, Any]:
    """What a blinded coordinator is answered who randomizes."""
    from django.test import Client

    from equipoise.web.models import Account

    client = Client(SERVER_NAME="localhost")
    client.force_login(
        Account.objects.get(username="coordinator"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    session = client.session
    session["role"], session["site"] = "coordinator", "11"
    session.save()
    before = _STATEMENTS[0]
    posted = client.post(
        f"/participants/{participant}/randomize/",
        {"client_id": _CLIENT},
        follow=True,
    )
    text = settled(posted.content.decode(), home.trial())
    return {"status": posted.status_code, "statements": _STATEMENTS[0] - before, "body": text}


def unblinded_by_page(home: Home, participant: str) -> dict[str, Any]:
    """An investigator unblinds on the page: why, then whether it is meant, wrongly and rightly."""
    from django.test import Client

    from equipoise.web.models import Account

    client = Client(SERVER_NAME="localhost")
    client.force_login(
        Account.objects.get(username="investigator"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    session = client.session
    session["role"], session["site"] = "investigator", "11"
    session.save()
    address = f"/participants/{participant}/unblind/"
    why = {"kind": "emergency", "reason": "Collapsed at home.", "client_id": _CLIENT}
    meant = {**why, "confirm": participant, "password": PASSWORD}
    steps = [
        {}, why, {**meant, "password": "guessed"}, {**meant, "confirm": "11-0001"}, meant,
    ]  # fmt: skip
    answers = []
    for posted in steps:
        response = client.post(address, posted)
        state = home.trial().participant(participant)
        answers.append((response.status_code, len(state.unblindings) if state else 0))
    asked = client.post(address, why).content.decode()
    return {"answers": answers, "asked": settled(asked, home.trial())}


def copies_by_page(home: Home, participants: list[str]) -> dict[str, str]:
    """Each participant's copy of their own data, as the masked investigator hands it over."""
    from django.test import Client

    from equipoise.web.models import Account

    client = Client(SERVER_NAME="localhost")
    client.force_login(
        Account.objects.get(username="investigator"),
        backend="django.contrib.auth.backends.ModelBackend",
    )
    session = client.session
    session["role"], session["site"] = "investigator", "11"
    session.save()
    copies = {}
    for participant in participants:
        for language, file_format in (("en", "html"), ("zh-Hans", "json")):
            posted = client.post(
                f"/participants/{participant}/copy/",
                {
                    "given_to": "the participant", "reason": "asked", "language": language,
                    "file_format": file_format, "password": PASSWORD,
                },
            )  # fmt: skip
            assert posted.status_code == 200, posted.content
            copies[f"{participant} {language}"] = posted.content.decode()
    return copies


class Kept(logging.Handler):
    """Everything that is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        self.lines.append(self.format(record))


def main(folder: Path, steps: int) -> None:
    """Live through the trial and print what is answered."""
    kept = Kept()
    logging.getLogger().addHandler(kept)
    logging.getLogger().setLevel(logging.INFO)
    count_statements()
    # what is free on the disk is the machine's own, and another at every look
    shutil.disk_usage = lambda _path: shutil._ntuple_diskusage(2**40, 2**39, 2**39)  # type: ignore[attr-defined, assignment]
    settings = RehearsalSettings(seed=3, replicate=0, start=START.isoformat(), options={})
    with Home.create(folder / "home", SECOND_PROTOCOL, rehearsal=settings) as home:
        trial = home.trial()
        arms = [arm.id for arm in home.protocol.arms]
        trial.keeper = Swapping(trial.keeper, arms, steps)  # type: ignore[assignment]
        with trial.batch():
            live(trial)
            waiting = ready(trial)
        from equipoise.web import configure, release

        configure(home)
        from equipoise.web.accounts import create_account

        for role in (*SITE_ROLES, *CENTRAL_ROLES):
            create_account(role, PASSWORD)
        create_account("administrator", PASSWORD)
        participants = [*(f"11-000{n}" for n in range(1, PEOPLE + 1)), waiting]
        told: dict[str, Any] = {"randomizing": randomized_by_page(home, waiting)}
        true = [getattr(trial.participant(who), "arm", None) for who in participants]
        told["unblinding"] = unblinded_by_page(home, "11-0002")
        told["roles"] = {
            role: crawled(home, role, participants) | asked(home, role, participants)
            for role in (*SITE_ROLES, *CENTRAL_ROLES, "administrator")
        }
        told["copies"] = copies_by_page(home, participants)
        release()
    sizes = {
        file.name: file.stat().st_size
        for file in sorted((folder / "home").iterdir())
        if not file.name.startswith("web.sqlite")
    }
    answer = {**told, "arms": true, "sizes": sizes, "log": kept.lines}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

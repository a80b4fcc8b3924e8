"""A home on disk with its web application, shared by the tests of one process.

A process serves one home at a time, so there is one stage; tests that need a world of their own start
a server of their own (`served`).
"""

from __future__ import annotations

import atexit
import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from equipoise.home import Home, RehearsalSettings
from support.patience import PATIENCE
from support.story import (
    SEED_PROTOCOL,
    SITE_ROLES,
    SITES,
    START,
    TRIAL_ROLES,
    Person,
    enable,
    expect,
    open_trial,
)

STEPS = ("screened", "consented", "entered", "assessed", "signed", "randomized")


def participant_at(trial: Any, step: str, site: str = "01", **changes: str) -> Person:
    """A new participant who has come as far as the step."""
    person = Person(trial, site).screen(person_name="Virtual Participant")
    wanted = STEPS.index(step)
    if wanted >= 1:
        person.consent()
    if wanted >= 2:
        person.enter_screening(**changes)
    if wanted >= 3:
        expect(person.assess())
    if wanted >= 4:
        person.sign()
    if wanted >= 5:
        person.randomize()
    return person


def new_home(path: Path, seed: int = 11) -> Home:
    """A rehearsal home with every site open and the whole cast granted, delegated to and trained."""
    settings = RehearsalSettings(seed=seed, replicate=0, start=START.isoformat(), options={})
    home = Home.create(path, SEED_PROTOCOL, rehearsal=settings)
    enable(open_trial(home.trial()))
    return home


@dataclass
class Stage:
    """The served home, and clients signed in as anybody of the cast."""

    home: Home
    passwords: dict[str, str]

    @property
    def trial(self) -> Any:
        """The home's trial."""
        return self.home.trial()

    def client(self, role: str | None = None, site: str = "01", **options: Any) -> Any:
        """A test client: anonymous, or signed in with a role (at a site where it has one)."""
        from django.test import Client

        from equipoise.web.models import Account

        client = Client(SERVER_NAME="localhost", **options)
        if role is None:
            return client
        username, at_site = self.who(role, site)
        client.force_login(
            Account.objects.get(username=username),
            backend="django.contrib.auth.backends.ModelBackend",
        )
        session = client.session
        session["role"], session["site"] = role, at_site
        session.save()
        return client

    @staticmethod
    def who(role: str, site: str = "01") -> tuple[str, str]:
        """Account name and site of a role of the cast."""
        return (f"{role}-{SITES[site]}", site) if role in SITE_ROLES else (role, "")

    def participant(self, step: str, site: str = "01", **changes: str) -> Person:
        """A new participant who has come as far as the step."""
        return participant_at(self.trial, step, site, **changes)


def stage() -> Stage:
    """The stage of this process, made once; and served again where a test has served another home since."""
    made = _made()
    from equipoise.web import configure, serving

    try:
        served_now = serving()
    except RuntimeError:
        served_now = None
    if served_now is not made.home:
        configure(made.home)
    _forget_other_tests_guesses()
    return made


@pytest.fixture(scope="session", autouse=True)
def a_home_is_served() -> None:
    """Models can be imported only then, whichever test is the first of its process; a folder's conftest takes this up."""
    stage()


_guessed_in = ""


def _forget_other_tests_guesses() -> None:
    """Wrong passwords and wrong codes count within a test, whatever was tried in this process before."""
    global _guessed_in
    now_running = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    if now_running == _guessed_in:
        return
    _guessed_in = now_running
    from axes.utils import reset

    from equipoise.web.models import WrongFactor

    reset()
    WrongFactor.objects.all().delete()


@lru_cache(maxsize=1)
def _made() -> Stage:
    folder = Path(tempfile.mkdtemp(prefix="equipoise-web-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    home = new_home(folder / "home")
    from equipoise.web import configure

    configure(home)
    from equipoise.web.accounts import create_demo_accounts

    accounts = create_demo_accounts(home)
    return Stage(home, {name: password for name, password, _role, _site in accounts})


def client_id() -> str:
    """A fresh id for the hidden field of a form."""
    return str(uuid.uuid4())


def data(form_values: dict[str, str], prefix: str = "") -> dict[str, str]:
    """Data fields as a page posts them."""
    return {f"v.{prefix}{item}": value for item, value in form_values.items()}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(path: Path) -> Iterator[str]:
    """`equipoise serve` for a home in a process of its own; gives `127.0.0.1:port`."""
    with serving(path) as (address, _process):
        yield address


@contextlib.contextmanager
def serving(path: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """As `served`, with further options, and with the process, for tests that end it themselves."""
    port = free_port()
    equipoise = "from equipoise.cli import main; main()"
    command = [
        sys.executable, "-c", equipoise, "serve", "--home", str(path), "--port", str(port),
        *options,
    ]  # fmt: skip
    log = tempfile.TemporaryFile()  # noqa: SIM115
    process = subprocess.Popen(
        command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    try:
        _wait_for(port, process, log)
        yield f"127.0.0.1:{port}", process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE)
        log.close()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Any) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            log.seek(0)
            raise AssertionError(f"the server ended: {log.read().decode(errors='replace')[-2000:]}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", "/sign-in/")
            answer = connection.getresponse()
            answer.read()
            connection.close()
            if answer.status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not answer in time")


__all__ = [
    "STEPS", "TRIAL_ROLES", "Stage", "client_id", "data", "free_port", "new_home",
    "participant_at", "served", "serving", "stage",
]  # fmt: skip

"""Ending the server while people save: what was acknowledged is kept, and the home is left in order."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

from equipoise.home import Home
from support.patience import PATIENCE
from support.story import Person
from support.web_home import client_id, data, new_home, serving

LABORATORY = {"wbc": "6.1", "hemoglobin": "131", "platelets": "210"}
CLIENTS = 8
PREPARE = """
import sys
from pathlib import Path
from equipoise.home import Home
from equipoise.web import configure
with Home.open(Path(sys.argv[1])) as home:
    configure(home)
    from equipoise.web.accounts import create_account
    create_account("coordinator-nanning", "virtual-and-long-enough")
"""
"""In a process of its own, since a process serves one home."""


@pytest.fixture
def home(tmp_path: Path) -> tuple[Path, list[str]]:
    made = new_home(tmp_path / "home")
    people = [Person(made.trial()).enroll().id for _ in range(CLIENTS)]
    made.close()
    subprocess.run([sys.executable, "-c", PREPARE, str(made.path)], check=True)
    return made.path, people


class Browser:
    """Signed in as the coordinator."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address, timeout=PATIENCE)
        self._cookies: dict[str, str] = {}
        page = self.ask("GET", "/sign-in/")[1]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None
        answered, _page = self.ask(
            "POST",
            "/sign-in/",
            {
                "csrfmiddlewaretoken": token[1],
                "username": "coordinator-nanning",
                "password": "virtual-and-long-enough",
            },
        )
        assert answered == 302

    def ask(self, method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            headers["X-CSRFToken"] = self._cookies["equipoise_csrf"]
        self._connection.request(
            method, path, None if fields is None else urlencode(fields), headers
        )
        answer = self._connection.getresponse()
        text = answer.read().decode()
        for line in answer.headers.get_all("Set-Cookie") or []:
            for name, morsel in SimpleCookie(line).items():
                if name != "messages":
                    self._cookies[name] = morsel.value
        return answer.status, text

    def leave(self) -> None:
        """Hang up."""
        self._connection.close()


def save_until_refused(
    browser: Browser, participant: str, kept: list[tuple[str, str]], answers: set[int]
) -> None:
    """One new form after the other, until nobody answers any more."""
    repeat = 0
    while True:
        repeat += 1
        path = f"/participants/{participant}/forms/unscheduled/laboratory/{repeat}/"
        fields = {**data(LABORATORY), "client_id": client_id(), "based_on": "0"}
        try:
            status, _text = browser.ask("POST", path, fields)
        except (OSError, http.client.HTTPException):
            browser.leave()
            return
        answers.add(status)
        if status == 302:
            kept.append((participant, str(repeat)))


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_every_acknowledged_save_is_in_the_ledger_however_the_server_is_ended(
    home: tuple[Path, list[str]], by: signal.Signals
) -> None:
    path, people = home
    kept: list[tuple[str, str]] = []
    answers: set[int] = set()
    with serving(path) as (address, process):
        threads = [
            threading.Thread(
                target=save_until_refused, args=(Browser(address), person, kept, answers)
            )
            for person in people
        ]
        for thread in threads:
            thread.start()
        while len(kept) < 100:
            assert process.poll() is None
            time.sleep(0.01)
        if by == signal.SIGKILL:
            # all its processes at once, as the kernel does when memory is short
            os.killpg(process.pid, by)
        else:
            process.send_signal(by)
        ended = process.wait(PATIENCE)
        for thread in threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
    assert answers == {302}
    if by != signal.SIGKILL:
        assert ended == 0
        log = path / "ledger.sqlite-wal"
        assert not log.exists() or log.stat().st_size == 0, "the file alone is not the ledger"
    with Home.open(path) as again:
        ledger = again.trial().ledger
        assert ledger.verify().ok
        saved = {
            (event.stream.partition("/")[2], event.payload["repeat"])
            for event in ledger.events(types=["FormSaved"])
            if event.payload["visit"] == "unscheduled"
        }
    assert set(kept) <= saved
    assert len(saved - set(kept)) <= CLIENTS, "at most what was under way had no answer"


def test_a_second_server_for_the_same_home_is_refused_in_one_line(
    home: tuple[Path, list[str]],
) -> None:
    path, _people = home
    with serving(path) as (address, _process):
        for port, words in (("1", "is being served"), (address.rpartition(":")[2], "served")):
            refused = subprocess.run(
                [
                    sys.executable, "-c", "from equipoise.cli import main; main()", "serve",
                    "--home", str(path), "--port", port,
                ],
                capture_output=True, text=True, timeout=PATIENCE,
            )  # fmt: skip
            assert refused.returncode == 2
            assert words in refused.stderr or "cannot be used" in refused.stderr
            assert len(refused.stderr.strip().splitlines()) == 1
            assert "Traceback" not in refused.stderr

"""Make the pictures of the README again: a rehearsal at 143 randomized, looked at in Chromium.

    .venv/bin/python docs/pictures/make.py

Needs Chromium on the machine and a Chinese font. The pictures are the same trial each time (the same
seed); the passwords made for it are gone with its temporary folder.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PROTOCOL = HERE.parents[1] / "trials" / "nct07312656" / "protocol.yaml"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
EQUIPOISE = (sys.executable, "-c", "from equipoise.cli import main; main()")
LARGEST = 300_000
"""Bytes a picture may have."""

PREPARE = """
import json, sys
from pathlib import Path
from equipoise.home import Home
from equipoise.web import configure
home = Home.open(Path(sys.argv[1]))
configure(home)
from equipoise.web.accounts import create_demo_accounts
accounts = {name: password for name, password, _, _ in create_demo_accounts(home)}
trial = home.trial()
found = [trial.participant(number) for number in trial.participant_ids()]
site, arm = home.protocol.identity.sites[0].id, home.protocol.arms[0].id
treated = [one for one in found if one.site == site and one.arm == arm and one.status == "randomized"]
# one in the midst of treatment, to whom much has happened
one = max(treated, key=lambda one: (sum(e.ended_on is None for e in one.adverse_events.values()), one.id))
print(json.dumps({"accounts": accounts, "participant": one.id}))
"""

PICTURES = (
    ("today", "coordinator-nanning", "/today/", "en-US", "light"),
    ("today-zh", "coordinator-nanning", "/today/", "zh-CN", "light"),
    ("recruitment", "statistician", "/rehearsal/", "en-US", "light"),
    ("participant", "coordinator-nanning", "/participants/{participant}/", "en-US", "light"),
    ("participant-zh", "coordinator-nanning", "/participants/{participant}/", "zh-CN", "light"),
    ("participant-zh-dark", "coordinator-nanning", "/participants/{participant}/", "zh-CN", "dark"),
)  # fmt: skip
"""File, who looks, at which page, in which language and light."""


@contextlib.contextmanager
def served(home: Path) -> Iterator[str]:
    """The home's web application on a free port; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [*EQUIPOISE, "serve", "--home", str(home), "--port", str(port)],
        stdout=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _second in range(60):
            with contextlib.suppress(urllib.error.URLError):
                urllib.request.urlopen(f"{address}/sign-in/", timeout=5).close()
                break
            time.sleep(1)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def signed_in(browser: Any, address: str, name: str, password: str, **options: Any) -> Any:
    """A page of this person."""
    page = browser.new_context(viewport={"width": 1280, "height": 1150}, **options).new_page()
    page.goto(f"{address}/sign-in/")
    page.fill("#f-username", name)
    page.fill("#f-password", password)
    page.click("main button")
    page.wait_for_url(re.compile("/(?!sign-in)"))
    return page


def main() -> int:
    """Rehearse, serve, look; 1 if there is no Chromium or a picture is too large."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("Chromium is not installed", file=sys.stderr)
        return 1
    too_large = 0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        played = [
            *EQUIPOISE, "rehearse", str(PROTOCOL), "--home", str(home), "--until", "randomized=143",
        ]  # fmt: skip
        subprocess.run(played, check=True)
        prepared = subprocess.run(
            [sys.executable, "-c", PREPARE, str(home)], check=True, capture_output=True, text=True
        )
        cast = json.loads(prepared.stdout)
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        with served(home) as address:
            for name, who, path, locale, light in PICTURES:
                page = signed_in(
                    browser, address, who, cast["accounts"][who], locale=locale, color_scheme=light
                )
                page.goto(address + path.format(**cast))
                page.screenshot(path=HERE / f"{name}.png")
                size = (HERE / f"{name}.png").stat().st_size
                too_large += size > LARGEST
                print(f"{name}.png: {size} bytes")
        browser.close()
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())

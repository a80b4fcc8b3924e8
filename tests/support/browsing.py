"""People of the cast in a real browser, at a home served by a process of its own."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support.chromium import chromium, listened
from support.patience import PATIENCE
from support.web_home import served

_ACCOUNTS = """
import json, sys
from pathlib import Path
from equipoise.home import Home
from equipoise.web import configure
home = Home.open(Path(sys.argv[1]))
configure(home)
from equipoise.web.accounts import create_demo_accounts
print(json.dumps({name: password for name, password, _, _ in create_demo_accounts(home)}))
"""


def demo_passwords(path: Path) -> dict[str, str]:
    """Accounts of a rehearsal home, made in a process of their own: user name to password."""
    made = subprocess.run(
        [sys.executable, "-c", _ACCOUNTS, str(path)], capture_output=True, text=True, check=True
    )
    passwords: dict[str, str] = json.loads(made.stdout)
    return passwords


@dataclass
class Desk:
    """A served home and a browser in front of it."""

    browser: Any
    address: str
    passwords: dict[str, str]
    sessions: dict[str, Any] = field(default_factory=dict)

    def signed_in(self, username: str, **options: Any) -> Any:
        """A page of this person, who signed in once; without a name, of a visitor."""
        options.setdefault("viewport", {"width": 1366, "height": 900})
        if username and username not in self.sessions:
            context = self.browser.new_context()
            context.set_default_timeout(1000 * PATIENCE)
            page = context.new_page()
            page.goto(f"{self.address}/sign-in/")
            page.fill("#f-username", username)
            page.fill("#f-password", self.passwords[username])
            page.click("main button")
            page.wait_for_url(re.compile(r"/(?!sign-in)"))
            self.sessions[username] = context.storage_state()
            context.close()
        state = self.sessions.get(username)
        context = self.browser.new_context(storage_state=state, **options)
        context.set_default_timeout(1000 * PATIENCE)
        return context.new_page()

    def go(self, page: Any, address: str) -> Any:
        """Open an address of the home; gives the answer."""
        return page.goto(self.address + address)


def watched(page: Any, address: str) -> list[str]:
    """What the page does that no page may: errors, and requests to another host."""
    wrong = listened(page)
    host = urlsplit(address).netloc

    def asked(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != host:
            wrong.append(f"request to {request.url}")

    page.on("request", asked)
    return wrong


@contextlib.contextmanager
def desk(path: Path) -> Iterator[Desk]:
    """Serve the home and open a browser."""
    with chromium() as browser:
        passwords = demo_passwords(path)
        with served(path) as address:
            yield Desk(browser, f"http://{address}", passwords)

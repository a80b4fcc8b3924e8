"""`equipoise explore`: replicates in the browser; the one picked becomes a trial whose analysis is the simulated one."""

from __future__ import annotations

import html
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.home import Home
from support.patience import PATIENCE
from support.played import SECOND_PROTOCOL

SOURCE = Path(__file__).parents[3] / "src"
REPLICATES = 6


@dataclass
class Exploring:
    """A running exploration."""

    address: str
    process: subprocess.Popen[str]
    folder: Path

    def get(self, path: str, **headers: str) -> str:
        """A page."""
        asked = urllib.request.Request(self.address + path, headers=headers)
        with urllib.request.urlopen(asked, timeout=PATIENCE) as page:
            text: str = page.read().decode()
            return text

    def post(self, **form: str) -> str:
        """Wish to open a replicate; the page one is led to."""
        body = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(f"{self.address}open", body, timeout=PATIENCE) as page:
            text: str = page.read().decode()
            return text


@pytest.fixture(scope="module")
def exploring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exploring]:
    folder = tmp_path_factory.mktemp("explored")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-c", "from equipoise.cli import main; main()", "explore",
        str(SECOND_PROTOCOL), "--replicates", str(REPLICATES), "--port", str(port), "--home", str(folder),
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            told = process.stdout.readline()
            assert f"{REPLICATES} replicates at http://127.0.0.1:{port}/" in told
            yield Exploring(f"http://127.0.0.1:{port}/", process, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)


def token_of(page: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_every_replicate_is_a_dot_and_each_pick_has_its_button(exploring: Exploring) -> None:
    page = exploring.get("")
    assert page.count("<circle") == REPLICATES
    picked = set(map(int, re.findall(r'<button name="replicate" value="(\d+)"', page)))
    assert picked <= set(range(REPLICATES))
    assert "the median estimate" in page
    assert "估计值居中" in exploring.get("?lang=zh-Hans")


@pytest.mark.parametrize(
    ("form", "status"),
    [({"replicate": "1"}, 403), ({"replicate": "1", "token": "guessed"}, 403),
     ({"replicate": "-1", "token": "TOKEN"}, 400), ({"token": "TOKEN"}, 400),
     ({"replicate": "1; rm", "token": "TOKEN"}, 400)],
)  # fmt: skip
def test_only_whoever_saw_the_page_opens_a_replicate_and_only_by_its_number(
    exploring: Exploring, form: dict[str, str], status: int
) -> None:
    token = token_of(exploring.get(""))
    given = {name: token if value == "TOKEN" else value for name, value in form.items()}
    with pytest.raises(urllib.error.HTTPError) as refused:
        exploring.post(**given)
    refused.value.close()
    assert refused.value.code == status
    assert not list(exploring.folder.iterdir())


def test_another_name_led_to_this_machine_is_refused(exploring: Exploring) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        exploring.get("", Host="trial.example")
    refused.value.close()
    assert refused.value.code == 421


@pytest.mark.thorough
def test_the_picked_replicate_becomes_a_trial_with_the_simulated_result(
    exploring: Exploring,
) -> None:
    exploring.post(token=token_of(exploring.get("")), replicate="2", lang="en")
    for _ in range(2 * 5 * PATIENCE):
        page = exploring.get("replicate/2")
        if 'http-equiv="refresh"' not in page:
            break
        time.sleep(0.5)
    assert "Replicate 2 is a trial now" in page, page[-2000:]
    rows = re.findall(r'<tr><th scope="row">(primary_model/[^<]+)</th>(.*?)</tr>', page)
    assert len(rows) == 2
    assert all(row.endswith("<td>equal in every digit</td>") for _, row in rows)
    address = re.search(r'<a href="(http://127\.0\.0\.1:\d+/)">', page)
    assert address is not None
    with urllib.request.urlopen(f"{address[1]}sign-in/", timeout=PATIENCE) as served:
        assert served.status == 200
    names = re.findall(r"<td>([a-z]{1,4}[a-z0-9]{0,3}-[a-z0-9]{4})</td></tr>", page)
    assert len(names) >= 5, "a password for each role"


def test_in_a_real_trial_nobody_gets_a_sign_in_that_can_be_guessed(tmp_path: Path) -> None:
    Home.create(tmp_path / "home", SECOND_PROTOCOL).close()
    said = CliRunner().invoke(main, ["serve", "--home", str(tmp_path / "home"), "--sign-ins"])
    assert said.exit_code == 2
    assert "is no rehearsal, and nobody's password may be guessed" in " ".join(said.output.split())

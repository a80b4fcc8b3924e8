"""Whatever a newcomer types wrongly is answered in one plain line that says what to do instead."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise import rehearsal
from equipoise.cli import main

ROOT = Path(__file__).resolve().parents[3]
PROTOCOL = ROOT / "trials" / "nct07312656" / "protocol.yaml"
PAGE = ROOT / "trials" / "nct07312656" / "record.txt"

WRONG_TURNS = {
    "chek": "No such command 'chek'",
    "--bogus": "No such option: --bogus",
    "check": "Missing argument 'PROTOCOL'",
    "check {protocol} --todya 2026-01-01": "--today",
    "check {protocol} --format xml": "'text', 'json'",
    "check {protocol} --lang fr": "'zh-Hans'",
    "check {protocol} --today yesterday": "write YYYY-MM-DD",
    "check missing.yaml": "missing.yaml: the file cannot be read",
    "check {folder}": "protocol.yaml",
    "new": "Missing argument 'DIR'",
    "new {tmp}/draft --from missing.txt": "missing.txt: no such file",
    "new {tmp}/draft --from {folder}": "is a folder; give the record's file",
    "new {tmp}/draft --from {readme}": "is not a record page",
    "new {tmp}/draft --from {protocol}": "is a protocol already",
    "new {protocol} --from {page}": "choose another folder",
    "page missing.yaml": "missing.yaml: the file cannot be read",
    "page missing.txt": "missing.txt: no such file",
    "page {protocol} --out {tmp}/none/page.html": "cannot be written",
    "rehearse {protocol}": "Missing option '--home'",
    "rehearse missing.yaml --home {tmp}/home": "missing.yaml: the file cannot be read",
    "rehearse {protocol} --home {tmp}/home --seed -1": "--seed",
    "rehearse {protocol} --home {tmp}/home --until soon": "randomized=143",
    "rehearse {protocol} --home {folder}": "is not empty; name a new folder",
    "rehearse {protocol} --home {protocol}": "is a file; name a new folder",
    "rehearse {protocol} --home {protocol}/home": "cannot be made: Not a directory",
    "demo --home {folder}": "is not empty; name a new folder",
    "demo --home {protocol}": "is a file; name a new folder",
    "demo --home {tmp}/home --port 99999": "use 1 to 65535",
    "serve --home {tmp}": "is no Equipoise home",
    "serve --home missing": "is no Equipoise home",
    "serve --home {protocol}": "is no Equipoise home",
    "analyze --home {tmp}": "is no Equipoise home",
    "report --home {tmp} --out {tmp}/out": "is no Equipoise home",
    "account lin --home {tmp}": "is no Equipoise home",
    "verify missing": "there is no ledger",
    "verify {folder}": "there is no ledger",
}


def fill(line: str, tmp_path: Path) -> list[str]:
    places = {
        "protocol": PROTOCOL,
        "page": PAGE,
        "folder": PROTOCOL.parent,
        "readme": ROOT / "README.md",
        "tmp": tmp_path,
    }
    return [word.format(**places) for word in line.split()]


@pytest.mark.parametrize("line", WRONG_TURNS)
def test_a_wrong_turn_is_one_line_and_exit_code_2(line: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, fill(line, tmp_path))
    assert result.exit_code == 2
    told = result.stderr.splitlines()
    assert len(told) == 1
    assert told[0].startswith("equipoise: ")
    assert WRONG_TURNS[line] in told[0]
    assert result.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_the_commands_are_shown_in_the_order_of_a_trial() -> None:
    shown = CliRunner().invoke(main, []).output
    places = [shown.index(f" {name} ") for name in ("new", "check", "rehearse", "report", "verify")]
    assert places == sorted(places)


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port of this machine that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_told_before_anything_is_rehearsed(
    taken_port: int, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    result = CliRunner().invoke(main, ["demo", "--home", str(home), "--port", str(taken_port)])
    assert result.exit_code == 2
    assert "choose another --port" in result.stderr
    assert not home.exists()


@pytest.mark.parametrize("command", ["check", "page", "new"])
def test_a_file_without_end_is_refused_instead_of_filling_the_memory(
    command: str, tmp_path: Path
) -> None:
    endless = Path("/dev/zero")
    words = {
        "check": ["check", str(endless)],
        "page": ["page", str(endless)],
        "new": ["new", str(tmp_path / "draft"), "--from", str(endless)],
    }
    result = CliRunner().invoke(main, words[command])
    assert result.exit_code == 2
    assert "/dev/zero" in result.output
    assert not (tmp_path / "draft").exists()


@pytest.mark.parametrize("words", ["check {file}", "page {file}", "rehearse {file} --home {home}"])
def test_a_file_that_cannot_be_opened_is_named(words: str, tmp_path: Path) -> None:
    """A link to itself: nobody can open it, not even the superuser."""
    file = tmp_path / "protocol.yaml"
    file.symlink_to(file)
    arguments = words.format(file=file, home=tmp_path / "home").split()
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"equipoise: {file}: ")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "home").exists()


def test_a_home_one_may_not_write_to_is_named(tmp_path: Path) -> None:
    """Where the lock of the ledger cannot be made, the place is named and nothing is lost."""
    home = tmp_path / "home"
    words = ["rehearse", str(PROTOCOL), "--home", str(home), "--until", "randomized=0"]
    assert CliRunner().invoke(main, words).exit_code == 0
    lock = home / "ledger.sqlite.lock"
    lock.unlink()
    lock.mkdir()
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"equipoise: {lock}: ")
    assert len(result.stderr.splitlines()) == 1
    lock.rmdir()
    assert CliRunner().invoke(main, words).exit_code == 0


def test_an_interrupted_demonstration_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the middle keeps the last whole day and names the command that goes on."""
    home = tmp_path / "home"
    played = rehearsal.play

    def interrupted(*arguments: Any, **options: Any) -> None:
        played(*arguments, **(options | {"randomized": 2}))
        raise KeyboardInterrupt

    monkeypatch.setattr(rehearsal, "play", interrupted)
    stopped = CliRunner().invoke(main, ["demo", "--no-serve", "--home", str(home)])
    assert stopped.exit_code == 130
    assert f"equipoise demo --home {home}" in stopped.stderr
    events = _verified(home)

    def briefly(*arguments: Any, **options: Any) -> Any:
        return played(*arguments, **(options | {"randomized": 4}))

    monkeypatch.setattr(rehearsal, "play", briefly)
    gone_on = CliRunner().invoke(main, ["demo", "--no-serve", "--home", str(home)])
    assert gone_on.exit_code == 0, gone_on.output
    assert _verified(home) > events


def _verified(home: Path) -> int:
    result = CliRunner().invoke(main, ["verify", str(home), "--format", "json"])
    assert result.exit_code == 0
    events = json.loads(result.stdout)["events"]
    assert isinstance(events, int)
    return events

"""`equipoise rehearse` makes a home, stops where it is told, and goes on when asked again."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.home import Home
from equipoise.ledger.errors import LedgerError
from equipoise.rehearsal import PlayError
from support.patience import PATIENCE
from support.played import SECOND_PROTOCOL

RUN = CliRunner()


@pytest.fixture(scope="module")
def protocol_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second trial with four participants, as a file."""
    content = yaml.safe_load(SECOND_PROTOCOL.read_text(encoding="utf-8"))
    content["design"]["sample_size"]["target"] = 4
    path = tmp_path_factory.mktemp("protocol") / "protocol.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def rehearse(protocol: Path, home: Path, *options: str) -> dict[str, Any]:
    """What the command prints."""
    result = RUN.invoke(
        main, ["rehearse", str(protocol), "--home", str(home), "--format", "json", *options]
    )
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_home_is_made_and_gone_on_with(protocol_file: Path, tmp_path: Path) -> None:
    """Stopped by count, by day, then to the end: the same root as in one go."""
    parts = tmp_path / "parts"
    first = rehearse(protocol_file, parts, "--until", "randomized=2", "--seed", "3")
    assert first["randomized"] == 2
    assert not first["finished"]
    second = rehearse(protocol_file, parts, "--until", "2027-03-01", "--seed", "3")
    assert second["day"] == "2027-03-01"
    end = rehearse(protocol_file, parts, "--seed", "3")
    whole = rehearse(protocol_file, tmp_path / "whole", "--seed", "3")
    assert end["finished"]
    assert whole["finished"]
    assert end["ledger_root"] == whole["ledger_root"]
    assert end["randomized"] == whole["randomized"] == 4
    with Home.open(parts) as home:
        assert home.trial().ledger.verify().ok


@pytest.mark.parametrize(
    ("error", "code"), [(PlayError("no"), 2), (KeyboardInterrupt(), 130), (LedgerError("full"), 2)]
)
def test_a_home_is_closed_and_can_be_gone_on_with_after_an_error(
    protocol_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
) -> None:
    """Whatever stops a rehearsal, the same command goes on, in the same process too."""
    home = tmp_path / "home"
    rehearse(protocol_file, home, "--until", "2026-12-10")

    def stopped(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr("equipoise.rehearsal.play", stopped)
        result = RUN.invoke(main, ["rehearse", str(protocol_file), "--home", str(home)])
    assert result.exit_code == code, result.output
    assert len(result.output.strip().splitlines()) == 1
    assert rehearse(protocol_file, home, "--until", "2026-12-20")["day"] == "2026-12-20"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--until", "soon"], "--until soon: write a day"),
        (["--until", "randomized=many"], "randomized=N"),
    ],
)
def test_options_that_cannot_be_read_are_told(
    protocol_file: Path, tmp_path: Path, options: list[str], told: str
) -> None:
    """One line, exit code 2, no home left behind."""
    home = tmp_path / "home"
    result = RUN.invoke(main, ["rehearse", str(protocol_file), "--home", str(home), *options])
    assert result.exit_code == 2
    assert told in result.output
    assert len(result.output.strip().splitlines()) == 1
    assert not home.exists()


def test_a_home_keeps_its_numbers(protocol_file: Path, tmp_path: Path) -> None:
    """Another seed, other staff or another protocol cannot go on in the same home."""
    home = tmp_path / "home"
    rehearse(protocol_file, home, "--until", "2026-12-02")
    for options in (
        ["--seed", "9"],
        ["--replicate", "1"],
        ["--staff", "faultless"],
        ["--numbers", "2"],
    ):
        result = RUN.invoke(main, ["rehearse", str(protocol_file), "--home", str(home), *options])
        assert result.exit_code == 2
        assert "holds another rehearsal" in result.output
    other = RUN.invoke(main, ["rehearse", str(SECOND_PROTOCOL), "--home", str(home)])
    assert other.exit_code == 2


def test_assumptions_that_do_not_fit_are_told_one_a_line(
    protocol_file: Path, tmp_path: Path
) -> None:
    """Every fault of the assumptions, with the file and the path."""
    content = yaml.safe_load(protocol_file.read_text(encoding="utf-8"))
    content["assumptions"]["staff"]["visit_missed"] = 3
    content["assumptions"]["accrual"]["sites"]["99"] = {"per_month": 1}
    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    result = RUN.invoke(main, ["rehearse", str(path), "--home", str(tmp_path / "home")])
    assert result.exit_code == 2
    assert "assumptions.staff.visit_missed" in result.output
    assert "Traceback" not in result.output


def test_the_home_must_be_new_or_its_own(protocol_file: Path, tmp_path: Path) -> None:
    """A folder with something else in it is left alone."""
    (tmp_path / "letters.txt").write_text("private")
    result = RUN.invoke(main, ["rehearse", str(protocol_file), "--home", str(tmp_path)])
    assert result.exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]
    demo = RUN.invoke(main, ["demo", "--no-serve", "--home", str(tmp_path)])
    assert demo.exit_code == 2
    assert "not empty" in demo.output


@pytest.mark.parametrize("watched", [True, False])
def test_somebody_watching_sees_a_bar_a_site(
    protocol_file: Path, tmp_path: Path, watched: bool
) -> None:
    """On a terminal each site has its bar, on standard error; otherwise nothing but the result is printed."""
    master, terminal = pty.openpty()
    command = [
        sys.executable, "-c", "from equipoise.cli import main; main()", "rehearse",
        str(protocol_file), "--home", str(tmp_path / "home"), "--format", "json",
    ]  # fmt: skip
    shown = b""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=terminal if watched else subprocess.PIPE,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(terminal)
        while watched:
            try:
                shown += os.read(master, 65536)
            except OSError:  # the terminal's other side has been closed
                break
        out, err = process.communicate(timeout=PATIENCE)
    os.close(master)
    assert process.returncode == 0
    assert json.loads(out)["randomized"] == 4
    for name in ("Singapore", "Lisbon", "All sites"):
        assert (name in shown.decode()) is watched
    assert not err

"""A restore may be cut short at any moment: nobody works in what is half there, and the same command finishes it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from equipoise.home import Home, HomeError
from equipoise.home.backup import Backup, back_up
from equipoise.home.restore import restore
from support.backups import Kept
from support.postgres import new_schema

STRIDE = 1 if os.environ.get("EQUIPOISE_DEEP") else 9


class PowerCutError(BaseException):
    """The process is gone: nothing is cleaned up."""


STEPS = (
    ("equipoise.home.restore.shutil.copyfile", "copyfile"),
    ("equipoise.home.restore.shutil.copytree", "copytree"),
    ("equipoise.home.restore.os.replace", "replace"),
    ("equipoise.home.restore.Path.rename", "rename"),
    ("equipoise.home.restore.Path.unlink", "unlink"),
    ("equipoise.home.restore.Home.open", "open"),
)
"""What a restore does to the disk."""


class Cuts:
    """Lets so many steps be done, and then cuts the power: before a step, or after it."""

    def __init__(self, left: int, error: type[BaseException]) -> None:
        self.left, self.error = left, error

    def around(self, step: Any) -> Any:
        def done(*given: Any, **more: Any) -> Any:
            self.left -= 1
            if self.left == 0 or (self.left < 0 and self.error is PowerCutError):
                raise self.error
            answer = step(*given, **more)
            self.left -= 1
            if self.left == 0:
                getattr(answer, "close", lambda: None)()
                raise self.error
            return answer

        return done


def cut_after(steps: int, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> Cuts:
    from importlib import import_module

    cuts = Cuts(steps, error)
    module = import_module("equipoise.home.restore")
    for path, _name in STEPS:
        owner, _dot, attribute = path.removeprefix("equipoise.home.restore.").rpartition(".")
        target = getattr(module, owner)
        step = getattr(target, attribute)
        made = cuts.around(step)
        monkeypatch.setattr(target, attribute, staticmethod(made) if attribute == "open" else made)
    return cuts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept.made(tmp_path_factory.mktemp("made"))


def accounts(home: Path, text: str) -> None:
    (home / "web.sqlite").write_text(text)


def hashes(ledger: Path) -> list[str]:
    """The chain as it lies in the file and its log."""
    with closing(sqlite3.connect(ledger)) as found:
        return [one for (one,) in found.execute("SELECT hash FROM events ORDER BY seq")]


def went_well(home: Path, backup: Backup) -> None:
    assert not list(home.glob("*.new*"))
    assert not (home / "restoring.json").exists()
    with Home.open(home) as restored:
        trial = restored.trial()
        assert trial.ledger.verify().ok
        assert len(trial.state.restorations) == 1
        assert trial.ledger.head().seq == backup.seq + 1


@pytest.mark.parametrize("into", ["new", "home", "home with accounts"])
def test_cut_anywhere_the_same_restore_goes_on_and_loses_nothing(
    made: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, into: str
) -> None:
    """Before and after each step, until there are no more; twice in a row. Every fifth of them in the short run."""
    backup = Backup.read(made.backup)
    steps, finished = 1 - STRIDE, False
    while not finished:
        steps += STRIDE
        home = tmp_path / f"home-{steps}"
        if into != "new":
            shutil.copytree(made.home, home)
            accounts(home, "the accounts of the home")
        replaced = (made.home / "ledger.sqlite").read_bytes()
        options: dict[str, Any] = {
            "keys": made.keys, "replace_newer": True, "accounts": into == "home with accounts",
        }  # fmt: skip
        for again in (steps, 1 + steps // 2):
            with monkeypatch.context() as patch:
                cuts = cut_after(again, patch, PowerCutError)
                try:
                    restore(backup, home, **options)
                    finished = again == steps
                    break
                except PowerCutError:
                    assert cuts.left <= 0
            if _recorded(home):
                break
            if (home / "settings.json").exists() and (home / "restoring.json").exists():
                with Home.open(home) as half, pytest.raises(HomeError, match="was not finished"):
                    half.trial()
        if not finished and not _recorded(home):
            restore(backup, home, **options)
        went_well(home, backup)
        aside = list(home.glob("replaced-*"))
        assert len(aside) == (0 if into == "new" else 1), steps
        if aside:
            assert (aside[0] / "ledger.sqlite").read_bytes() == replaced
            assert hashes(aside[0] / "ledger.sqlite") == hashes(made.home / "ledger.sqlite")
            kept = aside[0] if options["accounts"] else home
            assert (kept / "web.sqlite").read_text() == "the accounts of the home"
        if into != "home":
            assert (home / "web.sqlite").read_bytes() == (made.backup / "web.sqlite").read_bytes()
        shutil.rmtree(home)
    assert steps > 12


def _recorded(home: Path) -> bool:
    """Whether nothing was left to do when the power went."""
    if (home / "restoring.json").exists() or not (home / "settings.json").exists():
        return False
    with Home.open(home) as opened:
        return bool(opened.trial().state.restorations)


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
@pytest.mark.parametrize("into", ["new", "home"])
def test_an_interruption_or_a_full_disk_leaves_what_stood_there(
    made: Kept,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    into: str,
    error: type[BaseException],
) -> None:
    backup = Backup.read(made.backup)
    steps = 2 - STRIDE
    while True:
        steps += STRIDE
        home = tmp_path / f"home-{steps}"
        if into == "home":
            shutil.copytree(made.home, home)
        before = (made.home / "ledger.sqlite").read_bytes()
        with monkeypatch.context() as patch:
            cut_after(steps, patch, error)
            try:
                restore(backup, home, keys=made.keys, replace_newer=True)
                break
            except error:
                pass
        if into == "new":
            assert not home.exists(), steps
        elif not (home / "restoring.json").exists() and not list(home.glob("replaced-*")):
            assert (home / "ledger.sqlite").read_bytes() == before
            with Home.open(home) as untouched:
                assert untouched.trial().ledger.verify().ok
        else:
            restore(backup, home, keys=made.keys, replace_newer=True)
            went_well(home, backup)
        shutil.rmtree(home, ignore_errors=True)


def test_another_backup_is_refused_until_the_one_begun_is_finished(
    made: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    with Home.open(home) as opened:
        other = back_up(opened, tmp_path / "backups")
    with monkeypatch.context() as patch:
        cut_after(9, patch, PowerCutError)
        with pytest.raises(PowerCutError):
            restore(Backup.read(made.backup), home, keys=made.keys, replace_newer=True)
    with pytest.raises(HomeError, match="a restore of another backup"):
        restore(other, home, keys=made.keys, replace_newer=True)
    restore(Backup.read(made.backup), home)
    went_well(home, Backup.read(made.backup))


def test_a_folder_with_a_file_of_somebodys_is_not_taken_for_one_that_was_begun(
    made: Kept, tmp_path: Path
) -> None:
    """The protocol that lies there alone is the user's own, and stays."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "protocol.yaml").write_text("mine")
    with pytest.raises(HomeError, match="is no Equipoise home"):
        restore(Backup.read(made.backup), tmp_path / "mine", keys=made.keys)
    assert (tmp_path / "mine" / "protocol.yaml").read_text() == "mine"


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_signal_leaves_a_folder_that_the_same_command_finishes(
    made: Kept, tmp_path: Path, sent: signal.Signals
) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "import equipoise.home.restore as room\n"
        "from equipoise.home.backup import Backup\n"
        "# a shell's background jobs are born with interruptions ignored\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "swap = room._Restoring._swap\n"
        "def cut(*given):\n"
        "    swap(*given)\n"
        f"    os.kill(os.getpid(), {int(sent)})\n"
        "room._Restoring._swap = cut\n"
        "room.restore(Backup.read(Path(sys.argv[1])), Path(sys.argv[2]), keys=Path(sys.argv[3]))\n"
    )
    home = tmp_path / "home"
    arguments = [str(made.backup), str(home), str(made.keys)]
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, env=os.environ, check=False
    )
    assert ended.returncode != 0
    assert home.exists() == (sent is not signal.SIGINT), "an interruption can still clean up"
    restore(Backup.read(made.backup), home, keys=made.keys)
    went_well(home, Backup.read(made.backup))


def test_a_restore_into_a_database_that_fails_leaves_no_schema(
    made: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was copied there before it failed goes with the home that is not made."""
    from equipoise.ledger.postgres import schema_in_use

    with new_schema() as (url, schema):
        where = {"database": url, "schema": schema}

        def full(*_given: Any, **_more: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr("equipoise.home.restore._Restoring._accounts", full)
            with pytest.raises(OSError, match="No space left"):
                restore(Backup.read(made.backup), tmp_path / "home", keys=made.keys, **where)
        assert not (tmp_path / "home").exists()
        assert not schema_in_use(url, schema)
        restore(Backup.read(made.backup), tmp_path / "home", keys=made.keys, **where)
        went_well(tmp_path / "home", Backup.read(made.backup))


def test_a_backup_without_accounts_takes_nobodys_away(made: Kept, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(made.home, home)
    with Home.open(home) as opened:
        bare = back_up(opened, tmp_path / "backups", accounts=False)
    accounts(home, "the accounts of the home")
    restore(bare, home, accounts=True)
    assert (home / "web.sqlite").read_text() == "the accounts of the home"

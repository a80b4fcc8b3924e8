"""A home that an earlier release left is brought to this one: backed up first, twice over if need be, or not at all."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct.values import Address
from equipoise.home import Home, HomeError
from equipoise.home.backup import Backup
from equipoise.home.release import RELEASE, is_older
from equipoise.web.upgrading import MIGRATIONS, accounts_behind
from support.golden import GOLDEN
from support.story import SEED_PROTOCOL

RELEASED = sorted(path.parent.name for path in GOLDEN.glob("*/home.tar.gz"))


@pytest.fixture(params=RELEASED)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The home of a released version."""
    with tarfile.open(GOLDEN / request.param / "home.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "home"


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(main, [str(word) for word in words])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def upgraded(home: Path) -> dict[str, Any]:
    code, printed = run("upgrade", "--home", home, "--format", "json")
    assert code == 0, printed
    found: dict[str, Any] = json.loads(printed)
    return found


def digest(folder: Path) -> dict[str, str]:
    """Every file that says anything, by its content; locks and shared memory say nothing."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith((".lock", "-shm", "-wal"))
    }


def test_every_released_version_left_its_home() -> None:
    assert "0.1.0" in RELEASED
    assert sorted(path.name for path in GOLDEN.iterdir() if path.is_dir()) == RELEASED


def test_it_opens_with_the_same_root_people_and_sign_ins(old: Path) -> None:
    with closing(sqlite3.connect(old / "ledger.sqlite")) as ledger:
        events = ledger.execute("SELECT count(*) FROM events").fetchone()[0]
        last = ledger.execute("SELECT hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()[0]
    told = upgraded(old)
    assert [step.partition(":")[0] for step in told["done"]] == [
        "lists and counts", "accounts", "settings",
    ]  # fmt: skip
    home = Home.open(old)
    trial = home.trial()
    assert trial.ledger.head() == (events, last)
    assert trial.ledger.verify().ok
    people = {state.id: state for state in trial.participants()}
    assert {name: one.status for name, one in people.items()} == {
        "01-0001": "randomized", "02-0001": "consented", "03-0001": "screening",
    }  # fmt: skip
    assert people["02-0001"].identity["person_name"] == "Virtual Participant"
    assert people["01-0001"].adverse_events[1].narrative == "Told by the ward."
    assert Address("unscheduled", "laboratory") in people["01-0001"].forms
    rows = trial.ledger.rows("participant", order="id")
    assert [row["status"] for row in rows] == ["randomized", "consented", "screening"]
    assert accounts_behind(home) == []
    from equipoise.web import configure
    from support.web_home import stage

    kept = stage()
    try:
        configure(home)
        from equipoise.web.models import Account

        for name in ("coordinator-nanning", "monitor", "administrator"):
            account = Account.objects.get(username=name)
            assert account.check_password(f"a long password of {name}")
    finally:
        configure(kept.home)
        home.close()


def test_a_verified_backup_of_what_it_was_is_made_first(old: Path) -> None:
    with closing(sqlite3.connect(old / "web.sqlite")) as accounts:
        before = accounts.execute("SELECT name FROM django_migrations WHERE app = 'web'").fetchall()
    told = upgraded(old)
    assert Path(told["backup"]).parent == old.with_name("home-backups")
    backup = Backup.read(Path(told["backup"]))
    backup.verify()
    with closing(sqlite3.connect(backup.path / "web.sqlite")) as accounts:
        names = accounts.execute("SELECT name FROM django_migrations WHERE app = 'web'").fetchall()
    assert names == before


def test_run_again_it_finds_nothing_to_do_and_changes_nothing(old: Path) -> None:
    upgraded(old)
    before = digest(old)
    again = upgraded(old)
    assert (again["done"], again["backup"]) == ([], None)
    assert digest(old) == before
    assert len(list(old.with_name("home-backups").iterdir())) == 1
    code, printed = run("upgrade", "--home", old)
    assert (code, "nothing to do" in printed) == (0, True)


def test_until_then_it_is_not_served_and_nobody_gets_an_account(old: Path) -> None:
    before = digest(old)
    for words in (
        ("serve", "--home", old, "--port", "8199"),
        ("account", "monitor", "--home", old),
    ):
        code, printed = run(*words)
        assert code == 2
        assert printed.count("\n") == 1
        assert f"equipoise upgrade --home {old}" in printed
    assert digest(old) == before


def test_cut_short_it_is_run_again(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("equipoise.web.configure", die)
        CliRunner().invoke(main, ["upgrade", "--home", str(old)])
    assert not Home.open(old).marked
    told = upgraded(old)
    assert "accounts" in told["done"][0]
    assert Home.open(old).marked
    assert upgraded(old)["done"] == []


def test_without_room_for_the_backup_nothing_is_touched(old: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    before = digest(old)
    code, printed = run("upgrade", "--home", old, "--backups", tmp_path / "taken")
    assert (code, printed.count("\n")) == (2, 1)
    after = digest(old)
    # a checkpoint was signed for the backup; nothing else
    assert {name for name in after if after[name] != before.get(name)} <= {"checkpoints.jsonl"}


def test_while_it_is_served_it_is_not_upgraded(old: Path) -> None:
    file = os.open(old / "serving.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_SH)
        code, printed = run("upgrade", "--home", old)
        assert (code, printed.count("\n"), "end it first" in printed) == (2, 1, True)
    finally:
        os.close(file)
    assert not old.with_name("home-backups").exists()


def later_release(home: Path) -> None:
    settings = json.loads((home / "settings.json").read_text(encoding="utf-8"))
    (home / "settings.json").write_text(json.dumps({**settings, "release": "99.1.0"}))


def later_layout(home: Path) -> None:
    settings = json.loads((home / "settings.json").read_text(encoding="utf-8"))
    (home / "settings.json").write_text(json.dumps({**settings, "format": 99}))


def later_accounts(home: Path) -> None:
    from equipoise.web import configure
    from support.web_home import stage

    kept = stage()
    opened = Home.open(home)
    configure(opened)
    configure(kept.home)
    with closing(sqlite3.connect(home / "web.sqlite")) as accounts, accounts:
        accounts.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('web', '0999_later', '')"
        )


@pytest.mark.parametrize("change", [later_release, later_layout, later_accounts])
def test_a_home_of_a_later_release_is_refused_in_one_line_and_left_alone(
    tmp_path: Path, change: Any
) -> None:
    home = tmp_path / "home"
    Home.create(home, SEED_PROTOCOL).close()
    change(home)
    before = digest(home)
    for words in (("upgrade", "--home", home), ("serve", "--home", home, "--port", "8199")):
        code, printed = run(*words)
        assert (code, printed.count("\n")) == (2, 1), printed
        assert "later" in printed
        assert "nothing was changed" in printed
    assert digest(home) == before


def test_a_new_home_names_its_release_and_needs_no_upgrade(tmp_path: Path) -> None:
    Home.create(tmp_path / "home", SEED_PROTOCOL).close()
    home = Home.open(tmp_path / "home")
    assert (home.release, home.marked, home.behind) == (RELEASE, True, False)
    assert upgraded(home.path)["done"] == []
    later_release(home.path)
    with pytest.raises(HomeError, match="later"):
        Home.open(home.path)


@pytest.mark.parametrize(
    ("one", "other", "older"),
    [("0.1.0", "0.2.0", True), ("0.10.0", "0.9.3", False), ("1.0.0", "1.0.0", False),
     ("0.1.0", "0.1.1", True), ("0.9.9", "1.0", True)],
)  # fmt: skip
def test_releases_are_ordered_by_their_numbers(one: str, other: str, older: bool) -> None:
    assert is_older(one, other) is older


def test_the_changes_of_the_accounts_stand_in_files_of_the_package() -> None:
    assert len(list(MIGRATIONS.glob("[0-9]*.py"))) >= 3


def test_a_golden_home_is_never_replaced(tmp_path: Path) -> None:
    path = Path(__file__).resolve().parents[3] / "tools" / "golden_home.py"
    spec = importlib.util.spec_from_file_location("golden_home", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    (tmp_path / RELEASE).mkdir()
    packed = tmp_path / RELEASE / "home.tar.gz"
    packed.write_bytes(b"kept")
    import sys

    given, sys.argv = sys.argv, ["golden_home.py", "--golden", str(tmp_path)]
    try:
        assert tool.main() == 1
    finally:
        sys.argv = given
    assert packed.read_bytes() == b"kept"

"""A backup is a verified prefix of the ledger; a restore leaves a trace, and forgets what was erased."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.home import Home, HomeError
from equipoise.home.backup import (
    Backup,
    DamagedBackupError,
    KeyCopy,
    back_up,
    back_up_keys,
)
from equipoise.home.restore import Restored, restore
from equipoise.home.storage import open_ledger
from equipoise.ledger.verification import verify_ledger
from support.postgres import new_schema
from support.story import INVESTIGATOR, SEED_PROTOCOL, Person, expect, open_trial

NAME = "Canary Wang-Zzyzx"


@pytest.fixture(params=["sqlite", "postgresql"])
def home(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Home]:
    with ExitStack() as held:
        stored: dict[str, str] = {}
        if request.param == "postgresql":
            url, schema = held.enter_context(new_schema())
            stored = {"database": url, "schema": schema}
        made = Home.create(tmp_path / "home", SEED_PROTOCOL, **stored)
        held.enter_context(made)
        open_trial(made.trial(), datetime.now(UTC))
        yield made
        held.callback(_drop_restored, made.path)


def _drop_restored(path: Path) -> None:
    from equipoise.ledger.postgres import drop_schema

    database = json.loads((path / "settings.json").read_text())["database"]
    if database is not None:
        drop_schema(database["url"], database["schema"])


def screened(home: Home, name: str = NAME) -> Person:
    return Person(home.trial(), at=datetime.now(UTC)).screen(person_name=name)


def chain(path: Path) -> list[tuple[int, str]]:
    with closing(open_ledger(path)) as store:
        return list(store.links(0, store.head().seq))


def whole(path: Path) -> bool:
    with closing(open_ledger(path)) as store:
        return verify_ledger(store, None, key=None, trial=None).ok


def test_a_backup_is_what_the_ledger_was_and_restores_into_a_new_home(
    home: Home, tmp_path: Path
) -> None:
    person = screened(home)
    made = back_up(home, tmp_path / "backups")
    copy, _ = back_up_keys(home, tmp_path / "keys")
    screened(home)
    assert (made.seq, made.root) == (Backup.read(made.path).seq, Backup.read(made.path).root)
    done = restore(made, tmp_path / "again", keys=copy.path, reason="a new machine")
    assert (done.lost, done.aside, done.unreadable) == (0, "", 0)
    with Home.open(tmp_path / "again") as again:
        trial = again.trial()
        assert trial.participant(person.id).identity == {"person_name": NAME}
        (one,) = trial.state.restorations
        assert (one.backup_seq, one.person, one.reason) == (
            made.seq,
            "administrator",
            "a new machine",
        )
        last = again.checkpoints.newest()
        assert (last.reason, last.seq) == ("restore", made.seq + 1)
        assert trial.ledger.verify().ok
        Person(trial, at=datetime.now(UTC)).screen(person_name="next").consent()
    original, restored = chain(home.path), chain(tmp_path / "again")
    assert restored[: made.seq] == original[: made.seq]
    assert original[made.seq :]


def test_a_backup_holds_neither_keys_nor_seed_nor_names_nor_sessions(
    home: Home, tmp_path: Path
) -> None:
    screened(home)
    made = back_up(home, tmp_path / "backups")
    names = {file.name for file in made.path.rglob("*")}
    assert not names & {"keys.sqlite", "keeper.sqlite", "web.key"}
    everything = b"".join(file.read_bytes() for file in made.path.rglob("*") if file.is_file())
    assert NAME.encode() not in everything
    with closing(sqlite3.connect(home.path / "keys.sqlite")) as keys:
        for (key,) in keys.execute("SELECT key FROM keys WHERE key IS NOT NULL"):
            assert key not in everything
    assert json.loads((made.path / "settings.json").read_text())["database"] is None
    assert made.path.stat().st_mode & 0o77 == 0


def test_eight_clients_write_while_backups_are_made_and_each_is_a_prefix(
    home: Home, tmp_path: Path
) -> None:
    trial = home.trial()
    stop = threading.Event()
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            while not stop.is_set():
                Person(trial, at=datetime.now(UTC)).screen(person_name=f"client {number}")
        except BaseException as error:
            failed.append(error)

    clients = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for one in clients:
        one.start()
    try:
        made = [back_up(home, tmp_path / "backups") for _ in range(3)]
    finally:
        stop.set()
        for one in clients:
            one.join()
    assert not failed
    ledger = chain(home.path)
    assert made[0].seq < made[-1].seq < len(ledger)
    for one in made:
        with closing(open_ledger(one.path / "ledger.sqlite")) as store:
            assert list(store.links(0, one.seq + 1)) == ledger[: one.seq]
    copy, _ = back_up_keys(home, tmp_path / "keys")
    done = restore(made[1], tmp_path / "again", keys=copy.path)
    assert chain(tmp_path / "again")[: made[1].seq] == ledger[: made[1].seq]
    assert (done.event, done.unreadable) == (made[1].seq + 1, 0)


def test_a_newer_home_is_not_replaced_without_saying_so_and_what_is_lost_is_told(
    home: Home, tmp_path: Path
) -> None:
    path = home.path
    made = back_up(home, tmp_path / "backups")
    screened(home), screened(home)
    lost = chain(path)[made.seq :]
    with pytest.raises(HomeError, match="a process has this home open"):
        restore(made, path, replace_newer=True)
    home.close()
    with pytest.raises(HomeError, match="2 events would be replaced; say so with --replace"):
        restore(made, path)
    assert chain(path)[made.seq :] == lost
    done = restore(made, path, replace_newer=True, reason="a drill")
    assert done.lost == 2
    with Home.open(path) as again:
        (one,) = again.trial().state.restorations
        assert (one.lost, one.reason) == (2, "a drill")
        (event,) = again.trial().ledger.events(types=["LedgerRestored"])
        assert (event.payload["last_seq"], event.payload["last_hash"]) == lost[-1]
        assert again.trial().ledger.verify().ok
    (aside,) = path.glob("replaced-*")
    assert (aside / "head").exists()
    if home.database is None:
        assert done.aside == aside.name
        assert chain(aside)[made.seq :] == lost
    else:
        assert done.aside.startswith("schema ")


def test_a_home_that_the_backup_goes_beyond_is_replaced_without_asking(
    home: Home, tmp_path: Path
) -> None:
    early = back_up(home, tmp_path / "backups")
    screened(home)
    late = back_up(home, tmp_path / "backups")
    home.close()
    restore(early, home.path, replace_newer=True)
    # the restoration itself is an event that the later backup does not have
    with pytest.raises(HomeError, match="1 events would be replaced"):
        restore(late, home.path)
    done = restore(late, home.path, replace_newer=True)
    assert done.lost == 1
    assert whole(home.path)


def test_what_was_erased_after_the_backup_is_erased_in_the_restored_home_too(
    home: Home, tmp_path: Path
) -> None:
    person = screened(home).consent()
    made = back_up(home, tmp_path / "backups")
    copy, _ = back_up_keys(home, tmp_path / "keys")
    on = person.at.date()
    leave = c.Withdraw(participant=person.id, scope="data_use", reason="moves", on=on)
    expect(person.do(leave))
    person.at = datetime.now(UTC)
    expect(person.do(c.EraseIdentity(participant=person.id, reason="asked"), INVESTIGATOR))
    # on a new machine: the old copy of the keys opens the name, until the list of erasures comes along
    newest, _ = back_up_keys(home, tmp_path / "keys")
    done = restore(made, tmp_path / "again", keys=copy.path)
    assert done.erasures == 1
    with Home.open(tmp_path / "again") as again:
        assert not again.trial().participant(person.id).identity
        # the number comes again, for another person, under a key of its own
        third = screened(again, "somebody else")
        assert third.state.identity == {"person_name": "somebody else"}
    home.close()
    back = restore(made, home.path, replace_newer=True)
    assert back.erasures == 1
    with Home.open(home.path) as again:
        assert not again.trial().participant(person.id).identity
        assert NAME not in repr(list(again.trial().events()))
    assert newest.taken_at > copy.taken_at


def test_copies_of_keys_expire_and_are_taken_away(home: Home, tmp_path: Path) -> None:
    made = back_up(home, tmp_path / "backups")
    old, _ = back_up_keys(home, tmp_path / "keys", days=1)
    note = json.loads((old.path / "keys.json").read_text())
    note["expires"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    (old.path / "keys.json").write_text(json.dumps(note))
    with pytest.raises(HomeError, match="expired"):
        restore(made, tmp_path / "again", keys=old.path)
    assert not (tmp_path / "again").exists()
    _, gone = back_up_keys(home, tmp_path / "keys")
    assert gone == [old.path]
    assert not old.path.exists()
    assert KeyCopy.read(tmp_path / "keys").path != old.path
    with pytest.raises(HomeError, match="has no keys"):
        restore(made, tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("damage", ["ledger.sqlite", "protocol.yaml", "missing", "root"])
def test_a_damaged_backup_is_not_restored(tmp_path: Path, damage: str) -> None:
    with Home.create(tmp_path / "home", SEED_PROTOCOL) as home:
        open_trial(home.trial(), datetime.now(UTC))
        made = back_up(home, tmp_path / "backups")
    note = json.loads((made.path / "backup.json").read_text())
    if damage == "missing":
        (made.path / "head").unlink()
    elif damage == "root":
        note["root"] = "0" * 64
        (made.path / "backup.json").write_text(json.dumps(note))
    else:
        file = made.path / damage
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    with pytest.raises(DamagedBackupError) as raised:
        restore(Backup.read(made.path), tmp_path / "home", replace_newer=True)
    assert ("its signature does not hold" in str(raised.value)) == (damage == "root")
    with Home.open(tmp_path / "home") as home:
        assert not home.trial().state.restorations


def test_a_backup_of_a_damaged_ledger_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Home.create(tmp_path / "home", SEED_PROTOCOL) as home:
        open_trial(home.trial(), datetime.now(UTC))

        def damaged(source: object, path: Path, *_: object, **__: object) -> None:
            shutil.copyfile(home.ledger_database, path)
            with closing(sqlite3.connect(path)) as copy:
                copy.executescript(
                    "DROP TRIGGER events_never_change; UPDATE events SET actor = 'x' WHERE seq = 9"
                )

        home.close()
        monkeypatch.setattr("equipoise.home.backup.copy_to_file", damaged)
        with pytest.raises(DamagedBackupError, match="event 9: its content does not give its hash"):
            back_up(home, tmp_path / "backups")
    assert not list((tmp_path / "backups").iterdir())


def test_a_restore_that_cannot_be_recorded_is_taken_back(home: Home, tmp_path: Path) -> None:
    path = home.path
    made = back_up(home, tmp_path / "backups")
    screened(home)
    before = chain(path)
    home.close()
    with pytest.raises(HomeError, match="name one with --by"):
        restore(made, path, replace_newer=True, by="nobody")
    assert chain(path) == before
    assert not list(path.glob("replaced-*"))
    with Home.open(path) as again:
        assert again.trial().ledger.verify().ok
        screened(again)


def test_a_restore_cut_short_keeps_everybody_out_until_it_is_done_again(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = home.path
    made = back_up(home, tmp_path / "backups")
    screened(home)
    before = chain(path)
    home.close()

    class PowerCutError(BaseException):
        pass

    def cut(*_: object, **__: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr("equipoise.home.restore._Restoring._undo", lambda *_: None)
        patch.setattr("equipoise.home.restore._Restoring._record", cut)
        with pytest.raises(PowerCutError):
            restore(made, path, replace_newer=True)
    with Home.open(path) as again, pytest.raises(HomeError, match="was not finished"):
        again.trial()
    done = restore(made, path)
    assert done.lost == len(before) - made.seq
    with Home.open(path) as again:
        assert again.trial().ledger.verify().ok
        screened(again)


def test_another_trials_backup_is_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "one", tmp_path / "two"]
    made = []
    for path in paths:
        with Home.create(path, SEED_PROTOCOL) as home:
            open_trial(home.trial(), datetime.now(UTC))
            made.append(back_up(home, tmp_path / "backups"))
    with pytest.raises(HomeError, match="signed with another key"):
        restore(made[0], paths[1], replace_newer=True)


# -- at the command line --------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_the_commands_print_what_they_did_and_exit_as_documented(tmp_path: Path) -> None:
    path = tmp_path / "home"
    with Home.create(path, SEED_PROTOCOL) as home:
        open_trial(home.trial(), datetime.now(UTC))
    backups, keys = tmp_path / "backups", tmp_path / "keys"
    code, printed, _ = run("backup", "--home", str(path), "--out", str(backups), "--format", "json")
    assert code == 0
    made = json.loads(printed)["backup"]
    assert re.fullmatch(r"[0-9a-f]{4} [0-9a-f]{4} [0-9a-f]{4}", made["code"])
    code, printed, _ = run("backup", "--home", str(path), "--keys", str(keys))
    assert code == 0
    assert "good until" in printed
    again = str(tmp_path / "again")
    code, printed, _ = run(
        "restore", made["path"], "--home", again, "--keys", str(keys), "--format", "json"
    )
    assert code == 0
    assert json.loads(printed) == asdict(
        Restored(again, made["seq"], made["ledger_root"], made["seq"] + 1, 0, "", 0, 0)
    )
    for wrong, said in (
        (["backup", "--home", str(path)], "name --out DIR"),
        (
            ["backup", "--home", str(path), "--out", str(backups), "--keys", str(backups / "k")],
            "apart",
        ),
        (["restore", str(tmp_path), "--home", again], "is no backup"),
        (["restore", made["path"], "--home", str(tmp_path / "new")], "has no keys"),
    ):
        code, _, told = run(*wrong)
        assert (code, len(told.splitlines())) == (2, 1), told
        assert said in told
    note = Path(made["path"]) / "backup.json"
    note.write_text(note.read_text().replace(made["ledger_root"], "1" * 64))
    code, _, told = run("restore", made["path"], "--home", str(path))
    assert code == 1
    assert "does not verify" in told

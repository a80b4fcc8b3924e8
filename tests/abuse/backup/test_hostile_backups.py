"""Whoever can write to where backups lie cannot make a restore read, write or believe anything else.

Each backup below was made well and tampered with afterwards: by somebody without the ledger's key, by somebody who signs
with a key of their own, and (what only the ledger itself could have signed) with the ledger's key. Each is refused in one line,
into a new folder and into the home it came from, and neither is touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.home import Home
from equipoise.home.backup import BACKUP_FILE, MAX_NOTE
from support.backups import STRANGER, Kept, signed_by, written_anew

SECRET = "root:x:0:0:never to be read"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept.made(tmp_path_factory.mktemp("made"))


@pytest.fixture
def kept(made: Kept, tmp_path: Path) -> Kept:
    """A copy of everything, to be tampered with."""
    copies = {}
    for name in ("home", "backup", "keys"):
        copies[name] = tmp_path / name
        shutil.copytree(getattr(made, name), copies[name])
    (tmp_path / "outside").write_text(SECRET)
    return Kept(**copies, signer=made.signer)


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file of a home with its content, but for the locks and what reading leaves behind."""
    skipped = (".lock", "-wal", "-shm")
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith(skipped)
    }


def refused(kept: Kept, tmp_path: Path, *more: str) -> Iterator[str]:
    """What a restore says against it, into a new folder and over the home; neither is changed."""
    new = tmp_path / "new"
    before = fingerprint(kept.home)
    for home in (new, kept.home):
        told = CliRunner().invoke(
            main, ["restore", str(kept.backup), "--home", str(home), "--replace", "--keys", str(kept.keys), *more]
        )  # fmt: skip
        assert told.exit_code in (1, 2), told.output
        assert told.stdout == ""
        assert len(told.stderr.splitlines()) == 1, told.stderr
        assert SECRET not in told.stderr
        yield told.stderr
    assert not new.exists()
    assert fingerprint(kept.home) == before
    with Home.open(kept.home) as home:
        assert home.trial().ledger.verify().ok


# -- without any key ------------------------------------------------------------------------------


def swap_ledger(backup: Path, made: Kept) -> None:
    shutil.copyfile(made.home / "ledger.sqlite", backup / "ledger.sqlite")


def swap_accounts(backup: Path, made: Kept) -> None:
    (backup / "web.json").write_text('{"idle_minutes": 480}')


def truncate(name: str) -> Callable[[Path, Kept], None]:
    def cut(backup: Path, made: Kept) -> None:
        os.truncate(backup / name, (backup / name).stat().st_size // 2)

    return cut


def swap_two(backup: Path, made: Kept) -> None:
    (backup / "head").rename(backup / "x")
    (backup / "checkpoints.jsonl").rename(backup / "head")
    (backup / "x").rename(backup / "checkpoints.jsonl")


def leave_out(name: str) -> Callable[[Path, Kept], None]:
    return lambda backup, made: (backup / name).unlink()


def link(name: str) -> Callable[[Path, Kept], None]:
    """A link to the very file, which gives the same bytes and the same digest; it could lead elsewhere a moment later."""

    def linked(backup: Path, made: Kept) -> None:
        (backup / name).unlink()
        (backup / name).symlink_to(made.backup / name)

    return linked


def add_link(backup: Path, made: Kept) -> None:
    (backup / "protocols").mkdir(exist_ok=True)
    (backup / "protocols" / "more.yaml").symlink_to(backup.parent / "outside")


def add_folder_link(backup: Path, made: Kept) -> None:
    (backup / "protocols").symlink_to(backup.parent, target_is_directory=True)


def add_file(name: str) -> Callable[[Path, Kept], None]:
    return lambda backup, made: (backup / name).write_bytes(b"\0" * 100)


def pipe(backup: Path, made: Kept) -> None:
    os.mkfifo(backup / "web.json")


def grow(backup: Path, made: Kept) -> None:
    """A terabyte of nothing: reading it would take hours."""
    os.truncate(backup / "ledger.sqlite", 1 << 40)


def restate(backup: Path, made: Kept) -> None:
    """Another root, in a note that is otherwise right."""
    written_anew(backup, None, root="1" * 64)


def strip(backup: Path, made: Kept) -> None:
    note = json.loads((backup / BACKUP_FILE).read_text())
    del note["signature"]
    (backup / BACKUP_FILE).write_text(json.dumps(note))


def note_is(content: bytes) -> Callable[[Path, Kept], None]:
    return lambda backup, made: (backup / BACKUP_FILE).write_bytes(content) and None


def note_huge(backup: Path, made: Kept) -> None:
    os.truncate(backup / BACKUP_FILE, MAX_NOTE * 1000)


def note_linked(backup: Path, made: Kept) -> None:
    (backup / BACKUP_FILE).unlink()
    (backup / BACKUP_FILE).symlink_to(backup.parent / "outside")


def note_typed_wrongly(backup: Path, made: Kept) -> None:
    written_anew(backup, None, seq="12")


WITHOUT_KEY = {
    "another ledger": (swap_ledger, "not what was backed up"),
    "other settings of the web": (swap_accounts, "was not backed up"),
    "ledger cut": (truncate("ledger.sqlite"), "not what was backed up"),
    "protocol cut": (truncate("protocol.yaml"), "not what was backed up"),
    "two files swapped": (swap_two, "not what was backed up"),
    "head missing": (leave_out("head"), "is missing"),
    "ledger a link": (link("ledger.sqlite"), "no plain file"),
    "settings a link": (link("settings.json"), "no plain file"),
    "a link more": (add_link, "was not backed up"),
    "a linked folder more": (add_folder_link, "was not backed up"),
    "a log beside the ledger": (add_file("ledger.sqlite-wal"), "was not backed up"),
    "a journal beside the ledger": (add_file("ledger.sqlite-journal"), "was not backed up"),
    "a pipe": (pipe, "was not backed up"),
    "a huge ledger": (grow, "not what was backed up"),
    "another root": (restate, "signature does not hold"),
    "no signature": (strip, "is not what a backup says"),
    "note no JSON": (note_is(b"\x7fELF"), "cannot be read"),
    "note nested": (note_is(b"[" * 100_000), "cannot be read"),
    "note a list": (note_is(b"[1]"), "no JSON object"),
    "note empty": (note_is(b"{}"), "another version"),
    "note huge": (note_huge, "longer than"),
    "note a link": (note_linked, "no plain file"),
    "note with other types": (note_typed_wrongly, "is not what a backup says"),
}  # fmt: skip


@pytest.mark.parametrize("how", WITHOUT_KEY)
def test_a_backup_changed_by_somebody_without_a_key_is_refused(
    kept: Kept, made: Kept, tmp_path: Path, how: str
) -> None:
    change, said = WITHOUT_KEY[how]
    change(kept.backup, made)
    for told in refused(kept, tmp_path):
        assert said in told


# -- with a key -----------------------------------------------------------------------------------


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "name",
    [
        "../outside",
        "/etc/hostname",
        "protocols/../../outside",
        "a\\..\\outside",
        "./head",
        "head/",
        "",
    ],
)
@pytest.mark.parametrize("whose", ["stranger", "ledger"])
def test_no_name_leads_out_of_the_backup_whoever_signed_it(
    kept: Kept, tmp_path: Path, name: str, whose: str
) -> None:
    signer = kept.signer if whose == "ledger" else STRANGER
    note = json.loads((kept.backup / BACKUP_FILE).read_text())
    files = {**note["files"], name: _digest(SECRET.encode())}
    sizes = {**note["sizes"], name: len(SECRET)}
    written_anew(kept.backup, signer, files=files, sizes=sizes, public_key=signer.public_hex)
    for told in refused(kept, tmp_path):
        assert "names a file outside of it" in told


def test_a_whole_backup_by_a_stranger_is_not_taken_for_this_ledgers(
    kept: Kept, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Sound in itself, of the same protocol: but neither the home nor the keys are of that ledger."""
    other = Kept.made(tmp_path_factory.mktemp("other"))
    shutil.rmtree(kept.backup)
    shutil.copytree(other.backup, kept.backup)
    for told in refused(kept, tmp_path):
        assert "another" in told


def test_a_ledger_signed_anew_by_a_stranger_does_not_verify(kept: Kept, tmp_path: Path) -> None:
    with closing(sqlite3.connect(kept.backup / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("DROP TRIGGER events_never_change")
        ledger.execute("UPDATE events SET actor = 'x' WHERE seq = 9")
    signed_by(kept.backup, STRANGER)
    for told in refused(kept, tmp_path):
        assert "does not verify" in told


def test_what_is_no_ledger_is_not_read_as_one(kept: Kept, tmp_path: Path) -> None:
    (kept.backup / "ledger.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    signed_by(kept.backup, kept.signer)
    for told in refused(kept, tmp_path):
        assert "cannot be read as a ledger" in told


@pytest.mark.parametrize("content", ["[]", "{}", '{"trial": 1}', "nonsense", "[" * 10_000])
def test_settings_that_are_none_make_no_home(kept: Kept, tmp_path: Path, content: str) -> None:
    (kept.backup / "settings.json").write_text(content)
    signed_by(kept.backup, kept.signer)
    told = CliRunner().invoke(
        main, ["restore", str(kept.backup), "--home", str(tmp_path / "new"), "--keys", str(kept.keys)]
    )  # fmt: skip
    assert (told.exit_code, len(told.stderr.splitlines())) == (2, 1), told.output
    assert not (tmp_path / "new").exists()


def test_what_the_disk_cannot_hold_is_refused_before_anything_is_written(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr("equipoise.home.restore.shutil.disk_usage", lambda path: usage)
    for told in refused(kept, tmp_path):
        assert "bytes, and 1000 are free" in told


# -- what is given beside it ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"nonsense\nmore\n", b'{"trial": 1, "keys": []}\n{}\n', b'{"trial": "x", "keys": "abc"}\n\n', b"\xff\xfe\n", b"[" * 9999 + b"\n{}\n"],
)  # fmt: skip
def test_a_list_of_erasures_that_is_none_is_refused_and_nothing_of_it_noted(
    kept: Kept, tmp_path: Path, content: bytes
) -> None:
    given = tmp_path / "erasures.jsonl"
    given.write_bytes(content)
    for told in refused(kept, tmp_path, "--erasures", str(given)):
        assert str(given) in told


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (b"[" * 100_000, "cannot be read"),
        (b'{"expires": "2099-01-01T00:00:00+00:00"}', "is not what a copy of keys says"),
        (None, "cannot be read as keys"),
    ],
)
def test_keys_that_are_none_are_not_put_into_a_home(
    kept: Kept, tmp_path: Path, note: bytes | None, said: str
) -> None:
    if note is None:
        (kept.keys / "keys.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    else:
        (kept.keys / "keys.json").write_bytes(note)
    (kept.home / "keys.sqlite").rename(tmp_path / "held")
    for home in (tmp_path / "new", kept.home):
        told = CliRunner().invoke(
            main, ["restore", str(kept.backup), "--home", str(home), "--replace", "--keys", str(kept.keys)]
        )  # fmt: skip
        assert (told.exit_code, len(told.stderr.splitlines())) == (2, 1), told.output
        assert said in told.stderr
    assert not (tmp_path / "new").exists()
    assert not list(kept.home.glob("keys.sqlite*"))
    (tmp_path / "held").rename(kept.home / "keys.sqlite")
    with Home.open(kept.home) as home_again:
        assert home_again.trial().ledger.verify().ok


def test_left_alone_the_same_backup_is_restored(kept: Kept, tmp_path: Path) -> None:
    """What is refused above is refused for what was done to it."""
    for home in (tmp_path / "new", kept.home):
        told = CliRunner().invoke(
            main, ["restore", str(kept.backup), "--home", str(home), "--replace", "--keys", str(kept.keys)]
        )  # fmt: skip
        assert told.exit_code == 0, told.output
        with Home.open(home) as restored:
            assert restored.trial().ledger.verify().ok
            assert len(restored.trial().state.restorations) == 1

"""A verified copy of a home, made while it is served; and, apart from it, a copy of its keys that expires.

A backup is a folder that stands there whole or not at all:

    backup.json        what it is: trial, position, Merkle root, when, by which version; size and SHA-256 of each
                       file; all of it signed with the ledger's key, so that no file can be put in another's place
    ledger.sqlite      events up to that position, signed; a ledger file whatever store it came from
    head               the signed head of that position
    checkpoints.jsonl  the checkpoints up to it, the last one taken of this very copy
    erasures.jsonl     the keys destroyed so far
    protocol.yaml, protocols/, settings.json, web.json, oidc.json, web.sqlite
                       documents, settings without the database's address, accounts without sessions

It holds neither keys nor the keeper's file: names and texts stay unreadable, and the next allocation unknown,
to whoever has the backup alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any

from equipoise.ledger.checkpoint import Checkpoint, CheckpointFile, take_checkpoint
from equipoise.ledger.copying import Advance, copy_to_file
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.keys import FileKeys
from equipoise.ledger.merkle import short_code
from equipoise.ledger.signing import Signer, signature_holds
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.verification import Problem, verify_ledger

from .errors import HomeError
from .home import AMENDMENTS, ERASURES, Home
from .storage import CHECKPOINTS, LEDGER_FILE, open_store

BACKUP_FORMAT = 1
BACKUP_FILE = "backup.json"
KEYS_FILE = "keys.sqlite"
KEYS_NOTE = "keys.json"
KEY_DAYS = 35
"""How long a copy of the keys is good, unless another time is asked for: a month of daily copies."""
MAX_NOTE = 4 << 20
"""Bytes of the note beside a copy that are read at most; one of ten thousand files has a tenth of it."""
DOCUMENTS = ("protocol.yaml", "web.json", "oidc.json")


class DamagedBackupError(HomeError):
    """A backup that is not what was made; `problems` say where its ledger does not verify."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        self.problems = list(problems)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup says of itself. `taken_at` is the machine's time, ISO 8601 in UTC."""

    path: Path
    trial: str
    seq: int
    hash: str
    root: str
    public_key: str
    taken_at: str
    made_by: str
    files: dict[str, str]
    """SHA-256 of each file, by its path within the backup."""
    sizes: dict[str, int]
    """Bytes of each file."""
    signature: str = ""
    """Of all of the above by the ledger's key, in hexadecimal digits."""

    def stated(self) -> dict[str, Any]:
        """All that `backup.json` says, but for the signature."""
        said = asdict(self)
        del said["path"], said["signature"]
        return {"format": BACKUP_FORMAT, **said}

    def message(self) -> bytes:
        """The bytes that are signed."""
        return b"equipoise-backup-1|" + json.dumps(self.stated(), sort_keys=True).encode()

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.path / LEDGER_FILE

    @property
    def code(self) -> str:
        """The Merkle root's short code, as checkpoints and reports print it."""
        return short_code(self.root)

    @classmethod
    def read(cls, path: Path) -> Backup:
        """The backup in a folder: signed, and with exactly the files it names.

        Raises `HomeError` where there is none, and `DamagedBackupError` where it is not what was made.
        Nothing of it is believed before the signature holds, and no file is read before its size is right.
        """
        given = _read_note(path / BACKUP_FILE, f"{path}: is no backup ({BACKUP_FILE} is missing)")
        if given.pop("format", None) != BACKUP_FORMAT:
            raise HomeError(f"{path}: was made by another version of Equipoise")
        kinds = {"seq": int, "files": dict, "sizes": dict}
        names = {one.name for one in fields(cls)} - {"path"}
        if set(given) != names or any(
            type(given[name]) is not kinds.get(name, str) for name in names
        ):
            raise HomeError(f"{path}/{BACKUP_FILE}: is not what a backup says of itself")
        found = cls(path=path, **given)
        if not signature_holds(found.public_key, found.message(), found.signature):
            raise DamagedBackupError(
                f"{path}/{BACKUP_FILE}: does not verify: it was changed after it was made (its signature does"
                " not hold); use another backup"
            )
        found._files_are_theirs()
        return found

    def _files_are_theirs(self) -> None:
        """See that the folder holds the files that are named, as they were, and nothing besides."""
        for name in self.files:
            plain = PurePosixPath(name)
            if plain.is_absolute() or ".." in plain.parts or str(plain) != name or "\\" in name:
                raise DamagedBackupError(f"{self.path}: names a file outside of it: {name!r}")
        folders = {str(one) for name in self.files for one in PurePosixPath(name).parents}
        for name, entry in _entries(self.path, folders):
            if name not in self.files and name != BACKUP_FILE:
                raise DamagedBackupError(
                    f"{self.path / name}: was not backed up; take it away, or use another backup"
                )
            if not stat.S_ISREG(entry.st_mode):
                raise DamagedBackupError(
                    f"{self.path / name}: is no plain file; use another backup"
                )
        for name, digest in self.files.items():
            file = self.path / name
            if (
                not file.is_file()
                or file.stat().st_size != self.sizes.get(name)
                or _digest(file) != digest
            ):
                raise DamagedBackupError(
                    f"{file}: is missing or not what was backed up; use another backup"
                )
        missing = {LEDGER_FILE, "head", CHECKPOINTS, "settings.json", "protocol.yaml"} - set(
            self.files
        )
        if missing:
            raise DamagedBackupError(
                f"{self.path}: lacks {', '.join(sorted(missing))}; use another backup"
            )

    def verify(self) -> None:
        """Verify chain, head and checkpoints of the copy, and its root. Raises `DamagedBackupError`."""
        try:
            with closing(SqliteStore(self.ledger, read_only=True)) as store:
                verification = verify_ledger(
                    store,
                    HeadFile(self.path / "head"),
                    key=self.public_key,
                    trial=self.trial,
                    checkpoints=CheckpointFile(self.path / CHECKPOINTS).read(),
                )
        except (sqlite3.Error, LedgerError, ValueError) as error:
            raise DamagedBackupError(
                f"{self.ledger}: cannot be read as a ledger: {error}"
            ) from None
        problems = list(verification.problems)
        if not problems and (verification.root, verification.events) != (self.root, self.seq):
            problems.append(Problem(self.seq, "the root is not the one the backup states"))
        if problems:
            more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
            raise DamagedBackupError(
                f"{self.path}: the ledger does not verify: {problems[0]}{more}", problems
            )


def back_up(
    home: Home, into: Path, *, accounts: bool = True, advance: Advance | None = None
) -> Backup:
    """Copy a home into a new folder of `into`, verify the copy, and say what it holds.

    Works while the home is served. Raises `HomeError` or `LedgerError`; then no folder is left behind.
    """
    home.take_checkpoint("backup")
    now = datetime.now(UTC)
    with (
        _appearing(into, f"{home.protocol.id}-{now:%Y%m%dT%H%M%S%fZ}") as folder,
        ExitStack() as held,
    ):
        _copy_documents(home, folder)
        source = held.enter_context(closing(open_store(home.path, home.database, read_only=True)))
        if home.erasures.path.exists():
            shutil.copyfile(home.erasures.path, folder / ERASURES)
        copy_to_file(source, folder / LEDGER_FILE, advance=advance)
        backup = _describe(home, folder, now)
        if accounts and home.web_database.exists():
            _copy_accounts(home.web_database, folder / "web.sqlite")
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            _flush(file)
            name = file.relative_to(folder).as_posix()
            backup.files[name], backup.sizes[name] = _digest(file), file.stat().st_size
        signer = Signer(home.keys(held).signing_key())
        backup = replace(backup, signature=signer.sign(backup.message()))
        stated = {**backup.stated(), "signature": backup.signature}
        note = folder / BACKUP_FILE
        note.write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
        _flush(note)
        backup.verify()
    return replace(backup, path=into / folder.name.removesuffix(_PARTIAL))


_PARTIAL = ".partial"


@contextmanager
def _appearing(into: Path, name: str) -> Iterator[Path]:
    """A new folder that takes its name when all is in it, and is taken away when something fails."""
    folder = into / f"{name}{_PARTIAL}"
    try:
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise HomeError(
            f"{into}: cannot be written to: {error.strerror}; name another folder"
        ) from error
    try:
        yield folder
        folder.rename(into / name)
        _flush(into)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise HomeError(f"{folder}: {error.strerror or error}; nothing is left there") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _copy_documents(home: Home, folder: Path) -> None:
    for name in DOCUMENTS:
        if (home.path / name).is_file():
            shutil.copyfile(home.path / name, folder / name)
    if (home.path / AMENDMENTS).is_dir():
        shutil.copytree(home.path / AMENDMENTS, folder / AMENDMENTS)
    settings = json.loads((home.path / "settings.json").read_text(encoding="utf-8"))
    settings["database"] = None
    file = folder / "settings.json"
    file.write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
    file.chmod(0o600)


def _describe(home: Home, folder: Path, now: datetime) -> Backup:
    """Write head and checkpoints of the copy, and state its root."""
    with closing(SqliteStore(folder / LEDGER_FILE, read_only=True)) as copy, ExitStack() as held:
        signed = copy.signed_head()
        head = SignedHead.parse(signed) if signed is not None else None
        if head is None:
            raise LedgerError(f"{home.path}: the ledger has no signed head; run `equipoise verify`")
        with closing(HeadFile(folder / "head")) as file:
            file.write(head, durable=True)
        kept = CheckpointFile(folder / CHECKPOINTS)
        for one in home.checkpoints.read():
            if one is not None and one.seq <= head.seq:
                kept.append(one)
        signer = Signer(home.keys(held).signing_key())
        taken: Checkpoint = take_checkpoint(
            copy, signer, home.protocol.id, kept, time=home.time_of(head), reason="backup"
        )
    return Backup(
        folder,
        home.protocol.id,
        head.seq,
        head.hash,
        taken.root,
        signer.public_hex,
        now.isoformat(timespec="microseconds"),
        version("equipoise"),
        {},
        {},
    )


def _copy_accounts(source: Path, target: Path) -> None:
    """The accounts without their sessions: who finds a backup is signed in nowhere."""
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("PRAGMA secure_delete=ON")
        tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
        if "django_session" in tables:
            copy.execute("DELETE FROM django_session")
        copy.execute("VACUUM")


# -- keys -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyCopy:
    """A copy of the keys: good until `expires` (ISO 8601 in UTC)."""

    path: Path
    trial: str
    public_key: str
    taken_at: str
    expires: str
    keys: int

    @classmethod
    def read(cls, path: Path) -> KeyCopy:
        """The copy in a folder, or the newest one in a folder of copies. Raises `HomeError`."""
        if path.is_dir() and not (path / KEYS_NOTE).exists():
            copies = sorted(_key_copies(path), key=lambda one: one.taken_at)
            if copies:
                return copies[-1]
        given = _read_note(
            path / KEYS_NOTE, f"{path}: holds no copy of keys ({KEYS_NOTE} is missing)"
        )
        names = {one.name for one in fields(cls)} - {"path"}
        if set(given) != names or any(
            type(given[name]) is not (int if name == "keys" else str) for name in names
        ):
            raise HomeError(f"{path}/{KEYS_NOTE}: is not what a copy of keys says of itself")
        try:
            if datetime.fromisoformat(given["expires"]).tzinfo is None:
                raise ValueError("the time zone is missing")
        except ValueError as error:
            raise HomeError(f"{path}/{KEYS_NOTE}: expires: {error}") from None
        file = path / KEYS_FILE
        if file.is_symlink() or not file.is_file():
            raise HomeError(f"{file}: is missing, or no plain file; use another copy of the keys")
        return cls(path, **given)

    def expired(self, now: datetime) -> bool:
        """Whether its time is over."""
        return datetime.fromisoformat(self.expires) <= now


def back_up_keys(home: Home, into: Path, *, days: int = KEY_DAYS) -> tuple[KeyCopy, list[Path]]:
    """Copy the keys into a new folder of `into`, and take away the copies there whose time is over.

    The list of erasures is brought along each time, so that it is there when an older copy is used. Answers the
    copy and what was taken away. Raises `HomeError` in a rehearsal, whose keys follow from its seed.
    """
    if home.rehearsal is not None:
        raise HomeError(f"{home.path}: a rehearsal's keys follow from its seed; there is no file")
    now = datetime.now(UTC)
    with (
        _appearing(into, f"{home.protocol.id}-keys-{now:%Y%m%dT%H%M%S%fZ}") as folder,
        ExitStack() as held,
    ):
        keys = home.keys(held)
        assert isinstance(keys, FileKeys)
        public_key = Signer(keys.signing_key()).public_hex
        counted = keys.copy_to(folder / KEYS_FILE)
        copy = KeyCopy(
            into / folder.name.removesuffix(_PARTIAL),
            home.protocol.id,
            public_key,
            now.isoformat(timespec="microseconds"),
            (now + timedelta(days=days)).isoformat(timespec="microseconds"),
            counted,
        )
        note = {name: value for name, value in asdict(copy).items() if name != "path"}
        (folder / KEYS_NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        _flush(folder / KEYS_FILE)
    if home.erasures.path.exists():
        shutil.copyfile(home.erasures.path, into / ERASURES)
        _flush(into / ERASURES)
    gone = []
    for other in _key_copies(into):
        if other.trial == copy.trial and other.expired(now):
            _overwrite(other.path / KEYS_FILE)
            shutil.rmtree(other.path)
            gone.append(other.path)
    return copy, gone


def _key_copies(folder: Path) -> Iterator[KeyCopy]:
    for note in sorted(folder.glob(f"*/{KEYS_NOTE}")):
        yield KeyCopy.read(note.parent)


def _overwrite(file: Path) -> None:
    """Write over a file before it is taken away: as far as the disk writes in place."""
    with file.open("r+b") as open_file:
        left = file.stat().st_size
        while left > 0:
            left -= open_file.write(b"\0" * min(left, 1 << 20))
        open_file.flush()
        os.fsync(open_file.fileno())


def _read_note(file: Path, missing: str) -> dict[str, Any]:
    """The JSON object in a note beside a copy. Raises `HomeError`."""
    try:
        if not stat.S_ISREG(file.lstat().st_mode):
            raise HomeError(f"{file}: is no plain file")
        with file.open("rb") as opened:
            content = opened.read(MAX_NOTE + 1)
        if len(content) > MAX_NOTE:
            raise HomeError(f"{file}: is longer than {MAX_NOTE} bytes")
        given = json.loads(content.decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise HomeError(missing) from None
    except (OSError, ValueError, RecursionError) as error:
        raise HomeError(f"{file}: cannot be read: {error}") from None
    if not isinstance(given, dict):
        raise HomeError(f"{file}: cannot be read: it holds no JSON object")
    return given


def _entries(root: Path, folders: Collection[str]) -> Iterator[tuple[str, os.stat_result]]:
    """Everything below a folder by its name there; links are not followed, and only these folders entered."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(root / inside) as found:
            for one in found:
                name = f"{inside}/{one.name}" if inside else one.name
                if one.is_dir(follow_symlinks=False) and name in folders:
                    waiting.append(name)
                else:
                    yield name, one.stat(follow_symlinks=False)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

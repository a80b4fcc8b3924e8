"""A verified copy of a home, made while it is served; and, apart from it, a copy of its keys that expires.

A backup is a folder that stands there whole or not at all:

    backup.json        what it is: trial, position, Merkle root, when, by which version; SHA-256 of each file
    ledger.sqlite      events up to that position, signed; a ledger file whatever store it came from
    head               the signed head of that position
    checkpoints.jsonl  the checkpoints up to it, the last one taken of this very copy
    erasures.jsonl     the keys destroyed so far
    protocol.yaml, protocols/, settings.json, web.json, web.sqlite
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
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from equipoise.ledger.checkpoint import Checkpoint, CheckpointFile, take_checkpoint
from equipoise.ledger.copying import Advance, copy_to_file
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.keys import FileKeys
from equipoise.ledger.merkle import short_code
from equipoise.ledger.signing import Signer
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
DOCUMENTS = ("protocol.yaml", "web.json")


class DamagedBackupError(HomeError):
    """A copy of a ledger that does not verify; `problems` say where."""

    def __init__(self, path: Path, problems: list[Problem]) -> None:
        self.problems = problems
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        super().__init__(f"{path}: the ledger does not verify: {problems[0]}{more}")


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
        """The backup in a folder, its files compared with their digests. Raises `HomeError`."""
        try:
            given = json.loads((path / BACKUP_FILE).read_text(encoding="utf-8"))
            if given.pop("format") != BACKUP_FORMAT:
                raise HomeError(f"{path}: was made by another version of Equipoise")
            found = cls(path=path, **given)
        except FileNotFoundError:
            raise HomeError(f"{path}: is no backup ({BACKUP_FILE} is missing)") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise HomeError(f"{path}/{BACKUP_FILE}: cannot be read: {error}") from None
        for name, digest in found.files.items():
            file = path / name
            if not file.resolve().is_relative_to(path.resolve()):
                raise HomeError(f"{path}: names a file outside of it: {name}")
            if not file.is_file() or _digest(file) != digest:
                raise HomeError(f"{file}: is missing or not what was backed up; use another backup")
        return found

    def verify(self) -> None:
        """Verify chain, head and checkpoints of the copy, and its root. Raises `DamagedBackupError`."""
        with closing(SqliteStore(self.ledger, read_only=True)) as store:
            verification = verify_ledger(
                store,
                HeadFile(self.path / "head"),
                key=self.public_key,
                trial=self.trial,
                checkpoints=CheckpointFile(self.path / CHECKPOINTS).read(),
            )
        problems = list(verification.problems)
        if not problems and (verification.root, verification.events) != (self.root, self.seq):
            problems.append(Problem(self.seq, "the root is not the one the backup states"))
        if problems:
            raise DamagedBackupError(self.path, problems)


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
            backup.files[file.relative_to(folder).as_posix()] = _digest(file)
        stated = {"format": BACKUP_FORMAT, **asdict(backup)}
        del stated["path"]
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
        try:
            given = json.loads((path / KEYS_NOTE).read_text(encoding="utf-8"))
            return cls(path, **given)
        except FileNotFoundError:
            raise HomeError(f"{path}: holds no copy of keys ({KEYS_NOTE} is missing)") from None
        except (OSError, ValueError, TypeError) as error:
            raise HomeError(f"{path}/{KEYS_NOTE}: cannot be read: {error}") from None

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


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

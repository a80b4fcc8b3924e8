"""Bringing a home back from a backup, with a trace in its ledger.

What stood in the home is moved aside, never deleted. While it happens `restoring.json` stands in the home, which
nobody can open then; where the process dies, at whatever moment, running the restore again goes on from there.
Each step can be done twice: a file takes its name when it is whole, and what is replaced is moved aside before
anything is put in its place.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.values import Actor
from equipoise.ledger.checkpoint import CheckpointFile
from equipoise.ledger.copying import Advance, copy_events
from equipoise.ledger.envelope import NO_EVENT
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.keys import FileKeys
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from equipoise.ledger.store import Selection, Store

from .backup import DOCUMENTS, KEYS_FILE, Backup, KeyCopy
from .errors import HomeError
from .home import ADMINISTRATOR, AMENDMENTS, ERASURES, RESTORING, Home
from .storage import CHECKPOINTS, LEDGER_FILE, DatabaseSettings, hold_still, open_store

_LEDGER_FILES = (LEDGER_FILE, f"{LEDGER_FILE}-wal", f"{LEDGER_FILE}-shm", "head", CHECKPOINTS)

_NEW = ".new"
_BEGUN = {
    "home.lock", RESTORING, f"{RESTORING}{_NEW}", f"settings.json{_NEW}", *DOCUMENTS, AMENDMENTS,
}  # fmt: skip
"""What may stand in the folder of a new home whose restore was cut short."""
_UNTOUCHED = {"home.lock", f"{RESTORING}{_NEW}"}
"""What may stand there before the restore has said that it is one."""
_ACCOUNT_FILES = ("web.sqlite", "web.sqlite-wal", "web.sqlite-shm")


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore has done. `lost` events stood after the backup (None: nobody can tell how many)."""

    home: str
    seq: int
    root: str
    event: int
    """The ledger position at which the restoration stands recorded."""
    lost: int | None
    aside: str
    """Where the ledger that was replaced lies now: a folder, a schema, or empty."""
    erasures: int
    """Keys that are destroyed, whatever copy of them came back."""
    unreadable: int
    """Sealed values whose key is in no copy, though nobody destroyed it."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is put where, as `restoring.json` keeps it until it is done."""

    id: str
    backup_seq: int
    backup_root: str
    lost: int | None
    last_seq: int
    last_hash: str
    aside: str
    """The folder of the home into which the files of what is replaced are moved; empty in a new home."""
    database: dict[str, str] | None
    before: dict[str, str] | None
    """The database that held the ledger which is replaced."""
    accounts: bool = False
    """Whether the backup's accounts take the place of the home's."""
    moved: bool = False
    """Whether all that is replaced lies aside already."""

    def replaced(self) -> tuple[str, ...]:
        """The files of the home that are replaced."""
        return (*_LEDGER_FILES, *(_ACCOUNT_FILES if self.accounts else ()))


def restore(
    backup: Backup,
    path: Path,
    *,
    keys: Path | None = None,
    erasures: Path | None = None,
    replace_newer: bool = False,
    accounts: bool = False,
    database: str | None = None,
    schema: str | None = None,
    by: str = ADMINISTRATOR.id,
    reason: str = "",
    advance: Advance | None = None,
) -> Restored:
    """Bring a backup back into a home: a new one, or one whose ledger is replaced by the backup's.

    `by` is who does it, a person with the administrator's role in that ledger. `keys` is a copy of the keys, needed where the
    home has none; `erasures` a list of destroyed keys kept elsewhere. A home whose ledger goes further than
    the backup, or another way, is replaced only with `replace_newer`. `accounts` takes the backup's accounts in place of the home's.
    Raises `HomeError` (`DamagedBackupError` where the backup does not verify) or `LedgerError`; then what stood in the home stands there still.
    """
    backup.verify()
    _room_for(backup, path)
    with ExitStack() as held:
        fresh = not (path / "settings.json").exists()
        if fresh and path.exists():
            standing = {file.name for file in path.iterdir()}
            strange = sorted(standing - (_BEGUN if RESTORING in standing else _UNTOUCHED))
            if strange:
                raise HomeError(
                    f"{path}: is no Equipoise home (it holds {strange[0]}); name one, or a new folder"
                )
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        hold_still(path, held)
        plan = begun(path)
        # a new home that a restore which was cut short had come far enough to make
        fresh = fresh or (plan is not None and not plan.aside)
        try:
            return _Restoring(backup, path, fresh, plan).run(
                keys, erasures, replace_newer, accounts, database, schema, by, reason, advance
            )
        except (Exception, KeyboardInterrupt) as error:
            if fresh and not isinstance(error, OtherRestoreError):
                _take_back(begun(path))
                shutil.rmtree(path)
            raise


class OtherRestoreError(HomeError):
    """Another restore was begun there, and has to be finished first."""


def begun(path: Path) -> _Plan | None:
    """The plan of a restore that was cut short in this folder."""
    file = path / RESTORING
    try:
        given = json.loads(file.read_text(encoding="utf-8"))
        return _Plan(**given)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise HomeError(
            f"{file}: cannot be read: {error}; take the file away, and restore again"
        ) from None


def _take_back(plan: _Plan | None) -> None:
    """Remove what was put into a database for a home that is not made."""
    if plan is not None and plan.database is not None:
        with suppress(HomeError):
            DatabaseSettings(**plan.database).take_back()


def _room_for(backup: Backup, path: Path) -> None:
    """Refuse before anything is written what the disk cannot hold."""
    where = next(one for one in (path.absolute(), *path.absolute().parents) if one.exists())
    needed, free = sum(backup.sizes.values()), shutil.disk_usage(where).free
    if needed > free:
        raise HomeError(
            f"{path}: the backup needs {needed} bytes, and {free} are free; make room, or name another disk"
        )


class _Restoring:
    def __init__(self, backup: Backup, path: Path, fresh: bool, plan: _Plan | None) -> None:
        self.backup, self.path, self.fresh = backup, path, fresh
        self.plan = plan
        """Of the restore that was cut short, where one was."""
        if plan is not None and plan.backup_root != backup.root:
            raise OtherRestoreError(
                f"{path}: a restore of another backup (of {plan.backup_seq} events) was not finished; run"
                " that one again first"
            )

    def run(
        self,
        keys: Path | None,
        erasures: Path | None,
        replace_newer: bool,
        accounts: bool,
        database: str | None,
        schema: str | None,
        by: str,
        reason: str,
        advance: Advance | None,
    ) -> Restored:
        backup, path = self.backup, self.path
        plan = self.plan or replace(
            self._planned(replace_newer, database, schema),
            accounts=accounts and (backup.path / "web.sqlite").exists(),
        )
        if self.fresh:
            _write(path / RESTORING, asdict(plan))
            self._documents()
        with closing(self._opened()) as home:
            if home.protocol.id != backup.trial:
                raise HomeError(f"{path}: is a home of {home.protocol.id}, not of {backup.trial}")
            rehearsed = home.rehearsal is not None
        if not rehearsed:
            self._keys(keys)
        self._erasures(keys, erasures)
        _write(path / RESTORING, asdict(plan))
        plan = self._put_aside(plan)
        try:
            self._swap(plan, advance)
            if plan.accounts or not (path / "web.sqlite").exists():
                self._accounts()
            return self._record(plan, by, reason)
        except (Exception, KeyboardInterrupt):
            self._undo(plan)
            raise

    # -- before anything is changed --------------------------------------------------------------

    def _opened(self) -> Home:
        """The home; a backup whose documents are none can have been signed by anybody with a key of their own."""
        try:
            return Home.open(self.path)
        except (KeyError, TypeError, ValueError) as error:
            raise HomeError(
                f"{self.path}: its settings cannot be used: {type(error).__name__}: {error}"
            ) from None

    def _planned(self, replace_newer: bool, database: str | None, schema: str | None) -> _Plan:
        """Look at what is there, and refuse to lose any of it unasked."""
        backup, path = self.backup, self.path
        stored = DatabaseSettings.for_new_ledger(database, schema, backup.trial)
        plan = _Plan(
            str(uuid.uuid4()),
            backup.seq,
            backup.root,
            0,
            0,
            "",
            "",
            asdict(stored) if stored else None,
            None,
        )
        if self.fresh:
            return plan
        settings = json.loads((path / "settings.json").read_text(encoding="utf-8"))
        if settings.get("trial") != backup.trial:
            raise HomeError(f"{path}: is a home of {settings.get('trial')}, not of {backup.trial}")
        before = settings.get("database")
        if before is not None and stored is None:
            stored = _next_schema(DatabaseSettings(**before))
            plan = replace(plan, database=asdict(stored))
        lost, last_seq, last_hash = self._lost(
            DatabaseSettings(**before) if before is not None else None
        )
        if lost != 0 and not replace_newer:
            what = "an unknown number of events" if lost is None else f"{lost} events"
            raise HomeError(
                f"{path}: its ledger ends at event {last_seq}, the backup at {backup.seq}: {what}"
                " would be replaced; say so with --replace (they are moved aside, not deleted)"
            )
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        return replace(
            plan,
            lost=lost,
            last_seq=last_seq,
            last_hash=last_hash,
            aside=f"replaced-{stamp}",
            before=before,
        )

    def _lost(self, database: DatabaseSettings | None) -> tuple[int | None, int, str]:
        """How many events of the home the backup does not have, and the home's last one."""
        backup, path = self.backup, self.path
        head = HeadFile(path / "head").newest()
        stated = (head.seq, head.hash) if head is not None else (0, "")
        try:
            with closing(open_store(path, database, read_only=True)) as store:
                end = store.head()
                first = next(store.events(Selection(upto=1)), None)
                if first is not None and json.loads(first[7]).get("public_key") not in (
                    None,
                    backup.public_key,
                ):
                    raise HomeError(
                        f"{path}: its ledger is signed with another key: it is another trial's"
                    )
                last_seq, last_hash = max((end.seq, end.hash), stated)
                common = _common(store, backup, end.seq)
        except (HomeError, LedgerError, sqlite3.Error, ValueError) as error:
            if isinstance(error, HomeError) and "another key" in str(error):
                raise
            # The ledger cannot be read: what the head file states is all that is known.
            beyond = max(stated[0] - backup.seq, 0)
            return (beyond if head is not None else None), *stated
        return last_seq - common, last_seq, last_hash if last_seq else NO_EVENT

    # -- putting in place ------------------------------------------------------------------------

    def _documents(self) -> None:
        """Documents and, when all are there, the settings that make the folder a home."""
        for name in DOCUMENTS:
            if (self.backup.path / name).exists():
                shutil.copyfile(self.backup.path / name, self.path / name)
        if (self.backup.path / AMENDMENTS).is_dir():
            shutil.copytree(
                self.backup.path / AMENDMENTS, self.path / AMENDMENTS, dirs_exist_ok=True
            )
        if not (self.path / "settings.json").exists():
            try:
                text = (self.backup.path / "settings.json").read_text(encoding="utf-8")
                settings = json.loads(text)
                if not isinstance(settings, dict):
                    raise ValueError("it holds no JSON object")
            except (ValueError, RecursionError) as error:
                raise HomeError(
                    f"{self.backup.path}/settings.json: cannot be read: {error}"
                ) from None
            _write(self.path / "settings.json", settings)

    def _keys(self, given: Path | None) -> None:
        """See that the keys here are this ledger's, or put a copy of them here."""
        file = self.path / KEYS_FILE
        if not file.exists():
            if given is None:
                raise HomeError(
                    f"{self.path}: has no keys; name a copy of them with --keys (see `equipoise"
                    " backup --keys`)"
                )
            copy = KeyCopy.read(given)
            if copy.expired(datetime.now(UTC)):
                raise HomeError(
                    f"{copy.path}: this copy of the keys expired on {copy.expires[:10]}; use a newer one"
                )
            if copy.public_key != self.backup.public_key:
                raise HomeError(f"{copy.path}: the keys are those of another ledger")
            new = file.with_name(file.name + _NEW)
            _clear(new)
            try:
                shutil.copyfile(copy.path / KEYS_FILE, new)
                self._keys_are_its(new, copy.path / KEYS_FILE)
            except BaseException:
                _clear(new)
                raise
            os.replace(new, file)
            _clear(new)
        else:
            self._keys_are_its(file, file)

    def _keys_are_its(self, file: Path, called: Path) -> None:
        try:
            with closing(FileKeys(file)) as keys:
                known = Signer(keys.signing_key()).public_hex
        except (sqlite3.Error, ValueError, TypeError) as error:
            raise HomeError(f"{called}: cannot be read as keys: {error}") from None
        if known != self.backup.public_key:
            raise HomeError(f"{called}: the keys are not those the backup was signed with")

    def _erasures(self, keys: Path | None, given: Path | None) -> None:
        """Bring every list of destroyed keys together: whatever keys came back, these go again."""
        home_list = Home.erasures_of(self.path)
        beside = [self.backup.path / ERASURES]
        if keys is not None:
            beside += [keys / ERASURES, KeyCopy.read(keys).path.parent / ERASURES]
        for other in beside:
            if other.exists():
                home_list.take_over(other)
        if given is not None:
            if not given.exists():
                raise HomeError(f"{given}: there is no such list of erasures")
            home_list.take_over(given)

    def _put_aside(self, plan: _Plan) -> _Plan:
        """Move all that is replaced out of the way. Once it is, what stands in its place is the backup's."""
        if not plan.aside or plan.moved:
            return plan
        aside = self.path / plan.aside
        aside.mkdir(mode=0o700, exist_ok=True)
        for name in plan.replaced():
            if (self.path / name).exists():
                (self.path / name).rename(aside / name)
        plan = replace(plan, moved=True)
        _write(self.path / RESTORING, asdict(plan))
        return plan

    def _swap(self, plan: _Plan, advance: Advance | None) -> None:
        backup, path = self.backup, self.path
        before = path / plan.aside if plan.aside else path
        kept = [one for one in CheckpointFile(before / CHECKPOINTS).read() if one is not None]
        for name in (*_LEDGER_FILES, f"{LEDGER_FILE}.new"):
            (path / name).unlink(missing_ok=True)
        with closing(SqliteStore(backup.ledger, read_only=True)) as source:
            head = SignedHead.parse(source.signed_head() or "")
            assert head is not None, "the backup was verified"
            if plan.database is None:
                shutil.copyfile(backup.ledger, path / f"{LEDGER_FILE}.new")
                (path / f"{LEDGER_FILE}.new").chmod(0o600)
                os.replace(path / f"{LEDGER_FILE}.new", path / LEDGER_FILE)
            else:
                with closing(open_store(path, DatabaseSettings(**plan.database))) as target:
                    if target.head().seq == 0:
                        copy_events(source, target, advance)
        with closing(HeadFile(path / "head")) as file:
            file.write(head, durable=True)
        checkpoints = CheckpointFile(path / CHECKPOINTS)
        known = {one.signature for one in CheckpointFile(backup.path / CHECKPOINTS).read() if one}
        for one in [*(k for k in kept if k.signature not in known and k.seq <= backup.seq)]:
            checkpoints.append(one)
        for found in CheckpointFile(backup.path / CHECKPOINTS).read():
            if found is not None:
                checkpoints.append(found)
        settings = json.loads((path / "settings.json").read_text(encoding="utf-8"))
        if settings.get("database") != plan.database:
            settings["database"] = plan.database
            _write(path / "settings.json", settings)

    def _accounts(self) -> None:
        source, file = self.backup.path / "web.sqlite", self.path / "web.sqlite"
        if not source.exists():
            return
        new = file.with_name(file.name + _NEW)
        shutil.copyfile(source, new)
        new.chmod(0o600)
        for name in _ACCOUNT_FILES:
            (self.path / name).unlink(missing_ok=True)
        os.replace(new, file)

    # -- the trace -------------------------------------------------------------------------------

    def _record(self, plan: _Plan, by: str, reason: str) -> Restored:
        backup = self.backup
        with closing(Home.open(self.path)) as home:
            trial = home.trial_being_restored()
            if trial.erasure_problem is not None:
                raise HomeError(f"{self.path}: {trial.erasure_problem}")
            command = c.RecordRestoration(
                backup_seq=backup.seq,
                backup_root=backup.root,
                taken_at=backup.taken_at,
                person=by,
                reason=reason,
                lost=plan.lost,
                last_seq=plan.last_seq,
                last_hash=plan.last_hash,
            )
            at = trial.clock_peek()
            actor = Actor(by, ADMINISTRATOR.role)
            done = trial.do(command, actor, at=at, client_id=f"restore/{plan.id}")
            if isinstance(done, Refusal):
                raise HomeError(f"{self.path}: {done}; name one with --by")
            if trial.checkpoint_problem is not None:
                raise HomeError(f"{self.path}: {trial.checkpoint_problem}")
            destroyed = home.erasures.keys(backup.trial)
            unreadable = (
                0 if home.rehearsal is not None else _unreadable(trial.ledger.store, self.path)
            )
            event = done.events[0].seq
        (self.path / RESTORING).unlink()
        return Restored(
            str(self.path), backup.seq, backup.root, event, plan.lost,
            f"schema {plan.before['schema']}" if plan.before is not None else plan.aside,
            len(destroyed), unreadable,
        )  # fmt: skip

    def _undo(self, plan: _Plan) -> None:
        """Put back what stood in the home; a new home is taken away by whoever made it."""
        if self.fresh:
            return
        if plan.database is not None:
            with suppress(HomeError):
                DatabaseSettings(**plan.database).take_back()
        settings = json.loads((self.path / "settings.json").read_text(encoding="utf-8"))
        if settings.get("database") != plan.before:
            _write(self.path / "settings.json", {**settings, "database": plan.before})
        aside = self.path / plan.aside
        # first what the restore has put there goes; from then on what stands there is the home's own again
        for name in plan.replaced():
            (self.path / name).unlink(missing_ok=True)
        _write(self.path / RESTORING, asdict(replace(plan, moved=False)))
        for name in plan.replaced():
            if (aside / name).exists():
                (aside / name).rename(self.path / name)
        aside.rmdir()
        (self.path / RESTORING).unlink(missing_ok=True)


def _clear(database: Path) -> None:
    """Take a SQLite file and its log away."""
    for ending in ("", "-wal", "-shm"):
        database.with_name(database.name + ending).unlink(missing_ok=True)


def _common(store: Store, backup: Backup, end: int) -> int:
    """How many events the home's ledger and the backup have in common, from the first on."""
    low, high = 0, min(end, backup.seq)
    with closing(SqliteStore(backup.ledger, read_only=True)) as copy:
        while low < high:
            middle = (low + high + 1) // 2
            here = next(store.links(middle - 1, middle), None)
            there = next(copy.links(middle - 1, middle), None)
            if here is not None and here == there:
                low = middle
            else:
                high = middle - 1
    return low


def _next_schema(before: DatabaseSettings) -> DatabaseSettings:
    """A free name beside the ledger that is replaced: its events are never deleted."""
    for number in range(2, 1000):
        found = DatabaseSettings(before.url, f"{before.schema[:42]}_r{number}")
        if found.is_free():
            return found
    raise HomeError(f"no name is free beside {before.schema}; name one with --schema")


def _unreadable(store: Store, path: Path) -> int:
    """Sealed values of the ledger whose key is neither here nor destroyed."""
    with closing(
        sqlite3.connect(f"{(path / KEYS_FILE).absolute().as_uri()}?mode=ro", uri=True)
    ) as keys:
        known = {
            str(name).removeprefix("sealing/") for (name,) in keys.execute("SELECT id FROM keys")
        }
    return sum(
        key not in known
        for row in store.events(Selection())
        for key in _sealed_keys(json.loads(row[7]))
    )


def _sealed_keys(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        if "sealed" in content and "nonce" in content:
            yield str(content["sealed"])
        else:
            for one in content.values():
                yield from _sealed_keys(one)
    elif isinstance(content, list):
        for one in content:
            yield from _sealed_keys(one)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a private file whole or not at all."""
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)

"""Creating and opening an installation."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from equipoise.conduct import commands as c
from equipoise.conduct import events as e
from equipoise.conduct.state import Documents, TrialState
from equipoise.conduct.values import Actor
from equipoise.keeper import (
    FILE,
    AbsentKeeper,
    FileKeeper,
    Keeper,
    KeeperError,
    KeeperUnavailableError,
    RehearsalKeeper,
    RemoteKeeper,
)
from equipoise.ledger.checkpoint import Checkpoint, CheckpointFile, take_checkpoint
from equipoise.ledger.envelope import Event
from equipoise.ledger.erasures import ErasureList
from equipoise.ledger.head import HeadFile, SignedHead
from equipoise.ledger.keys import DerivedKeys, FileKeys, Keys
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.memory import MemoryStore
from equipoise.ledger.sealing import DerivedNonces, RandomNonces, Sealer
from equipoise.ledger.signing import Signer
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.trial import TABLES, ClockWatch, SystemClock, Trial, VirtualClock
from equipoise.trial.codec import Codec
from equipoise.trial.erasing import erasures_in

from .dictionaries import Shelf
from .errors import HomeError
from .release import FORMAT, RELEASE, check_release, is_older
from .storage import CHECKPOINTS, LEDGER_FILE, DatabaseSettings, hold_alone, hold_shared, open_store
from .trail import TrailIndex

ERASURES = "erasures.jsonl"
RESTORING = "restoring.json"
"""Stands in a home while a ledger is being put in place of its own."""
AMENDMENTS = "protocols"
"""The folder of a home in which later versions of its protocol are kept."""
ADMINISTRATOR = Actor("administrator", "administrator")
"""Who creates a trial and opens its sites, until persons are given the role."""


@dataclass(frozen=True, slots=True)
class RehearsalSettings:
    """A rehearsal's seed, replicate and first virtual instant (ISO 8601)."""

    seed: int
    replicate: int
    start: str
    options: dict[str, Any]

    @property
    def secret(self) -> bytes:
        """The secret all keys and nonces of the rehearsal derive from."""
        return hashlib.sha256(f"equipoise-rehearsal|{self.seed}|{self.replicate}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Archive:
    """A trial's ledger to be read, decoded. Nothing can be written through it.

    `now` is the trial's time when it was opened: that of a rehearsal's last event, or the machine's.
    """

    protocol: Protocol
    """The newest version in force at any site."""
    documents: Documents
    ledger: Ledger
    codec: Codec
    now: datetime

    def events(self, *, upto: int | None = None) -> Iterator[tuple[Event, e.Happening]]:
        """Events with their decoded payloads, in order of the ledger."""
        for event in self.ledger.events(upto=upto):
            yield event, self.codec.decode(event)


class Home:
    """An installation on disk. `trial()` opens its trial once and hands out the same object.

    Used in a `with` statement it is closed at the end, also after an error. Until then this process
    alone may write into the ledger.
    """

    def __init__(
        self,
        path: Path,
        protocol: Protocol,
        rehearsal: RehearsalSettings | None,
        database: DatabaseSettings | None = None,
        keeper_socket: Path | None = None,
    ) -> None:
        self.path = path
        self.protocol = protocol
        self.rehearsal = rehearsal
        self.database = database
        """The PostgreSQL database that holds the ledger; None for the file `ledger.sqlite`."""
        self.keeper_socket = keeper_socket
        self.erasures = self.erasures_of(path)
        """Keys that have been destroyed, noted apart from ledger and keys."""
        self.amendments = _documents(path / AMENDMENTS, protocol)
        """Later versions of the protocol kept in this home, whether the trial knows them or not."""
        self.release, self.marked = RELEASE, True
        """The release that last brought this home up to date, and whether the home says so itself."""
        self.trail = TrailIndex(path)
        """An index of the audit trail, kept when somebody looks."""
        self.shelf = Shelf(path)
        """Dictionaries for coding that are kept here."""
        self.clock_watch = ClockWatch()
        """Whether the machine's clock was set while this home was open."""
        self._restoring = False
        """Whether whoever restores this home opens it, alone."""
        self._trial: Trial | None = None
        self._held = ExitStack()
        self._lock = threading.Lock()

    # -- making and finding ----------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: Path | str,
        protocol_file: Path | str,
        *,
        rehearsal: RehearsalSettings | None = None,
        database: str | None = None,
        schema: str | None = None,
        keeper_socket: Path | None = None,
        training: bool = False,
    ) -> Home:
        """Make a home from a protocol file and write the ledger's first events.

        `database` is the URL of a PostgreSQL database that is to hold the ledger, under the name
        `schema` (by default the trial's); without it the home holds a SQLite file.
        `keeper_socket` is where a keeper of its own listens; without one, the seed lies in the home.
        `training` declares for ever that people learn here: in the ledger's second event.
        Raises `HomeError` where the folder is in use or the keeper does not answer, and
        `ProtocolError` for a protocol with faults; then nothing is left behind.
        """
        path = Path(path)
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            what = "is not empty" if path.is_dir() else "is a file"
            raise HomeError(f"{path}: {what}; name a new folder for the home")
        protocol = load_protocol(Path(protocol_file))
        stored = DatabaseSettings.for_new_ledger(database, schema, protocol.id)
        made = not path.exists()
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise HomeError(
                f"{path}: cannot be made: {error.strerror}; name a folder you may write to"
            ) from error
        home = cls(path, protocol, rehearsal, stored, keeper_socket)
        try:
            shutil.copyfile(protocol_file, path / "protocol.yaml")
            settings = {
                "format": FORMAT,
                "release": RELEASE,
                "trial": protocol.id,
                "protocol_version": protocol.version,
                "rehearsal": asdict(rehearsal) if rehearsal else None,
                "database": asdict(stored) if stored else None,
                "keeper": {"socket": str(keeper_socket)} if keeper_socket else None,
            }
            _write_private(path / "settings.json", json.dumps(settings, indent=2) + "\n")
            home._make_keeper()
            begin(home.trial(), rehearsal, training=training)
        except BaseException as error:
            home.close()
            if stored is not None:
                stored.take_back()
            for child in path.iterdir():
                child.unlink()
            if made:
                path.rmdir()
            if isinstance(error, KeeperError):
                raise HomeError(f"{path}: {error}") from None
            raise
        return home

    @classmethod
    def open(cls, path: Path | str) -> Home:
        """Open an existing home; `HomeError` says what is missing."""
        path = Path(path)
        try:
            settings = json.loads((path / "settings.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, NotADirectoryError):
            raise HomeError(
                f"{path}: is no Equipoise home (settings.json is missing); "
                "make one with `equipoise rehearse PROTOCOL --home DIR`"
            ) from None
        except OSError as error:
            raise HomeError(f"{path}/settings.json: cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise HomeError(f"{path}/settings.json: cannot be read: {error}") from None
        release = check_release(path, settings)
        protocol = load_protocol(path / "protocol.yaml")
        if protocol.version != settings["protocol_version"]:
            raise HomeError(
                f"{path}/protocol.yaml: is not the protocol this home was made with; restore the file"
            )
        kept, stored = settings["rehearsal"], settings.get("database")
        socket = (settings.get("keeper") or {}).get("socket")
        home = cls(
            path,
            protocol,
            RehearsalSettings(**kept) if kept else None,
            DatabaseSettings(**stored) if stored else None,
            Path(socket) if socket else None,
        )
        home.release, home.marked = release, "release" in settings
        return home

    # -- the trial -------------------------------------------------------------------------------

    @property
    def web_database(self) -> Path:
        """Where accounts and sessions are kept."""
        return self.path / "web.sqlite"

    @property
    def ledger_database(self) -> Path:
        """The file that holds events and projections, where no database is named."""
        return self.path / LEDGER_FILE

    @property
    def behind(self) -> bool:
        """Whether an earlier release left this home."""
        return is_older(self.release)

    @property
    def several_processes(self) -> bool:
        """Whether several processes may have this trial open at once: its ledger must stand in a database
        that orders their writes, and its clock and draws must not live in one process's memory."""
        return self.database is not None and self.rehearsal is None

    @property
    def checkpoints(self) -> CheckpointFile:
        """The signed checkpoints of this home's ledger."""
        return CheckpointFile(self.path / CHECKPOINTS)

    @staticmethod
    def erasures_of(path: Path) -> ErasureList:
        """The list of destroyed keys in a home's folder."""
        return ErasureList(path / ERASURES)

    @property
    def virtual_clock(self) -> VirtualClock | None:
        """The rehearsal's clock, or None in a real trial."""
        clock = self.trial().clock
        return clock if isinstance(clock, VirtualClock) else None

    def trial(self) -> Trial:
        """The trial, opened once. What was opened for a trial that cannot be read is closed again."""
        with self._lock:
            if self._trial is None:
                with ExitStack() as held:
                    self._trial = self._open_trial(held)
                    self._trial.dictionary = self.shelf.find
                    self._held.push(held.pop_all())
            return self._trial

    def _open_trial(self, held: ExitStack) -> Trial:
        if not self._restoring:
            hold_shared(self.path, held)
            if (self.path / RESTORING).exists():
                raise HomeError(
                    f"{self.path}: a restore was not finished; run `equipoise restore` again"
                )
        # then the ledger: its lock keeps other processes out
        store = open_store(self.path, self.database, TABLES)
        held.callback(store.close)
        if self.rehearsal is not None and not store.sole_writer:
            hold_alone(self.path, held)
        keys = self.keys(held)
        head = HeadFile(self.path / "head")
        signer = Signer(keys.signing_key())
        ledger = Ledger(
            store,
            trial=self.protocol.id,
            signer=signer,
            head_file=head,
            keys=keys,
            checkpoints=self.checkpoints,
        )
        held.callback(ledger.close)
        if self.rehearsal is not None:
            return _open_rehearsal(
                ledger, self.protocol, self.rehearsal, keys, self.amendments, self.erasures
            )
        keeper = self._keeper(signer.public_hex)
        held.callback(keeper.close)
        sealer = Sealer(keys, RandomNonces())
        return Trial(
            ledger, self.protocol, keeper, sealer, SystemClock(), self.amendments, self.erasures
        )

    def trial_being_restored(self) -> Trial:
        """The trial, for whoever restores this home and keeps everybody else out of it."""
        self._restoring = True
        return self.trial()

    def _make_keeper(self) -> None:
        """Make the seed of a real trial, or bind the keeper that has made one already."""
        if self.rehearsal is not None or self.protocol.randomization is None:
            return
        with ExitStack() as held:
            key = Signer(self.keys(held).signing_key()).public_hex
        if self.keeper_socket is None:
            FileKeeper.create(self.path / FILE, self.protocol, key).close()
        else:
            remote = RemoteKeeper(self.keeper_socket, self.protocol.id, key)
            remote.bind()
            remote.close()

    def _keeper(self, public_key: str) -> Keeper:
        """The keeper of a real trial. One that is lost keeps nobody from entering data."""
        if self.protocol.randomization is None:
            none = KeeperError(f"the protocol {self.protocol.id} declares no randomization")
            return AbsentKeeper(none)
        if self.keeper_socket is not None:
            return RemoteKeeper(self.keeper_socket, self.protocol.id, public_key)
        try:
            with ExitStack() as held:
                keeper = FileKeeper.open(self.path / FILE, self.protocol.id)
                held.callback(keeper.close)
                keeper.bind(public_key)
                for document in (self.protocol, *self.amendments):
                    if document.randomization == self.protocol.randomization:
                        keeper.accept(document)
                held.pop_all()
            return keeper
        except KeeperError as error:
            return AbsentKeeper(KeeperUnavailableError(str(error)))

    def archive(self) -> Archive:
        """The trial for reading only: works beside a server that is writing, and changes nothing.

        Raises `HomeError` where there is no ledger yet.
        """
        with self._lock, ExitStack() as held:
            keys = self.keys(held)
            store = open_store(self.path, self.database, read_only=True)
            held.callback(store.close)
            ledger = Ledger(store, trial=self.protocol.id)
            if self.rehearsal is not None:
                for _event, destroyed in erasures_in(ledger):
                    keys.destroy(*destroyed)
            sealer = Sealer(keys, RandomNonces())
            self._held.push(held.pop_all())
        now = datetime.now(UTC)
        if self.rehearsal is not None:
            last = next(ledger.events(descending=True, limit=1), None)
            now = datetime.fromisoformat(last.server_time if last else self.rehearsal.start)
        codec = Codec([self.protocol, *self.amendments], sealer)
        documents = {one.version: one for one in (self.protocol, *self.amendments)}
        state = TrialState(self.protocol.id, self.protocol)
        kinds = ["TrialCreated", "SiteOpened", "ProtocolAmended", "ProtocolAdopted"]
        for event in ledger.events(types=kinds):
            state.apply(codec.decode(event), event.site, event.server_time, event.actor)
        protocol = documents[state.newest_in_force or self.protocol.version]
        return Archive(protocol, documents, ledger, codec, now)

    def keep_document(self, file: Path | str) -> Protocol:
        """Keep a further version of the protocol in this home, for the trial to be amended with.

        Raises `ProtocolError` for a document with faults and `HomeError` for another trial's.
        """
        document = load_protocol(Path(file))
        if document.id != self.protocol.id:
            raise HomeError(f"{file}: is the protocol of {document.id}, not of {self.protocol.id}")
        known = {one.version for one in (self.protocol, *self.amendments)}
        if document.version not in known:
            folder = self.path / AMENDMENTS
            folder.mkdir(mode=0o700, exist_ok=True)
            _write_private(
                folder / f"{document.version}.yaml", Path(file).read_text(encoding="utf-8")
            )
            self.amendments = (*self.amendments, document)
        with self._lock:
            if self._trial is not None:
                same_scheme = document.randomization == self.protocol.randomization
                if isinstance(self._trial.keeper, FileKeeper) and same_scheme:
                    self._trial.keeper.accept(document)
                self._trial.add_document(document)
        return document

    def take_checkpoint(self, reason: str) -> Checkpoint:
        """Sign a statement about the ledger as it is: works beside a server, and changes no event.

        Its time is the machine's, in a rehearsal that of the last event. Raises `LedgerDamagedError`
        where the ledger does not agree with what was signed before; then nothing is signed.
        """
        with self._lock, ExitStack() as held:
            store = open_store(self.path, self.database, read_only=True)
            held.callback(store.close)
            signer = Signer(self.keys(held).signing_key())
            text = store.signed_head()
            now = self.time_of(SignedHead.parse(text) if text is not None else None)
            return take_checkpoint(
                store, signer, self.protocol.id, self.checkpoints, time=now, reason=reason
            )

    def time_of(self, head: SignedHead | None) -> str:
        """The time for a statement about a ledger with this end: the machine's, in a rehearsal that of its last event."""
        if self.rehearsal is None:
            return datetime.now(UTC).isoformat(timespec="microseconds")
        return head.time if head is not None else self.rehearsal.start

    def keys(self, held: ExitStack) -> Keys:
        """The home's keys, closed with `held`."""
        if self.rehearsal is not None:
            return DerivedKeys(self.rehearsal.secret, self.erasures.keys(self.protocol.id))
        keys = FileKeys(self.path / "keys.sqlite")
        held.callback(keys.close)
        return keys

    def close(self) -> None:
        """Close the ledger, the keeper's file and the keys; `trial()` opens them again."""
        with self._lock:
            self._trial = None
            self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def memory_trial(protocol: Protocol, rehearsal: RehearsalSettings) -> Trial:
    """A rehearsal that leaves nothing on disk."""
    keys = DerivedKeys(rehearsal.secret)
    signer = Signer(keys.signing_key())
    ledger = Ledger(MemoryStore(TABLES), trial=protocol.id, signer=signer, keys=keys)
    trial = _open_rehearsal(ledger, protocol, rehearsal, keys)
    begin(trial, rehearsal)
    return trial


def _open_rehearsal(
    ledger: Ledger,
    protocol: Protocol,
    rehearsal: RehearsalSettings,
    keys: Keys,
    amendments: Iterable[Protocol] = (),
    erasures: ErasureList | None = None,
) -> Trial:
    """A rehearsal's trial: its clock stands where the ledger ends, its keeper knows the past."""
    sealer = Sealer(keys, DerivedNonces(rehearsal.secret))
    clock = VirtualClock(datetime.fromisoformat(rehearsal.start))
    keeper = RehearsalKeeper(rehearsal.seed, rehearsal.replicate, protocol, ledger.public_key)
    trial = Trial(ledger, protocol, keeper, sealer, clock, amendments, erasures)
    last = next(ledger.events(descending=True, limit=1), None)
    if last is not None:
        clock.move_to(datetime.fromisoformat(last.server_time))
    keeper.restore(
        [
            (happening.request, dict(happening.strata), happening.arm)
            for _, happening in trial.events(types=["ParticipantRandomized"])
            if isinstance(happening, e.ParticipantRandomized)
        ]
    )
    return trial


def _documents(folder: Path, first: Protocol) -> tuple[Protocol, ...]:
    """The later versions kept in a home, in the order in which they came to it."""
    if not folder.is_dir():
        return ()
    files = sorted(folder.glob("*.yaml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
    documents = []
    for file in files:
        document = load_protocol(file)
        if document.version != file.stem or document.id != first.id:
            raise HomeError(f"{file}: is not the version its name says; restore the file")
        documents.append(document)
    return tuple(documents)


def begin(trial: Trial, rehearsal: RehearsalSettings | None, *, training: bool = False) -> None:
    """Write the first events: creation, with what the trial is, and the commitment to the randomization."""
    mode: e.Mode = "rehearsal" if rehearsal else "training" if training else "live"
    at = datetime.fromisoformat(rehearsal.start) if rehearsal else datetime.now(UTC)
    signer = trial.ledger.public_key
    created = trial.do(c.CreateTrial(public_key=signer, mode=mode), ADMINISTRATOR, at=at)
    if not created:
        raise HomeError(str(created))
    if trial.protocol.randomization is not None:
        commitment = trial.keeper.commitment()
        committed = trial.do(
            c.CommitRandomization(commitment=commitment.hash, source=commitment.source),
            ADMINISTRATOR,
            at=at,
        )
        if not committed:
            raise HomeError(str(committed))


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())

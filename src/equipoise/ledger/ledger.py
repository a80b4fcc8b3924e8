"""The ledger: one place to append events and read them, over any store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from .checkpoint import Checkpoint, CheckpointFile, take_checkpoint
from .envelope import (
    EMPTY_HEAD,
    Draft,
    Event,
    EventRow,
    Head,
    canonical_json,
    canonical_text,
    event_of,
    hash_after,
    normal_text,
)
from .errors import LedgerDamagedError, LedgerError
from .head import HeadFile, SignedHead
from .keys import Keys
from .merkle import merkle_root
from .signing import Signer, attestation
from .store import Selection, Store
from .tables import Cell, Changes, Row, Rows
from .verification import (
    Problem,
    Verification,
    compare_heads,
    compare_statement,
    verify_ledger,
)

__all__ = ["Head", "Ledger", "Problem", "Verification", "Writing"]

_GIVEN_AT = 512
"""Events a batch holds before the store is given them."""


class Ledger:
    """An append-only, hash-chained log of one trial, with its projections.

    Any number of threads may call any method. Writing is exclusive; reading never waits for it and
    sees what is committed, except inside a `batch`, whose own thread sees everything it wrote.

    Where the chain and its signed head disagree when the ledger is opened, it can be read and
    verified, and every `write` raises `LedgerDamagedError`. A head file that lies behind (the process
    died between a commit and the next write of the file) is healed, provided that the file's
    head lies on the chain and the database holds a signature of the chain's end.
    """

    def __init__(
        self,
        store: Store,
        *,
        trial: str,
        signer: Signer | None = None,
        head_file: HeadFile | None = None,
        keys: Keys | None = None,
        checkpoints: CheckpointFile | None = None,
    ) -> None:
        self.trial = trial
        self.store = store
        self._signer = signer
        self._head_file = head_file
        self._keys = keys
        self._checkpoints = checkpoints
        self._checkpointing = threading.Lock()
        self._lock = threading.RLock()
        self._owner: int | None = None
        self._batch: _Batch | None = None
        self._writing: Writing | None = None
        self._versions: dict[str, int] = {}
        self._head, self._damage = self._open()

    def _open(self) -> tuple[Head, str | None]:
        """The chain's end, and what is wrong with it; read while nobody else can write."""
        if self._signer is None:
            return self.store.head(), None
        if self.store.sole_writer:
            self._head = self.store.head()
            return self._head, self._heal()
        # Head, signature and file must be of one moment: other processes may be appending.
        self.store.begin()
        try:
            self._head = self.store.head(inside=True)
            return self._head, self._heal()
        finally:
            self.store.rollback()

    def _heal(self) -> str | None:
        """Bring a head file that lies behind up to date; say what is wrong where that is unsound."""
        assert self._signer is not None
        slots = None if self._head_file is None else self._head_file.read()
        if slots == () and self._head_file is not None and self._head == EMPTY_HEAD:
            # From here on a missing file means that somebody took it away.
            born = SignedHead.sign(self._signer, self.trial, *EMPTY_HEAD, "")
            self._head_file.write(born, durable=True)
            slots = self._head_file.read()
        problems, heads = compare_heads(
            self._head,
            self._hash_at,
            self.store.signed_head(),
            slots,
            key=self._signer.public_hex,
            trial=self.trial,
            healable=True,
        )
        newest = None if self._checkpoints is None else self._checkpoints.newest()
        if newest is not None and not problems:
            key = self._signer.public_hex
            problems = compare_statement(
                newest, newest.place, self._head, self._hash_at, key, self.trial
            )
        if problems:
            return "; ".join(str(problem) for problem in problems)
        signed = heads.database
        if self._head_file is not None and signed and any(slot != signed for slot in heads.slots):
            self._head_file.write(signed, durable=True)
        return None

    def _hash_at(self, seq: int) -> str | None:
        row = next(self.store.events(Selection(after=seq - 1, upto=seq)), None)
        return row[16] if row else None

    @property
    def damage(self) -> str | None:
        """Why the ledger can be read only: chain and signed head disagreed when it was opened."""
        return self._damage

    # Writing

    def write(self) -> AbstractContextManager[Writing]:
        """Take the exclusive right to append; everything is committed when the block ends well.

        An exception leaves the ledger as it was. Within a `batch` the commit waits for the end of
        the batch. Raises `LedgerDamagedError` where the chain does not agree with its signed head.
        """
        return _Block(self)

    def _open_write(self) -> Writing:
        if self._writing is not None:
            raise LedgerError("a write is open already: one block appends at a time")
        if self._damage is not None:
            raise LedgerDamagedError(
                f"the ledger of {self.trial} cannot be written: {self._damage}."
                " Run `equipoise verify` and restore a verified backup"
            )
        if self._batch is None:
            self._begin()
        writing = self._writing = Writing(self)
        return writing

    def _end_write(self, writing: Writing, well: bool) -> None:
        """Give what was written to the store, or to the batch; drop it where the block did not end well."""
        if self._batch is not None:
            self._writing = None
            if well:
                self._batch.take(writing)
                self._accept(writing)
                if len(self._batch.events) >= _GIVEN_AT:
                    self._give(self._batch)
            return
        try:
            if well and (writing.rows or writing.changes):
                self._keep(writing)
            else:
                self._undo()
        finally:
            self._owner = None
            self._writing = None

    def _keep(self, writing: Writing) -> None:
        try:
            self.store.apply(writing.rows, writing.changes)
            self._commit(writing.head, writing.last_time, writing)
        except BaseException:
            self._undo()
            raise

    def _undo(self) -> None:
        self.store.rollback()
        if self._keys is not None:
            self._keys.forget()

    def refresh_keys(self) -> None:
        """Take in the keys that other processes have made or destroyed."""
        if self._keys is not None:
            self._keys.refresh()

    def _begin(self) -> None:
        self.store.begin()
        self._owner = threading.get_ident()
        if not self.store.sole_writer:
            self._head = self.store.head(inside=True)
            self._versions.clear()
            self.refresh_keys()

    def _check_open(self, writing: Writing) -> None:
        if self._writing is not writing:
            raise LedgerError("the block of this write has ended")

    def _accept(self, writing: Writing) -> None:
        self._head = writing.head
        self._versions.update(writing.versions)

    def _commit(self, head: Head, time: str, writing: Writing | None = None) -> None:
        """Commit what was applied; sign the head first, and state it beside the database after."""
        if self._keys is not None:
            self._keys.sync()
        signed: SignedHead | None = None
        if self._signer is not None and time:
            signed = SignedHead.sign(self._signer, self.trial, head.seq, head.hash, time)
        self.store.commit(None if signed is None else signed.to_text())
        if writing is not None:
            # The events stand, even if the head file cannot be written now.
            self._accept(writing)
        if signed is not None and self._head_file is not None:
            try:
                self._head_file.write(signed)
            except OSError as error:
                raise LedgerError(
                    f"{self._head_file.path}: cannot be written ({error.strerror}). The events up to"
                    f" {head.seq} were kept; the file is brought up to date when the ledger is opened"
                ) from error

    @contextmanager
    def batch(self, settle: Callable[[Rows], None] | None = None) -> Iterator[None]:
        """Many writes, one commit at the end, one signature; an exception loses the whole batch.

        `settle` is asked for the rows it has held back at the end, and before rows are read: reading events
        does not ask for them.
        The thread that opened it holds the right to write until the end. After an exception,
        whoever keeps state derived from events must derive it again.
        """
        with self._lock:
            if self._batch is not None:
                yield
                return
            if self._writing is not None:
                raise LedgerError("a batch cannot begin inside a write")
            self._begin()
            before = self._head
            batch = self._batch = _Batch(Changes(self.store.tables), settle)
            try:
                yield
                batch.settle()
                self._give(batch)
                if batch.changed:
                    self._commit(self._head, batch.last_time)
                else:
                    self.store.rollback()
            except BaseException:
                self._undo()
                self._head = before
                self._versions.clear()
                raise
            finally:
                self._batch = None
                self._owner = None

    def _give(self, batch: _Batch) -> None:
        """Give the store what the batch holds, within its transaction."""
        if batch.events or batch.changes:
            self.store.apply(batch.events, batch.changes)
            batch.events, batch.by_client = [], {}
            batch.changes, batch.changed = Changes(self.store.tables), True

    # Reading

    def _inside(self, *, rows: bool = False) -> bool:
        """Whether the caller is the thread of an open transaction; the store is given its batch to be read.

        Rows that were held back are asked for only where `rows` are to be read.
        """
        if self._owner != threading.get_ident():
            return False
        if self._batch is not None:
            if rows:
                self._batch.settle()
            self._give(self._batch)
        return True

    def head(self) -> Head:
        """The end of the chain."""
        if self._owner == threading.get_ident():
            return self._head
        return self.store.head()

    def events(
        self,
        *,
        stream: str | None = None,
        types: Sequence[str] | None = None,
        after: int = 0,
        upto: int | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """Events in order of seq: of one stream, of some types, after one seq up to another.

        The end of the chain is read when the first event is asked for.
        """
        kinds = None if types is None else tuple(types)
        selection = Selection(stream, kinds, after, upto, descending, limit)
        return map(event_of, self.store.events(selection, inside=self._inside()))

    def stream_version(self, stream: str) -> int:
        """The number of events in the stream."""
        if self._owner == threading.get_ident():
            return self._version(stream)
        return self.store.stream_version(stream)

    def _version(self, stream: str) -> int:
        """The stream's version for the writing thread: kept in memory while nobody else can write."""
        version = self._versions.get(stream)
        if version is None:
            # what a batch holds has its versions here: nothing of this stream waits in it
            inside = self._owner == threading.get_ident()
            version = self.store.stream_version(stream, inside=inside)
            self._versions[stream] = version
        return version

    def by_client(self, client_id: str) -> list[Event]:
        """The events a client id has caused; empty where it is new."""
        if self._batch is not None and self._owner == threading.get_ident():
            # asked with every command: the batch is not given to the store for it
            rows = self._batch.by_client.get(client_id)
            found = rows or self.store.by_client(client_id, inside=True)
            return [event_of(row) for row in found]
        return [event_of(row) for row in self.store.by_client(client_id, inside=self._inside())]

    def rows(
        self,
        table: str,
        *,
        where: Mapping[str, Cell | Sequence[Cell]] | None = None,
        order: str | Sequence[str] = (),
        limit: int | None = None,
        settled: bool = True,
    ) -> list[Row]:
        """Rows of a projection: columns equal to a value or one of several; `-column` descends.

        Rows that a batch holds back are put first; without `settled` they are not, and stand as before.
        """
        known = self.store.tables.get(table)
        if known is None:
            raise LedgerError(f"there is no table {table!r}")
        columns = (order,) if isinstance(order, str) else tuple(order or ())
        for column in (
            *(where or {}),
            *(column.removeprefix("-") for column in columns),
        ):
            known.check_column(column)
        return self.store.rows(
            known, where or {}, columns, limit, inside=self._inside(rows=settled)
        )

    def root(self) -> str:
        """The Merkle root over all committed events (see `equipoise.ledger.merkle`)."""
        return merkle_root((row[0], row[16]) for row in self.store.stored()[1])

    def verify(self, *, now: str | None = None, processes: int = 1) -> Verification:
        """Recompute everything: hashes, order, versions, and the signed heads.

        `now` is the time by the world's clock where that is the ledger's too, `processes` by how many
        processes the rows are checked (see `verify_ledger`).
        """
        key = self._signer.public_hex if self._signer else None
        kept = self._checkpoints.read() if self._checkpoints is not None else []
        return verify_ledger(
            self.store,
            self._head_file,
            key=key,
            trial=self.trial,
            checkpoints=kept,
            now=now,
            processes=processes,
        )

    def checkpoint(self, reason: str, time: str) -> Checkpoint | None:
        """Sign a statement about everything committed and keep it beside the ledger.

        `time` is ISO 8601 in UTC. `None` where the ledger keeps no checkpoints. Raises
        `LedgerDamagedError` where the ledger is not what was signed before, and `LedgerError` where the
        statement cannot be kept. Changes nothing in the ledger.
        """
        if self._signer is None or self._checkpoints is None:
            return None
        if self._damage is not None:
            raise LedgerDamagedError(f"no checkpoint is signed: {self._damage}")
        with self._checkpointing:
            return take_checkpoint(
                self.store, self._signer, self.trial, self._checkpoints, time=time, reason=reason
            )

    def last_checkpoint(self) -> Checkpoint | None:
        """The newest checkpoint kept beside the ledger."""
        return None if self._checkpoints is None else self._checkpoints.newest()

    @property
    def public_key(self) -> str:
        """The key (hexadecimal) that verifies the signed heads; empty where nothing signs."""
        return self._signer.public_hex if self._signer else ""

    def attest(self, event: Event, purpose: str) -> str:
        """Sign that this event stands in this ledger, for one purpose (see `signing.attestation`)."""
        if self._signer is None:
            raise LedgerError("this ledger holds no key to sign with")
        return self._signer.sign(attestation(purpose, event.hash))

    def close(self) -> None:
        """Release the store and bring the head file to the disk."""
        try:
            if self._head_file is not None:
                self._head_file.close()
        finally:
            self.store.close()


class _Batch(Rows):
    """What a batch has collected and not yet given to the store."""

    __slots__ = ("_settle", "by_client", "changed", "events", "last_time")

    def __init__(self, changes: Changes, settle: Callable[[Rows], None] | None) -> None:
        super().__init__(changes)
        self._settle = settle
        self.events: list[EventRow] = []
        self.by_client: dict[str, list[EventRow]] = {}
        """The same events by client id. A client id belongs to one write, so never half of it is here."""
        self.changed = False
        self.last_time = ""

    def settle(self) -> None:
        """Take in the rows that were held back. Who gives them may read meanwhile: it is asked once."""
        settle, self._settle = self._settle, None
        if settle is not None:
            try:
                settle(self)
            finally:
                self._settle = settle

    def take(self, writing: Writing) -> None:
        self.events.extend(writing.rows)
        for row in writing.rows:
            if row[11]:
                self.by_client.setdefault(row[11], []).append(row)
        self.changes.merge(writing.changes)
        self.last_time = writing.last_time or self.last_time


class _Block:
    """The block of one write: as a generator it would cost a command a tenth of its time."""

    __slots__ = ("_ledger", "_writing")

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._writing: Writing | None = None

    def __enter__(self) -> Writing:
        self._ledger._lock.acquire()
        try:
            self._writing = self._ledger._open_write()
        except BaseException:
            self._ledger._lock.release()
            raise
        return self._writing

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        writing, self._writing = self._writing, None
        assert writing is not None
        try:
            self._ledger._end_write(writing, kind is None)
        finally:
            self._ledger._lock.release()


class Writing(Rows):
    """One exclusive write: what is appended and put here stands or falls together."""

    __slots__ = (
        "_clients",
        "_ledger",
        "head",
        "last_time",
        "rows",
        "versions",
    )

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(Changes(ledger.store.tables))
        self._ledger = ledger
        self.head = ledger._head
        """The end of the chain, with what has been appended here."""
        self.rows: list[EventRow] = []
        self.versions: dict[str, int] = {}
        self.last_time = ""
        self._clients: dict[str, int] = {}

    def append(self, drafts: Sequence[Draft]) -> list[Event]:
        """Give the drafts their places in the chain.

        The payloads of the events returned are the drafts' own. All events of one client id
        belong to one write; raises `NotCanonicalError` for a payload that cannot be hashed.
        """
        self._ledger._check_open(self)
        trial = self._ledger.trial
        seq, previous = self.head
        appended: list[tuple[EventRow, Event]] = []
        versions: dict[str, int] = {}
        clients: dict[str, int] = {}
        for draft in drafts:
            seq += 1
            stream = normal_text(draft.stream)
            version = versions.get(stream)
            if version is None:
                version = self.stream_version(stream)
            version = versions[stream] = version + 1
            client_id = normal_text(draft.client_id)
            index = 0
            if client_id:
                index = clients.get(client_id, self._clients.get(client_id, 0))
                clients[client_id] = index + 1
            device_time = draft.device_time
            columns = (
                seq,
                trial,
                stream,
                version,
                draft.type,
                draft.schema,
                draft.protocol,
                canonical_json(draft.payload),
                normal_text(draft.actor),
                normal_text(draft.role),
                normal_text(draft.site),
                client_id,
                index,
                device_time,
                draft.server_time,
            )
            hash_ = hash_after(previous, canonical_text(*columns).encode())
            row = (*columns, previous, hash_)
            appended.append(
                (row, Event._make((*columns[:7], draft.payload, *columns[8:], previous, hash_)))
            )
            previous = hash_
        # Only now is anything changed: a draft that was refused leaves the write as it was.
        self.head = Head(seq, previous)
        self.versions.update(versions)
        self._clients.update(clients)
        self.rows.extend([row for row, _ in appended])
        if appended:
            self.last_time = appended[-1][0][14]
        return [event for _, event in appended]

    def rebuild_tables(self, version: str) -> None:
        """Empty every projection, to be built anew from the events in this same write by code of
        this version (`Store.tables_version`)."""
        self.changes.rebuild(version)

    def stream_version(self, stream: str) -> int:
        """The stream's version, with what has been appended here."""
        version = self.versions.get(stream)
        return self._ledger._version(stream) if version is None else version

    def events(
        self,
        *,
        stream: str | None = None,
        types: Sequence[str] | None = None,
        after: int = 0,
    ) -> Iterator[Event]:
        """Events with what has been appended here."""
        kinds = None if types is None else tuple(types)
        yield from self._ledger.events(stream=stream, types=kinds, after=after)
        for row in list(self.rows):
            wanted = row[0] > after and (stream is None or row[2] == stream)
            if wanted and (kinds is None or row[4] in kinds):
                yield event_of(row)

    def by_client(self, client_id: str) -> list[Event]:
        """Events of a client id with what has been appended here."""
        earlier = self._ledger.by_client(client_id)
        if not self.rows:
            return earlier
        return earlier + [event_of(row) for row in self.rows if client_id and row[11] == client_id]

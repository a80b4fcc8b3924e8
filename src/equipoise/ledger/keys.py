"""Where keys come from: derived from a secret in a rehearsal, random and destructible otherwise."""

from __future__ import annotations

import hmac
import os
import sqlite3
import threading
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Protocol

from .errors import LedgerError

_SIGNING = "signing"
_BLIND = "blind-index"
_UNKNOWN, _DESTROYED = object(), object()
_DUE = "own/cleaning-due"
"""Marks that keys were struck out and the file is still to be written anew."""


class Keys(Protocol):
    """A store of 256-bit keys by id."""

    def key(self, key_id: str, create: bool = True) -> bytes | None:
        """The key; `None` where it was destroyed, or does not exist and is not to be made."""

    def destroy(self, *key_ids: str) -> int:
        """Erase keys for good: nothing sealed under them can be read again. Says how many were there.

        Raises `LedgerError` where it cannot be made sure that no copy is left in the store; asked again
        it does what is still to be done.
        """

    def sync(self) -> None:
        """Make the keys created so far durable; called before the events that need them commit."""

    def forget(self) -> None:
        """Drop the keys created since the last `sync`: the events that needed them were undone."""

    def refresh(self) -> None:
        """Take in what other processes have created or destroyed since."""

    def signing_key(self) -> bytes:
        """The private key (32 bytes) that signs the head of the ledger."""

    def blind_key(self) -> bytes:
        """The secret of the blind index."""


class DerivedKeys:
    """Keys of a rehearsal: HMAC-SHA256(secret, key id). Destroyed ones are remembered in memory."""

    def __init__(self, secret: bytes, destroyed: Iterable[str] = ()) -> None:
        self._secret = secret
        self._destroyed = set(destroyed)

    def key(self, key_id: str, create: bool = True) -> bytes | None:
        """The derived key; it always exists unless it was destroyed."""
        if key_id in self._destroyed:
            return None
        return hmac.digest(self._secret, b"equipoise-key-1|" + key_id.encode(), "sha256")

    def destroy(self, *key_ids: str) -> int:
        """Give these keys no more. Who holds the secret could derive them: that the participants of a
        rehearsal are invented is what makes this enough. The ids outlive this object in the ledger's
        events and in the home's list of erasures.
        """
        new = set(key_ids) - self._destroyed
        self._destroyed |= new
        return len(new)

    def sync(self) -> None:
        """Derived keys need no storage."""

    def forget(self) -> None:
        """A derived key can be derived again: there is nothing to drop."""

    def refresh(self) -> None:
        """Derived keys are the same in every process."""

    def signing_key(self) -> bytes:
        """The derived private key."""
        return hmac.digest(self._secret, b"equipoise-own-1|" + _SIGNING.encode(), "sha256")

    def blind_key(self) -> bytes:
        """The derived secret of the blind index."""
        return hmac.digest(self._secret, b"equipoise-own-1|" + _BLIND.encode(), "sha256")


class FileKeys:
    """Random keys in a SQLite file of mode 600, apart from the ledger and its backups.

    New keys stand in memory until `sync`, which commits them together with one synchronous write.
    A destroyed key leaves its id behind without the key, so that it is never made again;
    `secure_delete` overwrites the pages and the write-ahead log is emptied at once.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        os.chmod(self.path, 0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=30
        )
        pragmas = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY")
        for pragma in pragmas:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS keys (id TEXT PRIMARY KEY, key BLOB) STRICT, WITHOUT ROWID"
        )
        self._kept: dict[str, bytes | None] = {}
        self._new: dict[str, bytes] = {}
        self._seen = 0

    def _load(self, key_id: str, create: bool) -> bytes | None:
        with self._lock:
            if key_id in self._kept:
                return self._kept[key_id]
            row = self._connection.execute(
                "SELECT key FROM keys WHERE id = ?", (key_id,)
            ).fetchone()
            if row is None and not create:
                return None
            key: bytes | None = row[0] if row else os.urandom(32)
            if row is None and key is not None:
                self._new[key_id] = key
            self._kept[key_id] = key
            return key

    def key(self, key_id: str, create: bool = True) -> bytes | None:
        """The key, made at random where it does not exist and `create` is true."""
        name = f"sealing/{key_id}"
        if name in self._kept:
            return self._kept[name]
        return self._load(name, create)

    def destroy(self, *key_ids: str) -> int:
        """Overwrite the keys on disk and in this object; their ids stay, marked destroyed.

        The file is written anew without them (`VACUUM`: a page that was split keeps old bytes in its gaps,
        which `secure_delete` does not reach) and the write-ahead log is cut to nothing.
        """
        names = list(dict.fromkeys(f"sealing/{key_id}" for key_id in key_ids))
        with self._lock:
            found = {name: self._stored(name) for name in names}
            struck = [(name,) for name in names if found[name] is not _DESTROYED]
            there = [name for name in names if name in self._new or isinstance(found[name], bytes)]
            try:
                if struck:
                    self._connection.execute("BEGIN IMMEDIATE")
                    self._connection.executemany(
                        "INSERT INTO keys VALUES (?, NULL) ON CONFLICT (id) DO UPDATE SET key = NULL",
                        struck,
                    )
                    self._connection.execute(
                        "INSERT OR REPLACE INTO keys VALUES (?, x'00')", (_DUE,)
                    )
                    self._connection.execute("COMMIT")
                if self._stored(_DUE) is not _UNKNOWN:
                    self._clean()
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise LedgerError(
                    f"{self.path}: what was destroyed may still lie in the file: {error};"
                    " it is done when the home is opened next"
                ) from error
            finally:
                for name in names:
                    self._new.pop(name, None)
                    self._kept[name] = None
        return len(there)

    def _stored(self, name: str) -> object:
        """The key as it lies in the file, `_UNKNOWN` or `_DESTROYED`."""
        row = self._connection.execute("SELECT key FROM keys WHERE id = ?", (name,)).fetchone()
        if row is None:
            return _UNKNOWN
        return _DESTROYED if row[0] is None else row[0]

    def _clean(self) -> None:
        """Leave no byte of what was destroyed in the file and its log."""
        self._connection.execute("VACUUM")
        busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise sqlite3.OperationalError("another process is reading the file")
        self._connection.execute("DELETE FROM keys WHERE id = ?", (_DUE,))

    def copy_to(self, path: Path) -> int:
        """Copy the file as it stands into a new one of mode 600; the number of keys in the copy.

        The copy is as secret as the file, and remembers what is destroyed in the file afterwards.
        """
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with self._lock, closing(sqlite3.connect(path, isolation_level=None)) as copy:
            self._connection.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            counted = copy.execute("SELECT count(*) FROM keys WHERE key IS NOT NULL").fetchone()[0]
        return int(counted)

    def sync(self) -> None:
        """Commit the keys made since the last call, in one synchronous transaction."""
        if not self._new:
            return
        with self._lock:
            new, self._new = self._new, {}
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                self._connection.executemany("INSERT INTO keys VALUES (?, ?)", list(new.items()))
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                self._new = new | self._new
                raise LedgerError(f"{self.path}: keys could not be stored: {error}") from error

    def forget(self) -> None:
        """Drop keys that were never stored, so that no other process's key of that name is hidden."""
        with self._lock:
            for name in self._new:
                self._kept.pop(name, None)
            self._new.clear()

    def refresh(self) -> None:
        """Read keys again where another process has written into the file since the last look."""
        with self._lock:
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
            if version != self._seen:
                self._seen = version
                self._kept = dict(self._new)

    def _own(self, name: str) -> bytes:
        key = self._load(f"own/{name}", True)
        if key is None:
            raise LedgerError(f"{self.path}: the {name} key has been destroyed")
        self.sync()
        return key

    def signing_key(self) -> bytes:
        """The private key of this ledger's signer, made when first asked for."""
        return self._own(_SIGNING)

    def blind_key(self) -> bytes:
        """The secret of the blind index, made when first asked for."""
        return self._own(_BLIND)

    def close(self) -> None:
        """Store what is new and close the file."""
        self.sync()
        self._connection.close()

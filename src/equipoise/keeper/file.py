"""The keeper of a real trial: seed and log in a SQLite file of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

from equipoise.allocation.scheme import Scheme, scheme_from_document
from equipoise.allocation.uniforms import HmacUniforms
from equipoise.ledger.envelope import canonical_json
from equipoise.protocol.document import Protocol

from .book import Book, scheme_declared
from .port import AllocationAnswer, AllocationRequest, Commitment, KeeperError, require_signature
from .reveal import Reveal

_SQL = """
CREATE TABLE IF NOT EXISTS seed (
    trial TEXT PRIMARY KEY, seed TEXT NOT NULL, scheme TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS log (
    trial TEXT NOT NULL,
    number INTEGER NOT NULL,
    request TEXT NOT NULL,
    participant TEXT NOT NULL,
    strata TEXT NOT NULL,
    eligibility TEXT NOT NULL,
    stratum TEXT NOT NULL,
    arm TEXT NOT NULL,
    PRIMARY KEY (trial, number),
    UNIQUE (trial, request),
    UNIQUE (trial, participant)
) STRICT;
CREATE TRIGGER IF NOT EXISTS seed_never_changes BEFORE UPDATE ON seed
    BEGIN SELECT RAISE(ABORT, 'a seed is never changed'); END;
CREATE TRIGGER IF NOT EXISTS log_never_changes BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'an allocation is never changed'); END;
CREATE TRIGGER IF NOT EXISTS log_never_goes BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'an allocation is never deleted'); END;
"""


class FileKeeper:
    """Draws by HMAC-SHA256 of a random seed of 256 bits, made when the file is.

    The file has mode 600. An answer is on the disk before it is given (`synchronous=FULL`).
    Opening it again replays the log: a log that seed and scheme do not give is refused, as is a
    protocol whose scheme is not the one committed to.
    """

    def __init__(self, path: Path | str, protocol: Protocol) -> None:
        self.path = Path(path)
        self._trial = protocol.id
        self._lock = threading.Lock()
        self._scheme: Scheme | None = scheme_declared(protocol)
        self._seed = ""
        self._book: Book | None = None
        self._connection: sqlite3.Connection | None = None
        if self._scheme is not None:
            try:
                self._open(self._scheme)
            except sqlite3.Error as error:
                self.close()
                raise KeeperError(f"{self.path}: this is no keeper's file: {error}") from None
            except BaseException:
                self.close()
                raise

    def _open(self, scheme: Scheme) -> None:
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        os.chmod(self.path, 0o600)
        connection = self._connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=30
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.executescript(_SQL)
        connection.execute(
            "INSERT OR IGNORE INTO seed VALUES (?, ?, ?)",
            (self._trial, os.urandom(32).hex(), canonical_json(scheme.as_document())),
        )
        self._seed, committed = connection.execute(
            "SELECT seed, scheme FROM seed WHERE trial = ?", (self._trial,)
        ).fetchone()
        if scheme_from_document(json.loads(committed)) != scheme:
            raise KeeperError(
                f"{self.path}: the protocol's randomization is not the one committed to;"
                " a scheme cannot change once it is"
            )
        self._book = self._read_book(connection, scheme)

    def _read_book(self, connection: sqlite3.Connection, scheme: Scheme) -> Book:
        """The book from the log, every line of it recomputed."""
        book = Book(scheme, HmacUniforms(bytes.fromhex(self._seed)))
        for request, participant, strata, eligibility, arm in connection.execute(
            "SELECT request, participant, strata, eligibility, arm FROM log WHERE trial = ?"
            " ORDER BY number",
            (self._trial,),
        ):
            facts = (json.loads(strata), json.loads(eligibility))
            book.replay(AllocationRequest(request, self._trial, participant, *facts), arm)
        return book

    def _opened(self) -> tuple[Book, Scheme]:
        if self._book is None or self._scheme is None:
            raise KeeperError(f"the protocol {self._trial} declares no randomization")
        return self._book, self._scheme

    def commitment(self) -> Commitment:
        """The hash over seed and scheme."""
        return Commitment(self.reveal().commitment, HmacUniforms.source)

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """See `Keeper.allocate`."""
        with self._lock:
            book, scheme = self._opened()
            if request.trial != self._trial:
                raise KeeperError(f"this keeper holds {self._trial}, not {request.trial}")
            if not request.request or not request.participant:
                raise KeeperError("a request needs a name and a participant")
            known = book.known(request)
            if known is not None:
                return known
            require_signature(request.eligibility)
            answer = book.draw(request)
            if not self._log(request, answer):
                # Another process has answered since the book was read.
                book = self._book = self._read_book(self._connected(), scheme)
                known = book.known(request)
                if known is not None:
                    return known
                answer = book.draw(request)
                if not self._log(request, answer):
                    raise KeeperError(f"{self.path}: another process is allocating; ask again")
            book.enter(request, answer)
            return answer

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise KeeperError(f"{self.path}: the keeper is closed")
        return self._connection

    def _log(self, request: AllocationRequest, answer: AllocationAnswer) -> bool:
        """Write the answer to the disk; false where its number, or the request, is taken."""
        line: tuple[Any, ...] = (
            request.trial,
            answer.number,
            request.request,
            request.participant,
            canonical_json(request.strata),
            canonical_json(request.eligibility),
            answer.stratum,
            answer.arm,
        )
        try:
            # One statement is one transaction: it has reached the disk when this returns.
            self._connected().execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?)", line)
        except sqlite3.IntegrityError:
            return False
        except sqlite3.Error as error:
            raise KeeperError(
                f"{self.path}: the allocation could not be logged: {error}"
            ) from error
        return True

    def reveal(self) -> Reveal:
        """Seed, scheme and log. Whoever calls this ends the concealment."""
        with self._lock:
            book, scheme = self._opened()
            return Reveal(self._seed, HmacUniforms.source, scheme.as_document(), book.allocated())

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

"""The keeper of a real trial: seed, and a hash-chained log of every answer, in a file of its own."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from equipoise.allocation.scheme import Scheme, scheme_from_document
from equipoise.allocation.uniforms import HmacUniforms
from equipoise.ledger.envelope import canonical_json
from equipoise.protocol.document import Protocol

from .book import Book, Question, scheme_declared
from .errors import KeeperError
from .port import AllocationAnswer, AllocationRequest, Commitment
from .reveal import Reveal

FILE = "keeper.sqlite"
"""The keeper's file in its directory, which is the home's where the keeper has none of its own."""

LOG_VERSION = "equipoise-keeper-1"
_NOTHING = "0" * 64

_SQL = """
CREATE TABLE IF NOT EXISTS seed (trial TEXT PRIMARY KEY, seed TEXT NOT NULL, scheme TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS log (
    number INTEGER PRIMARY KEY,
    trial TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    allocation INTEGER,
    request TEXT,
    participant TEXT,
    content TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS one_answer ON log (trial, allocation) WHERE kind = 'allocated';
CREATE UNIQUE INDEX IF NOT EXISTS one_request ON log (trial, request) WHERE kind = 'allocated';
CREATE UNIQUE INDEX IF NOT EXISTS one_person ON log (trial, participant) WHERE kind = 'allocated';
CREATE TRIGGER IF NOT EXISTS seed_never_changes BEFORE UPDATE ON seed
    BEGIN SELECT RAISE(ABORT, 'a seed is never changed'); END;
CREATE TRIGGER IF NOT EXISTS seed_never_goes BEFORE DELETE ON seed
    BEGIN SELECT RAISE(ABORT, 'a seed is never deleted'); END;
CREATE TRIGGER IF NOT EXISTS log_never_changes BEFORE UPDATE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is never changed'); END;
CREATE TRIGGER IF NOT EXISTS log_never_goes BEFORE DELETE ON log
    BEGIN SELECT RAISE(ABORT, 'the log is never deleted'); END;
"""


@dataclass(frozen=True, slots=True)
class KeeperStatus:
    """What may be told of a keeper to anyone who looks after it; no arm, no seed."""

    trial: str
    commitment: str
    public_key: str
    versions: tuple[str, ...]
    allocations: int
    lines: int
    log_hash: str
    escrowed: bool
    revealed: bool


class FileKeeper:
    """Draws by HMAC-SHA256 of a random seed of 256 bits, made when the file is.

    The file has mode 600. An answer is on the disk before it is given (`synchronous=FULL`). Every line
    of the log carries SHA-256 over the line before it and itself; opening the file recomputes them,
    and every allocation with them: a log that seed and scheme do not give is refused. Several
    processes may have the file open; each sees what the others answered.
    """

    place = "home"

    def __init__(self, path: Path, trial: str) -> None:
        self.path = path
        self._trial = trial
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._end = (0, _NOTHING)

    # -- making and opening ------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        path: Path | str,
        protocol: Protocol,
        public_key: str = "",
        *,
        seed: bytes | None = None,
    ) -> FileKeeper:
        """Make the file (or add a trial to it) with a new seed, and open it.

        `public_key` verifies the ledger's signatures; without one the first ledger that asks is bound.
        Raises `KeeperError` where the trial has a seed already or declares no randomization.
        """
        scheme = scheme_declared(protocol)
        if scheme is None:
            raise KeeperError(f"the protocol {protocol.id} declares no randomization")
        keeper = cls(Path(path), protocol.id)
        os.close(os.open(keeper.path, os.O_CREAT | os.O_RDWR, 0o600))
        with keeper._guarded():
            connection = keeper._connect()
            connection.executescript(_SQL)
            made = (seed or os.urandom(32)).hex()
            try:
                connection.execute(
                    "INSERT INTO seed VALUES (?, ?, ?)",
                    (protocol.id, made, canonical_json(scheme.as_document())),
                )
            except sqlite3.IntegrityError:
                raise KeeperError(f"{path}: holds the seed of {protocol.id} already") from None
            keeper._read()
            keeper._write("version", {"version": protocol.version})
            if public_key:
                keeper._write("bound", {"public_key": public_key})
            keeper._read()
        return keeper

    @classmethod
    def open(cls, path: Path | str, trial: str = "") -> FileKeeper:
        """Open an existing file; with one trial in it, the trial need not be named."""
        keeper = cls(Path(path), trial)
        if not keeper.path.is_file():
            raise KeeperError(
                f"{path}: there is no keeper's file here; recover it from the sealed shares"
            )
        with keeper._guarded():
            connection = keeper._connect()
            trials = [row[0] for row in connection.execute("SELECT trial FROM seed ORDER BY trial")]
            if not trial and len(trials) == 1:
                keeper._trial = trials[0]
            if keeper._trial not in trials:
                held = ", ".join(trials) or "no trial"
                raise KeeperError(f"{path}: holds {held}; name one of them")
            keeper._read()
        return keeper

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Close the file where opening it fails, and say so where it is none."""
        try:
            yield
        except sqlite3.Error as error:
            self.close()
            raise KeeperError(f"{self.path}: this is no keeper's file: {error}") from None
        except BaseException:
            self.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        os.chmod(self.path, 0o600)
        connection = self._connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=False, timeout=30
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise KeeperError(f"{self.path}: the keeper is closed")
        return self._connection

    def _read(self) -> None:
        """Everything from the file, every line of the log recomputed."""
        connection = self._connected()
        self._seed, committed = connection.execute(
            "SELECT seed, scheme FROM seed WHERE trial = ?", (self._trial,)
        ).fetchone()
        self._scheme: Scheme = scheme_from_document(json.loads(committed))
        self._book = Book(self._scheme, HmacUniforms(bytes.fromhex(self._seed)))
        self._public_key, self._versions = "", list[str]()
        self._escrowed = self._revealed = False
        self._end = (0, _NOTHING)
        self._catch_up()

    def _catch_up(self) -> None:
        """Read the lines written since, by whatever process."""
        rows = self._connected().execute(
            "SELECT number, trial, kind, at, allocation, request, participant, content, hash FROM log"
            " WHERE number > ? ORDER BY number",
            (self._end[0],),
        )
        for row in rows:
            number, before = self._end
            if row[0] != number + 1 or row[8] != _line_hash(before, row[:8]):
                raise KeeperError(f"{self.path}: line {row[0]} of the keeper's log was changed")
            self._end = (row[0], row[8])
            if row[1] == self._trial:
                self._take(row[2], row[5], row[6], json.loads(row[7]))

    def _take(self, kind: str, request: str, participant: str, content: dict[str, Any]) -> None:
        if kind == "allocated":
            self._book.replay(Question(request, participant, content["strata"]), content["arm"])
        elif kind == "version":
            self._versions.append(content["version"])
        elif kind == "bound":
            self._public_key = content["public_key"]
        elif kind == "escrowed":
            self._escrowed = True
        elif kind == "revealed":
            self._revealed = True

    def _write(
        self,
        kind: str,
        content: Mapping[str, Any],
        allocation: int | None = None,
        request: str | None = None,
        participant: str | None = None,
    ) -> None:
        """Append one line; it has reached the disk when this returns. `_Overtaken` where another
        process has written since the log was read."""
        number, before = self._end
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        text = canonical_json(dict(content))
        line = (number + 1, self._trial, kind, at, allocation, request, participant, text)
        hash_ = _line_hash(before, line)
        try:
            # One statement is one transaction.
            self._connected().execute(
                "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", (*line, hash_)
            )
        except sqlite3.IntegrityError:
            raise _OvertakenError from None
        except sqlite3.Error as error:
            raise KeeperError(f"{self.path}: the log could not be written: {error}") from error
        self._end = (number + 1, hash_)

    def _note(self, kind: str, content: Mapping[str, Any], **named: Any) -> None:
        """Append one line behind whatever others have written meanwhile."""
        for _ in range(50):
            self._catch_up()
            try:
                return self._write(kind, content, **named)
            except _OvertakenError:
                continue
        raise KeeperError(f"{self.path}: other processes keep writing the log; ask again")

    # -- answering ---------------------------------------------------------------------------------

    def commitment(self) -> Commitment:
        """The hash over seed and scheme."""
        with self._lock:
            return Commitment(self._disclosed().commitment, HmacUniforms.source)

    def bind(self, public_key: str) -> None:
        """Take this ledger's key for good, where no ledger is bound yet.

        Raises `KeeperError` where another ledger is.
        """
        with self._lock:
            self._catch_up()
            if not self._public_key:
                self._note("bound", {"public_key": public_key})
                self._public_key = public_key
            if self._public_key != public_key:
                raise KeeperError(
                    f"this keeper is bound to the ledger with the key {self._public_key[:16]}…,"
                    f" not {public_key[:16]}…"
                )

    def accept(self, protocol: Protocol) -> None:
        """Know a further version of the protocol (an amendment), whose scheme must be the committed one."""
        with self._lock:
            self._catch_up()
            if protocol.id != self._trial:
                raise KeeperError(f"this keeper holds {self._trial}, not {protocol.id}")
            if scheme_declared(protocol) != self._scheme:
                raise KeeperError(
                    f"{self.path}: the protocol's randomization is not the one committed to;"
                    " a scheme cannot change once it is"
                )
            if protocol.version not in self._versions:
                self._note("version", {"version": protocol.version})
                self._versions.append(protocol.version)

    def allocate(self, request: AllocationRequest) -> AllocationAnswer:
        """See `Keeper.allocate`. Refused and repeated requests are logged as well."""
        with self._lock:
            named = {"request": request.request, "participant": request.participant}
            try:
                return self._answer(request, named)
            except KeeperError as error:
                if self._connection is not None:
                    self._note("refused", {"why": str(error), "strata": request.strata}, **named)
                raise

    def _answer(self, request: AllocationRequest, named: dict[str, str]) -> AllocationAnswer:
        self._check(request)
        question = Question(request.request, request.participant, dict(request.strata))
        for _ in range(50):
            self._catch_up()
            if self._revealed:
                raise KeeperError("the seed has been revealed: nobody can be allocated any more")
            known = self._book.known(question)
            if known is not None:
                self._note("repeated", {"allocation": known.number}, **named)
                return known
            answer = self._book.draw(question)
            content = {
                "strata": question.strata,
                "stratum": answer.stratum,
                "arm": answer.arm,
                "eligibility": request.eligibility.as_document(),
            }
            try:
                self._write("allocated", content, answer.number, **named)
            except _OvertakenError:
                continue
            self._book.enter(question, answer)
            return answer
        raise KeeperError(f"{self.path}: other processes keep allocating; ask again")

    def _check(self, request: AllocationRequest) -> None:
        self._connected()
        if request.trial != self._trial:
            raise KeeperError(f"this keeper holds {self._trial}, not {request.trial}")
        if not request.request or not request.participant:
            raise KeeperError("a request needs a name and a participant")
        if not self._public_key:
            raise KeeperError("no ledger is bound to this keeper yet; create the home first")
        request.eligibility.check(
            self._trial, request.participant, self._public_key, self._versions
        )

    # -- for those who look after it ---------------------------------------------------------------

    def status(self) -> KeeperStatus:
        """What may be told of it."""
        with self._lock:
            self._catch_up()
            return KeeperStatus(
                self._trial,
                self._disclosed().commitment,
                self._public_key,
                tuple(self._versions),
                len(self._book),
                self._end[0],
                self._end[1],
                self._escrowed,
                self._revealed,
            )

    def _disclosed(self) -> Reveal:
        document = self._scheme.as_document()
        return Reveal(self._seed, HmacUniforms.source, document, self._book.allocated())

    def escrow(self, set_name: str) -> Reveal:
        """Seed and scheme, to be split into sealed shares; the log keeps that it was done."""
        with self._lock:
            self._note("escrowed", {"set": set_name})
            self._escrowed = True
            return self._disclosed()

    def reveal(self) -> Reveal:
        """Seed, scheme and log. From now on nobody is allocated: concealment has ended."""
        with self._lock:
            self._catch_up()
            if not self._revealed:
                self._note("revealed", {"allocations": len(self._book)})
                self._revealed = True
            return self._disclosed()

    def restore(self, past: list[tuple[Question, str]]) -> None:
        """Log the allocations a ledger knows of, in their order, into a keeper that has none.

        Raises `KeeperError`, with nothing written, where seed and scheme do not give these arms.
        """
        with self._lock:
            self._catch_up()
            if len(self._book):
                raise KeeperError(f"{self.path}: holds {len(self._book)} allocations already")
            rehearsed = Book(self._scheme, HmacUniforms(bytes.fromhex(self._seed)))
            for question, arm in past:
                rehearsed.replay(question, arm)
            connection, end = self._connected(), self._end
            connection.execute("BEGIN IMMEDIATE")
            try:
                for number, (question, arm) in enumerate(past, 1):
                    content = {"strata": dict(question.strata), "arm": arm, "recovered": True}
                    self._write(
                        "allocated", content, number, question.request, question.participant
                    )
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                self._end = end
                raise
            self._book = rehearsed

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class _OvertakenError(Exception):
    """Another process has written the line or given the number."""


def _line_hash(before: str, line: tuple[Any, ...]) -> str:
    """SHA-256 over the version, the hash of the line before, and the line's columns as JSON."""
    text = canonical_json(list(line))
    return hashlib.sha256(f"{LOG_VERSION}|{before}|{text}".encode()).hexdigest()

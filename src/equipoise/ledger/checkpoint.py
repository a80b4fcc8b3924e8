"""Checkpoints: signed statements about the whole ledger, made to be kept somewhere else.

A checkpoint says: at this time the ledger of this trial had so many events, the last with this hash,
all of them together with this Merkle root. Checkpoints stand outside the chain, so that
taking one changes nothing in the ledger. They are appended to a file beside the database, one line each, and every
line may be copied away: whoever holds one sees a cut tail, a replaced database, a return to a
backup and a rewritten chain, whatever else was changed along with the database.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from .envelope import NO_EVENT
from .errors import LedgerDamagedError, LedgerError
from .head import SignedHead
from .merkle import MerkleTree, short_code
from .signing import Signer, signature_holds
from .store import Store

CHECKPOINT_VERSION = "equipoise-checkpoint-1"
_REASON = re.compile(r"[a-z][a-z-]{0,31}")
_TAIL_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement about the first `seq` events. `time` is ISO 8601 in UTC, by the trial's clock.

    `peaks` are the roots of the perfect subtrees, the largest first (`MerkleTree.peaks`), separated
    by spaces: from them the tree goes on without the events below.
    """

    trial: str
    seq: int
    hash: str
    root: str
    peaks: str
    time: str
    reason: str
    key: str
    signature: str

    def message(self) -> bytes:
        """The signed bytes: version, seq, hash, root, peaks, time, reason and trial between bars."""
        return (
            f"{CHECKPOINT_VERSION}|{self.seq}|{self.hash}|{self.root}|{self.peaks}|{self.time}"
            f"|{self.reason}|{self.trial}"
        ).encode()

    @classmethod
    def sign(
        cls, signer: Signer, trial: str, hash_: str, tree: MerkleTree, time: str, reason: str
    ) -> Checkpoint:
        """State what the tree holds. `LedgerError` for a reason that is no word of a-z and hyphens."""
        if not _REASON.fullmatch(reason):
            raise LedgerError(
                f"{reason!r} is no reason for a checkpoint: use letters a-z and hyphens"
            )
        peaks = " ".join(tree.peaks())
        stated = cls(
            trial, tree.count, hash_, tree.root(), peaks, time, reason, signer.public_hex, ""
        )
        return replace(stated, signature=signer.sign(stated.message()))

    def holds(self) -> bool:
        """Whether the signature fits the statement and the key named in it."""
        return signature_holds(self.key, self.message(), self.signature)

    def tree(self) -> MerkleTree:
        """The Merkle tree as it stood, ready to take the next event."""
        return MerkleTree.from_peaks(self.seq, self.peaks.split())

    @property
    def place(self) -> str:
        """What names this checkpoint in a sentence."""
        return f"the checkpoint of {self.time} ({self.reason})"

    @property
    def code(self) -> str:
        """The root's short code, as backups, reports and the trust page print it."""
        return short_code(self.root)

    def to_text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Checkpoint | None:
        """The statement in the line, or `None` where it is none."""
        try:
            given = json.loads(text)
        except ValueError:
            return None
        return cls.from_document(given)

    @classmethod
    def from_document(cls, given: Any) -> Checkpoint | None:
        """The statement in a JSON object, or `None` where it is none."""
        kinds = {one.name: int if one.name == "seq" else str for one in fields(cls)}
        if not isinstance(given, dict) or set(given) != set(kinds):
            return None
        if any(type(given[name]) is not kind for name, kind in kinds.items()):
            return None
        return cls(**given)


def read_checkpoints(text: str) -> list[Checkpoint | None]:
    """The checkpoints in a file's text, one a line; `None` for a line that is none or does not hold."""
    found = []
    for line in text.splitlines():
        if line.strip():
            checkpoint = Checkpoint.parse(line)
            found.append(checkpoint if checkpoint is not None and checkpoint.holds() else None)
    return found


class CheckpointFile:
    """The file beside the database, one checkpoint a line. Any process may append."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def read(self) -> list[Checkpoint | None]:
        """All checkpoints, oldest first; `None` for a line that is none or whose signature fails."""
        try:
            return read_checkpoints(self.path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            return []

    def newest(self) -> Checkpoint | None:
        """The last line that is a checkpoint and holds; reads the file's end only."""
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - _TAIL_BYTES, 0))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return None
        for line in reversed(lines):
            checkpoint = Checkpoint.parse(line)
            if checkpoint is not None and checkpoint.holds():
                return checkpoint
        return None

    @contextmanager
    def _locked(self) -> Iterator[int]:
        file = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def append(self, checkpoint: Checkpoint) -> None:
        """Add a line and wait for the disk. A line that a sudden death cut short is taken away."""
        line = checkpoint.to_text().encode() + b"\n"
        with self._locked() as file:
            size = os.fstat(file).st_size
            tail = os.pread(file, _TAIL_BYTES, max(size - _TAIL_BYTES, 0))
            whole = tail.rfind(b"\n") + 1
            kept = size - len(tail) + whole
            if kept < size:
                os.ftruncate(file, kept)
            try:
                written = os.write(file, line)
                if written < len(line):
                    raise OSError(errno.ENOSPC, "no space left on the device")
                os.fsync(file)
            except OSError as error:
                os.ftruncate(file, kept)
                raise LedgerError(
                    f"{self.path}: the checkpoint could not be kept: {error.strerror}"
                ) from error


def take_checkpoint(
    store: Store, signer: Signer, trial: str, file: CheckpointFile, *, time: str, reason: str
) -> Checkpoint:
    """State what is committed now, and keep the statement. Nothing is written into the ledger.

    Goes on from the newest checkpoint, so that its cost is that of the events since. Raises
    `LedgerDamagedError` where the ledger does not agree with its signed head or with that checkpoint:
    then nothing is signed.
    """
    text = store.signed_head()
    head = SignedHead.parse(text) if text is not None else None
    if head is None or not head.holds() or head.key != signer.public_hex:
        raise LedgerDamagedError(
            "no checkpoint is signed: the ledger has no signed head of its own"
        )
    tree, last = MerkleTree(), NO_EVENT
    newest = file.newest()
    if newest is not None and newest.key == signer.public_hex and newest.trial == trial:
        if newest.seq > head.seq:
            raise LedgerDamagedError(
                f"no checkpoint is signed: the ledger ends at {head.seq},"
                f" and a checkpoint states {newest.seq} events"
            )
        tree, last = newest.tree(), newest.hash
        if newest.seq and next(store.links(newest.seq - 1, newest.seq), None) != (
            newest.seq,
            newest.hash,
        ):
            raise LedgerDamagedError(
                f"no checkpoint is signed: event {newest.seq} is not the one"
                f" of the checkpoint of {newest.time}"
            )
    for seq, hash_ in store.links(tree.count, head.seq):
        tree.add(seq, hash_)
        last = hash_
    if (tree.count, last) != (head.seq, head.hash):
        raise LedgerDamagedError(
            "no checkpoint is signed: the events do not end as the signed head states"
        )
    checkpoint = Checkpoint.sign(signer, trial, last, tree, time, reason)
    file.append(checkpoint)
    return checkpoint

"""The signed head: how far the chain goes, kept beside the database and within it.

A chain alone cannot see that its tail was cut. So every commit signs (seq, hash) of the last event
with Ed25519; the record goes into the database with the events, and at once after the commit into
a file of its own. There it stands twice, in two slots of 512 bytes on separate disk pages, one
written after the other: a torn write spoils one slot at most, and at rest both hold the last head,
so that spoiling one on purpose gains nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass, fields
from pathlib import Path

from .errors import LedgerError
from .signing import Signer, signature_holds

HEAD_VERSION = "equipoise-head-1"
SLOT_BYTES = 512
SLOT_OFFSETS = (0, 4096)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The end of a chain as its signer states it. `time` is the server time of the last event."""

    trial: str
    seq: int
    hash: str
    time: str
    key: str
    signature: str

    @staticmethod
    def message(trial: str, seq: int, hash_: str, time: str) -> bytes:
        """The signed bytes: version, seq, hash, time and trial, separated by bars."""
        return f"{HEAD_VERSION}|{seq}|{hash_}|{time}|{trial}".encode()

    @classmethod
    def sign(cls, signer: Signer, trial: str, seq: int, hash_: str, time: str) -> SignedHead:
        """State the end of the chain."""
        signature = signer.sign(cls.message(trial, seq, hash_, time))
        return cls(trial, seq, hash_, time, signer.public_hex, signature)

    def holds(self) -> bool:
        """Whether the signature fits the statement and the key named in it."""
        message = self.message(self.trial, self.seq, self.hash, self.time)
        return signature_holds(self.key, message, self.signature)

    def to_text(self) -> str:
        """One line of JSON."""
        stated = {
            "hash": self.hash,
            "key": self.key,
            "seq": self.seq,
            "signature": self.signature,
            "time": self.time,
            "trial": self.trial,
        }
        return json.dumps(stated, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> SignedHead | None:
        """The statement in the line, or `None` where it is none."""
        try:
            given = json.loads(text)
        except ValueError:
            return None
        kinds = {field.name: int if field.name == "seq" else str for field in fields(cls)}
        if not isinstance(given, dict) or set(given) != set(kinds):
            return None
        if any(type(given[name]) is not kind for name, kind in kinds.items()):
            return None
        return cls(**given)


def _stated(slot: bytes) -> SignedHead | None:
    """What a slot's bytes state, signed or not."""
    return SignedHead.parse(slot.decode("utf-8", "replace").strip(" \n\x00"))


class HeadFile:
    """The file with the two slots. Written by the one process that holds the ledger."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file: int | None = None

    def read(self) -> tuple[SignedHead | None, ...]:
        """What the two slots state; `None` for a slot that states nothing readable and signed.
        Empty where the file is missing."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return ()
        stated: list[SignedHead | None] = []
        for offset in SLOT_OFFSETS:
            head = _stated(content[offset : offset + SLOT_BYTES])
            stated.append(head if head is not None and head.holds() else None)
        return tuple(stated)

    def newest(self) -> SignedHead | None:
        """The furthest statement that holds."""
        stated = [head for head in self.read() if head is not None]
        return max(stated, key=lambda head: head.seq, default=None)

    def write(self, head: SignedHead, *, durable: bool = False) -> None:
        """State a new head in both slots, one after the other; never one that lies behind what they state.

        Of two processes that append, the later one may come to the file first.

        Not waiting for the disk is safe: after a power cut the file may lie behind the database,
        never ahead of it, and the database's own signed head heals it.
        """
        slot = head.to_text().encode()
        if len(slot) >= SLOT_BYTES:
            raise LedgerError(f"the trial's name is too long for the head file: {head.trial}")
        slot = slot.ljust(SLOT_BYTES - 1) + b"\n"
        if self._file is None:
            self._file = os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            for offset in SLOT_OFFSETS:
                stated = _stated(os.pread(self._file, SLOT_BYTES, offset))
                if not (
                    stated and stated.seq > head.seq and stated.key == head.key and stated.holds()
                ):
                    os.pwrite(self._file, slot, offset)
                if durable:
                    os.fsync(self._file)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Bring the file to the disk and close it."""
        if self._file is not None:
            os.fsync(self._file)
            os.close(self._file)
            self._file = None

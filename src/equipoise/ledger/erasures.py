"""The list of destroyed keys: it outlives a restore, so that an older copy of the keys opens no more.

One line of JSON for each destruction: `{"trial", "seq", "time", "keys"}`. Key ids name a participant's
number and a position, and nothing of what was sealed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .errors import LedgerError


class ErasureList:
    """The file of a home, appended to by whoever destroys keys there."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def keys(self, trial: str) -> dict[str, None]:
        """The keys destroyed in this trial, in order."""
        return {key: None for one, keys in self._lines() if one == trial for key in keys}

    def add(self, trial: str, seq: int, time: str, keys: Iterable[str]) -> bool:
        """Note keys that an event destroys, durably; those noted before are left out.

        `seq` and `time` are the event's. Says whether there was anything to note. Raises `LedgerError`
        where it cannot be kept.
        """
        known = self.keys(trial)
        new = [key for key in keys if key not in known]
        if not new:
            return False
        line = json.dumps({"trial": trial, "seq": seq, "time": time, "keys": new}) + "\n"
        self._append(line)
        return True

    def take_over(self, other: Path) -> int:
        """Note what another copy of the list holds and this one does not; how many lines were new.

        Raises `LedgerError` where the other one is no such list; then nothing of it is noted.
        """
        known = set(self._text().splitlines())
        theirs = ErasureList(other)
        sound = sum(1 for _ in theirs._lines())
        new = [line for line in theirs._text().splitlines()[:sound] if line not in known]
        if new:
            self._append("".join(f"{line}\n" for line in new))
        return len(new)

    def _append(self, text: str) -> None:
        try:
            file = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
            try:
                os.write(file, text.encode())
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise LedgerError(
                f"{self.path}: the erasure could not be noted: {error.strerror}"
            ) from error

    def _text(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise LedgerError(f"{self.path}: is no list of erasures: {error}") from None

    def _lines(self) -> Iterator[tuple[str, Sequence[str]]]:
        for number, line in enumerate(self._text().splitlines(), 1):
            try:
                given = json.loads(line)
                trial, keys = given["trial"], given["keys"]
                if (
                    type(trial) is not str
                    or type(keys) is not list
                    or any(type(key) is not str for key in keys)
                ):
                    raise TypeError
                yield trial, keys
            except (ValueError, KeyError, TypeError, RecursionError):
                # A line that a power cut left half: the event in the ledger names the keys again.
                if number < len(self._text().splitlines()):
                    raise LedgerError(
                        f"{self.path}: line {number} is no erasure; restore the list from a backup"
                    ) from None

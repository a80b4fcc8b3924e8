"""The dictionaries an installation keeps: licensed content, in files of its own that nobody else may read.

They stand in no ledger, no export and no backup of the ledger: a copy of the trial is not a copy of the licence.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path

from equipoise.conduct.coding import Dictionary, Entry

from .errors import HomeError

FOLDER = "dictionaries"


class Shelf:
    """The dictionaries in a home, by hash; each is read when it is asked for, and held to its hash."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER
        self.find = lru_cache(maxsize=4)(self._find)

    def keep(self, dictionary: Dictionary) -> Path:
        """Write the dictionary down, once; the file."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self.folder / f"{dictionary.sha256}.jsonl"
        heading = {
            "purpose": dictionary.purpose, "name": dictionary.name, "version": dictionary.version,
        }  # fmt: skip
        draft = path.with_suffix(".part")
        descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(heading, ensure_ascii=False) + "\n")
            for code in sorted(dictionary.entries):
                file.write(dictionary.entries[code].line() + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self.find.cache_clear()
        return path

    def _find(self, sha256: str) -> Dictionary | None:
        """The dictionary with this hash; None where it is not kept here. `HomeError` where its file was changed."""
        path = self.folder / f"{sha256}.jsonl"
        if len(sha256) != 64 or not sha256.isalnum() or not path.is_file():
            return None
        try:
            with path.open(encoding="utf-8") as lines:
                heading = json.loads(next(lines))
                entries = [Entry(**json.loads(line)) for line in lines]
            found = Dictionary(**heading, entries={one.code: one for one in entries})
        except (ValueError, TypeError, StopIteration):
            found = None
        if found is None or found.sha256 != sha256:
            raise HomeError(f"{path}: is not what its name says; import the dictionary again")
        return found

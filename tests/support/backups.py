"""A home with a backup and a copy of its keys; and backups that were tampered with."""

from __future__ import annotations

import json
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from equipoise.home import Home
from equipoise.home.backup import BACKUP_FILE, Backup, back_up, back_up_keys
from equipoise.ledger.signing import Signer
from support.story import SEED_PROTOCOL, Person, open_trial

STRANGER = Signer(b"\x07" * 32)
"""Somebody with a key of their own."""


@dataclass(frozen=True)
class Kept:
    """A home of a live trial that went on for an event after its backup."""

    home: Path
    backup: Path
    keys: Path
    signer: Signer

    @classmethod
    def made(cls, folder: Path) -> Kept:
        """A new one in the folder."""
        with Home.create(folder / "home", SEED_PROTOCOL) as home, ExitStack() as held:
            trial = open_trial(home.trial(), datetime.now(UTC))
            with closing(sqlite3.connect(home.web_database)) as accounts, accounts:
                accounts.execute("CREATE TABLE web_account (username TEXT)")
            backup = back_up(home, folder / "backups")
            copy, _gone = back_up_keys(home, folder / "keys")
            Person(trial, at=datetime.now(UTC)).screen()
            signer = Signer(home.keys(held).signing_key())
            return cls(home.path, backup.path, copy.path, signer)


def written_anew(path: Path, signer: Signer | None, **changes: Any) -> None:
    """Change what a backup says of itself, and sign it (`None`: leave the signature that was there)."""
    note = json.loads((path / BACKUP_FILE).read_text())
    note.update(changes)
    if signer is not None:
        said = {name: value for name, value in note.items() if name != "format"}
        signed = Backup(path=path, **said)
        note["signature"] = signer.sign(replace(signed, signature="").message())
    (path / BACKUP_FILE).write_text(json.dumps(note))


def signed_by(path: Path, signer: Signer, **changes: Any) -> None:
    """Let somebody with this key state whatever the files are now."""
    files = {
        file.relative_to(path).as_posix(): file
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.name != BACKUP_FILE
    }
    stated = {
        "files": {name: sha256(file.read_bytes()).hexdigest() for name, file in files.items()},
        "sizes": {name: file.stat().st_size for name, file in files.items()},
        "public_key": signer.public_hex,
        **changes,
    }
    written_anew(path, signer, **stated)

"""An archive that can be read, and verified, without Equipoise, when nobody runs it any more.

A folder (or a zip of it) with the ledger twice, as JSON Lines and as SQLite, every protocol version, the checkpoints,
the data as plain tables, the stand-alone verifiers and a guide in English and Chinese. A signed manifest names the
SHA-256 of every file, so that the tables, too, are held to the ledger's key.

Sealed values stay sealed in the ledger. Names never stand in a table; free texts only where they are asked for; an
allocation only once the whole trial is unblinded, or, in an open-label trial, where it is asked for.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from equipoise.conduct.events import Happening
from equipoise.conduct.state import Documents, TrialState, fold_participants
from equipoise.ledger.checkpoint import Checkpoint
from equipoise.ledger.envelope import Event, EventRow, canonical_json, event_of
from equipoise.ledger.errors import LedgerError
from equipoise.ledger.head import SLOT_BYTES, SLOT_OFFSETS, SignedHead
from equipoise.ledger.store import Store

from .guide import guides
from .tables import Table, tables

MANIFEST = "manifest.json"
MANIFEST_VERSION = "equipoise-archive-1"
TOOLS = ("verify_archive.py", "verify.py", "verify_allocations.py")
"""The programs that come along: Python's standard library and nothing else."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


class ArchiveError(Exception):
    """The archive cannot be written; one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Material:
    """What an archive is made of."""

    trial: str
    store: Store
    documents: Documents
    protocols: Mapping[str, str]
    """The text of each protocol version, by its hash."""
    checkpoints: Sequence[Checkpoint]
    decode: Callable[[Event], Happening]
    sign: Callable[[bytes], str]
    public_key: str
    texts: bool = False
    """Whether free texts stand in the tables in clear."""
    allocations: bool = False
    """Whether an open-label trial's arms stand in the tables. A masked trial's do once it is unblinded."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: how far the ledger went, how many files, and whether allocations stand in the tables."""

    events: int
    files: tuple[str, ...]
    allocations: bool
    root: str = field(default="")


def program(name: str) -> Path:
    """A stand-alone program: in the package where it is installed, beside its sources where it is not."""
    package = Path(__file__).resolve().parents[2]
    for folder in (package / "outside", package.parents[1] / "tools"):
        if (folder / name).is_file():
            return folder / name
    raise ArchiveError(f"{name} is missing from this installation; install Equipoise again")


def write_archive(out: Path, material: Material) -> Written:
    """Write the archive to a new folder, or to a new file whose name ends in `.zip`.

    Raises `ArchiveError` where something stands there already or cannot be written, `LedgerError` where the ledger
    cannot be read; then nothing is left behind.
    """
    if out.exists():
        raise ArchiveError(f"{out}: there is something already; name a new folder or .zip file")
    if not out.parent.is_dir():
        raise ArchiveError(f"{out.parent}: there is no such folder; make it first")
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as name:
            folder = Path(name) / "archive"
            folder.mkdir(mode=0o700)
            written = _write(folder, material)
            if out.suffix == ".zip":
                _zip(folder, Path(name) / "zip")
                (Path(name) / "zip").rename(out)
            else:
                folder.rename(out)
    except OSError as error:
        raise ArchiveError(f"{out}: cannot be written: {error.strerror or error}") from error
    return written


def _write(folder: Path, material: Material) -> Written:
    stored, rows = material.store.stored()
    head = SignedHead.parse(stored) if stored is not None else None
    if head is None:
        raise LedgerError("the ledger has no signed head: run `equipoise verify` first")
    ledger = _Ledger(material)
    states = fold_participants(material.documents, ledger.through(folder, rows, head))
    _write_head(folder / "head", head)
    kept = [one for one in material.checkpoints if one.seq <= head.seq]
    _text(folder / "checkpoints.jsonl", "".join(f"{one.to_text()}\n" for one in kept))
    for version, text in material.protocols.items():
        _text(folder / "protocols" / f"{version}.yaml", text)
    newest = material.documents[ledger.state.newest_in_force or next(iter(material.documents))]
    unblinded = ledger.state.unblinded
    if material.allocations and not unblinded:
        masking = newest.design.masking
        if masking is not None and masking.level != "none":
            raise ArchiveError(
                "--allocations: this trial is masked; its arms are told once it is unblinded"
            )
        unblinded = True
    made = tables(
        newest,
        sorted(states.values(), key=lambda state: state.id),
        ledger.trail,
        texts=material.texts,
        unblinded=unblinded,
    )
    for table in made:
        _text(folder / "tables" / f"{table.name}.csv", table.text(), mark=True)
    for name in TOOLS:
        shutil.copyfile(program(name), folder / name)
    facts = {
        "trial": material.trial,
        "mode": ledger.state.mode,
        "events": head.seq,
        "time": head.time,
        "key": material.public_key,
        "code": kept[-1].code if kept else "–",
        "texts": material.texts,
        "allocations": unblinded,
    }
    for name, text in guides(newest, facts, made).items():
        _text(folder / name, text)
    files = _write_manifest(folder, facts, material)
    root = kept[-1].root if kept and kept[-1].seq == head.seq else ""
    return Written(head.seq, files, unblinded, root)


class _Ledger:
    """The events on their way into the archive's files, and the trial's state behind them."""

    def __init__(self, material: Material) -> None:
        self._material = material
        self.state = TrialState(material.trial, next(iter(material.documents.values())))
        self.trail: list[Event] = []
        """The events without their payloads: who did what, when."""

    def through(
        self, folder: Path, rows: Iterator[EventRow], head: SignedHead
    ) -> Iterator[tuple[Event, Happening]]:
        """Write each event to both files, and hand it on decoded."""
        database = sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)
        try:
            integers = {"seq", "version", "schema", "client_index"}
            columns = ", ".join(
                f"{name} {'INTEGER' if name in integers else 'TEXT'}" for name in Event._fields
            )
            database.execute(f"CREATE TABLE events ({columns}, PRIMARY KEY (seq))")
            database.execute("CREATE TABLE signed_head (one INTEGER PRIMARY KEY, statement TEXT)")
            database.execute("INSERT INTO signed_head VALUES (1, ?)", (head.to_text(),))
            database.execute("BEGIN")
            marks = ", ".join("?" * len(Event._fields))
            with (folder / "ledger.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
                for row in rows:
                    database.execute(f"INSERT INTO events VALUES ({marks})", row)
                    event = event_of(row)
                    lines.write(canonical_json(event._asdict()) + "\n")
                    happening = self._material.decode(event)
                    self.state.apply(happening, event.site, event.server_time, event.actor)
                    self.trail.append(event._replace(payload={}))
                    yield event, happening
            database.execute("COMMIT")
        finally:
            database.close()


def _write_head(path: Path, head: SignedHead) -> None:
    content = bytearray(SLOT_OFFSETS[-1] + SLOT_BYTES)
    for offset in SLOT_OFFSETS:
        content[offset : offset + SLOT_BYTES] = (
            head.to_text().encode().ljust(SLOT_BYTES - 1) + b"\n"
        )
    path.write_bytes(content)


def _text(path: Path, text: str, *, mark: bool = False) -> None:
    """`mark` puts a byte order mark first, without which spreadsheets take UTF-8 for something else."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8-sig" if mark else "utf-8", newline="")


def _write_manifest(
    folder: Path, facts: Mapping[str, object], material: Material
) -> tuple[str, ...]:
    """Every file's SHA-256, and a signature over all of them by the ledger's key."""
    files = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    stated = {"version": MANIFEST_VERSION, **facts, "files": files}
    message = f"{MANIFEST_VERSION}|{canonical_json(stated)}".encode()
    signed = {**stated, "signature": material.sign(message)}
    text = json.dumps(signed, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    _text(folder / MANIFEST, text)
    return (*files, MANIFEST)


def _zip(folder: Path, out: Path) -> None:
    """The folder as a zip; the same content gives the same bytes."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o600 << 16
                packed.writestr(entry, path.read_bytes())


__all__ = ["ArchiveError", "Material", "Table", "Written", "write_archive"]

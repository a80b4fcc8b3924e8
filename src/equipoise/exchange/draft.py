"""From a registry record to a draft protocol, with every leaf of the record accounted for.

A leaf is *read* when the draft says it in a place of its own, *kept* when it stands in the
draft's `record` section, and *dropped* when it stands nowhere. The three are counted on the
finished draft, not on the reader's intentions, so that a reader that loses something is caught.
"""

from __future__ import annotations

import codecs
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from equipoise.protocol.document import SCHEMA, Protocol

from .ctgov import read_study
from .document_yaml import document_yaml
from .json_text import parse_json
from .leaves import MissingLeafError, at, leaves, steps, without
from .record import RecordError, RecordReading
from .record_page import read_page

LARGEST_RECORD = 64 * 1024 * 1024
"""Bytes; a registry record with results has a few megabytes at most."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many leaves of a record the draft says, keeps, and has lost."""

    read: int
    kept: int
    dropped: tuple[str, ...]

    @property
    def total(self) -> int:
        """All leaves of the record."""
        return self.read + self.kept + len(self.dropped)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft protocol, as a document and as data, and the account of its leaves."""

    protocol: Protocol
    document: dict[str, Any]
    tally: Tally
    format: str

    def yaml(self) -> str:
        """The draft as `protocol.yaml`."""
        return document_yaml(self.document)


def draft_from(reading: RecordReading) -> Draft:
    """The draft protocol of a record that was read; RecordError if it makes no valid document."""
    document = _document(reading)
    try:
        protocol = Protocol.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise RecordError(f"the record makes no valid draft: {where}: {first['msg']}") from error
    return Draft(protocol, document, tally(reading, document), reading.format)


def empty_draft(name: str) -> Draft:
    """A draft with nothing but a title, for a trial that has no record yet."""
    document = {
        "schema": SCHEMA,
        "id": _id(name),
        "readiness": "draft",
        "identity": {"titles": {"brief": {"en": name}}},
        "design": {},
        "arms": [],
        "interventions": [],
        "eligibility": {},
    }
    return Draft(Protocol.model_validate(document), document, Tally(0, 0, ()), "none")


def _document(reading: RecordReading) -> dict[str, Any]:
    body = reading.document
    numbers = body["identity"].get("identifiers", [])
    registered = next((entry["id"] for entry in numbers if entry.get("type") == "nct"), None)
    title = body["identity"]["titles"]["brief"]["en"]
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": _id(registered or title),
        "readiness": "draft",
        **{name: part for name, part in body.items() if name != "record"},
    }
    settled: set[str] = set()
    raw: dict[str, Any] = {}
    values = dict(leaves(reading.source))
    for leaf, placed in reading.placements.items():
        if leaf in values and all(
            _stands(document | {"record": body.get("record", {})}, one.path, one.value)
            for one in placed
        ):
            settled.add(leaf)
            if not _says_all(values[leaf], [one.value for one in placed], body):
                raw[leaf] = values[leaf]
    for leaf in reading.parsed:
        settled.add(leaf)
        raw[leaf] = values[leaf]
    record: dict[str, Any] = {"source": {"format": reading.format}, **body.get("record", {})}
    if raw:
        record["raw"] = raw
    kept = without(reading.source, settled)
    if kept is not None:
        record["kept"] = kept
    document["record"] = record
    return document


def tally(reading: RecordReading, document: Mapping[str, Any]) -> Tally:
    """Count the leaves of the source that `document` says, keeps, and does not hold.

    Looks every leaf up in the document: nothing is taken on trust from the reading but where to
    look.
    """
    record = document.get("record", {})
    kept_tree, raw = record.get("kept"), record.get("raw", {})
    read = kept = 0
    dropped = []
    for leaf, value in leaves(reading.source):
        if leaf in reading.parsed:
            if raw.get(leaf) == value and _nonempty(document, reading.parsed[leaf]):
                read += 1
                continue
        elif leaf in reading.placements:
            placed = reading.placements[leaf]
            if all(_stands(document, one.path, one.value) for one in placed) and (
                raw.get(leaf) == value or _says_all(value, [one.value for one in placed], document)
            ):
                in_record = all(one.path.startswith("record.") for one in placed)
                read, kept = read + (not in_record), kept + in_record
                continue
        if _holds(kept_tree, leaf, value):
            kept += 1
        else:
            dropped.append(leaf)
    return Tally(read, kept, tuple(dropped))


def _nonempty(document: Any, path: str) -> bool:
    try:
        return bool(at(document, path))
    except MissingLeafError:
        return False


def _stands(document: Any, path: str, value: Any) -> bool:
    try:
        found = at(document, path)
    except MissingLeafError:
        return False
    return type(found) is type(value) and bool(found == value)


def _holds(kept: Any, leaf: str, value: Any) -> bool:
    if kept is None:
        return False
    try:
        found = at(kept, leaf)
    except MissingLeafError:
        return False
    return type(found) is type(value) and bool(found == value)


def _says_all(source: Any, values: list[Any], document: Mapping[str, Any]) -> bool:
    """Whether the placed values are the source to the letter, or its code in the document's terms."""
    if not isinstance(source, str):
        return values == [source]
    if len(values) > 1:
        return _is_made_of(source, values)
    if not values or not isinstance(values[0], str):
        return False
    value = values[0]
    if value == source:
        return True
    if re.fullmatch(r"[A-Z0-9_/ ]{1,60}", source):  # an enumeration value
        return value == source.lower() or (source, value) == ("NA", "not_applicable")
    return _names_link(source, value, document)


def _is_made_of(source: str, values: list[Any]) -> bool:
    """Whether the source is the values to the letter, with nothing but punctuation between them."""
    rest = source
    for value in sorted({str(value) for value in values}, key=len, reverse=True):
        if value not in rest:
            return False
        rest = rest.replace(value, "", 1)
    return re.fullmatch(r"[\s.,;:：、()（）-]*", rest) is not None


def _names_link(source: str, value: str, document: Mapping[str, Any]) -> bool:
    """`Drug: Spray` is said by the id of the intervention of that type and name."""
    for intervention in document.get("interventions", []):
        if intervention.get("id") == value:
            name = intervention["name"]["en"]
            kind = str(intervention.get("type") or "").replace("_", " ")
            return source.lower() in (f"{kind}: {name}".lower(), name.lower())
    return False


def _id(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:64].strip("-") or "draft"


# reading a record from a file -----------------------------------------------------------------


def read_record(path: Path, *, trial: str | None = None) -> RecordReading:
    """Read a record page's text, a study as JSON, or one line of a JSON Lines file.

    `trial` chooses a study by its registry number where the file holds several. RecordError's
    message is one line that begins with the path.
    """
    try:
        return _read_record(path, trial)
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error


def read_records(path: Path) -> Iterator[tuple[str, RecordReading | RecordError]]:
    """Every study of a JSON or JSON Lines file under its registry number (or its place, from 1), each read, or with
    the reason why it is none; RecordError, as of `read_record`, for a file that holds none."""
    try:
        for place, study in enumerate(_studies(_text(_content(path))), 1):
            try:
                name = str(at(study, "protocolSection.identificationModule.nctId"))
            except MissingLeafError:
                name = f"study {place}"
            try:
                _check_text(study)
                yield name, read_study(study)
            except RecordError as error:
                yield name, error
    except RecordError as error:
        raise RecordError(f"{path}: {error}") from error


def _read_record(path: Path, trial: str | None) -> RecordReading:
    is_json = path.suffix in (".json", ".jsonl")
    return read_record_bytes(_content(path), json_expected=is_json, trial=trial)


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise RecordError("is a folder; give the record's file")
        with path.open("rb") as stream:
            content = stream.read(LARGEST_RECORD + 1)
        if len(content) > LARGEST_RECORD:
            raise RecordError(f"is larger than {LARGEST_RECORD // 2**20} MB; give one record")
    except FileNotFoundError as error:
        raise RecordError("no such file") from error
    except OSError as error:
        raise RecordError(f"cannot be read: {error.strerror}") from error
    except RecordError:
        raise
    except ValueError as error:
        raise RecordError(f"is not a file name: {error}") from error
    return content


def read_record_bytes(
    content: bytes, *, json_expected: bool = False, trial: str | None = None
) -> RecordReading:
    """Read a record from its bytes (UTF-8); RecordError says in one line what is wrong."""
    text = _text(content)
    if json_expected or text.lstrip()[0] in "{[":
        study = _choose(text, trial)
        _check_text(study)
        return read_study(study)
    return read_page(text)


def _text(content: bytes) -> str:
    """The text of a record's file, which is no protocol."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise RecordError("is UTF-16 text; save it as UTF-8")
    if b"\0" in content:
        raise RecordError(
            f"is not text: it holds a zero byte (byte {content.index(0)}); save it as UTF-8 text"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(f"is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    if not text.strip():
        raise RecordError("is empty")
    if re.search(r"^schema: equipoise/protocol/", text, re.MULTILINE):
        raise RecordError(
            "is a protocol already, no registry record; copy it and check it as it is"
        )
    return text


def _studies(text: str) -> Sequence[Any]:
    """The studies in JSON: one, a list of them, an answer of the registry's, or one a line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines):
        return [parse_json(line) for line in lines]
    tree = parse_json(text)
    if isinstance(tree, Mapping) and isinstance(tree.get("studies"), list):
        tree = tree["studies"]
    studies = tree if isinstance(tree, list) else [tree]
    if not studies:
        raise RecordError("holds no study")
    return studies


def _choose(text: str, trial: str | None) -> Any:
    studies = _studies(text)
    if trial is None:
        if len(studies) != 1:
            raise RecordError(
                f"holds {len(studies)} studies; choose one with --nct, or draft each with --all"
            )
        return studies[0]
    for study in studies:
        try:
            if at(study, "protocolSection.identificationModule.nctId") == trial:
                return study
        except MissingLeafError:
            continue
    raise RecordError(f"holds no study {trial}")


def _check_text(study: Any) -> None:
    """Refuse halves of surrogate pairs: no text file can hold them."""
    for path, value in leaves(study):
        keys = [step for step in steps(path) if isinstance(step, str)]
        for words in [*keys, *([value] if isinstance(value, str) else [])]:
            try:
                words.encode()
            except UnicodeEncodeError as error:
                where = path.encode("ascii", "backslashreplace").decode()
                raise RecordError(
                    f"holds half a character (a lone surrogate) at {where}"
                ) from error


# writing ----------------------------------------------------------------------------------------


def write_draft(draft: Draft, folder: Path) -> Path:
    """Write `protocol.yaml` into `folder`, which is made; FileExistsError if one is there.

    The file appears whole or not at all: it is written beside its place and linked to its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "protocol.yaml"
    handle, name = tempfile.mkstemp(prefix=".protocol-", suffix=".yaml", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(draft.yaml())
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.link(name, target)
    finally:
        os.unlink(name)
    return target


def as_json(draft: Draft, path: Path) -> dict[str, Any]:
    """What `equipoise new --format json` prints."""
    return {
        "protocol": str(path),
        "id": draft.protocol.id,
        "format": draft.format,
        "leaves": {
            "read": draft.tally.read,
            "kept": draft.tally.kept,
            "dropped": len(draft.tally.dropped),
        },
        "version": draft.protocol.version,
    }


def dump_json(value: Any) -> str:
    """One line of JSON for the command line."""
    return json.dumps(value, ensure_ascii=False)

"""Reading a protocol file: all its faults at once, or the protocol with the place of every part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from equipoise.protocol.document import SCHEMA, Protocol

from .explain import explain, locations
from .faults import Fault, ProtocolError
from .places import Places
from .tree import MAXIMUM_BYTES, Node, Path, decode, read_tree

_ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Salvage:
    """What is sound in a file at fault, so that the rest of it can be checked as well.

    `lost` holds the ids that stand in the parts left out: a reference to one of them is no fault.
    """

    protocol: Protocol
    places: Places
    lost: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """A file read: the protocol, or the faults for which there is none."""

    protocol: Protocol | None
    faults: tuple[Fault, ...]
    places: Places
    text: str = ""

    @property
    def is_document(self) -> bool:
        """Whether the file could be read as a document with keys at all, whatever its faults."""
        return bool(self.text)

    @cached_property
    def salvage(self) -> Salvage | None:
        """The sound parts of a file at fault; None where nothing could be read or all is sound."""
        if self.protocol is not None or not self.text:
            return None
        root, _ = read_tree(self.text, self.places.file)
        return None if root is None or root.kind != "mapping" else _salvage(root, self.places.file)

    def content(self) -> dict[str, Any]:
        """What the file says, as plain values in its own order; empty where nothing could be read."""
        root, _ = read_tree(self.text, self.places.file)
        return {} if root is None or root.kind != "mapping" else dict(root.plain())


def read_value(text: str) -> Any:
    """One value as it would be read in a protocol (`0.1`, `{spray: 0}`); ValueError where it is none."""
    root, faults = read_tree(f"value: {text}", "value")
    if root is None or faults or root.kind != "mapping" or set(root.plain()) != {"value"}:
        raise ValueError(f"{text!r} is no value")
    return root.plain()["value"]


def read_protocol(path: FilePath | str) -> Reading:
    """Read the file at `path`. Never raises: whatever is wrong stands in `faults`, each with its line."""
    file = str(path)
    try:
        with FilePath(path).open("rb") as stream:
            # one byte more than a protocol may have: what never ends is not read to its end
            data = stream.read(MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        folder = isinstance(error, IsADirectoryError)
        fault = Fault(
            "unreadable-file",
            file,
            0,
            0,
            "",
            f"the file cannot be read: {reason}",
            f"name the file in it, as {FilePath(file) / 'protocol.yaml'}"
            if folder
            else "check its name, and who may read it",
        )
        return Reading(None, (fault,), Places(None, file))
    text = decode(data, file)
    if isinstance(text, Fault):
        return Reading(None, (text,), Places(None, file))
    return read_text(text, file)


def read_text(text: str, file: str = "protocol.yaml") -> Reading:
    """Like `read_protocol`, for the text of a file named `file`."""
    root, faults = read_tree(text, file)
    places = Places(root, file)
    if root is None:
        return Reading(None, tuple(faults), places)
    if root.kind != "mapping":
        fault = Fault(
            "not-a-mapping",
            file,
            root.line,
            root.column,
            "",
            "the file is not a protocol: it holds no keys",
            f"a protocol starts with `schema: {SCHEMA}`",
        )
        return Reading(None, (*faults, fault), Places(None, file))
    protocol: Protocol | None = None
    try:
        protocol = Protocol.model_validate(root.plain())
    except ValidationError as error:
        known = {(fault.line, fault.path) for fault in faults if fault.code == "alias"}
        faults.extend(
            fault for fault in explain(error, root, file) if (fault.line, fault.path) not in known
        )
    if faults:
        faults.sort(key=lambda fault: (fault.line, fault.column))
        return Reading(None, tuple(faults), places, text)
    return Reading(protocol, (), places, text)


def load_protocol(path: FilePath | str) -> Protocol:
    """The protocol in the file at `path`. ProtocolError with every fault where it is none."""
    reading = read_protocol(path)
    if reading.protocol is None:
        raise ProtocolError(reading.faults)
    return reading.protocol


def _salvage(root: Node, file: str) -> Salvage | None:
    """Leave out what is at fault until the rest is a protocol."""
    lost: set[str] = set()
    for _ in range(_ROUNDS):
        try:
            protocol = Protocol.model_validate(root.plain())
        except ValidationError as error:
            # The last element of a list goes first, so that the indices before it stay right.
            found = sorted(set(locations(error, root)), key=lambda entry: _order(entry[1]))
            for kind, path in reversed(found):
                lost.update(_leave_out(root, path, missing=kind == "missing"))
            continue
        return Salvage(protocol, Places(root, file), frozenset(lost))
    return None


def _order(path: Path) -> tuple[tuple[int, int | str], ...]:
    return tuple((0, step) if isinstance(step, int) else (1, step) for step in path)


_STAND_INS = {"schema": SCHEMA, "id": "unnamed", "readiness": "draft"}


def _leave_out(root: Node, path: Path, *, missing: bool) -> Iterator[str]:
    """Remove the node at `path` (of a missing key: what lacks it); the ids that go with it."""
    if missing:
        path = path[:-1] if len(path) > 1 else path
    if len(path) == 1 and isinstance(path[0], str):
        removed = root.entries.pop(path[0], None)
        if path[0] in _STAND_INS:
            root.entries[path[0]] = Node("scalar", 1, 1, path, _STAND_INS[path[0]])
        elif path[0] == "identity":
            root.entries[path[0]] = _stand_in_identity()
        yield from _ids(removed)
        return
    parent: Node | None = root
    for step in path[:-1]:
        parent = parent.child(step) if parent is not None else None
    if parent is None or not path:
        return
    last = path[-1]
    removed = parent.child(last)
    if isinstance(last, int) and removed is not None:
        del parent.items[last]
    elif isinstance(last, str):
        parent.entries.pop(last, None)
    yield from _ids(removed)
    if removed is None and len(path) > 1:
        yield from _leave_out(root, path[:-1], missing=False)


def _stand_in_identity() -> Node:
    brief = Node("scalar", 1, 1, ("identity", "titles", "brief"), "unnamed")
    titles = Node("mapping", 1, 1, ("identity", "titles"), entries={"brief": brief})
    return Node("mapping", 1, 1, ("identity",), entries={"titles": titles})


def _ids(node: Node | None) -> Iterator[str]:
    if node is None:
        return
    for part in node.walk():
        if part.kind == "scalar" and part.path and part.path[-1] in ("id", "role", "version"):
            yield str(part.value)

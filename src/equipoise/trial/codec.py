"""Events to payloads and back: flat JSON, with what must be erasable sealed.

Identity is sealed under a key of the participant, free text under a key of its own, allocation
under the participant's allocation key and padded, so that its length tells nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_origin

from msgspec.structs import fields

from equipoise.conduct import events as e
from equipoise.conduct.sealed import ERASED, GONE, REDACTED, SealedValue
from equipoise.conduct.values import Value
from equipoise.ledger.envelope import Event
from equipoise.ledger.errors import KeyDestroyedError
from equipoise.ledger.sealing import Sealer
from equipoise.protocol.document import Protocol

from .upcasters import upcast

_PADDING = 64
_TEXT_KEY, _IDENTITY_KEY = "text/", "identity/"


class _Field(NamedTuple):
    name: str
    sealed: str
    values: bool
    is_tuple: bool


_SHAPES: dict[type[e.Happening], tuple[_Field, ...]] = {
    kind: tuple(
        _Field(
            one.name,
            e.SEALED_FIELDS[kind].get(one.name, ""),
            one.type == tuple[Value, ...],
            get_origin(one.type) is tuple,
        )
        for one in fields(kind)
    )
    for kind in e.EVENT_TYPES.values()
}

WITH_TEXTS = tuple(
    kind.__name__ for kind, shape in _SHAPES.items() if any(one.sealed == "value" for one in shape)
)
"""Types of events that may hold a sealed text beside captured values."""


class Codec:
    """Encodes and decodes the payloads of one trial's events, under any of its protocol's versions."""

    def __init__(self, documents: Iterable[Protocol], sealer: Sealer) -> None:
        self._sealer = sealer
        self._private: set[str] = set()
        self._identity: set[str] = set()
        for document in documents:
            self.learn(document)

    def learn(self, document: Protocol) -> None:
        """Seal what this version, too, calls text or identity."""
        self._private |= {item.id for item in document.items if item.type in ("text", "identity")}
        self._identity |= {item.id for item in document.items if item.type == "identity"}

    def encode(self, happening: e.Happening, stream: str, version: int) -> dict[str, Any]:
        """The payload of an event that will be number `version` of its stream.

        What can be read no more is carried on as such, and not sealed as though somebody had written it.
        """
        payload: dict[str, Any] = {}
        kind = type(happening)
        for name, sealed, values, is_tuple in _SHAPES[kind]:
            content = getattr(happening, name)
            if values:
                content = [
                    self._encode_value(value, stream, version, index)
                    for index, value in enumerate(content)
                ]
            elif sealed and content and content not in GONE:
                content = self._seal(sealed, content, kind.__name__, name, stream, version)
            elif is_tuple:
                content = list(content)
            payload[name] = content
        return payload

    def _seal(
        self, sealed: str, content: str, kind: str, name: str, stream: str, version: int
    ) -> dict[str, str]:
        context = f"{stream}/{version}/{kind}.{name}"
        if sealed == "allocation":
            content = content.ljust(_PADDING)
            return self._sealer.seal(f"allocation/{stream}", content, context)
        if sealed == "participant":
            return self._seal_under(f"{_IDENTITY_KEY}{stream}", content, context)
        return self._seal_under(f"{_TEXT_KEY}{stream}/{version}/{name}", content, context)

    def _seal_under(self, key: str, content: str, context: str) -> dict[str, str]:
        """Seal under this key; under the next of its line where it has been destroyed.

        Numbers and positions come again when a ledger goes on from a backup, and keys of the history that
        was lost may have been destroyed in it.
        """
        line = 1
        while True:
            try:
                return self._sealer.seal(key if line == 1 else f"{key}~{line}", content, context)
            except KeyDestroyedError:
                line += 1

    def _encode_value(self, value: Value, stream: str, version: int, index: int) -> dict[str, Any]:
        item, raw, content, unit, code, precision = (
            value.item, value.raw, value.value, value.unit, value.code, value.precision,
        )  # fmt: skip
        kept: str | dict[str, str] = raw
        if item in self._private and (raw or content) and raw not in GONE:
            text = json.dumps([raw, content], ensure_ascii=False)
            key = f"{_TEXT_KEY}{stream}/{version}/{item}"
            kept = self._seal_under(key, text, f"{stream}/{version}/{item}")
            content = None
        return {
            "item": item,
            "raw": kept,
            "value": content,
            "unit": unit,
            "code": code,
            "precision": precision,
        }

    def decode(self, event: Event) -> e.Happening:
        """The event's payload as its frozen type, with sealed values opened.

        Raises ValueError for an event type or payload shape this version does not know.
        """
        kind = e.EVENT_TYPES.get(event.type)
        if kind is None:
            raise ValueError(f"event {event.seq}: {event.type} is unknown to this version")
        try:
            payload = upcast(event.type, event.schema, event.payload)
        except ValueError as error:
            raise ValueError(f"event {event.seq}: {error}") from None
        arguments: dict[str, Any] = {}
        for name, sealed, values, is_tuple in _SHAPES[kind]:
            content = payload[name]
            if values:
                content = tuple(self._decode_value(value) for value in content)
            elif sealed and isinstance(content, dict):
                opened = self._sealer.unseal(content)
                content = (
                    ("" if sealed == "participant" else REDACTED) if opened is None else opened
                )
                if sealed == "allocation":
                    content = content.rstrip()
            elif is_tuple:
                content = tuple(content)
            arguments[name] = content
        return kind(**arguments)

    def _decode_value(self, value: dict[str, Any]) -> Value:
        raw, content = value["raw"], value["value"]
        if isinstance(raw, dict):
            opened = self._sealer.unseal(raw)
            gone = ERASED if value["item"] in self._identity else REDACTED
            raw, content = (gone, gone) if opened is None else json.loads(opened)
        return Value(value["item"], raw, content, value["unit"], value["code"], value["precision"])

    def sealed_values(self, event: Event) -> Iterator[SealedValue]:
        """What the event holds encrypted, allocations apart, opened where that can be done."""
        for name, content in upcast(event.type, event.schema, event.payload).items():
            if isinstance(content, dict) and "sealed" in content:
                key = str(content["sealed"])
                if key.startswith((_TEXT_KEY, _IDENTITY_KEY)):
                    identity = key.startswith(_IDENTITY_KEY)
                    text = self._sealer.unseal(content)
                    yield SealedValue(
                        event.seq, event.version, name, key, text, identity, not identity,
                        event=event.type,
                    )  # fmt: skip
            elif isinstance(content, list):
                for value in content:
                    raw = value.get("raw") if isinstance(value, dict) else None
                    if isinstance(raw, dict):
                        opened = self._sealer.unseal(raw)
                        text = None if opened is None else str(json.loads(opened)[0])
                        item = str(value["item"])
                        identity = item in self._identity
                        yield SealedValue(
                            event.seq, event.version, item, str(raw["sealed"]), text, identity, True,
                            event=event.type,
                        )  # fmt: skip

    def destroy(self, keys: Iterable[str]) -> int:
        """Make what is sealed under these keys unreadable; how many keys were there still."""
        return self._sealer.destroy(*keys)

    def open_allocation(self, sealed: str) -> str:
        """The arm in a sealed allocation as a projection holds it (JSON text)."""
        opened = self._sealer.unseal(json.loads(sealed))
        return REDACTED if opened is None else opened.rstrip()

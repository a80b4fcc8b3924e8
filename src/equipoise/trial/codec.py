"""Events to payloads and back: flat JSON, with what must be erasable sealed.

Identity is sealed under a key of the participant, free text under a key of its own, allocation
under the participant's allocation key and padded, so that its length tells nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, NamedTuple

from equipoise.conduct import events as e
from equipoise.conduct.values import Value
from equipoise.ledger.envelope import Event
from equipoise.ledger.sealing import Sealer
from equipoise.protocol.document import Protocol

from .upcasters import upcast

ERASED = "[erased]"
"""Stands for a text whose key has been destroyed."""

_PADDING = 64


class _Field(NamedTuple):
    name: str
    sealed: str
    values: bool
    is_tuple: bool


_SHAPES: dict[type[e.Happening], tuple[_Field, ...]] = {
    kind: tuple(
        _Field(
            one.name,
            one.metadata.get("sealed", ""),
            one.type == "tuple[Value, ...]",
            str(one.type).startswith("tuple["),
        )
        for one in fields(kind)
    )
    for kind in e.EVENT_TYPES.values()
}


class Codec:
    """Encodes and decodes the payloads of one trial's events, under any of its protocol's versions."""

    def __init__(self, documents: Iterable[Protocol], sealer: Sealer) -> None:
        self._sealer = sealer
        self._private: set[str] = set()
        for document in documents:
            self.learn(document)

    def learn(self, document: Protocol) -> None:
        """Seal what this version, too, calls text or identity."""
        self._private |= {item.id for item in document.items if item.type in ("text", "identity")}

    def encode(self, happening: e.Happening, stream: str, version: int) -> dict[str, Any]:
        """The payload of an event that will be number `version` of its stream."""
        payload: dict[str, Any] = {}
        kind = type(happening)
        for name, sealed, values, is_tuple in _SHAPES[kind]:
            content = getattr(happening, name)
            if values:
                content = [
                    self._encode_value(value, stream, version, index)
                    for index, value in enumerate(content)
                ]
            elif sealed and content:
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
            return self._sealer.seal(f"identity/{stream}", content, context)
        return self._sealer.seal(f"text/{stream}/{version}/{name}", content, context)

    def _encode_value(self, value: Value, stream: str, version: int, index: int) -> dict[str, Any]:
        item, raw, content, unit, code, precision = (
            value.item, value.raw, value.value, value.unit, value.code, value.precision,
        )  # fmt: skip
        encoded: dict[str, Any] = {"item": item}
        if item in self._private and (raw or content):
            text = json.dumps([raw, content], ensure_ascii=False)
            key = f"text/{stream}/{version}/{item}"
            encoded["raw"] = self._sealer.seal(key, text, f"{stream}/{version}/{item}")
            encoded["value"] = None
        else:
            encoded["raw"] = raw
            encoded["value"] = content
        encoded["unit"] = unit
        encoded["code"] = code
        encoded["precision"] = precision
        return encoded

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
                content = ("" if sealed == "participant" else ERASED) if opened is None else opened
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
            raw, content = (ERASED, ERASED) if opened is None else json.loads(opened)
        return Value(value["item"], raw, content, value["unit"], value["code"], value["precision"])

    def open_allocation(self, sealed: str) -> str:
        """The arm in a sealed allocation as a projection holds it (JSON text)."""
        opened = self._sealer.unseal(json.loads(sealed))
        return ERASED if opened is None else opened.rstrip()

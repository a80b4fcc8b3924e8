"""The event envelope, its canonical form and its place in the hash chain.

The canonical form of an event is one JSON object of all its stored columns except `previous` and
`hash`: keys sorted by code point, no white space, UTF-8, strings in Unicode NFC, no floats. Numbers
with decimals are strings. The chain is

    hash = SHA-256("equipoise-ledger-1|" + previous + "|" + canonical form)

where `previous` is the lower-case hexadecimal hash of the event before, 64 zeros for the first.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from json.encoder import encode_basestring as _quoted
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from .errors import NotCanonicalError

CHAIN_VERSION = "equipoise-ledger-1"
"""Enters every hash, so that no hash of one version can be passed off as one of another."""

NO_EVENT = "0" * 64
"""The hash that stands before the first event."""

_CHAIN_PREFIX = f"{CHAIN_VERSION}|".encode()


class Draft(Struct, frozen=True):
    """An event to be appended; the ledger adds its place: seq, version and hashes.

    `stream` is `trial`, `site/01` or `participant/01-0001`. `schema` is the version of the
    payload's shape and `protocol` the content hash of the protocol in force. `client_id` names the
    command that caused it (empty: none); instants are ISO 8601 in UTC.
    """

    stream: str
    type: str
    schema: int
    protocol: str
    payload: dict[str, Any]
    actor: str
    role: str
    site: str
    client_id: str
    device_time: str | None
    server_time: str


class Event(NamedTuple):
    """An event in its place. `client_index` counts the events of one client id from 0."""

    seq: int
    trial: str
    stream: str
    version: int
    type: str
    schema: int
    protocol: str
    payload: dict[str, Any]
    actor: str
    role: str
    site: str
    client_id: str
    client_index: int
    device_time: str | None
    server_time: str
    previous: str
    hash: str


EventRow = tuple[
    int,
    str,
    str,
    int,
    str,
    int,
    str,
    str,
    str,
    str,
    str,
    str,
    int,
    str | None,
    str,
    str,
    str,
]
"""An event as stored: the fields of `Event` in order, the payload as canonical JSON text."""


class Head(NamedTuple):
    """The end of a chain. An empty ledger's head is seq 0 with 64 zeros."""

    seq: int
    hash: str


EMPTY_HEAD = Head(0, NO_EVENT)


_sorted_json = msgspec.json.Encoder(order="sorted").encode
_any_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode


def _encode(value: Any) -> str:
    """The text of what `_check` lets pass."""
    try:
        return _sorted_json(value).decode()
    except (TypeError, UnicodeEncodeError):
        # a class of its own derived from text or number; half of a surrogate pair, refused by the caller
        return _any_json(value)


_PLAIN = frozenset({str, int, bool, type(None)})


def _check(node: Any, path: str) -> None:
    """Refuse what JSON cannot keep exactly: floats, keys that are not strings, foreign types."""
    if isinstance(node, dict):
        for key, value in node.items():
            if type(key) is not str:
                raise NotCanonicalError(f"payload{path}: the key {key!r} is not a string")
            if type(value) not in _PLAIN:
                _check(value, f"{path}.{key}")
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            if type(value) not in _PLAIN:
                _check(value, f"{path}[{index}]")
    elif isinstance(node, float):
        raise NotCanonicalError(f"payload{path}: {node!r} is a float; write it as a decimal string")
    elif not isinstance(node, str | int):
        raise NotCanonicalError(f"payload{path}: {type(node).__name__} cannot stand in an event")


def _normalized(node: Any) -> Any:
    if isinstance(node, str):
        return unicodedata.normalize("NFC", node)
    if isinstance(node, dict):
        return {_normalized(key): _normalized(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_normalized(value) for value in node]
    return node


def canonical_json(value: Any) -> str:
    """The canonical JSON text of a value made of mappings, lists, strings, integers and booleans.

    Raises `NotCanonicalError` for anything else, naming the place.
    """
    if type(value) not in _PLAIN:
        _check(value, "")
    text = _encode(value)
    if not text.isascii():
        if not unicodedata.is_normalized("NFC", text):
            text = _encode(_normalized(value))
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NotCanonicalError(
                f"payload: {error.object[error.start]!r} is not a character"
            ) from None
    return text


def _refuse_number(text: str) -> None:
    raise ValueError(f"{text} cannot stand in a payload")


_decode = json.JSONDecoder(parse_float=_refuse_number, parse_constant=_refuse_number).raw_decode
"""The decoder without its care for white space around the value: canonical text has none."""


def canonical_payload(text: str) -> dict[str, Any] | None:
    """The payload that the text is the canonical JSON of; `None` where it is no such text."""
    try:
        payload, end = _decode(text)
        if type(payload) is not dict or end != len(text):
            return None
        # What the decoder gives can only be encoded as it was, or not be canonical: no need to
        # look into every value first, as for a payload that comes from elsewhere.
        again = _encode(payload)
        if not again.isascii() and not unicodedata.is_normalized("NFC", again):
            again = _encode(_normalized(payload))
        return payload if again == text else None
    except (ValueError, RecursionError):
        return None


def normal_text(text: str) -> str:
    """The text in Unicode NFC, in which all text enters the ledger.

    Raises `NotCanonicalError` for U+0000, which no column of PostgreSQL holds; in a payload it
    stands escaped and is welcome.
    """
    if "\0" in text:
        raise NotCanonicalError(f"{text!r}: the character U+0000 cannot stand in a column")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def canonical_text(
    seq: int,
    trial: str,
    stream: str,
    version: int,
    type_: str,
    schema: int,
    protocol: str,
    payload: str,
    actor: str,
    role: str,
    site: str,
    client_id: str,
    client_index: int,
    device_time: str | None,
    server_time: str,
) -> str:
    """The canonical form from the stored columns in order; `payload` is canonical JSON already."""
    device = "null" if device_time is None else _quoted(device_time)
    return (
        f'{{"actor":{_quoted(actor)},"client_id":{_quoted(client_id)},'
        f'"client_index":{client_index},"device_time":{device},"payload":{payload},'
        f'"protocol":{_quoted(protocol)},"role":{_quoted(role)},"schema":{schema},"seq":{seq},'
        f'"server_time":{_quoted(server_time)},"site":{_quoted(site)},"stream":{_quoted(stream)},'
        f'"trial":{_quoted(trial)},"type":{_quoted(type_)},"version":{version}}}'
    )


def canonical(event: Event) -> bytes:
    """The canonical form of an event: what its hash is taken over, besides the previous hash."""
    row = event_row(event)
    return canonical_text(*row[:15]).encode()


def chain_hash(previous: str, event: Event) -> str:
    """The event's hash when it follows the event with hash `previous`."""
    return hash_after(previous, canonical(event))


def hash_after(previous: str, canonical_form: bytes) -> str:
    """SHA-256 of chain version, previous hash and canonical form, as lower-case hexadecimal."""
    return hashlib.sha256(
        b"%b%b|%b" % (_CHAIN_PREFIX, previous.encode(), canonical_form)
    ).hexdigest()


def event_row(event: Event) -> EventRow:
    """The event as it is stored."""
    return (*event[:7], canonical_json(event.payload), *event[8:])


def event_of(row: EventRow) -> Event:
    """The event a stored row holds."""
    return Event._make((*row[:7], json.loads(row[7]), *row[8:]))

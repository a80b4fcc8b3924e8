#!/usr/bin/env python3
"""Verify an Equipoise ledger without Equipoise: Python's standard library and this file only.

    python3 verify.py HOME_OR_SQLITE [--head FILE] [--key HEX]

HOME is a folder holding `ledger.sqlite` and the signed `head`. Exit code 0: the ledger is whole.
Exit code 1: it is not; every place is printed. What is checked:

1. every event's hash = SHA-256("equipoise-ledger-1|" + previous hash + "|" + canonical JSON of all
   its other columns), each event naming the hash of the one before;
2. seq counts from 1 without a gap, and so do the versions in every stream and the events of every
   client id; all events belong to one trial;
3. the signed head in the database and both slots of the head file carry a valid Ed25519 signature
   by the key that the first event declares (or --key), and state an event on this chain; a head
   beyond the chain's end means that the tail was cut.
"""

import argparse
import hashlib
import json
import pathlib
import sqlite3
import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

INTEGER_COLUMNS = ("seq", "version", "schema", "client_index")
TEXT_COLUMNS = ("trial", "stream", "type", "protocol", "payload", "actor", "role", "site",
                "client_id", "device_time", "server_time", "previous", "hash")  # fmt: skip
Event = dict[str, Any]
Point = tuple[int, int, int, int]


# --- Ed25519 (RFC 8032): points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z ----------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_times(scalar: int, p: Point) -> Point:
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = point_add(result, p)
        p, scalar = point_add(p, p), scalar >> 1
    return result


def point_decode(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x_squared, (P + 3) // 8, P)
    if (x * x - x_squared) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - x_squared) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def point_encode(p: Point) -> bytes:
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def signature_holds(key_hex: str, message: bytes, signature_hex: str) -> bool:
    """[s]B = R + [k]A, with A the key and (R, s) the signature."""
    try:
        key, signature = bytes.fromhex(key_hex), bytes.fromhex(signature_hex)
    except ValueError:
        return False
    s = int.from_bytes(signature[32:], "little")
    point = point_decode(key) if len(key) == 32 else None
    base = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    if base is None or point is None or len(signature) != 64 or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    minus = (P - point[0], point[1], 1, P - point[3])
    return point_encode(point_add(point_times(s, base), point_times(k, minus))) == signature[:32]


# --- Canonical form and chain -------------------------------------------------------------------


def refuse_number(text: str) -> None:
    raise ValueError(f"{text} is not allowed in a payload")


def nfc(node: Any) -> Any:
    if isinstance(node, str):
        return unicodedata.normalize("NFC", node)
    if isinstance(node, list):
        return [nfc(item) for item in node]
    if isinstance(node, dict):
        return {nfc(key): nfc(item) for key, item in node.items()}
    return node


def canonical(value: Any) -> str:
    """Sorted keys, no white space, NFC, no floats."""
    return json.dumps(nfc(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def column_fault(event: Event) -> str | None:
    """What makes a row no event at all, or None."""
    for name in INTEGER_COLUMNS:
        if type(event[name]) is not int:
            return f"{name} is no integer"
    for name in TEXT_COLUMNS:
        if type(event[name]) is not str and not (name == "device_time" and event[name] is None):
            return f"{name} is no text"
        if event[name] is not None and any("\ud800" <= c <= "\udfff" for c in event[name]):
            return f"{name} is no UTF-8 text"
    try:
        parsed = json.loads(
            event["payload"], parse_float=refuse_number, parse_constant=refuse_number
        )
        if type(parsed) is not dict or canonical(parsed) != event["payload"]:
            return "payload is not in canonical form"
    except (ValueError, RecursionError):
        return "payload is not in canonical form"
    for name in ("previous", "hash"):
        if len(event[name]) != 64 or set(event[name]) - set("0123456789abcdef"):
            return f"{name} is no SHA-256 hash"
    return None


def hash_of(event: Event) -> str:
    content = {k: v for k, v in event.items() if k not in ("previous", "hash")}
    content["payload"] = json.loads(event["payload"])
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"equipoise-ledger-1|{event['previous']}|{text}".encode()).hexdigest()


def merkle_root(hashes: dict[int, str]) -> str:
    """RFC 6962 with leaves SHA-256(0x00 | seq, 8 bytes | event hash)."""
    level = [
        hashlib.sha256(
            b"\x00" + seq.to_bytes(8, "big", signed=True) + bytes.fromhex(digest)
        ).digest()
        for seq, digest in hashes.items()
    ] or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)  # an odd last node moves up as it is
        above = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level = above + level[len(level) & ~1 :]
    return level[0].hex()


class Chain:
    """The chain as walked: its end, the trial and key of its first event, and what is wrong."""

    def __init__(self) -> None:
        self.end, self.trial, self.key = 0, None, None
        self.hashes: dict[int, str] = {}
        self.problems: list[tuple[int, str]] = []

    def note(self, place: int, what: str) -> None:
        self.problems.append((place, what))

    def walk(self, rows: Iterable[Event]) -> None:
        """Check every event in turn; after a fault go on from what is stored."""
        previous = "0" * 64
        streams: dict[str, int] = {}
        clients: dict[str, int] = {}
        for event in rows:
            place = event["seq"]
            if type(place) is not int:
                self.note(self.end + 1, "seq is no integer")
                continue
            if place != self.end + 1:
                self.note(place, f"does not follow event {self.end}")
            self.end, before, previous = place, previous, str(event["hash"])
            fault = column_fault(event)
            if fault:
                self.note(place, fault)
                continue
            if event["previous"] != before:
                self.note(place, "its previous hash is not the hash of the event before")
            if hash_of(event) != event["hash"]:
                self.note(place, "its content does not give its hash")
            stream, version = event["stream"], event["version"]
            if version != streams.get(stream, 0) + 1:
                self.note(place, f"version {version} of {stream} does not follow the one before")
            streams[stream] = version
            client, index = event["client_id"], event["client_index"]
            if index != (clients.get(client, 0) if client else 0):
                self.note(place, f"client id {client} is repeated or out of order")
            clients[client] = index + 1
            if self.trial is None:
                self.trial = event["trial"]
                self.key = json.loads(event["payload"]).get("public_key")
            if event["trial"] != self.trial:
                self.note(place, f"it belongs to trial {event['trial']}, not {self.trial}")
            self.hashes[place] = event["hash"]

    def check_head(self, head: Event, where: str) -> None:
        if self.key is not None and head["key"] != self.key:
            self.note(self.end, f"{where} is signed with another key")
        elif self.trial is not None and head["trial"] != self.trial:
            self.note(self.end, f"{where} belongs to trial {head['trial']}")
        elif head["seq"] > self.end:
            self.note(self.end, f"the tail was cut: {where} states {head['seq']} events")
        elif head["seq"] and self.hashes.get(head["seq"]) != head["hash"]:
            self.note(head["seq"], f"rewritten: {where} states another hash for this event")

    def check_heads(self, stored: Any, slots: list[str] | None) -> None:
        """`stored`: the head in the database; `slots`: the file's, or None without a file."""
        signed = read_head(stored)
        if signed is None:
            self.note(self.end, "the database holds no valid signed head")
        else:
            self.check_head(signed, "the signed head in the database")
            if signed["seq"] < self.end:
                self.note(signed["seq"] + 1, "events from here on are not signed for")
        if slots is None:
            return
        valid = [head for head in map(read_head, slots) if head]
        if len(valid) < len(slots):
            self.note(self.end, "a slot of the head file is spoiled")
        if valid:
            self.check_head(max(valid, key=lambda head: int(head["seq"])), "the head file")


def read_head(text: Any) -> Event | None:
    """The statement in one line of JSON, or None where it is none or its signature fails."""
    try:
        head = json.loads(text)
        message = "equipoise-head-1|{seq}|{hash}|{time}|{trial}".format(**head).encode()
        valid = signature_holds(head["key"], message, head["signature"])
        return dict(head) if valid and type(head["seq"]) is int and len(head) == 6 else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify an Equipoise ledger.")
    parser.add_argument("ledger", type=pathlib.Path, help="a home, or a ledger's SQLite file")
    parser.add_argument("--head", type=pathlib.Path, help="the signed head file")
    parser.add_argument("--key", help="the signer's public key, where it is known from elsewhere")
    given = parser.parse_args()
    home = given.ledger.is_dir()
    database = given.ledger / "ledger.sqlite" if home else given.ledger
    head_file = given.head or database.with_name("head")
    chain, slots = Chain(), None
    # The head is read before the chain, so that a ledger being written is not found cut.
    if head_file.exists():
        content = head_file.read_bytes()
        parts = (content[at : at + 512].decode("utf-8", "replace") for at in (0, 4096))
        slots = [part.strip(" \n\0") for part in parts]
    try:
        connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        connection.text_factory = lambda stored: stored.decode("utf-8", "surrogateescape")
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")  # one transaction: everything is seen at one moment
        names = ", ".join((*INTEGER_COLUMNS, *TEXT_COLUMNS))
        chain.walk(map(dict, connection.execute(f"SELECT {names} FROM events ORDER BY seq")))
        stored = connection.execute("SELECT statement FROM signed_head").fetchone()
    except sqlite3.Error as error:
        print(f"{database}: cannot be read as a ledger: {error}")
        return 1
    if chain.end == 0:
        chain.note(0, "there are no events")
    if given.key and chain.key not in (None, given.key):
        chain.note(1, "it declares another public key than the one given")
    chain.key = given.key or chain.key
    if slots is None and (home or given.head):
        chain.note(chain.end, f"the head file {head_file.name} is missing")
    elif slots is None:
        print("no head file: whether the tail was cut cannot be seen")
    chain.check_heads(stored and stored[0], slots)
    for place, what in chain.problems:
        print(f"event {place}: {what}")
    print(f"{len(chain.hashes)} events, Merkle root {merkle_root(chain.hashes)}")
    print("NOT WHOLE" if chain.problems else f"whole, signed by {chain.key or 'the key it names'}")
    return 1 if chain.problems else 0


if __name__ == "__main__":
    sys.exit(main())

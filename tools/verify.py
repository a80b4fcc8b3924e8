#!/usr/bin/env python3
"""Verify an Equipoise ledger without Equipoise: Python's standard library and this file only.

    python3 verify.py HOME_OR_SQLITE_FILE [--head FILE] [--checkpoint FILE]... [--key HEX]
    python3 verify.py PROOF.json [--key HEX]

Exit code 1: it is not whole, and every place is printed. Checked are all hashes, the order of events,
streams and client ids, the signed heads and checkpoints (by the key that the first event declares, or
--key) with their Merkle roots, and a proof's events under its root: docs/reference/ledger.md.
"""

import argparse
import hashlib
import json
import pathlib
import sqlite3
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from functools import reduce
from typing import Any

INTEGER_COLUMNS = ("seq", "version", "schema", "client_index")
TEXT_COLUMNS = ("trial", "stream", "type", "protocol", "payload", "actor", "role", "site",
                "client_id", "device_time", "server_time", "previous", "hash")  # fmt: skip
HEAD = "equipoise-head-1|{seq}|{hash}|{time}|{trial}"
CHECKPOINT = "equipoise-checkpoint-1|{seq}|{hash}|{root}|{peaks}|{time}|{reason}|{trial}"
HEX = set("0123456789abcdef")
REFUSE = ().index  # raises ValueError whatever it is given: a payload holds no other numbers
Event = dict[str, Any]
Point = tuple[int, int, int, int]
# Ed25519 (RFC 8032): points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(p: Point, q: Point) -> Point:
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_times(scalar: int, p: Point) -> Point:
    if scalar == 0:
        return (0, 1, 1, 0)
    rest = point_times(scalar >> 1, point_add(p, p))
    return point_add(rest, p) if scalar & 1 else rest


def point_decode(data: bytes) -> Point | None:
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x_squared = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x_squared, (P + 3) // 8, P)
    if (x * x - x_squared) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x_squared) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def signature_holds(key_hex: str, message: bytes, signature_hex: str) -> bool:
    """[s]B = R + [k]A, with A the key and (R, s) the signature."""
    key, signature = bytes.fromhex(key_hex), bytes.fromhex(signature_hex)
    s = int.from_bytes(signature[32:], "little")
    base = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    point, r = point_decode(key), point_decode(signature[:32])
    if not base or not point or not r or len(key) != 32 or len(signature) != 64 or s >= ORDER:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    one, other = point_times(s, base), point_add(r, point_times(k, point))
    return all((one[i] * other[2] - other[i] * one[2]) % P == 0 for i in (0, 1))


def read_signed(stated: Any, form: str) -> Event | None:
    """A signed statement (a JSON object, or its text), or None where its signature does not hold."""
    try:
        stated = json.loads(stated) if isinstance(stated, str) else stated
        message = form.format(**stated).encode()
        valid = signature_holds(stated["key"], message, stated["signature"])
        whole = len(stated) == form.count("{") + 2 and type(stated["seq"]) is int
        return dict(stated) if valid and whole else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def nfc(node: Any) -> Any:
    if isinstance(node, str):
        return unicodedata.normalize("NFC", node)
    if isinstance(node, dict):
        return {nfc(key): nfc(item) for key, item in node.items()}
    return list(map(nfc, node)) if isinstance(node, list) else node


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def column_fault(event: Event) -> str | None:
    """What makes a row no event at all, or None."""
    for name in (*INTEGER_COLUMNS, *TEXT_COLUMNS):
        value, kind = event.get(name), int if name in INTEGER_COLUMNS else str
        if type(value) is not kind and not (name == "device_time" and value is None):
            return f"{name} is no {'integer' if kind is int else 'text'}"
        if any("\ud800" <= c <= "\udfff" for c in str(value)):
            return f"{name} is no UTF-8 text"
    if any(len(h) != 64 or set(h) - HEX for h in (event["previous"], event["hash"])):
        return "previous or hash is no SHA-256 hash"
    try:
        parsed = json.loads(event["payload"], parse_float=REFUSE, parse_constant=REFUSE)
        whole = type(parsed) is dict and canonical(nfc(parsed)) == event["payload"]
    except (ValueError, RecursionError):
        whole = False
    return None if whole else "payload is not in canonical form"


def hash_of(event: Event) -> str:
    content = {k: v for k, v in event.items() if k not in ("previous", "hash")}
    text = canonical(content | {"payload": json.loads(event["payload"])})
    return hashlib.sha256(f"equipoise-ledger-1|{event['previous']}|{text}".encode()).hexdigest()


def node_of(left: bytes, right: bytes, kind: bytes = b"\x01") -> bytes:
    return hashlib.sha256(kind + left + right).digest()


def leaf_of(seq: int, digest: str) -> bytes:
    return node_of(seq.to_bytes(8, "big", signed=True), bytes.fromhex(digest), b"\x00")


def merkle_roots(leaves: list[tuple[int, str]], places: set[int]) -> dict[int, str]:
    """RFC 6962 roots over the events up to each place that is asked for, and up to the last."""
    peaks, roots = list[bytes](), {0: hashlib.sha256(b"").hexdigest()}
    for count, (seq, digest) in enumerate(leaves, 1):
        node, size = leaf_of(seq, digest), count
        while not size & 1:  # two perfect subtrees of the same size become one
            node, size = node_of(peaks.pop(), node), size >> 1
        peaks.append(node)
        if seq in places or count == len(leaves):
            roots[seq] = reduce(lambda node, peak: node_of(peak, node), peaks[::-1]).hex()
    return roots


def root_with(low: int, high: int, shown: dict[int, bytes], nodes: Iterator[str]) -> bytes:
    """The root over places low to high: what holds no shown leaf is the next of the nodes."""
    if not any(low <= place < high for place in shown):
        return bytes.fromhex(next(nodes))
    if high - low == 1:
        return shown[low]
    middle = low + (1 << (high - low - 1).bit_length() - 1)
    inside = {place: leaf for place, leaf in shown.items() if low <= place < high}
    left = root_with(low, middle, inside, nodes)
    return node_of(left, root_with(middle, high, inside, nodes))


class Chain:
    """The chain as walked: its end, the trial and key of its first event, and whether it is whole."""

    def __init__(self) -> None:
        self.end, self.trial, self.key, self.whole = 0, None, None, True
        self.leaves = list[tuple[int, str]]()

    def note(self, place: int, what: str) -> None:
        self.whole = False
        print(f"event {place}: {what}")

    def walk(self, rows: Iterable[Event]) -> None:
        """Check every event in turn; after a fault go on from what is stored."""
        previous = "0" * 64
        streams, clients = dict[str, int](), dict[str, int]()
        for event in rows:
            place = event["seq"]
            if type(place) is not int:
                self.note(self.end + 1, "seq is no integer")
                continue
            if place != self.end + 1:
                self.note(place, f"does not follow event {self.end}")
            self.end, before, previous = place, previous, str(event["hash"])
            if fault := column_fault(event):
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
            self.leaves.append((place, event["hash"]))

    def check(self, stated: Event | None, where: str, roots: dict[int, str]) -> None:
        """Hold a signed head or checkpoint against the chain."""
        if stated is None:
            self.note(self.end, f"{where} is spoiled or missing: no valid signature")
        elif self.key not in (None, stated["key"]) or self.trial not in (None, stated["trial"]):
            self.note(self.end, f"{where} is signed with another key or for another trial")
        elif stated["seq"] > self.end:
            self.note(self.end, f"the tail was cut: {where} states {stated['seq']} events")
        elif (dict(self.leaves) | {0: "0" * 64}).get(stated["seq"]) != stated["hash"]:
            self.note(stated["seq"], f"rewritten: {where} states another hash for this event")
        elif stated.get("root", roots.get(stated["seq"])) != roots.get(stated["seq"]):
            self.note(stated["seq"], f"rewritten: {where} states another Merkle root")


def proof_holds(proof: Any, key: str | None) -> bool:
    """Whether the events of a proof stand under the Merkle root of its checkpoint."""
    try:
        stated, stream, events = proof["checkpoint"], proof["stream"], proof["events"]
        if not read_signed(stated, CHECKPOINT) or key not in (None, stated["key"]):
            return False
        for version, event in enumerate(events, 1):
            if column_fault(event) or hash_of(event) != event["hash"]:
                return False
            placed = stream is None or (event["stream"], event["version"]) == (stream, version)
            if event["trial"] != stated["trial"] or not placed:
                return False
        shown = {event["seq"] - 1: leaf_of(event["seq"], event["hash"]) for event in events}
        nodes = iter(proof["nodes"])
        root = root_with(0, stated["seq"], shown, nodes).hex()
        return root == stated["root"] and not [*nodes] and len(shown) == len(events) > 0
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, RecursionError):
        return False


def main() -> int:
    parser = argparse.ArgumentParser(description="Verify an Equipoise ledger.")
    parser.add_argument("ledger", type=pathlib.Path, help="a home, a ledger's SQLite file, a proof")
    parser.add_argument("--head", type=pathlib.Path, help="the signed head file")
    parser.add_argument("--checkpoint", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--key", help="the signer's public key, where it is known from elsewhere")
    given = parser.parse_args()
    if given.ledger.is_file() and given.ledger.suffix == ".json":
        proven = proof_holds(json.loads(given.ledger.read_text("utf-8")), given.key)
        print("proven" if proven else "event 0: NOT PROVEN")
        return 0 if proven else 1
    home = given.ledger.is_dir()
    database = given.ledger / "ledger.sqlite" if home else given.ledger
    head_file = given.head or database.with_name("head")
    chain, slots = Chain(), list[Event | None]()
    # Heads and checkpoints are read before the chain: a ledger being written is not found cut.
    if head_file.exists():
        content = head_file.read_bytes()
        parts = (content[at : at + 512].decode("utf-8", "replace") for at in (0, 4096))
        slots = [read_signed(part.strip(" \n\0"), HEAD) for part in parts]
    files = [*given.checkpoint, *database.parent.glob("checkpoints.jsonl")]
    lines = [line for file in files for line in file.read_text("utf-8", "replace").splitlines()]
    checkpoints = [read_signed(line, CHECKPOINT) for line in lines if line.strip()]
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
    if (chain.key or given.key) != (given.key or chain.key):
        chain.note(1, "it declares another public key than the one given")
    chain.key = given.key or chain.key
    roots = merkle_roots(chain.leaves, {one["seq"] for one in checkpoints if one})
    signed = read_signed(stored and stored[0], HEAD)
    chain.check(signed, "the signed head in the database", roots)
    if signed and signed["seq"] < chain.end:
        chain.note(signed["seq"] + 1, "events from here on are not signed for")
    if not slots and not home and not given.head:
        print("no head file: a cut tail cannot be seen")
    elif not slots or None in slots:
        chain.note(chain.end, f"the head file {head_file.name} is missing or spoiled")
    for slot in sorted(filter(None, slots), key=lambda one: int(one["seq"]))[-1:]:
        chain.check(slot, "the head file", roots)
    for one in checkpoints:
        chain.check(one, f"the checkpoint of {one['time']}" if one else "a checkpoint", roots)
    root = roots[chain.leaves[-1][0] if chain.leaves else 0]
    print(f"{len(chain.leaves)} events, Merkle root {root}")
    print(f"{len(checkpoints)} checkpoints held against it")
    print(f"whole, signed by {chain.key or 'the key it names'}" if chain.whole else "NOT WHOLE")
    return 0 if chain.whole else 1


if __name__ == "__main__":
    sys.exit(main())

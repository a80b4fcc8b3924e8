"""The Merkle root over a ledger, as in RFC 6962, section 2.1.

A leaf is SHA-256(0x00 | seq as 8 bytes, big endian, two's complement | event hash, 32 bytes), a node
SHA-256(0x01 | left | right); a tree of n leaves splits at the largest power of two below n. The
root of no events is SHA-256 of nothing. It is the `ledger_root` that reports and checkpoints show:
one number for the whole ledger, in which one event can be proven without showing the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


class MerkleTree:
    """Takes event hashes in order and gives the root at any time; keeps log2(n) nodes only."""

    __slots__ = ("_count", "_nodes")

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._count = 0

    def add(self, seq: int, event_hash: str) -> None:
        """Add the next leaf."""
        node = hashlib.sha256(
            b"\x00" + seq.to_bytes(8, "big", signed=True) + bytes.fromhex(event_hash)
        ).digest()
        count = self._count
        while count & 1:
            node = hashlib.sha256(b"\x01" + self._nodes.pop() + node).digest()
            count >>= 1
        self._nodes.append(node)
        self._count += 1

    def root(self) -> str:
        """The root over the leaves so far, 64 hexadecimal digits."""
        if not self._nodes:
            return hashlib.sha256(b"").hexdigest()
        node = self._nodes[-1]
        for left in reversed(self._nodes[:-1]):
            node = hashlib.sha256(b"\x01" + left + node).digest()
        return node.hex()


def merkle_root(leaves: Iterable[tuple[int, str]]) -> str:
    """The root over (seq, event hash) pairs in order."""
    tree = MerkleTree()
    for seq, event_hash in leaves:
        tree.add(seq, event_hash)
    return tree.root()

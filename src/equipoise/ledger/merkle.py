"""The Merkle tree over a ledger, as in RFC 6962, section 2.1.

A leaf is SHA-256(0x00 | seq as 8 bytes, big endian, two's complement | event hash, 32 bytes), a node
SHA-256(0x01 | left | right); a tree of n leaves splits at the largest power of two below n. The
root of no events is SHA-256 of nothing. It is the `ledger_root` that reports and checkpoints show:
one number for the whole ledger, in which some events can be proven without showing the others.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence


def leaf_of(seq: int, event_hash: str) -> bytes:
    """The hash of a leaf."""
    content = seq.to_bytes(8, "big", signed=True) + bytes.fromhex(event_hash)
    return hashlib.sha256(b"\x00" + content).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class MerkleTree:
    """Takes event hashes in order and gives the root at any time; keeps the peaks only.

    The peaks are the roots of the perfect subtrees whose sizes are the powers of two in the number
    of leaves, the largest first (a Merkle mountain range): 20 of them at most for a million events.
    """

    __slots__ = ("_nodes", "count")

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self.count = 0
        """How many leaves it holds."""

    @classmethod
    def from_peaks(cls, count: int, peaks: Sequence[str]) -> MerkleTree:
        """The tree of so many leaves as its peaks give it; ValueError where they cannot be its peaks."""
        if count < 0 or count.bit_count() != len(peaks):
            raise ValueError(f"{len(peaks)} peaks cannot stand over {count} leaves")
        tree = cls()
        tree._nodes = [bytes.fromhex(peak) for peak in peaks]
        if any(len(node) != 32 for node in tree._nodes):
            raise ValueError("a peak is a hash of 32 bytes")
        tree.count = count
        return tree

    def peaks(self) -> list[str]:
        """The peaks, the largest subtree's first, in hexadecimal."""
        return [node.hex() for node in self._nodes]

    def add(self, seq: int, event_hash: str) -> None:
        """Add the next leaf."""
        node = leaf_of(seq, event_hash)
        count = self.count
        while count & 1:
            node = _node(self._nodes.pop(), node)
            count >>= 1
        self._nodes.append(node)
        self.count += 1

    def root(self) -> str:
        """The root over the leaves so far, 64 hexadecimal digits."""
        if not self._nodes:
            return hashlib.sha256(b"").hexdigest()
        node = self._nodes[-1]
        for left in reversed(self._nodes[:-1]):
            node = _node(left, node)
        return node.hex()


def merkle_root(leaves: Iterable[tuple[int, str]]) -> str:
    """The root over (seq, event hash) pairs in order."""
    tree = MerkleTree()
    for seq, event_hash in leaves:
        tree.add(seq, event_hash)
    return tree.root()


def _split(size: int) -> int:
    """The largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def inclusion_nodes(leaves: Sequence[bytes], shown: Sequence[int]) -> list[str]:
    """The nodes that lead from some leaves to the root, without the other leaves.

    `shown` are positions from 0, ascending. The nodes are those roots of largest subtrees that hold none
    of them, from left to right: what `root_with` takes.
    """
    nodes: list[str] = []

    def walk(low: int, high: int) -> None:
        first = bisect_left(shown, low)
        if first == len(shown) or shown[first] >= high:
            nodes.append(_subtree(leaves, low, high).hex())
        elif high - low > 1:
            middle = low + _split(high - low)
            walk(low, middle)
            walk(middle, high)

    walk(0, len(leaves))
    return nodes


def _subtree(leaves: Sequence[bytes], low: int, high: int) -> bytes:
    # Level by level: an odd last node moves up as it is, which gives the same tree as splitting.
    level = list(leaves[low:high])
    while len(level) > 1:
        above = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = above + level[len(level) & ~1 :]
    return level[0]


def root_with(size: int, shown: Mapping[int, bytes], nodes: Iterable[str]) -> str:
    """The root of a tree of `size` leaves of which some are shown, and the others lie under `nodes`.

    Raises ValueError where the nodes are too few or too many.
    """
    places = sorted(shown)
    left: Iterator[str] = iter(nodes)

    def fold(low: int, high: int) -> bytes:
        first = bisect_left(places, low)
        if first == len(places) or places[first] >= high:
            node = next(left, None)
            if node is None:
                raise ValueError("there are too few nodes")
            return bytes.fromhex(node)
        if high - low == 1:
            return shown[low]
        middle = low + _split(high - low)
        return _node(fold(low, middle), fold(middle, high))

    if not places or places[0] < 0 or places[-1] >= size:
        raise ValueError("the leaves shown are not leaves of this tree")
    root = fold(0, size).hex()
    if next(left, None) is not None:
        raise ValueError("there are too many nodes")
    return root


def short_code(root: str) -> str:
    """The first 48 bits of a root (or of a hash) in groups of four digits: to be printed, read aloud and compared."""
    return " ".join(root[at : at + 4] for at in range(0, 12, 4))

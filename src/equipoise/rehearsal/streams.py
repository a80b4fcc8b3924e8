"""Counter-based random numbers: Philox 4x64-10, addressed by replicate, stream and subject.

A number is a pure function of (seed, replicate, stream, subject, index): nothing depends on the
order of drawing, on how many persons there are, or on threads. The generator is that of NumPy
(`numpy.random.Philox`) and of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11);
here it is evaluated for a whole array of counters at once.

Address of a draw
    key      the first 128 bits of SHA-256(`equipoise-rehearsal-1|seed|replicate`)
    counter  four 64-bit words: (block, 0, subject, stream), where `stream` is the first 64 bits of
             SHA-256 of the stream's name, `subject` the person (site index << 32 | ordinal at the
             site), and each block yields four numbers.

Stream names: `accrual` (subject: the site), and per person `candidate`, `item/<item id>`,
`default/<item id>`, `failure`, `history/<what>`, `series/<item id>`, `adherence/<what>`,
`attrition/<what>`, `event/<term>`, `staff/<what>`, `log/<form>`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint64]

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10


def _multiply(factor: int, words: Words) -> tuple[Words, Words]:
    """High and low 64 bits of the 128-bit products."""
    high, low = np.uint64(factor >> 32), np.uint64(factor & 0xFFFFFFFF)
    word_high, word_low = words >> _HALF, words & _LOW
    bottom = low * word_low
    middle = high * word_low + (bottom >> _HALF)
    crossed = low * word_high + (middle & _LOW)
    return high * word_high + (middle >> _HALF) + (crossed >> _HALF), np.uint64(factor) * words


def philox(key: tuple[int, int], counters: tuple[Words, Words, Words, Words]) -> Words:
    """The four output words of each counter, in a new last axis."""
    a, b, c, d = counters
    mask = (1 << 64) - 1
    for turn in range(_ROUNDS):
        first = np.uint64((key[0] + turn * _WEYL[0]) & mask)
        second = np.uint64((key[1] + turn * _WEYL[1]) & mask)
        high_a, low_a = _multiply(_MULTIPLIERS[0], a)
        high_c, low_c = _multiply(_MULTIPLIERS[1], c)
        a, b, c, d = high_c ^ b ^ first, low_c, high_a ^ d ^ second, low_a
    return np.stack((a, b, c, d), axis=-1)


class Streams:
    """The random numbers of one replicate, by the first scheme of addresses (`lean` has the second)."""

    scheme = 1

    def __init__(self, seed: int, replicate: int, *, compiled: bool = False) -> None:
        self.compiled = compiled
        """Whether a compiled kernel fills the words: the same, sooner where many replicates are wanted."""
        digest = hashlib.sha256(f"equipoise-rehearsal-1|{seed}|{replicate}".encode()).digest()
        self.key = (
            int.from_bytes(digest[:8], "little"),
            int.from_bytes(digest[8:16], "little"),
        )

    @staticmethod
    @lru_cache(maxsize=4096)
    def number(stream: str) -> int:
        """The counter word that stands for a stream's name."""
        return int.from_bytes(hashlib.sha256(stream.encode()).digest()[:8], "little")

    def words(self, stream: str, subjects: npt.ArrayLike, count: int) -> Words:
        """Raw 64-bit words, `[subject, count]`."""
        subject = np.atleast_1d(np.asarray(subjects, dtype=np.uint64))
        blocks = -(-count // 4)
        if self.compiled:
            from .bulk.kernels.arrays import fill

            rows = np.empty((subject.size, 4 * blocks), dtype=np.uint64)
            fill(rows, subject, np.uint64(self.number(stream)), *map(np.uint64, self.key))
            return rows[:, :count]
        shape = (subject.size, blocks)
        # NumPy's generator counts up before it produces, so that its first block is number 1
        block = np.broadcast_to(np.arange(1, blocks + 1, dtype=np.uint64), shape)
        zero = np.zeros(shape, dtype=np.uint64)
        who = np.broadcast_to(subject[:, None], shape)
        which = np.full(shape, self.number(stream), dtype=np.uint64)
        return philox(self.key, (block, zero, who, which)).reshape(subject.size, -1)[:, :count]

    def uniforms(self, stream: str, subjects: npt.ArrayLike, count: int = 1) -> Floats:
        """Numbers strictly between 0 and 1, `[subject, count]`."""
        words = self.words(stream, subjects, count) >> np.uint64(11)
        return (words.astype(np.float64) + 0.5) * 2.0**-53

    def normals(self, stream: str, subjects: npt.ArrayLike, count: int = 1) -> Floats:
        """Standard normal numbers by the inverse distribution function, `[subject, count]`."""
        return np.asarray(ndtri(self.uniforms(stream, subjects, count)), dtype=np.float64)

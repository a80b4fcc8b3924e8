"""The second scheme of addresses: fewer and shorter random numbers, so that a compiled kernel can go through whole trials.

Words of 32 bits from Philox 4x32-10 (Salmon et al., SC 2011), which vector units compute several at a time.

Address of a word
    key      the first 64 bits of SHA-256(`equipoise-rehearsal-2|seed|replicate div 2^32`), two words, little endian
    counter  (block, subject, replicate modulo 2^32, stream), where `stream` is the first 32 bits of SHA-256 of the
             stream's name, little endian, `subject` the person (site index · 2^20 + ordinal at the site), and each
             block yields four words

Streams have the names of the first scheme. What differs, besides the words, is how many are asked for:

- the gap between two candidates of a site is one number (`candidate`, place 5), an exponential time on the scale of
  the expected candidates;
- the noise of a mucosal injury has one number for each half week of the course;
- the doses of a week are one binomial number; on which days they were taken is drawn only where that is looked at;
- the day of leaving is one exponential time on the scale of the cumulated hazard.

Normal and exponential numbers that a kernel needs have 4,096 equally likely levels, so that they are read from a table
and are the same bits wherever they are computed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from .streams import Floats, Streams, Words

Short = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]

LEVEL_BITS = 12
"""A table is read by so many of a word's upper bits."""
UNIT = 1 << 28
"""Cumulated hazards and expected candidates are whole numbers of 1 / UNIT: sums do not depend on their order."""
_SITES, _ORDINALS = 1 << 12, 1 << 20
_FACTORS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_ROUNDS = 10


def philox32(key: tuple[int, int], counters: tuple[Words, Words, Words, Words]) -> Words:
    """The four output words (of 32 bits) of each counter, in a new last axis."""
    a, b, c, d = counters
    for turn in range(_ROUNDS):
        first = np.uint64((key[0] + turn * _WEYL[0]) & 0xFFFFFFFF)
        second = np.uint64((key[1] + turn * _WEYL[1]) & 0xFFFFFFFF)
        left, right = _FACTORS[0] * a, _FACTORS[1] * c
        a, b, c, d = (
            (right >> _HALF) ^ b ^ first, right & _LOW, (left >> _HALF) ^ d ^ second, left & _LOW,
        )  # fmt: skip
    return np.stack((a, b, c, d), axis=-1)


def subject_word(subjects: npt.ArrayLike) -> Words:
    """The counter word of persons numbered site index << 32 | ordinal."""
    subject = np.atleast_1d(np.asarray(subjects, dtype=np.uint64))
    site, ordinal = subject >> _HALF, subject & _LOW
    if subject.size and (int(site.max()) >= _SITES or int(ordinal.max()) >= _ORDINALS):
        raise ValueError(f"the second scheme numbers {_SITES} sites of {_ORDINALS} candidates")
    return np.asarray(site * np.uint64(_ORDINALS) + ordinal, dtype=np.uint64)


@lru_cache(maxsize=4096)
def stream_word(stream: str) -> int:
    """The counter word that stands for a stream's name."""
    return int.from_bytes(hashlib.sha256(stream.encode()).digest()[:4], "little")


def key_words(seed: int, replicate: int) -> tuple[int, int]:
    """The two words of the key."""
    said = f"equipoise-rehearsal-2|{seed}|{replicate >> 32}"
    digest = hashlib.sha256(said.encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")


class LeanStreams(Streams):
    """The random numbers of one replicate under the second scheme."""

    scheme = 2

    def __init__(self, seed: int, replicate: int) -> None:
        super().__init__(seed, replicate)
        self.key = key_words(seed, replicate)
        self._replicate = replicate & 0xFFFFFFFF

    def words(self, stream: str, subjects: npt.ArrayLike, count: int) -> Words:
        """Words of 32 bits, `[subject, count]`."""
        subject = subject_word(subjects)
        blocks = -(-count // 4)
        shape = (subject.size, blocks)
        counters = (
            np.broadcast_to(np.arange(blocks, dtype=np.uint64), shape),
            np.broadcast_to(subject[:, None], shape),
            np.full(shape, self._replicate, dtype=np.uint64),
            np.full(shape, stream_word(stream), dtype=np.uint64),
        )
        return philox32(self.key, counters).reshape(subject.size, -1)[:, :count]

    def uniforms(self, stream: str, subjects: npt.ArrayLike, count: int = 1) -> Floats:
        """Numbers strictly between 0 and 1, `[subject, count]`."""
        return as_uniforms(self.words(stream, subjects, count))

    def levels(self, stream: str, subjects: npt.ArrayLike, count: int = 1) -> Whole:
        """Places in a table of 4,096 equally likely levels, `[subject, count]`."""
        return level_of(self.words(stream, subjects, count))


def as_uniforms(words: Words) -> Floats:
    """A word of 32 bits as a number strictly between 0 and 1."""
    return (words.astype(np.float64) + 0.5) * 2.0**-32


def level_of(words: Words) -> Whole:
    """The place in a table of levels."""
    return (words >> np.uint64(32 - LEVEL_BITS)).astype(np.int64)


def middles() -> Floats:
    """The probability in the middle of each level."""
    count = 1 << LEVEL_BITS
    return (np.arange(count) + 0.5) / count


@lru_cache(maxsize=1)
def normal_levels() -> Short:
    """Standard normal numbers of equally likely levels, with variance 1."""
    values = ndtri(middles())
    return np.asarray(values / np.sqrt((values**2).mean()), dtype=np.float32)


@lru_cache(maxsize=1)
def waiting_levels() -> Whole:
    """Exponential times with mean 1, in units of 1 / UNIT."""
    return np.asarray(np.rint(-np.log1p(-middles()) * UNIT), dtype=np.int64)


def reached_on(rises: Floats, times: Whole) -> Whole:
    """The first place at which the cumulated `rises` exceed each time (in units of 1 / UNIT)."""
    cumulated = np.floor(np.cumsum(rises) * UNIT).astype(np.int64)
    return np.asarray(np.searchsorted(cumulated, times, side="right"), dtype=np.int64)

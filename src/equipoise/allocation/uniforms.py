"""Where draws come from: counters, so that any draw can be recomputed alone and in any language.

A draw is an integer of 53 bits, addressed by a stratum (a string) and an index (from 0). Rules use
it by integer arithmetic only: `draw * n >> 53` is a number below n, and an event of probability p
happens where draw < floor(p * 2**53). As a uniform on [0, 1) it is draw / 2**53, exactly.

Real trial, `hmac-sha256`: the first 8 bytes, big endian, of

    HMAC-SHA256(key = seed, message = UTF-8 of "<stratum>|<index>")

shifted right by 11 bits. The last bar separates, so that a stratum may hold bars itself.

Rehearsal, `philox`: Philox4x64-10 (Salmon et al., SC 2011), as in `numpy.random.Philox`, with

    key     = (seed mod 2**64, replicate mod 2**64)
    counter = (index // 4, h(stratum), 0x616c6c6f63617465, 0)

where h is the first 8 bytes, big endian, of SHA-256 of the stratum's UTF-8, and the third word
spells "allocate", a stream of its own beside a rehearsal's others. The draw is output word
`index mod 4` shifted right by 11 bits. (NumPy increments the counter before its first block, so
there the first counter word is given as index // 4 - 1 modulo 2**256.)
"""

from __future__ import annotations

import hashlib
import hmac
from fractions import Fraction
from functools import lru_cache
from typing import Protocol

DRAW_BITS = 53
_WORD = (1 << 64) - 1
STREAM_ALLOCATION = int.from_bytes(b"allocate", "big")
"""The counter word of a rehearsal's allocations."""


class Uniforms(Protocol):
    """A source of draws."""

    source: str
    """`hmac-sha256` or `philox`, as declared in the commitment."""

    def draw(self, stratum: str, index: int) -> int:
        """The draw at this address, 0 <= draw < 2**53; the same for every call."""

    def __hash__(self) -> int:
        """By identity: blocks drawn from a source are remembered with it."""


class HmacUniforms:
    """Draws of a real trial: unpredictable without the seed, recomputable with it."""

    source = "hmac-sha256"

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def draw(self, stratum: str, index: int) -> int:
        """53 bits of HMAC-SHA256."""
        message = f"{stratum}|{index}".encode()
        return int.from_bytes(hmac.digest(self._seed, message, "sha256")[:8], "big") >> 11


class PhiloxUniforms:
    """Draws of a rehearsal, addressed by seed and replicate."""

    source = "philox"

    def __init__(self, seed: int, replicate: int) -> None:
        self.key = (seed & _WORD, replicate & _WORD)

    def draw(self, stratum: str, index: int) -> int:
        """53 bits of Philox4x64-10."""
        counter = (index // 4, stratum_word(stratum), STREAM_ALLOCATION, 0)
        return philox4x64(counter, self.key)[index % 4] >> 11


@lru_cache(maxsize=4096)
def stratum_word(stratum: str) -> int:
    """The counter word of a stratum: 64 bits of SHA-256."""
    return int.from_bytes(hashlib.sha256(stratum.encode()).digest()[:8], "big")


Words = tuple[int, int, int, int]


@lru_cache(maxsize=4096)
def philox4x64(counter: Words, key: tuple[int, int]) -> Words:
    """One block of Philox4x64 with ten rounds: four words of 64 bits."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * c0, 0xCA5A826395121157 * c2
        c0, c1, c2, c3 = (
            (second >> 64) ^ c1 ^ k0,
            second & _WORD,
            (first >> 64) ^ c3 ^ k1,
            first & _WORD,
        )
        k0 = (k0 + 0x9E3779B97F4A7C15) & _WORD
        k1 = (k1 + 0xBB67AE8584CAA73B) & _WORD
    return c0, c1, c2, c3


def below(draw: int, n: int) -> int:
    """A number 0 <= k < n from a draw."""
    return draw * n >> DRAW_BITS


def choose(draw: int, probabilities: tuple[Fraction, ...]) -> int:
    """The index chosen by the draw: the first whose cumulated probability exceeds it."""
    cumulated = Fraction(0)
    for index, probability in enumerate(probabilities):
        cumulated += probability
        if draw * cumulated.denominator < cumulated.numerator << DRAW_BITS:
            return index
    raise ValueError(f"the probabilities {probabilities} do not sum to 1")

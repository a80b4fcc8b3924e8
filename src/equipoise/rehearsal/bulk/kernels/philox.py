"""Philox (Salmon et al., SC 2011): random words that are a pure function of a key and a counter.

Products of 32-bit words fit 64 bits, so that vector units compute several at a time; the variant of 64 bits is computed
one by one.
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import intrinsic

from .compiling import part

LOW, HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
"""The lower half of 64 bits, and how many these are."""
_ROUNDS = 10
_FACTOR_A, _FACTOR_C = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_A, _WEYL_B = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_WIDE_FACTOR_A, _WIDE_FACTOR_C = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)
_WIDE_WEYL_A, _WIDE_WEYL_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)


@part
def words_of_32(a, b, c, d, key_a, key_b):
    """The four words of a counter of four, all of 32 bits and written with 64: Philox 4x32-10."""
    first, second = np.uint64(key_a), np.uint64(key_b)
    for _ in range(_ROUNDS):
        left, right = _FACTOR_A * a, _FACTOR_C * c
        a, b, c, d = (
            (right >> HALF) ^ b ^ first,
            right & LOW,
            (left >> HALF) ^ d ^ second,
            left & LOW,
        )
        first, second = (first + _WEYL_A) & LOW, (second + _WEYL_B) & LOW
    return a, b, c, d


@intrinsic
def _high(context, one, other):
    """The upper 64 bits of a product of 128, by the processor's own instruction."""

    def build(context, builder, signature, factors):
        narrow = factors[0].type
        wide = type(narrow)(128)
        product = builder.mul(*(builder.zext(factor, wide) for factor in factors))
        return builder.trunc(builder.lshr(product, wide(64)), narrow)

    return types.uint64(types.uint64, types.uint64), build


@part
def words_of_64(a, b, c, d, key_a, key_b):
    """The four words of a counter of four, all of 64 bits: Philox 4x64-10."""
    first, second = np.uint64(key_a), np.uint64(key_b)
    for _ in range(_ROUNDS):
        a, b, c, d = (
            _high(_WIDE_FACTOR_C, c) ^ b ^ first,
            _WIDE_FACTOR_C * c,
            _high(_WIDE_FACTOR_A, a) ^ d ^ second,
            _WIDE_FACTOR_A * a,
        )
        first, second = first + _WIDE_WEYL_A, second + _WIDE_WEYL_B
    return a, b, c, d

"""The random words of a replicate, and what is made of one."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..compiling import part, step
from ..philox import words_of_32
from .rows import LANES

LEVEL_SHIFT = np.uint32(20)
"""What leaves of a word the place in a table of 4,096."""
_UNIT = 2.0**-32


class Numbers(NamedTuple):
    """Where a replicate's words are found."""

    key_a: Any
    key_b: Any
    replicate: Any


@step
def one_block(subject, block, stream, key_a, key_b, replicate):
    """The four words of one block for one person."""
    a, b, c, d = words_of_32(
        np.uint64(block), np.uint64(subject), np.uint64(replicate), np.uint64(stream), key_a, key_b
    )
    return np.uint32(a), np.uint32(b), np.uint32(c), np.uint32(d)


@step
def _words(words, row, subjects, begin, lanes, block, stream, key_a, key_b, replicate):
    """Words of one block for some persons, from `begin` on, in the four rows from `row` on."""
    rows, who = words[row * LANES :], subjects[begin:]
    for lane in range(lanes):
        subject = np.uint64(who[lane])
        a, b, c, d = words_of_32(
            np.uint64(block), subject, np.uint64(replicate), np.uint64(stream), key_a, key_b
        )
        rows[lane] = np.uint32(a)
        rows[LANES + lane] = np.uint32(b)
        rows[2 * LANES + lane] = np.uint32(c)
        rows[3 * LANES + lane] = np.uint32(d)


@part
def draw(words, row, subjects, begin, lanes, block, stream, numbers):
    """`_words` of a replicate. A number written down would have a copy of them compiled of its own; one of a type has not."""
    _words(
        words, np.int64(row), subjects, np.int64(begin), lanes, np.uint64(block), stream, numbers.key_a,
        numbers.key_b, numbers.replicate,
    )  # fmt: skip


@part
def uniform(word):
    """A number strictly between 0 and 1."""
    return (np.float64(word) + 0.5) * _UNIT


@part
def among(word, many):
    """The same as `np.int64(uniform(word) * many)`, of less than 2^20, in whole numbers."""
    return ((np.uint64(word) * np.uint64(2) + np.uint64(1)) * many) >> np.uint64(33)


@part
def chosen_level(cumulated, u):
    """The level chosen: how many cumulated chances lie at or below the number."""
    level = 0
    while level < cumulated.size - 1 and cumulated[level] <= u:
        level += 1
    return level

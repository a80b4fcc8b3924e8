"""Categories, strata and permuted blocks; draws are those of the keeper of a rehearsal, Philox 4x64."""

from __future__ import annotations

import numpy as np

from ..compiling import part, step
from ..philox import words_of_64
from .recruitment import ORDINAL_BITS
from .rows import LANES
from .words import draw, uniform


@step
def _draws(row, block, stratum, stream, key_a, key_b):
    """Four draws of 53 bits."""
    a, b, c, d = words_of_64(
        np.uint64(block), np.uint64(stratum), np.uint64(stream), np.uint64(0), key_a, key_b
    )
    row[0], row[1] = a >> np.uint64(11), b >> np.uint64(11)
    row[2], row[3] = c >> np.uint64(11), d >> np.uint64(11)


@part
def _below(draw, many):
    """A whole number from 0 to below `many`, from a draw."""
    return np.int64((np.uint64(draw) * np.uint64(many)) >> np.uint64(53))


@step
def greatest_of(values):
    """The greatest of some numbers, at least one."""
    greatest = values[0]
    for at in range(1, values.size):
        greatest = max(greatest, values[at])
    return greatest


@step
def _list_blocks(t, blocks, where, begin, end, largest, replicate):
    """List the blocks of a stratum for the places from `begin` up to `end`, as `PermutedBlocks` says."""
    sizes, ratio, arm_of, listed, draws = (
        t.block_sizes,
        t.ratio,
        t.arm_of,
        blocks.listed,
        blocks.draws,
    )
    shares = 0
    for arm in range(ratio.size):
        shares += ratio[arm]
    first, drawn = 0, 0
    while begin < end:
        # the first draw of a block says how long it is, and so how many draws follow it
        while drawn < first + largest:
            _draws(draws[drawn:], drawn // 4, t.stratum_words[where], t.stream, t.seed, replicate)
            drawn += 4
        size = sizes[_below(draws[first], sizes.size)]
        place, times = begin, size // shares
        for arm in range(ratio.size):
            for _ in range(ratio[arm] * times):
                listed[place] = arm_of[arm]
                place += 1
        for i in range(size - 1, 0, -1):
            one, other = begin + i, begin + _below(draws[first + size - i], i + 1)
            listed[one], listed[other] = listed[other], listed[one]
        begin += size
        first += largest + 1


@step
def _strata(t, many, candidates, blocks, people, words, at_random):
    """Who the participants are, with their categories and strata, and how many these have."""
    keys, came_subject, came_site = candidates.keys, candidates.subject, candidates.site
    cumulated, stratum_of, needed = t.item_cumulated, t.stratum_of, blocks.needed
    subject, site, on, category = people.subject, people.site, people.on, people.category
    for at in range(many):
        key = keys[at]
        person = key & ((1 << ORDINAL_BITS) - 1)
        subject[at], site[at] = came_subject[person], came_site[person]
        on[at] = key >> 33
        category[at] = 0
    for item in range(t.item_streams.size):
        levels = t.item_levels[item]
        for begin in range(0, many, LANES):
            lanes, joint = min(LANES, many - begin), category[begin:]
            draw(words, 0, subject, begin, lanes, 0, t.item_streams[item], at_random)
            for lane in range(lanes):
                joint[lane] *= levels
            for level in range(levels - 1):
                bound = cumulated[item, level]
                for lane in range(lanes):
                    joint[lane] += 1 if bound <= uniform(words[lane]) else 0
    for where in range(needed.size):
        needed[where] = 0
    for at in range(many):
        where = stratum_of[site[at], category[at]]
        people.stratum[at] = where
        needed[where] += 1


@step
def allocate(t, acts, many, candidates, blocks, people, ordered, words, at_random, whole_number):
    """Categories, strata and arms; `ordered` gets those first in whose arms doses act. How many these are."""
    _strata(t, many, candidates, blocks, people, words, at_random)
    listed, following, largest = blocks.listed, blocks.following, greatest_of(t.block_sizes)
    subject, on, category = people.subject, people.on, people.category
    stratum, arm = people.stratum, people.arm
    begin = 0
    for where in range(following.size):
        end = begin + blocks.needed[where]
        _list_blocks(t, blocks, where, begin, end, largest, whole_number)
        following[where] = begin
        # the last block may go on behind the last participant
        begin = end + largest
    acting = 0
    for at in range(many):
        where = stratum[at]
        place = following[where]
        following[where] = place + 1
        arm[at] = listed[place]
        acting += acts[listed[place]]
    front, back = 0, acting
    for at in range(many):
        act = acts[arm[at]]
        to = front if act != 0 else back
        front += act
        back += 1 - act
        ordered.subject[to], ordered.on[to] = subject[at], on[at]
        ordered.category[to], ordered.stratum[to] = category[at], stratum[at]
        ordered.arm[to] = arm[at]
    return acting

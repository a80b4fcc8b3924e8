"""The least that whole trials take: what a benchmark holds them against."""

from __future__ import annotations

import numpy as np

from ..compiling import kernel
from .course import noise_of_a_cell
from .rows import LANES, NOISE_ROW, NUMBER_ROWS, WORD_ROWS
from .tables import CANDIDATE, DOSES, NOISE, RADIOTHERAPY
from .words import Numbers, draw


@kernel
def words_alone(count, key_a, key_b, t, normals):
    """The random words of so many replicates and nothing else, or the noise normals read from their table as well.

    Words are those of as many candidates and participants as a trial has,
    over eight weeks of course.
    """
    words = np.zeros(WORD_ROWS * LANES, dtype=np.uint32)
    numbers = np.zeros(NUMBER_ROWS * LANES, dtype=np.float32)
    enough, target, acts = t.recruitment.enough, t.recruitment.target, t.course.acts
    subjects = np.arange(max(enough, target)).astype(np.uint32)
    streams, normal = t.streams, t.course.normal
    single = t.allocation.item_streams.size + t.leaving.death_streams.size + 5
    for replicate in range(count):
        at_random = Numbers(key_a, key_b, np.uint64(replicate))
        for begin in range(0, enough, LANES):
            lanes = min(LANES, enough - begin)
            for block in range(3):
                # gaps, candidates, failures
                draw(words, 0, subjects, begin, lanes, block, streams[CANDIDATE], at_random)
        for begin in range(0, target, LANES):
            lanes = min(LANES, target - begin)
            for block in range(single):
                # items and deaths; radiotherapy twice, frailty, kind and leaving
                draw(words, 4, subjects, begin, lanes, block, streams[RADIOTHERAPY], at_random)
            half = lanes // 2 if acts.sum() < acts.size else lanes
            for block in range(3):
                # own chance of taking a dose, and the doses of eight weeks, where they act
                draw(words, 12, subjects, begin, half, block, streams[DOSES], at_random)
            for block in range(4):
                draw(
                    words, NOISE_ROW + 4 * block, subjects, begin, lanes, block, streams[NOISE], at_random
                )  # fmt: skip
            if normals:
                for cell in range(16):
                    noise_of_a_cell(numbers, words, lanes, NOISE_ROW + cell, normal)

"""Kernels that fill the rehearsal's own arrays: the same bits as the NumPy code they stand in for."""

from __future__ import annotations

import math

import numpy as np

from .compiling import kernel, part
from .philox import words_of_64

_CLOSE = 1e-9


@part
def _uniform(word):
    """A number strictly between 0 and 1, as `Streams.uniforms` makes it."""
    return (np.float64(word >> np.uint64(11)) + 0.5) * 2.0**-53


@kernel
def fill(rows, subjects, stream, key_a, key_b):
    """`Streams.words`: rows of 4 · blocks words, a row a subject."""
    blocks = rows.shape[1] // 4
    zero, which = np.uint64(0), np.uint64(stream)
    for place in range(subjects.size):
        for block in range(blocks):
            a, b, c, d = words_of_64(
                np.uint64(block + 1), zero, subjects[place], which, key_a, key_b
            )
            at = 4 * block
            rows[place, at], rows[place, at + 1] = a, b
            rows[place, at + 2], rows[place, at + 3] = c, d


@kernel
def allocation_row(row, stratum, stream, key_a, key_b):
    """The draws of `PhiloxUniforms` in one stratum, from the first on."""
    zero = np.uint64(0)
    for block in range(row.size // 4):
        a, b, c, d = words_of_64(
            np.uint64(block), np.uint64(stratum), np.uint64(stream), zero, key_a, key_b
        )
        at = 4 * block
        row[at], row[at + 1], row[at + 2], row[at + 3] = a, b, c, d


@kernel
def leaving(high, daily, begins, until, days_before, subjects, stream, key_a, key_b, first_left):
    """The first day's index on which each person leaves in each arm (−1: never).

    `daily[arm, high]` is the chance on a day, `high[arm, person, day]` says which; `begins` and `until` bound the
    days at risk, counted from the course's first day. Numbers are drawn for the days that are looked at.
    """
    arms, persons, length = high.shape
    zero, which = np.uint64(0), np.uint64(stream)
    for person in range(persons):
        start = max(begins[person] + days_before, 0)
        end = min(until + days_before + 1, length)
        waiting = arms
        for arm in range(arms):
            first_left[arm, person] = -1
        block = -1
        a = b = c = d = zero
        for day in range(start, end):
            if day // 4 != block:
                block = day // 4
                a, b, c, d = words_of_64(
                    np.uint64(block + 1), zero, subjects[person], which, key_a, key_b
                )
            place = day % 4
            word = a if place == 0 else b if place == 1 else c if place == 2 else d
            u = _uniform(word)
            for arm in range(arms):
                if first_left[arm, person] < 0 and u < daily[arm, np.int64(high[arm, person, day])]:
                    first_left[arm, person] = day
                    waiting -= 1
            if waiting == 0:
                break


@kernel
def injury(
    fractions, strength, transit, healing, healing_after, last_index, noise, shift, levels,
    occasions, every_dose, subjects, stream, key_a, key_b,
    effect, bias, thresholds, floor, above, factor, taken, grades, observed,
):  # fmt: skip
    """The days of `latent_mucosal_injury`, for every arm and person.

    `above` is the grade from which doses are missed by `factor`. Doses are drawn where they matter, on the days of
    fractions in arms with an effect; with `every_dose` on every day. Gives False where a comparison was
    nearer than the last bits of a logarithm, which compilers and NumPy compute differently: the caller then uses
    NumPy.
    """
    persons, length = noise.shape
    zero, which = np.uint64(0), np.uint64(stream)
    a = b = c = d = zero
    for arm in range(effect.size):
        for person in range(persons):
            one, two, harm, severe = 0.0, 0.0, 0.0, False
            for day in range(length):
                level = levels[person, day]
                if severe:
                    level = level * factor
                doses = 0
                if every_dose or (fractions[person, day] and effect[arm] != 0.0):
                    block = -1
                    for turn in range(occasions):
                        index = day * occasions + turn
                        if index // 4 != block:
                            block = index // 4
                            a, b, c, d = words_of_64(
                                np.uint64(block + 1), zero, subjects[person], which, key_a, key_b
                            )
                        place = index % 4
                        word = a if place == 0 else b if place == 1 else c if place == 2 else d
                        took = _uniform(word) < level
                        taken[arm, person, day, turn] = took
                        doses += took
                given = 0.0
                if fractions[person, day]:
                    given = strength[person] * (1.0 - effect[arm] * (doses / occasions))
                out_one, out_two = transit[person] * one, transit[person] * two
                one = one - out_one + given
                two = two - out_two + out_one
                rate = healing_after[person] if day > last_index[person] else healing
                harm = harm - rate * harm + out_two
                x = math.log(max(harm, floor)) + noise[person, day] - shift[person]
                seen = x - bias[arm]
                grade, shown = 0, 0
                for at in range(thresholds.size):
                    if abs(x - thresholds[at]) < _CLOSE or abs(seen - thresholds[at]) < _CLOSE:
                        return False
                    grade += x > thresholds[at]
                    shown += seen > thresholds[at]
                grades[arm, person, day] = grade
                observed[arm, person, day] = shown
                severe = grade >= above
    return True

"""Replicate after replicate: from random words to the counts, looks and analyses that a protocol asks for."""

from __future__ import annotations

import numpy as np

from ..compiling import kernel
from ..philox import LOW
from .allocation import allocate, greatest_of
from .course import course_of_lanes, in_every_arm
from .leaving import leave
from .looks import DOUBT, analyze, reached_on, seen_by
from .outcomes import deaths, follow
from .recruitment import recruit
from .rooms import (
    room_for_blocks,
    room_for_candidates,
    room_for_fates,
    room_for_few,
    room_for_lanes,
    room_for_people,
)
from .rows import LANES
from .schedule import schedule
from .words import Numbers

RECRUITMENT, ALLOCATION, SCHEDULES, COURSE, OUTCOMES, ANALYSES = range(6)
"""The stages of a replicate. A benchmark stops after one to see what it takes; results are there after the last alone."""


@kernel
def whole_trials(
    first, count, key_a, key_b, t, until_stage,
    values, crossings, stopped, sizes, durations, randomized, doubtful, potential,
):  # fmt: skip
    """Compute `count` replicates from `first` on (all of one key), a row of each output for each.

    `values[replicate, comparison]` are estimate, limits and statistic of the final analyses, `crossings[replicate,
    comparison, look]` +1 or −1 where a boundary is crossed, 2 where it falls short, the end last; `stopped` is the look that stops the trial
    or −1, `sizes` and `durations` those of the trial as it ends. `doubtful` says that these must be computed on
    arrays. Stages after `until_stage` are left out.

    `potential[stratum]`, where it has strata, gets participants and, by arm, how many would have the event in it if
    all were followed to the end.
    """
    target, strata = t.recruitment.target, t.allocation.stratum_words.size
    arms, looks, analyses = t.course.acts.size, t.analyses.looks.size, t.analyses
    weekday_0, acts, streams, waiting = t.recruitment.weekday_0, t.course.acts, t.streams, t.waiting
    rows, few = room_for_lanes(), room_for_few()
    words = rows.words
    wanted, sites = t.recruitment.wanted, t.recruitment.rises.shape[0]
    candidates = room_for_candidates(sites, wanted)
    people, ordered = room_for_people(target), room_for_people(target)
    blocks = room_for_blocks(target, strata, greatest_of(t.allocation.block_sizes))
    fates = room_for_fates(target, t.recruitment.days, looks, strata, arms)
    counts, course = fates.counts, t.course
    for number in range(count):
        at_random = Numbers(key_a, key_b, np.uint64(first + number) & LOW)
        reached = recruit(t.recruitment, streams, waiting, candidates, words, at_random)
        if until_stage <= RECRUITMENT:
            continue
        many = min(reached, target)
        acting = allocate(
            t.allocation, acts, many, candidates, blocks, people, ordered, words, at_random,
            np.uint64(first + number),
        )  # fmt: skip
        if until_stage <= ALLOCATION:
            continue
        ends = np.int64(-1)
        counts[:] = 0
        for begin in range(0, many, LANES):
            lanes = min(LANES, many - begin)
            here = min(max(acting - begin, 0), lanes)
            # whose doses are looked at: of all, where they are put into every arm
            dosed = here if potential.shape[1] == 0 else lanes
            weeks, longest = schedule(
                course, streams, weekday_0, ordered, rows, begin, lanes, dosed, potential.shape[1] > 0,
                at_random,
            )  # fmt: skip
            if until_stage <= SCHEDULES:
                continue
            if potential.shape[1] > 0:
                in_every_arm(
                    course, t.leaving.all_seen, ordered, people.arm, rows, begin, lanes, weeks, potential
                )  # fmt: skip
            course_of_lanes(
                rows.numbers, words, lanes, here, weeks, ordered.arm, begin, course.bars, course.declines,
                course.doses, course.left, course.normal, course.noise, course.healing,
                course.severe_factor, course.floor,
            )  # fmt: skip
            if until_stage <= COURSE:
                continue
            deaths(t.leaving, ordered, rows, fates.gone, begin, lanes, at_random)
            leave(
                t.leaving, course, streams, waiting, ordered, rows, few, begin, lanes, here, weeks, longest,
                at_random,
            )  # fmt: skip
            ended = follow(
                t.leaving, streams, weekday_0, ordered, rows, fates, begin, lanes, counts[looks], at_random
            )  # fmt: skip
            ends = max(ends, ended)
        if until_stage <= OUTCOMES:
            continue
        stopped[number], sizes[number], durations[number] = -1, many, ends
        randomized[number], doubtful[number] = many, many == 0
        crossings[number] = 0
        for look in range(looks + 1):
            seen, day = many, ends
            if look < looks:
                if many < analyses.looks[look]:
                    continue
                day = reached_on(fates.awaited, many, analyses.looks[look], fates.histogram)
                seen = seen_by(day, ordered, fates, many, counts[look])
            for one in range(analyses.methods.size):
                if look < looks and analyses.bounds[one, look] < 0:
                    continue
                way = analyze(analyses, one, look, counts[look], fates, look == looks)
                if way == DOUBT:
                    doubtful[number] = True
                    continue
                crossings[number, one, look] = way
                if look == looks:
                    for place in range(4):
                        values[number, one, place] = fates.found[place]
                elif one == analyses.first and way != 0 and stopped[number] < 0:
                    stopped[number], sizes[number], durations[number] = look, seen, day

"""Dummy arms: the same cut with arms dealt out anew."""

from __future__ import annotations

import random
from dataclasses import replace

from .data import DataCut


def with_dummy_arms(data: DataCut) -> DataCut:
    """The cut with the arms dealt out anew, so that tables can be built before allocations may be seen.

    They are dealt in the protocol's ratio, with the cut's position and its participants as seed, so that
    the same cut gives the same dummy. The true arms do not enter at all, not even their numbers:
    whoever knows how the dummy was dealt can learn nothing from undoing it.
    """
    declared = data.protocol.randomization
    ratio = declared.ratio if declared else dict.fromkeys(data.arms, 1)
    share = [arm for arm, times in ratio.items() for _ in range(times)]
    people = [subject.id for subject in data.randomized]
    arms = [share[place % len(share)] for place in range(len(people))]
    random.Random(f"dummy-arms|{data.position.seq}|{'|'.join(people)}").shuffle(arms)
    dealt = dict(zip(people, arms, strict=True))
    subjects = tuple(
        replace(subject, arm=dealt[subject.id]) if subject.id in dealt else subject
        for subject in data.subjects
    )
    return replace(data, subjects=subjects, dummy_arms=True)

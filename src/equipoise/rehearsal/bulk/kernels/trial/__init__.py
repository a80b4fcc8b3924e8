"""Whole trials, replicate after replicate: from random words to the counts, looks and analyses that a protocol asks for.

It repeats under the second scheme of addresses (`rehearsal.lean`) what `generate` and the bulk engine do on arrays: the same
numbers, captured values, allocations, days, looks and counts. What it is told of a trial are tables that `bulk.whole`
makes of the protocol; nothing here knows one. Participants are the inner loop over contiguous rows in single precision.

A module is a matter: `tables` is what the kernel is told, `rooms` and `rows` are where it keeps what it finds; then in
the order of a replicate `recruitment`, `allocation`, `schedule`, `course`, `leaving`, `outcomes` and `looks`, which
`replicates` calls one after the other.

A replicate with a comparison too close for the last bits of a library's function, or with counts for which a method
has rules of its own, is marked as doubtful; the caller computes it on arrays.
"""

from .replicates import ANALYSES, whole_trials
from .rows import KEPT_ROWS, KEPT_WEEKS
from .tables import Allocation, Analyses, Course, Leaving, Recruitment, Trial
from .yardstick import words_alone

__all__ = [
    "ANALYSES",
    "KEPT_ROWS",
    "KEPT_WEEKS",
    "Allocation",
    "Analyses",
    "Course",
    "Leaving",
    "Recruitment",
    "Trial",
    "whole_trials",
    "words_alone",
]

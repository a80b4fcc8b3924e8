"""Whole trials in a compiled kernel: the tables it needs of a protocol, and its replicates as batches.

`WholeTrials` goes through a protocol and its assumptions and refuses (`BeyondError`) whatever the kernel does not repeat;
the caller then computes replicates on arrays. Nothing stands twice that can be asked: visit days come from the
calendar of virtual participants for every course there can be, levels from the tables they are drawn with, criteria from
what is certain of them (`certain`).

    known         what the kernel knows of a protocol and its assumptions
    screening     that every candidate who is not made to fail is randomized
    recruitment, allocation, course, leaving, analyses   a table of the kernel each, made of that
    trials        the tables together, and replicates computed with them
"""

from __future__ import annotations

from .errors import BeyondError, DisagreementError
from .trials import WholeTrials

__all__ = ["BeyondError", "DisagreementError", "WholeTrials"]

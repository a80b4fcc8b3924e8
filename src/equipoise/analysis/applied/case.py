"""What a method is given: a treatment arm, a control arm, and what is known of the participants of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equipoise.protocol.document import Analysis, Endpoint

from ..cut import DataCut, Subject
from ..endpoints import Outcome
from ..methods import Estimate

Rows = list[tuple[Subject, Outcome]]


@dataclass(frozen=True, slots=True)
class Case:
    """A comparison of two arms: `first` and `second` are those of treatment and control who have an outcome,
    `everyone` all of both arms in the analysis set."""

    data: DataCut
    analysis: Analysis
    endpoint: Endpoint
    treatment: str
    control: str
    first: Rows
    second: Rows
    everyone: tuple[Rows, Rows]
    confidence: float

    @property
    def rows(self) -> Rows:
        """Those with an outcome: treatment, then control."""
        return [*self.first, *self.second]

    @property
    def treated(self) -> list[float]:
        """1 for each of `rows` in the treatment arm, else 0."""
        return [1.0] * len(self.first) + [0.0] * len(self.second)


def values(rows: Rows) -> list[float]:
    """The numbers of those who have one."""
    return [outcome.value for _, outcome in rows if outcome.value is not None]


def table(first: Rows, second: Rows) -> tuple[int, int, int, int]:
    """Events and participants of both arms."""
    return (
        sum(1 for _, outcome in first if outcome.event),
        len(first),
        sum(1 for _, outcome in second if outcome.event),
        len(second),
    )


def stratum(subject: Subject, factors: Sequence[str]) -> tuple[str, ...]:
    """The participant's levels of the factors as used for allocation (the site where it is one)."""
    return tuple(subject.strata.get(factor, "") for factor in factors)


def tables(first: Rows, second: Rows, factors: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """A two-by-two table for each stratum that anybody is in, in order of the levels."""
    groups: dict[tuple[str, ...], tuple[Rows, Rows]] = {}
    for side, rows in enumerate((first, second)):
        for row in rows:
            groups.setdefault(stratum(row[0], factors), ([], []))[side].append(row)
    return [table(*groups[level]) for level in sorted(groups)]


def usable(found: Sequence[tuple[int, int, int, int]]) -> tuple[int, int]:
    """How many strata have both arms, and how many do not."""
    used = sum(1 for _, total_1, _, total_2 in found if total_1 and total_2)
    return used, len(found) - used


def indicators(rows: Rows, factors: Sequence[str]) -> tuple[list[str], list[list[float]]]:
    """Names and columns: an indicator for each further level of each factor, as used for allocation."""
    names, columns = [], []
    for factor in factors:
        levels = sorted({subject.strata.get(factor, "") for subject, _ in rows})
        for level in levels[1:]:
            names.append(f"{factor}={level}")
            columns.append([float(s.strata.get(factor, "") == level) for s, _ in rows])
    return names, columns


def exponential(found: Estimate) -> Estimate:
    """A ratio from its logarithm."""
    if found.reason:
        return found
    return Estimate(
        math.exp(found.estimate), math.exp(found.lower), math.exp(found.upper), found.confidence,
        found.statistic, found.p, found.df,
    )  # fmt: skip

"""The result of a method: an estimate with its interval and test."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from scipy.special import ndtr, ndtri

NAN = math.nan


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with a two-sided confidence interval and a two-sided test of no effect.

    Fields that a method does not give, or that are undefined for the data, are `nan`. `reason` is
    empty where the method could be applied and otherwise says what the data lack.
    """

    estimate: float
    lower: float
    upper: float
    confidence: float
    statistic: float = NAN
    p: float = NAN
    df: float = NAN
    reason: str = ""

    @classmethod
    def undefined(cls, confidence: float, reason: str) -> Self:
        """The result where the data do not allow the method."""
        return cls(NAN, NAN, NAN, confidence, reason=reason)


def critical_value(confidence: float) -> float:
    """The two-sided standard normal quantile for a confidence level in (0, 1)."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} must lie between 0 and 1, for instance 0.95")
    return float(ndtri(0.5 + confidence / 2))


def two_sided_p(z: float) -> float:
    """The two-sided p-value of a standard normal statistic."""
    return float(2 * ndtr(-abs(z)))


def check_counts(events: float, total: float, name: str) -> None:
    """Refuse counts that are not counts; an empty group (0 of 0) is allowed."""
    whole = all(math.isfinite(one) and one == int(one) for one in (events, total))
    if not (whole and 0 <= events <= total):
        raise ValueError(f"{name}: {events} events of {total} is not a count of a group")

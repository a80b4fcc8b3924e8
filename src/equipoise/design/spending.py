"""How much of the error a group-sequential design may have spent at an information fraction.

A spending function maps the fraction t of the maximum information (0 < t ≤ 1) to the cumulative
probability of crossing the boundary by then under the null hypothesis; at t = 1 it is the level itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from scipy.special import ndtr, ndtri

from .errors import DesignError, number

Spending = Callable[[float, float], float]
"""(alpha, t) → what may have been spent by t."""


def obrien_fleming(alpha: float, t: float) -> float:
    """Lan and DeMets (Biometrika 1983;70:659), O'Brien–Fleming type: 2(1 − Φ(z(alpha/2)/√t))."""
    return float(2 * ndtr(ndtri(alpha / 2) / math.sqrt(t)))


def pocock(alpha: float, t: float) -> float:
    """Lan and DeMets (1983), Pocock type: alpha · ln(1 + (e − 1)t)."""
    return alpha * math.log1p((math.e - 1) * t)


def hwang_shih_decani(gamma: float) -> Spending:
    """Hwang, Shih and DeCani (Stat Med 1990;9:1439): alpha(1 − e^(−gamma·t))/(1 − e^(−gamma)).

    `gamma` = −4 lies near O'Brien–Fleming, 1 near Pocock; 0 spends evenly.
    """
    number("gamma", gamma)

    def spent(alpha: float, t: float) -> float:
        if gamma == 0:
            return alpha * t
        if gamma < 0:
            # the same, with what would overflow taken out of both
            return alpha * math.exp(gamma * (1 - t)) * math.expm1(gamma * t) / math.expm1(gamma)
        return alpha * math.expm1(-gamma * t) / math.expm1(-gamma)

    return spent


def power_family(rho: float) -> Spending:
    """Kim and DeMets (Biometrika 1987;74:149): alpha · t^rho, rho > 0."""
    if not (math.isfinite(rho) and rho > 0):
        raise DesignError("rho", rho, "a number above 0")
    return lambda alpha, t: alpha * t**rho


def user_spending(fractions: Sequence[float], cumulative: Sequence[float]) -> Spending:
    """A table of cumulative proportions of alpha at given fractions, linear in between.

    Both rise strictly; the last pair is (1, 1).
    """
    if len(fractions) != len(cumulative) or not fractions:
        raise DesignError("cumulative", list(cumulative), "one proportion for each fraction")
    pairs = [(0.0, 0.0), *zip(fractions, cumulative, strict=True)]
    rising = all(a[0] < b[0] and a[1] <= b[1] for a, b in itertools.pairwise(pairs))
    if not rising or pairs[-1] != (1.0, 1.0):
        raise DesignError("cumulative", list(cumulative), "rising proportions that end with 1 at 1")

    def spent(alpha: float, t: float) -> float:
        for (t0, c0), (t1, c1) in itertools.pairwise(pairs):
            if t <= t1:
                return alpha * (c0 + (c1 - c0) * (t - t0) / (t1 - t0))
        return alpha

    return spent


SPENDING: dict[str, Spending] = {"obrien_fleming": obrien_fleming, "pocock": pocock}
"""Spending functions as a protocol names them."""

"""Comparing means: Welch's t-test and the linear model (analysis of covariance)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from .estimate import Estimate, critical_value

Floats = NDArray[np.float64]
_ALIASED = 1e-7
"""A column whose part outside the earlier ones is smaller than this share of it is aliased (as in R)."""


def _by_t(value: float, se: float, df: float, confidence: float) -> Estimate:
    quantile = float(stdtrit(df, 0.5 + confidence / 2))
    t = value / se if se > 0 else math.nan
    p = float(2 * stdtr(df, -abs(t))) if se > 0 else math.nan
    reason = "" if se > 0 else "the values do not vary"
    return Estimate(
        value, value - quantile * se, value + quantile * se, confidence, t, p, df, reason
    )


def welch(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> Estimate:
    """The difference in means (first less second) with Welch's interval and t-test.

    Degrees of freedom by Satterthwaite (Welch, Biometrika 1947;34:28). Fewer than two values in a
    group leave the estimate without an interval.
    """
    critical_value(confidence)
    x = np.asarray(first, dtype=np.float64).ravel()
    y = np.asarray(second, dtype=np.float64).ravel()
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("values must be finite: leave missing ones out")
    if x.size == 0 or y.size == 0:
        return Estimate.undefined(confidence, "an arm has nobody with an outcome yet")
    difference = float(x.mean() - y.mean())
    if x.size < 2 or y.size < 2:
        nan = math.nan
        return Estimate(difference, nan, nan, confidence, reason="an arm has one participant only")
    part_x, part_y = float(x.var(ddof=1)) / x.size, float(y.var(ddof=1)) / y.size
    variance = part_x + part_y
    if variance == 0:
        return Estimate(
            difference, difference, difference, confidence, reason="the values do not vary"
        )
    df = variance**2 / (part_x**2 / (x.size - 1) + part_y**2 / (y.size - 1))
    return _by_t(difference, math.sqrt(variance), df, confidence)


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel:
    """A least-squares fit. Aliased columns have `nan` coefficients and are named in `aliased`."""

    names: tuple[str, ...]
    coefficients: Floats
    standard_errors: Floats
    residual_df: int
    residual_standard_error: float
    observations: int
    aliased: tuple[str, ...]

    def coefficient(self, name: str, confidence: float = 0.95) -> Estimate:
        """A coefficient with its t interval and test against zero."""
        critical_value(confidence)
        index = self.names.index(name)
        value, se = float(self.coefficients[index]), float(self.standard_errors[index])
        if math.isnan(value):
            return Estimate.undefined(
                confidence, "the data do not tell this effect from the others"
            )
        if self.residual_df < 1:
            nan = math.nan
            return Estimate(value, nan, nan, confidence, reason="no residual degrees of freedom")
        return _by_t(value, se, float(self.residual_df), confidence)


def linear_model(response: ArrayLike, columns: ArrayLike, names: Sequence[str]) -> LinearModel:
    """Ordinary least squares of `response` (n) on `columns` (n × k, the intercept included if wanted).

    A column that depends linearly on earlier ones is left out and named, as R's `lm` does; so a
    stratum level that nobody has does no harm.
    """
    y = np.asarray(response, dtype=np.float64).ravel()
    x = np.asarray(columns, dtype=np.float64)
    if x.shape != (y.size, len(names)):
        raise ValueError(f"{len(names)} names for a design of shape {x.shape} and {y.size} values")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("values must be finite: leave missing ones out")
    kept, basis = [], np.empty((y.size, 0))
    for index in range(x.shape[1]):
        column = x[:, index]
        size = float(np.linalg.norm(column))
        # Twice, since one projection leaves rounding errors in nearly dependent columns.
        outside = column - basis @ (basis.T @ column)
        outside = outside - basis @ (basis.T @ outside)
        length = float(np.linalg.norm(outside))
        if size > 0 and length > _ALIASED * size:
            basis = np.column_stack((basis, outside / length))
            kept.append(index)
    coefficients = np.full(len(names), math.nan)
    standard_errors = np.full(len(names), math.nan)
    df = y.size - len(kept)
    sigma = math.nan
    if kept:
        design = x[:, kept]
        solution = np.linalg.lstsq(design, y, rcond=None)[0]
        coefficients[kept] = solution
        if df > 0:
            residual = y - design @ solution
            sigma = math.sqrt(float(residual @ residual) / df)
            triangle = np.linalg.qr(design, mode="r")
            inverse = np.linalg.inv(triangle)
            standard_errors[kept] = sigma * np.sqrt((inverse**2).sum(axis=1))
    aliased = tuple(name for index, name in enumerate(names) if index not in kept)
    return LinearModel(tuple(names), coefficients, standard_errors, df, sigma, y.size, aliased)

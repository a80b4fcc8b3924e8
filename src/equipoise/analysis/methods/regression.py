"""Regression for yes-or-no and ordered outcomes, and the risk difference standardized from it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from .estimate import Estimate, critical_value, two_sided_p
from .newton import Maximum, maximize

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Coefficients with Wald limits and tests. `reason` is empty where there is a finite estimate."""

    names: tuple[str, ...]
    coefficients: Floats
    standard_errors: Floats
    covariance: Floats
    log_likelihood: float
    confidence: float
    reason: str = ""

    def coefficient(self, name: str) -> Estimate:
        """One coefficient; undefined, with the reason, where there is none."""
        at = self.names.index(name)
        if self.reason:
            return Estimate.undefined(self.confidence, self.reason)
        value, error = float(self.coefficients[at]), float(self.standard_errors[at])
        reach = critical_value(self.confidence) * error
        z = value / error
        return Estimate(value, value - reach, value + reach, self.confidence, z, two_sided_p(z))


def regression_of(names: Sequence[str], found: Maximum, confidence: float) -> Regression:
    """The coefficients at a maximum."""
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(np.diag(found.covariance))
    return Regression(
        tuple(names),
        found.parameters,
        errors,
        found.covariance,
        found.log_likelihood,
        confidence,
        found.reason,
    )


def design_matrix(columns: ArrayLike, names: Sequence[str], rows: int) -> Floats:
    """Columns, one sequence a name, as a matrix of `rows` rows; ValueError where they do not fit or are not finite.

    A matrix with a row a participant is refused, never reshaped: its numbers would silently change places.
    """
    given = np.asarray(columns, dtype=np.float64)
    if not names:
        if given.size:
            raise ValueError(f"columns of shape {given.shape} without a name: name each")
        return np.empty((rows, 0))
    if len(names) == 1:
        given = given.reshape(1, -1)
    if given.ndim != 2 or given.shape[0] != len(names):
        raise ValueError(
            f"columns of shape {given.shape} for {len(names)} names: give one sequence a name, each of"
            f" {rows} values (transpose a matrix that has a row a participant)"
        )
    if given.shape[1] != rows:
        raise ValueError(f"columns of {given.shape[1]} rows for {rows} outcomes")
    if not np.isfinite(given).all():
        raise ValueError("columns must be finite: leave out who has a missing value")
    return given.T


def spread(matrix: Floats) -> Floats:
    """The standard deviation of each column; 1 for a constant one."""
    deviation = matrix.std(axis=0) if matrix.size else np.ones(matrix.shape[1])
    return np.where(deviation > 0, deviation, 1.0)


def logistic_regression(
    outcome: ArrayLike, columns: ArrayLike, names: Sequence[str], confidence: float = 0.95
) -> Regression:
    """Log odds of the outcome, linear in the columns, with an intercept named `(intercept)`.

    `columns` is one sequence a name. As R's `glm(family = binomial)`; limits are Wald's.
    """
    y = _zero_or_one(outcome)
    x = np.column_stack([np.ones(y.size), design_matrix(columns, names, y.size)])
    labels = ("(intercept)", *names)
    if not y.size or y.min() == y.max():
        empty = np.full(len(labels), np.nan)
        reason = "everybody had the same outcome" if y.size else "no participants"
        return regression_of(
            labels,
            Maximum(empty, math.nan, np.full((len(labels),) * 2, np.nan), reason),
            confidence,
        )

    def likelihood(beta: Floats) -> tuple[float, Floats, Floats]:
        linear = x @ beta
        p = expit(linear)
        value = float((y * linear - np.logaddexp(0, linear)).sum())
        return value, x.T @ (y - p), (x * (p * (1 - p))[:, None]).T @ x

    start = np.zeros(x.shape[1])
    start[0] = math.log(y.mean() / (1 - y.mean()))
    return regression_of(labels, maximize(likelihood, start, spread(x)), confidence)


@dataclass(frozen=True, slots=True)
class Standardized:
    """Risks if everybody were treated and if nobody were, and their difference and ratio."""

    treated: float
    control: float
    difference: Estimate
    ratio: Estimate


def standardized_risks(
    outcome: ArrayLike,
    treated: ArrayLike,
    columns: ArrayLike,
    names: Sequence[str],
    confidence: float = 0.95,
) -> Standardized:
    """Marginal risks from a logistic model of treatment and covariates (g-computation).

    Predictions are averaged over everybody (FDA, Adjusting for Covariates, 2023); standard errors by the delta
    method over the model's covariance and the covariates as observed.
    """
    y, arm = _zero_or_one(outcome), _zero_or_one(treated)
    if arm.size != y.size:
        raise ValueError(f"{arm.size} arms for {y.size} outcomes: give one for each")
    rest = design_matrix(columns, names, y.size)
    model = logistic_regression(y, [arm, *rest.T], ["treated", *names], confidence)
    if model.reason:
        gone = Estimate.undefined(confidence, model.reason)
        return Standardized(math.nan, math.nan, gone, gone)
    ones = np.ones(y.size)
    risks, slopes = [], []
    for given in (ones, np.zeros(y.size)):
        x = np.column_stack([ones, given, rest])
        p = expit(x @ model.coefficients)
        risks.append(float(p.mean()))
        slopes.append((x * (p * (1 - p))[:, None]).mean(axis=0))
    one, none = risks
    difference = _delta(one - none, slopes[0] - slopes[1], model.covariance, confidence)
    log_ratio = _delta(
        math.log(one / none), slopes[0] / one - slopes[1] / none, model.covariance, confidence
    )
    ratio = Estimate(
        math.exp(log_ratio.estimate), math.exp(log_ratio.lower), math.exp(log_ratio.upper),
        confidence, log_ratio.statistic, log_ratio.p,
    )  # fmt: skip
    return Standardized(one, none, difference, ratio)


def _delta(value: float, slope: Floats, covariance: Floats, confidence: float) -> Estimate:
    error = math.sqrt(float(slope @ covariance @ slope))
    reach = critical_value(confidence) * error
    z = value / error if error else math.nan
    return Estimate(value, value - reach, value + reach, confidence, z, two_sided_p(z))


def _zero_or_one(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64).ravel()
    if not np.isin(found, (0.0, 1.0)).all():
        raise ValueError("give 0 or 1 for each participant")
    return found


def ordered_outcomes(outcome: ArrayLike) -> NDArray[Any]:
    """Outcomes that can be put in order; ValueError for a missing one, which would pass for a level of its own."""
    y = np.asarray(outcome).ravel()
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError("outcomes must be finite: leave out who has none")
    return y


def ordinal_regression(
    outcome: ArrayLike,
    columns: ArrayLike,
    names: Sequence[str],
    confidence: float = 0.95,
    *,
    participants: Sequence[Hashable] | None = None,
) -> Regression:
    """Proportional odds: logit P(outcome ≤ level) = threshold − columns · coefficients (McCullagh, JRSS B
    1980;42:109), as R's `ordinal::clm`.

    Levels are the distinct outcomes in order; thresholds are named `≤level`. A positive coefficient means higher
    outcomes. With `participants`, one name a row, several rows may be of one: the coefficients are those of the
    population, and the covariance is the sandwich over participants (Liang and Zeger, Biometrika 1986;73:13, with
    independence as working correlation, without a small-sample factor).
    """
    y = ordered_outcomes(outcome)
    levels, place = np.unique(y, return_inverse=True)
    x = design_matrix(columns, names, y.size)
    cuts = levels.size - 1
    labels = (*(f"≤{level}" for level in levels[:-1]), *names)
    if cuts < 1:
        empty = np.full(len(labels), np.nan)
        reason = "everybody had the same outcome" if y.size else "no participants"
        return regression_of(
            labels,
            Maximum(empty, math.nan, np.full((len(labels),) * 2, np.nan), reason),
            confidence,
        )
    identity = np.eye(cuts)
    above = np.vstack([identity, np.zeros(cuts)])[place]
    below = np.vstack([np.zeros(cuts), identity])[place]
    over, under = np.column_stack([above, -x]), np.column_stack([below, -x])
    top, bottom = place == cuts, place == 0

    def scores(theta: Floats) -> tuple[Floats, Floats, Floats]:
        """The probability of each row, its score, and the sum of second derivatives of the probabilities."""
        high, low = over @ theta, under @ theta
        f_high = np.where(top, 1.0, expit(high))
        f_low = np.where(bottom, 0.0, expit(low))
        p = f_high - f_low
        d_high = np.where(top, 0.0, f_high * (1 - f_high))
        d_low = np.where(bottom, 0.0, f_low * (1 - f_low))
        slope = (over * d_high[:, None] - under * d_low[:, None]) / p[:, None]
        bend_high = d_high * (1 - 2 * f_high) / p
        bend_low = d_low * (1 - 2 * f_low) / p
        second = (over * bend_high[:, None]).T @ over - (under * bend_low[:, None]).T @ under
        return p, slope, second

    def likelihood(theta: Floats) -> tuple[float, Floats, Floats]:
        if (np.diff(theta[:cuts]) <= 0).any():
            return -math.inf, theta, identity
        with np.errstate(divide="ignore", invalid="ignore"):
            p, slope, second = scores(theta)
        if not (p > 0).all():
            # so far out that a level of somebody's has no probability left: the step was too long
            return -math.inf, theta, identity
        return float(np.log(p).sum()), slope.sum(axis=0), slope.T @ slope - second

    share = np.cumsum(np.bincount(place))[:-1] / y.size
    start = np.concatenate([np.log(share / (1 - share)), np.zeros(x.shape[1])])
    scale = np.concatenate([np.ones(cuts), spread(x)])
    found = maximize(likelihood, start, scale)
    if participants is not None and not found.reason:
        if len(participants) != y.size:
            raise ValueError(f"{len(participants)} names for {y.size} outcomes: give one for each")
        order = {one: at for at, one in enumerate(dict.fromkeys(participants))}
        who = [order[one] for one in participants]
        together = np.zeros((len(order), found.parameters.size))
        np.add.at(together, who, scores(found.parameters)[1])
        robust = found.covariance @ (together.T @ together) @ found.covariance
        found = Maximum(found.parameters, found.log_likelihood, robust)
    return regression_of(labels, found, confidence)

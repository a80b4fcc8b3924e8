"""A mixed model for repeated measures (MMRM): means by visit, an unstructured covariance, restricted maximum
likelihood (Mallinckrodt and others, J Biopharm Stat 2001;11:9).

Missing visits need not be filled in: the likelihood of what was seen is right where the others are missing at
random. Participants enter as sums over patterns of visits seen, so that a step costs the same for any number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import stdtr, stdtrit

from .estimate import Estimate, critical_value

Floats = NDArray[np.float64]

_DIFFERENCE = 1e-5
_POLISH = 15
_ALIASED = 1e-9
TOO_FEW = "too few participants saw the visits together for a covariance of their own"


@dataclass(frozen=True, slots=True, eq=False)
class RepeatedMeasures:
    """The fit. Coefficients stand visit by visit: `coefficients[v, k]` belongs to column k at visit v.

    `covariance` is that of a participant's visits, `deviance` minus twice the restricted log-likelihood. `reason`
    is empty where there is a fit.
    """

    names: tuple[str, ...]
    coefficients: Floats
    coefficient_covariance: Floats
    covariance: Floats
    deviance: float
    participants: int
    sensitivity: Floats
    """Of the covariance of the estimates: [parameter, ., .], by each free parameter of the visits' covariance."""
    parameter_covariance: Floats
    reason: str = ""

    def contrast(self, weights: ArrayLike, confidence: float = 0.95) -> Estimate:
        """A weighted sum of coefficients (one weight a visit and column), with its t interval.

        Degrees of freedom by Satterthwaite: twice the squared variance over the variance of the variance (Giesbrecht
        and Burns, Biometrics 1985;41:477), as R's `mmrm` does by default.
        """
        critical_value(confidence)
        if self.reason:
            return Estimate.undefined(confidence, self.reason)
        c = np.asarray(weights, dtype=np.float64).ravel()
        value = float(c @ self.coefficients.ravel())
        variance = float(c @ self.coefficient_covariance @ c)
        slope = np.einsum("a,kab,b->k", c, self.sensitivity, c)
        spread = float(slope @ self.parameter_covariance @ slope)
        if not variance > 0 or not spread > 0:
            return Estimate.undefined(confidence, "the values do not vary")
        df, error = 2 * variance**2 / spread, math.sqrt(variance)
        reach, t = float(stdtrit(df, 0.5 + confidence / 2)) * error, value / error
        p = float(2 * stdtr(df, -abs(t)))
        return Estimate(value, value - reach, value + reach, confidence, t, p, df)

    def effect(self, name: str, visit: int, confidence: float = 0.95) -> Estimate:
        """A column's coefficient at a visit (counted from 0, negative from the last)."""
        weights = np.zeros_like(self.coefficients)
        weights[visit, self.names.index(name)] = 1.0
        return self.contrast(weights, confidence)


class _Patterns:
    """Cross-products over the participants of each pattern of visits seen, the others zero."""

    def __init__(self, y: Floats, z: Floats) -> None:
        seen = np.isfinite(y)
        self.masks, member = np.unique(seen, axis=0, return_inverse=True)
        member = member.ravel()
        count, self.visits, self.width = len(self.masks), y.shape[1], z.shape[1]
        filled = np.where(seen, y, 0.0)
        self.sizes = np.bincount(member, minlength=count).astype(np.float64)
        self.zz = np.zeros((count, self.width, self.width))
        self.zy = np.zeros((count, self.width, self.visits))
        self.yy = np.zeros((count, self.visits, self.visits))
        for at in range(count):
            rows = member == at
            self.zz[at] = z[rows].T @ z[rows]
            self.zy[at] = z[rows].T @ filled[rows]
            self.yy[at] = filled[rows].T @ filled[rows]
        self.both = self.masks[:, :, None] & self.masks[:, None, :]
        self.observations = int(seen.sum())

    def weights(self, covariance: Floats) -> tuple[Floats, float]:
        """The inverse covariance of each pattern's visits, zero elsewhere, and the sum of log-determinants."""
        padded = np.where(self.both, covariance, 0.0)
        index = np.arange(self.visits)
        padded[:, index, index] += ~self.masks
        factor = np.linalg.cholesky(padded)
        logs = 2 * np.log(factor[:, index, index]).sum(axis=1)
        return np.where(self.both, np.linalg.inv(padded), 0.0), float(self.sizes @ logs)

    def information(self, weights: Floats) -> tuple[Floats, Floats]:
        """X'V⁻¹X and X'V⁻¹y; the parameter of visit s and column a stands at s·width + a."""
        size = self.visits * self.width
        left = np.einsum("kst,kab->satb", weights, self.zz, optimize=True).reshape(size, size)
        right = np.einsum("kst,kat->sa", weights, self.zy, optimize=True).ravel()
        return left, right


class _Restricted:
    """Minus twice the restricted log-likelihood as a function of a log-Cholesky factor, with its gradient."""

    def __init__(self, patterns: _Patterns) -> None:
        self.patterns = patterns
        self.rows: NDArray[np.intp]
        self.columns: NDArray[np.intp]
        self.rows, self.columns = np.tril_indices(patterns.visits)
        self.diagonal = self.rows == self.columns

    def factor(self, parameters: Floats) -> Floats:
        lower = np.zeros((self.patterns.visits,) * 2)
        lower[self.rows, self.columns] = np.where(
            self.diagonal, np.exp(np.where(self.diagonal, parameters, 0.0)), parameters
        )
        return lower

    def parameters(self, covariance: Floats) -> Floats:
        lower = np.linalg.cholesky(covariance)[self.rows, self.columns]
        return np.where(self.diagonal, np.log(np.where(self.diagonal, lower, 1.0)), lower)

    def chained(self, lower: Floats, by_covariance: Floats) -> Floats:
        """From a symmetric derivative by the covariance (last two axes) to one by the parameters."""
        by_factor = 2 * by_covariance @ lower
        chosen = by_factor[..., self.rows, self.columns]
        scale = np.where(self.diagonal, lower[self.rows, self.columns], 1.0)
        return np.asarray(chosen * scale, dtype=np.float64)

    def solve(self, lower: Floats) -> tuple[float, Floats, Floats, Floats]:
        """The deviance, the coefficients, their covariance, and the weights."""
        own = self.patterns
        weights, logs = own.weights(lower @ lower.T)
        left, right = own.information(weights)
        inverse = np.linalg.inv(left)
        beta = inverse @ right
        sign, determinant = np.linalg.slogdet(left)
        if sign <= 0:
            raise np.linalg.LinAlgError("the columns are not independent of each other")
        squares = float(np.einsum("kst,kst->", weights, own.yy) - beta @ right)
        constant = (own.observations - left.shape[0]) * math.log(2 * math.pi)
        deviance = constant + logs + float(determinant) + squares
        return deviance, beta, np.asarray(inverse, dtype=np.float64), weights

    def __call__(self, parameters: Floats) -> tuple[float, Floats]:
        own, lower = self.patterns, self.factor(parameters)
        deviance, beta, inverse, weights = self.solve(lower)
        means = beta.reshape(own.visits, own.width).T
        cross = np.einsum("kat,as->kts", own.zy, means, optimize=True)
        residual = own.yy - cross - cross.transpose(0, 2, 1)
        residual = residual + np.einsum("as,kab,bt->kst", means, own.zz, means, optimize=True)
        block = inverse.reshape(own.visits, own.width, own.visits, own.width)
        fitted = np.einsum("satb,kab->kst", block, own.zz, optimize=True)
        by_covariance = np.einsum("k,kst->st", own.sizes, weights) - np.einsum(
            "ksu,kuv,kvt->st", weights, residual + fitted, weights, optimize=True
        )
        return deviance, self.chained(lower, by_covariance)

    def sensitivity(self, lower: Floats, inverse: Floats, weights: Floats) -> Floats:
        """How the coefficients' covariance follows each parameter: [parameter, ., .]."""
        own = self.patterns
        visits, width, size = own.visits, own.width, inverse.shape[0]
        block = inverse.reshape(size, visits, width)
        out = np.empty((self.rows.size, size, size))
        for at, (row, column) in enumerate(
            zip(self.rows.tolist(), self.columns.tolist(), strict=True)
        ):
            change = np.zeros((visits, visits))
            scale = lower[row, column] if row == column else 1.0
            change[row] += scale * lower[:, column]
            change[:, row] += scale * lower[:, column]
            turned = weights @ change @ weights
            middle = np.einsum("kst,kab->satb", turned, own.zz, optimize=True)
            part = np.einsum("xsa,satb->xtb", block, middle, optimize=True).reshape(size, size)
            out[at] = part @ inverse
        return out


def repeated_measures(
    outcomes: ArrayLike, columns: Sequence[ArrayLike], names: Sequence[str]
) -> RepeatedMeasures:
    """The mixed model of participants × visits `outcomes` (`nan` where a visit was not seen).

    `columns` is one sequence a name, one value a participant; an intercept named `(intercept)` comes first, and each
    column has a coefficient of its own at every visit (treatment by visit, baseline by visit). Participants without
    any visit say nothing. As R's `nlme::gls` with `corSymm` and `varIdent`, or `mmrm` with `us()`.
    """
    y = np.asarray(outcomes, dtype=np.float64)
    if y.ndim != 2:
        raise ValueError(f"outcomes of {y.ndim} dimensions: give participants by visits")
    labels = ("(intercept)", *names)
    z = np.ones((y.shape[0], 1))
    for name, column in zip(names, columns, strict=True):
        values = np.asarray(column, dtype=np.float64).ravel()
        if values.size != y.shape[0]:
            raise ValueError(f"{name}: {values.size} values for {y.shape[0]} participants")
        z = np.column_stack([z, values])
    if not np.isfinite(z).all():
        raise ValueError("columns must be finite: leave out who has a missing value")
    seen = np.isfinite(y)
    some = seen.any(axis=1)
    y, z, seen = y[some], z[some], seen[some]
    visits, width = y.shape[1], z.shape[1]
    if not y.shape[0]:
        return _none(labels, visits, 0, "no participants")
    for visit in range(visits):
        rows = z[seen[:, visit]]
        scale = np.sqrt((rows**2).sum(axis=0)) if len(rows) else np.zeros(width)
        if len(rows) <= width or (scale == 0).any():
            return _none(labels, visits, len(y), "a visit has too few participants")
        if np.linalg.svd(rows / scale, compute_uv=False)[-1] < _ALIASED:
            return _none(labels, visits, len(y), "the columns are not independent of each other")
    size = float(np.nanstd(y)) or 1.0
    restricted = _Restricted(_Patterns(y / size, z))
    try:
        return _fitted(restricted, _start(y / size, z), labels, size, len(y))
    except np.linalg.LinAlgError:
        reason = TOO_FEW
        return _none(labels, visits, len(y), reason)


def _start(y: Floats, z: Floats) -> Floats:
    """Variances of each visit's own residuals, correlations of one half."""
    deviations = []
    for visit in range(y.shape[1]):
        rows = np.isfinite(y[:, visit])
        beta = np.linalg.lstsq(z[rows], y[rows, visit], rcond=None)[0]
        left = y[rows, visit] - z[rows] @ beta
        deviations.append(math.sqrt(max(float(left @ left) / (rows.sum() - z.shape[1]), 1e-6)))
    scale = np.array(deviations)
    return np.asarray(np.outer(scale, scale) * (0.5 + 0.5 * np.eye(scale.size)), dtype=np.float64)


def _fitted(
    restricted: _Restricted, start: Floats, labels: tuple[str, ...], size: float, people: int
) -> RepeatedMeasures:
    def guarded(at: Floats) -> tuple[float, Floats]:
        # the line search tries parameters whose covariances are beyond any number: no fit, and nothing to warn of
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                value, gradient = restricted(at)
        except np.linalg.LinAlgError:
            return 1e300, np.zeros_like(at)
        return (value, gradient) if math.isfinite(value) else (1e300, np.zeros_like(at))

    at = restricted.parameters(start)
    found = minimize(guarded, at, jac=True, method="BFGS", options={"gtol": 1e-4, "maxiter": 1000})
    at = np.asarray(found.x, dtype=np.float64)
    for _ in range(_POLISH):
        hessian = _hessian(restricted, at)
        np.linalg.cholesky(hessian)
        step = np.linalg.solve(hessian, restricted(at)[1])
        at = at - step
        if np.abs(step).max() < 1e-7:
            break
    else:
        raise np.linalg.LinAlgError("no maximum")
    lower = restricted.factor(at)
    deviance, beta, inverse, weights = restricted.solve(lower)
    patterns = restricted.patterns
    shape = (patterns.visits, patterns.width)
    rescaled = 2 * (patterns.observations - beta.size) * math.log(size)
    return RepeatedMeasures(
        labels,
        (beta * size).reshape(shape),
        inverse * size**2,
        lower @ lower.T * size**2,
        deviance + rescaled,
        people,
        restricted.sensitivity(lower, inverse, weights) * size**2,
        np.asarray(2 * np.linalg.inv(hessian), dtype=np.float64),
    )


def _hessian(restricted: _Restricted, at: Floats) -> Floats:
    columns = []
    for index in range(at.size):
        step = np.zeros_like(at)
        step[index] = _DIFFERENCE
        columns.append((restricted(at + step)[1] - restricted(at - step)[1]) / (2 * _DIFFERENCE))
    found = np.column_stack(columns)
    return (found + found.T) / 2


def _none(labels: tuple[str, ...], visits: int, people: int, reason: str) -> RepeatedMeasures:
    size = visits * len(labels)
    free = visits * (visits + 1) // 2
    return RepeatedMeasures(
        labels,
        np.full((visits, len(labels)), np.nan),
        np.full((size, size), np.nan),
        np.full((visits, visits), np.nan),
        math.nan,
        people,
        np.full((free, size, size), np.nan),
        np.full((free, free), np.nan),
        reason,
    )

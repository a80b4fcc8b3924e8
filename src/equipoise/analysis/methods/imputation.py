"""Multiple imputation: pooling its results, and what a missing visit is expected to be under a reference.

An imputation draws from a conditional normal distribution; a strategy says whose means and covariance hold for
the visits that are missing (Carpenter, Roger and Kenward, J Biopharm Stat 2013;23:1352).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from .estimate import NAN, Estimate, critical_value

Floats = NDArray[np.float64]
Strategy = Literal["MAR", "J2R", "CR", "CIR", "LMCF"]
"""Missing at random, jump to reference, copy reference, copy increments in reference, last mean carried forward."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """Mean and covariance of the missing visits, given the observed ones."""

    mean: Floats
    covariance: Floats


def reference_based(
    observed: ArrayLike,
    own_mean: ArrayLike,
    own_covariance: ArrayLike,
    reference_mean: ArrayLike,
    reference_covariance: ArrayLike,
    strategy: Strategy,
) -> Conditional:
    """The missing visits of one participant under a strategy.

    `observed` has one value a visit, `nan` where it is missing. Visits before the last observed one are imputed
    by the participant's own arm; the strategy speaks of those after it.
    """
    values = np.asarray(observed, dtype=np.float64).ravel()
    own, reference = (np.asarray(m, dtype=np.float64).ravel() for m in (own_mean, reference_mean))
    own_cov = np.asarray(own_covariance, dtype=np.float64)
    reference_cov = np.asarray(reference_covariance, dtype=np.float64)
    visits = values.size
    shapes = {own.size, reference.size, *own_cov.shape, *reference_cov.shape}
    if shapes != {visits}:
        raise ValueError(
            f"{visits} visits, and means or covariances of {sorted(shapes)}: give one size"
        )
    seen = np.isfinite(values)
    if seen.all():
        return Conditional(np.empty(0), np.empty((0, 0)))
    last = int(np.flatnonzero(seen)[-1]) if seen.any() else -1
    after = np.arange(visits) > last
    mean = own.copy()
    covariance = own_cov
    if strategy == "J2R":
        mean[after] = reference[after]
    elif strategy == "CR":
        mean = reference.copy()
    elif strategy == "CIR":
        shift = own[last] - reference[last] if last >= 0 else 0.0
        mean[after] = reference[after] + shift
    elif strategy == "LMCF":
        mean[after] = own[last] if last >= 0 else own[0]
    elif strategy != "MAR":
        raise ValueError(f"strategy {strategy!r}: give MAR, J2R, CR, CIR or LMCF")
    if strategy == "CR" or (strategy in ("J2R", "CIR") and last < 0):
        covariance = reference_cov
    elif strategy in ("J2R", "CIR"):
        covariance = _joined(own_cov, reference_cov, last + 1)
    if not seen.any():
        return Conditional(mean, covariance)
    gone = ~seen
    weights = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, gone)]).T
    return Conditional(
        mean[gone] + weights @ (values[seen] - mean[seen]),
        covariance[np.ix_(gone, gone)] - weights @ covariance[np.ix_(seen, gone)],
    )


def _joined(own: Floats, reference: Floats, before: int) -> Floats:
    """A covariance that is one's own up to a visit and, given that, the reference's after it."""
    early = own[:before, :before]
    slope = np.linalg.solve(reference[:before, :before], reference[:before, before:]).T
    joined = np.empty_like(own)
    joined[:before, :before] = early
    joined[before:, :before] = slope @ early
    joined[:before, before:] = joined[before:, :before].T
    rest = reference[before:, before:] - slope @ reference[:before, before:]
    joined[before:, before:] = rest + slope @ early @ slope.T
    return joined


@dataclass(frozen=True, slots=True)
class Pooled(Estimate):
    """The pooled estimate with what its variance is made of: the mean variance `within` imputations, and the variance
    of the estimates `between` them."""

    within: float = math.nan
    between: float = math.nan
    imputations: int = 0

    @property
    def variance(self) -> float:
        """Within, and 1 + 1/m times between (Rubin's T)."""
        return self.within + (1 + 1 / self.imputations) * self.between if self.imputations else NAN

    @property
    def relative_increase(self) -> float:
        """By how much of itself the variance within grows for what is missing (Rubin's r)."""
        return self.variance / self.within - 1 if self.within > 0 else NAN

    @property
    def missing_information(self) -> float:
        """The fraction of missing information: (r + 2/(df + 3))/(r + 1), as `mice`."""
        increase = self.relative_increase
        return (increase + 2 / (self.df + 3)) / (increase + 1)


def pool(
    estimates: ArrayLike,
    standard_errors: ArrayLike,
    complete_df: float = math.inf,
    confidence: float = 0.95,
) -> Pooled:
    """One result from the imputed data sets (Rubin 1987), degrees of freedom by Barnard and Rubin (Biometrika
    1999;86:948) where `complete_df` of the complete data are finite.

    `standard_errors` are the roots of the variances within the data sets (`U` of R's `mice::pool.scalar`);
    `complete_df` is participants less coefficients (its n − k).
    """
    q = np.asarray(estimates, dtype=np.float64).ravel()
    errors = np.asarray(standard_errors, dtype=np.float64).ravel()
    u = errors**2
    m = q.size
    if m < 2 or u.size != m:
        raise ValueError(
            f"{m} estimates and {u.size} standard errors: give two or more, of each as many"
        )
    if not (np.isfinite(q).all() and np.isfinite(u).all()) or (errors < 0).any():
        raise ValueError("estimates must be finite, standard errors finite and not negative")
    if not complete_df > 0:
        raise ValueError(f"complete_df {complete_df}: give a number above 0, or leave it out")
    critical_value(confidence)
    within, between = float(u.mean()), float(q.var(ddof=1))
    total = within + (1 + 1 / m) * between
    if total <= 0:
        return Pooled.undefined(confidence, "neither imputations nor estimates vary")
    fraction = (1 + 1 / m) * between / total
    old = (m - 1) / fraction**2 if fraction > 0 else math.inf
    df = old
    if math.isfinite(complete_df):
        seen = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - fraction)
        df = seen if math.isinf(old) else old * seen / (old + seen)
    value, error = float(q.mean()), math.sqrt(total)
    reach = float(student.ppf(0.5 + confidence / 2, df)) * error
    z = value / error
    p = float(2 * student.sf(abs(z), df))
    return Pooled(
        value, value - reach, value + reach, confidence, z, p, df,
        within=within, between=between, imputations=m,
    )  # fmt: skip

"""Multiple imputation of a repeated outcome: from missing at random to a tipping point.

The visits are taken as jointly normal with a mean by arm and covariates. Parameters are drawn from their posterior by
data augmentation (Schafer, Analysis of Incomplete Multivariate Data, 1997, section 5.4), each completed data set is
analyzed by analysis of covariance at the last visit, and the results are pooled by Rubin's rules.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincinv, ndtri

from .estimate import Estimate, critical_value
from .imputation import Strategy, pool, reference_based
from .repeated import TOO_FEW, repeated_measures

Floats = NDArray[np.float64]

_BURN_IN, _BETWEEN = 100, 10
"""Rounds of data augmentation before the first imputation, and between one and the next."""


class Draws:
    """A named stream of random numbers: Philox 4x64-10, keyed by what is analyzed, addressed by step.

    The key is the first 128 bits of SHA-256(`equipoise-imputation-1|name|name…`); the draws of a step have its number
    as the fourth word of the counter. The same trial and analysis so draw the same numbers at every cut and machine.
    """

    def __init__(self, *names: str) -> None:
        text = "|".join(("equipoise-imputation-1", *names))
        self._key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")

    def uniforms(self, step: int, count: int) -> Floats:
        """`count` numbers in (0, 1) of a step."""
        counter = np.array([0, 0, 0, step], dtype=np.uint64)
        words = np.random.Philox(key=self._key, counter=counter).random_raw(count)
        return np.asarray(((words >> np.uint64(11)) + 0.5) / 2.0**53, dtype=np.float64)

    def normals(self, step: int, count: int) -> Floats:
        """`count` standard normal numbers of a step."""
        return np.asarray(ndtri(self.uniforms(step, count)), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Completed:
    """Completed values at the last visit, [participant, imputation], and what they are analyzed with.

    `imputed` marks who had no value there. `reason` is empty where there are imputations.
    """

    values: Floats
    imputed: NDArray[np.bool_]
    treated: NDArray[np.bool_]
    design: Floats
    reason: str = ""

    def effect(self, confidence: float = 0.95, shift: float = 0.0) -> Estimate:
        """The adjusted difference in means, treatment less control, pooled over the imputations.

        `shift` is added to the imputed values of the treatment arm. Degrees of freedom by Barnard and Rubin.
        """
        critical_value(confidence)
        if self.reason:
            return Estimate.undefined(confidence, self.reason)
        moved = self.values + shift * (self.imputed & self.treated)[:, None]
        x = self.design
        inverse = np.linalg.inv(x.T @ x)
        beta = inverse @ x.T @ moved
        df = x.shape[0] - x.shape[1]
        residual = moved - x @ beta
        variance = (residual**2).sum(axis=0) / df * inverse[1, 1]
        return pool(beta[1], np.sqrt(variance), df, confidence)


def impute(
    outcomes: ArrayLike,
    treated: ArrayLike,
    columns: Sequence[ArrayLike],
    draws: Draws,
    *,
    strategy: Strategy = "MAR",
    imputations: int = 50,
) -> Completed:
    """Impute participants × visits `outcomes` (`nan` where not seen), `treated` 0 or 1, `columns` one value each.

    The strategy speaks of visits after the last one seen (Carpenter, Roger and Kenward 2013): under J2R, CR and CIR of
    the treatment arm, whose reference is the control; LMCF of both. Whoever was never seen is imputed as well. The
    posterior takes the missing visits as missing at random, its prior of the covariance is Jeffreys'.
    """
    y = np.asarray(outcomes, dtype=np.float64)
    arm = np.asarray(treated, dtype=np.float64).ravel()
    if y.ndim != 2 or arm.size != y.shape[0] or not np.isin(arm, (0.0, 1.0)).all():
        raise ValueError("give participants by visits, and an arm of 0 or 1 for each participant")
    if imputations < 2:
        raise ValueError(f"{imputations} imputations: give two or more")
    z = np.column_stack(
        [np.ones(arm.size), arm, *(np.asarray(one, dtype=float) for one in columns)]
    )
    names = [str(place) for place in range(1, z.shape[1])]
    start = repeated_measures(y, list(z[:, 1:].T), names)
    gone = ~np.isfinite(y)
    empty = np.full((arm.size, imputations), np.nan)
    if start.reason:
        return Completed(empty, gone[:, -1], arm == 1, z, start.reason)
    filled = np.where(gone, z @ start.coefficients.T, y)
    means, covariance = start.coefficients.T, start.covariance
    groups = _patterns(gone)
    values = np.empty((arm.size, imputations))
    step = 0
    for number in range(imputations):
        for _ in range(_BURN_IN if number == 0 else _BETWEEN):
            filled = _imputed(
                filled, z @ means, covariance, groups, draws.normals(2 * step, y.size)
            )
            try:
                means, covariance = _posterior(
                    filled, z, draws.uniforms(2 * step + 1, _needed(y, z))
                )
            except np.linalg.LinAlgError:
                return Completed(empty, gone[:, -1], arm == 1, z, TOO_FEW)
            step += 1
        drawn = draws.normals(2 * step, y.size)
        whole = _imputed(filled, z @ means, covariance, groups, drawn)
        values[:, number] = whole[:, -1]
        if strategy != "MAR":
            _by_reference(values[:, number], y, arm, z, means, covariance, strategy, drawn)
        step += 1
    return Completed(values, gone[:, -1], arm == 1, z)


def _patterns(gone: NDArray[np.bool_]) -> list[tuple[NDArray[np.bool_], NDArray[np.intp]]]:
    """Each pattern of missing visits with the participants who have it; the complete ones are left out."""
    masks, member = np.unique(gone, axis=0, return_inverse=True)
    return [
        (mask, np.flatnonzero(member.ravel() == at)) for at, mask in enumerate(masks) if mask.any()
    ]


def _imputed(
    filled: Floats,
    expected: Floats,
    covariance: Floats,
    groups: Sequence[tuple[NDArray[np.bool_], NDArray[np.intp]]],
    normals: Floats,
) -> Floats:
    """Draw the missing visits given those seen; a participant's numbers are the same whoever else there is."""
    out = filled.copy()
    noise = normals.reshape(filled.shape)
    for mask, who in groups:
        seen = ~mask
        rest = covariance[np.ix_(mask, mask)]
        mean = expected[np.ix_(who, mask)]
        if seen.any():
            slope = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, mask)])
            mean = mean + (filled[np.ix_(who, seen)] - expected[np.ix_(who, seen)]) @ slope
            rest = rest - covariance[np.ix_(mask, seen)] @ slope
        out[np.ix_(who, mask)] = mean + noise[np.ix_(who, mask)] @ np.linalg.cholesky(rest).T
    return out


def _needed(y: Floats, z: Floats) -> int:
    """How many uniforms a draw of the parameters takes: Bartlett's triangle, and the coefficients."""
    visits = y.shape[1]
    return int(visits * (visits + 1) // 2 + visits * z.shape[1])


def _posterior(filled: Floats, z: Floats, uniforms: Floats) -> tuple[Floats, Floats]:
    """Draw coefficients [column, visit] and covariance given complete data: inverse Wishart, then matrix normal."""
    visits, width = filled.shape[1], z.shape[1]
    inverse = np.linalg.inv(z.T @ z)
    beta = inverse @ z.T @ filled
    residual = filled - z @ beta
    df = filled.shape[0] - width
    rows, columns = np.tril_indices(visits, -1)
    bartlett = np.zeros((visits, visits))
    shape = (df - np.arange(visits)) / 2
    bartlett[np.diag_indices(visits)] = np.sqrt(2 * gammaincinv(shape, uniforms[:visits]))
    below = rows.size
    bartlett[rows, columns] = ndtri(uniforms[visits : visits + below])
    # S = LL'; the covariance is (L A⁻ᵀ)(L A⁻ᵀ)' for a Wishart AA' of the unit matrix
    lower = np.linalg.cholesky(residual.T @ residual)
    root = np.linalg.solve(bartlett, lower.T).T
    covariance = root @ root.T
    noise = ndtri(uniforms[visits + below :]).reshape(width, visits)
    drawn = beta + np.linalg.cholesky(inverse) @ noise @ np.linalg.cholesky(covariance).T
    return np.asarray(drawn), np.asarray((covariance + covariance.T) / 2)


def _by_reference(
    values: Floats,
    y: Floats,
    arm: Floats,
    z: Floats,
    means: Floats,
    covariance: Floats,
    strategy: Strategy,
    normals: Floats,
) -> None:
    """Put the strategy's draw where the last visit is missing and the strategy speaks of the participant."""
    noise = normals.reshape(y.shape)
    reference = z.copy()
    reference[:, 1] = 0.0
    own, other = z @ means, reference @ means
    for at in np.flatnonzero(~np.isfinite(y[:, -1])):
        if arm[at] == 0 and strategy != "LMCF":
            continue
        found = reference_based(y[at], own[at], covariance, other[at], covariance, strategy)
        gone = ~np.isfinite(y[at])
        factor = np.linalg.cholesky(found.covariance)
        values[at] = found.mean[-1] + float(factor[-1] @ noise[at, gone])


@dataclass(frozen=True, slots=True)
class Shifted:
    """The effect where the imputed values of the treatment arm are shifted."""

    shift: float
    estimate: Estimate


def tipping_shifts(
    completed: Completed, step: float, confidence: float = 0.95, most: int = 40
) -> tuple[tuple[Shifted, ...], float]:
    """The effect under shifts of 0, one step, two steps … against the effect found, until the conclusion turns.

    The second answer is the first shift at which the interval holds 0: 0 where it does so already without any, `nan` where
    `most` steps do not get there, or nothing was imputed in the treatment arm.
    """
    if not step > 0:
        raise ValueError(f"step {step} must be positive")
    rows: list[Shifted] = []
    first = completed.effect(confidence)
    if first.reason:
        return (), math.nan
    away = -math.copysign(step, first.estimate)
    movable = bool((completed.imputed & completed.treated).any())
    for turn in range(most + 1 if movable else 1):
        shift = turn * away if turn else 0.0
        found = completed.effect(confidence, shift)
        rows.append(Shifted(shift, found))
        if found.lower <= 0 <= found.upper:
            return tuple(rows), shift
    return tuple(rows), math.nan

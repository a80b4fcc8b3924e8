"""Ordered outcomes measured again and again: proportional odds with an intercept of the participant's own.

The likelihood integrates the intercepts out by Laplace's approximation (Tierney and Kadane, J Am Stat Assoc
1986;81:82), as R's `ordinal::clmm` does by default, or by adaptive Gauss–Hermite quadrature (Liu and Pierce,
Biometrika 1994;81:624). On the logistic scale a level's log-probability is
log F(a) + log(1 − F(b)) + log(1 − exp(b − a)), whose last term knows nothing of the intercept; so every derivative
below is in closed form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logsumexp

from .estimate import Estimate
from .newton import Maximum
from .regression import (
    Regression,
    design_matrix,
    ordered_outcomes,
    ordinal_regression,
    regression_of,
    spread,
)

Floats = NDArray[np.float64]

_INNER_STEPS = 60
_INNER_CLOSE = 1e-11
_DIFFERENCE = 1e-5
_POLISH = 25
_FAR = 12.0
"""A coefficient of this many log odds for one standard deviation of its column, seen without the intercepts, has no
maximum in sight."""
_STEADY = 60.0
"""Intercepts spread further than this say that participants hardly move between levels."""
_NODES = (21, 41, 80)
_SETTLED = 0.05
"""Of a standard error: what more nodes may change in a parameter or in a standard error itself."""
_LOGISTIC = 16 * 3**0.5 / (15 * 3.141592653589793)
"""A normal intercept of deviation s flattens a log odds ratio by √(1 + (s·this)²) (Zeger and others, Biometrics
1988;44:1049)."""


@dataclass(frozen=True, slots=True, eq=False)
class MixedOrdinal:
    """Thresholds and coefficients, and the standard deviation of the participants' intercepts."""

    fixed: Regression
    standard_deviation: float

    @property
    def reason(self) -> str:
        """Empty where there is a finite estimate."""
        return self.fixed.reason

    def coefficient(self, name: str) -> Estimate:
        """A log odds ratio, given the participant: positive means higher outcomes."""
        return self.fixed.coefficient(name)


class _Laplace:
    """The marginal log-likelihood and its gradient. Parameters: thresholds, coefficients, standard deviation."""

    def __init__(self, place: NDArray[np.intp], x: Floats, who: NDArray[np.intp]) -> None:
        self.cuts = int(place.max())
        self.x, self.who = x, who
        self.people = int(who.max()) + 1
        self.top, self.bottom = place == self.cuts, place == 0
        self.high_at = np.where(self.top, 0, place)
        self.low_at = np.where(self.bottom, 0, place - 1)
        self.inner = ~self.top & ~self.bottom
        self.modes = np.zeros(self.people)

    def _sum(self, values: Floats) -> Floats:
        return np.bincount(self.who, values, self.people).astype(np.float64)

    def _ends(self, theta: Floats, shift: Floats) -> tuple[Floats, Floats]:
        """F at the upper and the lower end of each observed level."""
        high = np.where(self.top, 1.0, expit(theta[self.high_at] - shift))
        low = np.where(self.bottom, 0.0, expit(theta[self.low_at] - shift))
        return high, low

    def _joint(self, theta: Floats, shift: Floats, modes: Floats) -> Floats:
        """Of each participant the log-likelihood with the intercept's density, without constants."""
        value = np.where(self.top, 0.0, log_expit(theta[self.high_at] - shift))
        value = value + np.where(self.bottom, 0.0, log_expit(shift - theta[self.low_at]))
        width = np.where(self.inner, theta[self.high_at] - theta[self.low_at], 1.0)
        value = value + np.where(self.inner, np.log(-np.expm1(-width)), 0.0)
        return self._sum(value) - 0.5 * modes * modes

    def _climb(self, theta: Floats, linear: Floats, sd: float) -> tuple[Floats, Floats]:
        """Every participant's most probable intercept, and the joint log-likelihood there."""
        modes = self.modes
        joint = self._joint(theta, linear + sd * modes[self.who], modes)
        for _ in range(_INNER_STEPS):
            high, low = self._ends(theta, linear + sd * modes[self.who])
            slope = sd * self._sum(high - 1 + low) - modes
            bend = sd * sd * self._sum(high * (1 - high) + low * (1 - low)) + 1
            step = slope / bend
            tried = self._joint(theta, linear + sd * (modes + step)[self.who], modes + step)
            # the joint likelihood is concave, yet a whole Newton step may pass the top
            worse = tried < joint - 1e-12 * (1 + np.abs(joint))
            while worse.any():
                step = np.where(worse, step / 2, step)
                tried = self._joint(theta, linear + sd * (modes + step)[self.who], modes + step)
                worse = (
                    worse & (tried < joint - 1e-12 * (1 + np.abs(joint))) & (np.abs(step) > 1e-14)
                )
            modes, joint = modes + step, tried
            if np.abs(step).max() < _INNER_CLOSE:
                break
        self.modes = modes
        return modes, joint

    def _by_ends(self, theta: Floats, high: Floats, low: Floats) -> tuple[Floats, Floats]:
        """The derivatives of each row's log-probability by its upper and its lower threshold."""
        width = np.where(self.inner, theta[self.high_at] - theta[self.low_at], 1.0)
        # beyond 700 the share of what lies between is nothing that a float can hold
        between = np.where(self.inner, 1 / np.expm1(np.minimum(width, 700.0)), 0.0)
        return (
            np.where(self.top, 0.0, 1 - high) + between,
            np.where(self.bottom, 0.0, -low) - between,
        )

    def _by_thresholds(self, by_high: Floats, by_low: Floats) -> Floats:
        """Summed over the rows that a threshold bounds."""
        upper = np.bincount(self.high_at, np.where(self.top, 0.0, by_high), self.cuts)
        lower = np.bincount(self.low_at, np.where(self.bottom, 0.0, by_low), self.cuts)
        return np.asarray(upper + lower, dtype=np.float64)

    def __call__(self, at: Floats) -> tuple[float, Floats]:
        cuts = self.cuts
        theta, beta, sd = at[:cuts], at[cuts:-1], float(at[-1])
        if (np.diff(theta) <= 0).any():
            return -math.inf, np.zeros_like(at)
        linear = self.x @ beta
        modes, joint = self._climb(theta, linear, sd)
        own = modes[self.who]
        high, low = self._ends(theta, linear + sd * own)
        f_high, f_low = high * (1 - high), low * (1 - low)
        curvature = f_high + f_low
        bend = sd * sd * self._sum(curvature) + 1
        value = float((joint - 0.5 * np.log(bend)).sum())

        # of the joint log-likelihood: by the shift m = xβ + sd·u, and by the thresholds
        by_shift = high - 1 + low
        by_high, by_low = self._by_ends(theta, high, low)
        # of the curvature f(a) + f(b): by a, by b, and by the shift, their sum turned round
        turn_high, turn_low = f_high * (1 - 2 * high), f_low * (1 - 2 * low)
        turn_shift = -(turn_high + turn_low)
        # how the log of the bend follows each parameter, directly and through the mode
        share = (1 / bend)[self.who]
        direct = -0.5 * sd * sd * share
        by_mode = -0.5 * sd**3 * self._sum(turn_shift) / bend
        through = (by_mode / bend)[self.who] * sd

        weight_high = by_high + direct * turn_high + through * f_high
        weight_low = by_low + direct * turn_low + through * f_low
        shift = by_shift + direct * turn_shift - through * curvature
        gradient = np.zeros_like(at)
        gradient[:cuts] = self._by_thresholds(weight_high, weight_low)
        gradient[cuts:-1] = self.x.T @ shift
        # the deviation: through the shift by u, in the bend as a factor, and in the mode's own equation
        gradient[-1] = float(
            (by_shift * own + direct * turn_shift * own).sum()
            - (sd * self._sum(curvature) / bend).sum()
            + (by_mode / bend * (self._sum(by_shift) - sd * modes * self._sum(curvature))).sum()
        )
        return value, gradient


class _Quadrature(_Laplace):
    """The same by Gauss–Hermite nodes set about each participant's mode, as wide as the curvature there says.

    The gradient is the score averaged over the nodes (Fisher's identity): that of the integral, to the nodes' own
    accuracy.
    """

    def __init__(
        self, place: NDArray[np.intp], x: Floats, who: NDArray[np.intp], nodes: int
    ) -> None:
        super().__init__(place, x, who)
        self.nodes, weights = np.polynomial.hermite.hermgauss(nodes)
        self.log_weights = np.log(weights) + self.nodes**2 - 0.5 * math.log(math.pi)

    def __call__(self, at: Floats) -> tuple[float, Floats]:
        cuts = self.cuts
        theta, beta, sd = at[:cuts], at[cuts:-1], float(at[-1])
        if (np.diff(theta) <= 0).any():
            return -math.inf, np.zeros_like(at)
        linear = self.x @ beta
        modes, _ = self._climb(theta, linear, sd)
        high, low = self._ends(theta, linear + sd * modes[self.who])
        bend = sd * sd * self._sum(high * (1 - high) + low * (1 - low)) + 1
        places = modes + math.sqrt(2) * self.nodes[:, None] / np.sqrt(bend)

        # one line a node, one column an assessment; what lies between two thresholds is the same at every node
        own = places[:, self.who]
        shift = linear + sd * own
        log_high = np.where(self.top, 0.0, log_expit(theta[self.high_at] - shift))
        log_above = np.where(self.bottom, 0.0, log_expit(shift - theta[self.low_at]))
        width = np.where(self.inner, theta[self.high_at] - theta[self.low_at], 1.0)
        between = self._sum(np.where(self.inner, np.log(-np.expm1(-width)), 0.0))
        cells = (np.arange(self.nodes.size)[:, None] * self.people + self.who).ravel()
        seen = np.bincount(cells, (log_high + log_above).ravel(), places.size)
        logs = seen.reshape(places.shape) - 0.5 * places**2 + between + self.log_weights[:, None]
        whole = logsumexp(logs, axis=0)

        weight = np.exp(logs - whole)[:, self.who]
        high, low = np.exp(log_high), -np.expm1(log_above)
        mean_high, mean_low = (weight * high).sum(axis=0), (weight * low).sum(axis=0)
        gradient = np.zeros_like(at)
        gradient[:cuts] = self._by_thresholds(*self._by_ends(theta, mean_high, mean_low))
        gradient[cuts:-1] = self.x.T @ (mean_high - 1 + mean_low)
        gradient[-1] = float((weight * (high - 1 + low) * own).sum())
        return float((whole - 0.5 * np.log(bend)).sum()), gradient


def ordinal_mixed(
    outcome: ArrayLike,
    columns: ArrayLike,
    names: Sequence[str],
    participants: Sequence[Hashable],
    confidence: float = 0.95,
    *,
    nodes: int | None = 1,
) -> MixedOrdinal:
    """Proportional odds with a normal intercept a participant: logit P(outcome ≤ level) = threshold − columns ·
    coefficients − intercept (Hedeker and Gibbons, Biometrics 1994;50:933).

    One row an assessment: `outcome` in order, `columns` one sequence a name, `participants` who it is of. Missing
    assessments are left out, which is right where they are missing at random given what was seen. As R's
    `ordinal::clmm(…, Hess = TRUE)`; limits are Wald's, from the observed information. `nodes` are those of the
    integral over the intercepts (R's `nAGQ`): 1 is Laplace's approximation, from 5 on adaptive quadrature. None takes
    as many as change nothing any more (`_SETTLED`), and has no estimate where the most do not settle it: Laplace's
    approximation is far off where participants hardly move between levels.
    """
    if nodes is not None and nodes != 1 and not 5 <= nodes <= 100:
        raise ValueError(f"nodes {nodes}: give 1 (Laplace), or from 5 to 100 (quadrature)")
    y = ordered_outcomes(outcome)
    x = design_matrix(columns, names, y.size)
    if len(participants) != y.size:
        raise ValueError(
            f"{len(participants)} participants for {y.size} outcomes: give one for each"
        )
    plain = ordinal_regression(y, columns, names, confidence)
    if plain.reason:
        return MixedOrdinal(plain, math.nan)
    _, levels = np.unique(y, return_inverse=True)
    place = np.asarray(levels)
    known = {one: at for at, one in enumerate(dict.fromkeys(participants))}
    who = np.array([known[one] for one in participants])
    if len(known) < 2 or len(known) == y.size:
        return _none(
            plain,
            "nobody was assessed more than once"
            if len(known) > 1
            else "an arm has one participant only",
        )
    scale = np.concatenate([np.ones(int(place.max())), spread(x), [1.0]])
    start = np.concatenate([plain.coefficients * 1.3, [1.0]])
    if nodes is None:
        top = _settled(lambda many: _Quadrature(place, x, who, many), start, scale)
    else:
        model = _Laplace(place, x, who) if nodes == 1 else _Quadrature(place, x, who, nodes)
        top = _highest(model, start, scale)
    if top.reason:
        return _none(plain, top.reason)
    fixed = Maximum(top.parameters[:-1], top.log_likelihood, top.covariance[:-1, :-1])
    return MixedOrdinal(
        regression_of(plain.names, fixed, confidence), abs(float(top.parameters[-1]))
    )


def _settled(model_with: Callable[[int], _Laplace], start: Floats, scale: Floats) -> Maximum:
    """The maximum from which more nodes move no parameter and no standard error."""
    before: Maximum | None = None
    for nodes in _NODES:
        found = _highest(model_with(nodes), start, scale, before)
        if found.reason:  # with few nodes an uneven likelihood may seem to have no top
            before = None
            continue
        errors = np.sqrt(np.diag(found.covariance))
        if before is not None:
            moved = np.abs(found.parameters - before.parameters) / errors
            widened = np.abs(np.sqrt(np.diag(before.covariance)) / errors - 1)
            if max(moved.max(), widened.max()) <= _SETTLED:
                return found
        before = found
    return found if found.reason else _nowhere(
        found, "participants hardly move between levels: the integral over them does not settle"
    )  # fmt: skip


def _highest(model: _Laplace, start: Floats, scale: Floats, near: Maximum | None = None) -> Maximum:
    """The maximum of a likelihood, climbed to from `start`, or from a maximum that is `near`."""

    def downhill(at: Floats) -> tuple[float, Floats]:
        value, gradient = model(at / scale)
        return (-value, -gradient / scale) if math.isfinite(value) else (1e300, np.zeros_like(at))

    if near is None:
        found = minimize(downhill, start * scale, jac=True, method="BFGS", options={"gtol": 1e-5})
        at = np.asarray(found.x / scale, dtype=np.float64)
        information = _information(model, at, scale)
    else:
        at = near.parameters
        information = np.asarray(np.linalg.inv(near.covariance), dtype=np.float64)
    top = Maximum(at, math.nan, np.full((at.size, at.size), math.nan))
    no_top = _nowhere(top, "the likelihood has no maximum that could be found")
    stride = math.inf
    for _ in range(_POLISH):
        flat = math.hypot(1.0, float(at[-1]) * _LOGISTIC)
        if np.abs(at * scale)[:-1].max() / flat > _FAR:
            return _nowhere(top, "a column separates the outcomes: no finite estimate")
        if abs(float(at[-1])) > _STEADY:
            return _nowhere(top, "participants hardly move between levels: no finite estimate")
        if not _bends_down(information):
            return no_top
        step = np.linalg.solve(information, model(at)[1])
        before, stride = stride, float(np.abs(step * scale).max())
        at = at + step
        if stride < 1e-7:
            break
        if stride > before / 4:  # the likelihood bends otherwise here
            information = _information(model, at, scale)
    else:
        return no_top
    information = _information(model, at, scale)
    if not _bends_down(information):
        return no_top
    covariance = np.asarray(np.linalg.inv(information), dtype=np.float64)
    return Maximum(at, model(at)[0], covariance)


def _bends_down(information: Floats) -> bool:
    try:
        np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return False
    return True


def _nowhere(top: Maximum, reason: str) -> Maximum:
    return replace(top, reason=reason)


def _information(model: _Laplace, at: Floats, scale: Floats) -> Floats:
    """Minus the Hessian, by central differences of the gradient."""
    columns = []
    for index in range(at.size):
        step = np.zeros_like(at)
        step[index] = _DIFFERENCE / scale[index]
        columns.append((model(at - step)[1] - model(at + step)[1]) / (2 * step[index]))
    hessian = np.column_stack(columns)
    return np.asarray((hessian + hessian.T) / 2, dtype=np.float64)


def _none(plain: Regression, reason: str) -> MixedOrdinal:
    """Thresholds and coefficients without a value, and why."""
    size = len(plain.names)
    gone = Maximum(np.full(size, np.nan), math.nan, np.full((size, size), np.nan), reason)
    return MixedOrdinal(regression_of(plain.names, gone, plain.confidence), math.nan)

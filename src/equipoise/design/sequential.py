"""Group-sequential boundaries and their crossing probabilities.

Test statistics Z_1, …, Z_K at information fractions t_1 < … < t_K have the canonical joint distribution:
with drift δ (the expected Z at full information) E Z_k = δ√t_k and cov(Z_j, Z_k) = √(t_j/t_k). The
sub-density of Z_k among paths that have not stopped is carried from look to look by numerical integration
(Armitage, McPherson and Rowe 1969; Jennison and Turnbull, Group Sequential Methods, 2000, chapter 19),
here with Gauss–Legendre quadrature in panels no wider than the transition.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from .errors import DesignError, number, positive, probability, root, sides
from .spending import Spending

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_REACH = 9.0
"""Standard deviations beyond which a normal density is nothing (1e-19)."""

SEARCH = (-8.0, 12.0)
"""Between which critical values are looked for."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """A group-sequential design: critical values of Z at each information fraction.

    `upper` stops for efficacy. `lower` stops for futility (one-sided) or efficacy in the other direction
    (two-sided, where it mirrors `upper`, or lies above where that stops for futility); −inf where there is none.
    `level` is one-sided for `sided` = 1.
    With `binding` the upper boundary counts on the lower one being kept.
    """

    fractions: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    level: float
    sided: int
    binding: bool


@dataclass(frozen=True, slots=True)
class Crossing:
    """Probabilities of stopping at each look: above the upper boundary, below the lower one."""

    upper: tuple[float, ...]
    lower: tuple[float, ...]

    @property
    def reject(self) -> float:
        """The probability of ever crossing the upper boundary."""
        return math.fsum(self.upper)


class Paths:
    """The sub-density of Z among paths that go on, on quadrature nodes."""

    def __init__(self, drift: float) -> None:
        self._drift = drift
        self._t = 0.0
        self._z = np.zeros(1)
        self._mass = np.ones(1)
        """Density times quadrature weight: what a node stands for."""

    def above(self, t: float, bound: float) -> float:
        """P(no stop before, Z at t > bound)."""
        return float(self._mass @ ndtr(-self._standard(t, np.array([bound]))[:, 0]))

    def below(self, t: float, bound: float) -> float:
        """P(no stop before, Z at t < bound)."""
        if bound == -math.inf:
            return 0.0
        return float(self._mass @ ndtr(self._standard(t, np.array([bound]))[:, 0]))

    def go_on(self, t: float, lower: float, upper: float, following: float | None) -> None:
        """Move to look t and keep the paths between its boundaries."""
        if following is None:
            return
        mean = self._drift * math.sqrt(t)
        low, high = max(lower, mean - _REACH), min(upper, mean + _REACH)
        if low >= high:
            self._mass, self._z, self._t = np.zeros(1), np.zeros(1), t
            return
        width = min(1.0, math.sqrt((following - t) / following), math.sqrt((t - self._t) / t))
        panels = min(max(4, math.ceil((high - low) / width)), 400)
        edges = np.linspace(low, high, panels + 1)
        half = np.diff(edges)[:, None] / 2
        nodes = (edges[:-1, None] + half * (_NODES[None, :] + 1)).ravel()
        weights = (half * _WEIGHTS[None, :]).ravel()
        scale = math.sqrt(t / (t - self._t))
        standard = self._standard(t, nodes)
        density = scale * np.exp(-0.5 * standard * standard) / math.sqrt(2 * math.pi)
        self._mass = (self._mass @ density) * weights
        self._z, self._t = nodes, t

    def _standard(self, t: float, z: np.ndarray) -> np.ndarray:
        """The increment that leads from each node to each z, in standard deviations."""
        step = t - self._t
        here = self._z[:, None] * math.sqrt(self._t) + self._drift * step
        return np.asarray((z[None, :] * math.sqrt(t) - here) / math.sqrt(step))


def crossing(boundaries: Boundaries, drift: float = 0.0) -> Crossing:
    """The probabilities of stopping at each look when E Z = drift · √t."""
    number("drift", drift)
    paths = Paths(drift)
    upper, lower = [], []
    for at, t in enumerate(boundaries.fractions):
        b, a = boundaries.upper[at], boundaries.lower[at]
        upper.append(paths.above(t, b))
        lower.append(paths.below(t, a))
        following = boundaries.fractions[at + 1] if at + 1 < len(boundaries.fractions) else None
        paths.go_on(t, a, b, following)
    return Crossing(tuple(upper), tuple(lower))


def spending_boundaries(
    fractions: Sequence[float],
    alpha: float,
    spending: Spending,
    *,
    sided: int = 1,
    futility: Sequence[float] | None = None,
    binding: bool = False,
) -> Boundaries:
    """Boundaries that spend `alpha` as the function says (Lan and DeMets, Biometrika 1983;70:659).

    `futility` gives a lower bound of Z for each look but the last (one-sided designs); unless `binding`, the
    upper boundary is computed as though nobody heeded it. Two-sided designs spend alpha/2 on each side.
    """
    times = _times(fractions)
    probability("alpha", alpha, open_interval=True)
    sides(sided)
    if futility is not None and sided == 2:
        raise DesignError("futility", list(futility), "none in a two-sided design")
    stops = _futility(futility, len(times))
    one_side = alpha / sided
    paths = Paths(0.0)
    spent = 0.0
    upper: list[float] = []
    for at, t in enumerate(times):
        now = spending(one_side, min(t, 1.0))
        share = now - spent
        if share <= paths.above(t, SEARCH[1]):
            # nothing to spend, or less than a critical value of 12 does: no stop, and it is kept for later
            bound = math.inf
        elif share >= paths.above(t, SEARCH[0]):
            raise DesignError(
                "futility",
                list(stops[:at]),
                f"bounds that leave something to spend at look {at + 1}",
            )
        else:
            spent = now
            bound = float(
                brentq(lambda b, t=t, s=share: paths.above(t, b) - s, *SEARCH, xtol=1e-12)
            )
        upper.append(bound)
        following = times[at + 1] if at + 1 < len(times) else None
        low = -bound if sided == 2 else (stops[at] if binding else -math.inf)
        paths.go_on(t, low, bound, following)
    lower = tuple(-b for b in upper) if sided == 2 else stops
    return Boundaries(times, tuple(upper), lower, alpha, sided, binding)


def boundaries_reached(
    information: Sequence[float],
    maximum: float,
    alpha: float,
    spending: Spending,
    *,
    sided: int = 1,
    final: bool = False,
) -> Boundaries:
    """Boundaries at the information actually reached at each look so far.

    `maximum` is the planned one. The `final` look spends all that is left, whether it comes with less information
    than planned or with more; the fractions of the answer are then those of the information reached.
    """
    reached = [positive("information", one) for one in information]
    positive("maximum", maximum)
    if not reached or any(a >= b for a, b in itertools.pairwise(reached)):
        raise DesignError("information", list(information), "rising information, a number a look")
    if not final and reached[-1] >= maximum:
        raise DesignError(
            "information", reached[-1], "less than the maximum, or final=True: nothing is left"
        )
    whole = reached[-1] if final else maximum

    def spent(level: float, t: float) -> float:
        last = final and t >= 1
        return spending(level, 1.0 if last else min(t * whole / maximum, 1.0))

    return spending_boundaries([one / whole for one in reached], alpha, spent, sided=sided)


def wang_tsiatis_boundaries(
    fractions: Sequence[float], alpha: float, shape: float, *, sided: int = 2
) -> Boundaries:
    """Boundaries c · t_k^(shape − 1/2) (Wang and Tsiatis, Biometrics 1987;43:193).

    `shape` 0 is O'Brien and Fleming (Biometrics 1979;35:549), 0.5 Pocock (Biometrika 1977;64:191); the
    constant c is the last critical value.
    """
    times = _times(fractions)
    probability("alpha", alpha, open_interval=True)
    sides(sided)
    number("shape", shape)

    def design(constant: float) -> Boundaries:
        upper = tuple(constant * (t / times[-1]) ** (shape - 0.5) for t in times)
        lower = tuple(-b for b in upper) if sided == 2 else (-math.inf,) * len(upper)
        return Boundaries(times, upper, lower, alpha, sided, False)

    constant = root(
        "alpha",
        alpha,
        f"a level that boundaries of shape {shape} can hold: their last critical value from 0 to {SEARCH[1]:g}",
        lambda c: crossing(design(c)).reject - alpha / sided,
        0.0,
        SEARCH[1],
    )
    return design(constant)


def drift_for_power(boundaries: Boundaries, power: float) -> float:
    """The drift under which the upper boundary is crossed with probability `power`."""
    probability("power", power, open_interval=True)
    level = crossing(boundaries).reject
    if power <= level:
        raise DesignError("power", power, f"a power above the level {level:.4g}")
    return root(
        "power",
        power,
        "one that a boundary of this design can reach",
        lambda d: crossing(boundaries, d).reject - power,
        0.0,
        SEARCH[1] + 3,
    )


def inflation(boundaries: Boundaries, power: float) -> float:
    """How many times the fixed design's information the group-sequential one needs at most."""
    fixed = ndtri(1 - boundaries.level / boundaries.sided) + ndtri(power)
    return (drift_for_power(boundaries, power) / float(fixed)) ** 2


def expected_fraction(boundaries: Boundaries, drift: float) -> float:
    """The expected fraction of the maximum information at the stop."""
    found = crossing(boundaries, drift)
    stopped = [u + low for u, low in zip(found.upper, found.lower, strict=True)]
    going = 1.0
    expected = 0.0
    for at, t in enumerate(boundaries.fractions[:-1]):
        expected += t * stopped[at]
        going -= stopped[at]
    return expected + going * boundaries.fractions[-1]


def conditional_power(
    z: float, fraction: float, critical: float, drift: float | None = None
) -> float:
    """The chance that Z exceeds `critical` at full information, given Z = z at `fraction`.

    `drift` is the assumed expected Z at full information; None takes the current trend z/√fraction
    (Lan and Wittes, Biometrics 1988;44:579; the B-value).
    """
    if not 0 < fraction < 1:
        raise DesignError("fraction", fraction, "an information fraction between 0 and 1")
    number("critical", critical, infinite=True)
    b = number("z", z, infinite=True) * math.sqrt(fraction)
    trend = b / fraction if drift is None else number("drift", drift)
    return float(ndtr((b + trend * (1 - fraction) - critical) / math.sqrt(1 - fraction)))


def _times(fractions: Sequence[float]) -> tuple[float, ...]:
    times = tuple(positive("fractions", float(t)) for t in fractions)
    if not times or any(a >= b for a, b in itertools.pairwise(times)) or times[-1] > 1:
        raise DesignError("fractions", list(fractions), "rising information fractions up to 1")
    return times


def _futility(given: Sequence[float] | None, looks: int) -> tuple[float, ...]:
    if given is None:
        return (-math.inf,) * looks
    if len(given) != looks - 1:
        raise DesignError("futility", list(given), "a bound for every look but the last")
    if any(math.isnan(bound) or bound == math.inf for bound in given):
        raise DesignError("futility", list(given), "numbers, or -inf where a look does not stop")
    return (*(float(bound) for bound in given), -math.inf)

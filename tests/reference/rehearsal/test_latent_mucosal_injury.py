"""The mucositis model against its calibration: a plain run of the same equations, committed as numbers.

Source of the expected figures: 40,000 persons of the reference simulation (nasopharyngeal carcinoma,
chemoradiotherapy, 33 × 2.12 Gy, susceptibility 1.03, graded on Fridays and on the last day).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from equipoise.protocol.document import NaturalHistory
from equipoise.rehearsal import Replicate, generate
from support.played import assuming
from support.story import seed_protocol

PERSONS = 3000
PREVALENCE = {
    1: (1.00, 0.0, 0.0, 0.0, 0.0),
    2: (0.65, 0.35, 0.0, 0.0, 0.0),
    3: (0.042, 0.879, 0.073, 0.007, 0.0),
    4: (0.025, 0.560, 0.315, 0.099, 0.001),
    5: (0.025, 0.320, 0.400, 0.248, 0.007),
    6: (0.025, 0.208, 0.391, 0.358, 0.019),
    7: (0.025, 0.163, 0.367, 0.417, 0.028),
}
"""Share of grades 0 to 4 at the end of each week of radiotherapy."""
AFTER = {7: (0.025, 0.172, 0.374, 0.403, 0.026), 14: (0.025, 0.401, 0.380, 0.189, 0.004)}
"""The same, so many days after the last fraction."""
CUMULATIVE = {3: 0.007, 4: 0.100, 5: 0.255, 6: 0.382, 7: 0.462}
"""Share with grade 3 or more at any Friday up to the week."""


@lru_cache(maxsize=4)
def calibration(effect: float = 0.0, bias: float = 0.0, chemotherapy: bool = True) -> Replicate:
    """Persons of the calibration population, with nobody late, shifted or interrupted."""
    protocol = seed_protocol()
    history = protocol.assumptions.natural_history
    assert history is not None
    parameters: dict[str, Any] = dict(history.parameters)
    parameters["radiotherapy"] = {
        "fractions": {"otherwise": 33},
        "dose": {"otherwise": 2.12},
    }
    parameters["susceptibility"] = {"otherwise": 1.03}
    parameters["slow_healing"] = {}
    parameters["effect"] = {"spray": effect}
    parameters["assessor_bias"] = {"spray": bias}
    participants = dict(protocol.assumptions.participants)
    participants["items"] = {
        **participants["items"],
        "concurrent_chemo": {"constant": chemotherapy},
    }
    changed = assuming(
        protocol,
        natural_history=NaturalHistory(model=history.model, parameters=parameters),
        participants=participants,
    )
    return generate(changed, 77, candidates=PERSONS)


def fridays(replicate: Replicate, week: int) -> npt.NDArray[np.int64]:
    """The series' index of each person's Friday in a week, or of the last fraction before it."""
    course = replicate.course
    day = np.minimum(7 * week - 3, course.last - course.first)
    return course.days_before + day


def grades(replicate: Replicate, arm: str, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each person's WHO grade in an arm on a day of their own."""
    values = replicate.series["who_grade"].values[replicate.arms.index(arm)]
    return np.asarray(values[np.arange(values.shape[0]), index], dtype=np.int64)


def severe(replicate: Replicate, arm: str, weeks: int = 7) -> float:
    """Share with grade 3 or more at any Friday up to a week."""
    worst = np.max(
        [grades(replicate, arm, fridays(replicate, w)) for w in range(1, weeks + 1)], axis=0
    )
    return float(np.mean(worst >= 3))


def within(share: float, expected: float) -> bool:
    """Within four Monte Carlo standard errors and the two decimals of the source."""
    error = np.sqrt(max(expected * (1 - expected), 1e-3) * (1 / PERSONS + 1 / 40_000))
    return abs(share - expected) <= 4 * error + 0.006


@pytest.mark.parametrize("week", PREVALENCE)
def test_grades_by_week_are_those_of_the_calibration(week: int) -> None:
    """Prevalence of each grade at the end of each week, in the control arm."""
    replicate = calibration()
    found = grades(replicate, "control", fridays(replicate, week))
    shares = [float(np.mean(found == grade)) for grade in range(5)]
    assert all(within(s, e) for s, e in zip(shares, PREVALENCE[week], strict=True)), shares


@pytest.mark.parametrize("days", AFTER)
def test_the_mouth_heals_after_the_last_fraction(days: int) -> None:
    """Prevalence one and two weeks after radiotherapy."""
    replicate = calibration()
    course = replicate.course
    found = grades(replicate, "control", course.days_before + course.last - course.first + days)
    shares = [float(np.mean(found == grade)) for grade in range(5)]
    assert all(within(s, e) for s, e in zip(shares, AFTER[days], strict=True)), shares


@pytest.mark.parametrize("week", CUMULATIVE)
def test_severe_mucositis_accumulates_as_calibrated(week: int) -> None:
    """Cumulative incidence of grade 3 or more."""
    assert within(severe(calibration(), "control", week), CUMULATIVE[week])


def test_the_assumed_effect_lowers_severe_mucositis_from_46_to_27_per_cent() -> None:
    """A fifth less injury on a fully dosed day gives the contrast the sample size rests on."""
    replicate = calibration(effect=0.20)
    assert within(severe(replicate, "control"), 0.462)
    assert within(severe(replicate, "spray"), 0.271)


def test_radiotherapy_alone_gives_a_fifth() -> None:
    """Without chemotherapy 20 % become severe (19.5 % published), here at susceptibility 1.03."""
    assert 0.18 <= severe(calibration(chemotherapy=False), "control") <= 0.25


def test_a_biased_assessor_makes_an_effect_out_of_nothing() -> None:
    """With no effect at all, scoring one arm 0.10 lower takes a fifth of its severe cases away."""
    fair, biased = calibration(), calibration(bias=0.10)
    assert severe(fair, "spray") == severe(fair, "control")
    assert severe(biased, "control") == severe(fair, "control")
    assert severe(fair, "spray") - severe(biased, "spray") > 0.06

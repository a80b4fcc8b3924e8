"""When a look is due, and what crosses its boundary."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pytest

from equipoise.analysis.methods import Estimate
from equipoise.design import DesignError
from equipoise.design.interim import (
    Monitoring,
    PlannedLook,
    awaited_until,
    crossed,
    look_day,
    monitoring,
)
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from support.played import SECOND_PROTOCOL
from support.story import seed_protocol

DAY = date(2027, 3, 1)
LOOK = PlannedLook("half_way", 0.5, 3, 2.9625881)


def plan(sided: int = 2, favorable: int = -1) -> Monitoring:
    """A design with one look."""
    return Monitoring("severe_om", (LOOK,), 1.968596, 1.959964, 0.05, sided, favorable)


def of(estimate: float, z: float) -> Estimate:
    """A result with the p-value of a normal statistic."""
    return Estimate(estimate, -1.0, 1.0, 0.95, z, math.erfc(abs(z) / math.sqrt(2)))


def test_the_first_trial_looks_once_at_half_its_participants() -> None:
    """O'Brien and Fleming's boundaries by spending, as `equipoise design` gives them."""
    found = monitoring(seed_protocol())
    (look,) = found.looks
    assert (look.id, look.participants, found.favorable) == ("half_way", 100, -1)
    assert look.critical == pytest.approx(2.962588, abs=1e-6)
    assert found.critical == pytest.approx(1.968596, abs=1e-6)
    assert found.critical_at_the_end("any_om") == pytest.approx(1.959964, abs=1e-6)


def test_a_trial_without_looks_decides_at_the_end() -> None:
    """The second trial, for which smaller is better."""
    found = monitoring(load_protocol(SECOND_PROTOCOL))
    assert found.looks == ()
    assert found.critical == pytest.approx(1.959964, abs=1e-6)
    assert found.favorable == -1


def test_without_a_level_there_is_nothing_to_decide() -> None:
    """The error names the place."""
    protocol = seed_protocol()
    design = protocol.design.model_copy(update={"sample_size": None})
    without = Protocol.model_copy(protocol, update={"design": design})
    with pytest.raises(DesignError, match=r"design\.sample_size"):
        monitoring(without)


@pytest.mark.parametrize(
    ("estimate", "z", "critical", "sided", "expected"),
    [
        (-0.2, -3.0, 2.962588, 2, -1),
        (-0.2, -2.9, 2.962588, 2, 0),
        (0.2, 3.0, 2.962588, 2, 1),
        (0.2, 3.0, 2.962588, 1, 0),
        (-0.2, -3.0, 2.962588, 1, -1),
        (0.0, 0.0, 1.96, 2, 0),
        (math.nan, math.nan, 1.96, 2, 0),
    ],
)
def test_a_boundary_is_crossed_by_the_analysis_own_p(
    estimate: float, z: float, critical: float, sided: int, expected: int
) -> None:
    """Two-sided in either direction, one-sided in the one hoped for; undefined results cross nothing."""
    assert crossed("risk_difference", of(estimate, z), critical, plan(sided)) == expected


def test_a_ratio_below_one_is_less() -> None:
    """The direction of a ratio is seen from 1."""
    assert crossed("odds_ratio", of(0.4, 3.2), 2.9, plan()) == -1
    assert crossed("hazard_ratio", of(2.4, 3.2), 2.9, plan()) == 1


def test_a_look_is_due_when_nothing_more_is_awaited_of_so_many() -> None:
    """The third day in order; None while too few have come."""
    days = [DAY + timedelta(days=n) for n in (9, 1, 5)]
    assert look_day(LOOK, [*days, None]) == DAY + timedelta(days=9)
    assert look_day(LOOK, [*days[:2], None, None]) is None


def test_an_outcome_is_awaited_until_its_window_ends_or_the_participant_is_gone() -> None:
    """By window, by visit, by leaving, by completing."""
    endpoint = seed_protocol().endpoint_by_id["severe_om"]
    anchors = {"rt_last": DAY}
    assert awaited_until(endpoint, anchors, {}, None, None) == DAY
    assert awaited_until(endpoint, anchors, {}, DAY - timedelta(days=3), None) == DAY - timedelta(3)
    assert awaited_until(endpoint, {}, {}, None, None) is None
    change = load_protocol(SECOND_PROTOCOL).endpoint_by_id["sbp_change"]
    assert awaited_until(change, {}, {"w12": DAY}, None, None) == DAY
    assert awaited_until(change, {}, {"w4": DAY}, None, None) is None
    assert awaited_until(change, {}, {}, None, DAY) == DAY

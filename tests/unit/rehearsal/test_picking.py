"""Which replicates are worth opening."""

from __future__ import annotations

import math

import pytest

from equipoise.rehearsal.picking import Seen, imbalance, picks


def seen(
    replicate: int,
    estimate: float,
    *,
    stopped: bool = False,
    arms: tuple[int, ...] = (50, 50),
    days: int = 400,
) -> Seen:
    values = ((estimate, estimate - 0.1, estimate + 0.1, 0.5),)
    look = "half" if stopped else None
    return Seen(replicate, values, look, stopped, sum(arms), arms, days)


def picked(*replicates: Seen, ratio: tuple[int, ...] = (1, 1)) -> dict[str, int]:
    return {one.reason: one.seen.replicate for one in picks(replicates, ratio)}


def test_each_reason_names_its_replicate() -> None:
    found = picked(
        seen(0, 0.1), seen(1, -0.3, stopped=True), seen(2, -0.1), seen(3, 0.2, arms=(55, 45)),
        seen(4, -0.2, days=500), seen(5, 0.0, stopped=True),
    )  # fmt: skip
    assert found == {
        "lowest": 1, "median": 2, "highest": 3, "stopped": 1, "imbalance": 3, "longest": 4,
    }  # fmt: skip


def test_of_two_as_good_the_earlier_is_picked() -> None:
    found = picked(seen(3, 0.1, arms=(52, 48)), seen(1, 0.1, arms=(48, 52)), seen(2, 0.1))
    assert found == {"median": 2, "lowest": 1, "highest": 3, "imbalance": 1, "longest": 1}


def test_undefined_estimates_are_no_extremes() -> None:
    assert picked(seen(0, math.nan), seen(1, 0.3), seen(2, math.nan))["median"] == 1
    assert set(picked(seen(0, math.nan))) == {"longest"}


def test_nothing_is_picked_of_nothing() -> None:
    assert picks((), (1, 1)) == ()


@pytest.mark.parametrize(
    ("arms", "ratio", "missed"),
    [((50, 50), (1, 1), 0), ((55, 45), (1, 1), 5), ((60, 30), (2, 1), 0), ((50, 40), (2, 1), 10),
     ((30, 30, 36), (1, 1, 1), 4), ((0, 0), (1, 1), 0)],
)  # fmt: skip
def test_imbalance_is_told_in_participants_and_by_the_ratio_meant(
    arms: tuple[int, ...], ratio: tuple[int, ...], missed: float
) -> None:
    assert imbalance(seen(0, 0.0, arms=arms), ratio) == pytest.approx(missed)

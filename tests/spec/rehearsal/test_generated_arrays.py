"""What `generate` promises: the same people from the same numbers, and values as assumed."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from equipoise.rehearsal import Replicate, generate
from equipoise.rehearsal.staff import StaffArrays
from support.played import assuming, small_protocol


def flat(replicate: Replicate) -> dict[str, Any]:
    """Every array of a replicate by a name."""
    found: dict[str, Any] = {
        "site": replicate.site, "screened": replicate.screened, "randomized": replicate.randomized,
        "failure": replicate.failure, "refuses": replicate.refuses,
        "leaves": replicate.attrition.day, "taken": replicate.course.taken,
    }  # fmt: skip
    found |= {f"column/{name}": one.values for name, one in replicate.columns.items()}
    found |= {f"series/{name}": one.values for name, one in replicate.series.items()}
    found |= {f"event/{n}": one.started for n, one in enumerate(replicate.events)}
    staff = replicate.staff
    drawn = [name for name, one in vars(StaffArrays).items() if isinstance(one, cached_property)]
    assert len(drawn) == 12
    found |= {f"staff/{name}": getattr(staff, name) for name in drawn}
    return found


def test_the_same_numbers_give_the_same_people() -> None:
    """Seed and replicate decide everything; another replicate is another trial."""
    first, again = flat(generate(small_protocol(), 5, 2)), flat(generate(small_protocol(), 5, 2))
    assert all((first[name] == again[name]).all() for name in first)
    other = flat(generate(small_protocol(), 5, 3))
    assert any(
        first[name].shape != other[name].shape or (first[name] != other[name]).any()
        for name in ("screened", "series/who_grade")
    )


def test_a_person_is_the_same_however_many_are_generated() -> None:
    """The first thirty candidates of sixty are the thirty one gets when asking for thirty."""
    few = generate(small_protocol(), 5, candidates=30)
    many = generate(small_protocol(), 5, candidates=60)
    assert (few.subjects == many.subjects[:30]).all()
    for name, column in few.columns.items():
        assert (column.values == many.columns[name].values[:30]).all(), name
    days = min(few.course.length, many.course.length)
    for name, series in few.series.items():
        same = series.values[:, :, :days] == many.series[name].values[:, :30, :days]
        assert same.all(), name


def test_one_item_s_assumption_moves_no_other_item() -> None:
    """Streams are apart: a different weight leaves laboratory values and grades as they were."""
    protocol = small_protocol()
    participants = dict(protocol.assumptions.participants)
    participants["items"] = {**participants["items"], "smoker": {"probability": 1}}
    changed = generate(assuming(protocol, participants=participants), 5)
    plain = generate(protocol, 5)
    assert changed.columns["smoker"].values.all()
    for name in ("wbc", "birth_date", "rt_technique"):
        assert (changed.columns[name].values == plain.columns[name].values).all()
    assert (changed.series["who_grade"].values == plain.series["who_grade"].values).all()


def test_arms_share_their_numbers_as_potential_outcomes() -> None:
    """Before the first dose, and without any effect, both arms are the same."""
    replicate = generate(small_protocol(), 5, candidates=300)
    spray, control = replicate.series["who_grade"].values
    assert (
        spray[:, : replicate.course.days_before] == control[:, : replicate.course.days_before]
    ).all()
    assert (spray <= control + 0).mean() > 0.99
    assert (spray < control).any()


def test_values_lie_at_the_precision_they_are_recorded_with() -> None:
    """Numbers are rounded in the arrays, so that what is captured can equal them exactly."""
    replicate = generate(small_protocol(), 5)
    for name, series in replicate.series.items():
        if series.codes is None and series.values.dtype.kind == "f":
            rounded = np.round(series.values, series.decimals)
            assert (series.values == rounded).all(), name


def test_persons_made_to_fail_carry_a_value_that_fails() -> None:
    """The assumed violation is there at the first screening and gone at a second one."""
    replicate = generate(small_protocol(), 5, candidates=600)
    specs = replicate.assumptions.participants.screening_failures
    low = next(
        index for index, spec in enumerate(specs)
        if spec.criterion == "inc_05" and "wbc" in spec.values
    )  # fmt: skip
    person = int(np.flatnonzero(replicate.failure == low)[0])
    day = int(replicate.screened[person])
    assert float(replicate.typed("wbc", person, None, day) or 9) < 3.0
    assert float(replicate.typed("wbc", person, None, day, cured=True) or 0) >= 3.0


def test_hazard_and_multipliers_are_apart() -> None:
    """With both multipliers off, the arms leave at the same rate; with them, control leaves more."""
    protocol = small_protocol()
    attrition = dict(protocol.assumptions.attrition)
    plain = {**attrition, "arm_factors": {}, "while_above": None}
    even = generate(assuming(protocol, attrition=plain), 5, candidates=2000).attrition.day
    assert (even[0] == even[1]).all()
    uneven = generate(protocol, 5, candidates=2000).attrition.day
    left = (uneven < 9_000_000).mean(axis=1)
    assert left[1] > left[0] * 1.3

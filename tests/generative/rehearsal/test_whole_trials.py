"""Whole trials from a compiled kernel are those computed on arrays, which are those played out (`test_twin_law`)."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.protocol.document import Protocol
from equipoise.protocol.document.design import PermutedBlocks
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal import RehearsalAssumptions, read_assumptions
from equipoise.rehearsal.bulk import Batch, Simulator, scenarios, simulate
from equipoise.rehearsal.bulk.enrollment import ScreeningPlan
from equipoise.rehearsal.bulk.kernels.trial import KEPT_ROWS, KEPT_WEEKS
from equipoise.rehearsal.bulk.operating import batch_of, pooled, potential_outcomes
from equipoise.rehearsal.bulk.whole import BeyondError, DisagreementError, WholeTrials
from equipoise.rehearsal.bulk.whole.leaving import MOST_DAYS
from equipoise.rehearsal.options import with_staff
from support.played import SECOND_PROTOCOL, smaller
from support.story import seed_protocol

pytestmark = pytest.mark.xdist_group("whole-kernel")  # compiled once: it takes twenty seconds

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))


@lru_cache(maxsize=1)
def first_protocol() -> Protocol:
    """The first trial, read once."""
    return seed_protocol()


def assumed(protocol: Protocol, **parts: Any) -> RehearsalAssumptions:
    """The assumptions with faultless staff, some replaced."""
    given = with_staff(read_assumptions(protocol), "faultless")
    parameters = {**given.history_parameters, **parts.pop("course", {})}
    return given.model_copy(update={"history_parameters": parameters, **parts})


def agree(mine: Batch, other: Batch) -> None:
    """Counts, days and decisions are equal; so are estimates; limits and tests to the last bits."""
    for part in ("first", "crossings", "stopped", "size", "days", "randomized"):
        assert np.array_equal(getattr(mine, part), getattr(other, part)), part
    # not-a-number equals itself here; closed forms are the same sums in the same order
    assert np.array_equal(mine.values[:, :, 0], other.values[:, :, 0], equal_nan=True)
    np.testing.assert_allclose(mine.values, other.values, rtol=1e-10, atol=1e-13)


def on_arrays(simulator: Simulator, replicates: range) -> Batch:
    """The same replicates, computed on arrays."""
    return batch_of([simulator.simulate(one) for one in replicates], simulator.plan)


@pytest.mark.parametrize("scenario", [one.name for one in scenarios(seed_protocol())])
def test_every_scenario_is_the_same_in_the_kernel(scenario: str) -> None:
    """Results, looks, sizes and days of each replicate; and what all would have shown in every arm."""
    protocol = first_protocol()
    chosen = next(one for one in scenarios(protocol) if one.name == scenario)
    simulator = Simulator(protocol, chosen.assumptions, 7, numbers=2)
    whole = simulator.whole
    assert whole is not None, simulator.computed
    many = 200 if DEEP else 4
    simulated, potential = [], []
    for replicate in range(many):
        arrays = simulator.generate(replicate)
        followed = simulator.followed(arrays)
        simulated.append(simulator.analyze(arrays, followed))
        potential.append(potential_outcomes(simulator, arrays, followed))
    batch, sums = whole.with_potential(0, many)
    agree(batch, batch_of(simulated, simulator.plan))
    assert sums == pooled(potential)
    assert batch.digest() == whole.batch(0, many).digest()


COURSES: dict[str, dict[str, Any]] = {
    "lags of their own": {"lag_jitter": 0.2, "noise_autocorrelation": 0.5},
    "doses act in both arms": {"effect": {"spray": 0.4, "control": 0.1}},
    "doses act nowhere": {"effect": {}},
    "a grader who sees more": {"assessor_bias": {"spray": -0.1, "control": 0.2}},
    "many breaks and stops": {
        "radiotherapy": {
            "fractions": {"item": "diagnosis_site", "levels": {"npc": 31}, "otherwise": 29},
            "dose": {"otherwise": 2.1},
            "start_after_randomization": 9,
            "shift": {"probability": 0.9, "days": [0, 9], "known_before": [3, 6]},
            "interruption": {"probability": 0.9, "days": [0, 20]},
            "stopped_early": 0.5,
        }
    },
}
LEAVING: dict[str, dict[str, Any]] = {
    "many leave": {"weekly_hazard": 0.08, "scopes": {"treatment": 1, "data_use": 1}},
    "nobody leaves": {"weekly_hazard": 0.0},
    "only who has it severely": {
        "weekly_hazard": 0.01,
        "while_above": {"item": "who_grade", "at_least": 2, "factor": 20},
    },
    "all leave at once": {"weekly_hazard": 1.0},
    "late": {"weekly_hazard": 0.05, "from_day": 40, "until_day": 70, "while_above": None},
}


@settings(max_examples=40 if DEEP else 5, deadline=None)
@given(
    course=st.sampled_from([None, *COURSES]),
    leaving=st.sampled_from([None, *LEAVING]),
    deaths=st.sampled_from([0.0, 0.3]),
    sizes=st.sampled_from([[4], [4, 6], [2, 8, 4]]),
    target=st.sampled_from([60, 300]),
    seed=st.integers(0, 2**40),
    first=st.sampled_from([0, 5, 2**32 - 1]),
)
def test_any_assumptions_give_the_same_in_the_kernel(
    course: str | None,
    leaving: str | None,
    deaths: float,
    sizes: list[int],
    target: int,
    seed: int,
    first: int,
) -> None:
    """Courses, leaving, deaths, blocks and sizes of other kinds than the trial's; more lanes than one turn holds."""
    base = smaller(first_protocol(), target)
    randomization = base.randomization
    assert randomization is not None
    scheme = PermutedBlocks(type="permuted_blocks", sizes=sizes)
    protocol = base.model_copy(
        update={"randomization": randomization.model_copy(update={"scheme": scheme})}
    )
    given = assumed(protocol, course=COURSES.get(course or "", {}))
    attrition = type(given.attrition).model_validate(
        {**given.attrition.model_dump(), **LEAVING.get(leaving or "", {})}
    )
    fatal = given.adverse_events[-1].model_copy(
        update={"probability": deaths, "grades": {3: 1.0, 5: 1.0}, "serious": 0.5, "from_day": -5}
    )
    events = [*given.adverse_events[:-1], fatal]
    changed = given.model_copy(update={"attrition": attrition, "adverse_events": events})
    simulator = Simulator(protocol, changed, seed, numbers=2)
    assert simulator.whole is not None, simulator.computed
    agree(simulator.whole.batch(first, 2), on_arrays(simulator, range(first, first + 2)))


@pytest.mark.parametrize("from_day", [0, 113])
def test_an_injury_that_heals_slowly_is_followed_as_long_as_anybody_may_leave(
    from_day: int,
) -> None:
    """The kernel keeps two bits of every week, sixteen weeks to a word; here all three words are asked for, once by
    those who may leave from the sixteenth week on."""
    protocol = first_protocol()
    given = assumed(protocol, course={"healing_days": 60.0, "days_after": 310})
    attrition = type(given.attrition).model_validate(
        {
            **given.attrition.model_dump(),
            "weekly_hazard": 0.004,
            "scopes": {"data_use": 1},
            "from_day": from_day,
            "until_day": MOST_DAYS,
            "while_above": {"item": "who_grade", "at_least": 2, "factor": 30},
        }
    )
    changed = given.model_copy(update={"attrition": attrition})
    simulator = Simulator(protocol, changed, 21, numbers=2)
    assert simulator.whole is not None, simulator.computed
    agree(simulator.whole.batch(0, 3), on_arrays(simulator, range(3)))


def test_the_kernel_has_room_for_every_week_in_which_anybody_may_leave() -> None:
    """Later leaving is left to the arrays, with a word that says so."""
    assert MOST_DAYS < 7 * KEPT_WEEKS * KEPT_ROWS
    given = assumed(first_protocol(), course={"days_after": 400})
    later = given.attrition.model_copy(update={"until_day": MOST_DAYS + 1})
    changed = given.model_copy(update={"attrition": later})
    with pytest.raises(BeyondError, match="leaving later"):
        WholeTrials(Simulator(first_protocol(), changed, 1, numbers=2))


def test_a_trial_too_small_for_the_methods_is_left_to_the_arrays() -> None:
    """With eight participants strata are empty, or nobody has the event: such replicates are computed on arrays."""
    protocol = smaller(first_protocol(), 8)
    simulator = Simulator(protocol, assumed(protocol), 3, numbers=2)
    assert simulator.whole is not None
    batch = simulator.whole.batch(0, 6)
    assert np.isnan(batch.values).any()
    agree(batch, on_arrays(simulator, range(6)))


def test_a_replicate_is_the_same_whatever_it_is_computed_with() -> None:
    """Alone, among others, and in any order."""
    simulator = Simulator(first_protocol(), assumed(first_protocol()), 11, numbers=2)
    whole = simulator.whole
    assert whole is not None
    together = whole.batch(100, 40)
    for at in (39, 0, 17):
        alone = whole.batch(100 + at, 1)
        assert (alone.values == together.values[at]).all()
        assert alone.days[0] == together.days[at]
    assert len(set(together.days.tolist())) > 10


def test_who_is_made_to_fail_fails_and_nobody_else() -> None:
    """What the kernel takes for certain of the criteria is what the trial's own rules say of every candidate."""
    protocol = first_protocol()
    simulator = Simulator(protocol, assumed(protocol), 5, numbers=2)
    assert simulator.whole is not None
    arrays = simulator.generate(3)
    plan = ScreeningPlan(arrays)
    for person in range(0, arrays.persons, 5):
        screened, today = int(arrays.screened[person]), int(arrays.randomized[person])
        fails = bool(arrays.failure[person] >= 0)
        assert plan.eligible(person, screened, today, True, False) is not fails
        if not fails:
            assert plan.in_time(person, screened, today, False)
    for person in np.nonzero(arrays.rescreened < 10_000_000)[0].tolist():
        day, today = int(arrays.rescreened[person]), int(arrays.randomized[person])
        assert plan.eligible(person, day, today, True, True)
        assert plan.in_time(person, day, today, True)


def other_items(**items: Any) -> RehearsalAssumptions:
    """The first trial's candidates with other items."""
    given = assumed(first_protocol())
    ways = {name: type(given.participants.items["sex"])(**way) for name, way in items.items()}
    participants = given.participants.model_copy(
        update={"items": {**given.participants.items, **ways}}
    )
    return given.model_copy(update={"participants": participants})


@pytest.mark.parametrize(
    ("items", "told"),
    [
        ({"wbc": {"normal": {"mean": 6, "sd": 2, "minimum": 2, "maximum": 9}}}, "not everybody"),
        ({"wbc": {"normal": {"mean": 6, "sd": 2}}}, "not everybody"),
        ({"alt": {"lognormal": {"mean": 40, "sd": 1, "minimum": 6, "maximum": 101}}}, "not everybody"),
        ({"pregnancy_test": {"choose": {"negative": 1, "positive": 0.1}}}, "not everybody"),
        ({"ecog": {"choose": {"0": 1, "3": 0.01}}}, "not everybody"),
        ({"last_hn_surgery": {"day": {"minimum": -80, "maximum": -27}}}, "not everybody"),
        ({"birth_date": {"born": {"mean": 52, "sd": 9, "minimum": 17, "maximum": 70}}}, "not everybody"),
        ({"concurrent_chemo": {"constant": True}}, "not chosen by chance alone"),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_left_to_the_arrays(items: dict[str, Any], told: str) -> None:
    """One value out of range that may be drawn, and the criteria have to be asked of each candidate."""
    with pytest.raises(BeyondError, match=told):
        WholeTrials(Simulator(first_protocol(), other_items(**items), 1, numbers=2))


def test_a_failure_that_may_pass_is_left_to_the_arrays() -> None:
    """Values that only sometimes violate the criterion they are to violate."""
    given = assumed(first_protocol())
    failures = [
        one.model_copy(
            update={"values": {"platelets": type(one.values["platelets"])(uniform={"minimum": 55, "maximum": 120})}}
        )
        if "platelets" in one.values
        else one
        for one in given.participants.screening_failures
    ]  # fmt: skip
    participants = given.participants.model_copy(update={"screening_failures": failures})
    changed = given.model_copy(update={"participants": participants})
    with pytest.raises(BeyondError, match="a violation of inc_05 that is not certain"):
        WholeTrials(Simulator(first_protocol(), changed, 1, numbers=2))


def test_what_the_kernel_does_not_know_is_said() -> None:
    """Another history, staff that are late, a grade on another scale, the first scheme's numbers."""
    first, second = first_protocol(), load_protocol(SECOND_PROTOCOL)
    careful = with_staff(read_assumptions(first), "careful")
    endpoints = [
        one.model_copy(update={"variable": one.variable.model_copy(update={"item": "rtog_grade"})})
        for one in first.endpoints
    ]
    scaled = first.model_copy(update={"endpoints": endpoints})
    scaled.__dict__.pop("endpoint_by_id", None)
    for protocol, assumptions, told in (
        (second, with_staff(read_assumptions(second), "faultless"), "the natural history"),
        (first, careful, "missed or late"),
        (scaled, assumed(first), "not the model's own grade"),
    ):
        simulator = Simulator(protocol, assumptions, 1, numbers=2)
        assert simulator.whole is None
        assert told in simulator.computed
    assert Simulator(first, assumed(first), 1).computed == "on arrays"
    with pytest.raises(BeyondError, match="the first scheme"):
        WholeTrials(Simulator(first, assumed(first), 1))


@pytest.mark.parametrize(
    "changed",
    [
        {"shift": {"probability": 0.1, "days": [-3, 2]}},
        {"shift": {"probability": 0.1, "days": [5, 1]}},
        {"interruption": {"probability": 0.1, "days": [-1, 4]}},
    ],
)
def test_days_with_a_sign_are_left_to_the_arrays(changed: dict[str, Any]) -> None:
    """The kernel counts the days by which a course is moved or interrupted from nought upwards."""
    protocol = first_protocol()
    given = read_assumptions(protocol).history_parameters["radiotherapy"]
    assumptions = assumed(protocol, course={"radiotherapy": {**given, **changed}})
    with pytest.raises(BeyondError, match="an earlier day"):
        WholeTrials(Simulator(protocol, assumptions, 1, numbers=2))


def test_a_kernel_that_disagrees_is_not_believed() -> None:
    """Replicates are computed both ways before a simulation; a table with one wrong number is found out."""
    simulator = Simulator(first_protocol(), assumed(first_protocol()), 3, numbers=2)
    whole = simulator.whole
    assert whole is not None
    whole.check(range(1))
    recruitment = whole.trial.recruitment._replace(refusal=0.5)
    whole.trial = whole.trial._replace(recruitment=recruitment)
    with pytest.raises(DisagreementError, match="replicate 0 of seed 3"):
        whole.check(range(1))


def test_other_conditions_of_randomization_are_looked_at() -> None:
    """A deadline that a course may not meet is no certainty."""
    randomization = first_protocol().randomization
    assert randomization is not None and randomization.latest is not None  # noqa: PT018
    sooner = randomization.model_copy(
        update={"requires": ["days_between(screening, rt_planned_start) <= 20"]}
    )
    protocol = first_protocol().model_copy(update={"randomization": sooner})
    with pytest.raises(BeyondError, match="which may not hold"):
        WholeTrials(Simulator(protocol, assumed(protocol), 1, numbers=2))


def test_threads_give_the_same_figures_to_the_last_bit_however_many() -> None:
    """Two or seven; each has batches of its own."""
    protocol = seed_protocol()
    scenario = scenarios(protocol)[0]
    alone = simulate(protocol, scenario, replicates=3000, seed=3, numbers=2)
    assert alone.computed == "in a compiled kernel"
    for workers in (2, 7):
        assert (
            simulate(protocol, scenario, replicates=3000, seed=3, numbers=2, workers=workers)
            == alone
        )

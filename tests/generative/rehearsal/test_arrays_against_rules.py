"""What the bulk engine computes on arrays is what the trial's own rules say, person by person."""

from __future__ import annotations

from functools import lru_cache
from itertools import filterfalse
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.allocation.scheme import Tally, next_allocation, scheme_of
from equipoise.allocation.uniforms import PhiloxUniforms
from equipoise.analysis.endpoints import endpoint_data
from equipoise.analysis.intercurrent import carried_out
from equipoise.protocol.document import Protocol
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal import Replicate, generate, read_assumptions
from equipoise.rehearsal.bulk import Simulator
from equipoise.rehearsal.bulk.allocating import RowUniforms, arms_in_order
from equipoise.rehearsal.bulk.cutting import END, Virtual
from equipoise.rehearsal.bulk.enrollment import ScreeningPlan, enroll
from equipoise.rehearsal.bulk.outcomes import NotOnArraysError, Outcomes, suits
from equipoise.rehearsal.options import with_staff
from support.played import SECOND_PROTOCOL
from support.story import seed_protocol

TRIALS = st.sampled_from(["first", "second"])
VARIABLES: tuple[dict[str, Any], ...] = (
    {"never_assessed": "missing", "left_without_event": "missing"},
    {"never_assessed": "event", "left_without_event": "event"},
    {"never_assessed": "no_event", "left_without_event": "no_event"},
)


@lru_cache(maxsize=2)
def protocol_named(name: str) -> Protocol:
    """A trial that ships."""
    return seed_protocol() if name == "first" else load_protocol(SECOND_PROTOCOL)


def arrays_of(name: str, seed: int, staff: str, **assumed: Any) -> Replicate:
    """A replicate's arrays, with some assumptions replaced."""
    protocol = protocol_named(name)
    assumptions = with_staff(read_assumptions(protocol), staff).model_copy(update=assumed)
    return generate(protocol, seed, 0, assumptions=assumptions)


@settings(max_examples=12, deadline=None)
@given(
    name=TRIALS,
    seed=st.integers(0, 2**32),
    staff=st.sampled_from(["careful", "faultless"]),
    hazard=st.sampled_from([0.0, 0.006, 0.05]),
    day=st.sampled_from([60, 150, 206, 280, None]),
)
def test_outcomes_are_those_of_the_endpoints_rules(
    name: str, seed: int, staff: str, hazard: float, day: int | None
) -> None:
    """Every endpoint of both trials, with few and many who leave, at cuts on any day; so are those in no data."""
    protocol = protocol_named(name)
    leaving = read_assumptions(protocol).attrition.model_copy(update={"weekly_hazard": hazard})
    arrays = arrays_of(name, seed, staff, attrition=leaving)
    items = {endpoint.variable.item for endpoint in protocol.endpoints}
    slow, fast = Virtual(arrays, items, doses=False), Outcomes(arrays, enroll(arrays))
    assert fast.last_day == slow.last_day
    until = END if day is None else arrays.starts.toordinal() + day
    data, cut = slow.cut(until), fast.cut(until)
    assert [s.id for s in data.subjects] == [s.id for s in cut.subjects]
    assert data.data_use_withdrawn == cut.data_use_withdrawn
    assert data.position == cut.position
    for endpoint in filterfalse(carried_out, protocol.endpoints):
        if endpoint.variable.kind in ("repeated", "average_over_time"):
            assert not suits(protocol, ["itt"], [endpoint.id])
            with pytest.raises(NotOnArraysError, match="go through the participants"):
                fast.endpoint(endpoint, until)
            continue
        ways = [endpoint]
        if endpoint.variable.kind == "occurs":
            ways = [
                endpoint.model_copy(
                    update={"variable": endpoint.variable.model_copy(update=handling)}
                )
                for handling in VARIABLES
            ]
        for way in ways:
            # compared by their printed form, in which not-a-number equals itself
            assert repr(fast.endpoint(way, until).outcomes) == repr(
                endpoint_data(data, way).outcomes
            )


@settings(max_examples=8, deadline=None)
@given(name=TRIALS, seed=st.integers(0, 2**32), cured=st.booleans())
def test_criteria_on_arrays_are_decided_as_the_language_decides_them(
    name: str, seed: int, cured: bool
) -> None:
    """Of everybody whom arrays decide; those they leave open are few."""
    arrays = arrays_of(name, seed, "faultless")
    plan = ScreeningPlan(arrays)
    everyone = np.arange(arrays.persons)
    screened = arrays.screened
    today = np.maximum(arrays.randomized, screened + 3)
    among = plan.screenings(everyone, screened, today, True, cured)
    sides, doubtful = plan._arrays.eligible(among)
    assert doubtful.mean() < 0.2
    timely, open_ = plan._arrays.in_time(among)
    assert not open_.any()
    for person in everyone[::7].tolist():
        given_ = (person, int(screened[person]), int(today[person]))
        if not doubtful[person]:
            verdict = plan.eligible(*given_, True, cured)
            assert sides[person] == (-1 if verdict is None else int(verdict)), person
        assert (timely[person] == 1) == plan.in_time(*given_, cured)
    levels = plan._arrays.strata(among)
    assert levels is not None
    assert levels[::7] == [
        plan.strata(person, int(screened[person]), int(today[person]), cured)
        for person in everyone[::7].tolist()
    ]


@settings(max_examples=6, deadline=None)
@given(name=TRIALS, seed=st.integers(0, 2**32))
def test_compiled_arrays_are_those_of_numpy(name: str, seed: int) -> None:
    """Words, courses, doses, leaving: the same bits, for the items asked for."""
    protocol = protocol_named(name)
    assumptions = read_assumptions(protocol)
    simulator = Simulator(protocol, assumptions, seed)
    fast, slow = simulator.generate(0), generate(protocol, seed, 0, assumptions=assumptions)
    # without doses asked for, those alone that act on the items: a subset of all
    assert not (fast.course.taken & ~slow.course.taken).any()
    whole = generate(
        protocol, seed, 0, assumptions=assumptions, items=simulator.items, compiled=True
    )
    assert (whole.course.taken == slow.course.taken).all()
    assert (fast.attrition.day == slow.attrition.day).all()
    assert (fast.randomized == slow.randomized).all()
    assert simulator.items <= set(fast.series) | set(fast.columns)
    for item, series in fast.series.items():
        assert (series.values == slow.series[item].values).all(), item
    for item, column in fast.columns.items():
        assert (column.values == slow.columns[item].values).all(), item
    for item, still in fast.still.items():
        before = slow.series[item].values[0]
        at = np.maximum(slow.screened - slow.course.first + slow.course.days_before, 0)
        assert (still.values == before[np.arange(slow.persons), at]).all(), item


@pytest.mark.parametrize("rule", ["treated", "evaluable"])
def test_populations_that_need_the_data_are_followed_one_by_one(rule: str) -> None:
    """An operating analysis of those treated, or evaluable, gives the same answer as the analyses themselves."""
    protocol = protocol_named("second")
    chosen = {"treated": "safety", "evaluable": "measured"}[rule]
    analyses = [one.model_copy(update={"population": chosen}) for one in protocol.analyses]
    other = protocol.model_copy(update={"analyses": analyses})
    assert not suits(other, [chosen], [])
    assert suits(protocol, ["itt"], [])
    assumptions = with_staff(read_assumptions(protocol), "careful")
    simulated = Simulator(other, assumptions, 4).simulate(1)
    arrays = generate(other, 4, 1, assumptions=assumptions)
    whole = Virtual(arrays, {e.variable.item for e in other.endpoints}, doses=True).cut()
    from equipoise.analysis.effects import declared_analyses

    expected = {one.id: one for one in declared_analyses(whole)}
    assert simulated.final
    for one in simulated.final:
        assert repr(one) == repr(expected[one.id])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**80),
    replicate=st.integers(0, 2**40),
    stratum=st.text(max_size=20),
    indexes=st.lists(st.integers(0, 2000), min_size=1, max_size=20),
)
def test_draws_a_row_at_a_time_are_those_of_the_keeper(
    seed: int, replicate: int, stratum: str, indexes: list[int]
) -> None:
    """In any order, far ahead and back."""
    row, one = RowUniforms(seed, replicate), PhiloxUniforms(seed, replicate)
    assert [row.draw(stratum, at) for at in indexes] == [one.draw(stratum, at) for at in indexes]


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**64), drawn=st.randoms(use_true_random=False), many=st.integers(1, 300)
)
def test_lists_read_on_give_the_arms_asked_for_one_by_one(seed: int, drawn: Any, many: int) -> None:
    """Permuted blocks in the first trial's strata, whatever the order in which these come."""
    randomization = protocol_named("first").randomization
    assert randomization is not None
    scheme = scheme_of(randomization)
    strata = [
        {factor.id: drawn.choice(factor.levels) for factor in scheme.factors} for _ in range(many)
    ]
    tally, expected = Tally(scheme), []
    for levels in strata:
        expected.append(next_allocation(scheme, tally, levels, PhiloxUniforms(seed, 3)).arm)
        tally.add(levels, expected[-1])
    assert arms_in_order(scheme, strata, RowUniforms(seed, 3)) == expected

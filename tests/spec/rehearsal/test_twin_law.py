"""The twin law: a replicate played out through the trial's commands, and the same replicate computed on arrays, agree.

Staff make no mistakes; visits may be missed and late. Played out in memory; `EQUIPOISE_DEEP` plays 200 replicates of the
first trial and 50 of the second.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from equipoise.analysis.cut import DataCut, cut
from equipoise.analysis.effects import declared_analyses
from equipoise.analysis.intercurrent import items_needed
from equipoise.analysis.sets import analysis_set
from equipoise.conduct.state import ParticipantState
from equipoise.design.interim import looks_taken
from equipoise.protocol.document import Protocol
from equipoise.protocol.document.design import PermutedBlocks, SimpleRandomization, Urn
from equipoise.protocol.document.plan import NaturalHistory
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal import read_assumptions
from equipoise.rehearsal.bulk import Simulator
from equipoise.rehearsal.bulk.cutting import Virtual
from equipoise.rehearsal.bulk.enrollment import enroll
from equipoise.rehearsal.bulk.operating import batch_of
from equipoise.rehearsal.options import with_staff
from support.played import (
    SECOND_PROTOCOL,
    SEED,
    assuming,
    rehearsed,
    small_protocol,
    smaller,
)
from support.story import seed_protocol

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))


def cases() -> Iterator[object]:
    """Trial, replicate, kind of staff and scheme of random numbers."""
    for replicate in range(200 if DEEP else 1):
        yield pytest.param("first", replicate, "faultless", "1", id=f"first-{replicate}")
    for replicate in range(50) if DEEP else ():
        yield pytest.param("first", replicate, "faultless", "2", id=f"first-lean-{replicate}")
        yield pytest.param("second", replicate, "careful", "2", id=f"second-lean-{replicate}")
    for replicate in range(20 if DEEP else 1):
        yield pytest.param("small", replicate, "careful", "2", id=f"small-lean-{replicate}")
        # enough participants for a kernel to be sure of their tables
        yield pytest.param("sixty", replicate, "faultless", "2", id=f"sixty-lean-{replicate}")
    # in replicate 12 somebody stops treatment after the diary's last day
    for replicate in range(50) if DEEP else (0, 1, 12):
        yield pytest.param("second", replicate, "faultless", "1", id=f"second-{replicate}")
    # one of each kind in `make test`, some more in CI, many in `make deep`
    for replicate in range(3):
        yield pytest.param(
            "small", replicate, "careful", "1",
            id=f"small-{replicate}", marks=[pytest.mark.thorough] * (replicate > 0),
        )  # fmt: skip
    for replicate in range(3, 20 if DEEP else 6):
        yield pytest.param(
            "second", replicate, "careful", "1",
            id=f"second-careful-{replicate}", marks=[pytest.mark.thorough] * (replicate > 3),
        )  # fmt: skip


SCHEMES: dict[str, Any] = {
    "simple": SimpleRandomization(type="simple"),
    "blocks": PermutedBlocks(type="permuted_blocks", sizes=[3, 6]),
    "urn": Urn(type="urn"),
}


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_the_law_holds_for_every_scheme_and_where_nothing_happens(scheme: str) -> None:
    """Twelve participants of the second trial, allocated in another way, with the course that changes nothing."""
    protocol = smaller(load_protocol(SECOND_PROTOCOL), 12)
    randomization = protocol.randomization
    assert randomization is not None
    other = randomization.model_copy(update={"scheme": SCHEMES[scheme]})
    changed = assuming(
        protocol.model_copy(update={"randomization": other}),
        natural_history=NaturalHistory(model="unchanging", parameters={}),
    )
    trial, arrays, _ = rehearsed(changed, staff="careful", replicate=1)
    simulator = Simulator(changed, with_staff(read_assumptions(changed), "careful"), SEED)
    assert arrays.assumptions.history == "unchanging"
    real = {one.id: one for one in declared_analyses(cut(trial))}
    for analysis in simulator.simulate(1).final:
        assert repr(analysis) == repr(real[analysis.id])
    assert [s.arm for s in sorted(trial.participants(), key=_number) if s.arm] == [
        arrays.arms[one.arm] for one in enroll(simulator.generate(1))
    ]


def _number(state: ParticipantState) -> int:
    return state.randomization_number or 0


def protocol_named(name: str) -> Protocol:
    """One of the trials that ship, or the first one with few participants."""
    if name == "small":
        return small_protocol()
    if name == "sixty":
        return smaller(seed_protocol(), 60)
    return seed_protocol() if name == "first" else load_protocol(SECOND_PROTOCOL)


def captured(data: DataCut, items: set[str]) -> set[tuple[object, ...]]:
    """Every value of some items of those randomized, with its day and place."""
    people = {subject.id for subject in data.randomized}
    return {
        (one.participant, one.item, one.value, one.on, one.visit, one.form)
        for one in data.observations
        if one.item in items and one.participant in people
    }


@pytest.mark.parametrize(("name", "replicate", "staff", "numbers"), list(cases()))
def test_a_replicate_played_out_is_the_replicate_simulated(
    name: str, replicate: int, staff: str, numbers: str
) -> None:
    """Allocations, visit days, captured values, analysis sets, looks and results are equal in all bits."""
    protocol = protocol_named(name)
    trial, arrays, played = rehearsed(protocol, replicate=replicate, staff=staff, numbers=numbers)
    assert played.finished
    assumed = with_staff(read_assumptions(protocol), staff)
    simulator = Simulator(protocol, assumed, SEED, numbers=int(numbers))

    allocated = {
        (one.id, one.number, arrays.arms[one.arm], one.randomized, tuple(one.strata.items()))
        for one in enroll(simulator.generate(replicate))
    }
    assert allocated == {
        (
            s.id,
            s.randomization_number,
            s.arm,
            s.randomized_on.toordinal(),
            tuple(s.strata_used.items()),
        )
        for s in trial.participants()
        if s.arm is not None and s.randomized_on is not None
    }

    # every endpoint, not only those of the operating analyses
    items = {i for endpoint in protocol.endpoints for i in items_needed(protocol, endpoint)}
    bulk, real = Virtual(arrays, items, doses=True).cut(), cut(trial)
    assert bulk.data_use_withdrawn_randomized == real.data_use_withdrawn_randomized
    theirs = {subject.id: subject for subject in real.randomized}
    assert set(theirs) == {subject.id for subject in bulk.randomized}
    for mine in bulk.randomized:
        other = theirs[mine.id]
        for part in (
            "site", "screened_on", "randomized_on", "arm", "strata", "anchors", "provisional",
            "doses", "administrations", "left_treatment", "left_follow_up", "completed_on",
        ):  # fmt: skip
            assert getattr(mine, part) == getattr(other, part), (mine.id, part)
    assert captured(bulk, items) == captured(real, items)
    for declared in protocol.analysis_sets:
        assert analysis_set(bulk, declared.id) == analysis_set(real, declared.id)
    # compared by their printed form, in which not-a-number equals itself
    assert repr(declared_analyses(bulk)) == repr(declared_analyses(real))

    simulated = simulator.simulate(replicate)
    assert repr(simulated.looks) == repr(looks_taken(trial))
    final = {one.id: one for one in declared_analyses(real)}
    for analysis in simulated.final:
        assert repr(analysis) == repr(final[analysis.id])
    if numbers == "2" and staff == "faultless" and name != "second":
        # the same once more from the compiled kernel: limits are found by other iterations
        assert simulator.whole is not None, simulator.computed
        mine, other = simulator.whole.batch(replicate, 1), batch_of([simulated], simulator.plan)
        assert (mine.values[:, :, 0] == other.values[:, :, 0]).all()
        np.testing.assert_allclose(mine.values, other.values, rtol=1e-10)
        for part in ("crossings", "stopped", "size", "days", "randomized"):
            assert (getattr(mine, part) == getattr(other, part)).all(), part

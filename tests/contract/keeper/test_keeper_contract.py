"""What every keeper promises: one answer for each request, blocks intact, a list anyone can recompute."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.keeper import (
    AllocationAnswer,
    AllocationRequest,
    FileKeeper,
    Keeper,
    KeeperError,
    RehearsalKeeper,
)
from equipoise.protocol.document import (
    Minimization,
    PermutedBlocks,
    Protocol,
    Randomization,
    StratumFactor,
)

SITES, CHEMO = ("01", "02", "03"), ("true", "false")
SIGNED = {"signed_by": "investigator-nanning", "signed_at": "2026-03-01T08:00Z", "hash": "ab" * 32}


def protocol(kind: str = "blocks", trial: str = "t1") -> Protocol:
    scheme: Any = (
        PermutedBlocks(type="permuted_blocks", sizes=[4, 6])
        if kind == "blocks"
        else Minimization(type="minimization")
    )
    randomization = Randomization(
        ratio={"spray": 1, "control": 1},
        scheme=scheme,
        strata=[
            StratumFactor(id="site", source="site", levels=list(SITES)),
            StratumFactor(id="chemo", item="concurrent_chemo", levels=list(CHEMO)),
        ],
    )
    return Protocol.model_construct(
        id=trial, randomization=None if kind == "none" else randomization
    )


def request(n: int, site: str = "01", chemo: str = "true", **changes: Any) -> AllocationRequest:
    facts: dict[str, Any] = {
        "request": f"t1/{n}", "trial": "t1", "participant": f"{site}-{n:04}",
        "strata": {"site": site, "chemo": chemo}, "eligibility": dict(SIGNED),
    }  # fmt: skip
    return AllocationRequest(**{**facts, **changes})


Make = Callable[..., Keeper]


@pytest.fixture(params=["file", "rehearsal"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    def keeper(kind: str = "blocks", name: str = "keeper.sqlite") -> Keeper:
        if request.param == "file":
            return FileKeeper(tmp_path / name, protocol(kind))
        return RehearsalKeeper(7312656, 0, protocol(kind))

    return keeper


def intact_blocks(arms: list[str]) -> bool:
    """Whether the list can be cut into whole blocks of 4 or 6 (and the beginning of one)."""
    if len(arms) < 4:
        return max(Counter(arms).values(), default=0) <= 3
    for size in (4, 6):
        block = arms[:size]
        if len(block) < size:
            if max(Counter(block).values()) <= size // 2:
                return True
        elif block.count("spray") == size // 2 and intact_blocks(arms[size:]):
            return True
    return False


def test_the_same_request_gets_the_same_answer(make: Make) -> None:
    keeper = make()
    first = [keeper.allocate(request(n)) for n in range(10)]
    again = [keeper.allocate(request(n)) for n in reversed(range(10))]
    assert again == first[::-1]
    assert [answer.number for answer in first] == list(range(1, 11))
    assert {answer.stratum for answer in first} == {"site=01|chemo=true"}
    assert len(keeper.reveal().allocations) == 10


def test_a_participant_has_one_allocation_whatever_the_request_is_called(make: Make) -> None:
    keeper = make()
    first = keeper.allocate(request(1))
    assert keeper.allocate(request(1, request="t1/again")) == first
    assert keeper.allocate(request(2)).number == 2


def test_a_request_that_contradicts_an_earlier_one_is_refused(make: Make) -> None:
    keeper = make()
    keeper.allocate(request(1))
    with pytest.raises(KeeperError, match="was made for participant 01-0001"):
        keeper.allocate(request(1, participant="01-0099"))
    with pytest.raises(KeeperError, match="is allocated already"):
        keeper.allocate(request(1, strata={"site": "02", "chemo": "true"}))
    assert keeper.allocate(request(2)).number == 2


@pytest.mark.parametrize(
    "eligibility", [{}, {**SIGNED, "signed_by": None}, {**SIGNED, "hash": ""}, {"eligible": True}]
)
def test_nobody_is_allocated_without_a_signed_decision(
    make: Make, eligibility: dict[str, Any]
) -> None:
    keeper = make()
    with pytest.raises(KeeperError, match="signed eligibility"):
        keeper.allocate(request(1, eligibility=eligibility))
    assert keeper.reveal().allocations == ()


@pytest.mark.parametrize("strata", [{}, {"site": "01"}, {"site": "09", "chemo": "true"}])
def test_strata_that_do_not_fit_are_refused(make: Make, strata: dict[str, str]) -> None:
    keeper = make()
    with pytest.raises(KeeperError, match="factor"):
        keeper.allocate(request(1, strata=strata))
    assert keeper.allocate(request(2)).number == 1


@pytest.mark.parametrize("kind", ["blocks", "minimization"])
def test_blocks_are_intact_and_the_list_is_that_of_the_revealed_seed(make: Make, kind: str) -> None:
    keeper = make(kind)
    published = keeper.commitment()
    by_stratum = defaultdict(list)
    for n in range(150):
        answer = keeper.allocate(request(n, SITES[n % 3], CHEMO[n % 7 % 2]))
        by_stratum[answer.stratum].append(answer.arm)
    reveal = keeper.reveal()
    assert keeper.commitment() == published
    assert (reveal.commitment, reveal.source) == (published.hash, published.source)
    assert reveal.problems() == []
    assert [a.arm for a in reveal.allocations] == reveal.recompute()
    assert type(reveal).from_document(reveal.as_document()) == reveal
    if kind == "blocks":
        assert len(by_stratum) == 6
        assert all(intact_blocks(arms) for arms in by_stratum.values())


def test_sixty_four_at_once_get_distinct_numbers_and_intact_blocks(make: Make) -> None:
    keeper, gate = make(), threading.Barrier(64)

    def ask(n: int) -> tuple[AllocationAnswer, AllocationAnswer]:
        gate.wait()
        return keeper.allocate(request(n, SITES[n % 3])), keeper.allocate(request(n, SITES[n % 3]))

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(ask, range(64)))
    assert all(first == second for first, second in answers)
    assert sorted(first.number for first, _ in answers) == list(range(1, 65))
    by_stratum = defaultdict(list)
    for answer, _ in sorted(answers, key=lambda pair: pair[0].number):
        by_stratum[answer.stratum].append(answer.arm)
    assert all(intact_blocks(arms) for arms in by_stratum.values())
    assert keeper.reveal().problems() == []


def test_the_same_request_sixty_four_times_at_once_allocates_once(make: Make) -> None:
    keeper, gate = make(), threading.Barrier(64)

    def ask(_: int) -> AllocationAnswer:
        gate.wait()
        return keeper.allocate(request(1))

    with ThreadPoolExecutor(64) as pool:
        answers = set(pool.map(ask, range(64)))
    assert len(answers) == 1
    assert len(keeper.reveal().allocations) == 1


def test_a_log_that_was_changed_does_not_pass_for_the_seeds(make: Make) -> None:
    keeper = make()
    for n in range(8):
        keeper.allocate(request(n))
    given_out = keeper.reveal().as_document()
    arm = given_out["allocations"][3]["arm"]
    given_out["allocations"][3]["arm"] = "control" if arm == "spray" else "spray"
    (problem,) = type(keeper.reveal()).from_document(given_out).problems()
    assert problem.startswith("allocation 4 (t1/3)")


def test_another_seed_or_scheme_is_another_commitment(make: Make) -> None:
    reveal = make().reveal()
    hashes = {reveal.commitment, make("minimization", "other.sqlite").commitment().hash}
    changed = {**reveal.as_document(), "seed": "00" * 32}
    hashes.add(type(reveal).from_document(changed).commitment)
    assert len(hashes) == 3


def test_a_trial_without_randomization_has_nothing_to_keep(make: Make) -> None:
    keeper = make("none", "none.sqlite")
    with pytest.raises(KeeperError, match="declares no randomization"):
        keeper.allocate(request(1))
    with pytest.raises(KeeperError, match="declares no randomization"):
        keeper.commitment()


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["blocks", "minimization"]),
    asked=st.lists(
        st.tuples(st.integers(0, 20), st.sampled_from(SITES), st.sampled_from(CHEMO)), max_size=60
    ),
)
def test_any_interleaving_gives_the_list_an_outsider_recomputes(
    kind: str, asked: list[tuple[int, str, str]], tmp_path_factory: Any
) -> None:
    """Repeats, contradictions and strangers in any order: seed and scheme explain every answer."""
    folder = tmp_path_factory.mktemp("keeper")
    for keeper in (
        FileKeeper(folder / "keeper.sqlite", protocol(kind)),
        RehearsalKeeper(1, 2, protocol(kind)),
    ):
        answered: dict[str, AllocationAnswer] = {}
        for n, site, chemo in asked:
            try:
                answer = keeper.allocate(request(n, site, chemo, participant=f"p{n}"))
            except KeeperError:
                assert f"p{n}" in answered
                continue
            assert answered.setdefault(f"p{n}", answer) == answer
        reveal = keeper.reveal()
        assert reveal.problems() == []
        assert [a.arm for a in reveal.allocations] == [
            a.arm for a in sorted(answered.values(), key=lambda a: a.number)
        ]

"""What every keeper promises: one answer for each request, blocks intact, a list anyone can recompute."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.keeper import (
    AllocationAnswer,
    FileKeeper,
    Keeper,
    KeeperError,
    RehearsalKeeper,
    Reveal,
)
from support.keepers import (
    CHEMO,
    LEDGER,
    SITES,
    STRANGER,
    intact_blocks,
    protocol,
    request,
    served,
    signed,
)

Make = Callable[..., Keeper]


@pytest.fixture(params=["file", "process", "rehearsal"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def keeper(kind: str = "blocks", name: str = "keeper") -> Keeper:
            if request.param == "rehearsal":
                return RehearsalKeeper(7312656, 0, protocol(kind), LEDGER.public_hex)
            path = tmp_path / f"{name}.sqlite"
            held = FileKeeper.create(path, protocol(kind), LEDGER.public_hex)
            stack.callback(held.close)
            if request.param == "file":
                return held
            remote = stack.enter_context(served(held, path.with_suffix(".sock")))
            remote.held = held  # type: ignore[attr-defined]
            return remote

        yield keeper


def revealed(keeper: Any) -> Reveal:
    """What is disclosed at the end, by the keeper itself and not by who asks it."""
    disclosed: Reveal = getattr(keeper, "held", keeper).reveal()
    return disclosed


def test_the_same_request_gets_the_same_answer(make: Make) -> None:
    keeper = make()
    first = [keeper.allocate(request(n)) for n in range(10)]
    again = [keeper.allocate(request(n)) for n in reversed(range(10))]
    assert again == first[::-1]
    assert [answer.number for answer in first] == list(range(1, 11))
    assert {answer.stratum for answer in first} == {"site=01|chemo=true"}
    assert len(revealed(keeper).allocations) == 10


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
    ("eligibility", "why"),
    [
        (signed("01-0001", signer=STRANGER), "does not carry the signature of this trial's ledger"),
        (signed("01-0002"), "is not about participant 01-0001"),
        (signed("01-0001", trial="t2"), "belongs to the trial t2"),
        (signed("01-0001", type="EligibilityAssessed"), "an event of type EligibilityAssessed"),
    ],
)
def test_nobody_is_allocated_without_a_decision_the_ledger_signed(
    make: Make, eligibility: Any, why: str
) -> None:
    keeper = make()
    with pytest.raises(KeeperError, match=f"signed eligibility decision only: it .*{why[-20:]}"):
        keeper.allocate(request(1, eligibility=eligibility))
    assert keeper.allocate(request(2)).number == 1


def test_a_known_request_is_not_answered_to_whoever_has_no_signed_decision(make: Make) -> None:
    keeper = make()
    keeper.allocate(request(1))
    with pytest.raises(KeeperError, match="signature"):
        keeper.allocate(request(1, eligibility=signed("01-0001", signer=STRANGER)))


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
        answer = keeper.allocate(request(n, SITES[n % 3], CHEMO[n % 7 % 2], kind))
        by_stratum[answer.stratum].append(answer.arm)
    reveal = revealed(keeper)
    assert keeper.commitment() == published
    assert (reveal.commitment, reveal.source) == (published.hash, published.source)
    assert reveal.problems() == []
    assert [a.arm for a in reveal.allocations] == reveal.recompute()
    assert Reveal.from_document(reveal.as_document()) == reveal
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
    assert revealed(keeper).problems() == []


def test_the_same_request_sixty_four_times_at_once_allocates_once(make: Make) -> None:
    keeper, gate = make(), threading.Barrier(64)

    def ask(_: int) -> AllocationAnswer:
        gate.wait()
        return keeper.allocate(request(1))

    with ThreadPoolExecutor(64) as pool:
        answers = set(pool.map(ask, range(64)))
    assert len(answers) == 1
    assert len(revealed(keeper).allocations) == 1


def test_a_log_that_was_changed_does_not_pass_for_the_seeds(make: Make) -> None:
    keeper = make()
    for n in range(8):
        keeper.allocate(request(n))
    reveal = revealed(keeper)
    given_out = reveal.as_document()
    arm = given_out["allocations"][3]["arm"]
    given_out["allocations"][3]["arm"] = "control" if arm == "spray" else "spray"
    (problem,) = Reveal.from_document(given_out).problems()
    assert problem.startswith("allocation 4 (t1/3)")


def test_another_seed_or_scheme_is_another_commitment(make: Make) -> None:
    reveal = revealed(make())
    hashes = {reveal.commitment, make("minimization", "other").commitment().hash}
    changed = {**reveal.as_document(), "seed": "00" * 32}
    hashes.add(Reveal.from_document(changed).commitment)
    assert len(hashes) == 3


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
        FileKeeper.create(folder / "keeper.sqlite", protocol(kind), LEDGER.public_hex),
        RehearsalKeeper(1, 2, protocol(kind), LEDGER.public_hex),
    ):
        answered: dict[str, AllocationAnswer] = {}
        for n, site, chemo in asked:
            try:
                answer = keeper.allocate(request(n, site, chemo, kind, participant=f"p{n}"))
            except KeeperError:
                assert f"p{n}" in answered
                continue
            assert answered.setdefault(f"p{n}", answer) == answer
        reveal = revealed(keeper)
        assert reveal.problems() == []
        assert [a.arm for a in reveal.allocations] == [
            a.arm for a in sorted(answered.values(), key=lambda a: a.number)
        ]

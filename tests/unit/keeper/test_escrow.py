"""A lost keeper comes back from two shares and the ledger, or not at all."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equipoise.keeper import FileKeeper, KeeperError, Question
from equipoise.keeper.escrow import Share, join, new_set, past_allocations, split
from equipoise.keeper.reveal import Reveal
from support.keepers import LEDGER, SITES, protocol, request

SCHEME = {"arms": [], "factors": [], "rule": {}}


def sealed(seed: bytes = b"\x07" * 32, name: str = "a") -> tuple[Share, Share]:
    return split("t1", Reveal(seed.hex(), "hmac-sha256", SCHEME, ()), name)


@given(seed=st.binary(min_size=32, max_size=32))
def test_two_shares_give_the_seed_in_either_order(seed: bytes) -> None:
    first, second = (Share.from_document(share.as_document()) for share in sealed(seed))
    assert join(first, second) == join(second, first) == seed


def test_a_share_alone_is_as_random_as_any_number() -> None:
    """Of one seed, sealed 2000 times, each bit of either share is set about half the time."""
    seed, set_bits = b"\xff" * 32, [Counter[int](), Counter[int]()]
    for _ in range(2000):
        for bits, share in zip(set_bits, sealed(seed), strict=True):
            number = int(share.data, 16)
            bits.update(at for at in range(256) if number >> at & 1)
    for bits in set_bits:
        # 512 counts of a binomial with n = 2000, p = 1/2: six standard deviations are 134.
        assert all(abs(bits[at] - 1000) < 134 for at in range(256))


def test_a_shares_check_is_sixteen_digits_to_be_copied_by_hand() -> None:
    assert len(sealed()[0].as_document()["check"]) == 16


def test_the_seed_does_not_stand_in_a_share() -> None:
    seed = bytes(range(32))
    for share in sealed(seed):
        assert seed.hex() not in str(share.as_document())


def test_shares_that_do_not_belong_together_are_told_apart() -> None:
    first, _ = sealed()
    with pytest.raises(KeeperError, match="both are share 1"):
        join(first, first)
    with pytest.raises(KeeperError, match="different sealings"):
        join(first, sealed(name="b")[1])
    with pytest.raises(KeeperError, match="do not give the seed"):
        join(first, sealed()[1])
    assert new_set() != new_set()


@pytest.mark.parametrize(
    "change", [{"data": "00" * 32}, {"share": 2}, {"set": "b"}, {"check": "0" * 16}, {"trial": "x"}]
)
def test_a_share_that_was_changed_fails_its_check(change: dict[str, Any]) -> None:
    document = sealed()[0].as_document()
    with pytest.raises(KeeperError, match="check fails"):
        Share.from_document({**document, **change})


@pytest.mark.parametrize("change", [{"share": 3}, {"data": "00" * 31}, {"data": "00" * 33}])
def test_a_share_of_the_wrong_kind_is_refused_though_its_check_holds(
    change: dict[str, Any],
) -> None:
    share = dataclasses.replace(sealed()[0], **change)
    with pytest.raises(KeeperError, match="check fails"):
        Share.from_document(share.as_document())


@pytest.mark.parametrize("given_", [None, [], {}, {"format": "equipoise-keeper-share-1"}])
def test_what_is_no_share_is_refused(given_: Any) -> None:
    with pytest.raises(KeeperError, match="share"):
        Share.from_document(given_)


def test_a_rebuilt_keeper_goes_on_as_the_lost_one_would_have(tmp_path: Path) -> None:
    lost = FileKeeper.create(tmp_path / "lost.sqlite", protocol(), LEDGER.public_hex)
    asked = [request(n, SITES[n % 3]) for n in range(40)]
    answers = [lost.allocate(one) for one in asked]
    shares = split("t1", lost.escrow("s"), "s")
    ledger = [
        (answer.number, one.request, one.participant, one.strata, answer.arm)
        for one, answer in zip(asked, answers, strict=True)
    ]
    rebuilt = FileKeeper.create(
        tmp_path / "new.sqlite", protocol(), LEDGER.public_hex, seed=join(*shares)
    )
    rebuilt.restore(past_allocations(reversed(ledger[:25])))
    assert rebuilt.commitment() == lost.commitment()
    assert [rebuilt.allocate(one) for one in asked] == answers
    rebuilt.close()
    connection = sqlite3.connect(tmp_path / "new.sqlite")
    logged = [json.loads(row[0]) for row in connection.execute(
        "SELECT content FROM log WHERE kind = 'allocated' ORDER BY number"
    )]  # fmt: skip
    connection.close()
    assert [one.get("recovered", False) for one in logged] == [True] * 25 + [False] * 15
    assert FileKeeper.open(tmp_path / "new.sqlite").status().allocations == 40


def test_a_ledger_the_seed_does_not_give_restores_nothing(tmp_path: Path) -> None:
    keeper = FileKeeper.create(tmp_path / "keeper.sqlite", protocol(), LEDGER.public_hex)
    strata = {"site": "01", "chemo": "true"}
    past = [(Question(f"t1/{n}", f"01-{n:04}", strata), "spray") for n in range(9)]
    with pytest.raises(KeeperError, match="seed and scheme give control"):
        keeper.restore(past)
    assert keeper.status().allocations == 0
    keeper.allocate(request(1))
    with pytest.raises(KeeperError, match="holds 1 allocations already"):
        keeper.restore([])


def test_an_answer_that_never_reached_the_ledger_is_named() -> None:
    with pytest.raises(KeeperError, match="the ledger knows no allocation 2"):
        past_allocations([(1, "a", "p1", {}, "x"), (3, "c", "p3", {}, "x")])

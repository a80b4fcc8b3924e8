"""Where a keeper's state lives, and how it comes back."""

from __future__ import annotations

import importlib.util
import sqlite3
import stat
from pathlib import Path

import pytest

from equipoise.keeper import FileKeeper, KeeperError, RehearsalKeeper
from equipoise.keeper.reveal import Reveal

_path = Path(__file__).parents[2] / "contract" / "keeper" / "test_keeper_contract.py"
_spec = importlib.util.spec_from_file_location("keeper_contract", _path)
assert _spec is not None
assert _spec.loader is not None
contract = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(contract)
protocol, request = contract.protocol, contract.request


def test_the_keepers_file_is_private(tmp_path: Path) -> None:
    FileKeeper(tmp_path / "keeper.sqlite", protocol()).close()
    assert stat.S_IMODE((tmp_path / "keeper.sqlite").stat().st_mode) == 0o600


def test_two_files_hold_two_seeds(tmp_path: Path) -> None:
    keepers = [FileKeeper(tmp_path / f"{n}.sqlite", protocol()) for n in range(2)]
    assert len({keeper.reveal().seed for keeper in keepers}) == 2
    assert all(len(bytes.fromhex(keeper.reveal().seed)) == 32 for keeper in keepers)


def test_a_reopened_keeper_goes_on(tmp_path: Path) -> None:
    keeper = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    first = [keeper.allocate(request(n)) for n in range(7)]
    commitment = keeper.commitment()
    keeper.close()
    again = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    assert again.commitment() == commitment
    assert [again.allocate(request(n)) for n in range(7)] == first
    assert again.allocate(request(7)).number == 8
    assert again.reveal().problems() == []


def test_two_keepers_of_one_file_never_give_one_number_twice(tmp_path: Path) -> None:
    """As two processes would: each finds what the other has logged."""
    one = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    other = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    numbers = []
    for n in range(0, 20, 2):
        numbers.append(one.allocate(request(n)).number)
        numbers.append(other.allocate(request(n + 1)).number)
    assert numbers == list(range(1, 21))
    assert other.allocate(request(0)).number == 1
    assert FileKeeper(tmp_path / "keeper.sqlite", protocol()).reveal().problems() == []


def test_one_file_serves_several_trials(tmp_path: Path) -> None:
    first = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    second = FileKeeper(tmp_path / "keeper.sqlite", protocol(trial="t2"))
    assert first.allocate(request(1)).number == 1
    assert second.allocate(request(1, trial="t2")).number == 1
    with pytest.raises(KeeperError, match="holds t1, not t2"):
        first.allocate(request(2, trial="t2"))
    assert first.commitment() != second.commitment()


def test_a_scheme_cannot_change_after_the_commitment(tmp_path: Path) -> None:
    FileKeeper(tmp_path / "keeper.sqlite", protocol()).close()
    with pytest.raises(KeeperError, match="not the one committed to"):
        FileKeeper(tmp_path / "keeper.sqlite", protocol("minimization"))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET arm = 'spray'", "DELETE FROM log", "UPDATE seed SET seed = 'ab'",
    ],
)  # fmt: skip
def test_the_file_refuses_to_change_what_was_answered(tmp_path: Path, statement: str) -> None:
    keeper = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    keeper.allocate(request(1))
    keeper.close()
    connection = sqlite3.connect(tmp_path / "keeper.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement)
    connection.close()


def test_a_forged_log_is_not_opened(tmp_path: Path) -> None:
    keeper = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    arm = keeper.allocate(request(1)).arm
    keeper.close()
    connection = sqlite3.connect(tmp_path / "keeper.sqlite")
    connection.execute("DROP TRIGGER log_never_changes")
    connection.execute("UPDATE log SET arm = ?", ("control" if arm == "spray" else "spray",))
    connection.commit()
    connection.close()
    with pytest.raises(KeeperError, match="seed and scheme give"):
        FileKeeper(tmp_path / "keeper.sqlite", protocol())


def test_a_file_that_is_no_keepers_is_named(tmp_path: Path) -> None:
    (tmp_path / "keeper.sqlite").write_bytes(b"not a database at all " * 100)
    with pytest.raises(KeeperError, match="no keeper's file"):
        FileKeeper(tmp_path / "keeper.sqlite", protocol())


def test_a_closed_keeper_answers_no_new_request(tmp_path: Path) -> None:
    keeper = FileKeeper(tmp_path / "keeper.sqlite", protocol())
    keeper.close()
    with pytest.raises(KeeperError, match="closed"):
        keeper.allocate(request(1))


# Rehearsal


def test_a_rehearsal_is_the_same_again_and_its_replicates_differ() -> None:
    def arms(seed: int, replicate: int) -> list[str]:
        keeper = RehearsalKeeper(seed, replicate, protocol())
        return [keeper.allocate(request(n)).arm for n in range(60)]

    assert arms(5, 0) == arms(5, 0)
    assert len({tuple(arms(seed, replicate)) for seed in (5, 6) for replicate in (0, 1)}) == 4


def test_a_rehearsal_goes_on_after_it_was_restored_from_the_ledger() -> None:
    whole = RehearsalKeeper(5, 0, protocol())
    answers = [whole.allocate(request(n, contract.SITES[n % 3])) for n in range(30)]
    for cut in (0, 1, 17, 29):
        keeper = RehearsalKeeper(5, 0, protocol())
        keeper.restore(
            [
                (
                    request(n).request,
                    {"site": contract.SITES[n % 3], "chemo": "true"},
                    answers[n].arm,
                )
                for n in range(cut)
            ]
        )
        again = [keeper.allocate(request(n, contract.SITES[n % 3])) for n in range(30)]
        assert again == answers


def test_a_past_that_the_seed_does_not_give_is_not_restored() -> None:
    keeper = RehearsalKeeper(5, 0, protocol())
    arm = keeper.allocate(request(1)).arm
    other = "control" if arm == "spray" else "spray"
    with pytest.raises(KeeperError, match="seed and scheme give"):
        RehearsalKeeper(5, 0, protocol()).restore([("t1/1", request(1).strata, other)])
    RehearsalKeeper(5, 0, protocol("none")).restore([])
    with pytest.raises(KeeperError, match="declares no randomization"):
        RehearsalKeeper(5, 0, protocol("none")).restore([("t1/1", {}, arm)])


# Reveal


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": "xyz"}, "no seed for"),
        ({"source": "dice"}, "unknown source"),
        ({"scheme": {}}, "no randomization scheme"),
    ],
)
def test_a_reveal_that_makes_no_sense_says_so(change: dict[str, object], said: str) -> None:
    keeper = RehearsalKeeper(5, 0, protocol())
    keeper.allocate(request(1))
    (problem,) = Reveal.from_document({**keeper.reveal().as_document(), **change}).problems()
    assert said in problem


@pytest.mark.parametrize("given", [{}, {"seed": "1:2"}, {"allocations": [{}]}, {"allocations": 5}])
def test_what_is_no_reveal_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no reveal"):
        Reveal.from_document(given)

"""Where a keeper's state lives, and how it comes back."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest

from equipoise.keeper import FileKeeper, KeeperError, RehearsalKeeper
from equipoise.keeper.file import _OvertakenError
from equipoise.keeper.reveal import Reveal
from support.keepers import LEDGER, SITES, STRANGER, protocol, request, signed


def made(path: Path, kind: str = "blocks", trial: str = "t1") -> FileKeeper:
    return FileKeeper.create(path, protocol(kind, trial), LEDGER.public_hex)


def rehearsed(seed: int, replicate: int = 0, kind: str = "blocks") -> RehearsalKeeper:
    return RehearsalKeeper(seed, replicate, protocol(kind), LEDGER.public_hex)


def test_the_keepers_file_is_private(tmp_path: Path) -> None:
    made(tmp_path / "keeper.sqlite").close()
    assert stat.S_IMODE((tmp_path / "keeper.sqlite").stat().st_mode) == 0o600


def test_two_files_hold_two_seeds(tmp_path: Path) -> None:
    keepers = [made(tmp_path / f"{n}.sqlite") for n in range(2)]
    assert len({keeper.reveal().seed for keeper in keepers}) == 2
    assert all(len(bytes.fromhex(keeper.reveal().seed)) == 32 for keeper in keepers)


def test_a_reopened_keeper_goes_on(tmp_path: Path) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    first = [keeper.allocate(request(n)) for n in range(7)]
    commitment = keeper.commitment()
    keeper.close()
    again = FileKeeper.open(tmp_path / "keeper.sqlite")
    assert again.commitment() == commitment
    assert [again.allocate(request(n)) for n in range(7)] == first
    assert again.allocate(request(7)).number == 8
    assert again.reveal().problems() == []


def test_a_reopened_keeper_knows_by_which_request_it_was_asked(tmp_path: Path) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    keeper.allocate(request(1))
    keeper.close()
    with pytest.raises(KeeperError, match="the request t1/1 was made for participant 01-0001"):
        FileKeeper.open(tmp_path / "keeper.sqlite").allocate(request(1, participant="01-0099"))


def test_where_others_keep_writing_the_keeper_gives_up_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = made(tmp_path / "keeper.sqlite")

    def overtaken(*_: object, **__: object) -> None:
        raise _OvertakenError

    monkeypatch.setattr(FileKeeper, "_write", overtaken)
    with pytest.raises(KeeperError, match="other processes keep writing the log"):
        keeper.escrow("a set")
    with pytest.raises(KeeperError, match="other processes keep"):
        keeper.allocate(request(1))


def test_two_keepers_of_one_file_never_give_one_number_twice(tmp_path: Path) -> None:
    """As two processes would: each finds what the other has logged."""
    one = made(tmp_path / "keeper.sqlite")
    other = FileKeeper.open(tmp_path / "keeper.sqlite")
    numbers = []
    for n in range(0, 20, 2):
        numbers.append(one.allocate(request(n)).number)
        numbers.append(other.allocate(request(n + 1)).number)
    assert numbers == list(range(1, 21))
    assert other.allocate(request(0)).number == 1
    assert FileKeeper.open(tmp_path / "keeper.sqlite").reveal().problems() == []


def test_one_file_serves_several_trials(tmp_path: Path) -> None:
    first = made(tmp_path / "keeper.sqlite")
    second = made(tmp_path / "keeper.sqlite", trial="t2")
    assert first.allocate(request(1)).number == 1
    assert second.allocate(request(1, trial="t2")).number == 1
    with pytest.raises(KeeperError, match="holds t1, not t2"):
        first.allocate(request(2, trial="t2"))
    assert first.commitment() != second.commitment()
    with pytest.raises(KeeperError, match="holds t1, t2; name one"):
        FileKeeper.open(tmp_path / "keeper.sqlite")


def test_a_seed_is_made_once_and_for_a_trial_that_randomizes(tmp_path: Path) -> None:
    made(tmp_path / "keeper.sqlite").close()
    with pytest.raises(KeeperError, match="holds the seed of t1 already"):
        made(tmp_path / "keeper.sqlite")
    with pytest.raises(KeeperError, match="declares no randomization"):
        made(tmp_path / "none.sqlite", "none")
    assert not (tmp_path / "none.sqlite").exists()


def test_a_missing_file_is_never_replaced_by_a_new_seed(tmp_path: Path) -> None:
    with pytest.raises(KeeperError, match="recover it from the sealed shares"):
        FileKeeper.open(tmp_path / "keeper.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_scheme_cannot_change_after_the_commitment(tmp_path: Path) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    with pytest.raises(KeeperError, match="not the one committed to"):
        keeper.accept(protocol("minimization"))
    with pytest.raises(KeeperError, match="holds t1, not t2"):
        keeper.accept(protocol(trial="t2"))


def test_a_version_is_known_once_it_was_accepted_and_for_good(tmp_path: Path) -> None:
    keeper, amended = made(tmp_path / "keeper.sqlite"), protocol(purpose="prevention")
    under = signed("01-0001", protocol=amended.version)
    with pytest.raises(KeeperError, match="which this keeper does not know"):
        keeper.allocate(request(1, eligibility=under))
    keeper.accept(amended)
    keeper.accept(amended)
    keeper.close()
    again = FileKeeper.open(tmp_path / "keeper.sqlite")
    assert again.allocate(request(1, eligibility=under)).number == 1
    assert again.allocate(request(2)).number == 2
    assert len(again.status().versions) == 2


def test_the_first_ledger_is_bound_for_good(tmp_path: Path) -> None:
    keeper = FileKeeper.create(tmp_path / "keeper.sqlite", protocol())
    with pytest.raises(KeeperError, match="no ledger is bound"):
        keeper.allocate(request(1))
    keeper.bind(LEDGER.public_hex)
    keeper.bind(LEDGER.public_hex)
    with pytest.raises(KeeperError, match="bound to the ledger with the key"):
        keeper.bind(STRANGER.public_hex)
    assert keeper.allocate(request(1)).number == 1
    assert FileKeeper.open(tmp_path / "keeper.sqlite").status().public_key == LEDGER.public_hex


def test_the_log_tells_of_answers_repetitions_and_refusals(tmp_path: Path) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    keeper.allocate(request(1))
    keeper.allocate(request(1))
    with pytest.raises(KeeperError):
        keeper.allocate(request(2, eligibility=signed("01-0002", signer=STRANGER)))
    keeper.escrow("a set")
    keeper.reveal()
    keeper.close()
    connection = sqlite3.connect(tmp_path / "keeper.sqlite")
    kinds = [row[0] for row in connection.execute("SELECT kind FROM log ORDER BY number")]
    connection.close()
    assert kinds == [
        "version", "bound", "allocated", "repeated", "refused", "escrowed", "revealed",
    ]  # fmt: skip


def test_nobody_is_allocated_after_the_reveal(tmp_path: Path) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    keeper.allocate(request(1))
    assert keeper.reveal() == keeper.reveal()
    for one in (keeper, FileKeeper.open(tmp_path / "keeper.sqlite")):
        with pytest.raises(KeeperError, match="has been revealed"):
            one.allocate(request(2))
        assert one.status().revealed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET content = '{}'", "DELETE FROM log", "UPDATE seed SET seed = 'ab'",
        "DELETE FROM seed",
    ],
)  # fmt: skip
def test_the_file_refuses_to_change_what_was_answered(tmp_path: Path, statement: str) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    keeper.allocate(request(1))
    keeper.close()
    connection = sqlite3.connect(tmp_path / "keeper.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE log SET content = replace(content, 'arm', 'arms') WHERE number = 3", "line 3"),
        ("UPDATE log SET at = '2020' WHERE number = 4", "line 4"),
        ("DELETE FROM log WHERE number = 4", "line 5"),
        ("UPDATE log SET participant = '01-9999' WHERE number = 5", "line 5"),
        ("UPDATE seed SET seed = '" + "00" * 32 + "'", "seed and scheme give"),
    ],
)
def test_a_forged_file_is_not_opened(tmp_path: Path, statement: str, said: str) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    for n in range(12):
        keeper.allocate(request(n))
    keeper.close()
    connection = sqlite3.connect(tmp_path / "keeper.sqlite")
    for trigger in ("log_never_changes", "log_never_goes", "seed_never_changes"):
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(KeeperError, match=said):
        FileKeeper.open(tmp_path / "keeper.sqlite")


def test_a_file_that_is_no_keepers_is_named(tmp_path: Path) -> None:
    (tmp_path / "keeper.sqlite").write_bytes(b"not a database at all " * 100)
    with pytest.raises(KeeperError, match="no keeper's file"):
        FileKeeper.open(tmp_path / "keeper.sqlite")


def test_a_closed_keeper_answers_no_new_request(tmp_path: Path) -> None:
    keeper = made(tmp_path / "keeper.sqlite")
    keeper.close()
    with pytest.raises(KeeperError, match="closed"):
        keeper.allocate(request(1))


# Rehearsal


def test_a_rehearsal_is_the_same_again_and_its_replicates_differ() -> None:
    def arms(seed: int, replicate: int) -> list[str]:
        keeper = rehearsed(seed, replicate)
        return [keeper.allocate(request(n)).arm for n in range(60)]

    assert arms(5, 0) == arms(5, 0)
    assert len({tuple(arms(seed, replicate)) for seed in (5, 6) for replicate in (0, 1)}) == 4


def test_a_rehearsal_goes_on_after_it_was_restored_from_the_ledger() -> None:
    whole = rehearsed(5)
    answers = [whole.allocate(request(n, SITES[n % 3])) for n in range(30)]
    for cut in (0, 1, 17, 29):
        keeper = rehearsed(5)
        keeper.restore(
            [
                (request(n).request, {"site": SITES[n % 3], "chemo": "true"}, answers[n].arm)
                for n in range(cut)
            ]
        )
        again = [keeper.allocate(request(n, SITES[n % 3])) for n in range(30)]
        assert again == answers


def test_a_past_that_the_seed_does_not_give_is_not_restored() -> None:
    arm = rehearsed(5).allocate(request(1)).arm
    other = "control" if arm == "spray" else "spray"
    with pytest.raises(KeeperError, match="seed and scheme give"):
        rehearsed(5).restore([("t1/1", request(1).strata, other)])
    rehearsed(5, kind="none").restore([])
    with pytest.raises(KeeperError, match="declares no randomization"):
        rehearsed(5, kind="none").restore([("t1/1", {}, arm)])
    for ask in (lambda k: k.commitment(), lambda k: k.allocate(request(1))):
        with pytest.raises(KeeperError, match="declares no randomization"):
            ask(rehearsed(5, kind="none"))


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
    keeper = rehearsed(5)
    keeper.allocate(request(1))
    (problem,) = Reveal.from_document({**keeper.reveal().as_document(), **change}).problems()
    assert said in problem


@pytest.mark.parametrize("given", [{}, {"seed": "1:2"}, {"allocations": [{}]}, {"allocations": 5}])
def test_what_is_no_reveal_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no reveal") as refused:
        Reveal.from_document(given)
    assert "Error(" not in str(refused.value)

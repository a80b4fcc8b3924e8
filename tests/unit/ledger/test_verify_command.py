"""`equipoise verify`: exit code, places, and the allocations behind a revealed seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.allocation.rules import PermutedBlocks
from equipoise.allocation.scheme import Factor, Scheme
from equipoise.cli import main
from equipoise.keeper.reveal import Allocated, Reveal, allocated_arms, uniforms_of
from equipoise.ledger.envelope import Draft
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.sqlite import SqliteStore
from support.tampering import SIGNER, build_home, read_rows, stand_alone_verdict, write_rows

SCHEME = Scheme((("a", 1), ("b", 1)), (Factor("site", ("01", "02")),), PermutedBlocks((4,)))
SEED = "5e" * 32


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["verify", *map(str, arguments)])
    return result.exit_code, result.output


def verdict(*arguments: object) -> tuple[int, dict[str, Any]]:
    code, printed = run(*arguments, "--format", "json")
    return code, json.loads(printed)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    build_home(tmp_path)
    return tmp_path


def test_a_whole_home_gives_its_root_and_exit_code_zero(home: Path) -> None:
    code, document = verdict(home)
    assert (code, document["ok"], document["problems"]) == (0, True, [])
    assert document["public_key"] == SIGNER.public_hex
    assert document["events"] == document["head"]["seq"] == 24
    code, printed = run(home)
    assert code == 0
    assert document["ledger_root"] in printed
    assert document["ledger_root"] in stand_alone_verdict(home).words
    assert run(home / "ledger.sqlite")[0] == 0


def test_a_fault_is_named_with_its_place_and_exit_code_one(home: Path) -> None:
    from support.tampering import loosen

    loosen(home / "ledger.sqlite")
    rows = read_rows(home / "ledger.sqlite")
    rows[4][9] = "administrator"
    write_rows(home / "ledger.sqlite", rows)
    code, document = verdict(home)
    assert code == 1
    assert document["problems"] == [{"seq": 5, "what": "its content does not give its hash"}]
    assert run(home)[0] == 1
    assert "event 5: its content does not give its hash" in run(home)[1]


def test_a_missing_head_file_is_a_fault_of_a_home_and_a_remark_about_a_bare_file(
    home: Path,
) -> None:
    kept = (home / "head").rename(home / "elsewhere")
    assert run(home)[0] == 1
    assert "head file is missing" in run(home)[1]
    code, printed = run(home / "ledger.sqlite")
    assert code == 0
    assert "whether the tail was cut cannot be seen" in printed
    assert run(home / "ledger.sqlite", "--head", kept)[0] == 0
    assert stand_alone_verdict(home / "ledger.sqlite").whole
    assert stand_alone_verdict(home / "ledger.sqlite", "--head", kept).whole
    assert not stand_alone_verdict(home).whole


def test_the_key_can_be_given_from_outside(home: Path) -> None:
    assert run(home, "--key", SIGNER.public_hex)[0] == 0
    assert stand_alone_verdict(home, "--key", SIGNER.public_hex).whole
    assert run(home, "--key", "ab" * 32)[0] == 1
    assert not stand_alone_verdict(home, "--key", "ab" * 32).whole


def test_an_empty_ledger_is_not_whole(tmp_path: Path) -> None:
    Ledger(SqliteStore(tmp_path / "ledger.sqlite"), trial="t1").close()
    assert run(tmp_path / "ledger.sqlite")[0] == 1
    assert "there are no events" in run(tmp_path)[1]
    assert not stand_alone_verdict(tmp_path / "ledger.sqlite").whole


def test_a_place_without_a_ledger_is_one_line(tmp_path: Path) -> None:
    code, printed = run(tmp_path)
    assert code == 2
    assert printed.count("\n") == 1
    assert "there is no ledger" in printed
    code, printed = run(tmp_path / "nothing")
    assert (code, "there is no ledger" in printed) == (2, True)


# The revealed seed


def randomized(home: Path, strata: list[str]) -> dict[str, Any]:
    """A ledger with a commitment and randomizations; the reveal that explains them."""
    arms = allocated_arms(SCHEME, uniforms_of(SEED, "hmac-sha256"), [{"site": s} for s in strata])
    allocations = tuple(
        Allocated(n, f"t1/{n}", {"site": site}, arm)
        for n, (site, arm) in enumerate(zip(strata, arms, strict=True), 1)
    )
    reveal = Reveal(SEED, "hmac-sha256", SCHEME.as_document(), allocations)
    ledger = Ledger(
        SqliteStore(home / "ledger.sqlite"),
        trial="t1",
        signer=SIGNER,
        head_file=HeadFile(home / "head"),
    )

    def append(type_: str, **payload: Any) -> None:
        with ledger.write() as writing:
            writing.append([Draft("trial", type_, 1, "p", payload, "a", "r", "", "", None, "t")])

    append("TrialCreated", public_key=SIGNER.public_hex)
    append("RandomizationCommitted", commitment=reveal.commitment, source=reveal.source)
    for one in allocations:
        append("ParticipantRandomized", number=one.number, strata=one.strata, request=one.request)
    ledger.close()
    return reveal.as_document()


@pytest.fixture
def revealed(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    return tmp_path, randomized(tmp_path, ["01", "02", "01", "01", "02", "01", "01"])


def check(home: Path, reveal: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    (home / "reveal.json").write_text(json.dumps(reveal), encoding="utf-8")
    return verdict(home, "--reveal", home / "reveal.json")


def test_a_revealed_seed_recomputes_every_allocation(revealed: tuple[Path, dict[str, Any]]) -> None:
    code, document = check(*revealed)
    assert (code, document["allocations"], document["problems"]) == (0, 7, [])


def test_another_seed_is_not_the_one_committed_to(revealed: tuple[Path, dict[str, Any]]) -> None:
    home, reveal = revealed
    code, document = check(home, {**reveal, "seed": "5f" * 32})
    assert code == 1
    assert {"seq": 2, "what": "seed and scheme are not those committed to"} in document["problems"]


def test_an_allocation_the_seed_does_not_give_is_named(
    revealed: tuple[Path, dict[str, Any]],
) -> None:
    home, reveal = revealed
    changed = reveal["allocations"][4]
    changed["arm"] = "b" if changed["arm"] == "a" else "a"
    code, document = check(home, reveal)
    assert code == 1
    assert "allocation 5 (t1/5)" in document["problems"][0]["what"]


def test_a_reveal_that_leaves_out_or_invents_a_participant_is_named(
    revealed: tuple[Path, dict[str, Any]],
) -> None:
    home, reveal = revealed
    last = reveal["allocations"].pop()
    code, document = check(home, reveal)
    assert code == 1
    assert document["problems"] == [{"seq": 9, "what": "the reveal does not know the request t1/7"}]
    reveal["allocations"].append({**last, "request": "t1/other"})
    assert check(home, reveal)[0] == 1


def test_other_strata_in_the_reveal_than_in_the_ledger_are_named(
    revealed: tuple[Path, dict[str, Any]],
) -> None:
    home, reveal = revealed
    reveal["allocations"][0]["strata"], reveal["allocations"][1]["strata"] = (
        reveal["allocations"][1]["strata"], reveal["allocations"][0]["strata"],
    )  # fmt: skip
    code, document = check(home, reveal)
    assert code == 1
    assert {problem["seq"] for problem in document["problems"]} >= {3, 4}


def test_a_reveal_that_cannot_be_read_is_one_line(home: Path) -> None:
    for content in ("{", "[]", '{"seed": 1}'):
        (home / "reveal.json").write_text(content)
        code, printed = run(home, "--reveal", home / "reveal.json")
        assert code == 2, content
        assert printed.count("\n") == 1, printed
    assert run(home, "--reveal", home / "none.json")[0] == 2


# The seed in the ledger itself


def _tells(home: Path, seed: str) -> tuple[int, dict[str, Any]]:
    """Append a revealed seed to the ledger, and verify without a file."""
    ledger = Ledger(
        SqliteStore(home / "ledger.sqlite"),
        trial="t1",
        signer=SIGNER,
        head_file=HeadFile(home / "head"),
    )
    scheme = json.dumps(SCHEME.as_document())
    payload = {"seed": seed, "source": "hmac-sha256", "scheme": scheme}
    with ledger.write() as writing:
        draft = Draft("trial", "SeedRevealed", 1, "p", payload, "a", "r", "", "", None, "t")
        writing.append([draft])
    ledger.close()
    return verdict(home)


def test_a_seed_in_the_ledger_is_held_against_its_commitment_without_a_file(
    revealed: tuple[Path, dict[str, Any]],
) -> None:
    """And says where it was taken from; a file is checked beside it."""
    home, reveal = revealed
    assert verdict(home)[1]["allocations"] is None
    code, document = _tells(home, SEED)
    assert (code, document["allocations"], document["seed"]) == (0, 7, "the ledger")
    assert check(home, reveal)[0] == 0
    code, document = check(home, {**reveal, "seed": "00" * 32})
    assert (code, bool(document["problems"])) == (1, True)


@pytest.mark.parametrize("seed", ["5f" * 32, "no seed", ""])
def test_another_seed_in_the_ledger_is_found(
    revealed: tuple[Path, dict[str, Any]], seed: str
) -> None:
    code, document = _tells(revealed[0], seed)
    assert code == 1
    assert any("not those committed to" in one["what"] for one in document["problems"])

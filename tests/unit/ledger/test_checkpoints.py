"""Checkpoints and proofs: what leaves the machine, and what an outsider can tell from it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.ledger.checkpoint import Checkpoint, CheckpointFile, take_checkpoint
from equipoise.ledger.errors import LedgerDamagedError, LedgerError
from equipoise.ledger.head import HeadFile
from equipoise.ledger.ledger import Ledger
from equipoise.ledger.merkle import MerkleTree, inclusion_nodes, leaf_of, root_with
from equipoise.ledger.proof import make_proof, proof_problems
from equipoise.ledger.signing import Signer
from equipoise.ledger.sqlite import SqliteStore
from support.tampering import (
    SIGNER,
    append_events,
    build_home,
    loosen,
    product_verdict,
    read_rows,
    rechain,
    stand_alone_verdict,
    text_of,
    write_rows,
)

AT = "2026-03-02T08:00:00.000000+00:00"


def opened(home: Path) -> Ledger:
    return Ledger(
        SqliteStore(home / "ledger.sqlite"),
        trial="t1",
        signer=SIGNER,
        head_file=HeadFile(home / "head"),
        checkpoints=CheckpointFile(home / "checkpoints.jsonl"),
    )


def take(home: Path, reason: str = "manual", time: str = AT) -> Checkpoint:
    ledger = opened(home)
    try:
        taken = ledger.checkpoint(reason, time)
    finally:
        ledger.close()
    assert taken is not None
    return taken


def run(*arguments: str | Path) -> tuple[int, str]:
    answer = CliRunner().invoke(main, list(map(str, arguments)))
    return answer.exit_code, answer.output


# Taking them


def test_a_checkpoint_changes_nothing_in_the_ledger(tmp_path: Path) -> None:
    build_home(tmp_path)
    before = product_verdict(tmp_path)
    rows = read_rows(tmp_path / "ledger.sqlite")
    ledger = opened(tmp_path)
    root = ledger.root()
    for reason in ("hourly", "sign", "lock", "unblind", "export", "backup"):
        taken = ledger.checkpoint(reason, AT)
        assert taken is not None
        assert (taken.reason, taken.seq, taken.root) == (reason, len(rows), root)
    assert ledger.root() == root
    assert ledger.verify().checkpoints == 6
    ledger.close()
    assert read_rows(tmp_path / "ledger.sqlite") == rows
    assert before.whole
    assert stand_alone_verdict(tmp_path).whole


def test_checkpoints_taken_one_after_the_other_equal_those_taken_from_the_start(
    tmp_path: Path,
) -> None:
    """Each goes on from the peaks of the one before; the root is the same as from all events."""
    build_home(tmp_path, events=3)
    for n in range(40):
        append_events(tmp_path, n % 5 + 1)
        taken = take(tmp_path, time=f"2026-03-02T08:00:{n:02}.000000+00:00")
        fresh = CheckpointFile(tmp_path / f"fresh-{n}.jsonl")
        store = SqliteStore(tmp_path / "ledger.sqlite", read_only=True)
        again = take_checkpoint(store, SIGNER, "t1", fresh, time=taken.time, reason="manual")
        store.close()
        assert again == taken
        assert CheckpointFile(tmp_path / "checkpoints.jsonl").newest() == taken
    verdict = stand_alone_verdict(tmp_path)
    assert verdict.whole, verdict.words
    assert "40 checkpoints" in verdict.words


def test_a_checkpoint_costs_no_more_than_the_events_since_the_last(tmp_path: Path) -> None:
    build_home(tmp_path)
    ledger = opened(tmp_path)
    asked: list[tuple[int, int]] = []
    links = ledger.store.links

    def counted(after: int, upto: int) -> Any:
        asked.append((after, upto))
        return links(after, upto)

    ledger.store.links = counted  # type: ignore[method-assign]
    first = ledger.checkpoint("manual", AT)
    assert first is not None
    assert asked == [(0, first.seq)]
    asked.clear()
    ledger.checkpoint("manual", AT)
    assert asked == [(first.seq - 1, first.seq), (first.seq, first.seq)]
    ledger.close()


def test_a_reason_is_a_plain_word(tmp_path: Path) -> None:
    build_home(tmp_path)
    for reason in ("", "two words", "a|b", "Ärger", "x" * 40):
        with pytest.raises(LedgerError, match="no reason"):
            take(tmp_path, reason)
    assert not (tmp_path / "checkpoints.jsonl").exists()


def test_a_line_cut_short_by_a_sudden_death_is_taken_away_at_the_next(tmp_path: Path) -> None:
    build_home(tmp_path)
    first = take(tmp_path)
    file = tmp_path / "checkpoints.jsonl"
    whole = file.read_bytes()
    for length in (1, 50, len(whole) - 1):
        file.write_bytes(whole + whole[:length])
        append_events(tmp_path, 1)
        taken = take(tmp_path)
        assert [one and one.seq for one in CheckpointFile(file).read()] == [first.seq, taken.seq]


def test_nothing_is_signed_over_a_ledger_that_is_not_the_one_signed_before(tmp_path: Path) -> None:
    """Cut, rewritten or unsigned: a checkpoint must never launder a forgery."""
    build_home(tmp_path)
    take(tmp_path)
    loosen(tmp_path / "ledger.sqlite")
    rows = read_rows(tmp_path / "ledger.sqlite")
    forged = [list(row) for row in rows]
    forged[3][7] = text_of({**json.loads(forged[3][7]), "value": "9.99"})
    rechain(forged, 3)
    longer = [list(row) for row in rows]
    longer.append([len(rows) + 1, "t1", "site/09", 1, *rows[0][4:11], "", 0, *rows[0][13:]])
    rechain(longer, len(rows))
    kept = (tmp_path / "checkpoints.jsonl").read_bytes()
    for changed in (rows[:-2], forged, longer):
        write_rows(tmp_path / "ledger.sqlite", changed)
        store = SqliteStore(tmp_path / "ledger.sqlite", read_only=True)
        file = CheckpointFile(tmp_path / "checkpoints.jsonl")
        if changed is longer:
            # The signed head covers all but the last: the statement does too.
            taken = take_checkpoint(store, SIGNER, "t1", file, time=AT, reason="manual")
            assert taken.seq == len(rows)
        else:
            with pytest.raises(LedgerDamagedError, match="no checkpoint is signed"):
                take_checkpoint(store, SIGNER, "t1", file, time=AT, reason="manual")
            assert (tmp_path / "checkpoints.jsonl").read_bytes() == kept
        store.close()


def test_a_disk_that_is_full_keeps_the_checkpoints_there_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    build_home(tmp_path)
    take(tmp_path)
    kept = (tmp_path / "checkpoints.jsonl").read_bytes()
    write = os.write
    ledger = opened(tmp_path)
    monkeypatch.setattr("os.write", lambda file, data: write(file, data[:100]))
    with pytest.raises(LedgerError, match="could not be kept"):
        ledger.checkpoint("manual", AT)
    monkeypatch.undo()
    assert (tmp_path / "checkpoints.jsonl").read_bytes() == kept
    assert ledger.checkpoint("manual", AT) is not None
    ledger.close()


# Holding them against a ledger


def alter(stated: Checkpoint, name: str) -> Checkpoint:
    value = getattr(stated, name)
    if isinstance(value, int):
        return replace(stated, **{name: value - 1})
    return replace(stated, **{name: ("1" if value[:1] != "1" else "2") + value[1:]})


@pytest.mark.parametrize(
    "name", ["trial", "seq", "hash", "root", "peaks", "time", "reason", "key", "signature"]
)
def test_no_word_of_a_checkpoint_can_be_changed(tmp_path: Path, name: str) -> None:
    build_home(tmp_path)
    changed = alter(take(tmp_path), name)
    file = tmp_path / "elsewhere.jsonl"
    file.write_text(changed.to_text())
    (tmp_path / "checkpoints.jsonl").unlink()
    code, printed = run("verify", tmp_path, "--checkpoint", file)
    assert (code, "signature does not hold" in printed) == (1, True), printed
    assert not stand_alone_verdict(tmp_path, "--checkpoint", file).whole


def test_a_checkpoint_that_somebody_else_signed_does_not_count(tmp_path: Path) -> None:
    build_home(tmp_path)
    ours = take(tmp_path)
    stranger = Signer(b"x" * 32)
    forged = Checkpoint.sign(stranger, "t1", ours.hash, ours.tree(), ours.time, "manual")
    file = tmp_path / "elsewhere.jsonl"
    file.write_text(forged.to_text())
    assert forged.holds()
    code, printed = run("verify", tmp_path, "--checkpoint", file)
    assert (code, "another key" in printed) == (1, True), printed
    assert not stand_alone_verdict(tmp_path, "--checkpoint", file).whole


def test_verify_names_how_many_checkpoints_it_held_against_the_chain(tmp_path: Path) -> None:
    build_home(tmp_path)
    take(tmp_path)
    append_events(tmp_path, 3)
    take(tmp_path)
    out = tmp_path / "elsewhere.jsonl"
    out.write_text((tmp_path / "checkpoints.jsonl").read_text())
    code, printed = run("verify", tmp_path, "--checkpoint", out, "--format", "json")
    assert (code, json.loads(printed)["checkpoints"]) == (0, 4)
    assert "4 checkpoints" in stand_alone_verdict(tmp_path, "--checkpoint", out).words
    empty = tmp_path / "empty"
    empty.write_text("\n")
    code, printed = run("verify", tmp_path, "--checkpoint", empty)
    assert (code, "holds no checkpoint" in printed) == (2, True)


# Proofs


def prove(home: Path, wanted: Callable[[Any], bool], stream: str | None = None) -> dict[str, Any]:
    checkpoint = take(home)
    store = SqliteStore(home / "ledger.sqlite", read_only=True)
    try:
        return make_proof(store, checkpoint, wanted, subject=stream or "some", stream=stream)
    finally:
        store.close()


def stand_alone_accepts(proof: Any, folder: Path, *more: str) -> bool:
    file = folder / "proof.json"
    file.write_text(json.dumps(proof), encoding="utf-8")
    return stand_alone_verdict(file, *more).whole


def test_any_leaves_lead_to_the_root_of_any_tree() -> None:
    rng = random.Random(7)
    for size in [*range(1, 34), 100, 1000]:
        tree = MerkleTree()
        leaves = []
        for seq in range(1, size + 1):
            hash_ = f"{rng.getrandbits(256):064x}"
            tree.add(seq, hash_)
            leaves.append(leaf_of(seq, hash_))
        for _ in range(6):
            places = sorted(rng.sample(range(size), rng.randrange(1, min(size, 9) + 1)))
            nodes = inclusion_nodes(leaves, places)
            shown = {place: leaves[place] for place in places}
            assert root_with(size, shown, nodes) == tree.root()
            other = {**shown, places[0]: leaf_of(size + 1, "ab" * 32)}
            assert root_with(size, other, nodes) != tree.root()
            with pytest.raises(ValueError, match="too many"):
                root_with(size, shown, [*nodes, "ab" * 32])
            if nodes:
                with pytest.raises(ValueError, match="too few"):
                    root_with(size, shown, nodes[:-1])


def test_a_participants_proof_shows_its_events_and_nothing_of_others(tmp_path: Path) -> None:
    build_home(tmp_path)
    stream = "participant/01-0001"
    proof = prove(tmp_path, lambda _: True, stream)
    assert {event["stream"] for event in proof["events"]} == {stream}
    assert "01-0002" not in json.dumps(proof)
    assert proof_problems(proof) == []
    assert proof_problems(proof, key=SIGNER.public_hex) == []
    assert stand_alone_accepts(proof, tmp_path, "--key", SIGNER.public_hex)
    assert proof_problems(proof, key="ab" * 32) != []
    assert not stand_alone_accepts(proof, tmp_path, "--key", "ab" * 32)


def spoiled(proof: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """The proof with one thing changed."""
    changed: dict[str, Any] = json.loads(json.dumps(proof))
    events, nodes, stated = changed["events"], changed["nodes"], changed["checkpoint"]
    kind = rng.randrange(8)
    if kind == 0:
        del events[rng.randrange(len(events))]
    elif kind == 1:
        events.insert(rng.randrange(len(events) + 1), dict(rng.choice(events)))
    elif kind == 2:
        name = rng.choice(sorted(events[0]))
        event = rng.choice(events)
        value = event[name]
        event[name] = value + 1 if isinstance(value, int) else f"{value or ''}0"
    elif kind == 3 and nodes:
        at = rng.randrange(len(nodes))
        nodes[at] = ("0" if nodes[at][0] != "0" else "1") + nodes[at][1:]
    elif kind == 4 and nodes:
        del nodes[rng.randrange(len(nodes))]
    elif kind == 5:
        nodes.append("ab" * 32)
    elif kind == 6:
        name = rng.choice(sorted(stated))
        stated[name] = 1 if isinstance(stated[name], int) else stated[name] + "0"
    else:
        del changed[rng.choice(("checkpoint", "events", "nodes"))]
    return changed


def test_no_change_of_a_proof_goes_unseen(tmp_path: Path) -> None:
    build_home(tmp_path)
    proof = prove(tmp_path, lambda _: True, "participant/01-0002")
    rng = random.Random(11)
    for _ in range(300):
        changed = spoiled(proof, rng)
        if changed == proof:
            continue
        assert proof_problems(changed) != [], changed
        assert not stand_alone_accepts(changed, tmp_path), changed


@pytest.mark.parametrize("nonsense", [{}, [], {"format": "equipoise-proof-1"}, {"format": 7}])
def test_what_is_no_proof_is_not_proven(tmp_path: Path, nonsense: Any) -> None:
    assert proof_problems(nonsense) != []
    if isinstance(nonsense, dict):
        assert not stand_alone_accepts(nonsense, tmp_path)


def test_the_commands_take_prove_and_verify(tmp_path: Path) -> None:
    from datetime import timedelta

    from equipoise.home import Home, RehearsalSettings
    from support.story import SEED_PROTOCOL, START, Person, open_trial

    settings = RehearsalSettings(seed=7, replicate=0, start=START.isoformat(), options={})
    path = tmp_path / "home"
    with Home.create(path, SEED_PROTOCOL, rehearsal=settings) as home:
        trial = open_trial(home.trial())
        people = [Person(trial, site, START + timedelta(hours=1)).enroll() for site in ("01", "02")]
        key = trial.ledger.public_key
        signed = [one.reason for one in home.checkpoints.read() if one is not None]
        assert signed == ["sign"] * 2, "each eligibility signature takes one"
        out = tmp_path / "elsewhere.jsonl"
        code, printed = run("checkpoint", "--home", path, "--reason", "export", "--out", out)
        assert code == 0, "it works beside a process that is writing"
        assert trial.ledger.root() in printed
        trial.checkpoint("lock")
    proof = tmp_path / "proof.json"
    for asked, subject in (
        (("--participant", people[0].id), f"participant/{people[0].id}"),
        (("--site", "02"), "site/02"),
    ):
        code, printed = run("proof", "--home", path, *asked, "--checkpoint", out, "--out", proof)
        assert (code, subject in printed) == (0, True), printed
        code, printed = run("verify", proof, "--key", key)
        assert (code, "proven" in printed) == (0, True), printed
        assert stand_alone_verdict(proof, "--key", key).whole
        for private in ("person_name", "seed"):
            assert private not in proof.read_text()
    assert run("verify", path, "--checkpoint", out)[0] == 0
    assert stand_alone_verdict(path, "--checkpoint", out).whole
    for wrong in ((), ("--participant", "a", "--site", "b"), ("--participant", "09-9999")):
        code, printed = run("proof", "--home", path, *wrong, "--out", proof)
        assert (code, printed.count("\n")) == (2, 1), printed


# Hourly


def test_an_hour_with_new_events_gives_one_checkpoint_and_an_idle_one_none(tmp_path: Path) -> None:
    from datetime import timedelta

    from equipoise.home import Home, RehearsalSettings
    from equipoise.trial import HourlyCheckpoints
    from support.story import SEED_PROTOCOL, START, Person, open_trial

    settings = RehearsalSettings(seed=7, replicate=0, start=START.isoformat(), options={})
    with Home.create(tmp_path / "home", SEED_PROTOCOL, rehearsal=settings) as home:
        trial = open_trial(home.trial())
        clock = home.virtual_clock
        assert clock is not None
        hourly = HourlyCheckpoints(trial, look_seconds=0.01)
        assert hourly.look(), "the first look takes the first"
        Person(trial).screen()
        assert not hourly.look(), "the hour is not over"
        clock.move_to(clock.peek() + timedelta(hours=1))
        assert hourly.look()
        clock.move_to(clock.peek() + timedelta(hours=5))
        assert not hourly.look(), "nothing is new"
        Person(trial).screen()
        hourly.start()
        hourly.stop()
        taken = [one for one in home.checkpoints.read() if one is not None]
        assert [one.reason for one in taken] == ["hourly"] * 3
        assert trial.checkpoint_problem is None
        assert trial.ledger.verify().ok

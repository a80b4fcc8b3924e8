"""Without the keeper's file, nothing a home stores tells the seed, a draw, or the arms in order."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from equipoise.conduct import commands as c
from equipoise.home import Home
from equipoise.keeper import FileKeeper, Reveal
from equipoise.keeper.reveal import uniforms_of
from support.plain_trial import AT, COORDINATOR, fill, write_protocol

PEOPLE = 48


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Reveal, list[str]]:
    """A home in which 48 were randomized, closed; what its keeper knew; the arms in order."""
    folder = tmp_path_factory.mktemp("told")
    with Home.create(folder / "home", write_protocol(folder / "protocol.yaml")) as home:
        trial = home.trial()
        for participant in fill(trial, PEOPLE):
            command = c.Randomize(participant=participant)
            assert trial.do(command, COORDINATOR, at=AT, client_id=f"c-{participant}")
        trial.participant_ids()
    with_seed = FileKeeper.open(folder / "home" / "keeper.sqlite")
    reveal = with_seed.reveal()
    with_seed.close()
    return folder / "home", reveal, [one.arm for one in reveal.allocations]


def stored(home: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file of the home but the keeper's, as bytes: databases, logs, free pages, head, keys."""
    for file in sorted(home.rglob("*")):
        if file.is_file() and not file.name.startswith("keeper."):
            yield file, file.read_bytes()


def spellings(secret: bytes) -> list[bytes]:
    import base64

    return [
        secret, secret.hex().encode(), secret.hex().upper().encode(), base64.b64encode(secret),
        base64.urlsafe_b64encode(secret), str(int.from_bytes(secret, "big")).encode(),
        json.dumps(list(secret)).encode(), secret[::-1],
    ]  # fmt: skip


def draws_of(reveal: Reveal) -> Iterator[int]:
    """Every draw the trial has used, and those it would use next."""
    uniforms = uniforms_of(reveal.seed, reveal.source)
    for site in ("01", "02", "03", "04"):
        for index in range(80):
            yield uniforms.draw(f"site={site}", index)


def test_the_keepers_file_does_hold_it_so_that_this_search_can_find_something(
    lived: tuple[Path, Reveal, list[str]],
) -> None:
    home, reveal, arms = lived
    content = (home / "keeper.sqlite").read_bytes()
    assert reveal.seed.encode() in content
    assert sum(arm.encode() in content for arm in set(arms)) == 2


def test_no_other_file_holds_the_seed(lived: tuple[Path, Reveal, list[str]]) -> None:
    home, reveal, _ = lived
    seed = bytes.fromhex(reveal.seed)
    for file, content in stored(home):
        for spelling in spellings(seed):
            assert spelling not in content, f"{file.name} holds the seed"
            assert spelling[:16] not in content, f"{file.name} holds a part of the seed"


def test_no_other_file_holds_a_draw(lived: tuple[Path, Reveal, list[str]]) -> None:
    home, reveal, _ = lived
    for file, content in stored(home):
        numbers = {int(found) for found in re.findall(rb"\d{14,20}", content)}
        for draw in draws_of(reveal):
            assert draw not in numbers, f"{file.name} holds a draw in decimal"
            for word in (
                draw.to_bytes(8, "big"),
                draw.to_bytes(7, "big"),
                draw.to_bytes(8, "little"),
            ):
                assert word not in content, f"{file.name} holds a draw"
            assert b"%x" % draw not in content


def test_no_file_holds_an_arm_beside_a_participant(
    lived: tuple[Path, Reveal, list[str]],
) -> None:
    """Arms are sealed: their names stand in the protocol and nowhere else."""
    home, _, arms = lived
    for file, content in stored(home):
        if file.name == "protocol.yaml":
            continue
        for arm in set(arms):
            assert not re.search(rb"\b%s\b" % arm.encode(), content), f"{file.name} names {arm}"


@pytest.mark.parametrize("names", ["sc", "SC", "01", "10", "ab", "AB", "12"])
def test_no_file_holds_the_arms_in_order(lived: tuple[Path, Reveal, list[str]], names: str) -> None:
    """Twenty in a row, as letters or digits or bytes, forwards or backwards, joined or not."""
    home, _, arms = lived
    spelled = ["".join(names[arm == "control"] for arm in arms[at : at + 20]) for at in (0, 20)]
    for file, content in stored(home):
        for sequence in spelled:
            for joint in ("", ",", " ", "\n", ", ", '","'):
                row = joint.join(sequence).encode()
                assert row not in content, f"{file.name} holds the list"
                assert row[::-1] not in content


def test_what_is_stored_of_an_arm_has_one_length(lived: tuple[Path, Reveal, list[str]]) -> None:
    """Neither the size of a sealed arm nor the number of events tells which it is."""
    home_path, _, _ = lived
    shapes = set()
    with Home.open(home_path) as home:
        archive = home.archive()
        by_client: dict[str, list[str]] = {}
        for event in archive.ledger.events():
            if event.type == "ParticipantRandomized":
                shapes.add(
                    tuple(
                        (key, len(value))
                        for key, value in event.payload["arm"].items()
                        if key != "key"
                    )
                )
            if event.client_id:
                by_client.setdefault(event.client_id, []).append(event.type)
    assert len(shapes) == 1
    assert len({tuple(types) for types in by_client.values()}) == 1


def test_a_keeper_of_its_own_leaves_nothing_in_the_home_at_all(
    lived: tuple[Path, Reveal, list[str]], tmp_path: Path
) -> None:
    """The home without its keeper's file opens, verifies, and cannot allocate."""
    home, _, _ = lived
    copy = shutil.copytree(home, tmp_path / "copy")
    for file in copy.glob("keeper.sqlite*"):
        file.unlink()
    with Home.open(copy) as opened:
        assert opened.trial().ledger.verify().ok
        assert opened.trial().keeper.place == "absent"
    assert not list(copy.glob("keeper.sqlite*"))

"""The archive: it is read and verified without Equipoise, and tells no name, no sealed text and no allocation."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.conduct.values import Address
from equipoise.home import Home, RehearsalSettings
from support import masked_story as masked
from support.story import SEED_PROTOCOL, START, Person, expect, open_trial

CANARY = "Zzyzx"
SECOND = Path(__file__).resolve().parents[3] / "trials/example-hypertension/protocol.yaml"


def told_everything(path: Path) -> tuple[Home, Person]:
    """A home with two participants, a text, an event and a query; the names hold a canary."""
    settings = RehearsalSettings(seed=7, replicate=0, start=START.isoformat(), options={})
    home = Home.create(path, SEED_PROTOCOL, rehearsal=settings)
    trial = open_trial(home.trial())
    person = Person(trial).screen(person_name=f"{CANARY} Name").consent().enter_screening()
    expect(person.assess())
    person.sign().randomize()
    Person(trial, "02").screen(person_name=f"{CANARY} Other")
    expect(
        person.do(
            c.ReportAdverseEvent(
                participant=person.id, term=f"=cmd|{CANARY}", grade=3, started_on=person.at.date(),
                narrative=f"{CANARY} narrative", outcome="unknown",
            )
        )
    )  # fmt: skip
    expect(
        person.do(
            c.RaiseQuery(
                participant=person.id, address=Address("screening", "laboratory"),
                item="hemoglobin", text=f"{CANARY} question",
            )
        )
    )  # fmt: skip
    return home, person


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """The home, the number of a randomized participant, and the name of its arm."""
    path = tmp_path_factory.mktemp("home") / "home"
    made, person = told_everything(path)
    arm = person.state.arm
    made.close()
    return path, person.id, arm


@pytest.fixture(scope="module")
def archive(home: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "archive"
    words = ["export", "--home", str(home[0]), "--to", "ledger", "--out", str(out)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return out


def verify(folder: Path, *more: str) -> tuple[int, str]:
    """The archive's own verifier, by a bare Python that knows nothing of this project."""
    program = folder / "verify_archive.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(program), *more],
        capture_output=True, text=True, cwd="/", env={},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_its_own_verifier_finds_it_whole_with_a_bare_python(archive: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(archive, elsewhere)
    code, said = verify(elsewhere)
    assert (code, "whole, signed by" in said) == (0, True), said
    key = json.loads((archive / "manifest.json").read_text(encoding="utf-8"))["key"]
    assert verify(elsewhere, "--key", key)[0] == 0
    code, said = verify(elsewhere, "--key", "0" * 64)
    assert (code, "another key" in said) == (1, True)


def rewritten(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        path = folder / name
        path.write_bytes(change(path.read_bytes()))

    return tamper


def in_database(statement: str) -> Callable[[Path], None]:
    def tamper(folder: Path) -> None:
        with sqlite3.connect(folder / "ledger.sqlite") as connection:
            connection.execute(statement)
        connection.close()

    return tamper


def hashes_made_to_fit(folder: Path) -> None:
    """A value changed in a table, and its hash in the manifest; what is missing is the key."""
    import hashlib

    path = folder / "tables" / "values.csv"
    path.write_bytes(path.read_bytes().replace(b"6.", b"7.", 1))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["tables/values.csv"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


TAMPERED: dict[str, tuple[Callable[[Path], None], str]] = {
    "a value in a table": (rewritten("tables/values.csv", lambda b: b + b"x"), "values.csv"),
    "a value and the manifest": (hashes_made_to_fit, "signature does not hold"),
    "a line of the ledger": (
        rewritten("ledger.jsonl", lambda b: b.replace(b'"site":"01"', b'"site":"02"', 1)),
        "does not give its hash",
    ),
    "a line taken out": (
        rewritten("ledger.jsonl", lambda b: b"".join(b.splitlines(True)[:-1])), "not those of",
    ),
    "an event in the database": (
        in_database("UPDATE events SET actor = 'x' WHERE seq = 9"), "event 9",
    ),
    "the end of the database": (
        in_database("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)"), "cut",
    ),
    "the protocol": (
        lambda folder: next((folder / "protocols").iterdir()).write_text("id: other"), "protocols/",
    ),
    "a checkpoint": (lambda folder: (folder / "checkpoints.jsonl").unlink(), "is missing"),
    "a file put in": (
        lambda folder: (folder / "tables" / "more.csv").write_text("x"), "not in the manifest",
    ),
    "the manifest": (lambda folder: (folder / "manifest.json").unlink(), "manifest.json"),
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_after_any_tampering_its_verifier_fails_and_says_where(
    archive: Path, tmp_path: Path, what: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(archive, copy)
    change, told = TAMPERED[what]
    change(copy)
    code, said = verify(copy)
    assert code == 1, said
    assert told in said
    assert said.splitlines()[-1] == "NOT WHOLE"


def test_the_tables_say_what_was_recorded(archive: Path, home: tuple[Path, str, str]) -> None:
    path, number, _arm = home
    people = {row["participant"]: row for row in table(archive, "participants")}
    assert people[number]["status"] == "randomized"
    assert people[number]["randomization_number"] == "1"
    values = {row["item"]: row for row in table(archive, "values") if row["participant"] == number}
    opened = Home.open(path)
    state = opened.trial().participant(number)
    for form in state.forms.values():
        for item, captured in form.values.items():
            kind = state.protocol.item_by_id[item].type
            if kind not in ("text", "identity"):
                assert values[item]["value"] == (captured.value.value or "")
                assert int(values[item]["seq"]) == captured.stamp.seq
    events = table(archive, "events")
    assert [int(row["seq"]) for row in events] == list(range(1, len(events) + 1))
    assert len(events) == opened.trial().ledger.head().seq
    lines = (archive / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["hash"] for line in lines] == [
        event.hash for event, _ in opened.trial().events()
    ]
    opened.close()
    (report,) = [row for row in table(archive, "adverse_events") if row["participant"] == number]
    assert (report["term"], report["grade"], report["narrative"]) == ("other", "3", "[sealed]")
    assert {row["item"] for row in table(archive, "items")} >= set(values)


def everything(folder: Path) -> str:
    """All that can be read in an archive, however it is looked at."""
    found = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"\n".join(found).decode("utf-8", "replace")


def test_no_name_text_or_allocation_can_be_read_before_unblinding(
    archive: Path, home: tuple[Path, str, str]
) -> None:
    path, number, arm = home
    assert CANARY not in everything(archive)
    assert "arm" not in table(archive, "participants")[0]
    manifest = json.loads((archive / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["allocations"], manifest["texts"]) == (False, False)
    # neither in the ledger's own events, where every arm is sealed …
    for line in (archive / "ledger.jsonl").read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["type"] == "ParticipantRandomized":
            assert set(event["payload"]["arm"]) == {"sealed", "nonce", "context", "text"}
    # … nor in a row about the participant: in no cell does the name of an arm stand
    arms = {one.id for one in Home.open(path).protocol.arms}
    assert arm in arms
    for name in ("participants", "values", "adverse_events", "queries", "deviations"):
        for row in table(archive, name):
            assert not arms & set(row.values()), (name, row)
    assert number in everything(archive)


def test_texts_stand_in_clear_where_they_are_asked_for_and_run_as_no_formula(
    home: tuple[Path, str, str], tmp_path: Path
) -> None:
    out = tmp_path / "archive"
    words = ["export", "--home", str(home[0]), "--to", "ledger", "--out", str(out), "--texts"]
    assert CliRunner().invoke(main, words).exit_code == 0
    (event,) = table(out, "adverse_events")
    assert event["verbatim"] == f"'=cmd|{CANARY}"
    assert event["narrative"] == f"{CANARY} narrative"
    assert any(row["text"] == f"{CANARY} question" for row in table(out, "queries"))
    text = everything(out)
    for name in (f"{CANARY} Name", f"{CANARY} Other"):
        assert name not in text
    assert verify(out)[0] == 0


def test_the_guide_is_there_in_both_languages_and_names_every_table(archive: Path) -> None:
    for name in ("READ-ME-FIRST.md", "请先阅读.md"):
        guide = (archive / name).read_text(encoding="utf-8")
        for file in (archive / "tables").iterdir():
            assert f"`{file.name}`" in guide
        assert "verify_archive.py" in guide
        assert json.loads((archive / "manifest.json").read_text("utf-8"))["key"] in guide
        assert "{" not in guide.replace('{"sealed": …', "")


def test_a_zip_holds_the_same_and_the_same_content_gives_the_same_bytes(
    home: tuple[Path, str, str], tmp_path: Path
) -> None:
    for name in ("one.zip", "two.zip"):
        words = ["export", "--home", str(home[0]), "--to", "ledger", "--out", str(tmp_path / name)]
        assert CliRunner().invoke(main, words).exit_code == 0
    with zipfile.ZipFile(tmp_path / "two.zip") as packed:
        packed.extractall(tmp_path / "unpacked")
    assert verify(tmp_path / "unpacked")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.zip", "two.zip", "unpacked"]


def test_an_open_trials_arms_are_told_where_they_are_asked_for(
    home: tuple[Path, str, str], tmp_path: Path
) -> None:
    path, number, arm = home
    out = tmp_path / "archive"
    words = ["export", "--home", str(path), "--to", "ledger", "--out", str(out), "--allocations"]
    done = CliRunner().invoke(main, [*words, "--format", "json"])
    assert json.loads(done.stdout)["allocations"] is True
    people = {row["participant"]: row["arm"] for row in table(out, "participants")}
    assert people[number] == arm
    assert verify(out)[0] == 0


def test_a_masked_trials_arms_are_told_once_it_is_unblinded_and_not_before(tmp_path: Path) -> None:
    settings = RehearsalSettings(seed=3, replicate=0, start=masked.START.isoformat(), options={})
    made = Home.create(tmp_path / "home", SECOND, rehearsal=settings)
    trial = made.trial()
    masked.live(trial)
    arms = {number: trial.participant(number).arm for number in trial.participant_ids()}
    later = masked.ALLOCATED + timedelta(days=8)
    words = ["export", "--home", str(made.path), "--to", "ledger", "--out"]
    made.close()
    refused = CliRunner().invoke(main, [*words, str(tmp_path / "asked"), "--allocations"])
    assert (refused.exit_code, (tmp_path / "asked").exists()) == (2, False)
    assert CliRunner().invoke(main, [*words, str(tmp_path / "before")]).exit_code == 0
    for file in (tmp_path / "before" / "tables").iterdir():
        for row in table(tmp_path / "before", file.stem):
            assert not {arm.id for arm in made.protocol.arms} & set(row.values()), file.name
    trial = made.trial()
    sponsor, coordinator = masked.actor("sponsor"), masked.actor("coordinator")
    expect(trial.do(c.CloseRecruitment(reason="full"), sponsor, at=later))
    for number in trial.participant_ids():
        leave = c.Withdraw(participant=number, scope="follow_up", reason="end", on=later.date())
        expect(trial.do(leave, coordinator, at=later))
    expect(trial.do(c.UnblindTrial(reason="the end"), sponsor, at=later))
    made.close()
    assert CliRunner().invoke(main, [*words, str(tmp_path / "after")]).exit_code == 0
    told = {one["participant"]: one["arm"] for one in table(tmp_path / "after", "participants")}
    assert {number: arm or "" for number, arm in arms.items()} == told
    assert any(told.values())
    assert verify(tmp_path / "after")[0] == 0


def test_what_is_there_already_is_not_touched(home: tuple[Path, str, str], tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine", encoding="utf-8")
    words = ["export", "--home", str(home[0]), "--to", "ledger", "--out", str(tmp_path / "kept")]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    words[-1] = str(tmp_path / "no" / "where")
    assert CliRunner().invoke(main, words).exit_code == 2

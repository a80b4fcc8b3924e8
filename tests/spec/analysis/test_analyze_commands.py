"""`equipoise analyze` and `equipoise report` on a home on disk, through the one door's events."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from equipoise.analysis import CutError, analyze
from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.home import Home
from equipoise.home.home import RehearsalSettings
from equipoise.trial import Trial
from support.story import (
    RT_START,
    SEED_PROTOCOL,
    START,
    Person,
    expect,
    new_trial,
    open_trial,
    seed_protocol,
)

PEOPLE = 6


def grade(person: Person, visit: str, offset: int, who: int) -> None:
    """A visit with a mucositis assessment, `offset` days after the first fraction."""
    person.wait_until(RT_START + timedelta(days=offset))
    form = seed_protocol().form_by_id["mucositis_assessment"]
    asked = {entry.item for entry in form.items}
    values = {"who_grade": str(who), "rtog_grade": str(who), "ctcae_om_grade": str(who)}
    expect(
        person.save(
            visit, "mucositis_assessment", **{k: v for k, v in values.items() if k in asked}
        )
    )


def play(trial: Trial) -> None:
    """Six enrolled; the last grades differ; one leaves; one screening ends with a refusal."""
    people = [Person(trial, site="01").enroll() for _ in range(PEOPLE)]
    refuser = Person(trial).screen()
    version = trial.protocol.consents[-1].version
    expect(
        refuser.do(
            c.RecordConsent(
                participant=refuser.id,
                version=version,
                signed_on=START.date(),
                given=False,
                reason="no",
            )
        )
    )
    for number, person in enumerate(people):
        grade(person, "w1", 4, 1)
        grade(person, "w2", 11, 3 if number % 2 else 2)
    people[0].wait(1)
    expect(
        people[0].do(
            c.Withdraw(
                participant=people[0].id, scope="follow_up", reason="moved", on=people[0].at.date(),
                category="participant_decision",
            ),
            people[0].investigator,
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("analysis") / "home"
    settings = RehearsalSettings(seed=4, replicate=7, start=START.isoformat(), options={})
    opened = Home.create(path, SEED_PROTOCOL, rehearsal=settings)
    with opened.trial().batch():
        open_trial(opened.trial())
    with opened.trial().batch():
        play(opened.trial())
    opened.close()
    return path


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_analyze_prints_json_that_counts_the_trial(home: Path) -> None:
    code, out, _ = run("analyze", "--home", home, "--format", "json")
    assert code == 0
    results = json.loads(out)
    assert results["flow"]["screened"] == PEOPLE + 1
    assert results["flow"]["randomized"] == PEOPLE
    assert results["flow"]["consent_refused"] == 1
    onset = next(one for one in results["analyses"] if one["method"] == "kaplan_meier")
    assert sum(group["events"] for group in onset["groups"]) == PEOPLE // 2
    primary = results["analyses"][0]
    reasons = [(r["id"], r["count"]) for g in primary["groups"] for r in g["missing"]]
    # Only who left before the window's end can be judged before it.
    assert {reason for reason, _ in reasons} == {"window_open"}
    assert sum(count for _, count in reasons) == PEOPLE - 1


def test_each_writes_a_line_an_analysis_in_full_precision(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "each.csv"
    code, out, _ = run("analyze", "--home", home, "--each", target, "--format", "json")
    assert code == 0
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["replicate", "analysis", "estimate", "lower", "upper", "p"]
    assert {row["replicate"] for row in rows} == {"7"}
    results = json.loads(out)
    assert [row["analysis"] for row in rows] == [one["id"] for one in results["analyses"]]
    for row, one in zip(rows, results["analyses"], strict=True):
        found = one["comparisons"][0]["estimate"]
        for column in ("estimate", "lower", "upper", "p"):
            assert (float(row[column]) if row[column] else None) == found[column]


def test_text_speaks_both_languages(home: Path) -> None:
    assert "Participant flow" in run("analyze", "--home", home)[1]
    assert "受试者流程" in run("analyze", "--home", home, "--lang", "zh-Hans")[1]


def test_as_of_cuts_by_position_and_by_day(home: Path) -> None:
    with Home.open(home) as opened:
        trial = opened.archive()
        head = trial.ledger.head().seq
        whole = analyze(trial)
        assert analyze(trial, head).position.root == whole.position.root == trial.ledger.root()
        first_day = analyze(trial, str(START.date()))
        assert first_day.flow.randomized == PEOPLE
        assert sum(g.events or 0 for g in first_day.analysis("time_to_severe_curves").groups) == 0
        same = analyze(trial, first_day.position.seq)
    assert same.flow == first_day.flow
    assert same.position.root == first_day.position.root


@pytest.mark.parametrize(
    ("as_of", "words"),
    [("0", "positions run from 1"), ("9999999", "positions run from 1"), ("1999-01-01", "nothing had been recorded"),
     ("soon", "neither a ledger position nor a date"), ("2026-13-40", "neither")],
)  # fmt: skip
def test_a_cut_that_cannot_be_made_is_one_plain_line(home: Path, as_of: str, words: str) -> None:
    code, _, err = run("analyze", "--home", home, "--as-of", as_of)
    assert code == 2
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_no_home_is_one_plain_line(tmp_path: Path) -> None:
    for command in (("analyze",), ("report", "--out", tmp_path / "out")):
        code, _, err = run(*command, "--home", tmp_path / "nowhere")
        assert code == 2
        assert "no Equipoise home" in err
    assert not (tmp_path / "out").exists()


def test_the_report_is_the_same_bytes_twice_and_names_its_cut(home: Path, tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        code, out, _ = run("report", "--home", home, "--out", tmp_path / name, "--format", "json")
        assert code == 0
        answer = json.loads(out)
        written.append({f: (tmp_path / name / f).read_bytes() for f in answer["files"]})
        with Home.open(home) as opened:
            assert answer["ledger_root"] == opened.archive().ledger.root()
    assert written[0] == written[1]
    for page in ("report.html", "report.zh-Hans.html"):
        assert answer["ledger_root"] in written[0][page].decode()


def test_a_home_is_analyzed_while_another_process_holds_it(home: Path) -> None:
    opened = Home.open(home)
    opened.trial()
    try:
        assert run("analyze", "--home", home, "--format", "json")[0] == 0
    finally:
        opened.close()


def test_a_report_adds_a_checkpoint_and_changes_nothing_else(home: Path, tmp_path: Path) -> None:
    def files() -> dict[str, bytes]:
        passing = ("-shm", "-wal", ".lock")
        return {
            path.name: path.read_bytes()
            for path in home.iterdir()
            if not path.name.endswith(passing)
        }

    run("checkpoint", "--home", home)
    before = files()
    run("report", "--home", home, "--out", tmp_path / "r")
    after = files()
    kept, added = before.pop("checkpoints.jsonl"), after.pop("checkpoints.jsonl")
    assert after == before
    assert added.startswith(kept)
    (line,) = added[len(kept) :].splitlines()
    taken = json.loads(line)
    assert taken["reason"] == "export"
    code = " ".join(taken["root"][at : at + 4] for at in (0, 4, 8))
    assert code in (tmp_path / "r" / "report.html").read_text(encoding="utf-8")


def test_a_ledger_without_events_has_nothing_to_analyze() -> None:
    trial = new_trial()
    with pytest.raises(CutError, match="positions run from"):
        analyze(trial, 10**6)


def test_dummy_arms_are_asked_for_and_said(home: Path) -> None:
    results = json.loads(run("analyze", "--home", home, "--dummy-arms", "--format", "json")[1])
    assert results["dummy_arms"] is True
    assert results["exposure"] == []

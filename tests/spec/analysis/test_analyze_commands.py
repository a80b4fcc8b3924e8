"""`equipoise analyze` and `equipoise report` on a home on disk, through the one door's events."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner

from equipoise.analysis import CutError, analyze
from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.home import Home
from equipoise.home.home import RehearsalSettings
from equipoise.home.posting import results_may_leave
from equipoise.trial import Trial
from support.ctgov_schema import DATA, faults
from support.played import SECOND_PROTOCOL
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
    [("0", "positions run from 1"), ("9999999", "positions run from 1"), ("999999999", "positions run from 1"), ("1999-01-01", "nothing had been recorded"),
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


@pytest.mark.thorough
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


def test_the_boards_pack_and_the_plan_are_written_beside_their_tables(
    home: Path, tmp_path: Path
) -> None:
    for pack in ("board-open", "board-closed"):
        out = tmp_path / pack
        code, said, _ = run(
            "report", "--home", home, "--pack", pack, "--only", "html", "--out", out
        )
        assert code == 0, said
        assert {path.name for path in out.glob("*.html")} == {
            f"{pack}.html",
            f"{pack}.zh-Hans.html",
        }
        assert any((out / f"{pack}-tables").glob("*.json"))
    code, said, _ = run("plan", "--home", home, "--only", "html", "--out", tmp_path / "plan")
    assert code == 0
    assert "not signed" in said
    assert run("plan", "--out", tmp_path / "plan")[0] == 2


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


# -- results for the registry --------------------------------------------------------------------


def test_export_writes_the_study_the_registry_takes(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "study.json"
    code, out, _ = run("export", "--home", home, "--to", "ctgov", "--out", target)
    assert code == 0
    assert "not released" in out
    assert "certainAgreement" in out
    study = json.loads(target.read_text(encoding="utf-8"))
    assert faults(study) == []
    assert study["hasResults"] is True
    assert study["protocolSection"]["statusModule"]["overallStatus"] == "RECRUITING"
    started = study["resultsSection"]["participantFlowModule"]["periods"][0]["milestones"][0]
    assert sum(int(one["numSubjects"]) for one in started["achievements"]) == PEOPLE


def test_export_of_the_plan_alone_has_no_results(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "plan.json"
    assert run("export", "--home", home, "--to", "ctgov", "--plan", "--out", target)[0] == 0
    study = json.loads(target.read_text(encoding="utf-8"))
    assert (study["hasResults"], set(study)) == (False, {"hasResults", "protocolSection"})


def test_the_upload_is_a_file_of_its_own(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "results.xml"
    code, out, _ = run("export", "--home", home, "--to", "prs", "--out", target, "--format", "json")
    assert code == 0
    assert json.loads(out)["results"] is True
    schema = etree.XMLSchema(etree.parse(str(DATA / "RRSUploadSchema.xsd")))
    schema.assertValid(etree.parse(str(target)))


def test_an_option_of_another_format_is_refused_in_one_line(home: Path, tmp_path: Path) -> None:
    code, _, err = run("export", "--home", home, "--to", "prs", "--plan", "--out", tmp_path / "x")
    assert code == 2
    assert (
        err.strip() == "equipoise: --plan: not for --to prs, which takes --as-of and --dummy-arms"
    )
    assert not (tmp_path / "x").exists()


def test_a_live_masked_trial_keeps_its_results_until_it_is_unblinded(
    home: Path, tmp_path: Path
) -> None:
    """The rule looks at the trial's mode and masking; here a masked protocol reads an open trial's live ledger."""
    with Home.open(home) as opened:
        masking = opened.protocol.design.masking
        assert masking is not None
        hidden = masking.model_copy(update={"level": "double"})
        design = opened.protocol.design.model_copy(update={"masking": hidden})
        masked = opened.protocol.model_copy(update={"design": design})
        assert results_may_leave(opened.protocol, live=True, unblinded=False)
        assert results_may_leave(masked, live=False, unblinded=False)
        assert results_may_leave(masked, live=True, unblinded=True)
        assert not results_may_leave(masked, live=True, unblinded=False)


def test_datasets_are_written_once_with_what_was_run(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "data"
    code, text, _ = run(
        "export", "--home", home, "--to", "datasets", "--out", out, "--format", "json"
    )
    assert code == 0
    answer = json.loads(text)
    assert answer["rows"]["subjects"] == PEOPLE + 1
    assert answer["rows"]["outcomes"] == PEOPLE * len(seed_protocol().endpoints)
    assert len(list(out.iterdir())) == answer["files"]
    code, _, err = run("export", "--home", home, "--to", "datasets", "--out", out)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "name a new folder" in err
    metadata = json.loads((out / "metadata.json").read_text())
    with Home.open(home) as opened:
        assert metadata["run"]["ledger_root"] == opened.archive().ledger.root()
    run("report", "--home", home, "--out", tmp_path / "r", "--only", "html")
    again = json.loads((tmp_path / "r" / "run.json").read_text())
    assert (
        again
        == metadata["run"]
        == json.loads(run("analyze", "--home", home, "--format", "json")[1])["run"]
    )
    page = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert again["code_and_environment"] in page


def test_the_arms_of_a_live_masked_trial_stand_in_no_data_set(tmp_path: Path) -> None:
    """Nobody is in it yet; the refusal does not depend on that."""
    Home.create(tmp_path / "home", SECOND_PROTOCOL).close()
    asked = ("export", "--home", tmp_path / "home", "--to", "datasets", "--out", tmp_path / "out")
    code, _, err = run(*asked)
    assert (code, len(err.splitlines())) == (2, 1)
    assert "use --dummy-arms" in err
    assert not (tmp_path / "out").exists()
    assert run(*asked, "--dummy-arms")[0] == 0
    assert len((tmp_path / "out" / "subjects.csv").read_text().splitlines()) == 1

"""`equipoise simulate`: figures with their errors, the same for any number of workers; nonsense gets one line."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.cli.simulate import _told_apart
from equipoise.protocol.reading import load_protocol
from equipoise.rehearsal.bulk import Characteristics, Figure, Simulator, scenarios
from equipoise.rehearsal.bulk.operating import AnalysisFigures
from support.played import SECOND_PROTOCOL
from support.story import SEED_PROTOCOL

RUN = CliRunner()
TARGET = "design.sample_size.target"


def written(folder: Path, source: Path, target: int) -> Path:
    """A trial that ships with fewer participants, as a file."""
    text = source.read_text(encoding="utf-8")
    changed, times = re.subn(r"(sample_size:\n    target:) \d+", rf"\g<1> {target}", text, count=1)
    assert times == 1
    path = folder / "protocol.yaml"
    path.write_text(changed, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second trial with six participants."""
    return written(tmp_path_factory.mktemp("second"), SECOND_PROTOCOL, 6)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first trial with twenty participants."""
    return written(tmp_path_factory.mktemp("first"), SEED_PROTOCOL, 20)


def simulate(protocol: Path, *options: str) -> dict[str, Any]:
    """What the command prints for programs."""
    result = RUN.invoke(main, ["simulate", str(protocol), "--format", "json", *options])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def refused(*arguments: str) -> str:
    """The one line of a refusal."""
    result = RUN.invoke(main, ["simulate", *arguments])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return result.output


def rows(path: Path) -> list[dict[str, str]]:
    """A file of `--each`."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize("numbers", ["1", "2"])
def test_what_is_simulated_is_what_is_played_out_and_analyzed(
    second: Path, tmp_path: Path, numbers: str
) -> None:
    """`simulate --each` and `rehearse` with `analyze --each` write the same line for each operating analysis."""
    alike = ["--seed", "5", "--numbers", numbers]
    simulate(second, *alike, "--replicates", "3", "--each", str(tmp_path / "bulk.csv"))
    simulated = [row for row in rows(tmp_path / "bulk.csv") if row["replicate"] == "2"]
    assert [row["analysis"] for row in simulated] == [
        "primary_model/high-placebo",
        "primary_model/low-placebo",
        "primary_unadjusted/high-placebo",
        "primary_unadjusted/low-placebo",
    ]
    home = tmp_path / "home"
    played = ["rehearse", str(second), "--home", str(home), *alike, "--replicate", "2"]
    assert RUN.invoke(main, [*played, "--staff", "faultless"]).exit_code == 0
    each = tmp_path / "played.csv"
    assert RUN.invoke(main, ["analyze", "--home", str(home), "--each", str(each)]).exit_code == 0
    analyzed = {row["analysis"]: row for row in rows(each)}
    assert simulated == [analyzed[row["analysis"]] for row in simulated]


def test_lean_numbers_are_computed_in_a_kernel_where_it_knows_the_protocol(
    second: Path, tmp_path: Path
) -> None:
    """The first trial's replicates come from the kernel and are those of its arrays; the second's say why they do not."""
    lean = ["--numbers", "2", "--scenario", "assumed"]
    each = tmp_path / "each.csv"
    answer = simulate(SEED_PROTOCOL, *lean, "--replicates", "330", "--each", str(each))
    (found,) = answer["scenarios"]
    assert found["computed"] == "in a compiled kernel"
    assert found["replicates"] == 330
    later = ["--from", "329", "--replicates", "1", "--each", str(tmp_path / "one.csv")]
    simulate(SEED_PROTOCOL, *lean, *later)
    assert rows(tmp_path / "one.csv") == [row for row in rows(each) if row["replicate"] == "329"]
    shown = RUN.invoke(main, ["simulate", str(second), *lean, "--replicates", "2"])
    assert shown.exit_code == 0, shown.output
    told = "computed on arrays: the kernel does not know the natural history"
    assert told in shown.output


@pytest.mark.parametrize("workers", ["2", "3", "7"] if os.environ.get("EQUIPOISE_DEEP") else ["3"])
def test_figures_are_the_same_for_any_number_of_workers(
    first: Path, tmp_path: Path, workers: str
) -> None:
    """One process or several: the same answer to the last bit, and the same rows."""
    options = ("--replicates", "40", "--scenario", "assumed", "--each")
    alone = simulate(first, *options, str(tmp_path / "1.csv"))
    many = simulate(first, *options, str(tmp_path / "many.csv"), "--workers", workers)
    assert alone == many
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "many.csv").read_bytes()
    assert len(rows(tmp_path / "1.csv")) == 80


def test_a_replicate_is_the_same_in_whatever_order_they_are_computed(second: Path) -> None:
    """Backwards, shuffled, or alone."""
    protocol = load_protocol(second)
    scenario = scenarios(protocol)[0]
    simulator = Simulator(protocol, scenario.assumptions, 5)
    forward = [repr(simulator.simulate(replicate)) for replicate in range(6)]
    other = Simulator(protocol, scenario.assumptions, 5)
    assert {k: repr(other.simulate(k)) for k in (4, 0, 5, 2, 3, 1)} == dict(enumerate(forward))


def test_a_simulation_goes_on_where_another_ended(first: Path, tmp_path: Path) -> None:
    """Replicates 3 to 5 are those of the first six."""
    simulate(
        first, "--replicates", "6", "--scenario", "assumed", "--each", str(tmp_path / "all.csv")
    )
    later = ("--from", "3", "--replicates", "3", "--scenario", "assumed")
    simulate(first, *later, "--each", str(tmp_path / "later.csv"))
    assert rows(tmp_path / "all.csv")[6:] == rows(tmp_path / "later.csv")


def test_every_figure_has_its_monte_carlo_error(first: Path) -> None:
    """Scenarios with and without effect, and without effect but with a grader who knows the arm."""
    answer = simulate(first, "--replicates", "12")
    assert [one["scenario"] for one in answer["scenarios"]] == ["assumed", "null", "biased_null"]
    for one in answer["scenarios"]:
        assert one["replicates"] == 12
        assert len(one["stops"]) == len(one["looks"]) == 1
        for figure in (one["size"], one["months"], *one["stops"]):
            assert figure["value"] is not None
            assert figure["error"] is not None
        for analysis in one["analyses"]:
            assert 0 <= analysis["rejects"]["value"] <= 1
            assert len(analysis["rejects_at"]) == 2
            at_looks = sum(figure["value"] for figure in analysis["rejects_at"])
            assert analysis["rejects"]["value"] == pytest.approx(at_looks)
    null = answer["scenarios"][1]["analyses"]
    assert [analysis["truth"] for analysis in null] == [0.0, 1.0]


def test_people_are_told_what_the_design_cannot_tell_apart(first: Path) -> None:
    """A strong bias of the grader, and none: in words below the figures, each with its error."""
    result = RUN.invoke(main, ["simulate", str(first), "--replicates", "12"])
    assert result.exit_code == 0, result.output
    assert "assumed: as assumed; 12 replicates" in result.stdout
    assert "null: no effect: every arm takes the control's course; 12 replicates" in result.stdout
    assert result.stdout.count("stops at half_way") == 3
    assert "MC error" in result.stdout
    assert "Without any effect the first analysis rejects in" in result.stdout
    figures = {
        name: Characteristics(name, False, 1000, (), (figures_of(rejects),), (), EMPTY, EMPTY, "")
        for name, rejects in (("null", 0.05), ("biased_null", 0.30))
    }
    assert "cannot tell such a grader from an effect" in _told_apart(figures)[1]
    figures["biased_null"] = figures["null"]
    assert "more would tell" in _told_apart(figures)[1]
    assert _told_apart({"null": figures["null"]}) == []


EMPTY = Figure(None, None)


def figures_of(rejects: float) -> AnalysisFigures:
    """An analysis that rejects so often in a thousand trials."""
    share = Figure.of_count(round(rejects * 1000), 1000)
    return AnalysisFigures(
        "primary", "primary", "new", "old", "risk_difference",
        share, share, EMPTY, (share,), EMPTY, None, None, EMPTY, EMPTY, 0,
    )  # fmt: skip


def test_a_path_given_twice_is_a_scan(second: Path) -> None:
    """Two values of one place and one of another give two trials."""
    change = "assumptions.natural_history.parameters.scores.sbp.change.high"
    answer = simulate(
        second,
        *("--replicates", "2", "--scenario", "assumed", "--set", "design.sample_size.target=9"),
        *("--set", f"{change}=-4", "--set", f"{change}=-40"),
    )
    assert [one["set"][change] for one in answer["scenarios"]] == ["-4", "-40"]
    small, large = (one["analyses"][2]["mean"]["value"] for one in answer["scenarios"])
    assert large < small
    assert {one["size"]["value"] for one in answer["scenarios"]} == {9}


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("assumptions.attrition.weekly_hazard=1.2", "assumptions.attrition.weekly_hazard"),
        ("assumptions.accrual.sites.11.per_month=-3", "assumptions.accrual.sites.11.per_month"),
        ("assumptions.accrual.consent_refusal=much", "assumptions.accrual.consent_refusal"),
        ("design.sample_size.alpha=0", "alpha"),
        ("design.sample_size.target=0", "target"),
        ("design.sample_size.alpha=1.2", "alpha"),
        ("assumptions.natural_history.parameters.scores.sbp.change={nobody: -3}", "no arm"),
        ("randomization.scheme={type: permuted_blocks, sizes: [4]}", "a block of 4"),
        ("design.interim_looks=[{id: late, fraction: 1.2, endpoint: sbp_change}]", "fractions"),
        ("assumptions.nonsense.more=1", "the protocol has no assumptions.nonsense"),
        ("endpoints.nothing.role=primary", "the protocol has no endpoints.nothing"),
        ("design.sample_size.target", "write a path and a value"),
    ],
)
def test_nonsense_is_refused_with_one_line(second: Path, option: str, said: str) -> None:
    """The line names the place."""
    answer = refused(str(second), "--replicates", "2", "--set", option)
    assert said in answer
    assert len(answer.strip().splitlines()) == 1


def test_what_no_simulation_can_be_made_of_is_said(tmp_path: Path) -> None:
    """A protocol without operating analyses, a file that cannot be written, a scan with `--each`."""
    content = yaml.safe_load(SECOND_PROTOCOL.read_text(encoding="utf-8"))
    for analysis in content["analyses"]:
        analysis.pop("operating", None)
    path = tmp_path / "protocol.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    assert "operating: true" in refused(str(path), "--replicates", "2")
    nowhere = str(tmp_path / "missing" / "each.csv")
    assert "cannot be written" in refused(
        str(SECOND_PROTOCOL), "--replicates", "1", "--each", nowhere
    )
    target = "design.sample_size.target"
    assert "--each" in refused(
        str(SECOND_PROTOCOL), "--each", nowhere, "--set", f"{target}=9", "--set", f"{target}=8"
    )


@pytest.mark.parametrize("target", [0, 1, 2])
def test_an_empty_arm_has_defined_answers(target: int) -> None:
    """Nobody comes, one comes, two come: nothing is rejected, and what has no answer says so."""
    who = "assumptions.accrual.consent_refusal=1" if target == 0 else f"{TARGET}={target}"
    answer = simulate(SEED_PROTOCOL, "--replicates", "3", "--scenario", "null", "--set", who)
    (found,) = answer["scenarios"]
    assert found["size"]["value"] == target
    for analysis in found["analyses"]:
        assert analysis["rejects"]["value"] == 0
        if target < 2:
            assert analysis["undefined"] == 3
            assert analysis["mean"]["value"] is None


def test_a_trial_without_any_event_has_defined_answers(first: Path) -> None:
    """Nobody has the event: no difference, no rejection; the odds ratio is undefined and counted as such."""
    thresholds = "assumptions.natural_history.parameters.thresholds=[90, 91, 92, 93]"
    answer = simulate(first, "--replicates", "4", "--scenario", "assumed", "--set", thresholds)
    difference, odds = answer["scenarios"][0]["analyses"]
    assert difference["mean"]["value"] == difference["truth"] == 0
    assert difference["rejects"]["value"] == odds["rejects"]["value"] == 0
    assert odds["undefined"] == 4
    assert odds["mean"]["value"] is None
    assert odds["truth"] is None
    always = "assumptions.natural_history.parameters.thresholds=[-90, -89, -88, -87]"
    answer = simulate(first, "--replicates", "4", "--scenario", "assumed", "--set", always)
    difference, odds = answer["scenarios"][0]["analyses"]
    assert difference["rejects"]["value"] == 0
    assert odds["undefined"] == 4


def test_what_was_simulated_before_is_taken_from_where_it_was_kept(
    second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until anything that decides the figures is another one; an answer spoiled, changed or another's is computed anew."""
    from equipoise.rehearsal import bulk

    computed: list[str] = []
    really = bulk.simulate

    def counted(*given: Any, **named: Any) -> Any:
        computed.append("once")
        return really(*given, **named)

    monkeypatch.setattr(bulk, "simulate", counted)
    folder = tmp_path / "kept"
    options = ("--replicates", "4", "--scenario", "assumed")
    plain = simulate(second, *options)
    keeping = (*options, "--keep", str(folder))
    assert [simulate(second, *keeping), simulate(second, *keeping)] == [plain, plain]
    assert len(computed) == 2
    for other in (("--seed", "2"), ("--from", "1"), ("--set", f"{TARGET}=16")):
        simulate(second, *keeping, *other)
    assert len(computed) == 5
    (answer,) = [one for one in folder.iterdir() if one.name.startswith(_name_kept(second))]
    sound = answer.read_text(encoding="utf-8")
    (other_answer,) = [
        one for one in folder.iterdir() if one.name.startswith(_name_kept(second, seed=2))
    ]
    figure = re.search(r'"size": {"value": (\d)', sound)
    assert figure is not None
    changed = sound[: figure.start(1)] + str(9 - int(figure[1])) + sound[figure.end(1) :]
    spoiled = (sound[:-9], changed, other_answer.read_text(encoding="utf-8"), "[]", "[" * 100_000)
    for number, text in enumerate(spoiled, 6):
        answer.write_text(text, encoding="utf-8")
        assert simulate(second, *keeping) == plain
        assert len(computed) == number
        assert answer.read_text(encoding="utf-8") == sound
    simulate(second, *keeping, "--each", str(tmp_path / "rows.csv"))
    assert len(computed) == 11, "rows are not kept"


def _name_kept(path: Path, seed: int = 1) -> str:
    from equipoise.cli.kept import name_of
    from equipoise.rehearsal.bulk import scenarios

    protocol = load_protocol(path)
    return name_of(protocol, scenarios(protocol)[0], replicates=4, seed=seed, first=0, numbers=1)


def test_a_folder_that_cannot_be_written_is_named(second: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    folder = tmp_path / "file" / "kept"
    said = refused(str(second), "--replicates", "1", "--scenario", "assumed", "--keep", str(folder))
    assert f"--keep {folder}: cannot be read" in " ".join(said.split())

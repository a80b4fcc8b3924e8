"""Every outcome and every declared analysis is computed a second time, in R, from the exported data sets, and agrees.

R 4.2.2 with survival 3.5.3: mantelhaen.test, survdiff, wilcox.test, t.test, lm; the interval of Miettinen and Nurminen by
root finding (`double_programming.R`). EQUIPOISE_DEEP compares both trials in full.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from equipoise.analysis import analyze_cut
from equipoise.analysis.cut import cut
from equipoise.analysis.datasets import datasets, trace_of
from equipoise.exchange.datasets import dataset_files
from equipoise.protocol.reading import load_protocol
from equipoise.trial import Trial
from support.played import SECOND_PROTOCOL, rehearsed, second_protocol, small_trial, whole_trial
from support.r_language import run_r

DEEP = bool(os.environ.get("EQUIPOISE_DEEP"))


def exported(trial: Trial, folder: Path) -> Path:
    """A trial's data sets in a folder."""
    data = cut(trial)
    found = dataset_files(
        data, datasets(data, trace_of(trial, data.position.seq)), analyze_cut(data)
    )
    folder.mkdir(exist_ok=True)
    for name, content in found.items():
        (folder / name).write_bytes(content)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def test_r_agrees_on_everything_but_what_was_made_wrong(tmp_path: Path) -> None:
    """Agreement is worth something only if a programming error would be seen: ROMAN's first p was one."""
    trial, _, _ = small_trial()
    folder = exported(trial, tmp_path / "first")
    outcomes, results = rows_of(folder / "outcomes.csv"), rows_of(folder / "results.csv")
    outcomes[0]["value"] = str(1 - float(outcomes[0]["value"]))
    results[0]["p"] = "0.113"
    write(folder / "outcomes.csv", outcomes)
    write(folder / "results.csv", results)
    ran = run_r(folder / "double_programming.R", folder)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    compared = rows_of(folder / "r_comparison.csv")
    assert [row["analysis"] for row in compared] == [row["analysis"] for row in results]
    programmed = sum(row["programmed"] == "TRUE" for row in compared)
    assert ran.stdout.splitlines() == [
        f"outcomes: {len(outcomes) - 1} of {len(outcomes)} agree",
        f"analyses: {programmed - 1} of {programmed} agree, {len(compared) - programmed} not programmed in R",
        f"outcome differs: {outcomes[0]['participant']} {outcomes[0]['endpoint']}",
        f"analysis differs: {results[0]['analysis']} ",
    ]
    roles = {one.id: one.role for one in trial.protocol.analyses}
    for row in compared:
        assert roles[row["analysis"]] != "primary" or (
            row["programmed"] == "TRUE" and row["estimate"]
        )


@pytest.mark.parametrize("name", ["first", "second", "small second"] if DEEP else ["small second"])
def test_r_agrees_on_the_trials_that_ship(name: str, tmp_path: Path) -> None:
    if name == "first":
        trial, _, _ = whole_trial()
    else:
        protocol = load_protocol(SECOND_PROTOCOL) if name == "second" else second_protocol()
        trial, _, _ = rehearsed(protocol)
    out = exported(trial, tmp_path / "out")
    ran = run_r(out / "double_programming.R", out)
    assert ran.returncode == 0, ran.stdout + ran.stderr

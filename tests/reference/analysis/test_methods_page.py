"""The methods page names every method and every reference value, and nothing that does not exist."""

from __future__ import annotations

import csv
import fnmatch
import itertools
import re
from pathlib import Path
from typing import get_args

from equipoise.analysis import methods
from equipoise.analysis.endpoints import MISSING
from equipoise.protocol.document import plan

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "reference" / "methods.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> list[str]:
    """The code words in the first column of the tables under a heading."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = part.splitlines()
    rows = [
        line
        for line, following in itertools.pairwise([*lines, ""])
        if line.startswith("| `") and not following.startswith("|---")
    ]
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row.split("|")[1])]


def test_every_method_stands_on_the_page() -> None:
    functions = {name for name in methods.__all__ if name[0].islower()}
    assert set(first_cells("The methods")) == functions


def test_every_method_a_protocol_may_name_stands_on_the_page() -> None:
    named = set(first_cells("Which method a protocol's analysis calls")) - {"stratified_by"}
    assert named == set(get_args(plan.Method))


def test_every_endpoint_kind_and_missing_reason_stands_on_the_page() -> None:
    kinds = {
        get_args(kind.model_fields["kind"].annotation)[0]
        for kind in (plan.Occurs, plan.TimeTo, plan.Worst, plan.ValueAt, plan.ChangeAt, plan.DaysAtLeast)
    }  # fmt: skip
    assert set(first_cells("Endpoints")) == kinds | set(MISSING)


def test_every_reference_value_has_its_row_and_every_row_its_values() -> None:
    patterns = first_cells("Reference values")
    with (HERE / "published_values.csv").open(newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    for name in ids:
        assert any(fnmatch.fnmatch(name, pattern) for pattern in patterns), name
    for pattern in patterns:
        assert fnmatch.filter(ids, pattern), pattern

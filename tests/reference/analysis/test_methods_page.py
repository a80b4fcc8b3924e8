"""The methods page names every method and every reference value, and nothing that does not exist."""

from __future__ import annotations

import csv
import fnmatch
import itertools
import re
from pathlib import Path
from typing import get_args

import pytest

from equipoise import design
from equipoise.analysis import methods
from equipoise.analysis.applied import APPLIED
from equipoise.analysis.endpoints import MISSING
from equipoise.protocol.document import METHOD_KINDS, Method, Variable
from support.r_numbers import numbers, published, stated_arguments

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "reference" / "methods.md").read_text(encoding="utf-8")


def part_of(heading: str) -> str:
    """What stands under a heading, up to the next of any level."""
    return re.split(r"\n##+ ", PAGE.split(f"## {heading}\n", 1)[1], maxsplit=1)[0]


def first_cells(heading: str) -> list[str]:
    """The code words in the first column of the tables under a heading."""
    lines = part_of(heading).splitlines()
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
    assert named == set(get_args(Method)) == set(METHOD_KINDS) == set(APPLIED)


def test_every_endpoint_kind_and_missing_reason_stands_on_the_page() -> None:
    kinds = {
        get_args(kind.model_fields["kind"].annotation)[0]
        for kind in get_args(get_args(Variable)[0])
    }
    assert set(first_cells("Endpoints")) == kinds | set(MISSING)
    assert {kind for fits in METHOD_KINDS.values() for kind in fits} == kinds


def test_every_reference_value_has_its_row_and_every_row_its_values() -> None:
    patterns = first_cells("Reference values")
    ids = [row["id"] for row in published()]
    for name in ids:
        assert any(fnmatch.fnmatch(name, pattern) for pattern in patterns), name
    for pattern in patterns:
        assert fnmatch.filter(ids, pattern), pattern


@pytest.mark.parametrize(
    ("heading", "table"),
    [("Designs", "design/published_values.csv"), ("Randomization", "allocation/randomization.csv")],
)
def test_every_value_of_a_design_has_its_row_and_every_row_names_a_callable(heading, table) -> None:
    """`K*_k` and `n` in an id stand for numbers; callables are those of `equipoise.design`."""
    with (HERE.parent / table).open(newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    rows = [
        line.split("|")[1:-1] for line in part_of(heading).splitlines() if line.startswith("| `")
    ]
    ways = [
        (re.findall(r"`([^`]+)`", one), re.findall(r"`([a-zA-Z_]+)", two))
        for one, two, *_ in (row for row in rows if len(row) == 3)
    ]
    patterns = {
        fnmatch.translate(
            re.sub(r"_n_", "_*_", re.sub(r"^pbs_", "pb*_", re.sub(r"_k(?=$|_)", "_*", one)))
        )
        for names, _ in ways
        for one in names
    }
    for name in ids:
        assert any(re.match(pattern, name) for pattern in patterns), name
    for _, callables in ways:
        for one in callables:
            assert hasattr(design, one) or one == "var", one


def test_the_page_states_how_many_numbers_are_compared_one_by_one() -> None:
    """At least 120, as asked for; those of the scripts that compare whole tables come on top."""
    one_by_one = ("r_repeated.json", "r_further.json")
    count = sum(len(numbers(file)) for file in one_by_one)
    count += sum(map(stated_arguments, published()))
    assert count >= 120
    (stated,) = re.findall(r"(\d+) numbers are compared one by one", PAGE)
    assert int(stated) == count

"""Limits of laboratory grades, against the words of CTCAE v5.0 itself (U.S. National Cancer Institute, 27 November 2017).

`ctcae_v5.csv` holds what the criteria say of each term, grade 1 to 4. The bounds are read from those words and
tried from both sides: a bound belongs to the milder grade, unless the words give a range that begins with it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from equipoise.analysis.safety import ctcae

with (Path(__file__).parents[1] / "data" / "ctcae_v5.csv").open(encoding="utf-8") as file:
    ROWS = {row["term"]: row for row in csv.DictReader(file)}
BEYOND = re.compile(
    r"(?P<sign>[<>]?)\s*(?P<at>LLN|ULN|[\d.]+)(?:\s*-\s*[\d.]+)?\s*(?P<of>x ULN|x baseline|baseline|x 10\*9/L|g/L|mmol/L)?"
)
WHOLE = re.compile(r"\d+-(?P<at>\d+) mmol/L (?:and asymptomatic|regardless of symptoms)")


@dataclass(frozen=True)
class Bound:
    """A grade is given beyond a value (`reached`: at it already), of the range, of baseline or absolute."""

    grade: int
    at: Decimal
    of: str
    reached: bool = False


def bounds(term: str) -> Iterator[Bound]:
    """What the words of a term give in numbers, in the unit of our limits."""
    ours = ctcae.term_named(term)
    assert ours is not None
    unit = f"x {ours.unit}" if ours.unit.startswith("10*") else ours.unit
    for grade in range(1, 5):
        for words in re.split(r";\s*", ROWS[term][f"grade_{grade}"]):
            if whole := WHOLE.fullmatch(words):
                yield Bound(grade, Decimal(whole["at"]), "absolute", reached=True)
            found = BEYOND.match(re.sub(r"^(Hemoglobin \(Hgb\)|Hgb) ", "", words))
            if found is None:
                continue
            if found["at"] in ("LLN", "ULN"):
                yield Bound(grade, Decimal(1), "range")
            elif found["of"] == "x ULN":
                yield Bound(grade, Decimal(found["at"]), "range")
            elif "baseline" in (found["of"] or ""):
                yield Bound(grade, Decimal(found["at"]), "baseline", reached=not found["sign"])
            elif found["sign"] and found["of"] == unit:
                yield Bound(grade, Decimal(found["at"]), "absolute")


EVERY = sorted({(term, bound) for term in ROWS for bound in bounds(term)}, key=repr)


def test_every_term_with_limits_has_its_words_here() -> None:
    assert set(ROWS) == {one.name.en for one in ctcae._TERMS}


@pytest.mark.parametrize(
    ("term", "bound"), EVERY, ids=[f"{term}, grade {one.grade} by {one.of}" for term, one in EVERY]
)
def test_a_grade_begins_where_the_criteria_say(term: str, bound: Bound) -> None:
    ours = ctcae.term_named(term)
    assert ours is not None
    # a normal range that ends short of the mildest absolute limit, as ranges do
    mildest = min(ours.absolute, key=lambda one: one.grade).factor if ours.absolute else 100
    normal = mildest * Decimal("0.9" if ours.high else "1.1")
    baseline, abnormal, step = None, False, Decimal("0.0001")
    at = bound.at
    if bound.of == "range":
        at *= normal
    elif bound.of == "baseline":
        # far from the range, so that no multiple of its limit is near
        baseline, abnormal = normal / 10 if ours.baseline_rule == "beside" else normal * 100, True
        at *= baseline
    elif bound.reached:
        step = Decimal(1)  # the criteria count this one in whole numbers
    if not ours.high:
        step = -step
    beyond = ctcae.grade(ours, float(at + step), normal, baseline, abnormal)
    there = ctcae.grade(ours, float(at), normal, baseline, abnormal)
    before = ctcae.grade(ours, float(at - step), normal, baseline, abnormal)
    assert beyond == bound.grade
    assert there == bound.grade if bound.reached else (there or 0) < bound.grade
    assert (before or 0) < bound.grade


def test_our_limits_are_the_limits_of_the_criteria_and_no_others() -> None:
    """Each step of the table has its words: none is made up, none is left out."""
    for one in ctcae._TERMS:
        ours = {
            *((step.grade, "range") for step in one.range_steps),
            *((step.grade, "absolute") for step in one.absolute),
            *((step.grade, "baseline") for step in one.baseline_steps),
        }
        assert ours == {(bound.grade, bound.of) for bound in bounds(one.name.en)}, one.name.en

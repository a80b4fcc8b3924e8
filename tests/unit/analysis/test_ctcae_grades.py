"""CTCAE v5.0 grades of laboratory values: each limit from both sides, as the criteria's own text has it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from equipoise.analysis.safety import ctcae

LIMITS = [
    # term, limit of normal, value, baseline, whether that was abnormal, grade
    ("White blood cell decreased", "4", 4.0, None, False, 0),
    ("White blood cell decreased", "4", 3.99, None, False, 1),
    ("White blood cell decreased", "4", 3.0, None, False, 1),
    ("White blood cell decreased", "4", 2.99, None, False, 2),
    ("White blood cell decreased", "4", 1.99, None, False, 3),
    ("White blood cell decreased", "4", 0.99, None, False, 4),
    ("Neutrophil count decreased", "1.8", 1.49, None, False, 2),
    ("Neutrophil count decreased", "1.8", 0.99, None, False, 3),
    ("Neutrophil count decreased", "1.8", 0.49, None, False, 4),
    ("Platelet count decreased", "125", 75.0, None, False, 1),
    ("Platelet count decreased", "125", 24.0, None, False, 4),
    ("Anemia", "130", 100.0, None, False, 1),
    ("Anemia", "130", 99.9, None, False, 2),
    ("Anemia", "130", 79.9, None, False, 3),
    ("Anemia", "130", 30.0, None, False, 3),  # grade 4 is by consequences, not by a number
    ("Hypokalemia", "3.5", 3.2, None, False, 1),
    ("Hypokalemia", "3.5", 2.9, None, False, 3),  # grade 2 is by symptoms
    ("Hyperkalemia", "5.0", 5.5, None, False, 1),
    ("Hyperkalemia", "5.0", 7.1, None, False, 4),
    ("Hyponatremia", "135", 129.0, None, False, 2),
    ("Hyponatremia", "135", 124.0, None, False, 3),
    ("Alanine aminotransferase increased", "40", 40.0, 20, False, 0),
    ("Alanine aminotransferase increased", "40", 120.0, 20, False, 1),
    ("Alanine aminotransferase increased", "40", 120.1, 20, False, 2),
    ("Alanine aminotransferase increased", "40", 200.1, 20, False, 3),
    ("Alanine aminotransferase increased", "40", 800.1, 20, False, 4),
    # baseline above the range: multiples of baseline instead
    ("Alanine aminotransferase increased", "40", 89.9, 60, True, 0),
    ("Alanine aminotransferase increased", "40", 90.0, 60, True, 1),
    ("Alanine aminotransferase increased", "40", 180.1, 60, True, 2),
    ("Blood bilirubin increased", "21", 31.5, 10, False, 1),
    ("Blood bilirubin increased", "21", 31.6, 10, False, 2),
    ("Blood bilirubin increased", "21", 31.6, 30, True, 1),
    # multiples of baseline beside those of the range
    ("Creatinine increased", "100", 90.0, 50, False, 2),
    ("Creatinine increased", "100", 75.0, 50, False, 0),
    ("Creatinine increased", "100", 155.0, 50, False, 3),
    ("Creatinine increased", "100", 601.0, 500, False, 4),
]


@pytest.mark.parametrize(("name", "limit", "value", "baseline", "abnormal", "expected"), LIMITS)
def test_each_limit_from_both_sides(
    name: str, limit: str, value: float, baseline: int | None, abnormal: bool, expected: int
) -> None:
    term = ctcae.term_named(name)
    assert term is not None
    first = None if baseline is None else Decimal(baseline)
    assert ctcae.grade(term, value, Decimal(limit), first, abnormal) == expected


def test_without_a_limit_of_normal_only_what_absolute_limits_decide_is_graded() -> None:
    term = ctcae.term_named("Neutrophil count decreased")
    assert term is not None
    assert ctcae.grade(term, 1.2, None, None, False) == 2
    assert ctcae.grade(term, 1.7, None, None, False) is None  # normal or grade 1: not known


def test_limits_follow_the_items_unit_and_are_not_guessed_where_it_does_not_convert() -> None:
    anemia = ctcae.term_named("Anemia")
    assert anemia is not None
    in_grams = ctcae.in_unit(anemia, "g/dL")
    assert in_grams is not None
    assert ctcae.grade(in_grams, 9.9, Decimal(13), None, False) == 2
    assert ctcae.in_unit(anemia, "mmol/L") is None
    assert ctcae.in_unit(anemia, None) is None


def test_a_term_without_limits_is_not_graded() -> None:
    assert ctcae.term_named("Hypercalcemia") is None
    assert ctcae.term_named(None) is None

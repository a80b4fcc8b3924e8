"""Grades of laboratory values by CTCAE v5.0, the limits as data.

Source: Common Terminology Criteria for Adverse Events (CTCAE) v5.0, U.S. National Cancer Institute, 27 November 2017.
Only what a number decides is here: grades that rest on symptoms, interventions or consequences (anemia of grade 4,
hypokalemia of grade 2 by symptoms) are the investigator's to report as adverse events. Terms whose value must first be
corrected for another (calcium for albumin) are not in the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from equipoise.quantity.text import Text
from equipoise.quantity.units import UnitError, convert

SCALE = "CTCAE v5.0"
"""The grading a protocol must declare for its laboratory values to be graded by these limits."""


@dataclass(frozen=True, slots=True)
class Step:
    """A grade is reached beyond `factor` times the limit; with `reached`, at it already."""

    grade: int
    factor: Decimal
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A term of CTCAE with its limits: upward where `high`, else downward.

    `range_steps` are multiples of the upper (lower) limit of normal, `absolute` values in `unit`, and
    `baseline_steps` multiples of the value at baseline: *instead* of the range's where baseline was above
    it, or *beside* them in everybody.
    """

    name: Text
    high: bool
    range_steps: tuple[Step, ...]
    absolute: tuple[Step, ...] = ()
    unit: str = ""
    baseline_steps: tuple[Step, ...] = ()
    baseline_rule: Literal["instead", "beside"] = "instead"


def _steps(*pairs: tuple[int, str]) -> tuple[Step, ...]:
    return tuple(Step(grade, Decimal(factor)) for grade, factor in pairs)


_OUT = _steps((1, "1"))
"""Grade 1: out of the normal range."""


def _low(en: str, zh: str, unit: str, *limits: tuple[int, str]) -> Term:
    return Term(Text({"en": en, "zh-Hans": zh}), False, _OUT, _steps(*limits), unit)


def _high(en: str, zh: str, unit: str, *limits: tuple[int, str]) -> Term:
    return Term(Text({"en": en, "zh-Hans": zh}), True, _OUT, _steps(*limits), unit)


def _enzyme(en: str, zh: str, second: str, from_baseline: str) -> Term:
    """An enzyme: multiples of the upper limit of normal, of baseline where that was abnormal."""
    above = _steps((2, second), (3, "5"), (4, "20"))
    first = Step(1, Decimal(from_baseline), reached=True)
    return Term(Text({"en": en, "zh-Hans": zh}), True, (*_OUT, *above), (), "", (first, *above))


_TERMS = (
    _low("White blood cell decreased", "白细胞计数降低", "10*9/L", (2, "3.0"), (3, "2.0"), (4, "1.0")),
    _low("Neutrophil count decreased", "中性粒细胞计数降低", "10*9/L", (2, "1.5"), (3, "1.0"), (4, "0.5")),
    _low("Lymphocyte count decreased", "淋巴细胞计数降低", "10*9/L", (2, "0.8"), (3, "0.5"), (4, "0.2")),
    _low("Platelet count decreased", "血小板计数降低", "10*9/L", (2, "75"), (3, "50"), (4, "25")),
    _low("Anemia", "贫血", "g/L", (2, "100"), (3, "80")),
    _low("Hypoalbuminemia", "低白蛋白血症", "g/L", (2, "30"), (3, "20")),
    _low("Hypokalemia", "低钾血症", "mmol/L", (3, "3.0"), (4, "2.5")),
    _high("Hyperkalemia", "高钾血症", "mmol/L", (2, "5.5"), (3, "6.0"), (4, "7.0")),
    _low("Hyponatremia", "低钠血症", "mmol/L", (2, "130"), (3, "125"), (4, "120")),
    _high("Hypernatremia", "高钠血症", "mmol/L", (2, "150"), (3, "155"), (4, "160")),
    _low("Hypomagnesemia", "低镁血症", "mmol/L", (2, "0.5"), (3, "0.4"), (4, "0.3")),
    _high("Hypermagnesemia", "高镁血症", "mmol/L", (3, "1.23"), (4, "3.30")),
    _enzyme("Alanine aminotransferase increased", "丙氨酸氨基转移酶升高", "3", "1.5"),
    _enzyme("Aspartate aminotransferase increased", "天门冬氨酸氨基转移酶升高", "3", "1.5"),
    _enzyme("Alkaline phosphatase increased", "碱性磷酸酶升高", "2.5", "2"),
    _enzyme("GGT increased", "γ-谷氨酰转移酶升高", "2.5", "2"),
    Term(
        Text({"en": "Blood bilirubin increased", "zh-Hans": "血胆红素升高"}), True,
        _steps((1, "1"), (2, "1.5"), (3, "3"), (4, "10")),
        baseline_steps=_steps((1, "1"), (2, "1.5"), (3, "3"), (4, "10")),
    ),
    Term(
        Text({"en": "Creatinine increased", "zh-Hans": "肌酐升高"}), True,
        _steps((1, "1"), (2, "1.5"), (3, "3"), (4, "6")),
        baseline_steps=_steps((2, "1.5"), (3, "3")), baseline_rule="beside",
    ),
)  # fmt: skip
_BY_NAME = {one.name.en: one for one in _TERMS}


def term_named(name: str | None) -> Term | None:
    """The term of this English name; None where the table has none."""
    return _BY_NAME.get(name or "")


def in_unit(term: Term, unit: str | None) -> Term | None:
    """The term with its absolute limits in an item's unit; None where the units do not convert."""
    if not term.absolute:
        return term
    try:
        steps = tuple(
            Step(one.grade, convert(one.factor, term.unit, unit or ""), one.reached)
            for one in term.absolute
        )
    except UnitError:
        return None
    return Term(term.name, term.high, term.range_steps, steps, unit or "", term.baseline_steps, term.baseline_rule)  # fmt: skip


def grade(
    term: Term, value: float, limit: Decimal | None, baseline: Decimal | None, abnormal: bool
) -> int | None:
    """The grade (0 to 4) of a value; None where no limit of normal is known and no other decides.

    `limit` is the upper (of a term downward, the lower) limit of normal on the day. `baseline` is the value at baseline,
    None for the baseline value itself; `abnormal` tells whether that was beyond its own limit. All in the item's unit.
    """
    by_baseline = baseline is not None and bool(term.baseline_steps)
    instead = by_baseline and abnormal and term.baseline_rule == "instead"
    beside = by_baseline and term.baseline_rule == "beside"
    reached = [_reached(term, term.absolute, value, Decimal(1))]
    if instead or beside:
        assert baseline is not None
        reached.append(_reached(term, term.baseline_steps, value, baseline))
    if not instead and limit is not None:
        reached.append(_reached(term, term.range_steps, value, limit))
    worst = max(reached)
    return None if worst == 0 and limit is None and not instead else worst


def _reached(term: Term, steps: tuple[Step, ...], value: float, of: Decimal) -> int:
    """The worst of the steps that a value is beyond; 0 where it is beyond none."""
    beyond = 0
    for one in steps:
        at = float(one.factor * of)
        out = value > at if term.high else value < at
        if out or (one.reached and value == at):
            beyond = max(beyond, one.grade)
    return beyond

"""Who may enter the first trial: each criterion decided by data, case by case."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from equipoise.protocol.document import Protocol

CONSENT = date(2026, 12, 1)
LIMITS = {
    ("alt", "upper"): Decimal(50),
    ("ast", "upper"): Decimal(40),
    ("bilirubin_total", "upper"): Decimal(20),
    ("creatinine", "upper"): Decimal(100),
}
NO_HEART_DISEASE: dict[str, Any] = {
    "unstable_angina": False,
    "severe_arrhythmia": False,
    "nyha_class": "none",
    "myocardial_infarction": False,
    "consent": CONSENT,
}
CLEAN_HISTORY: dict[str, Any] = {
    "other_mucosal_agent": False,
    "long_term_immunosuppressant": False,
    "prednisone_equivalent": Decimal(0),
}
PLAN: dict[str, Any] = {
    "rt_intent": "definitive",
    "rt_planned_dose": Decimal("69.96"),
    "rt_fields_oral": True,
}
MOUTH: dict[str, Any] = {
    "mucosa_intact": True,
    "oral_infection": False,
    "periodontal_severe": False,
}
BLOOD: dict[str, Any] = {
    "wbc": Decimal("3.0"),
    "hemoglobin": Decimal(90),
    "platelets": Decimal(100),
}
LIVER: dict[str, Any] = {
    "alt": Decimal(125),
    "ast": Decimal(100),
    "bilirubin_total": Decimal(30),
}

CASES: list[tuple[str, str, dict[str, Any], bool | None]] = [
    ("inc_02", "on the 18th birthday's year", {"age": 18}, True),
    ("inc_02", "at 75", {"age": 75}, True),
    ("inc_02", "at 17", {"age": 17}, False),
    ("inc_02", "at 76", {"age": 76}, False),
    ("inc_02", "without a date of birth", {}, None),
    ("inc_03", "70 Gy to the nasopharynx and oropharynx", PLAN, True),
    ("inc_03", "exactly 60 Gy", PLAN | {"rt_planned_dose": Decimal(60)}, True),
    ("inc_03", "59.99 Gy", PLAN | {"rt_planned_dose": Decimal("59.99")}, False),
    ("inc_03", "60 Gy after surgery, with curative intent",
     PLAN | {"rt_intent": "postoperative", "rt_planned_dose": Decimal(60)}, True),
    ("inc_03", "palliative", PLAN | {"rt_intent": "palliative"}, False),
    ("inc_03", "fields that spare mouth and oropharynx", PLAN | {"rt_fields_oral": False}, False),
    ("inc_03", "fields not yet drawn", PLAN | {"rt_fields_oral": None}, None),
    ("inc_03", "too low a dose decides before the fields are drawn",
     PLAN | {"rt_planned_dose": Decimal(50), "rt_fields_oral": None}, False),
    ("inc_04", "ECOG 2 and half a year", {"ecog": "2", "life_expectancy_months": 6}, True),
    ("inc_04", "ECOG 3", {"ecog": "3", "life_expectancy_months": 24}, False),
    ("inc_04", "five months", {"ecog": "0", "life_expectancy_months": 5}, False),
    ("inc_04", "no estimate", {"ecog": "1"}, None),
    ("inc_05", "all three at the limit", BLOOD, True),
    ("inc_05", "white cells 2.99", BLOOD | {"wbc": Decimal("2.99")}, False),
    ("inc_05", "hemoglobin 89", BLOOD | {"hemoglobin": Decimal(89)}, False),
    ("inc_05", "platelets 99", BLOOD | {"platelets": Decimal(99)}, False),
    ("inc_05", "platelets not back yet", BLOOD | {"platelets": None}, None),
    ("inc_06", "all at the limit", LIVER, True),
    ("inc_06", "ALT above, AST normal", LIVER | {"alt": Decimal(126), "ast": Decimal(20)}, False),
    ("inc_06", "AST above, ALT normal", LIVER | {"alt": Decimal(20), "ast": Decimal(101)}, False),
    ("inc_06", "bilirubin above", LIVER | {"bilirubin_total": Decimal(31)}, False),
    ("inc_06", "AST missing", LIVER | {"ast": None}, None),
    ("inc_07", "creatinine at the limit, clearance unknown", {"creatinine": Decimal(150)}, True),
    ("inc_07", "creatinine above, clearance 50",
     {"creatinine": Decimal(151), "creatinine_clearance": Decimal(50)}, True),
    ("inc_07", "creatinine above, clearance 49",
     {"creatinine": Decimal(151), "creatinine_clearance": Decimal(49)}, False),
    ("inc_07", "creatinine above, clearance unknown", {"creatinine": Decimal(151)}, None),
    ("inc_08", "nothing significant", {"ecg_significant": False}, True),
    ("inc_08", "significant", {"ecg_significant": True}, False),
    ("inc_08", "not done", {}, None),
    ("inc_09", "a healthy mouth", MOUTH, True),
    ("inc_09", "an ulcer", MOUTH | {"mucosa_intact": False}, False),
    ("inc_09", "candidiasis", MOUTH | {"oral_infection": True}, False),
    ("inc_09", "severe periodontitis", MOUTH | {"periodontal_severe": True}, False),
    ("inc_09", "no dental visit", MOUTH | {"periodontal_severe": None}, None),
    ("inc_10", "signed", {"consent": CONSENT}, True),
    ("inc_10", "not signed", {}, False),
    ("exc_02", "never operated", {"hn_surgery": False, "consent": CONSENT}, False),
    ("exc_02", "27 days before consent",
     {"hn_surgery": True, "last_hn_surgery": date(2026, 11, 4), "consent": CONSENT}, True),
    ("exc_02", "28 days before consent",
     {"hn_surgery": True, "last_hn_surgery": date(2026, 11, 3), "consent": CONSENT}, False),
    ("exc_02", "operated, date unknown", {"hn_surgery": True, "consent": CONSENT}, None),
    ("exc_03", "in another trial", {"in_other_trial": True}, True),
    ("exc_03", "left one 20 days ago",
     {"in_other_trial": False, "past_trial": True,
      "last_trial_participation": date(2026, 11, 11), "consent": CONSENT}, True),
    ("exc_03", "left one 28 days ago",
     {"in_other_trial": False, "past_trial": True,
      "last_trial_participation": date(2026, 11, 3), "consent": CONSENT}, False),
    ("exc_03", "never in one", {"in_other_trial": False, "past_trial": False}, False),
    ("exc_04", "a healthy heart", NO_HEART_DISEASE, False),
    ("exc_04", "NYHA II", NO_HEART_DISEASE | {"nyha_class": "II"}, False),
    ("exc_04", "NYHA III", NO_HEART_DISEASE | {"nyha_class": "III"}, True),
    ("exc_04", "unstable angina", NO_HEART_DISEASE | {"unstable_angina": True}, True),
    ("exc_04", "severe arrhythmia", NO_HEART_DISEASE | {"severe_arrhythmia": True}, True),
    ("exc_04", "infarction 6 months less a day ago",
     NO_HEART_DISEASE | {"myocardial_infarction": True, "last_mi": date(2026, 6, 2)}, True),
    ("exc_04", "infarction 6 months ago to the day",
     NO_HEART_DISEASE | {"myocardial_infarction": True, "last_mi": date(2026, 6, 1)}, False),
    ("exc_04", "an infarction of unknown date",
     NO_HEART_DISEASE | {"myocardial_infarction": True}, None),
    ("exc_05", "clearance 30", {"cirrhosis": False, "creatinine_clearance": Decimal(30)}, False),
    ("exc_05", "clearance 29", {"cirrhosis": False, "creatinine_clearance": Decimal(29)}, True),
    ("exc_05", "cirrhosis, clearance unknown", {"cirrhosis": True}, True),
    ("exc_05", "clearance unknown", {"cirrhosis": False}, None),
    ("exc_06", "pneumonia under antibiotics", {"systemic_infection": True}, True),
    ("exc_06", "none", {"systemic_infection": False}, False),
    ("exc_07", "lupus under treatment", {"autoimmune_on_immunosuppression": True}, True),
    ("exc_07", "none", {"autoimmune_on_immunosuppression": False}, False),
    ("exc_09", "nothing of it", CLEAN_HISTORY, False),
    ("exc_09", "prednisone 10 mg a day",
     CLEAN_HISTORY | {"prednisone_equivalent": Decimal(10)}, False),
    ("exc_09", "prednisone 10.5 mg a day",
     CLEAN_HISTORY | {"prednisone_equivalent": Decimal("10.5")}, True),
    ("exc_09", "a mucosal agent that cannot be stopped",
     CLEAN_HISTORY | {"other_mucosal_agent": True}, True),
    ("exc_09", "an immunosuppressant", CLEAN_HISTORY | {"long_term_immunosuppressant": True}, True),
    ("exc_09", "steroid dose unknown", CLEAN_HISTORY | {"prednisone_equivalent": None}, None),
    ("added_pregnancy", "a man", {"sex": "male"}, False),
    ("added_pregnancy", "a pregnant woman", {"sex": "female", "pregnancy_test": "positive"}, True),
    ("added_pregnancy", "breast-feeding",
     {"sex": "female", "pregnancy_test": "negative", "breast_feeding": True}, True),
    ("added_pregnancy", "neither",
     {"sex": "female", "pregnancy_test": "negative", "breast_feeding": False}, False),
    ("added_pregnancy", "no test yet", {"sex": "female", "breast_feeding": False}, None),
    ("added_allergy", "allergic", {"product_allergy": True}, True),
    ("added_allergy", "not allergic", {"product_allergy": False}, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("criterion", "person", "values", "met"), CASES, ids=[f"{c[0]}: {c[1]}" for c in CASES]
)
def test_the_criterion_is_met_not_met_or_unknown(
    first: Protocol,
    decide: Callable[..., Any],
    criterion: str,
    person: str,
    values: Mapping[str, Any],
    met: bool | None,
) -> None:
    """The expression answers the criterion's own wording; what is missing is never a silent pass."""
    expression = {c.id: c.met_when for c in first.eligibility.criteria}[criterion]
    assert decide(first, expression, values, LIMITS) is met


def test_every_criterion_decided_by_data_has_a_case_for_each_answer(first: Protocol) -> None:
    """The table above leaves no expression untried in either direction."""
    tried = {(criterion, met) for criterion, _, _, met in CASES}
    expected = {
        (criterion.id, met)
        for criterion in first.eligibility.criteria
        if criterion.met_when is not None
        for met in (True, False)
    }
    assert expected <= tried


def test_only_what_no_data_can_decide_is_left_to_judgement_alone(first: Protocol) -> None:
    """Psychiatric disorder, ability to comply, and the investigator's own reservation."""
    alone = [c.id for c in first.eligibility.criteria if c.met_when is None]
    assert alone == ["exc_08", "exc_10", "exc_11"]
    both = [c.id for c in first.eligibility.criteria if c.met_when is not None and c.judgement]
    assert both == ["exc_04", "exc_05"]


def test_a_laboratory_without_ranges_leaves_the_liver_undecided(
    first: Protocol, decide: Callable[..., Any]
) -> None:
    """Without the site's own upper limit `2.5 × ULN` is unknown, not passed."""
    expression = {c.id: c.met_when for c in first.eligibility.criteria}["inc_06"]
    assert decide(first, expression, LIVER, {}) is None


def test_the_criteria_rest_only_on_what_screening_collects(first: Protocol) -> None:
    """Every item an expression names is on a form of the screening visit, or derived from one."""
    from equipoise.protocol.expression import compile_expression

    screening = next(v for v in first.schedule.visits if v.phase == "screening")
    collected = {e.item for form in screening.forms for e in first.form_by_id[form].items}
    anchors = {anchor.id for anchor in first.schedule.anchors}
    for criterion in first.eligibility.criteria:
        if criterion.met_when is not None:
            names = compile_expression(criterion.met_when, first).names
            assert names <= collected | anchors, criterion.id

"""The methods give the published and independently computed values of `published_values.csv`.

Each row states its source (package and version, or paper); its id says which number of which method.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.analysis import methods
from support.r_numbers import published, stated_arguments

HERE = Path(__file__).parent
DATA = HERE.parent / "data"

NEWCOMBE_1998 = {
    "a": (56, 70, 48, 80),
    "b": (9, 10, 3, 10),
    "c": (6, 7, 2, 7),
    "d": (5, 56, 0, 29),
    "e": (0, 10, 0, 20),
    "f": (0, 10, 0, 10),
    "g": (10, 10, 0, 20),
    "h": (10, 10, 0, 10),
}
"""The table rows that every comparison of interval methods uses."""

AGRESTI_CREAM = (
    (11, 36, 10, 37), (16, 20, 22, 32), (14, 19, 7, 19), (2, 16, 1, 17),
    (6, 17, 0, 12), (1, 11, 0, 10), (1, 5, 1, 9), (4, 6, 6, 7),
)  # fmt: skip
"""Cream against control at eight centers (Agresti): events and totals by arm."""


def table(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def berkeley() -> list[tuple[int, int, int, int]]:
    """R's UCBAdmissions as it stands (Admit × Gender × Dept): men among the admitted and the rejected."""
    counts = {(r["Dept"], r["Gender"], r["Admit"]): int(r["Freq"]) for r in table("ucb_admissions")}
    strata = []
    for department in sorted({key[0] for key in counts}):
        row: list[int] = []
        for outcome in ("Admitted", "Rejected"):
            men = counts[department, "Male", outcome]
            row += [men, men + counts[department, "Female", outcome]]
        strata.append((row[0], row[1], row[2], row[3]))
    return strata


def numbers(rows: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in rows]


def log_rank_of(name: str, group: str, event: str, strata: str | None = None) -> methods.LogRank:
    rows = [row for row in table(name) if strata is None or row[strata] != "NA"]
    happened = [value == max(numbers(rows, event)) for value in numbers(rows, event)]
    return methods.log_rank(
        numbers(rows, "time"),
        happened,
        [row[group] for row in rows],
        None if strata is None else [row[strata] for row in rows],
    )


def difference(name: str) -> float:
    method, _, row, *side = (
        name.split("_") if not name.startswith("newcombe") else ["", "", *name.split("_")[1:]]
    )
    call: Callable[..., methods.Estimate] = {
        "mn": methods.miettinen_nurminen_difference,
        "mee": methods.mee_difference,
        "": methods.newcombe_difference,
    }[method]
    result = call(*NEWCOMBE_1998[row])
    return result.lower if side == ["lo"] else result.upper


def cox(file: str, column: str, event: str, strata: str | None = None, **more: Any) -> Any:
    """The coefficient of the first column: of control over 6-MP, or of sex."""
    rows = [row for row in table(file) if strata is None or row[strata] != "NA"]
    marks = numbers(rows, event)
    values = (
        [float(row[column] == "control") for row in rows]
        if column == "treat"
        else numbers(rows, column)
    )
    return methods.proportional_hazards(
        numbers(rows, "time"),
        [mark == max(marks) for mark in marks],
        [values],
        [column],
        strata=None if strata is None else [row[strata] for row in rows],
        **more,
    )


def birthweight() -> methods.Regression:
    rows, columns = table("birthwt"), ["smoke", "age", "lwt"]
    return methods.logistic_regression(
        numbers(rows, "low"), [numbers(rows, one) for one in columns], columns
    )


def wine() -> methods.Regression:
    rows = table("wine")
    return methods.ordinal_regression(
        [int(row["rating"]) for row in rows],
        [
            [float(row["temp"] == "warm") for row in rows],
            [float(row["contact"] == "yes") for row in rows],
        ],
        ["temp", "contact"],
    )


def wine_with_judges(nodes: int = 1) -> methods.MixedOrdinal:
    rows = table("wine")
    return methods.ordinal_mixed(
        [int(row["rating"]) for row in rows],
        [
            [float(row["temp"] == "warm") for row in rows],
            [float(row["contact"] == "yes") for row in rows],
        ],
        ["temp", "contact"],
        [row["judge"] for row in rows],
        nodes=nodes,
    )


def missing_second_visit(strategy: Any) -> float:
    cov = [[1, 0.5], [0.5, 1]]
    found = methods.reference_based([0.8, math.nan], [0.5, 2], cov, [0, 1], cov, strategy)
    return float(found.mean[0])


COMPUTED: dict[str, Callable[[], float]] = {
    "clopper_hi": lambda: methods.clopper_pearson(7, 20).upper,
    "boschloo_9_3": lambda: methods.boschloo(9, 10, 3, 10).p,
    "fisher_tea": lambda: methods.fisher(3, 4, 1, 4).p,
    "koopman_rr_2": lambda: (
        methods.miettinen_nurminen_ratio(8, 15, 4, 15, small_sample_factor=False).upper
    ),
    "mn_rr_a_1": lambda: methods.miettinen_nurminen_ratio(56, 70, 48, 80).lower,
    "mn_strat_agresti8_2": lambda: (
        methods.stratified_miettinen_nurminen_difference(AGRESTI_CREAM).upper
    ),
    "cmh_agresti8_chi2": lambda: methods.cochran_mantel_haenszel(AGRESTI_CREAM).statistic,
    "cmh_agresti8_p": lambda: methods.cochran_mantel_haenszel(AGRESTI_CREAM).p,
    "cmh_agresti8_or": lambda: methods.cochran_mantel_haenszel(AGRESTI_CREAM).odds_ratio.estimate,
    "cmh_agresti8_mhrd_se": lambda: (
        methods.cochran_mantel_haenszel(AGRESTI_CREAM).risk_difference_se
    ),
    "cmh_agresti8_mhrr": lambda: math.log(
        methods.cochran_mantel_haenszel(AGRESTI_CREAM).risk_ratio.estimate
    ),
    "cmh_agresti8_mhrr_se": lambda: (
        methods.cochran_mantel_haenszel(AGRESTI_CREAM).log_risk_ratio_se
    ),
    "cmh_ucb_chi2cc": lambda: (
        methods.cochran_mantel_haenszel(berkeley(), continuity_correction=True).statistic
    ),
    "cmh_ucb_mhrd": lambda: methods.cochran_mantel_haenszel(berkeley()).risk_difference.estimate,
    "cmh_ucb_or_lo": lambda: methods.cochran_mantel_haenszel(berkeley()).odds_ratio.lower,
    "cmh_ucb_or_hi": lambda: methods.cochran_mantel_haenszel(berkeley()).odds_ratio.upper,
    "clm_wine_temp": lambda: wine().coefficient("temp").estimate,
    "clm_wine_contact": lambda: wine().coefficient("contact").estimate,
    "clmm_lap_contact": lambda: wine_with_judges().coefficient("contact").estimate,
    "clmm_lap_ll": lambda: wine_with_judges().fixed.log_likelihood,
    "cox_gehan_breslow_se": lambda: float(
        cox("gehan", "treat", "cens", ties="breslow").standard_errors[0]
    ),
    "cox_gehan_exact_b": lambda: float(cox("gehan", "treat", "cens", ties="exact").coefficients[0]),
    "cox_gehan_exact_se": lambda: float(
        cox("gehan", "treat", "cens", ties="exact").standard_errors[0]
    ),
    "cox_lung_sex_b": lambda: float(cox("lung", "sex", "status").coefficients[0]),
    "cox_lung_sex_se": lambda: float(cox("lung", "sex", "status").standard_errors[0]),
    "cox_lung_sex_inst_b": lambda: float(cox("lung", "sex", "status", "inst").coefficients[0]),
    "logit_birthwt_smoke": lambda: birthweight().coefficient("smoke").estimate,
    "logit_birthwt_smoke_se": lambda: float(birthweight().standard_errors[1]),
    "rbi_CR": lambda: missing_second_visit("CR"),
    "rbi_J2R": lambda: missing_second_visit("J2R"),
    "rbi_LMCF": lambda: missing_second_visit("LMCF"),
    "lr_aml": lambda: log_rank_of("aml", "x", "status").statistic,
    "lr_gehan": lambda: log_rank_of("gehan", "treat", "cens").statistic,
    "lr_lung_sex_inst": lambda: log_rank_of("lung", "sex", "status", "inst").statistic,
    "lr_veteran_cell": lambda: log_rank_of("veteran", "celltype", "status").statistic,
}

WITHOUT_ARGUMENTS = {
    "rubin_df": (
        "its arguments are 'same' as a row that the table does not hold; the degrees of freedom of"
        " mice::pool.scalar are compared in test_models_against_r.py, also with 148 of the complete data"
    ),
}
"""Rows of the table that nobody can compute, with the reason."""


def test_only_rows_without_arguments_are_left_out() -> None:
    assert {row["id"] for row in published() if not stated_arguments(row)} == set(WITHOUT_ARGUMENTS)


@pytest.mark.parametrize("row", [*filter(stated_arguments, published())], ids=lambda row: row["id"])
def test_published_value(row: dict[str, str]) -> None:
    """Every row of the table that states its arguments is computed here, none is left out."""
    name = row["id"]
    computed = COMPUTED[name]() if name in COMPUTED else difference(name)
    assert computed == pytest.approx(
        float(row["expected"]), rel=0, abs=max(float(row["tolerance"]), 1e-9)
    )


def test_the_known_trap_of_the_miettinen_nurminen_interval() -> None:
    """56/70 against 48/80 gives 0.0528 to 0.3382; a widely used library gives another interval."""
    result = methods.miettinen_nurminen_difference(56, 70, 48, 80)
    assert (round(result.lower, 4), round(result.upper, 4)) == (0.0528, 0.3382)


def test_intercepts_are_integrated_by_quadrature_as_in_r() -> None:
    """R 4.2.2, ordinal 2022.11.16: clmm(rating ~ temp + contact + (1|judge), data = wine, Hess = TRUE, nAGQ = 10)."""
    found = wine_with_judges(nodes=10)
    b = [-1.623487452, 1.512796039, 4.227053455, 6.086152280, 3.061890993, 1.833433365]
    se = [0.6833862582, 0.6044373530, 0.8089782154, 0.9719398347, 0.5950763341, 0.5121712435]
    assert found.fixed.coefficients == pytest.approx(b, abs=1e-4)
    assert found.fixed.standard_errors == pytest.approx(se, abs=1e-4)
    assert found.fixed.log_likelihood == pytest.approx(-81.53246071, abs=1e-7)
    assert found.standard_deviation == pytest.approx(1.134783298, abs=1e-4)
    assert found.coefficient("temp").estimate != wine_with_judges().coefficient("temp").estimate


def test_pooling_tells_what_its_variance_is_made_of() -> None:
    """mice 3.15.0: pool.scalar(c(1.2, .9, 1.45, 1.1, .7), c(.11, .13, .09, .12, .1), n = 150, k = 2)."""
    found = methods.pool([1.2, 0.9, 1.45, 1.1, 0.7], np.sqrt([0.11, 0.13, 0.09, 0.12, 0.1]), 148)
    got = [found.estimate, found.within, found.between, found.variance, found.df]
    assert got == pytest.approx([1.07, 0.11, 0.082, 0.2084, 14.554202518764], abs=1e-10)
    assert found.relative_increase == pytest.approx(0.894545454545, abs=1e-10)
    assert found.missing_information == pytest.approx(0.532306197118, abs=1e-10)

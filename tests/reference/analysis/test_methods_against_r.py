"""The methods agree with R. `r_values.R` makes the values and says, for each, the R call.

R 4.2.2 with survival 3.5.3, metafor 3.8.1 and MASS 7.3.58.2; the versions stand in `r_values.json`.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.analysis import methods

HERE = Path(__file__).parent
R: dict[str, Any] = json.loads((HERE / "r_values.json").read_text())["values"]
CLOSE = 1e-9


def table(name: str) -> list[dict[str, str]]:
    with (HERE.parent / "data" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def survival_data(name: str) -> tuple[list[float], list[bool]]:
    if name == "half":
        return [1, 2, 3, 4], [True, True, False, True]
    if name == "flat_half":
        return [1, 2, 5, 9], [True] * 4
    file, column, level, event, mark = {
        "aml_maintained": ("aml", "x", "Maintained", "status", 1.0),
        "aml_nonmaintained": ("aml", "x", "Nonmaintained", "status", 1.0),
        "gehan_6mp": ("gehan", "treat", "6-MP", "cens", 1.0),
        "gehan_control": ("gehan", "treat", "control", "cens", 1.0),
        "lung_female": ("lung", "sex", "2", "status", 2.0),
    }[name]
    rows = [row for row in table(file) if row[column] == level]
    return [float(r["time"]) for r in rows], [float(r[event]) == mark for r in rows]


def like(values: Any) -> Any:
    return np.array([math.nan if value is None else value for value in values], dtype=float)


@pytest.mark.parametrize("name", [key[3:] for key in R if key.startswith("km_")])
def test_kaplan_meier_curve(name: str) -> None:
    """survfit(…, conf.type = "log-log"): curve, risk set, Greenwood, limits, median and its limits."""
    expected, curve = R[f"km_{name}"], methods.kaplan_meier(*survival_data(name))
    for ours, theirs in (
        (curve.times, "time"), (curve.at_risk, "n.risk"), (curve.events, "n.event"),
        (curve.censored, "n.censor"), (curve.survival, "surv"), (curve.lower, "lower"),
        (curve.upper, "upper"),
    ):  # fmt: skip
        np.testing.assert_allclose(ours, like(expected[theirs]), rtol=CLOSE, atol=1e-12)
    ends = curve.survival > 0
    np.testing.assert_allclose(
        curve.standard_error[ends], like(expected["std.err"])[ends], rtol=CLOSE, atol=1e-12
    )
    medians = [curve.median, curve.median_lower, curve.median_upper]
    theirs_too = like([expected[key] for key in ("median", "median_lower", "median_upper")])
    np.testing.assert_allclose(medians, theirs_too, rtol=CLOSE)


@pytest.mark.parametrize(
    ("name", "file", "group", "event", "strata"),
    [
        ("lr_aml", "aml", "x", "status", None),
        ("lr_gehan", "gehan", "treat", "cens", None),
        ("lr_lung_sex", "lung", "sex", "status", None),
        ("lr_lung_sex_inst", "lung", "sex", "status", "inst"),
        ("lr_lung_ecog_sex", "lung", "ph.ecog", "status", "sex"),
        ("lr_veteran_cell", "veteran", "celltype", "status", None),
        ("lr_veteran_trt_cell", "veteran", "trt", "status", "celltype"),
    ],
)
def test_log_rank(name: str, file: str, group: str, event: str, strata: str | None) -> None:
    """survdiff: chi-squared, observed and expected, with and without strata, two and more groups."""
    used = [group] + ([strata] if strata else [])
    rows = [row for row in table(file) if all(row[column] != "NA" for column in used)]
    marks = [float(row[event]) for row in rows]
    result = methods.log_rank(
        [float(row["time"]) for row in rows],
        [mark == max(marks) for mark in marks],
        [row[group] for row in rows],
        [row[strata] for row in rows] if strata else None,
    )
    expected = R[name]
    assert result.statistic == pytest.approx(expected["chisq"], rel=CLOSE)
    assert result.df == expected["df"]
    assert result.p == pytest.approx(expected["p"], rel=1e-8)
    assert sorted(result.observed) == pytest.approx(sorted(expected["obs"]), rel=CLOSE)
    assert sorted(result.expected) == pytest.approx(sorted(expected["exp"]), rel=CLOSE)


def strata_of(name: str) -> list[tuple[int, int, int, int]]:
    if name == "agresti8":
        text = "11 10 25 27;16 22 4 10;14 7 5 12;2 1 14 16;6 0 11 12;1 0 10 10;1 1 4 8;4 6 2 1"
        rows = [[int(word) for word in part.split()] for part in text.split(";")]
        return [(a, a + b, c, c + d) for a, c, b, d in rows]
    counts = {(r["Dept"], r["Gender"], r["Admit"]): int(r["Freq"]) for r in table("ucb_admissions")}
    result = []
    for dept in "ABCDEF":
        men, women = (
            (counts[dept, g, "Admitted"], counts[dept, g, "Rejected"]) for g in ("Male", "Female")
        )
        result.append((men[0], sum(men), women[0], sum(women)))
    return result


@pytest.mark.parametrize("name", ["agresti8", "ucb"])
@pytest.mark.parametrize("corrected", [False, True])
def test_cochran_mantel_haenszel(name: str, corrected: bool) -> None:
    """mantelhaen.test with and without continuity correction; Robins–Breslow–Greenland limits."""
    result = methods.cochran_mantel_haenszel(strata_of(name), continuity_correction=corrected)
    expected = R[f"cmh_{name}" + ("_cc" if corrected else "")]
    assert result.statistic == pytest.approx(expected["chisq"], rel=CLOSE)
    assert result.p == pytest.approx(expected["p"], rel=1e-8)
    ratio = result.odds_ratio
    assert [ratio.estimate, ratio.lower, ratio.upper] == pytest.approx(
        [expected[key] for key in ("or", "lower", "upper")], rel=CLOSE
    )


@pytest.mark.parametrize("name", ["agresti8", "ucb"])
def test_mantel_haenszel_effects(name: str) -> None:
    """metafor::rma.mh: common risk difference (Sato) and risk ratio (Greenland–Robins)."""
    result = methods.cochran_mantel_haenszel(strata_of(name))
    for expected, effect, se, scale in (
        (R[f"mhrd_{name}"], result.risk_difference, result.risk_difference_se, float),
        (R[f"mhrr_{name}"], result.risk_ratio, result.log_risk_ratio_se, math.log),
    ):
        ours = [scale(effect.estimate), se, scale(effect.lower), scale(effect.upper)]
        assert ours == pytest.approx([expected[k] for k in ("b", "se", "lower", "upper")], rel=1e-8)


@pytest.mark.parametrize("name", [key for key in R if key.startswith("fisher_")])
def test_fisher(name: str) -> None:
    """fisher.test(matrix(…, byrow = TRUE))$p.value."""
    a, b, c, d = map(int, name.split("_")[1:])
    assert methods.fisher(a, a + b, c, c + d).p == pytest.approx(R[name], rel=1e-8)


@pytest.mark.parametrize("name", [key for key in R if key.startswith(("clopper_", "wilson_"))])
def test_one_proportion(name: str) -> None:
    """binom.test (Clopper–Pearson) and prop.test(correct = FALSE) (Wilson)."""
    method, events, total = name.split("_")
    call = {"clopper": methods.clopper_pearson, "wilson": methods.wilson}[method]
    result = call(int(events), int(total))
    assert [result.lower, result.upper] == pytest.approx(R[name], rel=1e-8, abs=1e-12)


def same_estimate(
    result: methods.Estimate, expected: dict[str, float], keys: tuple[str, ...]
) -> None:
    for key in keys:
        assert getattr(result, key) == pytest.approx(expected[key], rel=1e-8), key


def test_welch() -> None:
    """t.test on `sleep`, and on `airquality` at the 90 % level."""
    keys = ("estimate", "lower", "upper", "statistic", "df", "p")
    groups = [[float(r["extra"]) for r in table("sleep") if r["group"] == g] for g in "12"]
    same_estimate(methods.welch(groups[0], groups[1]), R["welch_sleep"], keys)
    months = [[float(r["Temp"]) for r in table("airquality") if r["Month"] == m] for m in "58"]
    same_estimate(methods.welch(months[0], months[1], 0.9), R["welch_airquality"], keys)


def test_linear_model() -> None:
    """lm(I(Postwt - Prewt) ~ Treat + Prewt, anorexia) with Cont as reference; an alias changes nothing."""
    rows, expected = table("anorexia"), R["lm_anorexia"]
    before = [float(row["Prewt"]) for row in rows]
    gain = [float(row["Postwt"]) - start for row, start in zip(rows, before, strict=True)]
    columns = [
        [1.0, row["Treat"] == "CBT", row["Treat"] == "FT", start, row["Treat"] != "Cont"]
        for row, start in zip(rows, before, strict=True)
    ]
    names = [*expected["names"], "TreatAny"]
    fit = methods.linear_model(gain, columns, names)
    assert fit.aliased == ("TreatAny",)
    assert fit.residual_df == expected["df"]
    assert fit.residual_standard_error == pytest.approx(expected["sigma"], rel=1e-9)
    for index, name in enumerate(expected["names"]):
        result = fit.coefficient(name)
        ours = [result.estimate, result.lower, result.upper, result.statistic, result.p]
        theirs = [expected[key][index] for key in ("estimate", "lower", "upper", "t", "p")]
        assert ours == pytest.approx(theirs, rel=1e-8), name
    assert "tell" in fit.coefficient("TreatAny").reason


PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)


def test_wilcoxon_exact() -> None:
    """wilcox.test(x, y, conf.int = TRUE) without ties: exact p, Hodges–Lehmann shift and its limits."""
    keys = ("estimate", "lower", "upper", "statistic", "p")
    x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    same_estimate(methods.wilcoxon(x, [1.15, 0.88, 0.90, 0.74, 1.21]), R["wilcoxon_exact"], keys)
    roots, logs = np.sqrt(PRIMES), np.log(np.arange(1, 21) + 3)
    same_estimate(methods.wilcoxon(roots, logs), R["wilcoxon_exact_large"], keys)


def test_wilcoxon_with_ties() -> None:
    """wilcox.test with ties: W and the normal approximation with continuity correction."""
    months = [[float(r["Temp"]) for r in table("airquality") if r["Month"] == m] for m in "56"]
    sleep = [[float(r["extra"]) for r in table("sleep") if r["group"] == g] for g in "12"]
    for groups, name in ((months, "wilcoxon_ties_p"), (sleep, "wilcoxon_sleep_p")):
        result = methods.wilcoxon(groups[0], groups[1])
        assert [result.statistic, result.p] == pytest.approx(R[name], rel=1e-8)

"""Regressions, restricted means, pooling and multiplicity agree with R.

`r_models.R` makes the values and says, for each, the R call: R 4.2.2 with survival 3.5.3, MASS 7.3.58.2, ordinal
2022.11.16, mice 3.15.0 and cmprsk 2.2.11; the versions stand in `r_models.json`.
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
R: dict[str, Any] = json.loads((HERE / "r_models.json").read_text())["values"]


def rows(name: str, *needed: str) -> list[dict[str, str]]:
    with (HERE.parent / "data" / f"{name}.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    return [row for row in found if all(row[one] not in ("", "NA") for one in needed)]


def numbers(table: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in table]


def agree(found: methods.Regression, expected: dict[str, Any], skip: int = 0) -> None:
    """Coefficients, standard errors, p-values and the likelihood."""
    assert found.reason == ""
    theirs = expected["b"] if isinstance(expected["b"], list) else [expected["b"]]
    errors = expected["se"] if isinstance(expected["se"], list) else [expected["se"]]
    p_values = expected["p"] if isinstance(expected["p"], list) else [expected["p"]]
    np.testing.assert_allclose(found.coefficients, theirs, rtol=2e-6, atol=1e-8)
    np.testing.assert_allclose(found.standard_errors, errors, rtol=2e-5, atol=1e-8)
    for name, p in list(zip(found.names, p_values, strict=True))[skip:]:
        assert found.coefficient(name).p == pytest.approx(p, rel=2e-4, abs=1e-12)
    likelihood = expected["loglik"]
    fitted = likelihood[-1] if isinstance(likelihood, list) else likelihood
    assert found.log_likelihood == pytest.approx(fitted, rel=1e-8)


COX = {
    "gehan": ("gehan", "time", "cens", 1.0, ["treat"], None),
    "veteran": ("veteran", "time", "status", 1.0, ["trt", "karno", "age"], None),
    "lung_sex": ("lung", "time", "status", 2.0, ["sex"], None),
    "lung_sex_age": ("lung", "time", "status", 2.0, ["sex", "age"], None),
    "lung_sex_inst": ("lung", "time", "status", 2.0, ["sex"], "inst"),
    "veteran_cell": ("veteran", "time", "status", 1.0, ["trt", "karno"], "celltype"),
}


@pytest.mark.parametrize("name", [key for key in R if key.startswith("cox_")])
def test_proportional_hazards(name: str) -> None:
    """survival::coxph with the ties of the name (Efron where it names none)."""
    ties: Any = next((one for one in ("efron", "breslow", "exact") if name.endswith(one)), "efron")
    file, time, status, event, columns, strata = COX[name[4:].removesuffix(f"_{ties}")]
    data = rows(file, time, status, *columns, *([strata] if strata else []))
    values = [
        [float(row[one] == "control") for row in data] if one == "treat" else numbers(data, one)
        for one in columns
    ]
    found = methods.proportional_hazards(
        numbers(data, time),
        [float(row[status]) == event for row in data],
        values,
        columns,
        strata=[row[strata] for row in data] if strata else None,
        ties=ties,
    )
    expected = dict(R[name])
    if columns == ["treat"]:
        # R takes 6-MP against control, the other way round
        agree_with = {**expected, "b": abs(expected["b"])}
        assert float(found.coefficients[0]) == pytest.approx(agree_with["b"], rel=2e-6)
        expected["b"] = found.coefficients.tolist()
    agree(found, expected)


@pytest.mark.parametrize(
    ("name", "file", "column", "level", "status", "event", "horizon"),
    [
        ("aml_maintained", "aml", "x", "Maintained", "status", 1.0, 40),
        ("aml_nonmaintained", "aml", "x", "Nonmaintained", "status", 1.0, 40),
        ("lung_male", "lung", "sex", "1", "status", 2.0, 500),
        ("lung_female", "lung", "sex", "2", "status", 2.0, 500),
        ("gehan_6mp", "gehan", "treat", "6-MP", "cens", 1.0, 30),
    ],
)
def test_restricted_mean(name, file, column, level, status, event, horizon) -> None:
    """summary(survfit(…), rmean = horizon)."""
    data = [row for row in rows(file) if row[column] == level]
    found = methods.restricted_mean(
        numbers(data, "time"), [float(row[status]) == event for row in data], horizon
    )
    expected = R[f"rmst_{name}"]
    assert found.estimate == pytest.approx(expected["mean"], rel=1e-9)
    assert (found.upper - found.lower) / 2 / 1.959963984540054 == pytest.approx(
        expected["se"], rel=1e-9
    )


def test_restricted_mean_difference_joins_both_arms():
    data = rows("lung", "sex")
    times, events = numbers(data, "time"), [row["status"] == "2" for row in data]
    found = methods.restricted_mean_difference(
        times, events, [row["sex"] == "2" for row in data], 500
    )
    male, female = R["rmst_lung_male"], R["rmst_lung_female"]
    assert found.estimate == pytest.approx(female["mean"] - male["mean"], rel=1e-9)
    error = math.hypot(male["se"], female["se"])
    assert found.statistic == pytest.approx(found.estimate / error, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "columns"),
    [("birthwt", ["smoke", "age", "lwt"]), ("birthwt_race", ["smoke", "lwt", "ht", "ui"])],
)
def test_logistic_regression(name: str, columns: list[str]) -> None:
    """glm(low ~ …, binomial, MASS::birthwt)."""
    data = rows("birthwt")
    found = methods.logistic_regression(
        numbers(data, "low"), [numbers(data, one) for one in columns], columns
    )
    agree(found, R[f"logit_{name}"])


@pytest.mark.parametrize(
    ("name", "columns"), [("birthwt", ["age", "lwt"]), ("birthwt_ht", ["ht", "ui", "lwt"])]
)
def test_standardized_risks(name: str, columns: list[str]) -> None:
    """g-computation written out in R beside the value (`gcomp` in r_models.R)."""
    data = rows("birthwt")
    found = methods.standardized_risks(
        numbers(data, "low"),
        numbers(data, "smoke"),
        [numbers(data, one) for one in columns],
        columns,
    )
    expected = R[f"gcomp_{name}"]
    assert (found.treated, found.control) == pytest.approx(
        (expected["r1"], expected["r0"]), rel=1e-7
    )
    assert found.difference.estimate == pytest.approx(expected["rd"], rel=1e-6)
    assert found.difference.statistic == pytest.approx(expected["rd"] / expected["rd_se"], rel=1e-5)
    assert found.ratio.estimate == pytest.approx(math.exp(expected["log_rr"]), rel=1e-6)
    assert found.ratio.statistic == pytest.approx(
        expected["log_rr"] / expected["log_rr_se"], rel=1e-5
    )


@pytest.mark.parametrize(
    ("name", "columns"), [("wine", ["temp", "contact"]), ("wine_temp", ["temp"])]
)
def test_ordinal_regression(name: str, columns: list[str]) -> None:
    """ordinal::clm(rating ~ …, data = wine)."""
    data = rows("wine")
    level = {"cold": 0.0, "warm": 1.0, "no": 0.0, "yes": 1.0}
    found = methods.ordinal_regression(
        [int(row["rating"]) for row in data],
        [[level[row[one]] for row in data] for one in columns],
        columns,
    )
    agree(found, R[f"clm_{name}"])


@pytest.mark.parametrize(
    ("name", "estimates", "errors", "df"),
    [
        ("pool_five", [1.2, 0.9, 1.5, 1.1, 1.3], [0.4, 0.42, 0.39, 0.41, 0.4], 148),
        ("pool_three", [-3, -2.2, -2.9], [1.1, 1.2, 1.0], 20),
    ],
)
def test_pooled_imputations(name, estimates, errors, df) -> None:
    """mice::pool.scalar, Barnard and Rubin's degrees of freedom."""
    found, expected = methods.pool(estimates, errors, df), R[name]
    assert found.estimate == pytest.approx(expected["q"], rel=1e-12)
    assert found.statistic == pytest.approx(expected["q"] / math.sqrt(expected["t"]), rel=1e-12)
    assert found.df == pytest.approx(expected["df"], rel=1e-9)


def test_reference_based_means_are_those_of_rbmi():
    """rbmi 1.5.2, R/strategies.R: means (0.5, 2) and (0, 1), variances 1, covariance 0.5, 0.8 seen first."""
    cov = [[1, 0.5], [0.5, 1]]
    for strategy, mean in (("J2R", 1.15), ("CR", 1.4), ("LMCF", 0.65)):
        found = methods.reference_based([0.8, math.nan], [0.5, 2], cov, [0, 1], cov, strategy)
        assert found.mean[0] == pytest.approx(mean, abs=1e-12), strategy
        assert found.covariance[0, 0] == pytest.approx(0.75)


@pytest.mark.parametrize("name", ["holm_five", "holm_three"])
def test_holm(name: str) -> None:
    """p.adjust(…, "holm")."""
    p = {
        "holm_five": {"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005, "e": 0.2},
        "holm_three": {"a": 0.02, "b": 0.02, "c": 0.9},
    }[name]
    found = [one.adjusted for one in methods.holm(p)]
    np.testing.assert_allclose(found, R[name], rtol=1e-12)
    by_graph = methods.graphical(p, [1 / len(p)] * len(p), (1 - np.eye(len(p))) / (len(p) - 1))
    np.testing.assert_allclose([one.adjusted for one in by_graph], found, rtol=1e-12)


@pytest.mark.parametrize("name", [key for key in R if key.startswith("cif_")])
def test_cumulative_incidence(name: str) -> None:
    """cmprsk::timepoints(cuminc(time, event), at): estimate and variance of each cause."""
    expected, (_, data, which, cause) = R[name], name.split("_") if "mgus2" in name else (
        "cif", "ties", "few", name[-1],
    )  # fmt: skip
    table = rows("mgus2")
    if data == "ties":
        table = table[:60]
    times, causes = numbers(table, "time"), [int(row["event"]) for row in table]
    if which in ("F", "M"):
        chosen = [row["sex"] == which for row in table]
        times = [one for one, own in zip(times, chosen, strict=True) if own]
        causes = [one for one, own in zip(causes, chosen, strict=True) if own]
    if data == "ties":
        times = [math.ceil(one / 24) for one in times]
    found = methods.cumulative_incidence(times, causes, int(cause))
    for at, estimate, variance in zip(
        expected["at"], expected["est"], expected["var"], strict=True
    ):
        index = int(np.searchsorted(found.times, at, side="right")) - 1
        assert found.at(at) == pytest.approx(estimate, rel=1e-10, abs=1e-14)
        assert found.standard_error[index] ** 2 == pytest.approx(variance, rel=1e-9, abs=1e-18)


def test_all_causes_and_the_event_free_add_up_to_everybody() -> None:
    """The incidences of both causes and the Kaplan–Meier share without any make one, at every time."""
    table = rows("mgus2")
    times, causes = numbers(table, "time"), [int(row["event"]) for row in table]
    first, second = (methods.cumulative_incidence(times, causes, cause) for cause in (1, 2))
    without = methods.kaplan_meier(times, [cause > 0 for cause in causes])
    share = np.array([without.at(time) for time in first.times])
    np.testing.assert_allclose(first.incidence + second.incidence + share, 1, atol=1e-12)


def test_without_another_cause_it_is_one_less_kaplan_meier() -> None:
    """And its variance, without ties, S(t)² Σ 1/(n − 1)²: Greenwood's with n − 1 for n."""
    times, marks = [1, 2, 3, 4, 5, 6, 7, 8], [1, 0, 1, 1, 0, 1, 0, 1]
    found, curve = methods.cumulative_incidence(times, marks), methods.kaplan_meier(times, marks)
    share = np.array([1 - curve.at(time) for time in found.times])
    np.testing.assert_allclose(found.incidence, share, atol=1e-12)
    at_risk = np.array([8, 6, 5, 3])
    exact = (1 - share[:4]) * np.sqrt(np.cumsum(1 / (at_risk - 1) ** 2))
    np.testing.assert_allclose(found.standard_error[:4], exact, rtol=1e-12)


def test_edges_of_competing_risks() -> None:
    """Nobody; nobody with an event; everybody with the other cause."""
    assert methods.cumulative_incidence([], []).times.size == 0
    assert methods.cumulative_incidence([3, 4], [0, 0]).at(9) == 0
    none = methods.cumulative_incidence([3, 4], [2, 2])
    assert list(none.incidence) == [0, 0]
    assert np.isnan(none.lower).all()
    for times, causes in (([1, 2], [1]), ([1], [0.5]), ([1], [-1]), ([-1], [1])):
        with pytest.raises(ValueError, match=r"whole numbers|one for each|not negative"):
            methods.cumulative_incidence(times, causes)
    with pytest.raises(ValueError, match="from 1 on"):
        methods.cumulative_incidence([1], [1], 0)

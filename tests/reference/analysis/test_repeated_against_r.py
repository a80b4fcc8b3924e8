"""Repeated outcomes, mixed models and further score intervals agree with R, one number a case.

`r_repeated.R` makes the values and says, for each, the R call: R 4.2.2 with ordinal 2022.11.16, nlme 3.1.162, numDeriv
2016.8.1.1 and MASS 7.3.58.2; the versions stand in `r_repeated.json`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.analysis import methods
from support.r_numbers import Given, numbers, r_values

HERE = Path(__file__).parent
R = r_values("r_repeated.json")

AGRESTI_CREAM = (
    (11, 36, 10, 37), (16, 20, 22, 32), (14, 19, 7, 19), (2, 16, 1, 17),
    (6, 17, 0, 12), (1, 11, 0, 10), (1, 5, 1, 9), (4, 6, 6, 7),
)  # fmt: skip
THREE = ((12, 40, 20, 38), (5, 22, 9, 25), (8, 15, 10, 14))


def rows(name: str) -> list[dict[str, str]]:
    with (HERE.parent / "data" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


# -- what is computed here, under the names that R's values have -----------------------------------


def parts(found: methods.MixedOrdinal) -> Any:
    assert found.reason == ""
    return {
        "b": found.fixed.coefficients,
        "se": found.fixed.standard_errors,
        "loglik": found.fixed.log_likelihood,
        "sd": found.standard_deviation,
    }


def mixed(name: str, outcome: str, who: str, columns: Mapping[str, Mapping[str, float]]) -> Any:
    data = rows(name)
    found = methods.ordinal_mixed(
        [int(row[outcome]) for row in data],
        [[levels[row[column]] for row in data] for column, levels in columns.items()],
        list(columns),
        [row[who] for row in data],
    )
    return parts(found)


def settled() -> Any:
    data = rows("persistent_grades")
    found = methods.ordinal_mixed(
        [int(row["grade"]) for row in data],
        [[float(row[column]) for row in data] for column in ("treated", "visit")],
        ["treated", "visit"],
        [row["participant"] for row in data],
        nodes=None,
    )
    return parts(found)


def robust(name: str, outcome: str, who: str, columns: Mapping[str, Mapping[str, float]]) -> Any:
    data = rows(name)
    found = methods.ordinal_regression(
        [int(row[outcome]) for row in data],
        [[levels[row[column]] for row in data] for column, levels in columns.items()],
        list(columns),
        participants=[row[who] for row in data],
    )
    return {"b": found.coefficients, "se": found.standard_errors}


def by_visit(name: str) -> tuple[methods.RepeatedMeasures, list[int]]:
    data = rows(name)
    ids = sorted({int(row["id"]) for row in data})
    visits = sorted({int(row["visit"]) for row in data})
    outcomes = np.full((len(ids), len(visits)), np.nan)
    of: dict[str, dict[int, float]] = {"treatment": {}, "baseline": {}}
    for row in data:
        outcomes[ids.index(int(row["id"])), visits.index(int(row["visit"]))] = float(row["y"])
        for column in of:
            if column in row:
                of[column][int(row["id"])] = float(row[column])
    columns = {name: [values[one] for one in ids] for name, values in of.items() if values}
    return methods.repeated_measures(outcomes, list(columns.values()), list(columns)), visits


def mmrm(name: str) -> Any:
    found, visits = by_visit(name)
    effects = [found.effect("treatment", at) for at in range(len(visits))]
    lower = np.tril_indices(len(visits))
    return {
        "b": [one.estimate for one in effects],
        "se": [one.estimate / one.statistic for one in effects],
        "df": [one.df for one in effects],
        "deviance": found.deviance,
        # R's lower triangle runs down the columns
        "covariance": found.covariance.T[lower[1], lower[0]][np.lexsort((lower[0], lower[1]))],
    }


def at_age(age: int) -> Any:
    found, visits = by_visit("orthodont_whole")
    one = found.effect("treatment", visits.index(age))
    return {"b": one.estimate, "se": one.estimate / one.statistic, "df": one.df, "p": one.p}


def of(estimate: methods.Estimate) -> Any:
    return {
        "estimate": estimate.estimate,
        "lower": estimate.lower,
        "upper": estimate.upper,
        "statistic": estimate.statistic,
    }


WARM, YES = {"cold": 0.0, "warm": 1.0}, {"no": 0.0, "yes": 1.0}

COMPUTED: dict[str, Callable[[], Any]] = {
    "clmm_wine": lambda: mixed("wine", "rating", "judge", {"temp": WARM, "contact": YES}),
    "clmm_wine_temp": lambda: mixed("wine", "rating", "judge", {"temp": WARM}),
    "clmm_soup": lambda: mixed("soup", "sureness", "respondent", {"product": {"0": 0.0, "1": 1.0}}),
    "settled_persistent": settled,
    "robust_wine": lambda: robust("wine", "rating", "judge", {"temp": WARM, "contact": YES}),
    "robust_soup": lambda: robust(
        "soup", "sureness", "respondent", {"product": {"0": 0.0, "1": 1.0}}
    ),
    "mmrm_orthodont": lambda: mmrm("orthodont"),
    "mmrm_chicks": lambda: mmrm("chicks"),
    **{f"ancova_orthodont_{age}": (lambda age=age: at_age(age)) for age in (8, 10, 12, 14)},
    "odds_a": lambda: of(methods.miettinen_nurminen_odds_ratio(56, 70, 48, 80)),
    "odds_b": lambda: of(methods.miettinen_nurminen_odds_ratio(9, 10, 3, 10)),
    "odds_c": lambda: of(methods.miettinen_nurminen_odds_ratio(6, 7, 2, 7)),
    # R's statistic is the distance from the margin; ours is positive in favor of the treatment
    "fm_good": lambda: (
        methods.farrington_manning(80, 100, 82, 100, 0.1, events_are_good=True).statistic
    ),
    "fm_bad": lambda: -methods.farrington_manning(20, 100, 12, 90, 0.15).statistic,
    "fm_small": lambda: -methods.farrington_manning(7, 20, 9, 22, 0.2).statistic,
    "newcombe_agresti8": lambda: of(methods.stratified_newcombe_difference(AGRESTI_CREAM)),
    "newcombe_three": lambda: of(methods.stratified_newcombe_difference(THREE)),
}
computed = cache(lambda name: COMPUTED[name]())

RELATIVE = {
    "clmm-se": 1e-4,  # R's standard errors come from numerical derivatives
    "clmm": 2e-5,
    "settled": 1e-3,  # two ways to set 40 and 80 nodes; a tenth of a hundredth of a standard error
    "robust": 1e-6,
    "mmrm": 5e-5,  # R's derivatives are numerical ones
    "ancova": 1e-7,
    "fm": 1e-6,  # R maximizes the likelihood to the root of the machine's precision
}


@pytest.mark.parametrize("given", numbers("r_repeated.json"), ids=lambda given: given.id)
def test_number_of_r(given: Given) -> None:
    """Every number that R gave is computed here, none is left out."""
    found = computed(given.name)
    found = found[given.part] if given.part else found
    kind = given.name.split("_")[0]
    relative = RELATIVE.get(f"{kind}-{given.part}", RELATIVE.get(kind, 1e-8))
    assert float(np.ravel(found)[given.at]) == pytest.approx(given.value, rel=relative, abs=1e-9)


def test_laplaces_approximation_is_far_off_where_people_hardly_move() -> None:
    """Which is why an analysis takes as many nodes as it needs: the spread alone would be told a twelfth too small."""
    data = rows("persistent_grades")
    outcome = [int(row["grade"]) for row in data]
    columns = [[float(row["treated"]) for row in data], [float(row["visit"]) for row in data]]
    who = [row["participant"] for row in data]
    laplace = methods.ordinal_mixed(outcome, columns, ["treated", "visit"], who)
    assert laplace.standard_deviation < 0.92 * settled()["sd"]
    fine = methods.ordinal_mixed(outcome, columns, ["treated", "visit"], who, nodes=100)
    moved = np.abs(settled()["b"] - fine.fixed.coefficients) / fine.fixed.standard_errors
    assert moved.max() < 0.01


def test_nlme_itself_is_as_near_as_its_own_tolerance() -> None:
    """gls(corSymm, varIdent): the refined values that are compared above lie where nlme stops."""
    for name in ("mmrm_orthodont", "mmrm_chicks"):
        np.testing.assert_allclose(computed(name)["b"], R[name]["gls_b"], rtol=2e-6)

"""Competing risks by regression, interaction, areas, tipping points and pooled imputations agree with R, one number a case.

`r_further.R` makes the values and says, for each, the R call: R 4.2.2 with survival 3.5.3, cmprsk 2.2.11 and mice 3.15.0;
the versions stand in `r_further.json`.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equipoise.analysis import methods
from equipoise.analysis.methods.score import score_statistic
from support.r_numbers import Given, numbers

HERE = Path(__file__).parent


@cache
def rows(name: str) -> list[dict[str, str]]:
    with (HERE.parent / "data" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def column(name: str, of: str) -> list[float]:
    return [float(row[of]) for row in rows(name)]


def competing(cause: int, few: bool = False) -> Any:
    data = rows("mgus2")[:240] if few else rows("mgus2")
    times = [float(row["time"]) for row in data]
    happened = [int(row["event"]) for row in data]
    found = methods.fine_gray(
        [math.ceil(one / 24) for one in times] if few else times,
        [one if cause == 1 else (0, 2, 1)[one] for one in happened],
        [[float(row["sex"] == "M") for row in data]],
        ["male"],
    )
    return {
        "b": found.coefficients[0],
        "se": found.standard_errors[0],
        "loglik": found.log_likelihood,
    }


def asked(found: methods.Interaction) -> Any:
    return {
        "statistic": found.statistic,
        "df": found.df,
        "p": found.p,
        "residual_df": found.residual_df,
    }


def of_odds(levels: str) -> Any:
    return asked(
        methods.interaction_of_odds(
            column("birthwt", "low"), column("birthwt", "smoke"), column("birthwt", levels)
        )
    )


def of_hazards(levels: str) -> Any:
    return asked(
        methods.interaction_of_hazards(
            column("veteran", "time"),
            column("veteran", "status"),
            [one - 1 for one in column("veteran", "trt")],
            [row[levels] for row in rows("veteran")],
        )
    )


def of_means(*covariates: str) -> Any:
    return asked(
        methods.interaction_of_means(
            column("birthwt", "bwt"),
            column("birthwt", "smoke"),
            column("birthwt", "race"),
            [column("birthwt", one) for one in covariates],
        )
    )


def ozone() -> float:
    may = [row for row in rows("airquality") if row["Month"] == "5" and row["Ozone"] != "NA"]
    return methods.average_over_time(
        [float(row["Day"]) for row in may], [float(row["Ozone"]) for row in may]
    )


def completed() -> methods.Completed:
    """Four completed data sets of the chicks' last visit, made by the rule that the R script uses."""
    data = rows("chicks")
    people = {row["id"]: row for row in data}
    last = {row["id"]: float(row["y"]) for row in data if row["visit"] == "20"}
    ids = list(people)
    gone = np.array([one not in last for one in ids])
    values = np.empty((len(ids), 4))
    for m in range(1, 5):
        values[~gone, m - 1] = [last[one] for one in ids if one in last]
        places = np.arange(1, gone.sum() + 1)
        values[gone, m - 1] = 480 + 7 * places * (-1) ** m + 11 * m
    treated = np.array([people[one]["treatment"] == "1" for one in ids])
    baseline = [float(people[one]["baseline"]) for one in ids]
    design = np.column_stack([np.ones(len(ids)), treated.astype(float), baseline])
    return methods.Completed(values, gone, treated, design)


def pooled(shift: float) -> Any:
    found = completed().effect(shift=shift)
    return {
        "estimate": found.estimate,
        "se": found.estimate / found.statistic,
        "df": found.df,
    }


COMPUTED: dict[str, Callable[[], Any]] = {
    "fg_mgus2": lambda: competing(1),
    "fg_mgus2_death": lambda: competing(2),
    "fg_ties": lambda: competing(1, few=True),
    "interaction_odds_race": lambda: of_odds("race"),
    "interaction_odds_ht": lambda: of_odds("ht"),
    "interaction_hazards_cell": lambda: of_hazards("celltype"),
    "interaction_hazards_prior": lambda: of_hazards("prior"),
    "interaction_means_race": lambda: of_means(),
    "interaction_means_adjusted": lambda: of_means("lwt"),
    "area_pain": lambda: methods.average_over_time([0, 7, 14, 28, 35], [1, 2, 5, 6, 3]),
    "area_unordered": lambda: methods.average_over_time([12, 3, 40.5], [-2.5, 4, 1]),
    "area_ozone": ozone,
    # R's matrix runs down its columns: over x within each y
    "tipping_grid": lambda: np.transpose(methods.tipping_grid((25, 98, 38, 93), (3, 4))[3]),
    "pooled_0": lambda: pooled(0),
    "pooled_minus_40": lambda: pooled(-40),
}
computed = cache(lambda name: COMPUTED[name]())


@pytest.mark.parametrize("given", numbers("r_further.json"), ids=lambda given: given.id)
def test_number_of_r(given: Given) -> None:
    """Every number that R gave is computed here, none is left out."""
    found = computed(given.name)
    found = found[given.part] if given.part else found
    assert float(np.ravel(found)[given.at]) == pytest.approx(given.value, rel=1e-7, abs=1e-10)


def test_the_score_statistic_is_that_of_the_interval() -> None:
    """The test in a tipping grid and the Miettinen–Nurminen interval of the same counts cannot disagree."""
    for table in ((56, 70, 48, 80), (0, 10, 0, 20), (5, 56, 0, 29), (10, 10, 0, 20)):
        assert score_statistic(*table) == methods.miettinen_nurminen_difference(*table).statistic
    shown = methods.tipping_grid((30, 100, 60, 100), (200, 90))
    assert len(shown[0]) == len(shown[1]) == 21
    assert (shown[0][0], shown[0][-1], shown[1][-1]) == (0, 200, 90)


# -- imputation: what is random is held by what it must come to ------------------------------------


def chicks() -> tuple[np.ndarray, list[float], list[float]]:
    data = rows("chicks")
    ids = sorted({int(row["id"]) for row in data})
    visits = sorted({int(row["visit"]) for row in data})
    y = np.full((len(ids), len(visits)), np.nan)
    treated, baseline = [0.0] * len(ids), [0.0] * len(ids)
    for row in data:
        at = ids.index(int(row["id"]))
        y[at, visits.index(int(row["visit"]))] = float(row["y"])
        treated[at], baseline[at] = float(row["treatment"]), float(row["baseline"])
    return y, treated, baseline


def test_imputing_at_random_comes_to_the_mixed_model() -> None:
    """Both rest on the same assumption; 300 imputations leave a Monte Carlo error near 0.3."""
    y, treated, baseline = chicks()
    model = methods.repeated_measures(y, [treated, baseline], ["treated", "baseline"])
    one = model.effect("treated", -1)
    many = methods.impute(y, treated, [baseline], methods.Draws("chicks"), imputations=300).effect()
    assert many.estimate == pytest.approx(one.estimate, abs=0.15 * one.estimate / one.statistic)
    ours, theirs = many.estimate / many.statistic, one.estimate / one.statistic
    assert ours == pytest.approx(theirs, rel=0.1)


def test_a_stream_has_a_name_and_nothing_else() -> None:
    """The same names give the same imputations; another analysis others; a reference moves them towards control."""
    y, treated, baseline = chicks()

    def effect(*names: str, strategy: Any = "MAR") -> float:
        draws = methods.Draws(*names)
        found = methods.impute(y, treated, [baseline], draws, strategy=strategy, imputations=30)
        return found.effect().estimate

    assert effect("trial", "a") == effect("trial", "a")
    assert effect("trial", "a") != effect("trial", "b")
    assert effect("trial", "a", strategy="J2R") < effect("trial", "a")
    assert methods.Draws("trial", "a").uniforms(0, 3).tolist() == pytest.approx(
        [0.1829437, 0.1607714, 0.7196867], abs=1e-7
    )


def test_nothing_missing_leaves_nothing_to_impute() -> None:
    """Without missing visits every imputation is the data, and the pooled result the analysis of covariance."""
    y, treated, baseline = chicks()
    whole = ~np.isnan(y).any(axis=1)
    y, treated, baseline = (
        y[whole],
        np.array(treated)[whole].tolist(),
        np.array(baseline)[whole].tolist(),
    )
    found = methods.impute(y, treated, [baseline], methods.Draws("x"), imputations=3).effect()
    design = np.column_stack([np.ones(len(y)), treated, baseline])
    model = methods.linear_model(y[:, -1], design, ["1", "t", "b"]).coefficient("t")
    assert (found.estimate, found.statistic) == pytest.approx((model.estimate, model.statistic))


def test_the_conclusion_turns_at_the_first_shift_whose_interval_holds_no_effect() -> None:
    rows_, turns_at = methods.tipping_shifts(completed(), 10)
    assert rows_[0].shift == 0
    assert rows_[-1].shift == turns_at < 0
    for row in rows_[:-1]:
        assert not row.estimate.lower <= 0 <= row.estimate.upper
    assert rows_[-1].estimate.lower <= 0
    never = methods.tipping_shifts(completed(), 0.01, most=3)
    assert len(never[0]) == 4
    assert math.isnan(never[1])

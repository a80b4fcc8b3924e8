"""Adding up replicates: figures, their errors, the truth, and values set in a protocol."""

from __future__ import annotations

import math

import numpy as np
import pytest

from equipoise.rehearsal.bulk import SettingError, with_settings
from equipoise.rehearsal.bulk.operating import Compared, Figure, _Moments, batches, truth_of

ONE = Compared("primary", "primary", "new", "old")


def test_a_proportion_has_the_error_of_a_binomial_count() -> None:
    """30 of 120; none at all."""
    assert Figure.of_count(30, 120) == Figure(0.25, math.sqrt(0.25 * 0.75 / 120))
    assert Figure.of_count(0, 0) == Figure(None, None)


def test_moments_in_batches_are_those_of_all_values() -> None:
    """Mean and its error, whatever the batches; values that are not finite are left out."""
    values = np.random.default_rng(3).normal(5, 2, 1000)
    values[::50] = np.nan
    moments = _Moments()
    for part in np.split(values, [7, 20, 500]):
        moments.add(part)
    kept = values[np.isfinite(values)]
    figure = moments.figure()
    assert figure.value == pytest.approx(kept.mean(), rel=1e-12)
    assert figure.error == pytest.approx(kept.std(ddof=1) / math.sqrt(kept.size), rel=1e-12)


def test_the_true_difference_is_that_of_the_potential_outcomes() -> None:
    """Over strata of different size; a stratum nobody is in says nothing."""
    sums = {
        ("primary", ("a",)): (10, 4.0, 6.0),
        ("primary", ("b",)): (30, 3.0, 9.0),
        ("primary", ("c",)): (0, 0.0, 0.0),
        ("other", ("a",)): (10, 10.0, 0.0),
    }
    assert truth_of(ONE, "risk_difference", sums) == pytest.approx(-8 / 40)
    assert truth_of(ONE, "mean_difference", sums) == pytest.approx(-8 / 40)
    assert math.isnan(truth_of(ONE, "hazard_ratio", sums))
    assert math.isnan(truth_of(ONE, "risk_difference", {}))


def test_the_true_odds_ratio_is_that_of_the_strata() -> None:
    """The same odds ratio in two strata with other risks: a pooled table would give another."""
    sums = {
        ("primary", ("low",)): (1000, 1000 * 0.2, 1000 * 1 / 3),
        ("primary", ("high",)): (1000, 1000 * 0.6, 1000 * 0.75),
    }
    # odds 1/4 against 1/2, and 3/2 against 3
    assert truth_of(ONE, "odds_ratio", sums) == pytest.approx(0.5, abs=2e-3)


def test_batches_cover_every_replicate_once() -> None:
    """From any first replicate."""
    found = [replicate for part in batches(5, 100) for replicate in part]
    assert found == list(range(5, 105))


def test_a_value_is_set_by_path_and_nothing_else_changes() -> None:
    """Dicts by key, lists by id or place; the content given stays as it was."""
    content = {"design": {"looks": [{"id": "half", "fraction": 0.5}]}, "assumptions": {"x": {}}}
    changed = with_settings(
        content,
        [("design.looks.half.fraction", 0.6), ("assumptions.x.new", 1), ("design.looks.0.id", "h")],
    )
    assert changed == {
        "design": {"looks": [{"id": "h", "fraction": 0.6}]},
        "assumptions": {"x": {"new": 1}},
    }
    assert content["design"]["looks"][0] == {"id": "half", "fraction": 0.5}  # type: ignore[index]


@pytest.mark.parametrize(
    "path", ["nothing.more", "design.looks.late.fraction", "design.looks.half.fraction.more", "new"]
)
def test_a_path_that_leads_nowhere_is_named(path: str) -> None:
    """With what stands there."""
    content = {"design": {"looks": [{"id": "half", "fraction": 0.5}]}}
    with pytest.raises(SettingError, match=path.split(".")[0]):
        with_settings(content, [(path, 1)])

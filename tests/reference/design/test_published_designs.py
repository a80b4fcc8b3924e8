"""Sizes, boundaries and exact characteristics equal published and independently computed values.

Each row of `published_values.csv` states its source: R packages rpact 4.3.0 and gsDesign 3.10.1, base R 4.2.2, or
enumeration; its id says which number of which design.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from equipoise.design import (
    FinalInference,
    conditional_power,
    conditional_power_proportions,
    event_probability,
    exact_two_proportions,
    final_inference,
    hwang_shih_decani,
    inflation,
    non_inferiority_proportions,
    obrien_fleming,
    pocock,
    proportional_odds,
    repeated_difference,
    schoenfeld_events,
    spending_boundaries,
    two_proportions,
    two_survival_curves,
    wang_tsiatis_boundaries,
)
from equipoise.design.spending import Spending

with (Path(__file__).parent / "published_values.csv").open(newline="", encoding="utf-8") as _file:
    ROWS = list(csv.DictReader(_file))

CONTROL_HAZARD = math.log(2) / 10
DROPOUT = -math.log(1 - 0.05) / 12
"""Five percent lost within twelve months, exponentially."""
SURVIVAL = {"accrual": 12.0, "follow_up": 12.0, "dropout_hazard": DROPOUT}


def equally(looks: int) -> list[float]:
    return [k / looks for k in range(1, looks + 1)]


def spent(spending: Spending, row: str, prefix: str) -> float:
    """`ldobf_K3_2`: the second of three critical values."""
    match = re.fullmatch(rf"{prefix}_K(\d)_(\d)", row)
    assert match is not None
    return spending_boundaries(equally(int(match[1])), 0.025, spending).upper[int(match[2]) - 1]


def constant(row: str, shape: float) -> float:
    looks = int(row[-1])
    return wang_tsiatis_boundaries(equally(looks), 0.05, shape).upper[-1]


TWO_LOOKS = spending_boundaries([0.5, 1], 0.025, obrien_fleming)


def two_looks() -> tuple[float, ...]:
    return TWO_LOOKS.upper


def second_look() -> FinalInference:
    """62 of 100 against 41 of 100 at the end, on the scale of the difference (pooled standard error)."""
    error = math.sqrt(0.515 * 0.485 * 2 / 100)
    return final_inference(TWO_LOOKS, 2, 0.21 / error).scaled(error)


def computed(row: str) -> float:
    exact: dict[str, Callable[[], float]] = {
        "accr_evprob": lambda: (
            (
                event_probability(CONTROL_HAZARD, **SURVIVAL)
                + event_probability(0.65 * CONTROL_HAZARD, **SURVIVAL)
            )
            / 2
        ),
        "cp_pi_rpact": lambda: conditional_power_proportions(
            two_looks()[1], (30, 50), (20, 50), (50, 50)
        ),
        "final_ci_lo": lambda: second_look().lower,
        "mue": lambda: second_look().median_unbiased,
        "rci_1_lo": lambda: repeated_difference(TWO_LOOKS, 1, 30, 50, 20, 50).lower,
        "rci_2_lo": lambda: repeated_difference(TWO_LOOKS, 2, 62, 100, 41, 100).lower,
        "rci_2_hi": lambda: repeated_difference(TWO_LOOKS, 2, 62, 100, 41, 100).upper,
        "cp_trend": lambda: conditional_power(1.2, 0.5, 1.968596),
        "events_schoenfeld_0.5": lambda: schoenfeld_events(0.5, power=0.9),
        "events_schoenfeld_0.7": lambda: schoenfeld_events(0.7),
        "ldobf_uneq_2": lambda: spending_boundaries([0.3, 0.7, 1], 0.025, obrien_fleming).upper[1],
        "ldobf_uneq_3": lambda: spending_boundaries([0.3, 0.7, 1], 0.025, obrien_fleming).upper[2],
        "inflation_P_K5": lambda: inflation(wang_tsiatis_boundaries(equally(5), 0.05, 0.5), 0.9),
        "oc_gs2_alpha_40": lambda: (
            exact_two_proportions(0.4, 0.4, [(50, 50), (100, 100)], two_looks()).reject
        ),
        "ss_ni_fm": lambda: non_inferiority_proportions(0.8, 0.8, 0.1, power=0.9).total,
        "ss_prop_0.6_0.4": lambda: two_proportions(0.6, 0.4).control,
        "ss_prop_0.6_0.7": lambda: two_proportions(0.6, 0.7, alpha=0.01, power=0.95).control,
        "ss_prop_cc_0.25_0.4": lambda: two_proportions(
            0.25, 0.4, power=0.9, continuity=True
        ).whole_groups()[1],
        "ss_prop_cc_0.6_0.7": lambda: two_proportions(
            0.6, 0.7, alpha=0.01, power=0.95, continuity=True
        ).whole_groups()[1],
        "ss_prop_rpact_fixed": lambda: two_proportions(0.6, 0.4, alpha=0.025, sided=1).total,
        "ss_prop_rpact_gs2": lambda: (
            two_proportions(0.6, 0.4, alpha=0.025, sided=1).total
            * inflation(spending_boundaries([0.5, 1], 0.025, obrien_fleming), 0.8)
        ),
        "ss_surv_events": lambda: schoenfeld_events(0.65, alpha=0.025, sided=1),
        "ss_surv_n": lambda: (
            two_survival_curves(0.65, CONTROL_HAZARD, alpha=0.025, sided=1, **SURVIVAL).total
        ),
    }
    if row in exact:
        return exact[row]()
    families: dict[str, Callable[[str], float]] = {
        "ldobf": lambda name: spent(obrien_fleming, name, "ldobf"),
        "ldpocock": lambda name: spent(pocock, name, "ldpocock"),
        "hsd_m4": lambda name: spent(hwang_shih_decani(-4), name, "hsd_m4"),
        "obf_K": lambda name: constant(name, 0.0),
        "pocock_K": lambda name: constant(name, 0.5),
    }
    return next(make(row) for prefix, make in families.items() if row.startswith(prefix))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_the_design_gives_the_published_value(row):
    assert computed(row["id"]) == pytest.approx(
        float(row["expected"]), abs=float(row["tolerance"]) or 1e-12
    )


def test_the_level_of_the_pooled_z_test_with_one_look_is_not_held():
    """Exactly 0.0285 at p = 0.5, 100 a group, where 0.025 is nominal (enumeration)."""
    found = exact_two_proportions(0.5, 0.5, [(50, 50), (100, 100)], two_looks())
    assert found.reject == pytest.approx(0.0285, abs=5e-5)


def test_the_exact_power_of_the_seed_trial_size():
    """0.60 against 0.40, one look at half of 200 (enumeration: 0.826940)."""
    found = exact_two_proportions(0.6, 0.4, [(50, 50), (100, 100)], two_looks())
    assert found.reject == pytest.approx(0.826940, abs=5e-7)


def test_two_means_need_what_r_says():
    """R 4.2.2: power.t.test(delta = 9, sd = 11, power = 0.8)$n gives 24.44828."""
    from equipoise.design import two_means

    assert two_means(9, 11).control == pytest.approx(24.44828, abs=1e-4)


@pytest.mark.parametrize(
    ("share", "power", "total"),
    [(1.0, 0.8, 293.1342158), (0.5, 0.9, 441.4764895)],
)
def test_an_ordered_outcome_needs_what_r_says(share, power, total):
    """Hmisc 4.8.0: posamsize(c(.2,.3,.3,.2), 1.8, fraction, alpha = .05, power)$n, fraction 1/2 and 2/3."""
    found = proportional_odds([0.2, 0.3, 0.3, 0.2], 1.8, power=power, ratio=share)
    assert found.total == pytest.approx(total, abs=1e-6)

"""Standard trials: the same bits for any number of threads, defined answers, one line for nonsense."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.design import DesignError
from equipoise.rehearsal.bulk.standard import (
    CHUNK,
    simulate_two_proportions,
    simulate_two_survival_curves,
)
from support.played import SECOND_PROTOCOL
from support.story import SEED_PROTOCOL

CRITICAL = (2.96, 1.97)
SURVIVAL: dict[str, Any] = {"participants": 60, "accrual": 100, "horizon": 900}


@pytest.mark.parametrize("threads", [2, 7])
def test_figures_do_not_depend_on_threads(threads: int) -> None:
    """More chunks than are computed ahead, the last one short."""
    many = 9 * CHUNK + 17
    given: dict[str, Any] = {"replicates": many, "seed": 4, "block_sizes": (2, 4)}
    alone = simulate_two_proportions(0.5, 0.4, [30, 61], CRITICAL, **given)
    assert alone.replicates == many
    assert alone == simulate_two_proportions(0.5, 0.4, [30, 61], CRITICAL, threads=threads, **given)
    given["replicates"] = CHUNK + 17
    curves = simulate_two_survival_curves(300, 200, [20, 40], CRITICAL, **SURVIVAL, **given)
    assert curves == simulate_two_survival_curves(
        300, 200, [20, 40], CRITICAL, threads=threads, **SURVIVAL, **given
    )


def test_a_simulation_goes_on_where_another_ended() -> None:
    """The crossings of 0 to 999 and of 1,000 to 2,999 are those of 0 to 2,999."""
    parts = [
        simulate_two_proportions(0.6, 0.4, [50], [1.5], first=first, replicates=many)
        for first, many in ((0, 1000), (1000, 2000), (0, 3000))
    ]
    counts = [round((one.rejects.value or 0) * one.replicates) for one in parts]
    assert counts[0] + counts[1] == counts[2]
    assert parts[0] != simulate_two_proportions(0.6, 0.4, [50], [1.5], replicates=1000, seed=2)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_no_events_and_all_events_cross_nothing(rate: float) -> None:
    """The pooled z is 0, the difference 0."""
    found = simulate_two_proportions(rate, rate, [10, 20], CRITICAL, replicates=100)
    assert found.rejects.value == 0
    assert found.estimate.value == 0
    assert found.size.value == 20


def test_an_empty_arm_leaves_the_trial_without_an_estimate() -> None:
    """One participant: there is nobody to compare with."""
    found = simulate_two_proportions(0.5, 0.5, [1], [1.96], replicates=100)
    assert found.undefined == 100
    assert found.estimate.value is None
    assert found.rejects.value == 0


def test_a_survival_trial_without_events_ends_at_its_horizon() -> None:
    """Medians far beyond it: no test, no estimate."""
    found = simulate_two_survival_curves(1e12, 1e12, [5], [1.96], **SURVIVAL, replicates=50)
    assert found.undefined == 50
    assert found.days is not None
    assert found.days.value == 900
    assert found.events is not None
    assert found.events.value == 0
    assert found.rejects.value == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"p_treatment": 1.2}, "p_treatment"),
        ({"p_control": math.nan}, "p_control"),
        ({"attrition": 1.0}, "attrition"),
        ({"looks": [200, 100]}, "looks"),
        ({"looks": []}, "looks"),
        ({"upper": [1.96]}, "upper"),
        ({"lower": [3.0, 1.0]}, "lower"),
        ({"block_sizes": [3]}, "block_sizes"),
        ({"block_sizes": [40]}, "block_sizes"),
        ({"ratio": (0, 1)}, "ratio"),
        ({"replicates": 0}, "replicates"),
        ({"threads": 0}, "threads"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_makes_no_trial_of_proportions(given: dict[str, Any], said: str) -> None:
    """The argument is named, with what would do."""
    sound = {"p_treatment": 0.6, "p_control": 0.4, "looks": [100, 200], "upper": CRITICAL}
    with pytest.raises(DesignError, match=rf"^{said} = .*: give "):
        simulate_two_proportions(**{**sound, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"median_control": 0}, "median_control"),
        ({"accrual": -3}, "accrual"),
        ({"horizon": 50}, "horizon"),
        ({"participants": 1}, "participants"),
        ({"looks": [70]}, "looks"),
        ({"loss_a_year": 1.0}, "loss_a_year"),
    ],
)
def test_what_makes_no_survival_trial(given: dict[str, Any], said: str) -> None:
    """Among them negative accrual, and more events than participants."""
    sound = {
        "median_treatment": 300, "median_control": 200, "looks": [40], "upper": [1.96], **SURVIVAL,
    }  # fmt: skip
    with pytest.raises(DesignError, match=rf"^{said} = .*: give "):
        simulate_two_survival_curves(**{**sound, **given})


def test_the_command_simulates_the_trial_of_the_sample_size() -> None:
    """For people and for programs; a sample size without two rates is refused in one line."""
    asked = ["simulate", str(SEED_PROTOCOL), "--standard", "--replicates", "2000"]
    shown = CliRunner().invoke(main, asked)
    assert shown.exit_code == 0, shown.output
    assert "assumed: the sample size's own trial; 2000 replicates" in shown.stdout
    scan = ["--set", "design.sample_size.target=100", "--set", "design.sample_size.target=300"]
    answer = CliRunner().invoke(main, [*asked, "--format", "json", *scan])
    small, large = json.loads(answer.stdout)["standard"]
    assert small["assumed"]["rejects"]["value"] < large["assumed"]["rejects"]["value"]
    refused = CliRunner().invoke(main, ["simulate", str(SECOND_PROTOCOL), "--standard"])
    assert refused.exit_code == 2
    assert "design.sample_size" in refused.output
    refused = CliRunner().invoke(main, [*asked, "--each", "each.csv"])
    assert refused.exit_code == 2
    assert "--standard" in refused.output

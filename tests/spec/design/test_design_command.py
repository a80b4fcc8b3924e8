"""`equipoise design` repeats the calculation a protocol states, and warns where the target falls short."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from support.story import SEED_PROTOCOL

SECOND = SEED_PROTOCOL.parents[1] / "example-hypertension" / "protocol.yaml"
RUN = CliRunner()


def designed(protocol: Path) -> dict[str, Any]:
    told = RUN.invoke(main, ["design", str(protocol), "--format", "json"])
    assert told.exit_code == 0, told.output
    return json.loads(told.output)


def changed(tmp_path: Path, protocol: Path, old: str, new: str) -> Path:
    text = protocol.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    made = tmp_path / "protocol.yaml"
    made.write_text(text.replace(old, new, 1), encoding="utf-8")
    return made


def test_the_first_trial_needs_its_two_hundred():
    """46 % against 26 %, two-sided 0.05, power 0.8: 90 evaluable a group, 100 with 10 % lost."""
    found = designed(SEED_PROTOCOL)
    comparison = found["comparison"]
    assert (comparison["treatment"], comparison["control"]) == ("spray", "control")
    assert comparison["required"] == [90, 90]
    assert comparison["required_randomized"] == [100, 100]
    assert sum(comparison["required_randomized"]) == found["target"] == 200
    assert comparison["power"] >= 0.8
    assert [look["fraction"] for look in comparison["looks"]] == [0.5, 1.0]
    assert comparison["looks"][0]["critical"] == pytest.approx(2.962588, abs=1e-6)
    assert comparison["looks"][1]["spent"] == pytest.approx(0.025, abs=1e-9)


def test_the_second_trial_needs_what_its_rationale_says():
    """9 mmHg, standard deviation 11: 25 evaluable a group, at most the 30 a group it plans."""
    found = designed(SECOND)
    assert found["comparison"]["required"] == [25, 25]
    assert max(found["comparison"]["required_randomized"]) <= 30
    assert found["comparison"]["exact"] is None
    assert found["warnings"] == []


def test_a_level_that_the_normal_test_does_not_hold_is_warned_of():
    (warning,) = designed(SEED_PROTOCOL)["warnings"]
    assert "does not hold its level" in warning


def test_a_target_that_is_too_small_is_warned_of(tmp_path):
    small = changed(tmp_path, SEED_PROTOCOL, "target: 200", "target: 120")
    warnings = designed(small)["warnings"]
    assert any("the target of 120 gives" in warning for warning in warnings)


def test_what_the_protocol_does_not_say_is_named(tmp_path):
    silent = changed(tmp_path, SECOND, "    difference: -9\n", "")
    told = RUN.invoke(main, ["design", str(silent)])
    assert told.exit_code == 2
    assert "a rate in each group, or a difference with its standard deviation" in told.output


def test_people_read_sizes_power_and_looks():
    told = RUN.invoke(main, ["design", str(SEED_PROTOCOL)])
    assert told.exit_code == 0
    for words in ("spray against control", "power at the target", "critical z", "warning:"):
        assert words in told.output

"""`equipoise mistakes`: what staff get wrong is a measured difference between plays of the same replicate."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ET
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.home.mistakes import Mean, Outcome, compared, outcomes, rejected
from support.played import SEED, second_protocol, small_protocol

RUN = CliRunner()


@lru_cache(maxsize=1)
def played() -> tuple[Outcome, ...]:
    """Two replicates of the first trial with sixteen participants, by staff of each kind."""
    return tuple(outcomes(small_protocol(), range(2), SEED))


def by(staff: str) -> list[Outcome]:
    return [one for one in played() if one.staff == staff]


def test_without_mistakes_nothing_is_asked_missed_late_or_refused() -> None:
    for one in by("faultless"):
        assert one.counts["visits_missed"] == one.counts["visits_out_of_window"] == 0
        assert one.counts["strata_wrong"] == one.counts["commands_refused"] == 0


def test_careful_staff_miss_visits_and_make_no_mistake() -> None:
    assert sum(one.counts["visits_missed"] for one in by("careful")) > 0
    assert all(
        one.counts["strata_wrong"] == one.counts["commands_refused"] == 0 for one in by("careful")
    )


def test_mistakes_cost_queries_and_refusals() -> None:
    cost = compared(played(), "assumed", "careful")
    assert cost["queries"].value > 0
    assert cost["queries_automatic"].value > 0
    assert cost["commands_refused"].value > 0


def test_the_same_persons_are_randomized_whoever_is_on_duty() -> None:
    assert {one.randomized for one in played()} == {16}
    assert {tuple(one.estimates) for one in played()} == {tuple(played()[0].estimates)}


def made(replicate: int, staff: str, estimate: float, p: float, queries: int) -> Outcome:
    counts = dict.fromkeys(played()[0].counts, 0) | {"queries": queries}
    return Outcome(replicate, staff, 16, {"primary": (estimate, p)}, counts)


def test_differences_are_taken_replicate_by_replicate() -> None:
    """1, 2 and 4 queries more: mean 7/3, standard error √(7/3)/√3 = 0.8819; an estimate without a value is left out."""
    found = [
        made(0, "careful", 0.1, 0.01, 5), made(1, "careful", 0.2, 0.20, 0), made(2, "careful", 0.3, 0.04, 9),
        made(0, "assumed", 0.2, 0.06, 6), made(1, "assumed", 0.2, 0.30, 2), made(2, "assumed", math.nan, math.nan, 13),
    ]  # fmt: skip
    cost = compared(found, "assumed", "careful")
    assert cost["queries"].value == pytest.approx(7 / 3)
    assert cost["queries"].error == pytest.approx(0.881917, abs=1e-6)
    assert cost["primary"].value == pytest.approx(0.05)
    assert rejected(found, "careful", "primary", 0.05).value == pytest.approx(2 / 3)
    assert rejected(found, "assumed", "primary", 0.05).value == 0
    assert Mean.of([1.0]) == Mean(1.0, None)
    assert math.isnan(Mean.of([math.nan]).value)


def told(tmp_path: Path, *more: str) -> Any:
    file = tmp_path / "protocol.yaml"
    content = second_protocol().model_dump(mode="json", by_alias=True, exclude_defaults=True)
    file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return RUN.invoke(main, ["mistakes", str(file), "--replicates", "1", *more])


def test_the_command_tells_and_draws_it(tmp_path: Path) -> None:
    drawn = tmp_path / "mistakes.svg"
    done = told(tmp_path, "--format", "json", "--figure", str(drawn), "--lang", "zh-Hans")
    assert done.exit_code == 0, done.output
    record = json.loads(done.output)
    assert [one["staff"] for one in record["replicates"]] == ["faultless", "careful", "assumed"]
    assert set(record["differences"]) == {"careful less faultless", "assumed less faultless"}
    assert ET.parse(drawn).getroot().tag.endswith("svg")
    assert "NaN" not in drawn.read_text(encoding="utf-8")
    shown = told(tmp_path)
    assert "cost of mistakes" in shown.output

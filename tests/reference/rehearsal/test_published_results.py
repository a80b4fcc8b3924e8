"""The first trial's natural history gives back what other trials have published, within stated intervals."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.rehearsal.calibration import (
    Answer,
    Calibration,
    CalibrationError,
    Target,
    calibrate,
    read_calibration,
)
from support.story import SEED_PROTOCOL

FILE = SEED_PROTOCOL.parent / "calibration.yaml"
RUN = CliRunner()


@lru_cache(maxsize=1)
def answers() -> tuple[Answer, ...]:
    return tuple(calibrate(SEED_PROTOCOL, read_calibration(FILE)))


def answered(population: str, measure: str = "share") -> list[Answer]:
    return [
        one
        for one in answers()
        if (one.target.population, one.target.measure) == (population, measure)
    ]


def test_every_published_figure_is_given_back_or_the_file_says_why_not() -> None:
    astray = [(one.target.source, one.found) for one in answers() if not one.holds]
    assert astray == []
    assert sum(one.inside for one in answers()) == 23


def test_in_nasopharyngeal_carcinoma_chemotherapy_makes_a_fifth_to_nearly_a_half() -> None:
    severe = [one.found for one in answered("npc_chemoradiotherapy") if one.target.at_least == 3]
    (alone,) = (one.found for one in answered("npc_radiotherapy"))
    assert set(severe) == {severe[0]}
    assert severe[0] == pytest.approx(0.462, abs=0.03)
    assert alone == pytest.approx(0.195, abs=0.03)


def test_what_shortens_severe_mucositis_in_avasopasem_is_the_share_it_was_fitted_by() -> None:
    """18 days become 8 in the phase 3 trial; nobody told the model."""
    (placebo, *_), (active,) = (
        answered("oral", "median_days"),
        answered("avasopasem_phase_3", "median_days"),
    )
    assert placebo.found - active.found == pytest.approx(10, abs=4)


@pytest.mark.parametrize(
    ("share", "persons", "lower", "upper"),
    [
        (0.463, 80, 0.35028, 0.57758),  # R 4.2.2, stats: binom.test(37, 80)$conf.int
        (0.975, 80, 0.91259, 0.99696),  # binom.test(78, 80)
        (0.0, 50, 0.0, 0.07112),  # binom.test(0, 50)
        (1.0, 50, 0.92888, 1.0),  # binom.test(50, 50)
    ],
)
def test_a_published_share_has_its_exact_interval(
    share: float, persons: int, lower: float, upper: float
) -> None:
    target = Target(
        population="x", arm="a", item="i", at_least=1, published=share, persons=persons, source="s"
    )
    assert target.interval == pytest.approx((lower, upper), abs=5e-5)


def small(**changed: Any) -> dict[str, Any]:
    """A calibration of a hundred persons with one target."""
    return {
        "persons": 100,
        "populations": [{"id": "all", "label": "Everybody"}],
        "targets": [
            {
                "population": "all", "arm": "control", "item": "who_grade", "at_least": 3,
                "published": 0.4, "persons": 90, "source": "made up", **changed,
            }
        ],
    }  # fmt: skip


def told(tmp_path: Path, content: object, *more: str) -> Any:
    file = tmp_path / "calibration.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return RUN.invoke(main, ["calibrate", str(SEED_PROTOCOL), "--against", str(file), *more])


def test_a_figure_that_is_not_given_back_ends_with_exit_code_1(tmp_path: Path) -> None:
    done = told(tmp_path, small(published=0.99), "--format", "json")
    (record,) = json.loads(done.output)
    assert done.exit_code == 1
    assert (record["inside"], record["holds"]) == (False, False)
    known = told(tmp_path, small(published=0.99, outside="made up, too"))
    assert known.exit_code == 0, known.output
    assert "known: made up, too" in known.output


def test_a_reason_for_lying_outside_must_not_outlive_its_truth(tmp_path: Path) -> None:
    done = told(tmp_path, small(within=[0.0, 1.0], outside="it used to"))
    assert done.exit_code == 1
    assert "take the reason out" in done.output


def test_who_never_has_it_counts_as_latest_onset_and_as_no_days() -> None:
    given = small(at_least=4, measure="median_onset", published=40.0, within=[1, 400])
    calibration = Calibration.model_validate(given)
    (one,) = calibrate(SEED_PROTOCOL, calibration)
    assert math.isinf(one.found)
    days = small(at_least=4, measure="median_days", published=0.0, within=[0, 1])
    (other,) = calibrate(SEED_PROTOCOL, Calibration.model_validate(days))
    assert other.found == 0


def test_the_day_of_a_prevalence_is_counted_from_the_first_or_the_last_day() -> None:
    early = small(measure="share_on_day", day=0, at_least=1, published=0.0)
    late = small(measure="share_on_day", day=200, after=True, at_least=1, published=0.0)
    for given in (early, late):
        (one,) = calibrate(SEED_PROTOCOL, Calibration.model_validate(given))
        assert one.found == 0, "nobody's mouth is sore before, nor half a year after"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"population": "nobody"}, "'nobody' is none of all"),
        ({"persons": None}, "give the interval to fall in"),
        ({"published": 40}, "a published share lies between 0 and 1"),
        ({"measure": "share_on_day"}, "`day` belongs to the measure share_on_day"),
        ({"item": "humor"}, "'humor'"),
        ({"arm": "placebo"}, "'placebo'"),
        ({"measure": "mean"}, "targets.0.measure"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    done = told(tmp_path, small(**changed))
    assert done.exit_code not in (0, 1) or done.exception
    assert said in f"{done.exception}{done.output}"


def test_a_setting_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    content = small()
    content["populations"][0]["set"] = {"assumptions.weather.rain": 1}
    done = told(tmp_path, content)
    assert "assumptions.weather" in f"{done.exception}{done.output}"


def test_broken_files_are_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"populations: [\xff")
    with pytest.raises(CalibrationError, match="no YAML in UTF-8"):
        read_calibration(file)
    done = RUN.invoke(main, ["calibrate", str(SEED_PROTOCOL), "--against", str(tmp_path / "none")])
    assert "cannot be read" in f"{done.exception}{done.output}"

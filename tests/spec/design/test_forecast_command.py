"""`equipoise forecast` tells when a trial will be full: from its assumptions, and then from its ledger."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equipoise.cli import main
from equipoise.conduct import commands as c
from equipoise.home.home import ADMINISTRATOR
from equipoise.rehearsal import play
from equipoise.rehearsal.outlook import Outlook, follow_up_days, outlook, planned_sites
from equipoise.reporting.figures import forecast_figure
from equipoise.trial import Trial
from support.played import SECOND_PROTOCOL, second_protocol, stage
from support.story import SEED_PROTOCOL, expect, seed_protocol

RUN = CliRunner()
SPRING = date(2027, 3, 31)


def told(*arguments: str) -> dict[str, Any]:
    done = RUN.invoke(main, ["forecast", *arguments, "--format", "json"])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.output)
    return answer


def in_spring() -> Trial:
    """The first trial, rehearsed up to the end of March."""
    trial, arrays = stage(seed_protocol())
    play(trial, arrays, until=SPRING)
    return trial


@lru_cache(maxsize=1)
def seen() -> Trial:
    """The same for those who only look."""
    return in_spring()


def ahead(trial: Trial, **asked: Any) -> Outlook:
    return outlook(trial.protocol, trial.state, SPRING, **asked)


def test_before_the_trial_its_own_assumptions_answer():
    """Of those screened 12 % refuse; of those who fail, a fifth is screened again, and then fit."""
    found = told(str(SEED_PROTOCOL))
    assumed = seed_protocol().assumptions.accrual["sites"]
    given = seed_protocol().assumptions.participants["screening_failures"]
    failing = sum(float(one["probability"]) for one in given)
    for site in found["sites"]:
        came = float(assumed[site["site"]]["per_month"])
        assert site["per_month"] == pytest.approx(came * 0.88 * (1 - failing * 0.8))
    assert (found["as_of"], found["randomized"]) == (None, {})
    assert found["forecast"]["target"] == 200
    lower, median, upper = (
        found["forecast"]["reached"][part] for part in ("lower", "median", "upper")
    )
    assert "2027-01" < lower < median < upper < "2029"
    assert found["completion"] == "2028-02-29", "the registered completion"


def test_those_who_come_are_as_many_as_the_rehearsal_randomizes():
    """The mean forecast of the number by a day agrees with the rehearsal's own accrual within its spread."""
    trial = seen()
    done = sum(trial.state.site(site).randomized for site in ("01", "02", "03"))
    known = sum(
        site.per_month * site.exposure(site.opens, SPRING)
        for site in planned_sites(seed_protocol())
    )
    assert done == pytest.approx(known, rel=0.25)


def test_what_the_ledger_tells_narrows_the_forecast():
    before, now = outlook(seed_protocol()), ahead(seen())

    def width(found: Outlook) -> int:
        reached = found.forecast.reached
        assert reached.lower
        assert reached.upper
        return (reached.upper - reached.lower).days

    assert sum(now.randomized.values()) == sum(
        1 for _ in seen().ledger.events(types=["ParticipantRandomized"])
    )
    assert width(now) < width(before) / 2
    assert all(site.opens <= SPRING for site in now.sites)


def test_one_more_site_makes_the_trial_full_earlier_and_finishing_in_time_likelier():
    found = ahead(seen(), completion=date(2027, 12, 1), extra_per_month=6.0)
    assert found.extra is not None
    assert found.extra.reached.median is not None
    assert found.forecast.reached.median is not None
    assert found.extra.reached.median < found.forecast.reached.median
    assert found.extra.chance is not None
    assert found.forecast.chance is not None
    assert found.extra.chance > found.forecast.chance


def test_a_site_that_is_halted_or_closed_recruits_no_more():
    trial = in_spring()
    at = trial.clock_peek()
    halt = c.HaltRecruitment(site="01", ordered_by="sponsor", ordered_on=at.date(), reason="audit")
    expect(trial.do(halt, ADMINISTRATOR, at=at))
    expect(trial.do(c.CloseSite(site="02", reason="no candidates"), ADMINISTRATOR, at=at))
    found = ahead(trial)
    closes = {site.site: site.closes for site in found.sites}
    assert closes == {"01": SPRING, "02": SPRING, "03": None}
    later, sooner = found.forecast.reached.median, ahead(seen()).forecast.reached.median
    assert sooner is not None
    assert later is None or later > sooner


def test_a_site_that_is_late_is_taken_to_open_tomorrow():
    trial, _ = stage(seed_protocol())
    found = outlook(trial.protocol, trial.state, SPRING)
    assert {site.opens for site in found.sites} == {date(2027, 4, 1)}


def test_follow_up_is_as_long_as_the_schedule_asks():
    """The last visit of the second trial lies 112 days after the allocation, with a window of some days."""
    last = max(
        visit.day for visit in second_protocol().schedule.visits if visit.anchor == "randomization"
    )
    stays = follow_up_days(second_protocol())
    assert last <= stays <= last + 21


def test_the_figure_is_drawn_in_both_languages(tmp_path: Path):
    past = [date(2026, 12, 10), date(2027, 1, 5)]
    for language in ("en", "zh-Hans"):
        found = outlook(seed_protocol(), extra_per_month=5)
        drawn = forecast_figure(found.forecast, language, randomized_on=past, extra=found.extra)
        root = ET.fromstring(drawn)
        title = root.find("{http://www.w3.org/2000/svg}title")
        assert title is not None
        assert title.text
        assert "NaN" not in drawn
        assert "None" not in drawn
    file = tmp_path / "one.svg"
    told(str(SECOND_PROTOCOL), "--figure", str(file))
    assert ET.parse(file).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "one of the two"),
        ([str(SEED_PROTOCOL), "--by", "next year"], "--by next year: write a day"),
        ([str(SEED_PROTOCOL), "--opens", "2027-01-01"], "--one-more RATE"),
        ([str(SEED_PROTOCOL), "--one-more", "-2"], "per_month = -2.0"),
        ([str(SEED_PROTOCOL), "--one-more", "nan"], "a finite number"),
        ([str(SEED_PROTOCOL), "--confidence", "1"], "confidence = 1"),
        (["--home", "nowhere"], "nowhere"),
    ],
)
def test_nonsense_is_refused_in_one_line(arguments: list[str], said: str):
    done = RUN.invoke(main, ["forecast", *arguments])
    assert done.exit_code != 0
    assert said in str(done.exception or "") + done.output

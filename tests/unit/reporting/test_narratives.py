"""Narratives of serious events are drafts: every captured field in a sentence, and nothing that was not captured."""

from __future__ import annotations

import re
from functools import cache

import pytest

from equipoise.analysis import Results, analyze, analyze_cut
from equipoise.analysis.cut import cut, with_dummy_arms
from equipoise.analysis.cut.pooled import pooled
from equipoise.analysis.safety_results import SeriousEvent
from equipoise.conduct import events as e
from equipoise.reporting import study_tables
from equipoise.reporting.narratives import narrative
from support.played import small_trial

LANGUAGES = ("en", "zh-Hans")


@cache
def results() -> Results:
    return analyze(small_trial()[0])


def told(event: SeriousEvent, language: str) -> str:
    return " ".join(narrative(results(), event, language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_of_the_event_is_told(language: str) -> None:
    assert results().serious
    for event in results().serious:
        text = told(event, language)
        facts = event.facts
        assert facts is not None
        for day in (event.started_on, event.ended_on, facts.randomized_on):
            assert day is None or str(day) in text
        for words in (
            event.participant,
            event.scale,
            event.label.in_language(language),
            f"{facts.age:g}",
        ):
            assert words in text
        assert str(event.grade) in text
        for one in facts.alongside:
            assert one.label.in_language(language) in text


def test_doses_are_those_recorded_up_to_the_day_it_began() -> None:
    """Counted again from the diary."""
    seen = 0
    for event in results().serious:
        facts = event.facts
        assert facts is not None
        diary: dict[tuple[str, str], bool] = {}
        for envelope, what in small_trial()[0].events():
            if envelope.stream == f"participant/{event.participant}" and isinstance(
                what, e.DiaryDayRecorded
            ):
                diary |= {
                    (what.day, v.item): v.value == "true"
                    for v in what.values
                    if v.value is not None
                }
        before = [taken for (day, _), taken in diary.items() if day <= str(event.started_on)]
        assert sum(one.recorded for one in facts.doses) == len(before)
        assert sum(one.taken for one in facts.doses) == sum(before)
        if facts.doses:
            seen += 1
            assert f"{sum(before)} of {len(before)} recorded doses" in told(event, "en")
    assert seen


def test_the_day_is_counted_from_randomization() -> None:
    for event in results().serious:
        facts = event.facts
        assert facts is not None
        assert facts.randomized_on is not None
        number = (event.started_on - facts.randomized_on).days + 1
        assert f"day {number} counted from randomization as day 1" in told(event, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_of_narratives_says_that_they_are_drafts(language: str) -> None:
    (table,) = (one for one in study_tables(results(), language) if one.id == "narratives")
    assert len(table.rows) == len(results().serious)
    assert ("draft" if language == "en" else "草稿") in table.caption
    assert any(re.search("investigator|研究者", note) for note in table.notes)


@pytest.mark.parametrize("view", ["dummy arms", "everybody in one group"])
def test_where_arms_are_hidden_no_dose_and_no_judgement_gives_one_away(view: str) -> None:
    data = cut(small_trial()[0])
    shown = analyze_cut(with_dummy_arms(data) if view == "dummy arms" else pooled(data))
    assert shown.serious
    for event in shown.serious:
        assert (event.causality, event.action) == ({}, "")
        assert event.facts is not None
        assert (event.facts.doses, event.facts.products) == ((), {})
        for language in LANGUAGES:
            text = " ".join(narrative(shown, event, language))
            assert not re.search("doses|Relation|Action|用药|关系|措施", text)

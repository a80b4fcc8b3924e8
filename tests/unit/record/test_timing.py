"""A day is the same day however a text words it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from equipoise.protocol.record.timing import moments

Day = tuple[str, str, str, int | None]

STARTS_A_WEEK_EARLY = (
    "Begin 7 days prior to radiotherapy initiation",
    "The spray is started one week before the first fraction",
    "Seven days ahead of irradiation, dosing is begun",
    "Dosing runs from one week prior to the start of radiation therapy",
    "Having begun a week before RT begins",
    "Initiated 7 days pre-radiotherapy",
    "Commencing seven days in advance of the first day of chemoradiotherapy",
)
STARTS_ON_THE_FIRST_DAY = (
    "Initiation of the study drug on the first day of radiotherapy",
    "Commence on the first radiotherapy day",
    "The first dose is taken on day 1 of RT",
    "Start at the initiation of radiation",
    "Dosing begins when radiotherapy starts",
    "used throughout radiotherapy",
)
STOPS_TWO_WEEKS_LATE = (
    "continue until 14 days post-radiotherapy completion",
    "it is stopped a fortnight following the end of RT",
    "goes on until two weeks after the last fraction",
    "until 14 days after radiotherapy has ended",
    "continue until radiation is completed and for a further 14 days",
    "lasts from the first fraction of radiotherapy until two weeks after it",
)
STOPS_ON_THE_LAST_DAY = (
    "begun with radiotherapy and continuing through the completion of the treatment course",
    "treatment ends with the last fraction",
    "continue until the end of radiotherapy",
    "kept up to the final session of radiotherapy",
    "used during radiotherapy",
)


def days(text: str, role: str) -> set[Day]:
    return {
        (one.event, one.point, one.role, None if one.days is None else int(one.days))
        for one in moments(text)
        if one.role == role
    }


@pytest.mark.parametrize("text", STARTS_A_WEEK_EARLY)
def test_a_start_a_week_before(text: str) -> None:
    assert days(text, "start") == {("radiotherapy", "start", "start", -7)}


@pytest.mark.parametrize("text", STARTS_ON_THE_FIRST_DAY)
def test_a_start_on_the_first_day(text: str) -> None:
    assert days(text, "start") == {("radiotherapy", "start", "start", 0)}


@pytest.mark.parametrize("text", STOPS_TWO_WEEKS_LATE)
def test_a_stop_two_weeks_after(text: str) -> None:
    assert days(text, "stop") == {("radiotherapy", "end", "stop", 14)}


@pytest.mark.parametrize("text", STOPS_ON_THE_LAST_DAY)
def test_a_stop_on_the_last_day(text: str) -> None:
    assert days(text, "stop") == {("radiotherapy", "end", "stop", 0)}


@pytest.mark.parametrize("event", ["surgery", "chemotherapy", "randomization", "transplantation"])
def test_other_events_are_counted_from_alike(event: str) -> None:
    (one,) = moments(f"Start three days after {event}.")
    assert (one.event, one.point, one.role, one.days) == (event, "end", "start", Decimal(3))


def test_an_event_spoken_of_is_no_day() -> None:
    assert moments("Scheduled to receive radical radiotherapy with a dose of at least 60 Gy") == []


def test_before_without_a_number_is_an_open_day() -> None:
    (one,) = moments("Intact oral mucosa before initiation of radiotherapy")
    assert (one.role, one.side, one.days) == ("none", "before", None)

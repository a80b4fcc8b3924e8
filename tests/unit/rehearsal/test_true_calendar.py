"""The days on which virtual people come."""

from __future__ import annotations

from datetime import date

from equipoise.rehearsal.play.calendar import weekday, working_day
from support.played import small_trial


def test_weekends_are_not_working_days() -> None:
    """Saturday and Sunday go to Monday; other days stay."""
    friday = date(2026, 12, 4).toordinal()
    assert [weekday(friday + n) for n in range(4)] == [4, 5, 6, 0]
    assert [working_day(friday + n) - friday for n in range(4)] == [0, 3, 3, 3]


def test_nobody_works_on_a_weekend_or_at_night() -> None:
    """Every event of a rehearsal happens on a working day between eight and half past seven."""
    from datetime import datetime, timedelta

    trial, _, _ = small_trial()
    for event in trial.ledger.events(after=3):
        local = datetime.fromisoformat(event.server_time) + timedelta(hours=8)
        assert local.weekday() < 5, event
        assert 7 <= local.hour < 20, event


def test_time_only_goes_forward() -> None:
    """Events are in the order of their times."""
    trial, _, _ = small_trial()
    times = [event.server_time for event in trial.ledger.events()]
    assert times == sorted(times)

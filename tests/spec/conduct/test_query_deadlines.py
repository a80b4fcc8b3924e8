"""A query has a last day where the protocol says within how many days it is answered and judged."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from equipoise.conduct import commands as c
from equipoise.conduct.queries import query_due
from equipoise.conduct.state import Query, Stamp
from equipoise.conduct.values import Address
from equipoise.protocol.document import Protocol
from equipoise.protocol.document.plan import QueryDeadlines
from equipoise.trial import Trial
from support.played import second_protocol
from support.story import MONITOR, Person, expect, new_trial, seed_protocol

RULE = QueryDeadlines(answer_days=10, close_days=5)


def ruled(protocol: Protocol, rule: QueryDeadlines | None) -> Protocol:
    monitoring = protocol.monitoring.model_copy(update={"queries": rule})
    return protocol.model_copy(update={"monitoring": monitoring})


def stamp(at: datetime) -> Stamp:
    return Stamp(1, "monitor", "monitor", at.isoformat(timespec="microseconds"))


def asked(at: datetime, **changes: object) -> Query:
    query = Query(1, Address("screening", "laboratory"), "hemoglobin", "", "?", "open", stamp(at))
    return replace(query, **changes)  # type: ignore[arg-type]


NOON = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize("protocol", [seed_protocol(), second_protocol()], ids=["first", "second"])
def test_days_are_counted_on_the_sites_calendar(protocol: Protocol) -> None:
    """20:00 in London is the next day in China."""
    ruled_protocol = ruled(protocol, RULE)
    site = next(iter(protocol.site_by_id))
    assert query_due(ruled_protocol, site, asked(NOON)) == date(2026, 12, 11)
    evening = NOON.replace(hour=20)
    assert query_due(ruled_protocol, site, asked(evening)) == date(2026, 12, 12)


def test_asking_again_begins_anew_an_answer_waits_for_its_judge_and_a_closed_one_for_nobody() -> (
    None
):
    protocol = ruled(seed_protocol(), RULE)
    later = NOON + timedelta(days=3)
    answered = asked(NOON, status="answered", answered=stamp(later))
    assert query_due(protocol, "01", answered) == date(2026, 12, 9)
    again = replace(answered, status="open", again=(("still?", stamp(NOON + timedelta(days=4))),))
    assert query_due(protocol, "01", again) == date(2026, 12, 15)
    assert query_due(protocol, "01", replace(answered, status="closed")) is None
    only_answers = ruled(protocol, QueryDeadlines(answer_days=10))
    assert query_due(only_answers, "01", answered) is None


def test_without_a_rule_nothing_is_due() -> None:
    assert query_due(ruled(seed_protocol(), None), "01", asked(NOON)) is None


@pytest.fixture
def trial() -> Trial:
    return new_trial()


def test_the_tables_hold_the_last_day_and_follow_what_becomes_of_the_query(trial: Trial) -> None:
    person = Person(trial).enroll()
    rule = trial.protocol.monitoring.queries
    assert rule is not None
    assert rule.close_days is not None
    place = Address("screening", "laboratory")
    ask = c.RaiseQuery(participant=person.id, address=place, item="hemoglobin", text="Sure?")
    expect(person.do(ask, MONITOR))

    def row() -> tuple[str, str]:
        (found,) = trial.ledger.rows("query", where={"participant": person.id})
        tasks = trial.ledger.rows("task", where={"participant": person.id})
        closes = [str(one["closes"]) for one in tasks if one["kind"] == "query"]
        return str(found["due_on"]), closes[0] if closes else ""

    due = str(person.at.date() + timedelta(days=rule.answer_days))
    assert row() == (due, due)
    person.wait(2)
    expect(person.do(c.AnswerQuery(participant=person.id, query=1, text="Yes.")))
    assert row() == (str(person.at.date() + timedelta(days=rule.close_days)), "")
    expect(person.do(c.CloseQuery(participant=person.id, query=1), MONITOR))
    assert row() == ("", "")

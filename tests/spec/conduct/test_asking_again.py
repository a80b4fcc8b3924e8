"""A query is asked again when its answer does not settle it, or when it was closed too early."""

from __future__ import annotations

import pytest

from equipoise.conduct import commands as c
from equipoise.conduct.refusal import Refusal
from equipoise.conduct.state import fold_participants
from equipoise.conduct.values import Address
from support.story import MONITOR, Person, expect, new_trial


@pytest.fixture
def person() -> Person:
    person = Person(new_trial()).screen().consent().enter_screening()
    asked = c.RaiseQuery(
        participant=person.id,
        address=Address("screening", "laboratory"),
        item="hemoglobin",
        text="Sure?",
    )
    expect(person.do(asked, MONITOR))
    return person


def reopen(person: Person, text: str = "Which chart?", actor=MONITOR):
    return person.do(c.ReopenQuery(participant=person.id, query=1, text=text), actor)


def answer(person: Person) -> None:
    expect(person.do(c.AnswerQuery(participant=person.id, query=1, text="yes")))


def close(person: Person) -> None:
    expect(person.do(c.CloseQuery(participant=person.id, query=1), MONITOR))


def codes(outcome: object) -> tuple[str, ...]:
    assert isinstance(outcome, Refusal), f"was done: {outcome}"
    return outcome.codes


def test_an_answer_that_settles_nothing_is_asked_about_again(person):
    answer(person)
    expect(reopen(person))
    query = person.state.queries[1]
    assert query.status == "open"
    assert query.answer == "yes"
    assert [text for text, _stamp in query.again] == ["Which chart?"]
    tasks = person.trial.ledger.rows("task", where={"participant": person.id, "kind": "query"})
    assert [row["ref"] for row in tasks] == ["1"]
    [row] = person.trial.ledger.rows("query", where={"participant": person.id})
    assert row["status"] == "open"


def test_a_closed_query_is_opened_again_and_counts_as_open(person):
    close(person)
    assert person.state.open_queries == 0
    expect(reopen(person))
    assert person.state.open_queries == 1
    assert person.state.queries[1].closed is None
    answer(person)
    close(person)
    assert person.state.queries[1].status == "closed"


def test_an_open_query_is_not_opened_again_nor_one_without_words(person):
    assert codes(reopen(person)) == ("query-not-settled",)
    close(person)
    assert codes(reopen(person, text=" ")) == ("no-text",)
    assert codes(reopen(person, actor=person.coordinator)) == ("not-permitted",)


def test_asking_again_is_a_fold_of_the_ledger(person):
    close(person)
    expect(reopen(person))
    trial = person.trial
    folded = fold_participants(trial.documents, trial.events())[person.id]
    assert folded.queries == person.state.queries
